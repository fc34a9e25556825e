"""File directives: what the two ends tell each other about a transaction (CCSDS 727.0-B-5, section 5.2).

Each has the octets of its PDU's data field from `pack_field`, the directive code included and the CRC not, and is
read from behind that code by `read_field`. Lengths of sizes and identifiers are those of the PDU's header.
"""

from typing import Self

import msgspec

from tlm_cmd.cfdp.codes import (
    ConditionCode,
    DeliveryCode,
    DirectiveCode,
    FileStatus,
    TlvType,
    TransactionStatus,
    code,
)
from tlm_cmd.cfdp.pdu.cursor import Cursor, pack_size
from tlm_cmd.cfdp.pdu.header import PduHeader
from tlm_cmd.cfdp.pdu.tlv import FilestoreResponse, pack_entity_id, read_entity_id
from tlm_cmd.errors import WrongValueError, check_range

MAX_CHECKSUM = 0xFFFF_FFFF

_STATUSES = tuple(FileStatus)
_DELIVERIES = tuple(DeliveryCode)
_TRANSACTION_STATUSES = tuple(TransactionStatus)


class Eof(msgspec.Struct, frozen=True, gc=False):
    """The end of the file, or of sending it (5.2.2).

    With a condition other than `NO_ERROR` it cancels: size and checksum are then those of what has been sent.
    Software exists that leaves the fault location out, so it may be None there as well.

    Raises:
        FieldRangeError: the checksum does not fit four octets.
        WrongValueError: a fault location without a fault.
    """

    checksum: int
    file_size: int
    condition: ConditionCode = ConditionCode.NO_ERROR
    fault_location: int | None = None
    """The entity at which the transaction was cancelled."""

    def __post_init__(self) -> None:
        check_range("file checksum", self.checksum, 0, MAX_CHECKSUM)
        if self.fault_location is not None and self.condition is ConditionCode.NO_ERROR:
            raise WrongValueError("fault location", self.fault_location, "none without a fault")

    def pack_field(self, header: PduHeader) -> bytes:
        """Return the data field.

        Raises:
            FieldRangeError: the size or the entity id does not fit.
        """
        fields = [
            bytes((DirectiveCode.EOF, self.condition << 4)),
            self.checksum.to_bytes(4, "big"),
            pack_size("file size", self.file_size, large_file=header.large_file),
        ]
        if self.fault_location is not None:
            fields.append(pack_entity_id(self.fault_location, header.entity_id_octets))
        return b"".join(fields)

    @classmethod
    def read_field(cls, cursor: Cursor, header: PduHeader) -> Self:
        """Read it.

        Raises:
            TooShortError, LengthMismatchError: the field ends too early or too late.
            WrongValueError: an unknown condition, or something else than a fault location at the end.
        """
        condition = code(ConditionCode, "condition code", cursor.number(1) >> 4)
        checksum = cursor.number(4)
        file_size = cursor.size(large_file=header.large_file)
        location = None
        if condition is not ConditionCode.NO_ERROR and cursor.left:
            location = read_entity_id(cursor)
        cursor.finish()
        return cls(checksum, file_size, condition, location)


class Finished(msgspec.Struct, frozen=True, gc=False):
    """What became of the file at its destination (5.2.3).

    Raises:
        WrongValueError: a fault location with a condition that has none.
    """

    condition: ConditionCode
    delivery: DeliveryCode
    file_status: FileStatus
    responses: tuple[FilestoreResponse, ...] = ()
    fault_location: int | None = None

    def __post_init__(self) -> None:
        if self.fault_location is not None and self.condition in _WITHOUT_LOCATION:
            raise WrongValueError("fault location", self.fault_location, f"none with {self.condition.name}")

    def pack_field(self, header: PduHeader) -> bytes:
        """Return the data field.

        Raises:
            FieldRangeError: a response or the entity id does not fit.
        """
        outcome = self.condition << 4 | self.delivery << 2 | self.file_status
        fields = [bytes((DirectiveCode.FINISHED, outcome))]
        fields += [response.pack() for response in self.responses]
        if self.fault_location is not None:
            fields.append(pack_entity_id(self.fault_location, header.entity_id_octets))
        return b"".join(fields)

    @classmethod
    def read_field(cls, cursor: Cursor, header: PduHeader) -> Self:
        """Read it.

        Raises:
            TooShortError, LengthMismatchError: a field ends too early or too late.
            WrongValueError: an unknown code, or a TLV of a type that has no place here.
        """
        del header
        outcome = cursor.number(1)
        condition = code(ConditionCode, "condition code", outcome >> 4)
        responses: list[FilestoreResponse] = []
        location = None
        while cursor.left:
            tlv_type = cursor.number(1)
            if tlv_type == TlvType.FILESTORE_RESPONSE and location is None:
                responses.append(FilestoreResponse.unpack_value(cursor.value()))
                continue
            cursor.place -= 1
            location = read_entity_id(cursor)
            cursor.finish()
        return cls(condition, _DELIVERIES[outcome >> 2 & 1], _STATUSES[outcome & 3], tuple(responses), location)


