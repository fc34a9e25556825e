"""Interface of the file transfer: files down and up by CFDP (CCSDS 727.0-B-5), over every pass that it takes."""

from __future__ import annotations

from typing import Annotated

from apps.file_transfer.limits import MAX_NAME_OCTETS
from flightsw.mission_file_delivery import MAX_FILE_PDU_OCTETS
from tlm_cmd.cfdp.codes import ConditionCode
from tlm_cmd.definition.fields import U16, U32, U64, Tail, UpTo
from tlm_cmd.definition.message import Command, Event, Quality, Severity, Telemetry


class TakePdu(Command, code=2):
    """Take a PDU of the ground's entity; CFDP answers for itself, so there are no reports about this command."""

    pdu: Annotated[bytes, Tail(MAX_FILE_PDU_OCTETS)]


class SendFile(Command, code=3):
    """Begin to send a file to the ground; completed when the transaction has begun."""

    source: Annotated[str, UpTo(MAX_NAME_OCTETS), "name on board"]
    destination: Annotated[str, UpTo(MAX_NAME_OCTETS), "name on ground"]
    acknowledged: Annotated[bool, "class 2: what is lost is sent again; else class 1"] = True


class CancelTransfer(Command, code=4):
    """Give a transaction up, whichever end of it is on board."""

    source: Annotated[int, U64, "entity that sends the file"]
    number: Annotated[int, U64, "of the transaction there"]


class SuspendTransfer(Command, code=5):
    """Let a transaction rest."""

    source: Annotated[int, U64, "entity that sends the file"]
    number: Annotated[int, U64, "of the transaction there"]


class ResumeTransfer(Command, code=6):
    """Let a transaction go on that rests."""

    source: Annotated[int, U64, "entity that sends the file"]
    number: Annotated[int, U64, "of the transaction there"]


class ReportTransfer(Command, code=7):
    """Send a report on a transaction."""

    source: Annotated[int, U64, "entity that sends the file"]
    number: Annotated[int, U64, "of the transaction there"]


class DeleteFile(Command, code=8):
    """Delete a received file; what other apps have written stays with them."""

    name: Annotated[str, UpTo(MAX_NAME_OCTETS), "of the file"]


class FilePdu(Telemetry, quality=Quality.BULK):
    """A PDU for the ground's entity."""

    pdu: Annotated[bytes, Tail(MAX_FILE_PDU_OCTETS)]


class FileTransferStatus(Telemetry, period_s=10):
    """What passes, and what became of transactions."""

    link_open: Annotated[bool, "files go down and up now"]
    sending: Annotated[int, U16, "transactions going on"]
    receiving: Annotated[int, U16, "transactions going on"]
    finished: Annotated[int, U32, "transactions whose file arrived whole, since launch"]
    failed: Annotated[int, U32, "transactions that ended without, cancelled ones included"]
    pdus_out: Annotated[int, U32, "sent"]
    octets_out: Annotated[int, U64, "of these"]
    file_data_out: Annotated[int, U32, "sent, parts of files"]
    naks_out: Annotated[int, U32, "sent, requests for what is missing"]
    pdus_in: Annotated[int, U32, "received"]
    octets_in: Annotated[int, U64, "of these"]
    file_data_in: Annotated[int, U32, "received, parts of files"]
    naks_in: Annotated[int, U32, "received, requests for what is missing"]
    accepted: Annotated[int, U32, "received, for transactions that go on"]
    late: Annotated[int, U32, "received, for transactions that are over"]
    malformed: Annotated[int, U32, "received, with contents that cannot be"]
    refused: Annotated[int, U32, "received, for another entity or transactions that are not known or too many"]
    lost_on_board: Annotated[int, U32, "sent, and refused by the bus"]
    files: Annotated[int, U16, "received files on board"]
    file_octets: Annotated[int, U64, "of these"]
    errors: Annotated[int, U32, "times that the mass memory did not do what it was asked"]
    messages_refused: Annotated[int, U32, "requests of the other entity that are not allowed, or not known"]
    responses_failed: Annotated[int, U32, "answers to such requests that could not be sent"]
    dropped: Annotated[int, U32, "acknowledgements and notices for which there was no room"]
    unreserved: Annotated[int, U32, "times that transaction numbers could not be reserved over a reset"]


class FileSent(Telemetry):
    """All of a file has been sent once; whether it arrived is not known yet."""

    source: Annotated[str, UpTo(MAX_NAME_OCTETS), "name on board"]
    number: Annotated[int, U64, "of the transaction"]


class FileEnded(Telemetry):
    """What became of a file that was to be sent or received."""

    sent: Annotated[bool, "from here; else to here"]
    arrived: Annotated[bool, "the receiver has all of it, or nobody was to say"]
    may_pass: Annotated[bool, "it could not be begun, for a reason that may pass"]
    condition: Annotated[ConditionCode, "why it ended"]
    source: Annotated[str, UpTo(MAX_NAME_OCTETS), "name where it came from"]
    destination: Annotated[str, UpTo(MAX_NAME_OCTETS), "name where it went"]
    octets: Annotated[int, U64, "its size"]
    entity: Annotated[int, U64, "that began the transaction; 0 if none could be begun"]
    number: Annotated[int, U64, "of the transaction there"]


class TransferReport(Telemetry):
    """How a transaction stands."""

    entity: Annotated[int, U64, "that sends the file"]
    number: Annotated[int, U64, "of the transaction there"]
    phase: Annotated[str, UpTo(32), "what is being done"]
    progress: Annotated[int, U64, "octets sent once, or where the last received part ends"]
    octets: Annotated[int, U64, "size of the file, 0 while that is not known"]
    missing: Annotated[int, U64, "octets to be sent again, or not received before the last part"]
    suspended: bool
    frozen: Annotated[bool, "the link is away"]
    condition: Annotated[ConditionCode, "what has gone wrong"]


class TransferFinished(Event, code=32, text="{entity}-{number} finished: {name}, {octets} octets"):
    """A file has arrived whole, here or on ground."""

    entity: Annotated[int, U64]
    number: Annotated[int, U64]
    name: Annotated[str, UpTo(MAX_NAME_OCTETS)]
    octets: Annotated[int, U64]


class TransferFailed(
    Event, code=33, severity=Severity.ERROR, text="{entity}-{number} failed: {name}, {condition}: {reason}"
):
    """A file has not arrived."""

    entity: Annotated[int, U64]
    number: Annotated[int, U64]
    name: Annotated[str, UpTo(MAX_NAME_OCTETS)]
    condition: ConditionCode
    reason: Annotated[str, UpTo(80)]


class NumbersForgotten(
    Event,
    code=35,
    severity=Severity.ERROR,
    text="which transaction numbers were used is not known any more; they go on at {number}",
):
    """What was kept of them is damaged: a number may come twice, and the ground would take its file for an old one."""

    number: Annotated[int, U64]


class TransferCancelled(Event, code=34, text="{entity}-{number} cancelled: {name}"):
    """Somebody has given a transaction up, on board or on ground."""

    entity: Annotated[int, U64]
    number: Annotated[int, U64]
    name: Annotated[str, UpTo(MAX_NAME_OCTETS)]
