"""When the spacecraft passes a place, and whether an image of it is worth taking. Pure."""

from __future__ import annotations

import math
from typing import Annotated

import msgspec

from flightsw.geometry.earth import EARTH_RADIUS_KM, Geodetic, from_geodetic, rotate_z
from flightsw.geometry.vectors import Vector, add, cross, dot, norm, scale, subtract, unit
from tlm_cmd.definition.fields import F32, U8, U16, Range, Unit, UpTo
from tlm_cmd.definition.message import Record

EARTH_RATE_RAD_S = 7.292115e-5
ELLIPSOID_MARGIN_RAD = 0.01
"""More than the direction to a place differs between the ellipsoid and a sphere."""


class Target(Record):
    """A place to watch."""

    number: Annotated[int, U16, Range(1, 65_535)]
    name: Annotated[str, UpTo(24)]
    latitude: Annotated[float, F32, Range(-90, 90), Unit("deg")]
    longitude: Annotated[float, F32, Range(-180, 180), Unit("deg")]
    value: Annotated[float, F32, Range(0, 100), "what an image is worth"]


class Targets(Record):
    """All places, and how they are imaged."""

    max_off_nadir: Annotated[float, F32, Range(1, 60), Unit("deg"), "beyond which no image is taken"]
    min_sun_elevation: Annotated[float, F32, Range(-10, 80), Unit("deg"), "at the place"]
    max_pointing_error: Annotated[float, F32, Range(0.01, 10), Unit("deg"), "at the exposure"]
    lead_s: Annotated[int, U8, Range(20, 240), Unit("s"), "before the closest approach the body begins to turn"]
    least_lead_s: Annotated[int, U8, Range(5, 200), Unit("s"), "with less time a target is left out"]
    give_up_s: Annotated[int, U8, Range(1, 60), Unit("s"), "after the closest approach"]
    repeat_s: Annotated[int, U16, Range(60, 65_535), Unit("s"), "least time between images of one place"]
    horizon_s: Annotated[int, U16, Range(60, 3600), Unit("s"), "how far ahead opportunities are looked for"]
    targets: Annotated[tuple[Target, ...], UpTo(200)]


class Opportunity(msgspec.Struct, frozen=True):
    """A coming or current pass over a target.

    Attributes:
        target: number of the target.
        seconds: until the closest approach, negative after it.
        off_nadir_deg: angle from nadir at the closest approach.
        sun_elevation_deg: at the target.
    """

    target: int
    seconds: float
    off_nadir_deg: float
    sun_elevation_deg: float


class Orbit(msgspec.Struct, frozen=True):
    """Where the spacecraft is.

    Attributes:
        position: inertial [km].
        velocity: inertial [km/s].
        earth_angle_rad: rotation from Earth-fixed to inertial axes.
        sun: inertial unit vector.
    """

    position: Vector
    velocity: Vector
    earth_angle_rad: float
    sun: Vector


def earth_angle(position: Vector, place: Geodetic) -> float:
    """Rotation from Earth-fixed to inertial axes, from a position known in both [rad]."""
    fixed = from_geodetic(place)
    return math.atan2(position[1], position[0]) - math.atan2(fixed[1], fixed[0])


class Track(msgspec.Struct, frozen=True):
    """What an orbit means for every target: worked out once per look.

    Attributes:
        orbit: where the spacecraft is.
        up: unit vector from the Earth's centre to the spacecraft.
        normal: unit vector of the orbit's angular momentum.
        along: unit vector of the flight direction, across ``up``.
        radius: distance from the Earth's centre [km].
        rate: how fast the spacecraft goes round [rad/s].
    """

    orbit: Orbit
    up: Vector
    normal: Vector
    along: Vector
    radius: float
    rate: float

    @classmethod
    def of(cls, orbit: Orbit) -> Track:
        """The track of an orbit."""
        up = unit(orbit.position)
        normal = unit(cross(orbit.position, orbit.velocity))
        radius = norm(orbit.position)
        return cls(orbit, up, normal, cross(normal, up), radius, norm(orbit.velocity) / radius)


def may_come_in_reach(target: Target, track: Track, rules: Targets) -> bool:
    """Whether a closer look at a target is worth while: a cheap bound that leaves out most of the world."""
    place = unit(rotate_z(_place(target), track.orbit.earth_angle_rad))
    off_nadir = math.radians(rules.max_off_nadir)
    swath = math.asin(min(1.0, math.sin(off_nadir) * track.radius / EARTH_RADIUS_KM)) - off_nadir
    across = swath + EARTH_RATE_RAD_S * rules.horizon_s + ELLIPSOID_MARGIN_RAD
    if abs(dot(place, track.normal)) > math.sin(min(across, math.pi / 2)):
        return False
    ahead = math.atan2(dot(place, track.along), dot(place, track.up))
    return -across <= ahead <= track.rate * rules.horizon_s + across


def opportunity(target: Target, track: Track) -> Opportunity:
    """The nearest pass over a target, on a circular orbit; within one minute of now it is exact to about a second."""
    orbit, place, seconds = track.orbit, _place(target), 0.0
    for _ in range(3):  # the target turns with the Earth while the spacecraft comes nearer
        there = rotate_z(place, orbit.earth_angle_rad + EARTH_RATE_RAD_S * seconds)
        seconds = math.atan2(dot(there, track.along), dot(there, track.up)) / track.rate
    angle = seconds * track.rate
    closest = add(scale(track.up, track.radius * math.cos(angle)), scale(track.along, track.radius * math.sin(angle)))
    cosine = -dot(unit(subtract(there, closest)), unit(closest))
    return Opportunity(
        target=target.number,
        seconds=seconds,
        off_nadir_deg=math.degrees(math.acos(max(-1.0, min(1.0, cosine)))),
        sun_elevation_deg=math.degrees(math.asin(max(-1.0, min(1.0, dot(unit(there), orbit.sun))))),
    )


def _place(target: Target) -> Vector:
    return from_geodetic(Geodetic(math.radians(target.latitude), math.radians(target.longitude), 0.0))


def in_reach(chance: Opportunity, rules: Targets) -> bool:
    """Whether an image of this pass could be taken."""
    return chance.off_nadir_deg <= rules.max_off_nadir and chance.sun_elevation_deg >= rules.min_sun_elevation
