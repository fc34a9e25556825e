"""Ground stations: at what elevation, azimuth and range each sees the spacecraft."""

import math
from typing import Annotated

import msgspec

from bus_sim.quantities import Name
from flightsw.geometry.earth import Geodetic, from_geodetic
from flightsw.geometry.vectors import Vector


class StationParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ground station.

    Attributes:
        name: how reports and the ground know it.
        latitude_deg: geodetic latitude, north positive.
        longitude_deg: east positive.
        altitude_m: height above the WGS-84 ellipsoid.
        mask_deg: lowest elevation at which it works.
    """

    name: Name
    latitude_deg: Annotated[float, msgspec.Meta(ge=-90.0, le=90.0)]
    longitude_deg: Annotated[float, msgspec.Meta(ge=-180.0, le=180.0)]
    altitude_m: Annotated[float, msgspec.Meta(ge=-500.0, le=9000.0)] = 0.0
    mask_deg: Annotated[float, msgspec.Meta(ge=0.0, le=90.0)] = 5.0


class View(msgspec.Struct, frozen=True):
    """The spacecraft as a station sees it; the elevation is geometric, without refraction.

    Attributes:
        elevation_rad: above the local horizon, -pi/2 to pi/2.
        azimuth_rad: from north over east, 0 to 2 pi.
        range_km: distance.
    """

    elevation_rad: float
    azimuth_rad: float
    range_km: float


class Station:
    """One ground station; has no memory."""

    def __init__(self, parameters: StationParameters) -> None:
        self.name = parameters.name
        self.parameters = parameters
        latitude, longitude = math.radians(parameters.latitude_deg), math.radians(parameters.longitude_deg)
        self.position_km = from_geodetic(Geodetic(latitude, longitude, parameters.altitude_m / 1000.0))
        cos_lat, sin_lat = math.cos(latitude), math.sin(latitude)
        cos_lon, sin_lon = math.cos(longitude), math.sin(longitude)
        self._up = (cos_lat * cos_lon, cos_lat * sin_lon, sin_lat)
        self._east = (-sin_lon, cos_lon, 0.0)
        self._north = (-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat)
        self.sin_mask = math.sin(math.radians(parameters.mask_deg))

    def sin_elevation(self, spacecraft_km: Vector) -> float:
        """Sine of the elevation of an Earth-fixed position [km]: enough to ask whether it is above the mask."""
        px, py, pz = self.position_km
        ux, uy, uz = self._up
        dx, dy, dz = spacecraft_km[0] - px, spacecraft_km[1] - py, spacecraft_km[2] - pz
        return (dx * ux + dy * uy + dz * uz) / math.sqrt(dx * dx + dy * dy + dz * dz)

    def look(self, spacecraft_km: Vector) -> View:
        """Elevation, azimuth and range of an Earth-fixed position [km]."""
        px, py, pz = self.position_km
        dx, dy, dz = spacecraft_km[0] - px, spacecraft_km[1] - py, spacecraft_km[2] - pz
        up = dx * self._up[0] + dy * self._up[1] + dz * self._up[2]
        east = dx * self._east[0] + dy * self._east[1]
        north = dx * self._north[0] + dy * self._north[1] + dz * self._north[2]
        level = math.sqrt(east * east + north * north)
        return View(
            elevation_rad=math.atan2(up, level),
            azimuth_rad=math.atan2(east, north) % (2.0 * math.pi),
            range_km=math.sqrt(level * level + up * up),
        )
