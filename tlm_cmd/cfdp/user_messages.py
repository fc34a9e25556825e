"""Messages to the user that the protocol itself reserves (CCSDS 727.0-B-5, section 6).

They begin with the letters ``cfdp`` and ask the other entity to send a file (6.2), or to list a directory (6.3).
"""

from enum import IntEnum, unique
from typing import Self, TypeAlias

import msgspec

from tlm_cmd.cfdp.codes import ConditionCode, DeliveryCode, FileStatus, Mode, code
from tlm_cmd.cfdp.pdu.cursor import Cursor, pack_number, pack_text, pack_value
from tlm_cmd.cfdp.pdu.tlv import FaultHandlerOverride, FilestoreRequest, FilestoreResponse
from tlm_cmd.cfdp.requests import TransactionId
from tlm_cmd.errors import check_range

RESERVED = b"cfdp"
"""The first octets of every message that the protocol reserves (6.1)."""

_LISTING_FAILED = 0x80


@unique
class MessageType(IntEnum):
    """The octet behind the letters (6.2 and 6.3)."""

    PROXY_PUT_REQUEST = 0x00
    PROXY_MESSAGE_TO_USER = 0x01
    PROXY_FILESTORE_REQUEST = 0x02
    PROXY_FAULT_HANDLER_OVERRIDE = 0x03
    PROXY_MODE = 0x04
    PROXY_FLOW_LABEL = 0x05
    PROXY_SEGMENTATION_CONTROL = 0x06
    PROXY_PUT_RESPONSE = 0x07
    PROXY_FILESTORE_RESPONSE = 0x08
    PROXY_PUT_CANCEL = 0x09
    ORIGINATING_TRANSACTION = 0x0A
    PROXY_CLOSURE_REQUEST = 0x0B
    LISTING_REQUEST = 0x10
    LISTING_RESPONSE = 0x11


class ProxyPutRequest(msgspec.Struct, frozen=True, gc=False):
    """Asks the receiver to send one of its files, or its messages alone if it names none (6.2)."""

    destination_id: int
    source_file: str
    destination_file: str

    def pack(self) -> bytes:
        """Return the message.

        Raises:
            FieldRangeError: a name has more than 255 octets.
        """
        return _reserved(
            MessageType.PROXY_PUT_REQUEST,
            pack_value("destination entity id", pack_number("destination entity id", self.destination_id)),
            pack_text("source file name", self.source_file),
            pack_text("destination file name", self.destination_file),
        )

    @classmethod
    def read(cls, cursor: Cursor) -> Self:
        """Read it from behind the type."""
        octets = cursor.value()
        check_range("entity id octets", len(octets), 1, 8)
        destination = int.from_bytes(octets, "big")
        return cls(destination, cursor.text("source file name"), cursor.text("destination file name"))


class ProxyMessageToUser(msgspec.Struct, frozen=True, gc=False):
    """A message that the proxy is to send along (6.2)."""

    message: bytes

    def pack(self) -> bytes:
        """Return the message.

        Raises:
            FieldRangeError: it has more than 255 octets.
        """
        return _reserved(MessageType.PROXY_MESSAGE_TO_USER, pack_value("proxy message", self.message))

    @classmethod
    def read(cls, cursor: Cursor) -> Self:
        """Read it from behind the type."""
        return cls(cursor.value())


class ProxyFilestoreRequest(msgspec.Struct, frozen=True, gc=False):
    """A filestore request that the proxy is to send along (6.2)."""

    request: FilestoreRequest

    def pack(self) -> bytes:
        """Return the message.

        Raises:
            FieldRangeError: the names are too long for it.
        """
        value = pack_value("proxy filestore request", self.request.pack_value())
        return _reserved(MessageType.PROXY_FILESTORE_REQUEST, value)

    @classmethod
    def read(cls, cursor: Cursor) -> Self:
        """Read it from behind the type."""
        return cls(FilestoreRequest.unpack_value(cursor.value()))


class ProxyFaultHandlerOverride(msgspec.Struct, frozen=True, gc=False):
    """A fault handler override that the proxy is to send along (6.2)."""

    override: FaultHandlerOverride

    def pack(self) -> bytes:
        """Return the message."""
        return _reserved(MessageType.PROXY_FAULT_HANDLER_OVERRIDE, self.override.pack_value())

    @classmethod
    def read(cls, cursor: Cursor) -> Self:
        """Read it from behind the type."""
        return cls(FaultHandlerOverride.unpack_value(cursor.take(1)))


