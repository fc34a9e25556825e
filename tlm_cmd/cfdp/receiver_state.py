"""The memory of the end of a transaction that receives (CCSDS 727.0-B-5, 4.6)."""

from enum import StrEnum, unique

import msgspec

from tlm_cmd.cfdp.checksums import RunningChecksum
from tlm_cmd.cfdp.pdu.cursor import MAX_LARGE_SIZE
from tlm_cmd.cfdp.pdu.directives import Eof, Finished
from tlm_cmd.cfdp.pdu.metadata import Metadata
from tlm_cmd.cfdp.segments import Segments
from tlm_cmd.cfdp.transaction import TransactionState


@unique
class ReceiverPhase(StrEnum):
    """What a receiver is doing."""

    RECEIVING = "receiving"
    """The EOF has not come yet."""
    AWAITING_DATA = "awaiting data"
    """The EOF has come, and something before it has not."""
    VERIFYING = "verifying"
    """All has come, and the checksum is being computed."""
    FINISHING = "finishing"
    """A Finished is to go out, or has not been acknowledged."""


class ReceiverCounters(msgspec.Struct):
    """What arrived, and what was sent.

    Of each segment: ``segments = new_segments + repeated_segments + refused_segments + late_segments``. The sum of
    ``acks``, ``naks``, ``finished`` and ``keep_alives`` is the number of PDUs given out.
    """

    segments: int = 0
    new_segments: int = 0
    """With at least one octet that had not been there."""
    repeated_segments: int = 0
    """With nothing new, empty ones included."""
    refused_segments: int = 0
    """Beyond the end of the file, with more separate parts than may be, or not taken by the filestore."""
    late_segments: int = 0
    """After the file was complete or given up."""
    octets: int = 0
    """Written to the filestore."""
    acks: int = 0
    naks: int = 0
    requests: int = 0
    """Parts asked for in them."""
    finished: int = 0
    keep_alives: int = 0
    ignored: int = 0
    """Directives that mean nothing to a receiver, or nothing in its phase."""
    cleanup_failures: int = 0
    """Times that the filestore did not delete or keep what is left of a cancelled file."""


class ReceiverState(TransactionState, kw_only=True):
    """The memory of a `tlm_cmd.cfdp.receiver.Receiver`."""

    checksum: RunningChecksum
    """Of what has been received."""
    phase: ReceiverPhase = ReceiverPhase.RECEIVING
    metadata: Metadata | None = None
    eof: Eof | None = None
    """The one without an error."""
    received: Segments = msgspec.field(default_factory=Segments)
    limit: int = MAX_LARGE_SIZE
    """The size of the file, once the EOF has told it; before, the last place that sizes of this transaction name."""
    file_begun: bool = False
    """Whether the filestore has a file for what arrives."""
    checksum_unsupported: bool = False
    heard_ns: int = 0
    """When something arrived last that puts the deadline off."""
    keep_alive_ns: int | None = None
    """When the next report of progress is to be sent unasked."""
    keep_alive_due: bool = False
    nak_from: int = 0
    nak_to: int = -1
    """The part of the file whose gaps are to be asked for; -1 if none."""
    nak_prompted: bool = False
    """Whether a NAK is to be sent even if it asks for nothing."""
    metadata_missing: bool = False
    """Whether the next NAK is to ask for the metadata."""
    finished: Finished | None = None
    """What became of the file, once that is known."""
    finished_due: bool = False
    counters: ReceiverCounters = msgspec.field(default_factory=ReceiverCounters)
