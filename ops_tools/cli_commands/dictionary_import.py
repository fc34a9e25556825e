"""``flightsw dictionary import``: look into the XTCE file of any mission, and decode packets by it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from ops_tools.cli_commands.output import ExitCode, complain, problem_text, table, value_text, write
from ops_tools.console.printable import printable
from tlm_cmd.errors import ProtocolError

if TYPE_CHECKING:
    from tlm_cmd.xtce.database import XtceDatabase

MAX_LISTED = 1000
"""Packets and commands that are listed; the rest is counted."""


def register_import(parser: ArgumentParser) -> None:
    """Add the options of ``dictionary import``."""
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--root", metavar="NAME", default="", help="container that packets begin with (default: told)")
    parser.add_argument("--allow-rest", action="store_true", help="packets may be longer than their entries")
    parser.add_argument(
        "--without", metavar="SET", action="append", default=[], help="element set to leave out, such as AlgorithmSet"
    )
    parser.add_argument("--packets", metavar="FILE", type=Path, help="space packets to decode, one behind the other")
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> int:
    """Load the file; list what is in it, or decode packets."""
    try:
        data = arguments.file.read_bytes()
        packets = arguments.packets.read_bytes() if arguments.packets else b""
        database = load(data, arguments)
    except OSError as error:
        return int(complain("dictionary import", f"{error.filename}: {problem_text(error)}"))
    except ProtocolError as error:
        return int(complain("dictionary import", f"{arguments.file}: {printable(str(error))}"))
    if arguments.packets:
        return int(_decode(database, packets))
    _list(database)
    return int(ExitCode.OK)


def load(data: bytes, arguments: Namespace | None = None) -> XtceDatabase:
    """The database of an XTCE file.

    Raises:
        ProtocolError: it cannot be loaded.
    """
    from tlm_cmd.xtce.database import XtceDatabase  # noqa: PLC0415 - only what is run is loaded
    from tlm_cmd.xtce.packet_decoder import Rest  # noqa: PLC0415 - the same

    if arguments is None:
        return XtceDatabase(data)
    rest = Rest.ALLOW if arguments.allow_rest else Rest.REFUSE
    return XtceDatabase(data, root=arguments.root, rest=rest, without=arguments.without)


def _list(database: XtceDatabase) -> None:
    packets, encoders = list(database.packets.values()), list(database.encoders.values())
    rows = [
        ("packet", "fields", "meaning"),
        *((each.name, str(len(each.fields)), each.container.description) for each in packets[:MAX_LISTED]),
        ("", "", ""),
        ("command", "arguments", "meaning"),
        *((each.command.path, str(len(each.arguments)), each.command.description) for each in encoders[:MAX_LISTED]),
    ]
    for line in table([tuple(map(_in_short, row)) for row in rows]):
        write(line)
    write("")
    left_out = ", ".join(f"{number} {tag}" for tag, number in database.left_out.items())
    write(
        f"{len(database.packets)} packets, {len(database.encoders)} commands; without effect here: {left_out or 'none'}"
    )


def _decode(database: XtceDatabase, data: bytes) -> ExitCode:
    """Write a line per packet; what cannot be decoded, and what is no packet, is said and passed over."""
    from tlm_cmd.packets.splitter import PacketSplitter  # noqa: PLC0415 - only what is run is loaded

    def is_believed(packet: bytes) -> bool:
        """Behind octets that were no packet anything could look like a header: it is one if its packet decodes."""
        if splitter.state.synchronised:
            return True
        try:
            database.decode(packet)
        except ProtocolError:
            return False
        return True

    splitter, failed = PacketSplitter(accepts=is_believed), 0
    for packet in splitter.feed(data) + splitter.finish():
        try:
            kind, message = database.decode(packet)
        except ProtocolError as error:
            failed += 1
            write(f"not decoded: {printable(str(error))}")
            continue
        values = zip(kind.fields, (getattr(message, name) for name in message.__struct_fields__), strict=True)
        named = ", ".join(f"{name} {value_text(value)}" for name, value in values)
        write(printable(f"{kind.name}: {named}"))
    counters = splitter.state.counters
    write(f"{counters.packets} packets, {failed} of them not decoded, {counters.skipped_octets} octets in no packet")
    failed += counters.skipped_octets
    return ExitCode.NOT_COMPLETED if failed else ExitCode.OK


def _in_short(text: str) -> str:
    return printable(" ".join(text.partition("\n")[0].split()))
