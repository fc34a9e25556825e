"""Interface of the command ingest: telecommand frames in, checked commands out on the bus."""

from __future__ import annotations

from typing import Annotated

from flightsw.mission_file_delivery import MAX_FILE_PDU_OCTETS
from tlm_cmd.definition.fields import U8, U16, U32, Tail, Unit, UpTo
from tlm_cmd.definition.message import Command, Event, Quality, Severity, Telemetry
from tlm_cmd.packets.verification import RequestId

MAX_STORED_PACKET_OCTETS = 1024
"""Longest command packet that another app can hand over."""

MAX_REQUEST_OCTETS = 1024
"""Longest request for an extended procedure."""
MAX_REPLY_OCTETS = 2048
"""Longest reply: a full security log has 1347 octets, proofs of 32 keys have 1475."""


class Arm(Command, code=2):
    """Arm one hazardous command; the next such command within the time limit is accepted, once."""

    apid: Annotated[int, U16, "APID of the app"]
    function: Annotated[int, U8, "function code of the hazardous command"]


class TakePacket(Command, code=3):
    """Treat a command packet as if it had come up the link; for apps that store command packets."""

    packet: Annotated[bytes, Tail(MAX_STORED_PACKET_OCTETS), "the whole packet"]


class SecurityProcedure(Command, code=4, secret=True):
    """Execute an extended procedure of the link security, CCSDS 355.1-B-1, on keys or on the telecommand associations.

    It is taken from a protected frame only, and executed before anything of it could get onto the bus.
    """

    unit: Annotated[bytes, Tail(MAX_REQUEST_OCTETS), "the request: tag, length of the data in bits, data"]


class UplinkStatus(Telemetry, period_s=1):
    """What came up the link, and what became of it."""

    clcw: Annotated[int, U32, "communications link control word, CCSDS 232.0-B-4"]
    frames_accepted: Annotated[int, U32, "telecommand frames that passed every check"]
    frames_rejected: Annotated[int, U32, "telecommand frames dropped, all reasons together"]
    packets_accepted: Annotated[int, U32, "commands put on the bus"]
    packets_rejected: Annotated[int, U32, "answered with a rejection"]
    seconds_since_command: Annotated[int, U32, Unit("s"), "since the last accepted command, or since boot"]
    packets_waiting: Annotated[int, U16, "received and not yet put on the bus"] = 0
    errors: Annotated[int, U32, "transactions with the S-band transceiver or the security's memory that failed"] = 0
    farm_discarded: Annotated[
        int, U32, "frames that FARM-1 discarded: out of sequence, repeated, locked out, invalid"
    ] = 0
    frames_not_genuine: Annotated[
        int, U32, "frames that the security refused: forged or replayed, or without association"
    ] = 0
    security_report: Annotated[int, U32, "frame security report, CCSDS 355.1-B-1; 0 on an open link"] = 0
    corrected_bits: Annotated[int, U32, "wrong bits that the code put right"] = 0
    procedures_executed: Annotated[int, U32, "extended procedures of the link security that were executed"] = 0
    procedures_refused: Annotated[int, U32, "extended procedures that were refused"] = 0
    key_changes: Annotated[int, U32, "times that the keys on board have changed"] = 0
    file_pdus: Annotated[int, U32, "PDUs handed to the file transfer, which answers for itself"] = 0


class SecurityReply(Telemetry):
    """What an extended procedure of the link security replies."""

    sequence: Annotated[int, U16, "sequence count of the command that asked for it"]
    unit: Annotated[bytes, Tail(MAX_REPLY_OCTETS), "the reply: tag, length of the data in bits, data"]


class FilePduReceived(Telemetry, quality=Quality.BULK):
    """A PDU of the ground's file delivery entity, for the file transfer on board."""

    pdu: Annotated[bytes, Tail(MAX_FILE_PDU_OCTETS)]


class RequestOrigin(Telemetry):
    """Where a request on board comes from, so that reports on it go to who has asked, and only those asked for.

    It is sent before the request, if that is another one than the telecommand, or if less than all reports are wanted.
    """

    on_board: Annotated[RequestId, "how reports of the app name it"]
    asked: Annotated[RequestId, "how the telecommand is named"]
    acknowledge: Annotated[int, U8, "reports of success that are asked for: bits of the acknowledgement flags"]
    service: Annotated[int, U8, "service type of the telecommand"]
    subtype: Annotated[int, U8, "its message subtype"]


class FrameRejected(Event, code=32, severity=Severity.ERROR, text="{count} telecommand frames rejected: {reason}"):
    """Frames were dropped since the last report."""

    reason: Annotated[str, UpTo(40)]
    count: Annotated[int, U32]


class CommandArmed(Event, code=33, text="function {function} of APID {apid:#05x} armed"):
    """A hazardous command may now be sent."""

    apid: Annotated[int, U16]
    function: Annotated[int, U8]


class ArmExpired(Event, code=34, text="arming of function {function} of APID {apid:#05x} expired"):
    """No hazardous command followed within the time limit."""

    apid: Annotated[int, U16]
    function: Annotated[int, U8]


class ReplaysPossible(
    Event,
    code=35,
    severity=Severity.CRITICAL,
    text="the memory of the telecommand security is damaged or gone, or does not know a key: recorded commands could "
    "be replayed; change its key",
):
    """Which frames were accepted before the last start, at least under some key that there is, is not known."""


class KeysChanged(Event, code=36, text="keys of the links changed: {procedure}"):
    """A key procedure was executed; which keys there are now, the key inventory tells."""

    procedure: Annotated[str, UpTo(24)]


class SecurityNotStored(
    Event,
    code=37,
    severity=Severity.ERROR,
    text="telecommands wait, and are not executed: the memory of their security refuses: {problem}",
):
    """What was accepted could not be kept from being accepted again; it is tried again with each poll."""

    problem: Annotated[str, UpTo(120)]


class KeyUseNotNoted(
    Event, code=38, severity=Severity.ERROR, text="which keys of the telecommands were used is not noted: {problem}"
):
    """Without the memory of the security, its keys would be taken for new; it is tried again with each command."""

    problem: Annotated[str, UpTo(120)]
