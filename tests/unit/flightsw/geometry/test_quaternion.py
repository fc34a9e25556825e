import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flightsw.geometry.quaternion import (
    IDENTITY,
    Quaternion,
    angle_between,
    conjugate,
    from_axes,
    from_rotation_vector,
    matrix,
    multiply,
    normalized,
    to_body,
    to_inertial,
)
from flightsw.geometry.vectors import Vector, norm

COMPONENT = st.floats(-1.0, 1.0)
QUATERNIONS = (
    st.tuples(COMPONENT, COMPONENT, COMPONENT, COMPONENT).filter(lambda q: math.hypot(*q) > 0.1).map(normalized)
)
VECTORS = st.tuples(COMPONENT, COMPONENT, COMPONENT)


@settings(max_examples=60, deadline=None)
@given(QUATERNIONS, VECTORS)
def test_matrix_is_the_sandwich_product(q: Quaternion, v: Vector) -> None:
    """Turning by the matrix is q v q*, keeps the length, and back again is the inverse."""
    turned = to_inertial(matrix(q), v)
    assert multiply(multiply(q, (0.0, *v)), conjugate(q))[1:] == pytest.approx(turned, abs=1e-12)
    assert norm(turned) == pytest.approx(norm(v), abs=1e-12)
    assert to_body(matrix(q), turned) == pytest.approx(v, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(QUATERNIONS)
def test_axes_and_back(q: Quaternion) -> None:
    """The attitude found from the body axes is the one they came from, up to sign."""
    m = matrix(q)
    axes = [to_inertial(m, axis) for axis in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))]
    assert angle_between(from_axes(*axes), q) == pytest.approx(0.0, abs=1e-7)


@pytest.mark.parametrize("q", [(1.0, 0, 0, 0), (0, 1.0, 0, 0), (0, 0, 1.0, 0), (0, 0, 0, 1.0)])
def test_half_turns_are_found_from_their_axes(q: Quaternion) -> None:
    """Each of the four branches is exact where its component is one."""
    m = matrix(q)
    axes = [to_inertial(m, axis) for axis in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))]
    assert from_axes(*axes) == pytest.approx(q)


@settings(max_examples=60, deadline=None)
@given(VECTORS.filter(lambda v: norm(v) < math.pi))
def test_rotation_vector_has_its_angle(v: Vector) -> None:
    """The rotation's angle is the vector's length."""
    assert angle_between(IDENTITY, from_rotation_vector(v)) == pytest.approx(norm(v), abs=1e-9)


def test_a_quarter_turn_about_z_takes_x_to_y() -> None:
    """The sense is that of the right hand, from body to inertial."""
    q = from_rotation_vector((0.0, 0.0, math.pi / 2))
    assert to_inertial(matrix(q), (1.0, 0.0, 0.0)) == pytest.approx((0.0, 1.0, 0.0))
