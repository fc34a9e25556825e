"""Everything about a simulated spacecraft that a mission file can say, and how it is read.

A mission file is TOML. Units stand in the keys; an unknown key is refused with the keys that exist, a wrong value
with its place.
"""

import datetime as dt
import hashlib
import importlib.resources
import re
import tomllib
import typing
from pathlib import Path
from typing import Annotated, Any

import msgspec

from bus_sim.attitude.body import BodyParameters
from bus_sim.attitude.sensors import SensorParameters
from bus_sim.environment.orbit import OrbitParameters
from bus_sim.environment.stations import StationParameters
from bus_sim.equipment.camera import CameraParameters
from bus_sim.equipment.compute_board import ComputeBoardParameters
from bus_sim.equipment.mass_memory import MassMemoryParameters
from bus_sim.equipment.receiver import ReceiverParameters
from bus_sim.equipment.transmitter import TransmitterParameters
from bus_sim.errors import ParameterError
from bus_sim.power.battery import BatteryParameters
from bus_sim.power.distribution import DistributionParameters
from bus_sim.power.solar_array import PanelParameters
from bus_sim.thermal.network import ThermalParameters

_VALIDATION_PLACE = re.compile(r"^(?P<reason>.*) - at `\$\.?(?P<path>.*)`$", re.DOTALL)


class ComputerParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The on-board computer: what it draws [W]."""

    power_w: Annotated[float, msgspec.Meta(ge=0.0)]


class SpacecraftParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A simulated spacecraft, its orbit and its stations.

    Attributes:
        name: of the mission.
        start_utc: scenario start, with time zone.
        orbit: two-line elements.
        stations: ground stations; their order is their number.
        panels: solar panels; their order is their number.
        battery: see `BatteryParameters`.
        distribution: see `DistributionParameters`.
        thermal: see `ThermalParameters`.
        body: see `BodyParameters`.
        sensors: see `SensorParameters`.
        onboard_computer: see `ComputerParameters`.
        mass_memory: see `MassMemoryParameters`.
        camera: see `CameraParameters`.
        compute_board: see `ComputeBoardParameters`.
        sband_receiver: telecommand receiver.
        sband_transmitter: telemetry transmitter.
        xband_transmitter: product transmitter.
    """

    name: str
    start_utc: dt.datetime
    orbit: OrbitParameters
    stations: tuple[StationParameters, ...]
    panels: tuple[PanelParameters, ...]
    battery: BatteryParameters
    distribution: DistributionParameters
    thermal: ThermalParameters
    body: BodyParameters
    sensors: SensorParameters
    onboard_computer: ComputerParameters
    mass_memory: MassMemoryParameters
    camera: CameraParameters
    compute_board: ComputeBoardParameters
    sband_receiver: ReceiverParameters
    sband_transmitter: TransmitterParameters
    xband_transmitter: TransmitterParameters

    def digest(self) -> str:
        """SHA-256 of all values in hexadecimal; spacecraft with the same digest and seed behave the same."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()


def parameters_from_toml(text: str) -> SpacecraftParameters:
    """Read a mission file's text.

    Raises:
        ParameterError: the text is no TOML, a key is unknown or missing, or a value has the wrong type or range.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ParameterError("", f"is no TOML: {error}") from error
    _refuse_unknown_keys(document, SpacecraftParameters, "")
    try:
        return msgspec.convert(document, SpacecraftParameters)
    except msgspec.ValidationError as error:
        found = _VALIDATION_PLACE.match(str(error))
        path, reason = (found["path"], found["reason"]) if found else ("", str(error))
        raise ParameterError(path, reason) from error


def load_parameters(path: Path | None = None) -> SpacecraftParameters:
    """Read a mission file, by default the reference mission's.

    Raises:
        ParameterError: see `parameters_from_toml`.
        OSError: the file cannot be read.
    """
    if path is None:
        return parameters_from_toml(importlib.resources.files("bus_sim").joinpath("urbanwatch.toml").read_text("utf-8"))
    return parameters_from_toml(path.read_text("utf-8"))


def _refuse_unknown_keys(document: dict[str, Any], kind: type[msgspec.Struct], path: str) -> None:
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    for key, value in document.items():
        place = f"{path}.{key}" if path else key
        if key not in fields:
            raise ParameterError(place, "unknown key", tuple(fields))
        expected = fields[key]
        arguments = typing.get_args(expected)
        if _is_struct(expected) and isinstance(value, dict):
            _refuse_unknown_keys(value, expected, place)
        elif arguments and _is_struct(arguments[0]) and isinstance(value, list):
            for number, element in enumerate(value):
                if isinstance(element, dict):
                    _refuse_unknown_keys(element, arguments[0], f"{place}[{number}]")


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)
