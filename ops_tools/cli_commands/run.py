"""``flightsw run``: a mission over processes, with the simulator in another."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from pathlib import Path

from ops_tools.cli_commands.arguments import above_zero, host_and_port, output_file, output_folder
from ops_tools.cli_commands.gateway_arguments import add_gateway, gateway_settings

DEFAULT_SEED = 7


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``run``."""
    parser = commands.add_parser(
        "run",
        help="fly a mission over processes, with console and simulator",
        description="Starts the simulator, the flight software in its processes, and the ground with its console.",
        epilog="While it runs, operate it from another shell: flightsw tlm, flightsw events, flightsw cmd APP.NOOP. "
        "Example: flightsw run apps/missions/urbanwatch/mission.toml --speed 60. "
        "With --gateway a mission control system such as Yamcs takes the place of the ground: docs/gateway.md.",
    )
    parser.add_argument("mission", type=Path, nargs="?", help="mission file (default: the reference mission)")
    parser.add_argument(
        "--speed", type=above_zero, default=1.0, metavar="X", help="vehicle seconds per second (default 1)"
    )
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, metavar="N", help="seed of the simulator")
    parser.add_argument("--spacecraft", type=Path, metavar="FILE", help="simulated spacecraft (default: the reference)")
    parser.add_argument("--scenario", type=Path, metavar="FILE", help="send the commands of a scenario")
    parser.add_argument(
        "--duration", type=above_zero, metavar="S", help="vehicle seconds to fly (default: until Ctrl-C)"
    )
    parser.add_argument(
        "--listen", type=host_and_port, default="127.0.0.1:8800", metavar="HOST:PORT", help="where the ground listens"
    )
    parser.add_argument("--headless", action="store_true", help="no live view")
    parser.add_argument("--json", type=output_file, metavar="FILE", help="write a summary for machines at the end")
    parser.add_argument(
        "--record",
        type=output_file,
        metavar="FILE",
        help="append every packet that comes down to FILE, as it came; 'flightsw decode FILE' makes columns of it",
    )
    parser.add_argument(
        "--trace-handlers",
        type=output_file,
        metavar="FILE",
        help="measure all handlers and write the newest runs at the end, for ui.perfetto.dev or chrome://tracing",
    )
    parser.add_argument(
        "--link-keys",
        type=Path,
        metavar="FILE",
        help="keys of protected links, for both ends, made by 'flightsw keys create' (default: fresh ones, which only "
        "this run knows). Secret: mode 0600. What was used of a key is forgotten when the run ends, so take a new file "
        "for each spacecraft whose frames are worth protecting",
    )
    parser.add_argument(
        "--files",
        type=output_folder,
        metavar="DIR",
        help="directory for the files that come down (default: in memory, gone when the run ends)",
    )
    add_gateway(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Fly.

    Returns:
        The exit status: with a scenario, 1 unless every command got the verdict that was expected; 1 when a process of
        the run has ended by itself.
    """
    from rich.console import Console  # noqa: PLC0415 - only what is run is loaded

    from ops_tools.gateway.errors import GatewayError  # noqa: PLC0415
    from ops_tools.reference_mission import reference_mission  # noqa: PLC0415
    from ops_tools.result_file import write_json  # noqa: PLC0415
    from ops_tools.run.conduct import Conductor, RunOptions  # noqa: PLC0415
    from ops_tools.run.session import RunError, RunSession  # noqa: PLC0415
    from ops_tools.sil.report.records import Verdict  # noqa: PLC0415
    from ops_tools.sil.scenario import load_scenario  # noqa: PLC0415

    gateway = gateway_settings(options)
    if gateway and options.scenario:
        raise GatewayError("a scenario commands the spacecraft, and so does whoever is connected by --gateway: choose")
    scenario = load_scenario(options.scenario).scenario if options.scenario else None
    host, port = options.listen
    wanted = RunOptions(
        duration_s=options.duration,
        host=host,
        port=port,
        headless=options.headless,
        json=options.json,
        commands=scenario.commands if scenario else (),
        gateway=gateway,
        record=options.record,
    )
    mission = options.mission or reference_mission() / "mission.toml"
    console, failure = Console(), ""
    with RunSession(
        mission,
        options.spacecraft,
        options.seed,
        options.speed,
        options.trace_handlers,
        options.link_keys,
        options.files,
    ) as session:
        conductor = Conductor(session, wanted, console)
        try:
            with contextlib.suppress(KeyboardInterrupt):  # before the loop has taken the signals
                asyncio.run(conductor.conduct())
        except RunError as error:
            failure = str(error)
        verdict, reason = conductor.judge(failure)
        closing, folder = conductor.closing(), session.settings.run_folder
        if options.json:
            write_json(options.json, conductor.summary(failure))
    console.print(f"{closing}; {folder} is removed", highlight=False, soft_wrap=True)
    if scenario or failure:
        console.print(f"{verdict.value}{f': {reason}' if reason else ''}", highlight=False, soft_wrap=True)
    return 0 if verdict is Verdict.PASS else 1
