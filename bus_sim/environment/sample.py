"""Everything around the spacecraft at one instant, computed once per step and read by every model."""

import msgspec

from bus_sim.environment.earth_rotation import earth_fixed, gmst82
from bus_sim.environment.eclipse import illumination
from bus_sim.environment.epoch import Epoch
from bus_sim.environment.orbit import Orbit, OrbitParameters
from bus_sim.environment.stations import Station, StationParameters
from bus_sim.environment.sun import sun_vector
from flightsw.geometry.earth import to_geodetic
from flightsw.geometry.vectors import Vector


class EnvironmentSample(msgspec.Struct, frozen=True, gc=False):
    """The surroundings at one instant.

    Attributes:
        now_ns: time since scenario start.
        position_km: spacecraft in TEME.
        velocity_km_s: the same.
        gmst_rad: Greenwich mean sidereal time.
        position_earth_fixed_km: spacecraft in Earth-fixed axes.
        velocity_earth_fixed_km_s: relative to the turning Earth.
        latitude_rad: geodetic latitude of the sub-satellite point.
        longitude_rad: -pi to pi, east positive.
        altitude_km: above the WGS-84 ellipsoid.
        sun_direction: unit vector to the Sun in TEME.
        sun_distance_au: astronomical units.
        illumination: visible fraction of the Sun, 0 to 1.
        station: index of the station that sees the spacecraft highest above its mask, -1 if none does.
        sin_elevation: sine of the elevation at that station, 0 if there is none.
    """

    now_ns: int
    position_km: Vector
    velocity_km_s: Vector
    gmst_rad: float
    position_earth_fixed_km: Vector
    velocity_earth_fixed_km_s: Vector
    latitude_rad: float
    longitude_rad: float
    altitude_km: float
    sun_direction: Vector
    sun_distance_au: float
    illumination: float
    station: int
    sin_elevation: float


class Environment:
    """Orbit, Earth, Sun and stations put together: a pure function of time."""

    def __init__(self, epoch: Epoch, orbit: OrbitParameters, stations: tuple[StationParameters, ...]) -> None:
        self.epoch = epoch
        self.orbit = Orbit(orbit, epoch)
        self.stations = tuple(Station(station) for station in stations)

    def at(self, now_ns: int) -> EnvironmentSample:
        """The surroundings at ``now_ns`` since scenario start.

        Raises:
            OrbitError: the orbit cannot be propagated to this time.
        """
        position, velocity = self.orbit.at(now_ns)
        days = self.epoch.days_since_j2000(now_ns)
        gmst = gmst82(days)
        fixed_position, fixed_velocity = earth_fixed(position, velocity, gmst)
        place = to_geodetic(fixed_position)
        sun_direction, sun_distance = sun_vector(days)
        seen_by, highest = -1, 0.0
        for index, station in enumerate(self.stations):
            sin_elevation = station.sin_elevation(fixed_position)
            if sin_elevation >= station.sin_mask and sin_elevation > highest:
                seen_by, highest = index, sin_elevation
        return EnvironmentSample(
            now_ns,
            position,
            velocity,
            gmst,
            fixed_position,
            fixed_velocity,
            place.latitude_rad,
            place.longitude_rad,
            place.altitude_km,
            sun_direction,
            sun_distance,
            illumination(position, sun_direction, sun_distance),
            seen_by,
            highest,
        )
