"""Where a camera fixed in the body looks on the ground."""

import math

import msgspec

from bus_sim.environment.earth_rotation import line_of_sight, rotate_z
from bus_sim.environment.sample import EnvironmentSample
from flightsw.geometry.earth import to_geodetic
from flightsw.geometry.quaternion import Quaternion, matrix, to_inertial
from flightsw.geometry.vectors import Vector, dot, norm, unit


class Aim(msgspec.Struct, frozen=True):
    """Where the camera looks.

    Attributes:
        time_ns: since scenario start.
        sees_earth: the boresight meets the Earth; if not, the ground values are those below the spacecraft.
        latitude_deg: ground point of the boresight, geodetic.
        longitude_deg: the same, east positive.
        range_km: distance of that point.
        sun_elevation_deg: of the Sun there, negative at night.
        rate_deg_s: how fast the body turns, for smear.
    """

    time_ns: int
    sees_earth: bool
    latitude_deg: float
    longitude_deg: float
    range_km: float
    sun_elevation_deg: float
    rate_deg_s: float


def aim(environment: EnvironmentSample, quaternion: Quaternion, rate_rad_s: Vector, boresight: Vector) -> Aim:
    """Where a camera with this boresight (body axes) looks now."""
    c, s = math.cos(environment.gmst_rad), math.sin(environment.gmst_rad)
    direction = rotate_z(to_inertial(matrix(quaternion), boresight), c, s)
    position = environment.position_earth_fixed_km
    ground = line_of_sight(position, direction)
    if ground is None:
        latitude, longitude, distance = environment.latitude_rad, environment.longitude_rad, environment.altitude_km
        zenith = unit(position)
    else:
        place = to_geodetic(ground)
        latitude, longitude = place.latitude_rad, place.longitude_rad
        distance = norm((ground[0] - position[0], ground[1] - position[1], ground[2] - position[2]))
        cos_latitude = math.cos(latitude)
        zenith = (cos_latitude * math.cos(longitude), cos_latitude * math.sin(longitude), math.sin(latitude))
    sine = dot(zenith, rotate_z(environment.sun_direction, c, s))
    return Aim(
        time_ns=environment.now_ns,
        sees_earth=ground is not None,
        latitude_deg=math.degrees(latitude),
        longitude_deg=math.degrees(longitude),
        range_km=distance,
        sun_elevation_deg=math.degrees(math.asin(max(-1.0, min(1.0, sine)))),
        rate_deg_s=math.degrees(norm(rate_rad_s)),
    )
