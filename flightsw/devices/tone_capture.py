"""Capture unit: latches the processor's monotonic clock at each tone of a time receiver, and reads its time messages.

The receiver raises an edge at each whole second, the tone, and sends a message behind it that says which second it was.
The unit notes when each came by the clock that the processor itself counts, so that it does not matter when the tones
are read. (On Linux the kernel's PPS interface does the same, RFC 2783.)
"""

from __future__ import annotations

from typing import Annotated

from flightsw.devices.device import Device
from flightsw.devices.framing import Operation
from flightsw.devices.wires import UartWire
from flightsw.hal.ports import Uart
from tlm_cmd.definition.fields import U32, U64, Unit, UpTo
from tlm_cmd.definition.message import Record

MAX_KEPT_TONES = 8
"""Tones that the unit keeps; the oldest makes room for a new one."""


class CapturedTone(Record):
    """One tone and its time message."""

    number: Annotated[int, U32, "counts up from 1 since the unit was switched on"]
    tone_monotonic_ns: Annotated[int, U64, Unit("ns"), "when the edge came"]
    message_monotonic_ns: Annotated[int, U64, Unit("ns"), "when the message had come, 0 when none has"]
    tai_s: Annotated[int, U32, Unit("s"), "TAI since 1958-01-01 at the edge, by the message"]
    valid: Annotated[bool, "the receiver vouches for its time"]


class TonesAfter(Record):
    """Ask for the tones behind one."""

    number: Annotated[int, U32, "number of the last tone known, 0 for none"]


class CapturedTones(Record):
    """The tones asked for, oldest first; those that made room for newer ones are missing."""

    newest: Annotated[int, U32, "number of the newest tone, 0 before the first"]
    tones: Annotated[tuple[CapturedTone, ...], UpTo(MAX_KEPT_TONES)]


GET_TONES = Operation(0x01, TonesAfter, CapturedTones)


class ToneCapture(Device):
    """The capture unit of the on-board computer."""

    def __init__(self, port: Uart) -> None:
        super().__init__("tone_capture", UartWire(port))

    def tones(self, after: int = 0) -> CapturedTones:
        """The tones behind number ``after``, at most ``MAX_KEPT_TONES``.

        Raises:
            DeviceError: no reply that can be trusted.
        """
        return self.request(GET_TONES, TonesAfter(after))
