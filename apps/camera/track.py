"""The orbit of the next quarter of an hour: the ellipse through a state. Pure."""

from __future__ import annotations

import math

import msgspec

from flightsw.geometry.vectors import Vector, add, cross, dot, norm, scale, unit

EARTH_MU_KM3_S2 = 398_600.4418
"""Gravitational parameter of the Earth [km^3/s^2] (EGM-96)."""


class Track(msgspec.Struct, frozen=True):
    """An orbit of small eccentricity, worked out once for all targets; angles are counted from where it is now.

    Position and time are series in the eccentricity up to its square (Battin, "An Introduction to the Mathematics and
    Methods of Astrodynamics" (1999), section 5.3); oblateness is left out.

    Attributes:
        up: unit vector from the Earth's centre to the spacecraft.
        along: unit vector of the flight direction, across ``up``.
        normal: unit vector of the orbit's angular momentum.
        momentum: angular momentum [km2/s].
        axis: semi-major axis [km].
        eccentricity: of the orbit.
        anomaly: true anomaly now [rad].
        mean_anomaly: the same as a measure of time [rad].
        mean_motion: mean angular rate [rad/s].
    """

    up: Vector
    along: Vector
    normal: Vector
    momentum: float
    axis: float
    eccentricity: float
    anomaly: float
    mean_anomaly: float
    mean_motion: float

    @classmethod
    def of(cls, position: Vector, velocity: Vector) -> Track:
        """The orbit through an inertial position [km] and velocity [km/s]."""
        up, momentum = unit(position), cross(position, velocity)
        normal = unit(momentum)
        along, h, radius = cross(normal, up), norm(momentum), norm(position)
        axis = 1.0 / (2.0 / radius - dot(velocity, velocity) / EARTH_MU_KM3_S2)
        towards_perigee = h * h / (EARTH_MU_KM3_S2 * radius) - 1.0
        rising = dot(velocity, up) * h / EARTH_MU_KM3_S2
        eccentricity, anomaly = math.hypot(towards_perigee, rising), math.atan2(rising, towards_perigee)
        mean_anomaly = _mean(anomaly, eccentricity)
        mean_motion = math.sqrt(EARTH_MU_KM3_S2 / (axis * axis * axis))
        return cls(up, along, normal, h, axis, eccentricity, anomaly, mean_anomaly, mean_motion)

    @property
    def highest(self) -> float:
        """Distance of the apogee from the Earth's centre [km]."""
        return self.axis * (1.0 + self.eccentricity)

    @property
    def fastest(self) -> float:
        """Angular rate at the perigee [rad/s]."""
        lowest = self.axis * (1.0 - self.eccentricity)
        return self.momentum / (lowest * lowest)

    def seconds_to(self, angle_rad: float) -> float:
        """Time until the spacecraft has gone on by an angle, negative for one behind it [rad]."""
        return (_mean(self.anomaly + angle_rad, self.eccentricity) - self.mean_anomaly) / self.mean_motion

    def at(self, seconds: float) -> tuple[Vector, Vector]:
        """Inertial position [km] and velocity [km/s] some time from now."""
        anomaly = _true(self.mean_anomaly + self.mean_motion * seconds, self.eccentricity)
        around = anomaly - self.anomaly
        radius = self.momentum * self.momentum / (EARTH_MU_KM3_S2 * (1.0 + self.eccentricity * math.cos(anomaly)))
        climb = EARTH_MU_KM3_S2 / self.momentum * self.eccentricity * math.sin(anomaly)
        c, s = math.cos(around), math.sin(around)
        up = add(scale(self.up, c), scale(self.along, s))
        along = add(scale(self.along, c), scale(self.up, -s))
        return scale(up, radius), add(scale(up, climb), scale(along, self.momentum / radius))


def _mean(anomaly: float, e: float) -> float:
    """Mean anomaly of a true one."""
    return anomaly - 2.0 * e * math.sin(anomaly) + 0.75 * e * e * math.sin(2.0 * anomaly)


def _true(mean_anomaly: float, e: float) -> float:
    """True anomaly of a mean one."""
    return mean_anomaly + 2.0 * e * math.sin(mean_anomaly) + 1.25 * e * e * math.sin(2.0 * mean_anomaly)
