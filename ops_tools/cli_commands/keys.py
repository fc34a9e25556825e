"""``flightsw keys``: make and check the file with the keys of a protected link."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flightsw.errors import FlightSoftwareError
from ops_tools.cli_commands.actions import add_action
from ops_tools.cli_commands.output import ExitCode, table, write

if TYPE_CHECKING:
    from tlm_cmd.sdls.key_ring import KeyEntry, KeyRing

MASTER_KEY_ID = 1
"""Where the ids of master keys begin."""
MOST_MASTERS = 127
"""Session keys have the ids behind them."""
SESSION_KEY_ID = 128
"""Where the ids of session keys begin, spare ones behind those in use."""
MOST_SESSIONS = 64
MASTERS, SESSIONS, SPARES = 1, 3, 4
"""What the reference mission needs: session keys for telecommands and for the telemetry of each of its radios."""

EXAMPLES = """\
examples:
  flightsw keys create mission.keys
  flightsw keys check mission.keys

Both ends need a copy: take it to each by a way that nobody else reads, with mode 0600. The check values
tell whether two copies are the same, and tell nobody the keys.
"""
CREATE_EXAMPLES = """\
examples:
  flightsw keys create mission.keys
  flightsw keys create mission.keys --sessions 4 --spares 8
  flightsw keys create mission.keys --mission my_mission/mission.toml

Without --mission, session keys have 256 bits and ids from 128 on, spare ones behind them: as many as the mission
protects directions, 3 in the reference mission. With --mission they have the ids that its links name, and the length
that the algorithm of each needs. Spare ones are for the first changes of a key.

exit codes: 0 done; 2 there is such a file already or it cannot be written, the mission cannot be flown or protects no
link, or wrong usage
"""
CHECK_EXAMPLES = """\
examples:
  flightsw keys check mission.keys

exit codes: 0 it can be used; 2 it cannot: damaged, not there, or others may read it; or wrong usage
"""


class KeyPlanError(FlightSoftwareError):
    """Which keys are wanted is said twice, or none are needed."""


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``keys create`` and ``keys check``."""
    parser = commands.add_parser(
        "keys",
        help="make or check the file with the keys of the link",
        description="The keys that protect commands and telemetry are in one file, which only its owner may read.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="keys_command", metavar="ACTION", required=True)
    create = add_action(
        actions, "create", "make a file of fresh keys; one that is there is never overwritten", CREATE_EXAMPLES
    )
    create.add_argument("--masters", type=_number(1, MOST_MASTERS), metavar="N", help=f"master keys ({MASTERS})")
    create.add_argument("--sessions", type=_number(1, MOST_SESSIONS), metavar="N", help=f"session keys ({SESSIONS})")
    create.add_argument("--spares", type=_number(0, MOST_SESSIONS), metavar="N", help=f"spare ones ({SPARES})")
    create.add_argument(
        "--mission", type=Path, metavar="MISSION", help="mission file: make what its links need, instead of numbers"
    )
    check = add_action(actions, "check", "see that a file can be used, and which keys are in it", CHECK_EXAMPLES)
    for each in (create, check):
        each.add_argument("file", type=Path, metavar="FILE", help="key file")
        each.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Make the file, or read it, and say which keys are in it; never the keys."""
    from flightsw.services.key_file import create_key_file, read_key_file  # noqa: PLC0415 - only what is run is loaded

    if options.keys_command == "create":
        create_key_file(options.file, _fresh(options) if options.mission is None else _fresh_for_mission(options))
        write(f"wrote {options.file}")
    ring = read_key_file(options.file)
    if ring.simulation:
        write("FOR SIMULATIONS ONLY: these keys are derived from a seed")
    for line in table([("id", "kind", "state", "bits", "check value"), *map(_row, ring.entries)]):
        write(line)
    return ExitCode.OK


def _fresh(options: argparse.Namespace) -> KeyRing:
    """As many keys as are asked for."""
    from flightsw.services.fresh_keys import fresh_keys  # noqa: PLC0415 - only what is run is loaded

    masters = MASTERS if options.masters is None else options.masters
    spare_id = SESSION_KEY_ID + (SESSIONS if options.sessions is None else options.sessions)
    spares = SPARES if options.spares is None else options.spares
    return fresh_keys(
        range(MASTER_KEY_ID, MASTER_KEY_ID + masters),
        range(SESSION_KEY_ID, spare_id),
        range(spare_id, spare_id + spares),
    )


def _fresh_for_mission(options: argparse.Namespace) -> KeyRing:
    """The keys that the links of a mission need."""
    from flightsw.mission import Mission  # noqa: PLC0415 - only what is run is loaded
    from flightsw.mission_links import key_plan  # noqa: PLC0415 - the same
    from flightsw.services.fresh_keys import fresh_keys  # noqa: PLC0415 - the same

    if (options.masters, options.sessions, options.spares) != (None, None, None):
        raise KeyPlanError("--mission says which keys there are: neither --masters, --sessions nor --spares with it")
    plan = key_plan(Mission.load(options.mission).file.links)
    if not plan.sessions:
        raise KeyPlanError("no link of the mission is protected: it needs no keys")
    return fresh_keys(plan.masters, plan.sessions, plan.spares, plan.session_octets)


def _row(entry: KeyEntry) -> tuple[str, ...]:
    described = ("-", "-") if entry.secret is None else (str(8 * len(entry.secret)), entry.secret.check_value)
    return (str(entry.key_id), entry.kind.name.lower(), entry.state.name.lower(), *described)


def _number(lowest: int, highest: int) -> Any:  # noqa: ANN401 - what argparse takes for a type
    def number(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and lowest <= int(text) <= highest):
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {lowest} to {highest}")
        return int(text)

    return number
