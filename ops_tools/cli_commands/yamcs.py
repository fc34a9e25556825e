"""``flightsw yamcs``: what a Yamcs server must be told to operate the spacecraft of a mission."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ops_tools.cli_commands.arguments import output_folder


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``yamcs``."""
    parser = commands.add_parser(
        "yamcs",
        help="write the configuration of a Yamcs server for a mission",
        description="Writes an instance for Yamcs 5.12: the dictionary as XTCE, TM and TC frame links with the "
        "mission's managed parameters, COP-1, limits and command verification. It meets 'flightsw run --gateway'.",
        epilog="Example: flightsw yamcs -o station; then, with the jars of Yamcs in LIB: java -cp 'LIB/*' "
        "org.yamcs.YamcsServer --etc-dir station/etc --data-dir station/data; and flightsw run --gateway --headless",
    )
    parser.add_argument("mission", type=Path, nargs="?", help="mission file (default: the reference mission)")
    parser.add_argument("-o", "--output", type=output_folder, required=True, metavar="FOLDER", help="where to")
    parser.set_defaults(run=write)


def write(options: argparse.Namespace) -> int:
    """Write the files, and say where they are."""
    from flightsw.mission import Mission  # noqa: PLC0415 - only what is run is loaded
    from ops_tools.gateway.yamcs import YamcsInstance  # noqa: PLC0415
    from ops_tools.reference_mission import reference_mission  # noqa: PLC0415
    from tlm_cmd.xtce.export import export  # noqa: PLC0415

    mission = Mission.load(options.mission or reference_mission() / "mission.toml")
    folder = options.output.resolve()
    YamcsInstance(mission.name, mission.file.links, export(mission.dictionary).text).write(folder)
    sys.stdout.write(f"instance {mission.name} written to {folder}\n")
    return 0
