from __future__ import annotations

import pytest

from apps.attitude.orbit import EARTH_MU_KM3_S2, OrbitState
from bus_sim.environment.epoch import NS_PER_S, Epoch
from bus_sim.environment.orbit import Orbit
from bus_sim.parameters import load_parameters
from flightsw.geometry.vectors import Vector, norm, scale, subtract

LOW = OrbitState((4000.0, -5000.0, 2500.0), (3.0, 4.5, 5.2))


def two_body(start: OrbitState, seconds: float, steps: int) -> OrbitState:
    """The same by Runge-Kutta's fourth order, in small steps."""

    def slope(state: tuple[Vector, Vector]) -> tuple[Vector, Vector]:
        position, velocity = state
        return velocity, scale(position, -EARTH_MU_KM3_S2 / norm(position) ** 3)

    def moved(state: tuple[Vector, Vector], by: tuple[Vector, Vector], h: float) -> tuple[Vector, Vector]:
        return tuple(tuple(a + h * b for a, b in zip(v, d, strict=True)) for v, d in zip(state, by, strict=True))  # type: ignore[return-value]

    state, h = (start.position, start.velocity), seconds / steps
    for _ in range(steps):
        k1 = slope(state)
        k2 = slope(moved(state, k1, h / 2))
        k3 = slope(moved(state, k2, h / 2))
        k4 = slope(moved(state, k3, h))
        for k, weight in ((k1, h / 6), (k2, h / 3), (k3, h / 3), (k4, h / 6)):
            state = moved(state, k, weight)
    return OrbitState(*state)


def test_ten_seconds() -> None:
    """After ten seconds in one step the state is right to a metre."""
    after, exact = LOW.after(10.0), two_body(LOW, 10.0, 100)
    assert norm(subtract(after.position, exact.position)) < 0.001
    assert norm(subtract(after.velocity, exact.velocity)) < 0.001


def test_many_steps() -> None:
    """Second by second the two-body orbit is kept to a metre for two minutes, forwards and backwards."""
    for step in (1.0, -1.0):
        state = LOW
        for _ in range(120):
            state = state.after(step)
        assert norm(subtract(state.position, two_body(LOW, 120.0 * step, 200).position)) < 0.001


@pytest.mark.parametrize(("seconds", "most_m"), [(30, 12.0), (120, 200.0)])
def test_against_the_real_orbit(seconds: int, most_m: float) -> None:
    """Against an orbit with all its perturbations the drift stays within what is documented."""
    parameters = load_parameters()
    orbit = Orbit(parameters.orbit, Epoch(parameters.start_utc))
    for start_s in range(0, 6000, 500):
        state = OrbitState(*orbit.at(start_s * NS_PER_S))
        for _ in range(seconds):
            state = state.after(1.0)
        there, _ = orbit.at((start_s + seconds) * NS_PER_S)
        assert norm(subtract(state.position, there)) * 1000.0 < most_m


@pytest.mark.parametrize(
    ("position", "velocity", "credible"),
    [
        ((0.0, 0.0, 0.0), (0.0, 7.5, 0.0), False),
        ((6399.0, 0.0, 0.0), (0.0, 7.9, 0.0), False),
        ((6878.0, 0.0, 0.0), (0.0, 7.6, 0.0), True),
        ((42_164.0, 0.0, 0.0), (0.0, 3.07, 0.0), True),
        ((50_001.0, 0.0, 0.0), (0.0, 2.8, 0.0), False),
        ((6878.0, 0.0, 0.0), (0.0, 10.8, 0.0), False),
        ((6878.0, 0.0, 0.0), (0.0, 7.0, 0.0), False),
        ((6878.0, 0.0, 0.0), (7.6, 0.0, 0.0), False),
        ((6878.0, 0.0, 0.0), (0.0, 0.0, 0.0), False),
    ],
)
def test_credible_states(position: Vector, velocity: Vector, *, credible: bool) -> None:
    """A state within the Earth, far from it, or that falls down or away is none that a spacecraft here can have."""
    assert OrbitState(position, velocity).is_credible is credible
