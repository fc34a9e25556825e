"""``flightsw decode``: a file of telemetry packets to columns."""

from __future__ import annotations

import argparse
from argparse import Namespace, RawDescriptionHelpFormatter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flightsw.errors import FlightSoftwareError
from ops_tools.cli_commands.dictionary import default_mission
from ops_tools.cli_commands.output import ExitCode, note, table, time_text, write

if TYPE_CHECKING:
    from tlm_cmd.bulk.columns import PacketColumns
    from tlm_cmd.bulk.decoding import Decoded
    from tlm_cmd.definition.dictionary import Dictionary

SHORT = " (short)"
"""Behind the name of an event: those that came in the short form, without fields."""
MAX_LISTED = 20
"""Refused packets and skipped spans that are listed; all are counted."""

HELP = """\
FILE holds telemetry packets one behind the other, of any kinds in any order, as an archive or a recorder keeps them.
What is damaged is passed over and listed: one bad packet ends nothing. 'flightsw run --record FILE' makes such a file.
"""
EXAMPLES = """\
examples:
  flightsw decode packets.bin
  flightsw decode packets.bin --packet POWER.POWER_STATUS -o power.npz
  flightsw decode packets.bin -o tables/                 one .csv file per packet

In Python: numpy.load("power.npz")["POWER.POWER_STATUS/state_of_charge"]

exit codes: 0 every octet belongs to a packet; 1 something was refused or skipped, or nothing was found; 2 wrong usage
"""


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``decode`` to the command line."""
    parser = commands.add_parser(
        "decode",
        help="decode a file of telemetry packets to columns",
        description=HELP,
        epilog=EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="telemetry packets")
    parser.add_argument(
        "--packet", metavar="NAME", action="append", default=[], help="only these, packets or events; may be repeated"
    )
    parser.add_argument("-o", "--output", metavar="PLACE", help="an .npz file, or a folder for .csv files, ending in /")
    parser.add_argument("--raw", action="store_true", help="write raw values instead of calibrated ones")
    parser.add_argument("--no-crc", action="store_true", help="skip the packet error control; several times faster")
    parser.add_argument("--mission", metavar="FILE", type=Path, help="mission file (default: the reference mission)")
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> int:
    """Decode the file, say what was in it, and write the columns."""
    from flightsw.mission import Mission  # noqa: PLC0415 - only what is run is loaded
    from ops_tools.cli_commands.packet_headers import require_cfs_headers  # noqa: PLC0415
    from tlm_cmd.bulk.decoding import decode_packets  # noqa: PLC0415

    mission = Mission.load(arguments.mission or default_mission())
    require_cfs_headers(mission, "columns are made")
    dictionary = mission.dictionary
    wanted = [_listed_name(dictionary, name) for name in arguments.packet]
    try:
        buffer = arguments.file.read_bytes()
    except OSError as error:
        raise FlightSoftwareError(f"{arguments.file}: {error.strerror}") from error
    decoded = decode_packets(dictionary, buffer, check_crc=not arguments.no_crc)
    chosen = {name: decoded.packets[name] for name in wanted or sorted(decoded.packets) if name in decoded.packets}
    if chosen:
        for line in table([("packet", "count", "first", "last"), *(_row(columns) for columns in chosen.values())]):
            write(line)
    else:
        note(_nothing(arguments.file, buffer, wanted))
    if arguments.output is not None:
        _write_columns(arguments, chosen)
    report = _report(decoded, len(buffer))
    return report if chosen else ExitCode.NOT_COMPLETED


def _listed_name(dictionary: Dictionary, name: str) -> str:
    """A packet or an event as the list names it; events have a short form too, ``NAME (short)``.

    Raises:
        DictionaryError: neither is called so.
    """
    event = name[: -len(SHORT)] if name.lower().endswith(SHORT) else name
    if event.upper() in dictionary.events:
        return event.upper() + name[len(event) :].lower()
    return dictionary.packet(name).name


def _nothing(file: Path, buffer: bytes, wanted: list[str]) -> str:
    """Why there is no column."""
    if not buffer:
        return f"{file} is empty"
    named = f"called {' or '.join(wanted)}" if wanted else "of this mission"
    return f"{file} holds no packet {named}"


def _row(columns: PacketColumns) -> tuple[str, ...]:
    times = columns.time_ns
    ends = (time_text(int(times.min())), time_text(int(times.max()))) if len(columns) else ("-", "-")
    return (columns.name, str(len(columns)), *ends)


def _write_columns(arguments: Namespace, chosen: dict[str, PacketColumns]) -> None:
    from tlm_cmd.bulk.files import write_archive, write_tables  # noqa: PLC0415 - only what is run is loaded

    place = Path(arguments.output)
    try:
        if arguments.output.endswith("/") or place.is_dir():
            files: list[Any] = write_tables(place, chosen, raw=arguments.raw)
            note(f"wrote {len(files)} tables into {place}")
        elif place.suffix == ".npz":
            write_archive(place, chosen, raw=arguments.raw)
            note(f"wrote {place}")
        else:
            raise FlightSoftwareError(f"{place}: give an .npz file, or a folder ending in / for .csv files")
    except OSError as error:
        raise FlightSoftwareError(f"{place}: {error.strerror}") from error


def _report(decoded: Decoded, octets: int) -> ExitCode:
    """Say what was no row, of so many octets, and what was checked."""
    index = decoded.index
    refused = sum(decoded.refused.values())
    note(
        f"{index.packets} packets in {index.packet_octets} of {octets} octets; {refused} of them refused, "
        f"{index.skipped_octets} octets skipped, {index.idle_packets} idle packets; "
        f"checked: {', '.join(check.value.replace('_', ' ') for check in decoded.checks)}"
    )
    lines = [f"octet {each.position}: {each.octets} octets refused: {each.detail}" for each in decoded.refusals]
    lines += [
        f"octet {span.offset}: {span.octets} octets skipped: {span.reason.value.replace('_', ' ')}"
        for span in index.spans
    ]
    for line in lines[:MAX_LISTED]:
        note(line)
    if len(lines) > MAX_LISTED:
        note(f"... and {len(lines) - MAX_LISTED} more")
    return ExitCode.OK if not refused and not index.skipped_octets else ExitCode.NOT_COMPLETED
