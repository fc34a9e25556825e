"""The CCSDS calendar segmented time code, CCS (CCSDS 301.0-B-4, section 3.4).

Year, month and day, or year and day of the year, then hour, minute, second and decimal fractions of it, all in binary
coded decimal, two digits to the octet. (Orekit reads and writes plain binary here, which the standard does not.)
"""

from typing import Self

import msgspec

from tlm_cmd.errors import TooShortError, WrongValueError, check_range
from tlm_cmd.packets.time_codes.utc import UtcTime, day_of_date, day_of_year_day, ns_of_clock

TIME_CODE_IDENTIFICATION = 5
MAX_FRACTION_OCTETS = 6

_WHOLE_OCTETS = 7
_NS_DIGITS = 9
_DAY_OF_YEAR_BIT = 8


class CcsFormat(msgspec.Struct, frozen=True, gc=False):
    """The shape of a CCS.

    Raises:
        FieldRangeError: more octets of fraction than the P-field can declare.
    """

    day_of_year: bool = False
    """Whether the day is counted within the year, instead of within a month."""
    fraction_octets: int = 0
    """Octets behind the second, 0 to 6, each with two decimal digits."""

    def __post_init__(self) -> None:
        check_range("fraction octets", self.fraction_octets, 0, MAX_FRACTION_OCTETS)

    @property
    def octets(self) -> int:
        """Length of the time field, without the P-field."""
        return _WHOLE_OCTETS + self.fraction_octets

    def pack_p_field(self) -> bytes:
        """Return the P-field, one octet (301.0-B-4, 3.4.2)."""
        return bytes([TIME_CODE_IDENTIFICATION << 4 | _DAY_OF_YEAR_BIT * self.day_of_year | self.fraction_octets])

    @classmethod
    def unpack_p_field(cls, octets: bytes) -> Self:
        """Read a P-field from the first octet.

        Raises:
            TooShortError: there is no octet.
            WrongValueError: the time code is no CCS, or a second octet is announced.
            FieldRangeError: the reserved number of fraction octets.
        """
        if not octets:
            raise TooShortError("CCS P-field", 1, 0)
        first = octets[0]
        if first >> 4 & 7 != TIME_CODE_IDENTIFICATION:
            raise WrongValueError("time code identification", first >> 4 & 7, TIME_CODE_IDENTIFICATION)
        if first & 0x80:
            raise WrongValueError("extension flag of the P-field", 1, 0)
        return cls(bool(first & _DAY_OF_YEAR_BIT), first & 7)

    def pack(self, time: UtcTime) -> bytes:
        """Return the time field, cut to its digits: it is never later than ``time``.

        Raises:
            FieldRangeError: the year is not in 1 to 9999.
        """
        date = time.date
        day = f"{time.day_of_year:04}" if self.day_of_year else f"{date.month:02}{date.day:02}"
        hour, minute, second, nanosecond = time.clock
        fraction = f"{nanosecond:09}".ljust(2 * MAX_FRACTION_OCTETS, "0")[: 2 * self.fraction_octets]
        # Decimal digits read as hexadecimal ones are binary coded decimal.
        return bytes.fromhex(f"{date.year:04}{day}{hour:02}{minute:02}{second:02}{fraction}")

    def unpack(self, octets: bytes) -> UtcTime:
        """Read a time field; digits behind the nanoseconds are cut.

        Raises:
            TooShortError: fewer octets than the format has.
            WrongValueError: a digit is none.
            FieldRangeError: there is no such date or time; second 60 is there at 23:59 only.
        """
        if len(octets) < self.octets:
            raise TooShortError("CCS time field", self.octets, len(octets))
        digits = octets[: self.octets].hex()
        if not digits.isdecimal():
            raise WrongValueError("CCS time field", digits, "decimal digits")
        year = int(digits[:4])
        if self.day_of_year:
            day = day_of_year_day(year, int(digits[4:8]))
        else:
            day = day_of_date(year, int(digits[4:6]), int(digits[6:8]))
        nanosecond = int(digits[14:][:_NS_DIGITS].ljust(_NS_DIGITS, "0"))
        return UtcTime(day, ns_of_clock(int(digits[8:10]), int(digits[10:12]), int(digits[12:14]), nanosecond))
