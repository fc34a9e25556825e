"""Everything about a simulated spacecraft that a mission file can say, and how it is read.

A mission file is TOML. Units stand in the keys; an unknown key is refused with the keys that exist, a wrong value
with its place.
"""

import datetime as dt
import hashlib
import importlib.resources
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from bus_sim.attitude.body import BodyParameters
from bus_sim.attitude.sensors import SensorParameters
from bus_sim.environment.orbit import OrbitParameters
from bus_sim.environment.stations import StationParameters
from bus_sim.equipment.camera import CameraParameters
from bus_sim.equipment.compute_board import ComputeBoardParameters
from bus_sim.equipment.mass_memory import MassMemoryParameters
from bus_sim.equipment.receiver import ReceiverParameters
from bus_sim.equipment.tone_unit import ToneParameters
from bus_sim.equipment.transmitter import TransmitterParameters
from bus_sim.errors import ParameterError
from bus_sim.power.battery import BatteryParameters
from bus_sim.power.distribution import DistributionParameters
from bus_sim.power.solar_array import PanelParameters
from bus_sim.quantities import Name, Watts
from bus_sim.reading import convert
from bus_sim.thermal.network import ThermalParameters


class ComputerParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The on-board computer: what it draws [W]."""

    power_w: Watts


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
        tone: see `ToneParameters`.
        onboard_computer: see `ComputerParameters`.
        mass_memory: see `MassMemoryParameters`.
        camera: see `CameraParameters`.
        compute_board: see `ComputeBoardParameters`.
        sband_receiver: telecommand receiver.
        sband_transmitter: telemetry transmitter.
        xband_transmitter: product transmitter.
    """

    name: Name
    start_utc: dt.datetime
    orbit: OrbitParameters
    stations: tuple[StationParameters, ...]
    panels: tuple[PanelParameters, ...]
    battery: BatteryParameters
    distribution: DistributionParameters
    thermal: ThermalParameters
    body: BodyParameters
    sensors: SensorParameters
    tone: ToneParameters
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
    return parameters_from_document(document)


def parameters_from_document(document: dict[str, Any]) -> SpacecraftParameters:
    """Take a spacecraft from a document that was read.

    Raises:
        ParameterError: a key is unknown or missing, or a value has the wrong type or range.
    """
    return convert(document, SpacecraftParameters)


def load_parameters(path: Path | None = None) -> SpacecraftParameters:
    """Read a mission file, by default the reference mission's.

    Raises:
        ParameterError: the file cannot be read, or see `parameters_from_toml`; names the file.
    """
    if path is None:
        return parameters_from_toml(importlib.resources.files("bus_sim").joinpath("urbanwatch.toml").read_text("utf-8"))
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ParameterError("", f"cannot be read: {reason}").in_file(path) from error
    try:
        return parameters_from_toml(text)
    except ParameterError as error:
        raise error.in_file(path) from error
