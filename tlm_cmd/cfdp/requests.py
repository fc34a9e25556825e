"""What a user asks of an entity, and how a transaction is named (CCSDS 727.0-B-5, section 3.4)."""

import msgspec

from tlm_cmd.cfdp.codes import Mode
from tlm_cmd.cfdp.pdu.tlv import FaultHandlerOverride, FilestoreRequest
from tlm_cmd.errors import WrongValueError

MAX_ID = 0xFFFF_FFFF_FFFF_FFFF


class TransactionId(msgspec.Struct, frozen=True, gc=False, order=True):
    """The name of a transaction: who began it, and its number there (5.1.5)."""

    source_id: int
    sequence_number: int


class PutRequest(msgspec.Struct, frozen=True, gc=False):
    """A file to be sent, or messages and filestore requests without one (3.4.1).

    What is None is as the parameters of the other entity say.

    Raises:
        WrongValueError: only one of the file's two names, or a content without names.
    """

    destination_id: int
    source_file: str = ""
    destination_file: str = ""
    mode: Mode | None = None
    closure_requested: bool | None = None
    """Whether an unacknowledged transaction waits for the receiver's Finished."""
    messages: tuple[bytes, ...] = ()
    filestore_requests: tuple[FilestoreRequest, ...] = ()
    fault_handlers: tuple[FaultHandlerOverride, ...] = ()
    """Hold at both ends."""
    flow_label: bytes = b""
    content: bytes | None = None
    """Sent in place of a file of the filestore; the source file's name is then only a word for it."""

    def __post_init__(self) -> None:
        if bool(self.source_file) != bool(self.destination_file):
            raise WrongValueError("file names", (self.source_file, self.destination_file), "both or none")
        if self.content is not None and not self.source_file:
            raise WrongValueError("content", self.content, "none without file names")

    @property
    def has_file(self) -> bool:
        """Whether there is a file to be sent."""
        return bool(self.source_file)
