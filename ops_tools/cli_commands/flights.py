"""``flightsw demo`` and ``flightsw sil``: flights in lock-step, with a live view and a report."""

from __future__ import annotations

import argparse
from pathlib import Path

from ops_tools.cli_commands.arguments import above_zero, orbits, output_file, output_folder

DEFAULT_SEED = 7


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``demo`` and ``sil``."""
    demo = commands.add_parser(
        "demo",
        help="fly the reference mission and watch it",
        description="Flies the reference mission 'urbanwatch' in lock-step, shows it live, and writes a report.",
        epilog="Examples: flightsw demo; flightsw demo --orbits 15 --headless --json reports/day.json",
    )
    demo.add_argument(
        "--orbits",
        type=orbits,
        default=1.0,
        metavar="N",
        help="orbits of 95 minutes, at least a minute (default 1)",
    )
    _add_options(demo)
    demo.add_argument("--report", type=output_folder, default="reports", metavar="DIR", help="folder for the report")
    demo.add_argument(
        "--speed",
        type=above_zero,
        default=150.0,
        metavar="X",
        help="vehicle seconds per second at most, on a terminal (default %(default)s)",
    )
    demo.add_argument("--headless", action="store_true", help="no live view, only the summary")
    demo.set_defaults(run=_demo)

    sil = commands.add_parser(
        "sil",
        help="fly scenario files and judge them",
        description="Flies scenarios in lock-step; prints verdict, trace hash, simulated and processor seconds.",
        epilog="Exit status 0 when every scenario passes. Examples: "
        "flightsw sil apps/missions/urbanwatch/scenarios/one_orbit.toml --seed 3 --out reports; "
        "flightsw sil apps/missions/urbanwatch/scenarios/guard_day.toml --json reports/guard_day.json",
    )
    sil.add_argument("scenario", type=Path, nargs="+", help="scenario file")
    _add_options(sil)
    sil.add_argument("--out", type=output_folder, metavar="DIR", help="folder for results and reports")
    sil.add_argument("--trace", type=output_file, metavar="FILE", help="write every message of one scenario")
    sil.add_argument(
        "--trace-handlers",
        type=output_file,
        metavar="FILE",
        help="measure all handlers of one scenario in host time and write the newest runs, for ui.perfetto.dev or "
        "chrome://tracing; the flight is the same with and without",
    )
    sil.set_defaults(run=_sil)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, metavar="N", help="seed of everything random")
    parser.add_argument("--json", type=output_file, metavar="FILE", help="write the result for machines")


def _demo(options: argparse.Namespace) -> int:
    from ops_tools.sil.flying import run_demo  # noqa: PLC0415 - only what is run is loaded

    return run_demo(options)


def _sil(options: argparse.Namespace) -> int:
    from ops_tools.sil.flying import run_sil  # noqa: PLC0415 - only what is run is loaded

    return run_sil(options)
