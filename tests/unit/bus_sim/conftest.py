"""What the tests of the simulated spacecraft share: the mission's parameters and an ideal attitude."""

from collections.abc import Callable

import pytest

from bus_sim.parameters import SpacecraftParameters, load_parameters
from bus_sim.spacecraft import Spacecraft
from flightsw.geometry.quaternion import from_axes
from flightsw.geometry.vectors import cross, dot, norm, scale, unit


@pytest.fixture(scope="session")
def parameters() -> SpacecraftParameters:
    """The reference mission's parameters."""
    return load_parameters()


@pytest.fixture
def spacecraft(parameters: SpacecraftParameters) -> Spacecraft:
    """A spacecraft at scenario start."""
    return Spacecraft(parameters, seed=1)


@pytest.fixture(scope="session")
def point_to_nadir() -> Callable[[Spacecraft], None]:
    """Sets the body's attitude and rate to perfect nadir pointing: a stand-in for the control law."""

    def point(spacecraft: Spacecraft) -> None:
        position, velocity = spacecraft.surroundings.position_km, spacecraft.surroundings.velocity_km_s
        momentum = cross(position, velocity)
        z, y = scale(unit(position), -1.0), scale(unit(momentum), -1.0)
        spacecraft.body.state.quaternion = from_axes(cross(y, z), y, z)
        spacecraft.body.state.rate_rad_s = (0.0, -norm(momentum) / dot(position, position), 0.0)

    return point
