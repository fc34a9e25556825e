"""The forecast against a simple truth: a circular orbit in the plane of the Sun."""

from __future__ import annotations

import math

import msgspec
import pytest

from apps.payload.forecast import MAX_STEPS, NANOSECONDS, Averages, Sample, look_ahead
from apps.payload.orbit import GRAVITATION_KM3_S2, OrbitState
from apps.payload.tables import ForecastRules
from flightsw.geometry.earth import EARTH_RADIUS_KM
from flightsw.geometry.vectors import Vector

RULES = ForecastRules(
    array_w=40.0,
    sunlit_load_w=18.0,
    eclipse_load_w=20.0,
    sink_c=15.0,
    average_s=100,
    trust_below=0.93,
    step_s=60,
    renew_s=60,
)
RADIUS_KM = 6878.137
PERIOD_S = 2.0 * math.pi * math.sqrt(RADIUS_KM**3 / GRAVITATION_KM3_S2)
SHADOW_S = PERIOD_S * math.asin(EARTH_RADIUS_KM / RADIUS_KM) / math.pi
"""Time in the cylinder of a circular orbit that crosses its axis."""


def orbit_at(angle_rad: float, sun: Vector = (1.0, 0.0, 0.0), at_ns: int = 0) -> OrbitState:
    """A circular orbit in the x-y plane, ``angle_rad`` behind noon."""
    speed = math.sqrt(GRAVITATION_KM3_S2 / RADIUS_KM)
    c, s = math.cos(angle_rad), math.sin(angle_rad)
    return OrbitState(at_ns, (RADIUS_KM * c, RADIUS_KM * s, 0.0), (-speed * s, speed * c, 0.0), sun)


def test_an_orbit_through_the_shadow_is_dark_as_long_as_geometry_says() -> None:
    """From noon: light, one eclipse around midnight that is never too short and at most two steps too long, light."""
    forecast = look_ahead(0, orbit_at(0.0), Averages.expected(RULES), RULES)
    assert forecast is not None
    assert len(forecast.sunlit) == math.ceil(PERIOD_S / 60.0)
    dark = [index for index, lit in enumerate(forecast.sunlit) if not lit]
    assert dark == list(range(dark[0], dark[-1] + 1))
    begin, end = (PERIOD_S - SHADOW_S) / 2.0, (PERIOD_S + SHADOW_S) / 2.0
    assert dark[0] * 60.0 <= begin < (dark[0] + 1) * 60.0
    assert dark[-1] * 60.0 < end <= (dark[-1] + 1) * 60.0


def test_array_and_load_follow_the_light() -> None:
    """Sunlit steps have the array's average and the sunlit load, dark ones no array and the eclipse load."""
    forecast = look_ahead(0, orbit_at(0.0), Averages(50.0, 11.0, 13.0, 21.0), RULES)
    assert forecast is not None
    found = set(zip(forecast.sunlit, forecast.array_w, forecast.load_w, strict=True))
    assert found == {(True, 50.0, 11.0), (False, 0.0, 13.0)}
    assert forecast.sink_c == 21.0


def test_an_orbit_over_the_terminator_is_never_dark() -> None:
    """With the Sun over the pole of the orbit there is no eclipse."""
    forecast = look_ahead(0, orbit_at(0.0, sun=(0.0, 0.0, 1.0)), Averages.expected(RULES), RULES)
    assert forecast is not None
    assert all(forecast.sunlit)


def test_an_old_state_is_carried_forward() -> None:
    """A state of a quarter orbit ago gives the forecast of a quarter orbit later."""
    quarter_ns = round(PERIOD_S / 4.0 * NANOSECONDS)
    old = look_ahead(quarter_ns, orbit_at(0.0), Averages.expected(RULES), RULES)
    new = look_ahead(quarter_ns, orbit_at(math.pi / 2.0, at_ns=quarter_ns), Averages.expected(RULES), RULES)
    assert old is not None
    assert new is not None
    assert (old.sunlit, old.start_ns, old.orbit_ns) == (new.sunlit, quarter_ns, 0)


def test_no_orbit_no_forecast() -> None:
    """A state that is no orbit gives None, and a very high one is cut at the bound."""
    broken = msgspec.structs.replace(orbit_at(0.0), position_km=(math.nan, 0.0, 0.0))
    assert look_ahead(0, broken, Averages.expected(RULES), RULES) is None
    high = OrbitState(0, (80_000.0, 0.0, 0.0), (0.0, math.sqrt(GRAVITATION_KM3_S2 / 80_000.0), 0.0), (1.0, 0.0, 0.0))
    found = look_ahead(0, high, Averages.expected(RULES), RULES)
    assert found is not None
    assert len(found.sunlit) == MAX_STEPS


def sample(**changes: object) -> Sample:
    """A sample in sunlight with some values changed."""
    base = Sample(sunlit=True, array_w=60.0, platform_w=10.0, sink_c=25.0, state_of_charge=0.8)
    return msgspec.structs.replace(base, **changes)


def test_averages_move_with_their_time_constant() -> None:
    """One time constant of a steady value closes 63 % of the distance, in one step or in many."""
    coarse, fine = Averages.expected(RULES), Averages.expected(RULES)
    coarse.learn(sample(), 100.0, RULES)
    for _ in range(100):
        fine.learn(sample(), 1.0, RULES)
    share = 1.0 - math.exp(-1.0)
    assert coarse.array_w == pytest.approx(40.0 + share * 20.0)
    assert coarse.sunlit_load_w == pytest.approx(18.0 - share * 8.0)
    assert coarse.sink_c == pytest.approx(15.0 + share * 10.0)
    assert msgspec.structs.astuple(fine) == pytest.approx(msgspec.structs.astuple(coarse))


def test_each_half_of_the_orbit_has_its_own_load() -> None:
    """In eclipse only the eclipse load is learned, in sunlight only the sunlit one."""
    averages = Averages.expected(RULES)
    averages.learn(sample(sunlit=False, array_w=0.0), 100.0, RULES)
    assert (averages.array_w, averages.sunlit_load_w) == (40.0, 18.0)
    assert averages.eclipse_load_w < 20.0


def test_a_full_battery_tells_nothing_about_the_array() -> None:
    """Above the trusted state of charge the drawn power is not learned, nor when the charge is not a number."""
    averages = Averages.expected(RULES)
    averages.learn(sample(state_of_charge=0.93), 100.0, RULES)
    averages.learn(sample(state_of_charge=math.nan), 100.0, RULES)
    assert averages.array_w == 40.0


def test_what_cannot_be_measured_is_not_learned() -> None:
    """NaN and infinity are left out, powers below 0 count as 0."""
    averages = Averages.expected(RULES)
    averages.learn(sample(array_w=math.nan, platform_w=math.inf, sink_c=math.nan), 100.0, RULES)
    assert msgspec.structs.astuple(averages) == msgspec.structs.astuple(Averages.expected(RULES))
    averages.learn(sample(array_w=-50.0, platform_w=-50.0), 1e9, RULES)
    assert (averages.array_w, averages.sunlit_load_w) == (0.0, 0.0)
