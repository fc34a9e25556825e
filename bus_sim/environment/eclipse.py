"""How much of the Sun the Earth leaves visible: conical shadow with penumbra."""

import math

from bus_sim.environment.sun import ASTRONOMICAL_UNIT_KM, SUN_RADIUS_KM
from flightsw.geometry.earth import EARTH_RADIUS_KM
from flightsw.geometry.vectors import Vector


def illumination(position_km: Vector, sun_direction: Vector, sun_distance_au: float) -> float:
    """Visible fraction of the Sun's disc, 0 (umbra) to 1 (full sunlight), continuous through the penumbra.

    Args:
        position_km: spacecraft from the Earth's centre, any frame.
        sun_direction: unit vector from the Earth to the Sun, same frame.
        sun_distance_au: distance of the Sun [astronomical units].

    Source: Montenbruck and Gill, "Satellite Orbits" (2000), section 3.4.2; spherical Earth, no atmosphere.
    """
    x, y, z = position_km
    sx, sy, sz = sun_direction
    along = x * sx + y * sy + z * sz
    if along >= 0.0:
        return 1.0
    radius = math.sqrt(x * x + y * y + z * z)
    sun_distance_km = sun_distance_au * ASTRONOMICAL_UNIT_KM - along
    a = math.asin(SUN_RADIUS_KM / sun_distance_km)
    b = math.asin(EARTH_RADIUS_KM / radius)
    c = math.acos(max(-1.0, min(1.0, -along / radius)))
    if c >= a + b:
        return 1.0
    if c <= b - a:
        return 0.0
    d = (c * c + a * a - b * b) / (2.0 * c)
    half_chord = math.sqrt(max(0.0, a * a - d * d))
    covered = (
        a * a * math.acos(max(-1.0, min(1.0, d / a)))
        + b * b * math.acos(max(-1.0, min(1.0, (c - d) / b)))
        - c * half_chord
    )
    return max(0.0, min(1.0, 1.0 - covered / (math.pi * a * a)))
