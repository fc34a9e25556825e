from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.mode_manager.stations import Station, Stations, contact
from flightsw.geometry.earth import EARTH_RADIUS_KM, Geodetic
from flightsw.mission import Mission
from flightsw.services.tables.content import read_table

MODEST = settings(max_examples=60, deadline=None)
NORTH = Station("North", 40.0, 100.0, 0.0, 5.0)
SOUTH = Station("South", 30.0, 100.0, 0.0, 5.0)
BOTH = Stations((NORTH, SOUTH))


def above(latitude: float, longitude: float, altitude_km: float = 500.0) -> Geodetic:
    """A spacecraft above a place."""
    return Geodetic(math.radians(latitude), math.radians(longitude), altitude_km)


def test_overhead() -> None:
    """A spacecraft above a station stands in its zenith."""
    found = contact(BOTH, above(40.0, 100.0))
    assert found is not None
    assert found.station == "North"
    assert found.elevation == pytest.approx(90.0, abs=1e-3)


def test_the_mask() -> None:
    """A spacecraft counts from its station's mask on, and not below."""
    # On a sphere: the angle at the Earth's centre under which a spacecraft stands at an elevation of 5 degrees.
    elevation = math.radians(5.0)
    centre = math.acos(EARTH_RADIUS_KM / (EARTH_RADIUS_KM + 500.0) * math.cos(elevation)) - elevation
    equator = Stations((Station("Equator", 0.0, 0.0, 0.0, 5.0),))
    inside = contact(equator, above(0.0, math.degrees(centre) - 0.01))
    assert inside is not None
    assert inside.elevation == pytest.approx(5.0, abs=0.05)
    assert contact(equator, above(0.0, math.degrees(centre) + 0.01)) is None


def test_the_highest_counts() -> None:
    """Of two stations in view the one at which the spacecraft stands higher has the contact."""
    for latitude, name in ((35.1, "North"), (34.9, "South")):
        found = contact(BOTH, above(latitude, 100.0))
        assert found is not None
        assert found.station == name


def test_no_stations() -> None:
    """A mission without stations is never in contact."""
    assert contact(Stations(()), above(0.0, 0.0)) is None


@MODEST
@given(st.floats(-90, 90), st.floats(-180, 180), st.floats(300, 900))
def test_the_other_side_of_the_earth(latitude: float, longitude: float, altitude_km: float) -> None:
    """Whatever is reported stands above its mask, and a low orbit is seen from no more than 31 degrees away."""
    found = contact(BOTH, above(latitude, longitude, altitude_km))
    away = math.degrees(
        math.acos(
            max(
                math.sin(math.radians(latitude)) * math.sin(math.radians(each.latitude))
                + math.cos(math.radians(latitude))
                * math.cos(math.radians(each.latitude))
                * math.cos(math.radians(longitude - each.longitude))
                for each in (NORTH, SOUTH)
            )
            * (1 - 1e-12)
        )
    )
    assert (found is None) or (5.0 <= found.elevation <= 90.0 and away < 31.0)


def test_the_mission_stations(mission: Mission) -> None:
    """Each of the mission's stations has its own name and sees what is above it."""
    stations = read_table(Stations, Path(mission.table_folder("mode_manager")) / "stations.toml")
    assert len({station.name for station in stations.stations}) == len(stations.stations) == 3
    for station in stations.stations:
        found = contact(stations, above(station.latitude, station.longitude))
        assert found is not None
        assert found.station == station.name
