"""Interface of the telemetry output: packets from the bus onto virtual channels, frames to the radios."""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Annotated

from tlm_cmd.definition.entries import APIDS_PER_APP
from tlm_cmd.definition.fields import U8, U16, U32, U64, Range, Tail, Unit, UpTo
from tlm_cmd.definition.message import Command, Event, Record, Severity, Telemetry
from tlm_cmd.packets.pus.service_9_time import MAX_RATE_EXPONENT as MAX_TIME_RATE
from tlm_cmd.packets.service_reports import ConnectionTested, ParametersReported, TimeReported

MAX_PACKETS = APIDS_PER_APP - 1
"""Packets that an app can have."""
MAX_PARAMETERS = 64
"""Parameters that can be asked for at once."""
MAX_READINGS = 16
"""Requests for parameters that can wait at once."""

MAX_REQUEST_OCTETS = 512
"""Longest request for a procedure on a telemetry association: to start one for 64 channels takes 261."""
MAX_REPLY_OCTETS = 32
"""Longest reply: a sequence number of 12 octets has 17."""


@unique
class TransmitterControl(IntEnum):
    """Who decides whether the transmitter is on."""

    AUTOMATIC = 0
    FORCED_ON = 1
    FORCED_OFF = 2


@unique
class EventForm(IntEnum):
    """In which form events go down and are recorded."""

    LONG = 0
    """With their fields."""
    SHORT_BELOW_ERROR = 1
    """DEBUG and INFO without their fields."""
    SHORT = 2
    """All without their fields: app, code, severity and time."""


class SetTransmitter(Command, code=2):
    """Let contacts decide over the transmitters, S-band and X-band, or overrule them."""

    control: TransmitterControl


class SetRate(Command, code=3):
    """Send a packet more or less often while a transmitter is on."""

    packet: Annotated[str, UpTo(64), "name of the packet, as in POWER.POWER_STATUS"]
    every: Annotated[int, U8, Range(0, 255), "one of so many is sent, 0 sends none"]


class SetEventForm(Command, code=4):
    """Choose the form of events on the link; on board, and in the logs there, they keep their fields."""

    form: EventForm


class SwitchPackets(Command, code=5):
    """Let packets of an app be sent and recorded as the routing table says, or not at all."""

    apid: Annotated[int, U16, "APID of the app"]
    packets: Annotated[
        tuple[Annotated[int, U8], ...], UpTo(MAX_PACKETS), "numbers of packets: their APIDs less the app's"
    ]
    enabled: bool


class SendPacketsOnce(Command, code=6):
    """Send the next packet of each kind, whatever its rate is."""

    apid: Annotated[int, U16, "APID of the app"]
    packets: Annotated[tuple[Annotated[int, U8], ...], UpTo(MAX_PACKETS), "numbers of packets"]


class PacketInterval(Record):
    """How often a packet is sent."""

    packet: Annotated[int, U8, "number of the packet"]
    interval_ms: Annotated[int, U32, Unit("ms"), "a multiple of the period at which the app makes it"]


class SetPacketIntervals(Command, code=7):
    """Send packets more or less often while a transmitter is on, all that are named or none."""

    apid: Annotated[int, U16, "APID of the app"]
    intervals: Annotated[tuple[PacketInterval, ...], UpTo(MAX_PACKETS)]


class SetTimeRate(Command, code=8):
    """Send a time report with one of 2^exponent S-band frames, from now on."""

    exponent: Annotated[int, U8, Range(0, MAX_TIME_RATE), "of the number of frames, as a power of two"]


class ReportParameters(Command, code=9):
    """Report fields of a packet when the packet comes next, whether or not it goes down itself."""

    apid: Annotated[int, U16, "APID of the app"]
    parameters: Annotated[
        tuple[Annotated[int, U16], ...], UpTo(MAX_PARAMETERS), "number of the packet times 256, plus place of the field"
    ]


