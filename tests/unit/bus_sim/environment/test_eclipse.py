import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus_sim.environment.eclipse import illumination
from bus_sim.environment.epoch import NS_PER_S, Epoch
from bus_sim.environment.sample import Environment
from bus_sim.environment.sun import ASTRONOMICAL_UNIT_KM, SUN_RADIUS_KM
from bus_sim.parameters import SpacecraftParameters
from flightsw.geometry.earth import EARTH_RADIUS_KM

SUN = (1.0, 0.0, 0.0)
RADIUS_KM = EARTH_RADIUS_KM + 500.0


def behind(angle_rad: float, radius_km: float = RADIUS_KM) -> tuple[float, float, float]:
    """A place at an angle from the axis of the shadow."""
    return (-radius_km * math.cos(angle_rad), radius_km * math.sin(angle_rad), 0.0)


def test_day_and_umbra() -> None:
    """Full light on the day side, none in the middle of the shadow."""
    assert illumination((RADIUS_KM, 0.0, 0.0), SUN, 1.0) == 1.0
    assert illumination((0.0, RADIUS_KM, 0.0), SUN, 1.0) == 1.0
    assert illumination(behind(0.0), SUN, 1.0) == 0.0


def test_half_the_disc_at_the_geometric_limb() -> None:
    """With the Sun's centre on the Earth's limb about half of it is visible."""
    limb = math.asin(EARTH_RADIUS_KM / RADIUS_KM)
    assert illumination(behind(limb), SUN, 1.0) == pytest.approx(0.5, abs=0.01)


def test_the_penumbra_is_as_wide_as_the_sun() -> None:
    """Light begins and is complete one apparent radius of the Sun before and after the limb."""
    limb = math.asin(EARTH_RADIUS_KM / RADIUS_KM)
    sun = math.asin(SUN_RADIUS_KM / (ASTRONOMICAL_UNIT_KM + RADIUS_KM * math.cos(limb)))
    assert illumination(behind(limb - 1.001 * sun), SUN, 1.0) == 0.0
    assert 0.0 < illumination(behind(limb - 0.99 * sun), SUN, 1.0) < 0.01
    assert 0.99 < illumination(behind(limb + 0.99 * sun), SUN, 1.0) < 1.0
    assert illumination(behind(limb + 1.001 * sun), SUN, 1.0) == 1.0


@settings(max_examples=60, deadline=None)
@given(st.floats(0.0, math.pi), st.floats(6600.0, 45000.0))
def test_light_never_falls_on_the_way_out(angle: float, radius_km: float) -> None:
    """Further from the axis of the shadow there is never less light, and never a jump."""
    inner, outer = (
        illumination(behind(angle, radius_km), SUN, 1.0),
        illumination(behind(angle + 1e-6, radius_km), SUN, 1.0),
    )
    assert 0.0 <= inner <= 1.0
    assert -1e-9 <= outer - inner < 1e-3


def test_continuous_along_the_orbit(parameters: SpacecraftParameters) -> None:
    """Over an orbit the light changes by less than 15 % in a second, and one eclipse lasts 30 to 37 minutes."""
    environment = Environment(Epoch(parameters.start_utc), parameters.orbit, ())
    light = [environment.at(second * NS_PER_S).illumination for second in range(5680)]
    steps = [abs(b - a) for a, b in pairwise(light)]
    assert max(steps) < 0.15
    assert 30.0 < sum(1 for value in light if value < 0.5) / 60.0 < 37.0
    edges = sum(1 for a, b in pairwise(light) if (a < 0.5) != (b < 0.5))
    assert edges == 2
