"""Where the Sun is: the Astronomical Almanac's low-precision formula.

The formula refers to the mean equator and equinox *of date*. TEME, the orbit's frame, differs from it by nutation
only (below 0.006 deg), so the vector needs no further turning; taking it for a J2000 vector instead would be wrong by
up to 0.43 deg in 2020-2030. Together within 0.02 deg of the true direction from 1950 to 2050.
"""

import math

from bus_sim.environment.epoch import TT_MINUS_UTC_S
from flightsw.geometry.vectors import Vector

ASTRONOMICAL_UNIT_KM = 149_597_870.7
"""IAU 2012 resolution B2 [km]."""

SUN_RADIUS_KM = 696_000.0
"""Radius of the photosphere [km]."""

SOLAR_CONSTANT_W_M2 = 1361.0
"""Irradiance at one astronomical unit [W/m2] (Kopp and Lean 2011)."""

_RAD = math.pi / 180.0
_TT_DAYS = TT_MINUS_UTC_S / 86_400.0


def sun_vector(days_since_j2000: float) -> tuple[Vector, float]:
    """Unit vector from the Earth to the Sun in TEME, and their distance [astronomical units].

    ``days_since_j2000`` is UTC in days. Source: The Astronomical Almanac, section C, "low-precision formulas".
    """
    n = days_since_j2000 + _TT_DAYS
    mean_longitude = (280.460 + 0.9856474 * n) * _RAD
    anomaly = (357.528 + 0.9856003 * n) * _RAD
    sin_g, cos_g = math.sin(anomaly), math.cos(anomaly)
    sin_2g, cos_2g = 2.0 * sin_g * cos_g, cos_g * cos_g - sin_g * sin_g
    longitude = mean_longitude + (1.915 * sin_g + 0.020 * sin_2g) * _RAD
    obliquity = (23.439 - 4.0e-7 * n) * _RAD
    sin_l = math.sin(longitude)
    direction = (math.cos(longitude), math.cos(obliquity) * sin_l, math.sin(obliquity) * sin_l)
    return direction, 1.00014 - 0.01671 * cos_g - 0.00014 * cos_2g
