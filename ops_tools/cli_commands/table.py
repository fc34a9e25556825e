"""``flightsw table``: build, show and check tables by the rules that hold on board."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flightsw.errors import FlightSoftwareError
from ops_tools.cli_commands.actions import Subparsers, add_action, epilog
from ops_tools.cli_commands.output import ExitCode, complain, problem_text, write
from ops_tools.reference_mission import reference_mission

if TYPE_CHECKING:
    from flightsw.mission import Mission
    from flightsw.services.tables.content import TableRules
    from flightsw.services.tables.image_file import TableImage
    from ops_tools.tables.sources import CheckedTable

BUILD_EXAMPLES = """\
  flightsw table build thermal.setpoints setpoints.toml -o setpoints.tbl
  flightsw table build thermal.setpoints setpoints.toml --commands
  flightsw table build thermal.setpoints setpoints.toml -o patch.tbl --part 9:4
"""
SHOW_EXAMPLES = """\
  flightsw table show setpoints.tbl
"""
CHECK_EXAMPLES = """\
  flightsw table check
  flightsw table check setpoints.tbl tables/thermal/setpoints.toml
"""
EXIT_CODES = """\
exit codes: 0 all is well; 1 a table is not allowed; 2 there is no such file or table, or wrong usage
"""


def register(subparsers: Subparsers) -> None:
    """Add ``table build``, ``table show`` and ``table check``."""
    parser: ArgumentParser = subparsers.add_parser(
        "table",
        help="build, show or check tables of apps",
        description="A table is written as TOML, built into a binary image, and loaded as that. What is built has "
        "passed the same checks as on board: types, ranges, and the app's own rule.",
        epilog=epilog(BUILD_EXAMPLES + SHOW_EXAMPLES + CHECK_EXAMPLES, EXIT_CODES),
        formatter_class=RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="table_command", metavar="ACTION", required=True)
    build = add_action(
        actions,
        "build",
        "make the binary image of a TOML source, and say how to load it",
        epilog(BUILD_EXAMPLES, EXIT_CODES),
    )
    build.add_argument("table", metavar="APP.TABLE", type=_table, help="for example thermal.setpoints")
    build.add_argument("source", metavar="SOURCE", type=Path, nargs="?", help="TOML file (default: the mission's own)")
    build.add_argument("-o", "--output", metavar="FILE", type=Path, help="write the image there")
    build.add_argument(
        "--part", metavar="OFFSET:LENGTH", type=_part, help="only these octets, to be laid over the rest"
    )
    build.add_argument("--commands", action="store_true", help="print the commands that load it without a file")
    show = add_action(actions, "show", "print an image or a source as text", epilog(SHOW_EXAMPLES, EXIT_CODES))
    show.add_argument("file", metavar="FILE", type=Path)
    check = add_action(
        actions, "check", "check images and sources, or all of a mission", epilog(CHECK_EXAMPLES, EXIT_CODES)
    )
    check.add_argument("files", metavar="FILE", type=Path, nargs="*", help="default: every table of the mission")
    for each in (show, check):
        each.add_argument("--table", metavar="APP.TABLE", type=_table, help="what a TOML file is for, if unclear")
    for each in (build, show, check):
        each.add_argument("--mission", metavar="FILE", type=Path, help="mission file (default: the reference mission)")
        each.set_defaults(run=run)


def run(arguments: Namespace) -> int:
    """Run one of the commands and return its exit code."""
    from flightsw.mission import Mission  # noqa: PLC0415 - only what is run is loaded
    from flightsw.mission_file import MISSION_FILE  # noqa: PLC0415

    command = {"build": _build, "show": _show, "check": _check}[arguments.table_command]
    mission = Mission.load(arguments.mission or reference_mission() / MISSION_FILE)
    return int(command(mission, arguments))


def _build(mission: Mission, arguments: Namespace) -> ExitCode:
    from flightsw.services.tables.image_file import TableImage  # noqa: PLC0415 - only what is run is loaded
    from ops_tools.tables.sources import check_source, mission_source, rules_of  # noqa: PLC0415

    rules = rules_of(mission, *arguments.table)
    source = arguments.source or mission_source(mission, *arguments.table)
    try:
        table = check_source(rules, source)
        image = TableImage.of(rules, table.image, *(arguments.part or ()))
    except FlightSoftwareError as error:
        return _refused(arguments, error)
    write(table.describe())
    if arguments.output is not None:
        try:
            arguments.output.write_bytes(image.pack())
        except OSError as error:
            return complain("table build", f"{arguments.output} cannot be written: {problem_text(error)}")
        write(f"wrote {arguments.output}; put it into the table memory of {rules.app}, then")
        for line in _file_commands(rules, arguments.output.name):
            write(line)
    if arguments.commands:
        for line in _load_commands(table, image):
            write(line)
    return ExitCode.OK


def _file_commands(rules: TableRules[Any], file: str) -> Iterator[str]:
    app = rules.app.upper()
    yield f"flightsw cmd {app}.LOAD_TABLE_FILE table={rules.name} file={file}"
    yield f"flightsw cmd {app}.VALIDATE_TABLE table={rules.name}"
    yield f"flightsw cmd {app}.ACTIVATE_TABLE table={rules.name}"


def _load_commands(table: CheckedTable, image: TableImage) -> Iterator[str]:
    from flightsw.messages.tables import MAX_TABLE_CHUNK  # noqa: PLC0415 - only what is run is loaded

    app, name = table.rules.app.upper(), table.rules.name
    for begin in range(0, len(image.part), MAX_TABLE_CHUNK):
        data = image.part[begin : begin + MAX_TABLE_CHUNK].hex()
        yield f"flightsw cmd {app}.LOAD_TABLE table={name} offset={image.offset + begin} data={data}"
    yield f"flightsw cmd {app}.VALIDATE_TABLE table={name} length={image.octets} checksum={image.checksum:#010x}"
    yield f"flightsw cmd {app}.ACTIVATE_TABLE table={name}"


def _show(mission: Mission, arguments: Namespace) -> ExitCode:
    from flightsw.services.tables.image_file import TableImage  # noqa: PLC0415 - only what is run is loaded
    from ops_tools.tables.sources import TEXT_SUFFIX, read_octets  # noqa: PLC0415
    from ops_tools.tables.toml_text import as_toml  # noqa: PLC0415

    try:
        if arguments.file.suffix != TEXT_SUFFIX:
            image = TableImage.unpack(read_octets(arguments.file), f"table file {arguments.file}")
            if not image.is_whole:
                write(
                    f"# {image.app}.{image.table}: part of {len(image.part)} octets at {image.offset} of {image.octets}"
                )
                write(f"# whole image CRC-32 {image.checksum:#010x}, layout {image.layout.hex()}")
                write(image.part.hex())
                return ExitCode.OK
        table = _checked(mission, arguments.file, arguments.table)
    except FlightSoftwareError as error:
        return _refused(arguments, error)
    write(f"# {table.describe()}")
    write(as_toml(table.content).rstrip("\n"))
    return ExitCode.OK


def _check(mission: Mission, arguments: Namespace) -> ExitCode:
    from ops_tools.tables.sources import all_tables, check_source, mission_source, rules_of  # noqa: PLC0415

    result = ExitCode.OK
    own = [] if arguments.files else list(all_tables(mission))
    for app, name in own:
        try:
            table = check_source(rules_of(mission, app, name), mission_source(mission, app, name))
            write(table.describe())
        except FlightSoftwareError as error:
            result = max(result, _refused(arguments, error))
    for file in arguments.files:
        try:
            write(_checked(mission, file, arguments.table).describe())
        except FlightSoftwareError as error:
            result = max(result, _refused(arguments, error))
    return result


def _checked(mission: Mission, file: Path, named: tuple[str, str] | None) -> CheckedTable:
    """A file as a table that would be taken on board."""
    from flightsw.services.tables.image_file import TableImage  # noqa: PLC0415 - only what is run is loaded
    from ops_tools.tables.sources import (  # noqa: PLC0415
        TEXT_SUFFIX,
        check_image,
        check_source,
        read_octets,
        rules_of,
        table_of_source,
    )

    octets = read_octets(file)
    if file.suffix == TEXT_SUFFIX:
        return check_source(rules_of(mission, *named) if named else table_of_source(mission, file), file)
    where = f"table file {file}"
    return check_image(mission, TableImage.unpack(octets, where), where)


def _refused(arguments: Namespace, error: FlightSoftwareError) -> ExitCode:
    """Say why a table is not allowed, or why nobody can tell."""
    from ops_tools.tables.sources import NoSuchTableError  # noqa: PLC0415 - only what is run is loaded

    usage = complain(f"table {arguments.table_command}", error)
    return usage if isinstance(error, NoSuchTableError) else ExitCode.NOT_COMPLETED


def _table(text: str) -> tuple[str, str]:
    app, point, name = text.lower().partition(".")
    if not (app and point and name):
        raise ArgumentTypeError(f"{text!r} is no APP.TABLE, as in thermal.setpoints")
    return app, name


def _part(text: str) -> tuple[int, int]:
    offset, _, length = text.partition(":")
    if not (offset.isdecimal() and length.isdecimal()):
        raise ArgumentTypeError(f"{text!r} is no OFFSET:LENGTH, as in 9:4")
    return int(offset), int(length)
