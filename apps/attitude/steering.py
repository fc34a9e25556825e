"""Where the body should point: from what is wanted to a target attitude. Pure functions of orbit and Sun."""

from __future__ import annotations

import math
from typing import Annotated, assert_never

from apps.attitude.messages import PointingMode
from apps.attitude.orbit import OrbitState
from flightsw.geometry.quaternion import Quaternion, conjugate, from_axes, multiply
from flightsw.geometry.vectors import Vector, angle, cross, norm, scale, subtract, unit
from tlm_cmd.definition.fields import F32, Length
from tlm_cmd.definition.message import Record

PARALLEL = 1.0e-6
UNIT_TOLERANCE = 0.01
LEAST_ANGLE_DEG = 5.0


class BodyAxes(Record):
    """Where things are mounted, in body axes."""

    boresight: Annotated[tuple[Annotated[float, F32], ...], Length(3), "unit vector of the camera's view"]
    array_normal: Annotated[tuple[Annotated[float, F32], ...], Length(3), "unit vector out of the solar wings"]
    shade_side: Annotated[
        tuple[Annotated[float, F32], ...], Length(3), "unit vector kept against the orbit's angular momentum"
    ]


def check_axes(axes: BodyAxes) -> str | None:
    """What is wrong with the axes, or None."""
    vectors = {
        "boresight": _vector(axes.boresight),
        "array_normal": _vector(axes.array_normal),
        "shade_side": _vector(axes.shade_side),
    }
    for name, vector in vectors.items():
        if not abs(norm(vector) - 1.0) <= UNIT_TOLERANCE:
            return f"{name} has length {norm(vector):.3f}, needed is 1"
    for name in ("array_normal", "shade_side"):
        between = math.degrees(angle(vectors["boresight"], vectors[name]))
        if not LEAST_ANGLE_DEG <= between <= 180.0 - LEAST_ANGLE_DEG:
            return f"{name} and boresight are parallel, {between:.1f} deg apart"
    return None


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
        case _:
            assert_never(mode)


def aimed_axis(mode: PointingMode, axes: BodyAxes) -> Vector:
    """The body axis that a mode points exactly: the wings' normal for SUN, else the boresight."""
    return _vector(axes.array_normal if mode is PointingMode.SUN else axes.boresight)


def turn_between(axis: Vector, direction: Vector) -> Vector:
    """The shortest rotation that brings a body axis into a direction, both in body axes, as a vector [rad]."""
    across = cross(axis, direction)
    if norm(across) < PARALLEL:  # already there, or any way round will do
        across = _any_across(axis)
    return scale(unit(across), angle(axis, direction))


def _looking(axes: BodyAxes, orbit: OrbitState, line: Vector) -> Quaternion:
    """Boresight along ``line``; the shade side away from the Sun's side of the orbit, which turns slowly everywhere."""
    against_momentum = cross(orbit.velocity, orbit.position)
    return _aligned(_vector(axes.boresight), line, _vector(axes.shade_side), against_momentum)


def _vector(values: tuple[float, ...]) -> Vector:
    return (values[0], values[1], values[2])


def _aligned(body_first: Vector, first: Vector, body_second: Vector, second: Vector) -> Quaternion:
    """``body_first`` exactly along ``first``, and ``body_second`` as near to ``second`` as it can be."""
    return multiply(from_axes(*_triad(first, second)), conjugate(from_axes(*_triad(body_first, body_second))))


def _triad(first: Vector, second: Vector) -> tuple[Vector, Vector, Vector]:
    x = unit(first)
    z = cross(x, second)
    z = unit(z if norm(z) >= PARALLEL * norm(second) else _any_across(x))
    return x, cross(z, x), z


def _any_across(axis: Vector) -> Vector:
    """A direction across an axis, no matter which."""
    return cross(axis, (0.0, 0.0, 1.0) if abs(axis[2]) < 0.9 else (1.0, 0.0, 0.0))
