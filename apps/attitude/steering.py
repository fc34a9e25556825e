"""Where the body should point: from what is wanted to a target attitude. Pure functions of orbit and Sun."""

from __future__ import annotations

from typing import Annotated

import msgspec

from apps.attitude.messages import PointingMode
from flightsw.geometry.quaternion import Quaternion, from_axes, multiply
from flightsw.geometry.vectors import Vector, add, cross, dot, norm, scale, subtract, unit
from tlm_cmd.definition.fields import F32, Length
from tlm_cmd.definition.message import Record

EARTH_MU_KM3_S2 = 398_600.4418
"""Gravitational parameter of the Earth [km^3/s^2] (EGM-96)."""

PARALLEL = 1.0e-6


class BodyAxes(Record):
    """Where things are mounted, in body axes."""

    boresight: Annotated[tuple[Annotated[float, F32], ...], Length(3), "unit vector of the camera's view"]
    array_normal: Annotated[tuple[Annotated[float, F32], ...], Length(3), "unit vector out of the solar wings"]
    shade_side: Annotated[
        tuple[Annotated[float, F32], ...], Length(3), "unit vector kept against the orbit's angular momentum"
    ]


class OrbitState(msgspec.Struct, frozen=True):
    """Inertial (TEME) position [km] and velocity [km/s]."""

    position: Vector
    velocity: Vector

    def after(self, seconds: float) -> OrbitState:
        """The state a few seconds later: second order in time, below 1 m after 10 s in low orbit."""
        radius = norm(self.position)
        gravity = scale(self.position, -EARTH_MU_KM3_S2 / (radius * radius * radius))
        position = add(add(self.position, scale(self.velocity, seconds)), scale(gravity, 0.5 * seconds * seconds))
        return OrbitState(position, add(self.velocity, scale(gravity, seconds)))


def target_attitude(
    mode: PointingMode, axes: BodyAxes, orbit: OrbitState, sun: Vector, target_km: Vector
) -> Quaternion | None:
    """The attitude that a mode asks for; None when it asks for none.

    Args:
        mode: what is wanted.
        axes: where boresight and solar wings are.
        orbit: inertial state.
        sun: inertial unit vector to the Sun.
        target_km: inertial position of the place to look at, for TARGET.
    """
    match mode:
        case PointingMode.SUN:
            return _aligned(_vector(axes.array_normal), sun, _vector(axes.boresight), scale(orbit.position, -1.0))
        case PointingMode.NADIR:
            return _looking(axes, orbit, scale(orbit.position, -1.0))
        case PointingMode.TARGET:
            return _looking(axes, orbit, subtract(target_km, orbit.position))
        case PointingMode.IDLE | PointingMode.DETUMBLE:
            return None


def _looking(axes: BodyAxes, orbit: OrbitState, line: Vector) -> Quaternion:
    """Boresight along ``line``; the shade side away from the Sun's side of the orbit, which turns slowly everywhere."""
    against_momentum = cross(orbit.velocity, orbit.position)
    return _aligned(_vector(axes.boresight), line, _vector(axes.shade_side), against_momentum)


def aimed_axis(mode: PointingMode, axes: BodyAxes) -> Vector:
    """The body axis that a mode points exactly: the wings' normal for SUN, else the boresight."""
    return _vector(axes.array_normal if mode is PointingMode.SUN else axes.boresight)


def _vector(values: tuple[float, ...]) -> Vector:
    return (values[0], values[1], values[2])


def _aligned(body_first: Vector, first: Vector, body_second: Vector, second: Vector) -> Quaternion:
    """``body_first`` exactly along ``first``, and ``body_second`` as near to ``second`` as it can be."""
    inertial = from_axes(*_triad(first, second))
    body = from_axes(*_triad(body_first, body_second))
    return multiply(inertial, (body[0], -body[1], -body[2], -body[3]))


def _triad(first: Vector, second: Vector) -> tuple[Vector, Vector, Vector]:
    x = unit(first)
    z = cross(x, second)
    if norm(z) < PARALLEL * norm(second):  # any axis across will do
        z = cross(x, (0.0, 0.0, 1.0) if abs(x[2]) < 0.9 else (1.0, 0.0, 0.0))
    z = unit(z)
    return x, cross(z, x), z


def off_nadir_cosine(orbit: OrbitState, target_km: Vector) -> float:
    """Cosine of the angle between nadir and the line to a place, seen from the spacecraft."""
    line = unit(subtract(target_km, orbit.position))
    return -dot(line, unit(orbit.position))
