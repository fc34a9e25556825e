"""The CCSDS ASCII time codes A and B (CCSDS 301.0-B-4, section 3.5).

A is ``2030-01-01T00:00:01.500Z``, B is ``2030-001T00:00:01.500Z``: UTC in a profile of ISO 8601. The subsets that leave
out the date or the end of the time are not read: what they leave out, only the context knows.
"""

import re
from typing import Self

import msgspec

from tlm_cmd.errors import WrongValueError, check_range
from tlm_cmd.packets.time_codes.utc import UtcTime, day_of_date, day_of_year_day, ns_of_clock

MAX_FRACTION_DIGITS = 18
"""Decimal digits of a second that are read or written; the standard has no bound."""

_NS_DIGITS = 9
_PATTERN = re.compile(
    rb"(\d{4})-(?:(\d\d)-(\d\d)|(\d{3}))T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,%d}))?(Z?)" % MAX_FRACTION_DIGITS
)
_SHOWN_OCTETS = 40


class AsciiFormat(msgspec.Struct, frozen=True, gc=False):
    """The shape of an ASCII time code.

    Raises:
        FieldRangeError: more digits than are read or written.
    """

    day_of_year: bool = False
    """Whether the day is counted within the year, code B, instead of within a month, code A."""
    fraction_digits: int = 3
    """Decimal digits behind the second, 0 to 18; without any there is no decimal point."""
    terminator: bool = True
    """Whether a ``Z`` ends the code."""

    def __post_init__(self) -> None:
        check_range("fraction digits", self.fraction_digits, 0, MAX_FRACTION_DIGITS)

    def pack(self, time: UtcTime) -> bytes:
        """Return the code, cut to its digits: it is never later than ``time``.

        Raises:
            FieldRangeError: the year is not in 1 to 9999.
        """
        date = time.date
        day = f"{time.day_of_year:03}" if self.day_of_year else f"{date.month:02}-{date.day:02}"
        hour, minute, second, nanosecond = time.clock
        fraction = ""
        if self.fraction_digits:
            fraction = "." + f"{nanosecond:09}".ljust(MAX_FRACTION_DIGITS, "0")[: self.fraction_digits]
        end = "Z" if self.terminator else ""
        return f"{date.year:04}-{day}T{hour:02}:{minute:02}:{second:02}{fraction}{end}".encode("ascii")

    @classmethod
    def unpack(cls, octets: bytes) -> tuple[Self, UtcTime]:
        """Read a code of either kind and return (format, time); digits behind the nanoseconds are cut.

        Raises:
            WrongValueError: the octets are none.
            FieldRangeError: there is no such date or time; second 60 is there at 23:59 only.
        """
        found = _PATTERN.fullmatch(octets)
        if found is None:
            raise WrongValueError(
                "ASCII time code", octets[:_SHOWN_OCTETS], "YYYY-MM-DDThh:mm:ss.dZ or YYYY-DDDThh:mm:ss.dZ"
            )
        year, month, day_of_month, day_of_year, hour, minute, second, fraction, terminator = found.groups()
        if day_of_year is None:
            day = day_of_date(int(year), int(month), int(day_of_month))
        else:
            day = day_of_year_day(int(year), int(day_of_year))
        fraction = fraction or b""
        nanosecond = int(fraction[:_NS_DIGITS].ljust(_NS_DIGITS, b"0"))
        time = UtcTime(day, ns_of_clock(int(hour), int(minute), int(second), nanosecond))
        return cls(day_of_year is not None, len(fraction), bool(terminator)), time
