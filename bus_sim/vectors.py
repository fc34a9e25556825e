"""Vectors of three floats, as plain tuples: the tick path uses no array library."""

import math

Vector = tuple[float, float, float]
"""Three Cartesian components; unit and frame are said where it is used."""


def dot(a: Vector, b: Vector) -> float:
    """Scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a: Vector, b: Vector) -> Vector:
    """Vector product ``a x b``."""
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def norm(a: Vector) -> float:
    """Euclidean length."""
    return math.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2])


def scale(a: Vector, factor: float) -> Vector:
    """Every component multiplied by ``factor``."""
    return (a[0] * factor, a[1] * factor, a[2] * factor)


def unit(a: Vector) -> Vector:
    """The direction of ``a``.

    Raises:
        ZeroDivisionError: ``a`` has no length, hence no direction.
    """
    return scale(a, 1.0 / norm(a))


def angle(a: Vector, b: Vector) -> float:
    """Angle between two directions [rad], 0 to pi, accurate at both ends (atan2 form)."""
    return math.atan2(norm(cross(a, b)), dot(a, b))
