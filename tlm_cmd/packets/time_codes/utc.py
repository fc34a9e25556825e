"""A UTC time as calendars and clocks show it, leap second included.

The time codes that are UTC (CCSDS 301.0-B-4, 3.3 to 3.5) name a day and a time of that day. Between them and TAI stands
a table of leap seconds, which the caller names in every conversion: see `tlm_cmd.packets.leap_seconds`, whose table
says until when it is complete.
"""

from datetime import date
from typing import Self

import msgspec

from tlm_cmd.errors import FieldRangeError, check_range
from tlm_cmd.packets.leap_seconds import SECONDS_1958_TO_1970, LeapSecondTable

NS_PER_S = 1_000_000_000
SECONDS_PER_DAY = 86_400
NS_PER_DAY = SECONDS_PER_DAY * NS_PER_S
MAX_NS_OF_DAY = NS_PER_DAY + NS_PER_S - 1
"""The last nanosecond of a day that ends with a leap second."""
MAX_DAY = (1 << 25) - 1
"""No time code counts further: 24 bits of days since an epoch that lies in this range itself."""

_DAYS_1958_TO_1970 = SECONDS_1958_TO_1970 // SECONDS_PER_DAY
_EPOCH_ORDINAL = date(1958, 1, 1).toordinal()
_LAST_MINUTE = (23, 59)
_LEAP_SECOND = 60


class UtcTime(msgspec.Struct, frozen=True, gc=False, order=True):
    """A time of a day.

    Raises:
        FieldRangeError: the day is further than 2^25 days from 1958, or the time is not within a day of 86,401 s.
    """

    day: int
    """Days since 1958-01-01."""
    ns_of_day: int
    """Nanoseconds since the day began. From 86,400 s on it is in a leap second, 23:59:60."""

    def __post_init__(self) -> None:
        check_range("day since 1958", self.day, -MAX_DAY, MAX_DAY)
        check_range("nanoseconds of the day", self.ns_of_day, 0, MAX_NS_OF_DAY)

    @classmethod
    def from_tai(cls, tai_ns: int, table: LeapSecondTable) -> Self:
        """Return the UTC of a TAI time [ns since 1958-01-01T00:00:00 TAI].

        Raises:
            FieldRangeError: the time is before 1972, when UTC had no whole seconds to TAI.
        """
        utc_ns = table.tai_to_utc(tai_ns)
        day, ns_of_day = divmod(utc_ns, NS_PER_DAY)
        day += _DAYS_1958_TO_1970
        if table.utc_to_tai(utc_ns) != tai_ns:  # a leap second reads as the first second of the next day
            return cls(day - 1, NS_PER_DAY + ns_of_day)
        return cls(day, ns_of_day)

    def to_tai(self, table: LeapSecondTable) -> int:
        """Return the TAI of this time [ns since 1958-01-01T00:00:00 TAI].

        Raises:
            FieldRangeError: the day is before 1972, or the time is in a second that the day did not have.
        """
        start_ns = (self.day - _DAYS_1958_TO_1970) * NS_PER_DAY
        tai_start_ns = table.utc_to_tai(start_ns)
        length_ns = table.utc_to_tai(start_ns + NS_PER_DAY) - tai_start_ns
        check_range("nanoseconds of the day", self.ns_of_day, 0, length_ns - 1)
        return tai_start_ns + self.ns_of_day

    @property
    def date(self) -> date:
        """The date of the day in the Gregorian calendar.

        Raises:
            FieldRangeError: the year is not in 1 to 9999.
        """
        ordinal = self.day + _EPOCH_ORDINAL
        check_range("day since year 1", ordinal, date.min.toordinal(), date.max.toordinal())
        return date.fromordinal(ordinal)

    @property
    def day_of_year(self) -> int:
        """The number of the day in its year, 1 to 366.

        Raises:
            FieldRangeError: the year is not in 1 to 9999.
        """
        return self.date.timetuple().tm_yday

    @property
    def clock(self) -> tuple[int, int, int, int]:
        """Hour, minute, second (60 in a leap second) and nanosecond."""
        seconds, nanoseconds = divmod(self.ns_of_day, NS_PER_S)
        if seconds >= SECONDS_PER_DAY:
            return (*_LAST_MINUTE, _LEAP_SECOND, nanoseconds)
        minutes, second = divmod(seconds, 60)
        return (*divmod(minutes, 60), second, nanoseconds)


def day_of_date(year: int, month: int, day: int) -> int:
    """Return the days since 1958-01-01 of a date in the Gregorian calendar.

    Raises:
        FieldRangeError: the year is not in 1 to 9999, or there is no such month or day.
    """
    check_range("year", year, 1, 9999)
    check_range("month", month, 1, 12)
    try:
        return date(year, month, day).toordinal() - _EPOCH_ORDINAL
    except ValueError as error:
        raise FieldRangeError(f"day of {year:04}-{month:02}", day, 1, "the last day of the month") from error


def day_of_year_day(year: int, day_of_year: int) -> int:
    """Return the days since 1958-01-01 of a day that is counted within its year, 1 to 366.

    Raises:
        FieldRangeError: the year is not in 1 to 9999, or has not so many days.
    """
    start = day_of_date(year, 1, 1)
    check_range("day of the year", day_of_year, 1, day_of_date(year, 12, 31) - start + 1)
    return start + day_of_year - 1


def ns_of_clock(hour: int, minute: int, second: int, nanosecond: int) -> int:
    """Return the nanoseconds of the day that a clock shows, 0 to 86,401 s less 1 ns; second 60 is at 23:59 only.

    Raises:
        FieldRangeError: a part is out of range.
    """
    check_range("hour", hour, 0, 23)
    check_range("minute", minute, 0, 59)
    check_range("second", second, 0, 60 if (hour, minute) == _LAST_MINUTE else 59)
    check_range("nanosecond", nanosecond, 0, NS_PER_S - 1)
    return ((hour * 60 + minute) * 60 + second) * NS_PER_S + nanosecond
