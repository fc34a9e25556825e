"""The turning Earth: between TEME and Earth-fixed axes, and geodetic coordinates on the WGS-84 ellipsoid.

Polar motion (below 15 m on the ground) is neglected: Earth-fixed here is the pseudo-Earth-fixed frame.
"""

import math

import msgspec

from bus_sim.vectors import Vector

EARTH_RADIUS_KM = 6378.137
"""Semi-major axis of WGS-84 [km]."""

FLATTENING = 1.0 / 298.257223563
"""Flattening of WGS-84."""

EARTH_RATE_RAD_S = 7.292115146706979e-5
"""Rotation rate of the Earth [rad/s] (Vallado, "Fundamentals of Astrodynamics and Applications")."""

_TWO_PI = 2.0 * math.pi
_SECONDS_TO_RAD = _TWO_PI / 86_400.0
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


def gmst82(days_since_j2000: float) -> float:
    """Greenwich mean sidereal time [rad], 0 to 2 pi, of the IAU 1982 model.

    ``days_since_j2000`` is UT1 in days. Source: Aoki et al., Astron. Astrophys. 105 (1982), 359.
    """
    t = days_since_j2000 / 36_525.0
    seconds = 24_110.54841 - 43_200.0 + (8_640_184.812866 + (0.093104 - 6.2e-6 * t) * t) * t
    return (seconds * _SECONDS_TO_RAD + (days_since_j2000 % 1.0) * _TWO_PI) % _TWO_PI


def rotate_z(vector: Vector, cos_angle: float, sin_angle: float) -> Vector:
    """Components of ``vector`` in axes turned by an angle about z."""
    x, y, z = vector
    return (cos_angle * x + sin_angle * y, cos_angle * y - sin_angle * x, z)


def earth_fixed(position: Vector, velocity: Vector, gmst_rad: float) -> tuple[Vector, Vector]:
    """TEME position [km] and velocity [km/s] as seen on the turning Earth, same units."""
    c, s = math.cos(gmst_rad), math.sin(gmst_rad)
    x, y, z = rotate_z(position, c, s)
    vx, vy, vz = rotate_z(velocity, c, s)
    return (x, y, z), (vx + EARTH_RATE_RAD_S * y, vy - EARTH_RATE_RAD_S * x, vz)


def inertial(position: Vector, velocity: Vector, gmst_rad: float) -> tuple[Vector, Vector]:
    """Earth-fixed position [km] and velocity [km/s] back in TEME: the inverse of `earth_fixed`."""
    c, s = math.cos(gmst_rad), -math.sin(gmst_rad)
    x, y, _ = position
    turned = (velocity[0] - EARTH_RATE_RAD_S * y, velocity[1] + EARTH_RATE_RAD_S * x, velocity[2])
    return rotate_z(position, c, s), rotate_z(turned, c, s)


def to_geodetic(position_km: Vector) -> Geodetic:
    """Geodetic coordinates of an Earth-fixed position [km].

    Bowring's formula (Survey Review 23 (1976), 323), one iteration: in low orbit within 2e-9 rad of latitude and 1 mm
    of altitude.
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


def line_of_sight(position_km: Vector, direction: Vector) -> Vector | None:
    """Where a ray meets the ellipsoid's surface [km, Earth-fixed], or None if it passes by.

    Args:
        position_km: start of the ray, outside the ellipsoid, Earth-fixed.
        direction: where it goes, any length, Earth-fixed.
    """
    ratio = EARTH_RADIUS_KM / _POLAR_RADIUS_KM
    px, py, pz = position_km[0], position_km[1], position_km[2] * ratio
    dx, dy, dz = direction[0], direction[1], direction[2] * ratio
    a = dx * dx + dy * dy + dz * dz
    b = px * dx + py * dy + pz * dz
    c = px * px + py * py + pz * pz - EARTH_RADIUS_KM * EARTH_RADIUS_KM
    discriminant = b * b - a * c
    if discriminant < 0.0 or b >= 0.0:
        return None
    t = (-b - math.sqrt(discriminant)) / a
    return (position_km[0] + t * direction[0], position_km[1] + t * direction[1], position_km[2] + t * direction[2])