class SecurityProcedure(Command, code=16, secret=True):
    """Execute an extended procedure, CCSDS 355.1-B-1, on a telemetry association; it names keys by their ids only."""

    unit: Annotated[bytes, Tail(MAX_REQUEST_OCTETS), "the request: tag, length of the data in bits, data"]


class DownlinkStatus(Telemetry, period_s=10):
    """What went down the link."""

    transmitting: Annotated[bool, "the S-band transmitter is on"]
    packets_sent: Annotated[int, U32, "given to a virtual channel"]
    packets_recorded: Annotated[int, U32, "kept for the next contact, since launch"]
    packets_dropped: Annotated[int, U32, "recorder or channel full, lost with a file, or impossible to encode"]
    packets_waiting: Annotated[int, U32, "recorded and not yet played back"]
    frames_sent: Annotated[int, U32, "S-band and X-band"]
    octets_sent: Annotated[int, U64, "S-band and X-band, coding included"]
    frames_refused: Annotated[int, U32, "times that a radio's queue was full; the frame is sent later"]
    x_band_on: Annotated[bool, "the X-band transmitter is on"] = False
    frames_lost: Annotated[int, U32, "given up because a radio refused them or did not answer"] = 0
    radio_resets: Annotated[int, U16, "times that a transmitter was found off in contact"] = 0
    errors: Annotated[int, U32, "transactions with radios or mass memory that failed"] = 0
    event_form: Annotated[EventForm, "of events on the link"] = EventForm.LONG
    frames_unprotected: Annotated[int, U32, "times that no frame could be protected, and its packets waited"] = 0
    s_band_spi: Annotated[int, U16, "association that protects S-band frames now; 0 for none"] = 0
    x_band_spi: Annotated[int, U16, "association that protects X-band frames now; 0 for none"] = 0


class SecurityReply(Telemetry):
    """What an extended procedure on a telemetry association replies."""

    sequence: Annotated[int, U16, "sequence count of the command that asked for it"]
    unit: Annotated[bytes, Tail(MAX_REPLY_OCTETS), "the reply: tag, length of the data in bits, data"]


class AppAnswered(ConnectionTested):
    """An app has answered a connection test of the packet utilisation standard."""


class ParameterReport(ParametersReported):
    """What parameters of an app were when their packet was made."""


class SpacecraftTimeReport(TimeReported):
    """Spacecraft time when the report was made; sent once its rate was set."""


class FileRoom(Telemetry):
    """How many packets the channel of files has room for; twice a second while its transmitter is on."""

    transmitting: Annotated[bool, "the transmitter of that channel is on"]
    taken: Annotated[int, U32, "packets of files taken so far, modulo 2^32"]
    room: Annotated[int, U16, "packets that may follow"]


class TransmitterSwitched(Event, code=32, text="{radio} transmitter on: {on}"):
    """A transmitter was switched."""

    radio: Annotated[str, UpTo(16)]
    on: bool


class RecorderFull(Event, code=33, severity=Severity.ERROR, text="recorder lost packets, {dropped} so far"):
    """Recorded packets were overwritten before any contact took them, or lost with a file."""

    dropped: Annotated[int, U32, "packets since launch"]


class RoutingFault(Event, code=34, severity=Severity.ERROR, text="routing table: {problem}"):
    """A part of the routing table does not fit the mission; what it is about goes the way of events."""

    problem: Annotated[str, UpTo(120)]


class KeysNotRead(Event, code=40, severity=Severity.ERROR, text="keys of the telemetry not read: {problem}"):
    """The keys on board have changed, and could not be read; telemetry goes on with those read before."""

    problem: Annotated[str, UpTo(120)]


class KeyUseNotNoted(
    Event, code=41, severity=Severity.ERROR, text="which keys of the telemetry were used is not noted: {problem}"
):
    """Without the memory of the security, its keys would be taken for new; it is tried again with that memory."""

    problem: Annotated[str, UpTo(120)]
