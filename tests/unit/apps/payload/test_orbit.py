"""The two-body problem against its own laws and against an integration by small steps."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.payload.orbit import GRAVITATION_KM3_S2, Ellipse, OrbitState
from flightsw.geometry.vectors import Vector, norm, subtract

RADIUS_KM = 6878.137
CIRCULAR_KM_S = math.sqrt(GRAVITATION_KM3_S2 / RADIUS_KM)
SUN = (1.0, 0.0, 0.0)


def state(position: Vector, velocity: Vector) -> OrbitState:
    """A state at time 0."""
    return OrbitState(0, position, velocity, SUN)


def integrated(position: Vector, velocity: Vector, seconds: int) -> Vector:
    """Position after whole seconds by leap-frog steps of 0.25 s, good to some metres."""
    step = 0.25
    (x, y, z), (u, v, w) = position, velocity

    def pull(x: float, y: float, z: float) -> Vector:
        factor = -GRAVITATION_KM3_S2 / (x * x + y * y + z * z) ** 1.5
        return factor * x, factor * y, factor * z

    a, b, c = pull(x, y, z)
    for _ in range(round(seconds / step)):
        u, v, w = u + 0.5 * step * a, v + 0.5 * step * b, w + 0.5 * step * c
        x, y, z = x + step * u, y + step * v, z + step * w
        a, b, c = pull(x, y, z)
        u, v, w = u + 0.5 * step * a, v + 0.5 * step * b, w + 0.5 * step * c
    return x, y, z


def test_a_circle_is_a_circle() -> None:
    """A quarter of the period later a circular orbit stands at a right angle, at the same radius."""
    ellipse = Ellipse(state((RADIUS_KM, 0.0, 0.0), (0.0, CIRCULAR_KM_S, 0.0)))
    assert ellipse.period_s == pytest.approx(2.0 * math.pi * RADIUS_KM / CIRCULAR_KM_S, rel=1e-12)
    assert ellipse.position_after(0.0) == (RADIUS_KM, 0.0, 0.0)
    assert ellipse.position_after(ellipse.period_s / 4.0) == pytest.approx((0.0, RADIUS_KM, 0.0), abs=1e-5)
    assert ellipse.position_after(ellipse.period_s) == pytest.approx((RADIUS_KM, 0.0, 0.0), abs=1e-5)


@pytest.mark.parametrize("seconds", [600, 2900, 5700, -600])
def test_an_ellipse_agrees_with_small_steps(seconds: int) -> None:
    """Position of an eccentric, inclined orbit within 20 m of a numerical integration, forwards and backwards."""
    position, velocity = (5000.0, 4000.0, 3000.0), (-4.9, 3.6, 5.2)
    found = Ellipse(state(position, velocity)).position_after(seconds)
    if seconds > 0:
        expected = integrated(position, velocity, seconds)
    else:
        u, v, w = velocity
        expected = integrated(position, (-u, -v, -w), -seconds)
    assert norm(subtract(found, expected)) < 0.02


@settings(deadline=None, max_examples=50)
@given(
    radius=st.floats(6500, 9000),
    speed=st.floats(0.98, 1.2),
    climb=st.floats(-0.5, 0.5),
    seconds=st.floats(-6000, 12_000),
)
def test_the_plane_and_the_period_are_kept(radius: float, speed: float, climb: float, seconds: float) -> None:
    """Positions stay in the plane of the orbit and come back after a period."""
    circular = math.sqrt(GRAVITATION_KM3_S2 / radius)
    ellipse = Ellipse(state((radius, 0.0, 0.0), (climb, 0.0, speed * circular)))
    x, y, z = ellipse.position_after(seconds)
    assert y == 0.0
    assert ellipse.position_after(seconds + ellipse.period_s) == pytest.approx((x, y, z), abs=1e-3)


@pytest.mark.parametrize(
    ("position", "velocity", "reason"),
    [
        ((1.0, 2.0, 3.0), (0.0, 7.6, 0.0), "not above the ground"),
        ((math.nan, 0.0, 0.0), (0.0, 7.6, 0.0), "not above the ground"),
        ((7000.0, 0.0, 0.0), (0.0, 11.0, 0.0), "no orbit that is flown"),
        ((7000.0, 0.0, 0.0), (0.0, math.nan, 0.0), "no orbit that is flown"),
        ((7000.0, 0.0, 0.0), (0.0, 1.0, 0.0), "no orbit that is flown"),
    ],
)
def test_what_is_no_orbit_is_refused(position: Vector, velocity: Vector, reason: str) -> None:
    """A state under the ground, on the way out, falling or not a number raises, and says which."""
    with pytest.raises(ValueError, match=reason):
        Ellipse(state(position, velocity))
