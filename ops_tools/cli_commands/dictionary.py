"""``flightsw dictionary``: look things up, write it to a file, check one, or look into that of another mission."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from flightsw.errors import FlightSoftwareError
from ops_tools.cli_commands.actions import Subparsers, add_action, epilog
from ops_tools.cli_commands.dictionary_differences import (
    compare,
    described,
    first_difference,
    is_dictionary,
    shortened,
)
from ops_tools.cli_commands.dictionary_import import load, register_import
from ops_tools.cli_commands.output import ExitCode, complain, note, problem_text, write
from ops_tools.console.printable import printable
from tlm_cmd.errors import ProtocolError

if TYPE_CHECKING:
    from tlm_cmd.definition.dictionary import Dictionary
    from tlm_cmd.xtce.export import Exported

FORMATS = ("json", "markdown", "xtce", "xtce-plain")
MAX_DIFFERENCES = 20
"""Differences that are listed; the rest is counted."""
MAX_LINE_CHARACTERS = 300
"""Of a difference; names are those of the file, and as long as it likes."""
PLAIN_DEPTH = 2
"""Most parts of a path where all is in one space system: ``/mission/PACKET``."""

EXPORT_EXAMPLES = """\
  flightsw dictionary export --format markdown -o dictionary.md
  flightsw dictionary export --format json -o - --mission my_mission/mission.toml
  flightsw dictionary export --format xtce -o urbanwatch.xml
"""
CHECK_EXAMPLES = """\
  flightsw dictionary check my_mission/mission.toml
  flightsw dictionary check dictionary.json
"""
SHOW_EXAMPLES = """\
  flightsw dictionary show THERMAL
  flightsw dictionary show THERMAL.SET_HEATER
"""
IMPORT_EXAMPLES = """\
  flightsw dictionary import elsewhere.xml
  flightsw dictionary import elsewhere.xml --packets dump.bin
"""
EXIT_CODES = """\
exit codes: 0 all is well; 1 the dictionary differs, the mission cannot be flown, or packets could not be decoded;
2 wrong usage
"""
FORMAT_HELP = """\
json (default) and markdown; xtce: telemetry, commands and verifiers for mission control systems (XTCE 1.2);
xtce-plain: telemetry for readers that know neither space systems, structures nor arrays
"""
EXPORT_HELP = "Every command, telemetry packet and event of a mission, with ids, ranges, limits and meaning."
CHECK_HELP = """\
FILE is a mission file (.toml): build its dictionary, so that colliding ids and fields without a layout are found;
or a dictionary written by 'export --format json': compare it with the mission's;
or an XTCE file (.xml): load it, and compare it with what export writes for the mission.
"""
SHOW_HELP = """\
NAME is a command, a packet or an event: its fields with types, units, ranges and meaning;
or an app: all commands, packets and events that it has. Without a name: the apps.
"""
IMPORT_HELP = """\
FILE is an XTCE file (1.1 or 1.2) of any mission: load it, compile its packets and commands, and list them.
What is not supported is refused, by element, name and line. With --packets, every space packet in a file is decoded.
"""


def register(subparsers: Subparsers) -> None:
    """Add ``dictionary export``, ``check``, ``show`` and ``import`` to the command line."""
    parser: ArgumentParser = subparsers.add_parser(
        "dictionary",
        help="look up, export or check what a mission has of commands, packets and events",
        description=EXPORT_HELP,
        epilog=epilog(EXPORT_EXAMPLES + CHECK_EXAMPLES + SHOW_EXAMPLES + IMPORT_EXAMPLES, EXIT_CODES),
        formatter_class=RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="dictionary_command", metavar="ACTION", required=True)
    export = add_action(actions, "export", "write it to a file", epilog(EXPORT_EXAMPLES, EXIT_CODES), EXPORT_HELP)
    export.add_argument("--format", choices=FORMATS, default="json", help=FORMAT_HELP)
    export.add_argument("-o", "--output", metavar="FILE", required=True, help="where to, - for standard output")
    check = add_action(actions, "check", "check a file", epilog(CHECK_EXAMPLES, EXIT_CODES), CHECK_HELP)
    check.add_argument("file", metavar="FILE", type=Path)
    show = add_action(actions, "show", "look something up", epilog(SHOW_EXAMPLES, EXIT_CODES), SHOW_HELP)
    show.add_argument("name", metavar="NAME", nargs="?", default="", help="as in THERMAL or THERMAL.SET_HEATER")
    register_import(
        add_action(actions, "import", "load an XTCE file", epilog(IMPORT_EXAMPLES, EXIT_CODES), IMPORT_HELP)
    )
    for each in (export, check, show):
        each.add_argument("--mission", metavar="FILE", type=Path, help="mission file (default: the reference mission)")
        each.set_defaults(run=run)


def run(arguments: Namespace) -> int:
    """Run one of the commands and return its exit code."""
    commands = {"export": _export, "check": _check, "show": _show}
    return int(commands[arguments.dictionary_command](arguments))


def default_mission() -> Path:
    """The mission file of the reference mission."""
    return Path(str(files("apps.missions") / "urbanwatch" / "mission.toml"))


class UnusableMissionError(Exception):
    """A mission file of which no dictionary can be built; the message says why."""


def _document(dictionary: Dictionary, form: str) -> str:
    if form in ("xtce", "xtce-plain"):
        exported = _xtce(dictionary, plain=form == "xtce-plain")
        if exported.opaque:
            note(f"{len(exported.opaque)} messages are written without fields: {', '.join(exported.opaque)}")
        return exported.text
    from tlm_cmd.definition.document import as_json, as_markdown  # noqa: PLC0415 - only what is run is loaded

    return as_json(dictionary) if form == "json" else as_markdown(dictionary)


def _xtce(dictionary: Dictionary, *, plain: bool) -> Exported:
    from tlm_cmd.xtce.export import Form, export  # noqa: PLC0415 - only what is run is loaded

    return export(dictionary, Form.PLAIN if plain else Form.NESTED)


def _load(path: Path | None, form: str = "") -> Dictionary:
    """The dictionary of a mission that is to be written in a form."""
    from flightsw.mission import Mission  # noqa: PLC0415 - only what is run is loaded
    from ops_tools.cli_commands.packet_headers import require_cfs_headers  # noqa: PLC0415 - the same
    from tlm_cmd.definition.layout import DefinitionError  # noqa: PLC0415 - the same

    try:
        mission = Mission.load(path or default_mission())
        if form.startswith("xtce"):
            require_cfs_headers(mission, "XTCE is written")
    except (FlightSoftwareError, ProtocolError, DefinitionError, OSError) as error:
        raise UnusableMissionError(str(error)) from error
    return mission.dictionary


def _export(arguments: Namespace) -> ExitCode:
    try:
        dictionary = _load(arguments.mission, arguments.format)
        text = _document(dictionary, arguments.format)
    except (UnusableMissionError, ProtocolError) as error:
        return complain("dictionary export", error)
    if arguments.output == "-":
        write(text.rstrip("\n"))
        return ExitCode.OK
    try:
        Path(arguments.output).parent.mkdir(parents=True, exist_ok=True)
        Path(arguments.output).write_text(text, encoding="utf-8")
    except OSError as error:
        return complain("dictionary export", f"{arguments.output} cannot be written: {problem_text(error)}")
    write(f"{arguments.output}: {_summary(dictionary)}")
    return ExitCode.OK


def _show(arguments: Namespace) -> ExitCode:
    from ops_tools.cli_commands.dictionary_show import show  # noqa: PLC0415 - only what is run is loaded

    try:
        lines = show(_load(arguments.mission), arguments.name)
    except (UnusableMissionError, ProtocolError) as error:
        return complain("dictionary show", error)
    write("\n".join(lines))
    return ExitCode.OK


def _check(arguments: Namespace) -> ExitCode:
    if arguments.file.suffix == ".toml":
        return _check_mission(arguments.file)
    if arguments.file.suffix == ".xml":
        return _check_xtce(arguments)
    return _check_json(arguments)


def _check_json(arguments: Namespace) -> ExitCode:
    """Whether a file has what the mission's dictionary has."""
    try:
        document = json.loads(arguments.file.read_text(encoding="utf-8"))
        dictionary = _load(arguments.mission)
    except (OSError, UnusableMissionError) as error:
        return complain("dictionary check", f"{arguments.file}: {problem_text(error)}")
    except (ValueError, RecursionError) as error:
        expected = "a mission file ends in .toml, an XTCE file in .xml, anything else is JSON"
        return complain("dictionary check", f"{arguments.file}: no JSON ({error}); {expected}")
    if not is_dictionary(document):
        return complain("dictionary check", f"{arguments.file} holds no dictionary written by 'export --format json'")
    differences = compare(document, json.loads(_document(dictionary, "json")))
    if differences:
        _list(differences)
        return ExitCode.NOT_COMPLETED
    write(f"{arguments.file} agrees with the mission: {_summary(dictionary)}")
    return ExitCode.OK


