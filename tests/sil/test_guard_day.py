"""A day with a planner that always asks for the largest model at the highest power."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.sil.conftest import SCENARIOS, fly_in_a_process_of_its_own

pytestmark = pytest.mark.untraced


@pytest.mark.longest
def test_the_guard_keeps_every_limit_whatever_the_planner_wants(tmp_path: Path) -> None:
    """No limit of battery or temperature is broken in a day, because the guard refuses."""
    result = tmp_path / "result.json"
    told = fly_in_a_process_of_its_own(["sil", str(SCENARIOS / "guard_day.toml"), "--json", str(result)])
    found = json.loads(result.read_text())
    assert "guard_day.toml: pass" in told
    assert found["simulated_s"] == 86_400
    assert found["limits"]["violations"] == 0
    assert found["payload"]["guard_refusals"] > 0
    assert found["payload"]["highest_power_mode_w"] == 25