class ProxyMode(msgspec.Struct, frozen=True, gc=False):
    """The transmission mode that the proxy is to use (6.2)."""

    mode: Mode

    def pack(self) -> bytes:
        """Return the message."""
        return _reserved(MessageType.PROXY_MODE, bytes((self.mode,)))

    @classmethod
    def read(cls, cursor: Cursor) -> Self:
        """Read it from behind the type; the spare bits are ignored."""
        return cls(Mode.UNACKNOWLEDGED if cursor.number(1) & 1 else Mode.ACKNOWLEDGED)


class ProxyFlowLabel(msgspec.Struct, frozen=True, gc=False):
    """The flow label that the proxy is to send along (6.2)."""

    label: bytes

    def pack(self) -> bytes:
        """Return the message.

        Raises:
            FieldRangeError: the label has more than 255 octets.
        """
        return _reserved(MessageType.PROXY_FLOW_LABEL, pack_value("flow label", self.label))

    @classmethod
    def read(cls, cursor: Cursor) -> Self:
        """Read it from behind the type."""
        return cls(cursor.value())


class ProxySegmentationControl(msgspec.Struct, frozen=True, gc=False):
    """Whether the proxy is to keep to the boundaries of records (6.2)."""

    boundaries_kept: bool

    def pack(self) -> bytes:
        """Return the message."""
        return _reserved(MessageType.PROXY_SEGMENTATION_CONTROL, bytes((self.boundaries_kept,)))

    @classmethod
    def read(cls, cursor: Cursor) -> Self:
        """Read it from behind the type; the spare bits are ignored."""
        return cls(bool(cursor.number(1) & 1))


class ProxyClosureRequest(msgspec.Struct, frozen=True, gc=False):
    """Whether the proxy is to ask for a Finished in unacknowledged mode (6.2)."""

    closure_requested: bool

    def pack(self) -> bytes:
        """Return the message."""
        return _reserved(MessageType.PROXY_CLOSURE_REQUEST, bytes((self.closure_requested,)))

    @classmethod
    def read(cls, cursor: Cursor) -> Self:
        """Read it from behind the type; the spare bits are ignored."""
        return cls(bool(cursor.number(1) & 1))


class ProxyPutResponse(msgspec.Struct, frozen=True, gc=False):
    """How the transaction ended that a proxy had been asked for (6.2)."""

    condition: ConditionCode
    delivery: DeliveryCode
    file_status: FileStatus

    def pack(self) -> bytes:
        """Return the message."""
        outcome = self.condition << 4 | self.delivery << 2 | self.file_status
        return _reserved(MessageType.PROXY_PUT_RESPONSE, bytes((outcome,)))

    @classmethod
    def read(cls, cursor: Cursor) -> Self:
        """Read it from behind the type."""
        outcome = cursor.number(1)
        return cls(
            code(ConditionCode, "condition code", outcome >> 4),
            code(DeliveryCode, "delivery code", outcome >> 2 & 1),
            code(FileStatus, "file status", outcome & 3),
        )


class ProxyFilestoreResponse(msgspec.Struct, frozen=True, gc=False):
    """What became of a filestore request that a proxy had sent along (6.2)."""

    response: FilestoreResponse

    def pack(self) -> bytes:
        """Return the message.

        Raises:
            FieldRangeError: names and message are too long for it.
        """
        value = pack_value("proxy filestore response", self.response.pack_value())
        return _reserved(MessageType.PROXY_FILESTORE_RESPONSE, value)

    @classmethod
    def read(cls, cursor: Cursor) -> Self:
        """Read it from behind the type."""
        return cls(FilestoreResponse.unpack_value(cursor.value()))


class ProxyPutCancel(msgspec.Struct, frozen=True, gc=False):
    """Asks the proxy to cancel what it was asked for; the originating transaction goes along (6.2)."""

    def pack(self) -> bytes:
        """Return the message."""
        return _reserved(MessageType.PROXY_PUT_CANCEL)

    @classmethod
    def read(cls, cursor: Cursor) -> Self:
        """Read it from behind the type."""
        del cursor
        return cls()


class OriginatingTransaction(msgspec.Struct, frozen=True, gc=False):
    """The transaction because of which this one was begun (6.2)."""

    transaction: TransactionId

    def pack(self) -> bytes:
        """Return the message."""
        source = pack_number("source entity id", self.transaction.source_id)
        sequence = pack_number("sequence number", self.transaction.sequence_number)
        lengths = (len(source) - 1) << 4 | (len(sequence) - 1)
        return _reserved(MessageType.ORIGINATING_TRANSACTION, bytes((lengths,)), source, sequence)

    @classmethod
    def read(cls, cursor: Cursor) -> Self:
        """Read it from behind the type; the spare bits are ignored."""
        lengths = cursor.number(1)
        source = cursor.number((lengths >> 4 & 7) + 1)
        return cls(TransactionId(source, cursor.number((lengths & 7) + 1)))


