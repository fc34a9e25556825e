"""Fields of type, length and value inside directives (CCSDS 727.0-B-5, section 5.4)."""

from typing import Self, TypeAlias

import msgspec

from tlm_cmd.cfdp.codes import TWO_NAMES, ConditionCode, FaultHandler, FilestoreAction, TlvType, code
from tlm_cmd.cfdp.pdu.cursor import Cursor, pack_text, pack_value
from tlm_cmd.errors import WrongValueError, check_range


def pack_tlv(tlv_type: int, value: bytes) -> bytes:
    """Return a field of type (0 to 255), length and value (5.1.9).

    Raises:
        FieldRangeError: the value has more than 255 octets.
    """
    return bytes((tlv_type,)) + pack_value("TLV value", value)


class FilestoreRequest(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Something to be done in the receiver's filestore once the file is there (5.4.1).

    Raises:
        WrongValueError: a second name where the action has none.
    """

    action: FilestoreAction
    first_name: str
    second_name: str = ""
    """Of renaming, appending and replacing only."""

    def __post_init__(self) -> None:
        _check_second_name(self.action, self.second_name)

    def pack(self) -> bytes:
        """Return the whole field.

        Raises:
            FieldRangeError: the names are too long for it.
        """
        return pack_tlv(TlvType.FILESTORE_REQUEST, self.pack_value())

    def pack_value(self) -> bytes:
        """Return the value of the field.

        Raises:
            FieldRangeError: a name has more than 255 octets.
        """
        return bytes((self.action << 4,)) + _pack_names(self.action, self.first_name, self.second_name)

    @classmethod
    def unpack_value(cls, value: bytes) -> Self:
        """Read the value of the field.

        Raises:
            TooShortError: it ends too early.
            LengthMismatchError: it goes on behind the names.
            WrongValueError: an unknown action, or a name that is no UTF-8.
        """
        cursor = Cursor("filestore request", value)
        action = code(FilestoreAction, "filestore action", cursor.number(1) >> 4)
        first = cursor.text("first file name")
        second = cursor.text("second file name") if action in TWO_NAMES else ""
        cursor.finish()
        return cls(action, first, second)


class FilestoreResponse(msgspec.Struct, frozen=True, gc=False):
    """What became of a filestore request (5.4.2).

    Raises:
        FieldRangeError: the status does not fit four bits.
        WrongValueError: a second name where the action has none.
    """

    action: FilestoreAction
    status: int
    """0 if it was done, 15 if it was not tried; others say why not, each action by its own codes (5.4.2)."""
    first_name: str
    second_name: str = ""
    message: bytes = b""

    def __post_init__(self) -> None:
        check_range("filestore status", self.status, 0, 15)
        _check_second_name(self.action, self.second_name)

    def pack(self) -> bytes:
        """Return the whole field.

        Raises:
            FieldRangeError: names and message are too long for it.
        """
        return pack_tlv(TlvType.FILESTORE_RESPONSE, self.pack_value())

    def pack_value(self) -> bytes:
        """Return the value of the field.

        Raises:
            FieldRangeError: a name or the message has more than 255 octets.
        """
        first = bytes((self.action << 4 | self.status,))
        names = _pack_names(self.action, self.first_name, self.second_name)
        return first + names + pack_value("filestore message", self.message)

    @classmethod
    def unpack_value(cls, value: bytes) -> Self:
        """Read the value of the field.

        Raises:
            TooShortError: it ends too early.
            LengthMismatchError: it goes on behind the message.
            WrongValueError: an unknown action, or a name that is no UTF-8.
        """
        cursor = Cursor("filestore response", value)
        first_octet = cursor.number(1)
        action = code(FilestoreAction, "filestore action", first_octet >> 4)
        first = cursor.text("first file name")
        second = cursor.text("second file name") if action in TWO_NAMES else ""
        message = cursor.value()
        cursor.finish()
        return cls(action, first_octet & 15, first, second, message)


class MessageToUser(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Octets for the user at the destination, at most 255 (5.4.3)."""

    message: bytes

    def pack(self) -> bytes:
        """Return the whole field.

        Raises:
            FieldRangeError: the message has more than 255 octets.
        """
        return pack_tlv(TlvType.MESSAGE_TO_USER, self.message)

    @classmethod
    def unpack_value(cls, value: bytes) -> Self:
        """Read the value of the field."""
        return cls(value)


class FaultHandlerOverride(msgspec.Struct, frozen=True, gc=False, tag=True):
    """What is to be done about one kind of fault in this transaction (5.4.4)."""

    condition: ConditionCode
    handler: FaultHandler

    def pack(self) -> bytes:
        """Return the whole field."""
        return pack_tlv(TlvType.FAULT_HANDLER_OVERRIDE, self.pack_value())

    def pack_value(self) -> bytes:
        """Return the value of the field."""
        return bytes((self.condition << 4 | self.handler,))

    @classmethod
    def unpack_value(cls, value: bytes) -> Self:
        """Read the value of the field.

        Raises:
            TooShortError: it is empty.
            LengthMismatchError: it has more than one octet.
            WrongValueError: an unknown condition or handler.
        """
        cursor = Cursor("fault handler override", value)
        octet = cursor.number(1)
        cursor.finish()
        return cls(
            code(ConditionCode, "condition code", octet >> 4), code(FaultHandler, "fault handler code", octet & 15)
        )


class FlowLabel(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A label whose meaning the mission gives, at most 255 octets (5.4.5)."""

    label: bytes

    def pack(self) -> bytes:
        """Return the whole field.

        Raises:
            FieldRangeError: the label has more than 255 octets.
        """
        return pack_tlv(TlvType.FLOW_LABEL, self.label)

    @classmethod
    def unpack_value(cls, value: bytes) -> Self:
        """Read the value of the field."""
        return cls(value)


class UnknownOption(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A field of a type that metadata have no use for; it is kept as it came and means nothing.

    Raises:
        FieldRangeError: the type does not fit an octet.
        WrongValueError: the type is a known one.
    """

    tlv_type: int
    value: bytes

    def __post_init__(self) -> None:
        check_range("TLV type", self.tlv_type, 0, 255)
        if self.tlv_type in _OPTIONS:
            raise WrongValueError("TLV type", self.tlv_type, "none of the known options")

    def pack(self) -> bytes:
        """Return the whole field.

        Raises:
            FieldRangeError: the value has more than 255 octets.
        """
        return pack_tlv(self.tlv_type, self.value)


Option: TypeAlias = FilestoreRequest | MessageToUser | FaultHandlerOverride | FlowLabel | UnknownOption
"""What may stand at the end of metadata (5.2.5)."""

_OPTIONS: dict[int, type[FilestoreRequest | MessageToUser | FaultHandlerOverride | FlowLabel]] = {
    TlvType.FILESTORE_REQUEST: FilestoreRequest,
    TlvType.MESSAGE_TO_USER: MessageToUser,
    TlvType.FAULT_HANDLER_OVERRIDE: FaultHandlerOverride,
    TlvType.FLOW_LABEL: FlowLabel,
}


def read_option(cursor: Cursor) -> Option:
    """Read the next option of metadata.

    Raises:
        TooShortError: the octets end before the field, or the field before its content.
        LengthMismatchError: the field goes on behind its content.
        WrongValueError: a code that is not known, or a name that is no UTF-8.
    """
    tlv_type = cursor.number(1)
    value = cursor.value()
    option = _OPTIONS.get(tlv_type)
    return UnknownOption(tlv_type, value) if option is None else option.unpack_value(value)


def pack_entity_id(entity_id: int, octets: int) -> bytes:
    """Return an entity id as the field that says where a fault was found (5.4.6).

    Raises:
        FieldRangeError: it does not fit its octets.
    """
    check_range("entity id", entity_id, 0, (1 << 8 * octets) - 1)
    return pack_tlv(TlvType.ENTITY_ID, entity_id.to_bytes(octets, "big"))


def read_entity_id(cursor: Cursor) -> int:
    """Read where a fault was found.

    Raises:
        TooShortError: the octets end before the field.
        WrongValueError: the field is of another type.
        FieldRangeError: the id has not 1 to 8 octets.
    """
    tlv_type = cursor.number(1)
    if tlv_type != TlvType.ENTITY_ID:
        raise WrongValueError("TLV type", tlv_type, f"{TlvType.ENTITY_ID.value}, an entity id")
    value = cursor.value()
    check_range("entity id octets", len(value), 1, 8)
    return int.from_bytes(value, "big")


def _check_second_name(action: FilestoreAction, second_name: str) -> None:
    if second_name and action not in TWO_NAMES:
        raise WrongValueError("second file name", second_name, f"none for {action.name}")


def _pack_names(action: FilestoreAction, first: str, second: str) -> bytes:
    names = pack_text("first file name", first)
    return names + pack_text("second file name", second) if action in TWO_NAMES else names
