"""Where the spacecraft will be within the next orbit or two: the two-body problem, good to a few seconds of eclipse."""

from __future__ import annotations

import math

import msgspec

from flightsw.geometry.earth import EARTH_RADIUS_KM
from flightsw.geometry.vectors import Vector, add, dot, norm, scale

GRAVITATION_KM3_S2 = 398_600.4418
"""Earth's gravitational parameter (WGS-84, EGM96)."""

MAX_ITERATIONS = 8
"""Newton's method settles in three to five for the orbits of spacecraft that fly here."""

_SETTLED_RAD = 1e-10
_LARGEST_ECCENTRICITY = 0.9


class OrbitState(msgspec.Struct, frozen=True):
    """Where the spacecraft is, inertial axes.

    Attributes:
        at_ns: vehicle time of this state.
        position_km: from the Earth's centre.
        velocity_km_s: inertial.
        sun: unit vector to the Sun.
    """

    at_ns: int
    position_km: Vector
    velocity_km_s: Vector
    sun: Vector


class Ellipse:
    """The orbit through a state, for positions at other times.

    Source: Battin, "An Introduction to the Mathematics and Methods of Astrodynamics" (1999), section 4.3: Lagrange
    coefficients by the difference of eccentric anomalies, without singularity for a circle.

    Raises:
        ValueError: the state is no ellipse above the ground, or not a number.
    """

    def __init__(self, state: OrbitState) -> None:
        self._position, self._velocity = state.position_km, state.velocity_km_s
        self._radius = norm(self._position)
        if not self._radius > EARTH_RADIUS_KM:
            raise ValueError(f"a position {self._radius} km from the Earth's centre is not above the ground")
        energy = 2.0 / self._radius - dot(self._velocity, self._velocity) / GRAVITATION_KM3_S2
        axis = 1.0 / energy if energy > 0.0 else math.inf
        eccentricity = abs(1.0 - self._radius / axis)
        if not eccentricity < _LARGEST_ECCENTRICITY:
            raise ValueError(f"semi-major axis {axis} km at a radius of {self._radius} km is no orbit that is flown")
        self._axis = axis
        self._sigma = dot(self._position, self._velocity) / math.sqrt(GRAVITATION_KM3_S2)
        self._mean_motion = math.sqrt(GRAVITATION_KM3_S2 / (axis * axis * axis))

    @property
    def period_s(self) -> float:
        """Time of one revolution."""
        return 2.0 * math.pi / self._mean_motion

    def position_after(self, seconds: float) -> Vector:
        """Inertial position [km] ``seconds`` after the state, or before it."""
        axis, radius, sigma = self._axis, self._radius, self._sigma
        mean = self._mean_motion * seconds
        root = math.sqrt(axis)
        flat, slope = 1.0 - radius / axis, sigma / root
        anomaly = mean
        for _ in range(MAX_ITERATIONS):
            sine, cosine = math.sin(anomaly), math.cos(anomaly)
            error = anomaly - flat * sine + slope * (1.0 - cosine) - mean
            correction = error / (1.0 - flat * cosine + slope * sine)
            anomaly -= correction
            if abs(correction) < _SETTLED_RAD:
                break
        sine, cosine = math.sin(anomaly), math.cos(anomaly)
        f = 1.0 - axis / radius * (1.0 - cosine)
        g = (axis * sigma * (1.0 - cosine) + radius * root * sine) / math.sqrt(GRAVITATION_KM3_S2)
        return add(scale(self._position, f), scale(self._velocity, g))
