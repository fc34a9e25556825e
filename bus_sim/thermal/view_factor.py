"""How much of what a flat plate sees is the Earth."""

import math

from flightsw.geometry.earth import EARTH_RADIUS_KM

_INTERVALS = 256
HALF_INTERVALS = 0.5 * _INTERVALS
"""Intervals of the table per unit of the cosine."""


def plate_to_sphere(cos_angle: float, radii: float) -> float:
    """View factor from a small plate to a sphere, 0 to 1.

    Args:
        cos_angle: cosine of the angle between the plate's normal and the direction to the sphere's centre.
        radii: distance of the centre in radii of the sphere, above 1.

    Source: Howell, "A Catalog of Radiation Heat Transfer Configuration Factors", B-43 (Juul, J. Heat Transfer 104
    (1982) 201).
    """
    edge = 1.0 / radii
    if cos_angle >= edge:
        return cos_angle / (radii * radii)
    if cos_angle <= -edge:
        return 0.0
    sin_angle = math.sqrt(1.0 - cos_angle * cos_angle)
    root = math.sqrt(radii * radii - 1.0)
    inner = -root * cos_angle / sin_angle
    chord = math.sqrt(max(0.0, 1.0 - radii * radii * cos_angle * cos_angle))
    return (
        0.5
        - math.asin(root / (radii * sin_angle)) / math.pi
        + (cos_angle * math.acos(max(-1.0, min(1.0, inner))) - root * chord) / (math.pi * radii * radii)
    )


class EarthViewTable:
    """`plate_to_sphere` tabulated at one altitude, interpolated linearly: within 1e-4 of the formula there.

    For another altitude within 50 km the result is scaled by the inverse square of the distance, which is exact for
    plates that see the whole disc and within 0.01 otherwise.
    """

    def __init__(self, altitude_km: float) -> None:
        self._radii = 1.0 + altitude_km / EARTH_RADIUS_KM
        values = [plate_to_sphere(2.0 * n / _INTERVALS - 1.0, self._radii) for n in range(_INTERVALS + 1)]
        # The last value twice: interpolation at its right end, and a cosine a rounding error above 1, need no branch.
        self.values = (*values, values[-1])

    def scaling(self, distance_km: float) -> float:
        """Factor on `at` for a distance from the Earth's centre [km] other than the table's."""
        ratio = self._radii * EARTH_RADIUS_KM / distance_km
        return ratio * ratio

    def at(self, cos_angle: float) -> float:
        """View factor at the table's altitude, for a cosine in -1 to 1 (rounding beyond is tolerated)."""
        x = cos_angle * HALF_INTERVALS + HALF_INTERVALS
        n = int(x)
        a = self.values[n]
        return a + (self.values[n + 1] - a) * (x - n)