class ListingRequest(msgspec.Struct, frozen=True, gc=False):
    """Asks the receiver to list a directory and to send the listing as a file (6.3)."""

    directory: str
    listing_file: str
    """The name that the listing is to have at the one who asks."""

    def pack(self) -> bytes:
        """Return the message.

        Raises:
            FieldRangeError: a name has more than 255 octets.
        """
        names = pack_text("directory name", self.directory) + pack_text("listing file name", self.listing_file)
        return _reserved(MessageType.LISTING_REQUEST, names)

    @classmethod
    def read(cls, cursor: Cursor) -> Self:
        """Read it from behind the type."""
        return cls(cursor.text("directory name"), cursor.text("listing file name"))


class ListingResponse(msgspec.Struct, frozen=True, gc=False):
    """Whether the directory could be listed; goes along with the listing (6.3)."""

    successful: bool
    directory: str
    listing_file: str

    def pack(self) -> bytes:
        """Return the message.

        Raises:
            FieldRangeError: a name has more than 255 octets.
        """
        names = pack_text("directory name", self.directory) + pack_text("listing file name", self.listing_file)
        return _reserved(MessageType.LISTING_RESPONSE, bytes((0 if self.successful else _LISTING_FAILED,)), names)

    @classmethod
    def read(cls, cursor: Cursor) -> Self:
        """Read it from behind the type; the spare bits are ignored."""
        failed = cursor.number(1) & _LISTING_FAILED
        return cls(not failed, cursor.text("directory name"), cursor.text("listing file name"))


ReservedMessage: TypeAlias = (
    ProxyPutRequest
    | ProxyMessageToUser
    | ProxyFilestoreRequest
    | ProxyFaultHandlerOverride
    | ProxyMode
    | ProxyFlowLabel
    | ProxySegmentationControl
    | ProxyClosureRequest
    | ProxyPutResponse
    | ProxyFilestoreResponse
    | ProxyPutCancel
    | OriginatingTransaction
    | ListingRequest
    | ListingResponse
)

_READERS: dict[MessageType, type[ReservedMessage]] = {
    MessageType.PROXY_PUT_REQUEST: ProxyPutRequest,
    MessageType.PROXY_MESSAGE_TO_USER: ProxyMessageToUser,
    MessageType.PROXY_FILESTORE_REQUEST: ProxyFilestoreRequest,
    MessageType.PROXY_FAULT_HANDLER_OVERRIDE: ProxyFaultHandlerOverride,
    MessageType.PROXY_MODE: ProxyMode,
    MessageType.PROXY_FLOW_LABEL: ProxyFlowLabel,
    MessageType.PROXY_SEGMENTATION_CONTROL: ProxySegmentationControl,
    MessageType.PROXY_CLOSURE_REQUEST: ProxyClosureRequest,
    MessageType.PROXY_PUT_RESPONSE: ProxyPutResponse,
    MessageType.PROXY_FILESTORE_RESPONSE: ProxyFilestoreResponse,
    MessageType.PROXY_PUT_CANCEL: ProxyPutCancel,
    MessageType.ORIGINATING_TRANSACTION: OriginatingTransaction,
    MessageType.LISTING_REQUEST: ListingRequest,
    MessageType.LISTING_RESPONSE: ListingResponse,
}


def is_reserved(message: bytes) -> bool:
    """Whether a message to the user is one that the protocol reserves."""
    return message.startswith(RESERVED)


def unpack_reserved(message: bytes) -> ReservedMessage:
    """Read a reserved message.

    Raises:
        TooShortError, LengthMismatchError: it ends too early or goes on behind its last field.
        WrongValueError: a type or a code in it is not known, or a name is no UTF-8.
        FieldRangeError: an entity id has not 1 to 8 octets.
    """
    cursor = Cursor("reserved message", message)
    code(_Letters, "first octets of a reserved message", cursor.number(len(RESERVED)))
    reader = _READERS[code(MessageType, "reserved message type", cursor.number(1))]
    found = reader.read(cursor)
    cursor.finish()
    return found


@unique
class _Letters(IntEnum):
    CFDP = int.from_bytes(RESERVED, "big")


def _reserved(kind: MessageType, *fields: bytes) -> bytes:
    return b"".join((RESERVED, bytes((kind,)), *fields))
