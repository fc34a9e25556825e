"""The control law: a cascade of a rate-limited attitude loop around a rate loop. Pure."""

from __future__ import annotations

import math
from typing import Annotated

from flightsw.geometry.quaternion import Quaternion, conjugate, multiply
from flightsw.geometry.vectors import Vector, add, cross, norm, scale, subtract
from tlm_cmd.definition.fields import F32, Length, Range, Unit
from tlm_cmd.definition.message import Record


class ControlGains(Record):
    """How the body is turned; the loops are closed once per second."""

    inertia: Annotated[tuple[Annotated[float, F32], ...], Length(3), Unit("kg m2"), "principal moments, body axes"]
    attitude_gain: Annotated[float, F32, Range(0.001, 0.5), Unit("1/s"), "rate asked for per angle"]
    rate_gain: Annotated[float, F32, Range(0.01, 1.0), Unit("1/s"), "acceleration per rate error"]
    max_rate: Annotated[float, F32, Range(0.05, 5), Unit("deg/s"), "while slewing"]
    max_torque: Annotated[float, F32, Range(1e-4, 1), Unit("N m"), "per axis"]
    search_rate: Annotated[float, F32, Range(0, 1.5), Unit("deg/s"), "about x, to bring stars into the tracker's view"]
    damped_rate: Annotated[float, F32, Range(0.01, 5), Unit("deg/s"), "below which detumbling is done"]


def check_gains(gains: ControlGains) -> str | None:
    """What is wrong with the gains, or None."""
    if not min(gains.inertia) > 0.0:
        return f"inertia is {gains.inertia}, needed are three positive moments"
    if not gains.search_rate <= gains.max_rate:
        return f"search_rate {gains.search_rate} must be at most max_rate {gains.max_rate}"
    return None


def attitude_error(attitude: Quaternion, target: Quaternion) -> Vector:
    """Rotation from the attitude to the target, as a vector in body axes [rad], the short way round."""
    w, x, y, z = multiply(conjugate(attitude), target)
    sine = math.sqrt(x * x + y * y + z * z)
    angle = 2.0 * math.atan2(sine, abs(w))
    factor = 0.0 if sine == 0.0 else math.copysign(angle / sine, w)
    return (x * factor, y * factor, z * factor)


def torque(gains: ControlGains, error: Vector, rate: Vector, target_rate: Vector) -> Vector:
    """Torque in body axes [N m] that turns the body along ``error`` [rad].

    Args:
        gains: the loops' constants.
        error: rotation still to be made, body axes; zero to only damp rates.
        rate: measured body rate [rad/s].
        target_rate: rate of the target attitude itself, body axes [rad/s].
    """
    fastest = math.radians(gains.max_rate)
    wanted = add(_limited(scale(error, gains.attitude_gain), fastest), _limited(target_rate, fastest))
    acceleration = scale(subtract(wanted, rate), gains.rate_gain)
    ix, iy, iz = gains.inertia
    momentum = (ix * rate[0], iy * rate[1], iz * rate[2])
    demand = add((ix * acceleration[0], iy * acceleration[1], iz * acceleration[2]), cross(rate, momentum))
    largest = max(abs(demand[0]), abs(demand[1]), abs(demand[2]))
    return demand if largest <= gains.max_torque else scale(demand, gains.max_torque / largest)


def _limited(vector: Vector, longest: float) -> Vector:
    length = norm(vector)
    return vector if length <= longest else scale(vector, longest / length)
