"""The turning Earth: between TEME and Earth-fixed axes, and where a line of sight meets the ground.

Polar motion (below 15 m on the ground) is neglected: Earth-fixed here is the pseudo-Earth-fixed frame.
"""

import math

from flightsw.geometry.earth import EARTH_RADIUS_KM, FLATTENING
from flightsw.geometry.vectors import Vector

EARTH_RATE_RAD_S = 7.292115146706979e-5
"""Rotation rate of the Earth [rad/s] (Vallado, "Fundamentals of Astrodynamics and Applications")."""

_TWO_PI = 2.0 * math.pi
_SECONDS_TO_RAD = _TWO_PI / 86_400.0


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


def line_of_sight(position_km: Vector, direction: Vector) -> Vector | None:
    """Where a ray meets the ellipsoid's surface [km, Earth-fixed], or None if it passes by.

    Args:
        position_km: start of the ray, outside the ellipsoid, Earth-fixed.
        direction: where it goes, any length, Earth-fixed.
    """
    ratio = 1.0 / (1.0 - FLATTENING)
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
