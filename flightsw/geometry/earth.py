"""The figure of the Earth: geodetic coordinates on WGS-84, how high a spacecraft stands, where the shadow is."""

import math

import msgspec

from flightsw.geometry.vectors import Vector, dot, norm, scale, subtract

EARTH_RADIUS_KM = 6378.137
"""Semi-major axis of WGS-84 [km]."""

FLATTENING = 1.0 / 298.257223563
"""Flattening of WGS-84."""

_E2 = FLATTENING * (2.0 - FLATTENING)
_POLAR_RADIUS_KM = EARTH_RADIUS_KM * (1.0 - FLATTENING)
_EP2 = _E2 / (1.0 - _E2)


class Geodetic(msgspec.Struct, frozen=True):
    """A place relative to the WGS-84 ellipsoid.

    Attributes:
        latitude_rad: geodetic latitude, -pi/2 to pi/2, north positive.
        longitude_rad: -pi to pi, east positive.
        altitude_km: height above the ellipsoid.
    """

    latitude_rad: float
    longitude_rad: float
    altitude_km: float


def to_geodetic(position_km: Vector) -> Geodetic:
    """Geodetic coordinates of an Earth-fixed position [km].

    Bowring's formula (Survey Review 23 (1976), 323), one iteration: below 1e-9 rad and 1 mm in low orbit.
    """
    x, y, z = position_km
    p = math.sqrt(x * x + y * y)
    reduced = math.atan2(z * EARTH_RADIUS_KM, p * _POLAR_RADIUS_KM)
    c, s = math.cos(reduced), math.sin(reduced)
    latitude = math.atan2(z + _EP2 * _POLAR_RADIUS_KM * s * s * s, p - _E2 * EARTH_RADIUS_KM * c * c * c)
    c, s = math.cos(latitude), math.sin(latitude)
    # The altitude along the ellipsoid's normal, in the form that stays exact at the poles.
    altitude = p * c + z * s - EARTH_RADIUS_KM * math.sqrt(1.0 - _E2 * s * s)
    return Geodetic(latitude, math.atan2(y, x), altitude)


def from_geodetic(place: Geodetic) -> Vector:
    """Earth-fixed position [km] of a geodetic place."""
    c, s = math.cos(place.latitude_rad), math.sin(place.latitude_rad)
    n = EARTH_RADIUS_KM / math.sqrt(1.0 - _E2 * s * s)
    p = (n + place.altitude_km) * c
    return (
        p * math.cos(place.longitude_rad),
        p * math.sin(place.longitude_rad),
        (n * (1.0 - _E2) + place.altitude_km) * s,
    )


def elevation_deg(place: Geodetic, position_km: Vector) -> float:
    """Elevation of an Earth-fixed position above the horizon of a place [deg]; negative below it."""
    line = subtract(position_km, from_geodetic(place))
    return math.degrees(math.asin(max(-1.0, min(1.0, dot(line, vertical(place)) / norm(line)))))


def vertical(place: Geodetic) -> Vector:
    """Unit vector of the ellipsoid's normal at a place, Earth-fixed."""
    c = math.cos(place.latitude_rad)
    return (
        c * math.cos(place.longitude_rad),
        c * math.sin(place.longitude_rad),
        math.sin(place.latitude_rad),
    )


def rotate_z(vector: Vector, angle_rad: float) -> Vector:
    """``vector`` turned by an angle about the Earth's axis, east positive."""
    x, y, z = vector
    c, s = math.cos(angle_rad), math.sin(angle_rad)
    return (c * x - s * y, s * x + c * y, z)


def in_shadow(position_km: Vector, sun: Vector) -> bool:
    """Whether the Earth's cylindrical shadow covers an inertial position; ``sun`` is a unit vector, same axes."""
    along = dot(position_km, sun)
    if along >= 0.0:
        return False
    across = subtract(position_km, scale(sun, along))
    return norm(across) < EARTH_RADIUS_KM
