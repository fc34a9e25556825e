"""Directions that a spacecraft's file gives as vectors of any length."""

from bus_sim.errors import ParameterError
from flightsw.geometry.vectors import Vector, norm, unit

SHORTEST = 1.0e-6
"""Length of a vector that is still one."""


def direction(path: str, components: Vector) -> Vector:
    """The unit vector that a parameter gives.

    Raises:
        ParameterError: the vector has no length, hence no direction; names the parameter.
    """
    if norm(components) < SHORTEST:
        raise ParameterError(path, "has no length", ("a vector with a length",))
    return unit(components)
