import math

import pytest

from flightsw.geometry.vectors import angle, cross, dot, norm, scale, unit


def test_products_follow_the_right_hand() -> None:
    """X cross Y is Z, and a vector is perpendicular to its cross products."""
    assert cross((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)) == (0.0, 0.0, 1.0)
    a, b = (1.0, 2.0, 3.0), (-2.0, 0.5, 4.0)
    assert dot(a, cross(a, b)) == pytest.approx(0.0)


def test_unit_has_length_one_and_the_same_direction() -> None:
    """A direction keeps the angle and loses the length."""
    a = (3.0, -4.0, 12.0)
    assert norm(a) == pytest.approx(13.0)
    assert norm(unit(a)) == pytest.approx(1.0)
    assert angle(a, unit(a)) == pytest.approx(0.0)
    assert angle(a, scale(a, -2.0)) == pytest.approx(math.pi)


def test_no_direction_without_length() -> None:
    """The zero vector has no direction."""
    with pytest.raises(ZeroDivisionError):
        unit((0.0, 0.0, 0.0))
