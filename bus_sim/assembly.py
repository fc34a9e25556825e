"""A spacecraft from its file, with errors that say which file."""

from pathlib import Path

from bus_sim.endpoints.device_endpoint import DeviceEndpoint
from bus_sim.endpoints.wiring import wire
from bus_sim.equipment.camera import ImageSource, describe_shot
from bus_sim.errors import ParameterError
from bus_sim.parameters import load_parameters
from bus_sim.spacecraft import Spacecraft

Endpoints = dict[str, DeviceEndpoint]


def assemble(path: Path | None, seed: int, image_source: ImageSource = describe_shot) -> tuple[Spacecraft, Endpoints]:
    """Build a spacecraft and the far ends of its devices' wires.

    Args:
        path: its file, None for the reference mission's.
        seed: master seed of all its random streams.
        image_source: makes the contents of the camera's images.

    Raises:
        ParameterError: the file cannot be read, or describes no spacecraft that can be simulated.
    """
    parameters = load_parameters(path)
    try:
        spacecraft = Spacecraft(parameters, seed, image_source)
        return spacecraft, wire(spacecraft)
    except ParameterError as error:
        if path is None:
            raise
        raise error.in_file(path) from error
