"""One Yamcs server and one spacecraft for all tests here."""

from __future__ import annotations

import importlib.resources
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fprime_yamcs_bundle")
sys.path.append(str(Path(__file__).parent))  # where the package of these tests is

from mission_control.namespace import Namespace
from mission_control.processes import LoggedProcess, start_flight, start_yamcs
from mission_control.rest import Rest
from mission_control.station import Station
from mission_control.yamcs import Yamcs

from ops_tools.cli import main

BEFORE_CONTACT_UTC = "2026-05-15T03:05:00Z"
"""A minute before a pass of ten minutes."""
SPEED = 3.0
YAMCS_PORT, GROUND_PORT = 8090, 8800


@pytest.fixture(scope="session")
def station() -> Iterator[Station]:
    """Yamcs, configured by ``flightsw yamcs`` and nothing else, in contact with the spacecraft."""
    folder = Path(tempfile.mkdtemp(prefix="fs"))
    mission, spacecraft = _early_contact(folder)
    for name in ("yamcs", "flight"):
        (folder / name).mkdir()
    assert main(["yamcs", str(mission), "-o", str(folder / "yamcs")]) == 0
    namespace = Namespace(f"fs{os.getpid()}yamcs")
    started: list[LoggedProcess] = []
    try:
        server = start_yamcs(namespace, folder / "yamcs")
        started.append(server)
        server.wait_for("Yamcs started")
        flight = start_flight(namespace, folder / "flight", mission, spacecraft, SPEED)
        started.append(flight)
        flight.wait_for("gateway:")
        yield Station(Yamcs(Rest(namespace, YAMCS_PORT), "urbanwatch"), Rest(namespace, GROUND_PORT), server, flight)
    finally:
        for process in reversed(started):
            process.stop()
        namespace.remove()
        shutil.rmtree(folder)


def _early_contact(folder: Path) -> tuple[Path, Path]:
    """The reference mission and spacecraft, begun shortly before a contact, with a battery that is a little low."""
    text = (importlib.resources.files("bus_sim") / "urbanwatch.toml").read_text()
    spacecraft = folder / "spacecraft.toml"
    text = text.replace("2026-05-15T02:41:00Z", BEFORE_CONTACT_UTC)
    spacecraft.write_text(text.replace("initial_soc = 0.85", "initial_soc = 0.71"))
    mission = folder / "mission.toml"
    mission.write_text(f'extends = "apps.missions.urbanwatch"\n[time]\nepoch_utc = "{BEFORE_CONTACT_UTC}"\n')
    return mission, spacecraft
