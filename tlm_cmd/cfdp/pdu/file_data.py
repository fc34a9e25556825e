"""Segments of the file (CCSDS 727.0-B-5, section 5.3)."""

from typing import Self

import msgspec

from tlm_cmd.cfdp.codes import RecordState
from tlm_cmd.cfdp.pdu.cursor import Cursor, pack_size
from tlm_cmd.cfdp.pdu.header import PduHeader
from tlm_cmd.errors import FieldRangeError, WrongValueError, check_range

MAX_SEGMENT_METADATA_OCTETS = 63

_RECORD_STATES = tuple(RecordState)


class FileData(msgspec.Struct, frozen=True, gc=False):
    """A part of the file.

    ``record_state`` is None where the header has no segment metadata flag, and then there are no metadata either.

    Raises:
        FieldRangeError: the offset is negative, or the metadata have more than 63 octets.
        WrongValueError: metadata without a record state.
    """

    offset: int
    """Place of the first octet in the file."""
    data: bytes
    record_state: RecordState | None = None
    metadata: bytes = b""
    """What the application says of this segment."""

    def __post_init__(self) -> None:
        if self.offset < 0:
            raise FieldRangeError("segment offset", self.offset, 0, "the size of the file")
        check_range("segment metadata octets", len(self.metadata), 0, MAX_SEGMENT_METADATA_OCTETS)
        if self.metadata and self.record_state is None:
            raise WrongValueError("segment metadata", self.metadata, "none without a record continuation state")

    def pack_field(self, header: PduHeader) -> bytes:
        """Return the data field of the PDU without the CRC.

        Raises:
            FieldRangeError: the offset does not fit.
            WrongValueError: the header's segment metadata flag says otherwise.
        """
        if header.segment_metadata != (self.record_state is not None):
            raise WrongValueError("segment metadata flag", header.segment_metadata, "True with a record state only")
        front = b""
        if self.record_state is not None:
            front = bytes((self.record_state << 6 | len(self.metadata),)) + self.metadata
        return b"".join((front, pack_size("segment offset", self.offset, large_file=header.large_file), self.data))

    @classmethod
    def read_field(cls, cursor: Cursor, header: PduHeader) -> Self:
        """Read it.

        Raises:
            TooShortError: the field ends before the data.
        """
        record_state, metadata = None, b""
        if header.segment_metadata:
            octet = cursor.number(1)
            record_state = _RECORD_STATES[octet >> 6]
            metadata = cursor.take(octet & 0x3F)
        offset = cursor.size(large_file=header.large_file)
        return cls(offset, cursor.rest(), record_state, metadata)
