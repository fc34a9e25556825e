"""Interface of the telemetry output: packets from the bus onto virtual channels, frames to the radios."""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Annotated

from tlm_cmd.definition.fields import U8, U32, U64, Range, UpTo
from tlm_cmd.definition.message import Command, Event, Severity, Telemetry


@unique
class TransmitterControl(IntEnum):
    """Who decides whether the transmitter is on."""

    AUTOMATIC = 0
    FORCED_ON = 1
    FORCED_OFF = 2


class SetTransmitter(Command, code=2):
    """Let contacts decide over the S-band transmitter, or overrule them."""

    control: TransmitterControl


class SetRate(Command, code=3):
    """Send a packet more or less often: one of ``every`` is sent, 0 sends none."""

    packet: Annotated[str, UpTo(64), "name of the packet, as in POWER.POWER_STATUS"]
    every: Annotated[int, U8, Range(0, 255)]


class DownlinkStatus(Telemetry, period_s=10):
    """What went down the link."""

    transmitting: bool
    packets_sent: Annotated[int, U32]
    packets_recorded: Annotated[int, U32, "kept for the next contact"]
    packets_dropped: Annotated[int, U32, "recorder or channel full, or impossible to encode"]
    packets_waiting: Annotated[int, U32, "in the recorder"]
    frames_sent: Annotated[int, U32]
    octets_sent: Annotated[int, U64, "frame octets, S-band and X-band"]
    frames_refused: Annotated[int, U32, "by a radio whose queue was full; sent again later"]


class TransmitterSwitched(Event, code=32, text="{radio} transmitter on: {on}"):
    """A transmitter was switched."""

    radio: Annotated[str, UpTo(16)]
    on: bool


class RecorderFull(Event, code=33, severity=Severity.ERROR, text="recorder full, {dropped} packets dropped so far"):
    """The recorder overwrote what no contact had taken."""

    dropped: Annotated[int, U32]
