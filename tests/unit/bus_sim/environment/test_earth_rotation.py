import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from skyfield.api import EarthSatellite, load, wgs84

from bus_sim.environment.earth_rotation import earth_fixed, gmst82, inertial, line_of_sight
from bus_sim.environment.epoch import NS_PER_S, Epoch
from bus_sim.environment.orbit import Orbit
from bus_sim.parameters import SpacecraftParameters
from flightsw.geometry.earth import EARTH_RADIUS_KM, FLATTENING, Geodetic, from_geodetic, to_geodetic
from flightsw.geometry.vectors import norm, scale

LATITUDES = st.floats(-math.pi / 2, math.pi / 2)
LONGITUDES = st.floats(-math.pi, math.pi)
KILOMETRES = st.floats(-9000.0, 9000.0)


@pytest.mark.parametrize(
    ("days", "expected_rad"),
    [
        (8765.5, 1.747993146284756),
        (9630.583333333334, 4.587069865879144),
        (10957.25, 0.18230413507600218),
    ],
)
def test_sidereal_time_agrees_with_erfa(days: float, expected_rad: float) -> None:
    """The values of ``eraGmst82`` (ERFA 2.0.1) for 2024-01-01 00h, 2026-05-15 02h and 2029-12-31 18h."""
    assert gmst82(days) == pytest.approx(expected_rad, abs=1e-8)


@settings(max_examples=60, deadline=None)
@given(st.tuples(KILOMETRES, KILOMETRES, KILOMETRES), st.tuples(*[st.floats(-8.0, 8.0)] * 3), st.floats(0.0, 6.28))
def test_earth_fixed_and_back(
    position: tuple[float, float, float], velocity: tuple[float, float, float], gmst_rad: float
) -> None:
    """The two directions are inverse, and turning keeps the distance."""
    fixed = earth_fixed(position, velocity, gmst_rad)
    assert norm(fixed[0]) == pytest.approx(norm(position), abs=1e-9)
    back = inertial(*fixed, gmst_rad)
    assert back[0] == pytest.approx(position, abs=1e-9)
    assert back[1] == pytest.approx(velocity, abs=1e-9)


def test_what_turns_with_the_earth_stands_still_on_it() -> None:
    """A point fixed to the ground has no Earth-fixed velocity."""
    place = from_geodetic(Geodetic(0.7, 2.0, 0.0))
    position, velocity = inertial(place, (0.0, 0.0, 0.0), 1.0)
    assert norm(velocity) == pytest.approx(7.292115e-5 * math.hypot(*position[:2]), rel=1e-6)
    assert norm(earth_fixed(position, velocity, 1.0)[1]) == pytest.approx(0.0, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(LATITUDES, LONGITUDES, st.floats(-5.0, 1500.0))
def test_geodetic_and_back(latitude: float, longitude: float, altitude: float) -> None:
    """Geodetic coordinates survive the way through Cartesian ones to 2e-9 rad and 1 mm."""
    place = to_geodetic(from_geodetic(Geodetic(latitude, longitude, altitude)))
    assert place.latitude_rad == pytest.approx(latitude, abs=2e-9)
    assert place.altitude_km == pytest.approx(altitude, abs=1e-6)
    assume(abs(latitude) < 1.57 and abs(longitude) < math.pi)
    assert place.longitude_rad == pytest.approx(longitude, abs=1e-9)


def test_sub_satellite_point_agrees_with_skyfield(parameters: SpacecraftParameters) -> None:
    """Latitude and longitude agree to 0.005 deg and altitude to 50 m through a day."""
    epoch = Epoch(parameters.start_utc)
    orbit = Orbit(parameters.orbit, epoch)
    timescale = load.timescale(builtin=True)
    lines = parameters.orbit.tle_line_1, parameters.orbit.tle_line_2
    satellite = EarthSatellite(*lines, "satellite", timescale)
    for minutes in range(0, 1440, 97):
        now_ns = minutes * 60 * NS_PER_S
        position, velocity = orbit.at(now_ns)
        place = to_geodetic(earth_fixed(position, velocity, gmst82(epoch.days_since_j2000(now_ns)))[0])
        expected = wgs84.geographic_position_of(satellite.at(timescale.from_datetime(epoch.utc(now_ns))))
        assert math.degrees(place.latitude_rad) == pytest.approx(expected.latitude.degrees, abs=0.005)
        shrink = math.cos(place.latitude_rad)
        error = (math.degrees(place.longitude_rad) - expected.longitude.degrees + 180.0) % 360.0 - 180.0
        assert error * shrink == pytest.approx(0.0, abs=0.005)
        assert place.altitude_km == pytest.approx(expected.elevation.km, abs=0.05)


@settings(max_examples=60, deadline=None)
@given(LATITUDES, LONGITUDES, st.floats(200.0, 1500.0))
def test_looking_down_the_normal_meets_the_point_below(latitude: float, longitude: float, altitude: float) -> None:
    """A ray along the ellipsoid's normal ends at the same latitude and longitude, at height zero."""
    start = from_geodetic(Geodetic(latitude, longitude, altitude))
    down = (
        -math.cos(latitude) * math.cos(longitude),
        -math.cos(latitude) * math.sin(longitude),
        -math.sin(latitude),
    )
    ground = line_of_sight(start, down)
    assert ground is not None
    assert ground == pytest.approx(from_geodetic(Geodetic(latitude, longitude, 0.0)), abs=1e-6)


def test_a_ray_that_passes_by_meets_nothing() -> None:
    """Looking up, sideways or just past the limb sees space; just inside the limb sees ground."""
    start = (EARTH_RADIUS_KM + 500.0, 0.0, 0.0)
    assert line_of_sight(start, scale(start, 1.0)) is None
    assert line_of_sight(start, (0.0, 1.0, 0.0)) is None
    limb = math.asin(EARTH_RADIUS_KM / start[0])
    assert line_of_sight(start, (-math.cos(limb + 1e-4), math.sin(limb + 1e-4), 0.0)) is None
    assert line_of_sight(start, (-math.cos(limb - 1e-4), math.sin(limb - 1e-4), 0.0)) is not None


def test_the_pole_is_nearer_to_the_centre() -> None:
    """The polar radius is that of WGS-84."""
    assert from_geodetic(Geodetic(math.pi / 2, 0.0, 0.0))[2] == pytest.approx(EARTH_RADIUS_KM * (1.0 - FLATTENING))
    assert from_geodetic(Geodetic(math.pi / 2, 0.0, 0.0))[2] == pytest.approx(6356.7523142)
