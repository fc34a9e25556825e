from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from flightsw.devices import attitude_control, camera, compute_board, eps, heaters, mass_memory, radio, tone_capture
from flightsw.devices.device import Device
from flightsw.devices.errors import CorruptReplyError, NoReplyError, RefusedError
from flightsw.devices.framing import NOTHING, Nothing, Operation, Status
from flightsw.devices.wires import I2cWire, UartWire
from flightsw.hal.ports import MAX_FRAME_OCTETS, MAX_TRANSFER_OCTETS
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.message import Record

MakeResponder = Callable[[dict[Operation[Any, Any], object]], Any]

EPS_STATUS = eps.EpsStatus(
    battery_voltage_v=31.5,
    battery_current_a=-0.25,
    state_of_charge=0.75,
    battery_temperature_c=-3.5,
    array_power_w=40.0,
    load_power_w=22.5,
    line_count=9,
    lines_on=0b1_0000_0101,
    lines_tripped=0b10,
    brownouts=3,
    line_currents_a=tuple(number / 4 for number in range(16)),
)
THERMAL_STATUS = heaters.ThermalStatus(
    sensor_count=11,
    heater_count=4,
    heaters_on=0b1010,
    temperatures_c=tuple(number * 8.0 - 60 for number in range(16)),
)
STAR_TRACKER = attitude_control.StarTrackerReading(valid=True, quaternion=(0.5, -0.5, 0.5, -0.5))
GYRO = attitude_control.GyroReading(valid=True, rates_rad_s=(0.1, -0.2, 0.3))
SUN_SENSOR = attitude_control.SunSensorReading(valid=True, direction=(0.6, 0.0, -0.8))
GPS_FIX = attitude_control.GpsFix(
    valid=True,
    time_tai_ns=2_157_504_000_123_456_789,
    position_earth_fixed_km=(2165.5, -5353.6, 3725.0),
    velocity_earth_fixed_km_s=(-3.0, 3.2, 6.3),
    position_km=(-5210.7, -2489.7, 3725.0),
    velocity_km_s=(3.1, 2.8, 6.3),
)
BOARD_STATUS = compute_board.BoardStatus(
    state=compute_board.BoardState.ACTIVE,
    power_mode=compute_board.PowerMode.W15,
    throttled=True,
    tripped=False,
    temperature_c=84.5,
    job=77,
    boots=1,
    jobs_completed=2,
    jobs_lost=3,
    jobs_aborted=4,
    throttles=5,
    trips=6,
)
RADIO_STATUS = radio.RadioStatus(
    transmitter_on=True,
    receiver_locked=True,
    transmit_queued=3,
    transmit_room_octets=1000,
    transmit_rate_bit_s=512_000,
    receive_queued=2,
    frames_sent=100,
    frames_received=50,
    receive_overruns=1,
)

