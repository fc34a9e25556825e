"""Flights that several tests look at."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ops_tools.sil.report.model import MissionReport
from ops_tools.sil.reporting import mission_report
from ops_tools.sil.result import FlightResult
from ops_tools.sil.runner import Flight
from ops_tools.sil.scenario import load_scenario

ROOT = Path(__file__).resolve().parents[2]
ONE_ORBIT = ROOT / "apps" / "missions" / "urbanwatch" / "scenarios" / "one_orbit.toml"


class FlownOrbit(msgspec.Struct, frozen=True):
    """One orbit with what came of it."""

    flight: object
    result: FlightResult
    report: MissionReport


@pytest.fixture(scope="session")
def one_orbit() -> FlownOrbit:
    """The reference scenario, flown once with seed 7."""
    flight = Flight(load_scenario(ONE_ORBIT), seed=7)
    result = flight.fly()
    return FlownOrbit(flight, result, mission_report(flight, result))
