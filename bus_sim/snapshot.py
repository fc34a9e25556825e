"""The whole memory of a spacecraft as one document: every model's state and the positions of the random streams."""

import msgspec

from bus_sim.attitude.body import BodyState
from bus_sim.attitude.sensors import AttitudeSensorState, GpsState
from bus_sim.equipment.camera import CameraMemory
from bus_sim.equipment.compute_board import ComputeBoardState
from bus_sim.equipment.constant_load import ConstantLoadState
from bus_sim.equipment.mass_memory import MassMemoryState
from bus_sim.equipment.receiver import ReceiverState
from bus_sim.equipment.tone_unit import ToneUnitState
from bus_sim.equipment.transmitter import TransmitterState
from bus_sim.equipment.watchdog import WatchdogState
from bus_sim.errors import SnapshotError
from bus_sim.power.battery import BatteryState
from bus_sim.power.distribution import DistributionState
from bus_sim.power.solar_array import SolarArrayState
from bus_sim.power.system import PowerAccount
from bus_sim.random_streams import StreamState
from bus_sim.thermal.heaters import HeaterBankState
from bus_sim.thermal.network import ThermalState

SNAPSHOT_VERSION = 4
"""Raised whenever the meaning of a state changes."""


class SpacecraftState(msgspec.Struct):
    """States of all models, each under the name that the model has in the spacecraft."""

    now_ns: int
    streams: dict[str, StreamState]
    array: SolarArrayState
    battery: BatteryState
    distribution: DistributionState
    power: PowerAccount
    thermal: ThermalState
    heaters: HeaterBankState
    body: BodyState
    sensors: AttitudeSensorState
    gps: GpsState
    tone_unit: ToneUnitState
    onboard_computer: ConstantLoadState
    watchdog: WatchdogState
    mass_memory: MassMemoryState
    camera: CameraMemory
    compute_board: ComputeBoardState
    sband_receiver: ReceiverState
    sband_transmitter: TransmitterState
    xband_transmitter: TransmitterState


MODELS = tuple(name for name in SpacecraftState.__struct_fields__ if name not in ("now_ns", "streams"))
"""Names of the models that have a state."""


class SnapshotHeader(msgspec.Struct):
    """Version, digest of the parameters and master seed; read before the rest is believed."""

    version: int
    parameters: str
    master_seed: int


class Snapshot(SnapshotHeader):
    """The document: a header and the state."""

    state: SpacecraftState


def encode_snapshot(digest: str, master_seed: int, state: SpacecraftState) -> bytes:
    """The document as msgpack; floats keep every bit."""
    return msgspec.msgpack.encode(Snapshot(SNAPSHOT_VERSION, digest, master_seed, state))


def decode_snapshot(document: bytes, digest: str, master_seed: int) -> SpacecraftState:
    """The state in a document.

    Raises:
        SnapshotError: it is damaged, of another version, or of a spacecraft with other parameters or another seed.
    """
    try:
        header = msgspec.msgpack.decode(document, type=SnapshotHeader)
        if header.version != SNAPSHOT_VERSION:
            raise SnapshotError(f"snapshot has version {header.version}, this is {SNAPSHOT_VERSION}")
        if header.parameters != digest or header.master_seed != master_seed:
            raise SnapshotError("snapshot belongs to a spacecraft with other parameters or another seed")
        return msgspec.msgpack.decode(document, type=Snapshot).state
    except msgspec.DecodeError as error:
        raise SnapshotError(f"snapshot is damaged: {error}") from error
