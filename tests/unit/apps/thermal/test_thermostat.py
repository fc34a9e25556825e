from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.thermal.thermostat import Heater, Margin, SensorLimits, Setpoints, check_setpoints, smallest_margin, wanted
from flightsw.mission import Mission
from flightsw.services.tables.content import read_table

MODEST = settings(max_examples=100, deadline=None)
HEATER = Heater(0, 2, on_below=5.0, off_above=8.0)
LIMITS = SensorLimits(2, "battery", -5.0, 45.0)


def test_the_mission_table_is_allowed(mission: Mission) -> None:
    """The mission's set points contradict nothing."""
    table = read_table(Setpoints, Path(mission.table_folder("thermal")) / "setpoints.toml")
    assert check_setpoints(table) is None


@pytest.mark.parametrize(
    ("setpoints", "problem"),
    [
        (Setpoints((Heater(3, 1, 5.0, 5.0),), ()), "heater 3: on_below"),
        (Setpoints((HEATER, HEATER), ()), "heater 0 is there twice"),
        (Setpoints((), (SensorLimits(4, "camera", 10.0, 10.0),)), "sensor 4: lowest"),
        (Setpoints((), (LIMITS, LIMITS)), "sensor 2 are there twice"),
    ],
)
def test_what_is_refused(setpoints: Setpoints, problem: str) -> None:
    """Thresholds in the wrong order and double entries are refused, with the number."""
    assert problem in str(check_setpoints(setpoints))


@pytest.mark.parametrize(
    ("on", "temperature", "target"),
    [
        (False, 4.9, True),
        (False, 5.0, False),
        (True, 8.0, True),
        (True, 8.1, False),
        (True, None, False),
        (False, None, False),
    ],
)
def test_the_thermostat(temperature: float | None, *, on: bool, target: bool) -> None:
    """On below the lower threshold, off above the upper one, as it is between; off without a temperature."""
    assert wanted(HEATER, on, temperature) is target


@MODEST
@given(on=st.booleans(), temperatures=st.lists(st.floats(-100, 150), min_size=2, max_size=40))
def test_a_heater_needs_the_whole_hysteresis_to_switch_twice(*, on: bool, temperatures: list[float]) -> None:
    """Between two switchings the temperature has crossed the whole band."""
    switched_at: list[float] = []
    for temperature in temperatures:
        target = wanted(HEATER, on, temperature)
        if target is not on:
            switched_at.append(temperature)
        on = target
    for before, after in pairwise(switched_at):
        assert abs(after - before) > HEATER.off_above - HEATER.on_below


def test_the_smallest_margin() -> None:
    """The sensor nearest to a limit counts, above or below, negative outside; unknown temperatures are left out."""
    setpoints = Setpoints((), (SensorLimits(0, "a", 0.0, 10.0), SensorLimits(1, "b", 0.0, 100.0), LIMITS))
    assert smallest_margin(setpoints, {0: 5.0, 1: 98.0, 2: 20.0}) == Margin(1, 2.0)
    assert smallest_margin(setpoints, {0: 5.0, 1: 98.0, 2: -8.0}) == Margin(2, -3.0)
    assert smallest_margin(setpoints, {0: 5.0, 9: 0.0}) == Margin(0, 5.0)
    assert smallest_margin(setpoints, {}) == Margin(0, 0.0)
    assert smallest_margin(Setpoints((), ()), {0: 5.0}) == Margin(0, 0.0)
