"""The directive that starts a transaction (CCSDS 727.0-B-5, 5.2.5)."""

from typing import Self

import msgspec

from tlm_cmd.cfdp.codes import DirectiveCode
from tlm_cmd.cfdp.pdu.cursor import Cursor, pack_size, pack_text
from tlm_cmd.cfdp.pdu.header import PduHeader
from tlm_cmd.cfdp.pdu.tlv import (
    FaultHandlerOverride,
    FilestoreRequest,
    MessageToUser,
    Option,
    read_option,
)
from tlm_cmd.errors import check_range


class Metadata(msgspec.Struct, frozen=True, gc=False):
    """What is sent and where it is to go, with what is to be done about it.

    Both names are empty if there is no file. The checksum type is a number, since one that this software does not
    know must be told from one that makes no sense (4.2.2.8).

    Raises:
        FieldRangeError: the checksum type does not fit four bits.
    """

    file_size: int
    source_file: str
    destination_file: str
    checksum_type: int
    closure_requested: bool = False
    """Whether the sender of an unacknowledged transaction waits for a Finished."""
    options: tuple[Option, ...] = ()

    def __post_init__(self) -> None:
        check_range("checksum type", self.checksum_type, 0, 15)

    @property
    def has_file(self) -> bool:
        """Whether there is a file to be delivered."""
        return bool(self.source_file or self.destination_file)

    @property
    def filestore_requests(self) -> tuple[FilestoreRequest, ...]:
        """What is to be done once the file is there, in order."""
        return tuple(option for option in self.options if isinstance(option, FilestoreRequest))

    @property
    def messages(self) -> tuple[bytes, ...]:
        """Messages to the user at the destination, in order."""
        return tuple(option.message for option in self.options if isinstance(option, MessageToUser))

    @property
    def fault_handlers(self) -> tuple[FaultHandlerOverride, ...]:
        """What is to be done about faults in this transaction."""
        return tuple(option for option in self.options if isinstance(option, FaultHandlerOverride))

    def pack_field(self, header: PduHeader) -> bytes:
        """Return the data field of the PDU without the CRC.

        Raises:
            FieldRangeError: the size, a name or an option does not fit.
        """
        flags = self.closure_requested << 6 | self.checksum_type
        fields = [
            bytes((DirectiveCode.METADATA, flags)),
            pack_size("file size", self.file_size, large_file=header.large_file),
            pack_text("source file name", self.source_file),
            pack_text("destination file name", self.destination_file),
        ]
        fields += [option.pack() for option in self.options]
        return b"".join(fields)

    @classmethod
    def read_field(cls, cursor: Cursor, header: PduHeader) -> Self:
        """Read it from behind the directive code; reserved bits are ignored.

        Raises:
            TooShortError, LengthMismatchError: a field ends too early or too late.
            WrongValueError: a code that is not known, or a name that is no UTF-8.
        """
        flags = cursor.number(1)
        size = cursor.size(large_file=header.large_file)
        source = cursor.text("source file name")
        destination = cursor.text("destination file name")
        options: list[Option] = []
        while cursor.left:
            options.append(read_option(cursor))
        return cls(size, source, destination, flags & 15, bool(flags & 0x40), tuple(options))
