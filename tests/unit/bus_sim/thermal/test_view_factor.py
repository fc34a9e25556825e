import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus_sim.thermal.view_factor import EarthViewTable, plate_to_sphere
from flightsw.geometry.earth import EARTH_RADIUS_KM

RADII = 1.0 + 500.0 / EARTH_RADIUS_KM


def by_integration(cos_angle: float, radii: float) -> float:
    """View factor by summing cos(incidence) / pi over the sphere's disc in the sky, 400 x 400 cells."""
    disc, n = math.asin(1.0 / radii), 400
    sin_angle = math.sqrt(1.0 - cos_angle * cos_angle)
    total = 0.0
    for i in range(n):
        off_axis = (i + 0.5) * disc / n
        ring = math.sin(off_axis) * disc / n * 2.0 * math.pi / n
        for j in range(n):
            around = (j + 0.5) * 2.0 * math.pi / n
            incidence = cos_angle * math.cos(off_axis) + sin_angle * math.sin(off_axis) * math.cos(around)
            total += max(0.0, incidence) * ring
    return total / math.pi


@pytest.mark.parametrize("cos_angle", [0.9, 0.3, 0.0, -0.25])
def test_agrees_with_integration_over_the_sky(cos_angle: float) -> None:
    """The closed formula is right for plates that see the whole disc, most of it, half and little."""
    assert plate_to_sphere(cos_angle, RADII) == pytest.approx(by_integration(cos_angle, RADII), abs=2e-4)


def test_extremes() -> None:
    """Facing the Earth a plate sees it under the inverse square; facing away not at all; edge on it still sees some."""
    assert plate_to_sphere(1.0, RADII) == pytest.approx(1.0 / RADII**2)
    assert plate_to_sphere(-1.0, RADII) == 0.0
    assert 0.2 < plate_to_sphere(0.0, RADII) < 0.35


@settings(max_examples=60, deadline=None)
@given(st.floats(-1.0, 1.0))
def test_the_table_is_the_formula(cos_angle: float) -> None:
    """Interpolation costs less than 1e-4."""
    assert EarthViewTable(500.0).at(cos_angle) == pytest.approx(plate_to_sphere(cos_angle, RADII), abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(st.floats(-1.0, 1.0), st.floats(-50.0, 50.0))
def test_scaling_to_another_altitude(cos_angle: float, above_km: float) -> None:
    """Within 50 km of its altitude the scaled table is within 0.01 of the formula."""
    table = EarthViewTable(500.0)
    distance_km = EARTH_RADIUS_KM + 500.0 + above_km
    expected = plate_to_sphere(cos_angle, distance_km / EARTH_RADIUS_KM)
    assert table.at(cos_angle) * table.scaling(distance_km) == pytest.approx(expected, abs=0.01)


def test_rounding_beyond_one_is_tolerated() -> None:
    """A cosine a rounding error outside -1 to 1 gives the value at the end."""
    table = EarthViewTable(500.0)
    assert table.at(1.0 + 1e-12) == table.at(1.0)
    assert table.at(-1.0 - 1e-12) == 0.0
