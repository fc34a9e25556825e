"""The memory of the end of a transaction that sends (CCSDS 727.0-B-5, 4.6)."""

from enum import StrEnum, unique

import msgspec

from tlm_cmd.cfdp.checksums import RunningChecksum
from tlm_cmd.cfdp.pdu.directives import Prompt
from tlm_cmd.cfdp.pdu.metadata import Metadata
from tlm_cmd.cfdp.requests import PutRequest
from tlm_cmd.cfdp.segments import Segments
from tlm_cmd.cfdp.transaction import TransactionState


@unique
class SenderPhase(StrEnum):
    """What a sender is doing."""

    SENDING = "sending"
    """Metadata and the file go out for the first time."""
    AWAITING_ACK = "awaiting acknowledgement"
    """The EOF is out and has not been acknowledged."""
    AWAITING_FINISHED = "awaiting finished"
    CANCELLING = "cancelling"
    """An EOF that cancels is to go out, or has not been acknowledged."""


class SenderCounters(msgspec.Struct):
    """What was sent and what was heard.

    ``file_data + metadata + eofs + acks + prompts`` is the number of PDUs given out; ``octets`` are those of file
    data, of which ``repeated_octets`` had been sent before.
    """

    file_data: int = 0
    metadata: int = 0
    eofs: int = 0
    acks: int = 0
    prompts: int = 0
    octets: int = 0
    repeated_octets: int = 0
    naks: int = 0
    dropped_requests: int = 0
    """Parts asked for again that found as many waiting as may; they will be asked for once more."""
    ignored: int = 0
    """PDUs that mean nothing to a sender, or nothing in its phase."""


class SenderState(TransactionState, kw_only=True):
    """The memory of a `tlm_cmd.cfdp.sender.Sender`."""

    request: PutRequest
    metadata: Metadata
    checksum: RunningChecksum
    """Of what has been sent."""
    phase: SenderPhase = SenderPhase.SENDING
    sent: int = 0
    """How far the file has been sent for the first time [octets]."""
    pending: Segments = msgspec.field(default_factory=Segments)
    """What is to be sent again."""
    metadata_due: bool = True
    eof_due: bool = False
    prompt_due: Prompt | None = None
    eof_indicated: bool = False
    asked: bool = False
    """Whether the EOF was sent again because of a silence, and nothing but its acknowledgement was heard since."""
    counters: SenderCounters = msgspec.field(default_factory=SenderCounters)
