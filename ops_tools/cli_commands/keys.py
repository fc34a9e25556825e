"""``flightsw keys``: make and check the file with the keys of a protected link."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops_tools.cli_commands.output import ExitCode, table, write

if TYPE_CHECKING:
    from tlm_cmd.sdls.key_ring import KeyEntry, KeyRing

MASTER_KEY_ID = 1
"""Where the ids of master keys begin."""
SESSION_KEY_ID = 128
"""Where the ids of session keys begin, spare ones behind those in use."""
MOST_MASTERS = SESSION_KEY_ID - MASTER_KEY_ID
MOST_SESSIONS = 64

EXAMPLES = """\
examples:
  flightsw keys create mission.keys
  flightsw keys create mission.keys --sessions 4 --spares 8
  flightsw keys check mission.keys

Both ends need a copy: take it to each by a way that nobody else reads, with mode 0600. The check values
tell whether two copies are the same, and tell nobody the keys.
"""


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
    create = actions.add_parser("create", help="make a file of fresh keys; one that is there is never overwritten")
    create.add_argument("--masters", type=_number(1, MOST_MASTERS), default=1, metavar="N", help="master keys (1)")
    create.add_argument("--sessions", type=_number(1, MOST_SESSIONS), default=2, metavar="N", help="session keys (2)")
    create.add_argument("--spares", type=_number(0, MOST_SESSIONS), default=4, metavar="N", help="spare ones (4)")
    check = actions.add_parser("check", help="see that a file can be used, and which keys are in it")
    for each in (create, check):
        each.add_argument("file", type=Path, metavar="FILE", help="key file")
        each.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Make the file, or read it, and say which keys are in it; never the keys."""
    from flightsw.services.key_file import create_key_file, read_key_file  # noqa: PLC0415 - only what is run is loaded

    if options.keys_command == "create":
        create_key_file(options.file, _fresh(options.masters, options.sessions, options.spares))
        write(f"wrote {options.file}")
    ring = read_key_file(options.file)
    if ring.simulation:
        write("FOR SIMULATIONS ONLY: these keys are derived from a seed")
    for line in table([("id", "kind", "state", "bits", "check value"), *map(_row, ring.entries)]):
        write(line)
    return ExitCode.OK


def _fresh(masters: int, sessions: int, spares: int) -> KeyRing:
    from flightsw.services.fresh_keys import fresh_keys  # noqa: PLC0415 - only what is run is loaded

    spare_id = SESSION_KEY_ID + sessions
    return fresh_keys(
        range(MASTER_KEY_ID, MASTER_KEY_ID + masters),
        range(SESSION_KEY_ID, spare_id),
        range(spare_id, spare_id + spares),
    )


def _row(entry: KeyEntry) -> tuple[str, ...]:
    described = ("-", "-") if entry.secret is None else (str(8 * len(entry.secret)), entry.secret.check_value)
    return (str(entry.key_id), entry.kind.name.lower(), entry.state.name.lower(), *described)


def _number(lowest: int, highest: int) -> Any:  # noqa: ANN401 - what argparse takes for a type
    def number(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and lowest <= int(text) <= highest):
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {lowest} to {highest}")
        return int(text)

    return number