_WITHOUT_LOCATION = (ConditionCode.NO_ERROR, ConditionCode.UNSUPPORTED_CHECKSUM)


class Ack(msgspec.Struct, frozen=True, gc=False):
    """An EOF or a Finished has arrived (5.2.4).

    Raises:
        WrongValueError: another directive is acknowledged.
    """

    acknowledged: DirectiveCode
    condition: ConditionCode
    status: TransactionStatus

    def __post_init__(self) -> None:
        if self.acknowledged not in (DirectiveCode.EOF, DirectiveCode.FINISHED):
            raise WrongValueError("acknowledged directive", self.acknowledged, "EOF or Finished")

    def pack_field(self, header: PduHeader) -> bytes:
        """Return the data field."""
        subtype = self.acknowledged is DirectiveCode.FINISHED
        return bytes((DirectiveCode.ACK, self.acknowledged << 4 | subtype, self.condition << 4 | self.status))

    @classmethod
    def read_field(cls, cursor: Cursor, header: PduHeader) -> Self:
        """Read it.

        Raises:
            TooShortError, LengthMismatchError: the field has not two octets.
            WrongValueError: an unknown code, or a subtype that does not belong to the directive.
        """
        del header
        first, second = cursor.number(1), cursor.number(1)
        cursor.finish()
        acknowledged = code(DirectiveCode, "acknowledged directive", first >> 4)
        if first & 15 != (acknowledged is DirectiveCode.FINISHED):
            raise WrongValueError("directive subtype", first & 15, "1 for Finished, 0 for EOF")
        condition = code(ConditionCode, "condition code", second >> 4)
        return cls(acknowledged, condition, _TRANSACTION_STATUSES[second & 3])


class Nak(msgspec.Struct, frozen=True, gc=False):
    """What is missing between two places of the file (5.2.6).

    Each request is a pair: where the missing part starts, and the place behind its last octet. The pair (0, 0) asks
    for the metadata.

    Raises:
        WrongValueError: a part or the scope ends before it starts.
    """

    scope_start: int
    scope_end: int
    requests: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        for start, end in ((self.scope_start, self.scope_end), *self.requests):
            if start > end:
                raise WrongValueError("end of a part", end, f"{start} or more, where it starts")

    def pack_field(self, header: PduHeader) -> bytes:
        """Return the data field.

        Raises:
            FieldRangeError: a place does not fit.
        """
        places = [self.scope_start, self.scope_end]
        for request in self.requests:
            places += request
        packed = [pack_size("place in the file", place, large_file=header.large_file) for place in places]
        return b"".join((bytes((DirectiveCode.NAK,)), *packed))

    @classmethod
    def read_field(cls, cursor: Cursor, header: PduHeader) -> Self:
        """Read it.

        Raises:
            TooShortError: the field ends inside a pair.
            WrongValueError: a part ends before it starts.
        """
        large = header.large_file
        start, end = cursor.size(large_file=large), cursor.size(large_file=large)
        requests: list[tuple[int, int]] = []
        while cursor.left:
            requests.append((cursor.size(large_file=large), cursor.size(large_file=large)))
        return cls(start, end, tuple(requests))


class Prompt(msgspec.Struct, frozen=True, gc=False):
    """The sender wants an answer (5.2.7)."""

    keep_alive: bool
    """True for a `KeepAlive`, False for a `Nak`."""

    def pack_field(self, header: PduHeader) -> bytes:
        """Return the data field."""
        return bytes((DirectiveCode.PROMPT, self.keep_alive << 7))

    @classmethod
    def read_field(cls, cursor: Cursor, header: PduHeader) -> Self:
        """Read it; the spare bits are ignored.

        Raises:
            TooShortError, LengthMismatchError: the field has not one octet.
        """
        del header
        octet = cursor.number(1)
        cursor.finish()
        return cls(bool(octet >> 7))


class KeepAlive(msgspec.Struct, frozen=True, gc=False):
    """How far the receiver has got [octets] (5.2.8)."""

    progress: int

    def pack_field(self, header: PduHeader) -> bytes:
        """Return the data field.

        Raises:
            FieldRangeError: the progress does not fit.
        """
        return bytes((DirectiveCode.KEEP_ALIVE,)) + pack_size("progress", self.progress, large_file=header.large_file)

    @classmethod
    def read_field(cls, cursor: Cursor, header: PduHeader) -> Self:
        """Read it.

        Raises:
            TooShortError, LengthMismatchError: the field is not as long as a size.
        """
        progress = cursor.size(large_file=header.large_file)
        cursor.finish()
        return cls(progress)
