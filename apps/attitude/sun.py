"""Where the Sun is: a formula good to a hundredth of a degree. Pure."""

from __future__ import annotations

import math

from flightsw.geometry.vectors import Vector

J2000_TAI_S = 1_325_419_167.816
"""2000-01-01T12:00:00 TT, in TAI seconds since 1958."""

_RAD = math.pi / 180.0


def sun_direction(time_tai_ns: int) -> Vector:
    """Inertial unit vector from the Earth to the Sun, referred to the mean equator and equinox of date.

    TEME, the frame of orbit and attitude, differs from it by nutation only, below 0.006 degrees.
    Source: The Astronomical Almanac, section C, "low-precision formulas": 0.01 degrees from 1950 to 2050.

    Args:
        time_tai_ns: TAI since 1958-01-01 [ns].
    """
    days = (time_tai_ns / 1e9 - J2000_TAI_S) / 86_400.0
    mean_longitude = (280.460 + 0.9856474 * days) * _RAD
    anomaly = (357.528 + 0.9856003 * days) * _RAD
    longitude = mean_longitude + (1.915 * math.sin(anomaly) + 0.020 * math.sin(2.0 * anomaly)) * _RAD
    obliquity = (23.439 - 4.0e-7 * days) * _RAD
    sine = math.sin(longitude)
    return (math.cos(longitude), math.cos(obliquity) * sine, math.sin(obliquity) * sine)
