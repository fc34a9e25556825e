"""A planner that always asks for the largest model at the highest power; ``FLIGHTSW_SOAK=16`` flies all of its day."""

from __future__ import annotations

import os

import pytest

from ops_tools.sil.report.records import Verdict
from ops_tools.sil.runner import Flight
from ops_tools.sil.scenario import load_scenario
from tests.sil.conftest import SCENARIOS

SOAK = int(os.environ.get("FLIGHTSW_SOAK", "1"))
ORBIT_S = 5_700


@pytest.mark.soak
@pytest.mark.longest
def test_the_guard_keeps_every_limit_whatever_the_planner_wants() -> None:
    """No limit of battery or temperature is broken, because the guard refuses."""
    loaded = load_scenario(SCENARIOS / "guard_day.toml")
    duration_s = min(SOAK * ORBIT_S, loaded.scenario.duration_s)
    found = Flight(loaded, seed=1, duration_s=duration_s).fly()
    assert found.verdict is Verdict.PASS, found.verdict_reason
    assert found.simulated_s == duration_s
    assert found.limits.violations == 0
    assert found.payload.guard_refusals > 0
    assert found.payload.highest_power_mode_w == 25
