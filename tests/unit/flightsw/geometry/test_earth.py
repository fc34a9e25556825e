"""The figure of the Earth as flight and simulation share it.

Its geodetic coordinates are held against skyfield in the tests of the turning Earth.
"""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightsw.geometry.earth import (
    EARTH_RADIUS_KM,
    Geodetic,
    elevation_deg,
    from_geodetic,
    in_shadow,
    rotate_z,
    to_geodetic,
    vertical,
)
from flightsw.geometry.vectors import add, dot, norm, scale, subtract

LATITUDES = st.floats(-1.55, 1.55)
LONGITUDES = st.floats(-3.1, 3.1)


@given(LATITUDES, LONGITUDES, st.floats(200.0, 2000.0))
def test_a_spacecraft_straight_above_stands_in_the_zenith(latitude: float, longitude: float, altitude: float) -> None:
    """Above a place along its vertical the elevation is 90 degrees, wherever the place is."""
    place = Geodetic(latitude, longitude, 0.1)
    above = add(from_geodetic(place), scale(vertical(place), altitude))
    assert elevation_deg(place, above) == pytest.approx(90.0, abs=3e-5)


@given(LATITUDES, LONGITUDES)
def test_what_lies_across_the_vertical_stands_on_the_horizon(latitude: float, longitude: float) -> None:
    """East of a place, at right angles to its vertical, the elevation is 0; on the other side of the Earth, -90."""
    place = Geodetic(latitude, longitude, 0.0)
    east = (-math.sin(longitude), math.cos(longitude), 0.0)
    here = from_geodetic(place)
    assert dot(east, vertical(place)) == pytest.approx(0.0, abs=1e-12)
    assert elevation_deg(place, add(here, scale(east, 500.0))) == pytest.approx(0.0, abs=1e-9)
    assert elevation_deg(place, subtract(here, scale(vertical(place), 500.0))) == pytest.approx(-90.0, abs=3e-5)


@given(LATITUDES, LONGITUDES, st.floats(0.0, 2000.0))
def test_geodetic_coordinates_come_back(latitude: float, longitude: float, altitude: float) -> None:
    """To Earth-fixed and back is the same place, to three centimetres up to 2,000 km."""
    back = to_geodetic(from_geodetic(Geodetic(latitude, longitude, altitude)))
    assert back.latitude_rad == pytest.approx(latitude, abs=4e-9)
    assert back.longitude_rad == pytest.approx(longitude, abs=1e-12)
    assert back.altitude_km == pytest.approx(altitude, abs=3e-5)


def test_turning_about_the_axis_moves_eastward() -> None:
    """A quarter turn takes longitude 0 to longitude 90 and leaves the pole where it is."""
    assert rotate_z((1.0, 0.0, 2.0), math.pi / 2) == pytest.approx((0.0, 1.0, 2.0))


@given(st.floats(-math.pi, math.pi), LONGITUDES)
def test_turning_keeps_the_length(angle: float, longitude: float) -> None:
    """A rotation is no stretching."""
    vector = from_geodetic(Geodetic(0.5, longitude, 500.0))
    assert norm(rotate_z(vector, angle)) == pytest.approx(norm(vector))


@pytest.mark.parametrize(
    ("position", "covered"),
    [
        ((7000.0, 0.0, 0.0), False),
        ((-7000.0, 0.0, 0.0), True),
        ((-7000.0, EARTH_RADIUS_KM - 1.0, 0.0), True),
        ((-7000.0, EARTH_RADIUS_KM + 1.0, 0.0), False),
        ((0.0, 6900.0, 0.0), False),
    ],
)
def test_the_shadow_is_a_cylinder_behind_the_earth(position: tuple[float, float, float], covered: bool) -> None:  # noqa: FBT001
    """Covered is what lies behind the Earth and no farther from the axis than its radius."""
    assert in_shadow(position, (1.0, 0.0, 0.0)) is covered
