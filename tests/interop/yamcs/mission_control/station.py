"""Both sides, started together and ended together."""

from __future__ import annotations

import contextlib
import importlib.resources
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mission_control.hop import Direction, Hop
from mission_control.namespace import Namespace
from mission_control.processes import LoggedProcess, start_flight, start_yamcs
from mission_control.rest import Rest
from mission_control.yamcs import Yamcs
from ops_tools.cli import main

BEFORE_CONTACT_UTC = "2026-05-15T03:05:20Z"
"""Shortly before a pass of ten minutes."""
SPEED = 3.0
SEED = 232
YAMCS_PORT, GROUND_PORT = 8090, 8800
YAMCS_TELEMETRY, GATEWAY_COMMANDS = 10_017, 10_018
HOP_TELEMETRY, HOP_COMMANDS = 20_017, 20_018


@dataclass(frozen=True)
class Station:
    """Both sides, running.

    Attributes:
        yamcs: the server, which commands the spacecraft.
        ground: this project's own ground, which only listens.
        hop: what stands between them.
        up, down: its ways for commands and for telemetry of the command radio.
        servers: the server's processes, the running one last.
        flight: the spacecraft's.
        restart: ends the server and starts it again with the same data.
    """

    yamcs: Yamcs
    ground: Rest
    hop: Hop
    up: Direction
    down: Direction
    servers: list[LoggedProcess]
    flight: LoggedProcess
    restart: Callable[[], None]

    def spacecraft(self, packet: str) -> dict[str, Any]:
        """The newest packet of a kind that our own ground has received."""
        fields: dict[str, Any] = self.ground.get(f"/api/telemetry?name={packet}")["values"][0]["fields"]
        return fields


@contextlib.contextmanager
def operating(*options: str) -> Iterator[Station]:
    """Yamcs, configured by ``flightsw yamcs`` and nothing else, with a spacecraft about to come into contact.

    Args:
        options: said to ``flightsw yamcs`` and to ``flightsw run`` alike.
    """
    folder = Path(tempfile.mkdtemp(prefix="fs"))
    namespace = Namespace(f"fs{os.getpid()}yamcs")
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        stack.callback(namespace.remove)
        mission, spacecraft = _early_contact(folder)
        keys = folder / "link.keys"
        for name in ("yamcs", "flight"):
            (folder / name).mkdir()
        assert main(["keys", "create", str(keys), "--sessions", "3"]) == 0
        options = ("--link-keys", str(keys), *options)
        assert main(["yamcs", str(mission), "-o", str(folder / "yamcs"), *options]) == 0
        up = Direction(GATEWAY_COMMANDS, HOP_COMMANDS, SEED)
        down = Direction(HOP_TELEMETRY, YAMCS_TELEMETRY, SEED + 1)
        hop = Hop(namespace, up, down)
        hop.start()
        stack.callback(hop.stop)
        servers = [start_yamcs(namespace, folder / "yamcs")]

        def stop_server() -> None:
            servers[-1].stop()

        stack.callback(stop_server)
        gateway = ["--gateway-tm", f"127.0.0.1:{HOP_TELEMETRY}", "--gateway-tm", "x_band=127.0.0.1:10019"]
        gateway += ["--gateway-tc", f"127.0.0.1:{HOP_COMMANDS}", *options]
        flight = start_flight(namespace, folder / "flight", mission, spacecraft, SPEED, gateway)
        stack.callback(flight.stop)
        yamcs = Yamcs(Rest(namespace, YAMCS_PORT), "urbanwatch")

        def restart() -> None:
            stop_server()
            servers.append(start_yamcs(namespace, folder / "yamcs"))
            servers[-1].wait_for("Yamcs started")

        servers[-1].wait_for("Yamcs started")
        flight.wait_for("gateway:")
        yield Station(yamcs, Rest(namespace, GROUND_PORT), hop, up, down, servers, flight, restart)


def _early_contact(folder: Path) -> tuple[Path, Path]:
    """The reference mission and spacecraft, begun shortly before a contact, with a battery that is a little low."""
    text = (importlib.resources.files("bus_sim") / "urbanwatch.toml").read_text()
    spacecraft = folder / "spacecraft.toml"
    text = text.replace("2026-05-15T02:41:00Z", BEFORE_CONTACT_UTC)
    spacecraft.write_text(text.replace("initial_soc = 0.85", "initial_soc = 0.71"))
    mission = folder / "mission.toml"
    mission.write_text(f'extends = "apps.missions.urbanwatch"\n[time]\nepoch_utc = "{BEFORE_CONTACT_UTC}"\n')
    return mission, spacecraft
