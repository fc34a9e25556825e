"""When the spacecraft passes a place, and whether an image of it is worth taking. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated

import msgspec

from apps.camera.track import Track
from flightsw.geometry.earth import EARTH_RADIUS_KM, Geodetic, from_geodetic, rotate_z
from flightsw.geometry.vectors import Vector, angle, dot, scale, subtract, unit
from tlm_cmd.definition.fields import F32, U8, U16, Range, Unit, UpTo
from tlm_cmd.definition.message import Record

EARTH_RATE_RAD_S = 7.292115e-5
STORE_TIMEOUT_S = 30
"""How long an image may take from the exposure to the mass memory."""
MAX_IMAGING_S = 240
"""Longest imaging mode that can be asked for."""
ELLIPSOID_MARGIN_RAD = 0.01
"""More than the direction to a place differs between the ellipsoid and a sphere."""


class Target(Record):
    """A place to watch."""

    number: Annotated[int, U16, Range(1, 65_535), "as commands and telemetry name it"]
    name: Annotated[str, UpTo(24), "as people name it"]
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

    def target(self, number: int) -> Target | None:
        """A target by its number, None when there is none."""
        for target in self.targets:
            if target.number == number:
                return target
        return None


def check_targets(targets: Targets) -> str | None:
    """What is wrong with the table, or None."""
    if not targets.least_lead_s < targets.lead_s:
        return f"least_lead_s {targets.least_lead_s} must be under lead_s {targets.lead_s}"
    longest_s = targets.lead_s + targets.give_up_s + STORE_TIMEOUT_S
    if longest_s > MAX_IMAGING_S:
        return f"lead_s + give_up_s + {STORE_TIMEOUT_S} is {longest_s}, an imaging mode lasts {MAX_IMAGING_S} s at most"
    numbers = [target.number for target in targets.targets]
    for number in numbers:
        if numbers.count(number) > 1:
            return f"target {number} is there twice"
    return None


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


def may_come_in_reach(target: Target, track: Track, earth_angle_rad: float, rules: Targets) -> bool:
    """Whether a closer look at a target is worth while: a cheap bound that leaves out most of the world."""
    place = unit(rotate_z(_place(target), earth_angle_rad))
    off_nadir = math.radians(rules.max_off_nadir)
    swath = math.asin(min(1.0, math.sin(off_nadir) * track.highest / EARTH_RADIUS_KM)) - off_nadir
    across = swath + EARTH_RATE_RAD_S * rules.horizon_s + ELLIPSOID_MARGIN_RAD
    if abs(dot(place, track.normal)) > math.sin(min(across, math.pi / 2)):
        return False
    ahead = math.atan2(dot(place, track.along), dot(place, track.up))
    return -across <= ahead <= track.fastest * rules.horizon_s + across


def opportunity(target: Target, track: Track, orbit: Orbit) -> Opportunity:
    """The nearest pass over a target: when the spacecraft is nearest to it, right to about a second within an hour."""
    place, seconds = _place(target), 0.0
    for _ in range(3):  # the target turns with the Earth while the spacecraft comes nearer
        there = rotate_z(place, orbit.earth_angle_rad + EARTH_RATE_RAD_S * seconds)
        seconds = track.seconds_to(math.atan2(dot(there, track.along), dot(there, track.up)))
    there = rotate_z(place, orbit.earth_angle_rad + EARTH_RATE_RAD_S * seconds)
    # Abeam of a target that moves, at the side, is not yet nearest to it: one step of Newton's method.
    spacecraft, velocity = track.at(seconds)
    line = subtract(there, spacecraft)
    closing = subtract((-EARTH_RATE_RAD_S * there[1], EARTH_RATE_RAD_S * there[0], 0.0), velocity)
    change = dot(closing, closing) + dot(line, spacecraft) * dot(velocity, velocity) / dot(spacecraft, spacecraft)
    seconds -= dot(line, closing) / change
    spacecraft, _ = track.at(seconds)
    there = rotate_z(place, orbit.earth_angle_rad + EARTH_RATE_RAD_S * seconds)
    return Opportunity(
        target=target.number,
        seconds=seconds,
        off_nadir_deg=_off_nadir_deg(there, spacecraft),
        sun_elevation_deg=math.degrees(math.asin(max(-1.0, min(1.0, dot(unit(there), orbit.sun))))),
    )


def next_chance(rules: Targets, watched: Iterable[Target], orbit: Orbit) -> Opportunity | None:
    """The nearest opportunity within the horizon that leaves time enough, None when there is none."""
    track = Track.of(orbit.position, orbit.velocity)
    near = (target for target in watched if may_come_in_reach(target, track, orbit.earth_angle_rad, rules))
    chances = [
        chance
        for chance in (opportunity(target, track, orbit) for target in near)
        if in_reach(chance, rules) and rules.least_lead_s <= chance.seconds <= rules.horizon_s
    ]
    return min(chances, key=lambda chance: (chance.seconds, chance.target), default=None)


def off_nadir_deg(target: Target, orbit: Orbit) -> float:
    """Angle at the spacecraft between nadir and a target, now."""
    return _off_nadir_deg(rotate_z(_place(target), orbit.earth_angle_rad), orbit.position)


def in_reach(chance: Opportunity, rules: Targets) -> bool:
    """Whether an image of this pass could be taken."""
    return chance.off_nadir_deg <= rules.max_off_nadir and chance.sun_elevation_deg >= rules.min_sun_elevation


def _off_nadir_deg(there: Vector, spacecraft: Vector) -> float:
    return math.degrees(angle(subtract(there, spacecraft), scale(spacecraft, -1.0)))


def _place(target: Target) -> Vector:
    return from_geodetic(Geodetic(math.radians(target.latitude), math.radians(target.longitude), 0.0))