SAMPLES: list[tuple[ModuleType, str, Record, Record]] = [
    (eps, "GET_STATUS", NOTHING, EPS_STATUS),
    (eps, "SWITCH_LINE", eps.SwitchLine(15, on=True), NOTHING),
    (eps, "RETRIGGER", eps.LineSelection(0), NOTHING),
    (heaters, "GET_STATUS", NOTHING, THERMAL_STATUS),
    (heaters, "GET_TEMPERATURE", heaters.SensorSelection(3), heaters.Temperature(-12.5)),
    (heaters, "SWITCH_HEATER", heaters.SwitchHeater(3, on=False), NOTHING),
    (
        attitude_control,
        "GET_ATTITUDE",
        NOTHING,
        attitude_control.AttitudeReading(STAR_TRACKER, GYRO, SUN_SENSOR),
    ),
    (attitude_control, "GET_STAR_TRACKER", NOTHING, STAR_TRACKER),
    (attitude_control, "GET_GYRO", NOTHING, GYRO),
    (attitude_control, "GET_SUN_SENSOR", NOTHING, SUN_SENSOR),
    (attitude_control, "GET_GPS", NOTHING, GPS_FIX),
    (attitude_control, "SET_TORQUE", attitude_control.TorqueCommand((0.001, -0.002, 0.0)), NOTHING),
    (radio, "GET_STATUS", NOTHING, RADIO_STATUS),
    (radio, "SWITCH_TRANSMITTER", radio.SwitchTransmitter(on=True), NOTHING),
    (radio, "SEND_FRAME", radio.Frame(b"\x1a\xcf\xfc\x1d frame"), NOTHING),
    (radio, "FETCH_FRAMES", radio.FetchFrames(65_535), radio.ReceivedFrames(65_535, (b"one", b"", b"three"))),
    (camera, "GET_STATUS", NOTHING, camera.CameraStatus(camera.CameraState.EXPOSING, 12, 11, 1)),
    (camera, "SET_STANDBY", camera.SetStandby(standby=True), NOTHING),
    (camera, "EXPOSE", camera.Expose(7, 4_294_967_295), NOTHING),
    (mass_memory, "GET_STATUS", NOTHING, mass_memory.MemoryStatus(2**32, 1000, 2, 4096)),
    (
        mass_memory,
        "LIST_FILES",
        mass_memory.ListFiles(5),
        mass_memory.FileList((mass_memory.FileEntry(5, 10), mass_memory.FileEntry(9, 0))),
    ),
    (mass_memory, "GET_SIZE", mass_memory.FileSelection(9), mass_memory.FileSize(123_456)),
    (mass_memory, "READ_CHUNK", mass_memory.ReadChunk(9, 100, 32_768), mass_memory.Chunk(b"some data")),
    (mass_memory, "WRITE_CHUNK", mass_memory.WriteChunk(9, 100, b"more data"), NOTHING),
    (mass_memory, "DELETE_FILE", mass_memory.FileSelection(9), NOTHING),
    (compute_board, "GET_STATUS", NOTHING, BOARD_STATUS),
    (compute_board, "SET_POWER_MODE", compute_board.SetPowerMode(compute_board.PowerMode.W25), NOTHING),
    (compute_board, "START_JOB", compute_board.StartJob(3, 12.5), NOTHING),
    (
        compute_board,
        "GET_PROGRESS",
        compute_board.JobSelection(3),
        compute_board.JobProgress(done_s=2.5, work_s=12.5, running=True, finished=False),
    ),
    (compute_board, "ABORT_JOB", compute_board.JobSelection(3), NOTHING),
    (
        tone_capture,
        "GET_TONES",
        tone_capture.TonesAfter(7),
        tone_capture.CapturedTones(8, (tone_capture.CapturedTone(8, 10**18, 10**18 + 5, 2**31, valid=True),)),
    ),
]
EACH_OPERATION = pytest.mark.parametrize(
    ("module", "name", "request_", "reply"),
    SAMPLES,
    ids=[f"{module.__name__.rsplit('.', 1)[1]}.{name}" for module, name, _, _ in SAMPLES],
)
MODULES = (eps, heaters, attitude_control, radio, camera, mass_memory, compute_board, tone_capture)


def operations(module: ModuleType) -> dict[str, Operation[Any, Any]]:
    """The operations that a driver's module declares."""
    return {name: value for name, value in vars(module).items() if isinstance(value, Operation)}


def driven(module: ModuleType, probe: Any) -> Device:  # noqa: ANN401 - a responder
    """A driver on the kind of wire that its device has."""
    return Device("probe", I2cWire(probe.i2c(), 0x24) if module in (eps, heaters) else UartWire(probe.uart()))


@pytest.mark.parametrize("module", MODULES)
def test_opcodes_are_unique(module: ModuleType) -> None:
    """No two operations of a device share an opcode, and each fits an octet."""
    opcodes = [operation.opcode for operation in operations(module).values()]
    assert len(set(opcodes)) == len(opcodes)
    assert all(0 <= opcode <= 255 for opcode in opcodes)


