"""What comes back from extended procedures, read (CCSDS 355.1-B-1, section 5). Nothing here executes anything."""

from typing import Self, assert_never

import msgspec

from tlm_cmd.errors import LengthMismatchError, WrongValueError, check_range
from tlm_cmd.sdls.association_procedures import split_spi
from tlm_cmd.sdls.key_lists import unpack_inventory
from tlm_cmd.sdls.key_ring import KeyState
from tlm_cmd.sdls.key_verification import KeyAnswer
from tlm_cmd.sdls.procedures import Procedure, ProcedureUnit
from tlm_cmd.sdls.security_log import EVENT_OCTETS, SecurityEvent

SELF_TEST_PASSED = 0x00
SELF_TEST_FAILED = 0xFF

_MAX_ARSN_OCTETS = 12


class PingReply(msgspec.Struct, frozen=True, gc=False):
    """There is somebody."""


class VerificationReply(msgspec.Struct, frozen=True, gc=False):
    """Proofs that keys are held; ask each answer what it proves."""

    answers: tuple[KeyAnswer, ...]


class InventoryReply(msgspec.Struct, frozen=True, gc=False):
    """States of keys, by id."""

    states: tuple[tuple[int, KeyState], ...]


class CounterReply(msgspec.Struct, frozen=True, gc=False):
    """The newest sequence number of an association, as octets: only its parameters tell how to read them."""

    spi: int
    counter_octets: bytes


class StatusReply(msgspec.Struct, frozen=True, gc=False):
    """The tag of the procedure that changed an association's state last; 0 if none has."""

    spi: int
    last_procedure: int


class LogStatus(msgspec.Struct, frozen=True, gc=False):
    """How full the security log is, in events.

    Raises:
        FieldRangeError: a number does not fit 16 bits.
    """

    events: int
    remaining: int

    def __post_init__(self) -> None:
        check_range("events", self.events, 0, 0xFFFF)
        check_range("remaining events", self.remaining, 0, 0xFFFF)

    def pack(self) -> bytes:
        """Return the octets: events (2), room for more (2)."""
        return self.events.to_bytes(2, "big") + self.remaining.to_bytes(2, "big")

    @classmethod
    def unpack(cls, octets: bytes) -> Self:
        """Read the data.

        Raises:
            LengthMismatchError: they are not four octets.
        """
        _check_length("log status", octets, 4)
        return cls(int.from_bytes(octets[:2], "big"), int.from_bytes(octets[2:], "big"))


class LogDump(msgspec.Struct, frozen=True, gc=False):
    """The events of the security log, oldest first."""

    events: tuple[SecurityEvent, ...]

    def pack(self) -> bytes:
        """Return the octets: one event message behind the other."""
        return b"".join(event.pack() for event in self.events)

    @classmethod
    def unpack(cls, octets: bytes) -> Self:
        """Read the data.

        Raises:
            LengthMismatchError: they are no whole number of events, or a length field is wrong.
            WrongValueError: there is no event of some tag.
        """
        if len(octets) % EVENT_OCTETS:
            raise LengthMismatchError("security log", EVENT_OCTETS, len(octets))
        starts = range(0, len(octets), EVENT_OCTETS)
        return cls(tuple(SecurityEvent.unpack(octets[at : at + EVENT_OCTETS]) for at in starts))


class SelfTestReply(msgspec.Struct, frozen=True, gc=False):
    """Whether every cipher gave its known answer."""

    passed: bool

    def pack(self) -> bytes:
        """Return the octet."""
        return bytes([SELF_TEST_PASSED if self.passed else SELF_TEST_FAILED])

    @classmethod
    def unpack(cls, octets: bytes) -> Self:
        """Read the data.

        Raises:
            LengthMismatchError: they are not one octet.
            WrongValueError: the octet is neither 00 nor FF.
        """
        _check_length("self-test result", octets, 1)
        if octets[0] not in {SELF_TEST_PASSED, SELF_TEST_FAILED}:
            raise WrongValueError("self-test result", octets[0], "0 or 255")
        return cls(octets[0] == SELF_TEST_PASSED)


Reply = (
    PingReply | VerificationReply | InventoryReply | CounterReply | StatusReply | LogStatus | LogDump | SelfTestReply
)


def unpack_reply(octets: bytes) -> tuple[Procedure, Reply]:  # noqa: PLR0911 - one return for each procedure
    """Read a reply; ``octets`` must be the unit and nothing else.

    Raises:
        ProtocolError: it is none, or its data are not what its procedure replies.
        WrongValueError: its procedure is one that is not replied to.
    """
    unit = ProcedureUnit.unpack(octets, is_reply=True)
    procedure, data = unit.procedure, unit.data
    match procedure:
        case Procedure.VERIFY_KEYS:
            return procedure, VerificationReply(tuple(KeyAnswer.unpack_all(data)))
        case Procedure.KEY_INVENTORY:
            return procedure, InventoryReply(tuple(unpack_inventory(data)))
        case Procedure.READ_ARSN:
            return procedure, _unpack_counter_reply(data)
        case Procedure.ASSOCIATION_STATUS:
            spi, rest = split_spi(data)
            _check_length("last procedure", rest, 1)
            return procedure, StatusReply(spi, rest[0])
        case Procedure.PING:
            _check_length("ping", data, 0)
            return procedure, PingReply()
        case Procedure.LOG_STATUS | Procedure.ERASE_LOG:
            return procedure, LogStatus.unpack(data)
        case Procedure.DUMP_LOG:
            return procedure, LogDump.unpack(data)
        case Procedure.SELF_TEST:
            return procedure, SelfTestReply.unpack(data)
        case (
            Procedure.OTAR
            | Procedure.ACTIVATE_KEYS
            | Procedure.DEACTIVATE_KEYS
            | Procedure.DESTROY_KEYS
            | Procedure.CREATE_ASSOCIATION
            | Procedure.DELETE_ASSOCIATION
            | Procedure.SET_WINDOW
            | Procedure.REKEY_ASSOCIATION
            | Procedure.EXPIRE_ASSOCIATION
            | Procedure.SET_ARSN
            | Procedure.START_ASSOCIATION
            | Procedure.STOP_ASSOCIATION
            | Procedure.RESET_ALARM
        ):
            raise WrongValueError("replying procedure", procedure.name, "one that is replied to")
        case _:
            assert_never(procedure)


def _unpack_counter_reply(data: bytes) -> CounterReply:
    spi, rest = split_spi(data)
    if not 0 < len(rest) <= _MAX_ARSN_OCTETS:
        raise LengthMismatchError("sequence number", _MAX_ARSN_OCTETS, len(rest))
    return CounterReply(spi, rest)


def _check_length(name: str, octets: bytes, expected: int) -> None:
    if len(octets) != expected:
        raise LengthMismatchError(name, expected, len(octets))
