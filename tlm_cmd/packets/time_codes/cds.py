"""The CCSDS day segmented time code, CDS (CCSDS 301.0-B-4, section 3.3).

A count of days, the milliseconds of the day, and, where wanted, the microseconds or picoseconds of the millisecond.
It is UTC: a day with a leap second has 86,401,000 milliseconds.
"""

from enum import IntEnum, unique
from typing import Self

import msgspec

from tlm_cmd.errors import TooShortError, WrongValueError, check_range
from tlm_cmd.packets.time_codes.utc import MAX_DAY, UtcTime

TIME_CODE_IDENTIFICATION = 4
_MILLISECOND_OCTETS = 4
_MAX_MILLISECONDS = 86_400_999
_NS_PER_MS = 1_000_000
_PS_PER_NS = 1000
_NS_PER_US = 1000
_MIN_DAY_OCTETS, _MAX_DAY_OCTETS = 2, 3


@unique
class CdsEpoch(IntEnum):
    """Where the days are counted from; the values are the epoch identification of the P-field."""

    UTC_1958 = 0
    """1958-01-01, the epoch that CCSDS recommends."""
    AGENCY = 1
    """A day that the mission defines."""


@unique
class CdsResolution(IntEnum):
    """What is told below the millisecond; the values are those of the P-field."""

    MILLISECONDS = 0
    MICROSECONDS = 1
    """Two octets, microseconds of the millisecond."""
    PICOSECONDS = 2
    """Four octets, picoseconds of the millisecond."""


_SUBMILLISECOND_OCTETS = (0, 2, 4)


class CdsFormat(msgspec.Struct, frozen=True, gc=False):
    """The shape of a CDS.

    Raises:
        FieldRangeError: the days have neither two nor three octets, or the epoch is too far from 1958.
        WrongValueError: the recommended epoch is another day than 1958-01-01.
    """

    epoch: CdsEpoch = CdsEpoch.UTC_1958
    day_octets: int = 2
    resolution: CdsResolution = CdsResolution.MILLISECONDS
    epoch_day: int = 0
    """Days since 1958-01-01 of an agency epoch; the P-field does not tell it."""

    def __post_init__(self) -> None:
        check_range("day octets", self.day_octets, _MIN_DAY_OCTETS, _MAX_DAY_OCTETS)
        check_range("epoch day", self.epoch_day, 1 - (1 << 24), MAX_DAY - (1 << 24))
        if self.epoch_day and self.epoch is CdsEpoch.UTC_1958:
            raise WrongValueError("epoch day", self.epoch_day, "0 for the epoch of 1958")

    @property
    def octets(self) -> int:
        """Length of the time field, without the P-field."""
        return self.day_octets + _MILLISECOND_OCTETS + _SUBMILLISECOND_OCTETS[self.resolution]

    def pack_p_field(self) -> bytes:
        """Return the P-field, one octet (301.0-B-4, 3.3.2)."""
        length = self.day_octets - _MIN_DAY_OCTETS
        return bytes([TIME_CODE_IDENTIFICATION << 4 | self.epoch << 3 | length << 2 | self.resolution])

    @classmethod
    def unpack_p_field(cls, octets: bytes, *, epoch_day: int = 0) -> Self:
        """Read a P-field from the first octet.

        ``epoch_day`` is the agency epoch in days since 1958-01-01, in case that the P-field says that it is one.

        Raises:
            TooShortError: there is no octet.
            WrongValueError: the time code is no CDS, a second octet is announced, or the reserved resolution.
        """
        if not octets:
            raise TooShortError("CDS P-field", 1, 0)
        first = octets[0]
        if first >> 4 & 7 != TIME_CODE_IDENTIFICATION:
            raise WrongValueError("time code identification", first >> 4 & 7, TIME_CODE_IDENTIFICATION)
        if first & 0x80:
            raise WrongValueError("extension flag of the P-field", 1, 0)
        if first & 3 > CdsResolution.PICOSECONDS:
            raise WrongValueError("length of the submillisecond segment", 3, "0, 1 or 2")
        epoch = CdsEpoch(first >> 3 & 1)
        day = epoch_day if epoch is CdsEpoch.AGENCY else 0
        return cls(epoch, _MIN_DAY_OCTETS + (first >> 2 & 1), CdsResolution(first & 3), day)

    def pack(self, time: UtcTime) -> bytes:
        """Return the time field, cut to the resolution: it is never later than ``time``.

        Raises:
            FieldRangeError: the day is before the epoch or does not fit.
        """
        day = time.day - self.epoch_day
        check_range("day since the epoch", day, 0, (1 << 8 * self.day_octets) - 1)
        milliseconds, nanoseconds = divmod(time.ns_of_day, _NS_PER_MS)
        field = day.to_bytes(self.day_octets, "big") + milliseconds.to_bytes(_MILLISECOND_OCTETS, "big")
        if self.resolution is CdsResolution.MICROSECONDS:
            return field + (nanoseconds // _NS_PER_US).to_bytes(2, "big")
        if self.resolution is CdsResolution.PICOSECONDS:
            return field + (nanoseconds * _PS_PER_NS).to_bytes(4, "big")
        return field

    def unpack(self, octets: bytes) -> UtcTime:
        """Read a time field; picoseconds are cut to nanoseconds.

        Raises:
            TooShortError: fewer octets than the format has.
            FieldRangeError: more milliseconds than the longest day has, or more of a millisecond than it has.
        """
        if len(octets) < self.octets:
            raise TooShortError("CDS time field", self.octets, len(octets))
        end = self.day_octets + _MILLISECOND_OCTETS
        milliseconds = int.from_bytes(octets[self.day_octets : end], "big")
        check_range("milliseconds of the day", milliseconds, 0, _MAX_MILLISECONDS)
        rest = int.from_bytes(octets[end : self.octets], "big")
        if self.resolution is CdsResolution.MICROSECONDS:
            check_range("microseconds of the millisecond", rest, 0, 999)
            rest *= _NS_PER_US
        elif self.resolution is CdsResolution.PICOSECONDS:
            check_range("picoseconds of the millisecond", rest, 0, 999_999_999)
            rest //= _PS_PER_NS
        day = self.epoch_day + int.from_bytes(octets[: self.day_octets], "big")
        return UtcTime(day, milliseconds * _NS_PER_MS + rest)
