"""Radio: the S-band transceiver and the X-band transmitter, each on a serial line, frame by frame."""

from __future__ import annotations

from enum import Enum, unique
from typing import Annotated

from flightsw.devices.device import Device, DeviceState
from flightsw.devices.errors import RefusedError
from flightsw.devices.framing import NOTHING, Nothing, Operation, Status
from flightsw.devices.wires import UartWire
from flightsw.hal.ports import MAX_FRAME_OCTETS, Uart
from tlm_cmd.definition.fields import I32, U16, U32, Range, Unit, UpTo
from tlm_cmd.definition.message import Record

MAX_FRAMES_PER_REPLY = 8
"""Received frames that one transaction brings."""

_NUMBERS = 2**16


class RadioStatus(Record):
    """What the radio is doing, and what it has done."""

    transmitter_on: bool
    receiver_locked: Annotated[bool, "a station's carrier is there; always False without a receiver"]
    transmit_queued: Annotated[int, U16, "frames that wait to be sent"]
    transmit_room_octets: Annotated[int, U32, "that the queue still takes"]
    transmit_rate_bit_s: Annotated[int, U32, Unit("bit/s"), "of everything in a frame"]
    receive_queued: Annotated[int, U16, "received frames that wait to be fetched"]
    frames_sent: Annotated[int, U32]
    frames_received: Annotated[int, U32]
    receive_overruns: Annotated[int, U32, "received frames lost because the queue was full"]


class SwitchTransmitter(Record):
    """Switch the transmitter."""

    on: bool


class Frame(Record):
    """One frame to send."""

    octets: Annotated[bytes, UpTo(MAX_FRAME_OCTETS)]


class FetchFrames(Record):
    """Ask for received frames and acknowledge the ones before."""

    acknowledged: Annotated[int, I32, Range(-1, _NUMBERS - 1), "number behind the last frame that arrived, -1 for none"]


class ReceivedFrames(Record):
    """The oldest received frames that were not acknowledged."""

    first: Annotated[int, U16, "number of the first one, counted modulo 65536"]
    frames: Annotated[tuple[Annotated[bytes, UpTo(MAX_FRAME_OCTETS)], ...], UpTo(MAX_FRAMES_PER_REPLY)]


GET_STATUS = Operation(0x01, Nothing, RadioStatus)
SWITCH_TRANSMITTER = Operation(0x02, SwitchTransmitter, Nothing)
SEND_FRAME = Operation(0x03, Frame, Nothing, idempotent=False)
FETCH_FRAMES = Operation(0x04, FetchFrames, ReceivedFrames)
"""Idempotent: what was not acknowledged is sent again."""


@unique
class SendResult(Enum):
    """What the radio says to a frame."""

    ACCEPTED = "accepted"
    QUEUE_FULL = "queue full"


class RadioState(DeviceState):
    """The memory of a radio's driver.

    Attributes:
        acknowledged: number behind the last frame fetched, -1 before the first.
    """

    acknowledged: int = -1


class Radio(Device):
    """Driver of a radio; one without a receiver never has a frame to fetch.

    Attributes:
        state: sequence, counters and what was fetched.
    """

    state: RadioState

    def __init__(self, port: Uart, name: str = "radio") -> None:
        super().__init__(name, UartWire(port))
        self.state = RadioState()

    def status(self) -> RadioStatus:
        """What the radio is doing, and what it has done.

        Raises:
            DeviceError: no reply that can be trusted.
        """
        return self.request(GET_STATUS, NOTHING)

    def switch_transmitter(self, on: bool) -> None:  # noqa: FBT001 - the field's own term
        """Switch the transmitter; what waits to be sent is kept.

        Raises:
            DeviceError: no reply that can be trusted.
        """
        self.request(SWITCH_TRANSMITTER, SwitchTransmitter(on))

    def send(self, frame: bytes) -> SendResult:
        """Queue one frame of 1 to ``MAX_FRAME_OCTETS`` for sending; it waits while the transmitter is off.

        Raises:
            ProtocolError: the frame is too long; nothing was sent.
            RefusedError: OUT_OF_RANGE, the frame is empty.
            DeviceError: no reply that can be trusted; the frame may have been queued, it is not offered again.
        """
        try:
            self.request(SEND_FRAME, Frame(frame))
        except RefusedError as error:
            if error.status is Status.FULL:
                return SendResult.QUEUE_FULL
            raise
        return SendResult.ACCEPTED

    def receive(self) -> tuple[bytes, ...]:
        """Received frames, oldest first, at most ``MAX_FRAMES_PER_REPLY``; empty when none waits.

        A frame is handed out once. One whose reply was lost comes again; so may, after a restart of the driver, the
        frames of its last reply.

        Raises:
            DeviceError: no reply that can be trusted; no frame is lost.
        """
        state = self.state
        received = self.request(FETCH_FRAMES, FetchFrames(state.acknowledged))
        state.acknowledged = (received.first + len(received.frames)) % _NUMBERS
        return received.frames


class SBandTransceiver(Radio):
    """Driver of the S-band transceiver: telecommands in, telemetry out."""

    def __init__(self, port: Uart) -> None:
        super().__init__(port, "s_band")


class XBandTransmitter(Radio):
    """Driver of the X-band transmitter: mass data out."""

    def __init__(self, port: Uart) -> None:
        super().__init__(port, "x_band")
