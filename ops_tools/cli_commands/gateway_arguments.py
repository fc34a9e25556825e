"""Arguments that connect others to the spacecraft of a run."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ops_tools.cli_commands.arguments import host_and_port

if TYPE_CHECKING:
    from ops_tools.gateway.gateway import GatewaySettings

COMMAND_RADIO = "s_band"
USUAL_TELEMETRY = ((COMMAND_RADIO, ("127.0.0.1", 10_017)), ("x_band", ("127.0.0.1", 10_019)))
USUAL_COMMANDS = ("127.0.0.1", 10_018)


def add_gateway(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    group = parser.add_argument_group(
        "gateway",
        "Connects a mission control system of others, a ground station or a test bench to the spacecraft's radios: it "
        "gets TM transfer frames and gives TC transfer frames. The ground of this project then only listens. "
        "docs/gateway.md says how Yamcs is connected.",
    )
    group.add_argument(
        "--gateway",
        action="store_true",
        help="the usual: s_band frames to UDP 127.0.0.1:10017, x_band frames to 127.0.0.1:10019, commands from "
        "127.0.0.1:10018",
    )
    group.add_argument(
        "--gateway-tm",
        type=_target,
        action="append",
        default=[],
        metavar="[RADIO=]HOST:PORT",
        help="send every frame of a radio (default s_band) there, one a UDP datagram; may be given several times",
    )
    group.add_argument(
        "--gateway-tc",
        type=host_and_port,
        action="append",
        default=[],
        metavar="HOST:PORT",
        help="radiate every UDP datagram that comes in here, one frame each; port 0 is any free one",
    )
    group.add_argument(
        "--gateway-tcp",
        type=host_and_port,
        action="append",
        default=[],
        metavar="HOST:PORT",
        help="listen here for TCP clients: each gets s_band frames one behind the other, and may send frames",
    )
    group.add_argument(
        "--gateway-protects",
        action="store_true",
        help="protect the frames that are handed in: they come open, and whoever is connected needs no key to command. "
        "Without it they are radiated as they come, and must be protected already if the mission demands that",
    )


def gateway_settings(options: argparse.Namespace) -> GatewaySettings | None:
    """Who is to be connected; None if nobody is.

    Raises:
        GatewayError: nobody is, but it is said how.
    """
    from ops_tools.gateway.address import Address  # noqa: PLC0415 - only what is run is loaded
    from ops_tools.gateway.errors import GatewayError  # noqa: PLC0415
    from ops_tools.gateway.gateway import GatewaySettings, TelemetryTarget  # noqa: PLC0415

    telemetry = [*(USUAL_TELEMETRY if options.gateway else ()), *options.gateway_tm]
    commands = [*((USUAL_COMMANDS,) if options.gateway else ()), *options.gateway_tc]
    if not (telemetry or commands or options.gateway_tcp):
        if options.gateway_protects:
            raise GatewayError("--gateway-protects says how a gateway works: ask for one as well, such as --gateway")
        return None
    return GatewaySettings(
        telemetry=tuple(TelemetryTarget(radio, Address(*where)) for radio, where in telemetry),
        commands=tuple(Address(*where) for where in commands),
        streams=tuple(Address(*where) for where in options.gateway_tcp),
        protects=options.gateway_protects,
    )


def _target(text: str) -> tuple[str, tuple[str, int]]:
    radio, equals, where = text.rpartition("=")
    if equals and not radio:
        raise argparse.ArgumentTypeError(f"{text!r} names no radio before the equals sign")
    return radio or COMMAND_RADIO, host_and_port(where)
