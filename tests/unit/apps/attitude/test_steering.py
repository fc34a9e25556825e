from __future__ import annotations

import math
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.attitude.messages import PointingMode
from apps.attitude.orbit import OrbitState
from apps.attitude.steering import BodyAxes, aimed_axis, check_axes, target_attitude, turn_between
from flightsw.geometry.quaternion import Quaternion, from_rotation_vector, matrix, to_body, to_inertial
from flightsw.geometry.vectors import Vector, angle, cross, norm, scale, subtract, unit
from flightsw.mission import Mission
from flightsw.services.tables.content import read_table

MODEST = settings(max_examples=80, deadline=None)
AXES = BodyAxes((0.0, 0.0, 1.0), (0.0, -0.37, -0.93), (0.0, 1.0, 0.0))
ORBIT = OrbitState((6878.0, 0.0, 0.0), (0.0, 0.98, 7.55))
NADIR: Vector = (-1.0, 0.0, 0.0)
TARGET_KM: Vector = (6370.0, 100.0, 200.0)
DIRECTIONS = st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: norm(v) > 0.1).map(unit)


def attitude(mode: PointingMode, sun: Vector = (0.0, 1.0, 0.0)) -> Quaternion:
    """The target attitude, which there must be."""
    target = target_attitude(mode, AXES, ORBIT, sun, TARGET_KM)
    assert target is not None
    return target


def axis(mode: PointingMode, body: Vector, sun: Vector = (0.0, 1.0, 0.0)) -> Vector:
    """Where a body axis points then."""
    return to_inertial(matrix(attitude(mode, sun)), unit(body))


@MODEST
@given(DIRECTIONS)
def test_sun(sun: Vector) -> None:
    """The wings face the Sun wherever it is, and the camera looks as near to the Earth as that allows."""
    wings = axis(PointingMode.SUN, (0.0, -0.37, -0.93), sun)
    assert angle(wings, sun) < 1e-6
    camera = axis(PointingMode.SUN, (0.0, 0.0, 1.0), sun)
    mounted = angle((0.0, -0.37, -0.93), (0.0, 0.0, 1.0))
    nearest = abs(angle(sun, NADIR) - mounted)
    assert angle(camera, NADIR) == pytest.approx(nearest, abs=1e-4)


def test_nadir() -> None:
    """The camera looks to the Earth's centre, the shade side away from the orbit's angular momentum."""
    assert angle(axis(PointingMode.NADIR, (0.0, 0.0, 1.0)), NADIR) < 1e-6
    against = scale(unit(cross(ORBIT.position, ORBIT.velocity)), -1.0)
    assert angle(axis(PointingMode.NADIR, (0.0, 1.0, 0.0)), against) < 1e-6


def test_target() -> None:
    """The camera looks to the place."""
    line = unit(subtract(TARGET_KM, ORBIT.position))
    assert angle(axis(PointingMode.TARGET, (0.0, 0.0, 1.0)), line) < 1e-6


@pytest.mark.parametrize("mode", [PointingMode.IDLE, PointingMode.DETUMBLE])
def test_nothing_to_aim_at(mode: PointingMode) -> None:
    """Idle and detumbling ask for no attitude."""
    assert target_attitude(mode, AXES, ORBIT, (0.0, 1.0, 0.0), TARGET_KM) is None


def test_the_sun_in_line_with_the_earth() -> None:
    """With Sun and Earth in one line the wings face the Sun all the same."""
    for sun in (NADIR, scale(NADIR, -1.0)):
        assert angle(axis(PointingMode.SUN, (0.0, -0.37, -0.93), sun), sun) < 1e-6


@MODEST
@given(DIRECTIONS, DIRECTIONS)
def test_a_turn_leads_there(start: Vector, end: Vector) -> None:
    """Turned by the vector an axis lies in its direction, by the shortest way."""
    turn = turn_between(start, end)
    assert norm(turn) == pytest.approx(angle(start, end), abs=1e-9)
    assert angle(to_inertial(matrix(from_rotation_vector(turn)), start), end) < 1e-5


@pytest.mark.parametrize("start", [(0.0, 0.0, 1.0), (1.0, 0.0, 0.0)])
def test_a_turn_to_the_opposite(start: Vector) -> None:
    """An axis that points the opposite way is turned by half a turn, any way round; one in place not at all."""
    assert norm(turn_between(start, scale(start, -1.0))) == pytest.approx(math.pi)
    assert norm(turn_between(start, start)) < 1e-6


def test_aimed_axes() -> None:
    """The wings are aimed at the Sun, the camera at everything else."""
    assert aimed_axis(PointingMode.SUN, AXES) == AXES.array_normal
    assert {aimed_axis(mode, AXES) for mode in PointingMode if mode is not PointingMode.SUN} == {AXES.boresight}


def test_axes_that_are_refused(mission: Mission) -> None:
    """The mission's axes are allowed; axes without unit length, or parallel ones, are not."""
    table = read_table(BodyAxes, Path(mission.table_folder("attitude")) / "axes.toml")
    assert check_axes(table) is None
    assert "boresight has length 2" in str(check_axes(msgspec.structs.replace(AXES, boresight=(0.0, 0.0, 2.0))))
    assert "parallel" in str(check_axes(msgspec.structs.replace(AXES, array_normal=(0.0, 0.0, -1.0))))
    assert "shade_side" in str(check_axes(msgspec.structs.replace(AXES, shade_side=(0.0, 0.0, 1.0))))
    assert "nan" in str(check_axes(msgspec.structs.replace(AXES, shade_side=(math.nan, 0.0, 1.0))))


def test_body_and_inertial_agree() -> None:
    """The attitude takes body components to inertial ones, as the star tracker's does."""
    target = attitude(PointingMode.NADIR)
    assert to_body(matrix(target), NADIR) == pytest.approx((0.0, 0.0, 1.0), abs=1e-6)
