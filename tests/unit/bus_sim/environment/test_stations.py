import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skyfield.api import EarthSatellite, load, wgs84

from bus_sim.environment.epoch import NS_PER_S, Epoch
from bus_sim.environment.sample import Environment
from bus_sim.environment.stations import Station, StationParameters
from bus_sim.parameters import SpacecraftParameters
from flightsw.geometry.earth import Geodetic, from_geodetic

DAY_S = 86_400


def test_straight_up() -> None:
    """A spacecraft in the zenith stands at 90 deg elevation, its height away."""
    station = Station(StationParameters("here", 40.0, 116.0))
    overhead = from_geodetic(Geodetic(math.radians(40.0), math.radians(116.0), 500.0))
    view = station.look(overhead)
    assert math.degrees(view.elevation_rad) == pytest.approx(90.0, abs=1e-4)
    assert view.range_km == pytest.approx(500.0, abs=1e-6)


@pytest.mark.parametrize(
    ("latitude", "longitude", "azimuth_deg"),
    [(41.0, 116.0, 0.0), (40.0, 117.0, 90.0), (39.0, 116.0, 180.0), (40.0, 115.0, 270.0)],
)
def test_azimuth_counts_from_north_over_east(latitude: float, longitude: float, azimuth_deg: float) -> None:
    """What is north is at 0 deg, what is east at 90 deg."""
    station = Station(StationParameters("here", 40.0, 116.0))
    there = from_geodetic(Geodetic(math.radians(latitude), math.radians(longitude), 500.0))
    found = math.degrees(station.look(there).azimuth_rad)
    assert (found - azimuth_deg + 180.0) % 360.0 - 180.0 == pytest.approx(0.0, abs=0.5)


@settings(max_examples=60, deadline=None)
@given(st.floats(-90.0, 90.0), st.floats(-180.0, 180.0), st.floats(-1.5, 1.5), st.floats(-3.1, 3.1))
def test_both_ways_to_the_elevation_agree(latitude: float, longitude: float, sub: float, along: float) -> None:
    """The quick sine is the sine of the full answer."""
    station = Station(StationParameters("here", latitude, longitude))
    spacecraft = from_geodetic(Geodetic(sub, along, 500.0))
    assert station.sin_elevation(spacecraft) == pytest.approx(
        math.sin(station.look(spacecraft).elevation_rad), abs=1e-9
    )


def passes(environment: Environment, number: int, seconds: int) -> list[tuple[int, bool]]:
    """Seconds at which one station begins (True) and ceases to see the spacecraft."""
    station = environment.stations[number]
    found, was_seen, second = [], False, 0
    while second < seconds:
        position = environment.at(second * NS_PER_S).position_earth_fixed_km
        sine = station.sin_elevation(position)
        seen = sine >= station.sin_mask
        if seen != was_seen:
            found.append((second, seen))
        was_seen = seen
        # Ten degrees below the mask nothing can rise within half a minute.
        second += 1 if sine > station.sin_mask - 0.17 else 30
    return found


def test_pass_times_agree_with_skyfield(parameters: SpacecraftParameters) -> None:
    """Every rise and set of a day at every station is within 3 s of skyfield's."""
    environment = Environment(Epoch(parameters.start_utc), parameters.orbit, parameters.stations)
    timescale = load.timescale(builtin=True)
    lines = parameters.orbit.tle_line_1, parameters.orbit.tle_line_2
    satellite = EarthSatellite(*lines, "satellite", timescale)
    start, end = (timescale.from_datetime(environment.epoch.utc(n)) for n in (0, DAY_S * NS_PER_S))
    for number, station in enumerate(parameters.stations):
        site = wgs84.latlon(station.latitude_deg, station.longitude_deg, station.altitude_m)
        times, events = satellite.find_events(site, start, end, altitude_degrees=station.mask_deg)
        expected = [
            (float(time - start) * DAY_S, event == 0) for time, event in zip(times, events, strict=True) if event != 1
        ]
        found = passes(environment, number, DAY_S)
        assert [rise for _, rise in found] == [rise for _, rise in expected]
        for (second, _), (expected_s, _) in zip(found, expected, strict=True):
            assert second == pytest.approx(expected_s, abs=3.0)


def test_first_orbit_is_silent_then_beijing_hands_over_to_sanya(parameters: SpacecraftParameters) -> None:
    """No contact for 24 minutes; then Beijing and Sanya without a gap; then silence to the end of the orbit."""
    environment = Environment(Epoch(parameters.start_utc), parameters.orbit, parameters.stations)
    names = [environment.at(second * NS_PER_S).station for second in range(0, 5680, 10)]
    assert names[: 24 * 6] == [-1] * (24 * 6)
    heard = [(second, station) for second, station in enumerate(names) if station >= 0]
    assert {station for _, station in heard} == {0, 1}
    assert heard[-1][0] - heard[0][0] == len(heard) - 1
    order = [station for _, station in heard]
    assert order == sorted(order)


def test_the_highest_station_is_reported(parameters: SpacecraftParameters) -> None:
    """When two stations see the spacecraft the one with the higher elevation is meant; when none does, -1 and 0."""
    environment = Environment(Epoch(parameters.start_utc), parameters.orbit, parameters.stations)
    both = environment.at(32 * 60 * NS_PER_S)
    sines = [station.sin_elevation(both.position_earth_fixed_km) for station in environment.stations]
    assert min(sines[0], sines[1]) > environment.stations[0].sin_mask
    assert both.sin_elevation == max(sines)
    assert both.station == sines.index(max(sines))
    nobody = environment.at(0)
    assert (nobody.station, nobody.sin_elevation) == (-1, 0.0)
