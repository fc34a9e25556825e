"""Extended procedures: their names, and the unit that a request or a reply travels in (CCSDS 355.1-B-1, section 5).

A unit is a tag (1 octet: reply flag, user flag, service group of 2 bits, procedure of 4 bits), the length of its data
in bits (2 octets), and the data. It travels as user data, in a packet or alone, within protected frames.
"""

from enum import IntEnum, unique
from typing import Self

import msgspec

from tlm_cmd.errors import LengthMismatchError, TooShortError, WrongValueError, check_range

UNIT_HEADER_OCTETS = 3
MAX_UNIT_DATA_OCTETS = 0xFFFF // 8
REPLY_FLAG = 0x80
USER_FLAG = 0x40


@unique
class Procedure(IntEnum):
    """The procedures of the standard: service group and procedure identification."""

    OTAR = 0x01
    """Over-the-air rekeying: session keys encrypted under a master key."""
    ACTIVATE_KEYS = 0x02
    DEACTIVATE_KEYS = 0x03
    VERIFY_KEYS = 0x04
    DESTROY_KEYS = 0x06
    KEY_INVENTORY = 0x07
    READ_ARSN = 0x10
    """Read the anti-replay sequence number."""
    CREATE_ASSOCIATION = 0x11
    DELETE_ASSOCIATION = 0x14
    SET_WINDOW = 0x15
    REKEY_ASSOCIATION = 0x16
    EXPIRE_ASSOCIATION = 0x19
    SET_ARSN = 0x1A
    START_ASSOCIATION = 0x1B
    STOP_ASSOCIATION = 0x1E
    ASSOCIATION_STATUS = 0x1F
    PING = 0x31
    LOG_STATUS = 0x32
    DUMP_LOG = 0x33
    ERASE_LOG = 0x34
    SELF_TEST = 0x35
    RESET_ALARM = 0x37


_PROCEDURES = {procedure.value: procedure for procedure in Procedure}


class ReplyError(WrongValueError):
    """A reply stands where a request is expected, or the other way round: it must never be executed."""


class UserProcedureError(WrongValueError):
    """A procedure that a mission has defined for itself."""


class UnknownProcedureError(WrongValueError):
    """No procedure of the standard has this tag."""


class ProcedureUnit(msgspec.Struct, frozen=True, gc=False):
    """A request or a reply.

    Raises:
        FieldRangeError: the data are longer than 8191 octets.
    """

    procedure: Procedure
    data: bytes = b""
    is_reply: bool = False

    def __post_init__(self) -> None:
        check_range("procedure data octets", len(self.data), 0, MAX_UNIT_DATA_OCTETS)

    def pack(self) -> bytes:
        """Return the octets of the unit."""
        tag = self.procedure | (REPLY_FLAG if self.is_reply else 0)
        return bytes([tag]) + (8 * len(self.data)).to_bytes(2, "big") + self.data

    @classmethod
    def unpack(cls, octets: bytes, *, is_reply: bool) -> Self:
        """Read a unit that must be a request, or must be a reply; ``octets`` must be the unit and nothing else.

        Raises:
            TooShortError: fewer octets than a unit has without data.
            ReplyError: it is the other of the two.
            UserProcedureError: it is a procedure of some mission's own.
            UnknownProcedureError: there is no such procedure.
            LengthMismatchError: the length field is no multiple of 8 bits, or does not fit the octets given.
        """
        if len(octets) < UNIT_HEADER_OCTETS:
            raise TooShortError("extended procedure", UNIT_HEADER_OCTETS, len(octets))
        tag = octets[0]
        if bool(tag & REPLY_FLAG) is not is_reply:
            raise ReplyError("reply flag", tag >> 7, int(is_reply))
        if tag & USER_FLAG:
            raise UserProcedureError("user flag", 1, 0)
        procedure = _PROCEDURES.get(tag & ~REPLY_FLAG)
        if procedure is None:
            raise UnknownProcedureError("procedure tag", tag, "one of Procedure")
        bits = int.from_bytes(octets[1:UNIT_HEADER_OCTETS], "big")
        if bits % 8 or UNIT_HEADER_OCTETS + bits // 8 != len(octets):
            raise LengthMismatchError("extended procedure data [bits]", bits, 8 * (len(octets) - UNIT_HEADER_OCTETS))
        return cls(procedure, octets[UNIT_HEADER_OCTETS:], is_reply)