@pytest.mark.parametrize("module", MODULES)
def test_every_operation_is_tested_here(module: ModuleType) -> None:
    """The list above leaves out no operation."""
    assert {name for sampled, name, _, _ in SAMPLES if sampled is module} == set(operations(module))


@pytest.mark.parametrize("module", MODULES)
def test_every_transfer_fits_a_port(module: ModuleType) -> None:
    """The longest request and the longest reply of every operation can be carried."""
    for operation in operations(module).values():
        assert operation.most_octets <= MAX_TRANSFER_OCTETS - 16
        assert codec_of(operation.request).layout.octet_bounds[1] <= MAX_TRANSFER_OCTETS - 16


@EACH_OPERATION
def test_requests_and_replies_come_back(
    responder: MakeResponder, module: ModuleType, name: str, request_: Record, reply: Record
) -> None:
    """The device gets the request as it was made, the driver gets the reply as it was made."""
    operation = operations(module)[name]
    assert isinstance(request_, operation.request)
    probe = responder({operation: reply})
    assert driven(module, probe).request(operation, request_) == reply
    assert probe.requests == [request_]


@EACH_OPERATION
def test_every_changed_octet_of_a_reply_is_refused(
    responder: MakeResponder, module: ModuleType, name: str, request_: Record, reply: Record
) -> None:
    """A reply with one octet changed, wherever and however, is never taken for a reply."""
    operation = operations(module)[name]
    probe = responder({operation: reply})
    device = driven(module, probe)
    device.request(operation, request_)
    position = change = 0

    def spoil(good: bytes) -> bytes:
        data = bytearray(good)
        data[position] ^= change
        return bytes(data)

    octets = len(codec_of(operation.reply).encode(reply)) + 7
    probe.spoil = spoil
    for position in range(octets):  # noqa: B007 - read by spoil
        for change in (0x01, 0x80, 0xFF):  # noqa: B007 - the same
            with pytest.raises((CorruptReplyError, NoReplyError)):
                device.request(operation, request_)


@EACH_OPERATION
def test_every_shortened_reply_is_refused(
    responder: MakeResponder, module: ModuleType, name: str, request_: Record, reply: Record
) -> None:
    """A reply that breaks off, wherever, is never taken for a reply."""
    operation = operations(module)[name]
    probe = responder({operation: reply})
    device = driven(module, probe)
    for length in range(len(codec_of(operation.reply).encode(reply)) + 7):
        probe.spoil = lambda good, length=length: good[:length]
        with pytest.raises((CorruptReplyError, NoReplyError)):
            device.request(operation, request_)


@EACH_OPERATION
def test_refusals_are_told(
    responder: MakeResponder, module: ModuleType, name: str, request_: Record, reply: Record
) -> None:
    """Each operation's refusal arrives as such, once."""
    del reply
    operation = operations(module)[name]
    probe = responder({operation: Status.FAULT})
    with pytest.raises(RefusedError) as error:
        driven(module, probe).request(operation, request_)
    assert error.value.status is Status.FAULT
    assert len(probe.requests) == 1


def test_largest_payloads_travel(responder: MakeResponder) -> None:
    """The longest chunk, listing and batch of frames cross a serial line."""
    chunk = mass_memory.Chunk(bytes(range(256)) * 128)
    listing = mass_memory.FileList(tuple(mass_memory.FileEntry(n, n) for n in range(mass_memory.MAX_LISTED)))
    frames = radio.ReceivedFrames(0, (bytes(MAX_FRAME_OCTETS),) * radio.MAX_FRAMES_PER_REPLY)
    probe = responder({mass_memory.READ_CHUNK: chunk, mass_memory.LIST_FILES: listing})
    memory = mass_memory.MassMemory(probe.uart())
    assert memory.read(1, 0, mass_memory.MAX_CHUNK_OCTETS) == chunk.data
    assert memory.files() == listing.files
    assert radio.XBandTransmitter(responder({radio.FETCH_FRAMES: frames}).uart()).receive() == frames.frames


def test_nothing_is_nothing() -> None:
    """Whoever has nothing to say always says the same."""
    assert Nothing() == NOTHING
