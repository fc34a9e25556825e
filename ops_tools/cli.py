"""The command ``flightsw``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

from bus_sim.errors import BusSimError
from flightsw.errors import FlightSoftwareError
from ops_tools.cli_commands import bench, decode, dictionary, flights, ground, keys, new_app, run, table, yamcs
from ops_tools.cli_commands.output import complain
from ops_tools.ground.errors import GroundError
from ops_tools.sil.scenario import ScenarioError
from tlm_cmd.errors import ProtocolError


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="flightsw",
        description="Flight software for intelligent satellites: fly it, command it, look at it.",
        epilog="Begin with 'flightsw demo'. Every command explains itself with --help.",
    )
    top.add_argument("--version", action="version", version=f"flightsw {version('flightsw')}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for group in (flights, run, ground, dictionary, decode, new_app, table, keys, bench, yamcs):
        group.register(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 good, 1 a verdict that is not, 2 a request that cannot be done."""
    options = parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except (BusSimError, FlightSoftwareError, GroundError, ScenarioError, ProtocolError) as error:
        return int(complain(_words(options), error))
    except KeyboardInterrupt:
        complain(_words(options), "stopped")
        return 130
    return status


def _words(options: argparse.Namespace) -> str:
    """The command with its action, as argparse names it in its own errors."""
    action = getattr(options, f"{options.command}_command", "")
    return f"{options.command} {action}".rstrip()


if __name__ == "__main__":
    sys.exit(main())
