"""The security log: what was refused, and when; kept until it is erased (CCSDS 355.1-B-1, 3.4)."""

import struct
from enum import IntEnum, unique
from typing import Self

import msgspec

from tlm_cmd.errors import LengthMismatchError, TooShortError, WrongValueError, check_range
from tlm_cmd.sdls.refusals import ProcessRefusal

MAX_EVENTS = 64
"""Events that the log holds. When it is full, the oldest stay: a flood must not wash away how it began."""

_VALUE = struct.Struct(">HQq")
_HEADER_OCTETS = 3


@unique
class EventCode(IntEnum):
    """What happened; the tag of an event message."""

    TOO_SHORT = 1
    BAD_LENGTH = 2
    UNKNOWN_SPI = 3
    WRONG_ROLE = 4
    NOT_OPERATIONAL = 5
    WRONG_CHANNEL = 6
    KEY_NOT_ACTIVE = 7
    BAD_MAC = 8
    BAD_IV = 9
    REPLAYED = 10
    OUT_OF_WINDOW = 11
    BAD_PAD = 12
    COUNTER_EXHAUSTED = 32
    """A key can protect no more frames."""
    PROCEDURE_REFUSED = 33
    """An extended procedure was not executed; the counter is its tag."""
    SELF_TEST_FAILED = 34


class SecurityEvent(msgspec.Struct, frozen=True, gc=False):
    """One event message.

    Raises:
        FieldRangeError: a field does not fit its octets.
    """

    code: EventCode
    spi: int
    counter: int
    """The sequence number, where there is one."""
    time_ns: int

    def __post_init__(self) -> None:
        check_range("SPI", self.spi, 0, 0xFFFF)
        check_range("counter", self.counter, 0, 2**64 - 1)
        check_range("time [ns]", self.time_ns, -(2**63), 2**63 - 1)

    def pack(self) -> bytes:
        """Return tag (1 octet), length of the value in octets (2), and the value: SPI (2), counter (8), time (8)."""
        return bytes([self.code, 0, _VALUE.size]) + _VALUE.pack(self.spi, self.counter, self.time_ns)

    @classmethod
    def unpack(cls, octets: bytes) -> Self:
        """Read an event; ``octets`` must be the event and nothing else.

        Raises:
            TooShortError: there is no length field.
            LengthMismatchError: the length field fits neither the octets nor an event.
            WrongValueError: there is no event of this tag.
        """
        if len(octets) < _HEADER_OCTETS:
            raise TooShortError("security event", _HEADER_OCTETS, len(octets))
        declared = _HEADER_OCTETS + int.from_bytes(octets[1:3], "big")
        if declared != EVENT_OCTETS or len(octets) != EVENT_OCTETS:
            raise LengthMismatchError("security event", declared, len(octets))
        if octets[0] not in _CODES:
            raise WrongValueError("event tag", octets[0], "one of EventCode")
        return cls(_CODES[octets[0]], *_VALUE.unpack_from(octets, _HEADER_OCTETS))


EVENT_OCTETS = _HEADER_OCTETS + _VALUE.size
_CODES = {code.value: code for code in EventCode}
_REFUSED = {refusal: EventCode[refusal.name] for refusal in ProcessRefusal}


class SecurityLog(msgspec.Struct):
    """The events, oldest first: ``seen = len(events) + overflows + erased``."""

    events: list[SecurityEvent] = msgspec.field(default_factory=list)
    seen: int = 0
    overflows: int = 0
    """Events that found the log full."""
    erased: int = 0

    @property
    def remaining(self) -> int:
        """Events for which there is room."""
        return MAX_EVENTS - len(self.events)

    def add(self, code: EventCode, spi: int, counter: int, time_ns: int) -> None:
        """Take an event, if there is room; ``counter`` is the sequence number of a frame, or the tag of a procedure."""
        self.seen += 1
        if len(self.events) >= MAX_EVENTS:
            self.overflows += 1
            return
        self.events.append(SecurityEvent(code, spi, counter, time_ns))

    def erase(self) -> None:
        """Forget all events."""
        self.erased += len(self.events)
        self.events.clear()


def event_of(refusal: ProcessRefusal) -> EventCode:
    """Return the event that a refused frame is."""
    return _REFUSED[refusal]