def _check_mission(path: Path) -> ExitCode:
    try:
        dictionary = _load(path)
    except UnusableMissionError as error:
        complain("dictionary check", error)
        return ExitCode.NOT_COMPLETED if path.is_file() else ExitCode.USAGE
    write(f"{path} can be loaded: {_summary(dictionary)}")
    return ExitCode.OK


def _check_xtce(arguments: Namespace) -> ExitCode:
    """Whether a file can be loaded, and is what export writes for the mission."""
    try:
        data = arguments.file.read_bytes()
        found = load(data)
        dictionary = _load(arguments.mission, "xtce")
    except (OSError, ProtocolError, UnusableMissionError) as error:
        return complain("dictionary check", f"{arguments.file}: {printable(problem_text(error))}")
    is_plain = all(path.count("/") <= PLAIN_DEPTH for path in found.containers)
    expected = _xtce(dictionary, plain=is_plain).text.encode()
    if expected == data:
        write(f"{arguments.file} agrees with the mission: {_summary(dictionary)}")
        return ExitCode.OK
    differences = compare(described(found, data), described(load(expected), expected))
    _list(differences or [f"nothing that is read differs; the files do from {first_difference(data, expected)} on"])
    write(f"{arguments.file} can be loaded, but is not what export writes for the mission: {_summary(dictionary)}")
    return ExitCode.NOT_COMPLETED


def _list(differences: list[str]) -> None:
    for difference in differences[:MAX_DIFFERENCES]:
        write(printable(shortened(difference, MAX_LINE_CHARACTERS)))
    if len(differences) > MAX_DIFFERENCES:
        write(f"and {len(differences) - MAX_DIFFERENCES} more")


def _summary(dictionary: Dictionary) -> str:
    return (
        f"{len(dictionary.commands)} commands, {len(dictionary.telemetry)} packets, {len(dictionary.events)} events, "
        f"content hash {dictionary.content_hash[:16]}"
    )
