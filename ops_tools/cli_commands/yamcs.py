"""``flightsw yamcs``: what a Yamcs server must be told to operate the spacecraft of a mission."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ops_tools.cli_commands.arguments import output_folder

EXAMPLES = """\
examples, with the jars of Yamcs in LIB:
  flightsw keys create mission.keys
  flightsw yamcs -o station --link-keys mission.keys --gateway-protects
  java -cp 'LIB/*' org.yamcs.YamcsServer --etc-dir station/etc --data-dir station/data
  flightsw run --gateway --gateway-protects --link-keys mission.keys --headless

docs/gateway.md says who may hold which key, and what must not be begun anew with an old one.
"""


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``yamcs``."""
    parser = commands.add_parser(
        "yamcs",
        help="write the configuration of a Yamcs server for a mission",
        description="Writes an instance for Yamcs 5.12: the dictionary as XTCE, TM and TC frame links with the "
        "mission's managed parameters, COP-1, link security, limits and command verification. It meets "
        "'flightsw run --gateway'.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("mission", type=Path, nargs="?", help="mission file (default: the reference mission)")
    parser.add_argument("-o", "--output", type=output_folder, required=True, metavar="FOLDER", help="where to")
    parser.add_argument(
        "--link-keys",
        type=Path,
        metavar="FILE",
        help="key file of the mission's protected links; the keys that Yamcs needs are copied into FOLDER/keys, "
        "mode 0600. SECRET: whoever reads them can command the spacecraft",
    )
    parser.add_argument(
        "--gateway-protects",
        action="store_true",
        help="the gateway protects commands ('flightsw run --gateway-protects'): Yamcs sends open frames, gets no key "
        "for commands, and COP-1 can repeat frames, which Yamcs 5.12 cannot do with frames that it protects itself",
    )
    parser.add_argument(
        "--first-number",
        type=_number,
        default=0,
        metavar="N",
        help="number of the first command frame that this Yamcs protects, above all that were ever used with the key "
        "(default 0, for a new key). Yamcs then remembers the next one in its data folder",
    )
    parser.set_defaults(run=write)


def write(options: argparse.Namespace) -> int:
    """Write the files, and say where they are."""
    from flightsw.mission import Mission  # noqa: PLC0415 - only what is run is loaded
    from flightsw.services.key_file import read_key_file  # noqa: PLC0415
    from ops_tools.cli_commands.packet_headers import require_cfs_headers  # noqa: PLC0415
    from ops_tools.gateway.yamcs.instance import YamcsInstance  # noqa: PLC0415
    from ops_tools.gateway.yamcs.mission_files import mission_files  # noqa: PLC0415
    from ops_tools.reference_mission import reference_mission  # noqa: PLC0415
    from tlm_cmd.xtce.export import export  # noqa: PLC0415

    mission = Mission.load(options.mission or reference_mission() / "mission.toml")
    require_cfs_headers(mission, "the configuration of Yamcs is written")
    folder = options.output.resolve()
    instance = YamcsInstance(
        mission.name,
        mission.file.links,
        export(mission.dictionary).text,
        ring=read_key_file(options.link_keys) if options.link_keys else None,
        gateway_protects=options.gateway_protects,
        first_number=options.first_number,
        files=mission_files(mission.file.links, mission.dictionary, mission.file.packets),
    )
    instance.write(folder)
    sys.stdout.write(f"instance {mission.name} written to {folder}\n")
    return 0


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)
