"""One small flight on either runtime."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))  # where the package of the flight's apps is

from flight.harness import CROWDED_MISSION, HERALDS, RUNTIMES, SmallFlight, lay_out


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a path short enough for sockets."""
    made = Path(tempfile.mkdtemp(prefix="fs"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def mission_file(folder: Path) -> Path:
    """The small flight's mission."""
    return lay_out(folder)


@pytest.fixture(params=RUNTIMES)
def flight(request: pytest.FixtureRequest, mission_file: Path, folder: Path) -> Iterator[SmallFlight]:
    """The small flight, running, on each runtime; at the end its links conserve and its ledger closes."""
    flight = SmallFlight(request.param(mission_file, folder), mission_file, folder)
    yield from flown(flight, 4)


@pytest.fixture(params=RUNTIMES)
def crowded_flight(request: pytest.FixtureRequest, mission_file: Path, folder: Path) -> Iterator[SmallFlight]:
    """The small flight with eight more apps, on each runtime."""
    mission_file.write_text(CROWDED_MISSION)
    yield from flown(SmallFlight(request.param(mission_file, folder), mission_file, folder), 4 + len(HERALDS))


def flown(flight: SmallFlight, apps: int) -> Iterator[SmallFlight]:
    """A flight, from when its apps run until it has come to rest."""
    try:
        flight.until(lambda: flight.vehicle.account().apps == apps, "a running flight")
        yield flight
        flight.settle()
    finally:
        flight.vehicle.close()


@pytest.fixture(params=RUNTIMES)
def fly_changed(
    request: pytest.FixtureRequest, mission_file: Path, folder: Path
) -> Iterator[Callable[[dict[str, str]], SmallFlight]]:
    """Start the small flight on each runtime, with changes of its mission; at the end it settles."""
    flights: list[SmallFlight] = []

    def start(changes: dict[str, str]) -> SmallFlight:
        text = mission_file.read_text()
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        mission_file.write_text(text)
        flights.append(SmallFlight(request.param(mission_file, folder), mission_file, folder))
        return flights[-1]

    try:
        yield start
        for flight in flights:
            flight.settle()
    finally:
        for flight in flights:
            flight.vehicle.close()
