"""Ground stations and when they see the spacecraft. Pure."""

from __future__ import annotations

import math
from typing import Annotated

import msgspec

from flightsw.geometry.earth import Geodetic, elevation_deg, from_geodetic
from tlm_cmd.definition.fields import F32, Range, Unit, UpTo
from tlm_cmd.definition.message import Record


class Station(Record):
    """One ground station."""

    name: Annotated[str, UpTo(16), "as telemetry and events name it"]
    latitude: Annotated[float, F32, Range(-90, 90), Unit("deg")]
    longitude: Annotated[float, F32, Range(-180, 180), Unit("deg")]
    altitude: Annotated[float, F32, Range(-0.5, 9), Unit("km")]
    mask: Annotated[float, F32, Range(0, 45), Unit("deg"), "lowest elevation at which it sees the spacecraft"]


class Stations(Record):
    """All stations of the mission."""

    stations: Annotated[tuple[Station, ...], UpTo(16)]


class Contact(msgspec.Struct, frozen=True):
    """A station that sees the spacecraft, and how high it stands there [deg]."""

    station: str
    elevation: float


def contact(stations: Stations, spacecraft: Geodetic) -> Contact | None:
    """The station above whose mask the spacecraft stands highest, None when there is none."""
    position = from_geodetic(spacecraft)
    best: Contact | None = None
    for station in stations.stations:
        place = Geodetic(math.radians(station.latitude), math.radians(station.longitude), station.altitude)
        elevation = elevation_deg(place, position)
        if elevation >= station.mask and (best is None or elevation > best.elevation):
            best = Contact(station.name, elevation)
    return best
