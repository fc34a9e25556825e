from __future__ import annotations

import math
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.attitude.control import ControlGains, attitude_error, check_gains, torque
from flightsw.geometry.quaternion import Quaternion, angle_between, from_rotation_vector, multiply, normalized
from flightsw.geometry.vectors import Vector, cross, dot, norm, scale, subtract
from flightsw.mission import Mission
from flightsw.services.tables.content import read_table

MODEST = settings(max_examples=80, deadline=None)
GAINS = ControlGains(
    inertia=(0.28, 0.34, 0.24),
    attitude_gain=0.12,
    rate_gain=0.5,
    max_rate=1.2,
    max_torque=0.005,
    search_rate=0.6,
    damped_rate=0.2,
)
REST: Vector = (0.0, 0.0, 0.0)
ATTITUDES = st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: norm(q[1:]) + abs(q[0]) > 0.1).map(normalized)
VECTORS = st.tuples(*[st.floats(-3, 3)] * 3)
RATES = st.tuples(*[st.floats(-0.1, 0.1)] * 3)


def gyroscopic(rate: Vector) -> Vector:
    """The torque that keeps a turning body's rate constant."""
    ix, iy, iz = GAINS.inertia
    return cross(rate, (ix * rate[0], iy * rate[1], iz * rate[2]))


@MODEST
@given(ATTITUDES, ATTITUDES)
def test_the_error_leads_to_the_target(attitude: Quaternion, target: Quaternion) -> None:
    """Turned by the error the attitude is the target, and the error is the short way round."""
    error = attitude_error(attitude, target)
    assert norm(error) <= math.pi + 1e-9
    assert norm(error) == pytest.approx(angle_between(attitude, target), abs=1e-9)
    assert angle_between(multiply(attitude, from_rotation_vector(error)), target) < 1e-7


@MODEST
@given(ATTITUDES, ATTITUDES)
def test_both_signs_of_a_quaternion_are_one_attitude(attitude: Quaternion, target: Quaternion) -> None:
    """The error does not depend on which of the two quaternions of an attitude is given."""
    w, x, y, z = target
    assert attitude_error(attitude, (-w, -x, -y, -z)) == pytest.approx(attitude_error(attitude, target), abs=1e-9)


def test_no_error_no_torque() -> None:
    """On target and at rest nothing is commanded; half a turn off has an error of pi."""
    assert attitude_error((1.0, 0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0)) == REST
    assert torque(GAINS, REST, REST, REST) == REST
    assert norm(attitude_error((1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0))) == pytest.approx(math.pi)


@MODEST
@given(VECTORS, RATES, RATES)
def test_torque_keeps_its_limit(error: Vector, rate: Vector, target_rate: Vector) -> None:
    """No axis is asked for more than it can give."""
    commanded = torque(GAINS, error, rate, target_rate)
    assert max(abs(component) for component in commanded) <= GAINS.max_torque * (1 + 1e-12)


@MODEST
@given(RATES)
def test_damping_takes_energy_out(rate: Vector) -> None:
    """Without an error the torque never speeds the body up, gyroscopic torque aside."""
    commanded = torque(msgspec.structs.replace(GAINS, max_torque=1.0), REST, rate, REST)
    assert dot(subtract(commanded, gyroscopic(rate)), rate) <= 0.0


def test_slewing_has_a_top_rate() -> None:
    """However large the error is, at the top rate towards the target there is nothing left to accelerate."""
    top = math.radians(GAINS.max_rate)
    for error in (1.0, 3.0):
        along = scale((0.6, 0.0, 0.8), top)
        assert torque(GAINS, scale((0.6, 0.0, 0.8), error), along, REST) == pytest.approx(gyroscopic(along))


def test_a_moving_target_is_followed() -> None:
    """On target and at the target's rate nothing but the gyroscopic torque is commanded."""
    rate = (0.001, -0.002, 0.003)
    assert torque(GAINS, REST, rate, rate) == pytest.approx(gyroscopic(rate))


def test_the_mission_gains_are_allowed(mission: Mission) -> None:
    """The mission's gains pass their check, and others do not."""
    table = read_table(ControlGains, Path(mission.table_folder("attitude")) / "gains.toml")
    assert check_gains(table) is None
    assert "inertia" in str(check_gains(msgspec.structs.replace(table, inertia=(0.1, 0.0, 0.1))))
    assert "search_rate" in str(check_gains(msgspec.structs.replace(table, search_rate=1.5, max_rate=1.0)))
