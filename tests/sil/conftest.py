"""Flights that several tests look at."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from ops_tools.sil.report.model import MissionReport
from ops_tools.sil.reporting import mission_report
from ops_tools.sil.result import FlightResult
from ops_tools.sil.runner import Flight
from ops_tools.sil.scenario import load_scenario

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / "apps" / "missions" / "urbanwatch" / "scenarios"
ONE_ORBIT = SCENARIOS / "one_orbit.toml"


def fly_in_a_process_of_its_own(arguments: list[str], **environment: str) -> str:
    """Run flightsw; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "ops_tools.cli", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


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
