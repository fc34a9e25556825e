from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.camera.track import EARTH_MU_KM3_S2, Track
from flightsw.geometry.vectors import Vector, add, cross, norm, scale, subtract

MODEST = settings(max_examples=60, deadline=None)


def orbit(eccentricity: float, anomaly: float, seed: int) -> tuple[Vector, Vector]:
    """A state on an ellipse of 6900 km semi-major axis in some plane."""
    stream = random.Random(seed)
    draw = (stream.gauss(0, 1), stream.gauss(0, 1), stream.gauss(0, 1))
    x = scale(draw, 1.0 / norm(draw))
    other = cross(x, (stream.gauss(0, 1), stream.gauss(0, 1), stream.gauss(0, 1)))
    y = scale(other, 1.0 / norm(other))
    parameter = 6900.0 * (1 - eccentricity**2)
    radius, speed = parameter / (1 + eccentricity * math.cos(anomaly)), math.sqrt(EARTH_MU_KM3_S2 / parameter)
    position = add(scale(x, radius * math.cos(anomaly)), scale(y, radius * math.sin(anomaly)))
    velocity = add(scale(x, -speed * math.sin(anomaly)), scale(y, speed * (eccentricity + math.cos(anomaly))))
    return position, velocity


def kepler(mean_anomaly: float, e: float) -> float:
    """True anomaly by Kepler's equation, exactly."""
    eccentric = mean_anomaly
    for _ in range(50):
        eccentric = mean_anomaly + e * math.sin(eccentric)
    return 2.0 * math.atan2(math.sqrt(1 + e) * math.sin(eccentric / 2), math.sqrt(1 - e) * math.cos(eccentric / 2))


STATES = {
    "eccentricity": st.floats(0.0, 0.02),
    "anomaly": st.floats(-3.1, 3.1),
    "seed": st.integers(0, 20),
}


@MODEST
@given(**STATES)
def test_now(eccentricity: float, anomaly: float, seed: int) -> None:
    """The track begins at the state it was made of."""
    position, velocity = orbit(eccentricity, anomaly, seed)
    there, speed = Track.of(position, velocity).at(0.0)
    assert norm(subtract(there, position)) < 0.2
    assert norm(subtract(speed, velocity)) < 2e-4


@MODEST
@given(seconds=st.floats(-1000, 3000), **STATES)
def test_later(eccentricity: float, anomaly: float, seed: int, seconds: float) -> None:
    """For orbits up to an eccentricity of 0.02 the track follows Kepler's ellipse to half a kilometre."""
    track = Track.of(*orbit(eccentricity, anomaly, seed))
    eccentric = 2.0 * math.atan2(
        math.sqrt(1 - eccentricity) * math.sin(anomaly / 2), math.sqrt(1 + eccentricity) * math.cos(anomaly / 2)
    )
    start = eccentric - eccentricity * math.sin(eccentric)
    later = kepler(start + math.sqrt(EARTH_MU_KM3_S2 / 6900.0**3) * seconds, eccentricity)
    expected, _ = orbit(eccentricity, later, seed)
    assert norm(subtract(track.at(seconds)[0], expected)) < 0.5


@MODEST
@given(angle_rad=st.floats(-1.0, 2.0), **STATES)
def test_time_to_an_angle(eccentricity: float, anomaly: float, seed: int, angle_rad: float) -> None:
    """At the time that it takes to go on by an angle the spacecraft stands at that angle."""
    track = Track.of(*orbit(eccentricity, anomaly, seed))
    there, _ = track.at(track.seconds_to(angle_rad))
    around = math.atan2(
        there[0] * track.along[0] + there[1] * track.along[1] + there[2] * track.along[2],
        there[0] * track.up[0] + there[1] * track.up[1] + there[2] * track.up[2],
    )
    assert math.remainder(around - angle_rad, math.tau) == pytest.approx(0.0, abs=1e-4)


@MODEST
@given(**STATES)
def test_extremes(eccentricity: float, anomaly: float, seed: int) -> None:
    """Nowhere on the orbit is the spacecraft higher, or its angle faster, than told."""
    track = Track.of(*orbit(eccentricity, anomaly, seed))
    for seconds in range(0, 6000, 200):
        position, velocity = track.at(seconds)
        assert norm(position) <= track.highest * (1 + 1e-6)
        assert norm(cross(position, velocity)) / norm(position) ** 2 <= track.fastest * (1 + 1e-6)
