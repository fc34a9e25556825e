"""Between TAI and UTC, in integer nanoseconds.

TAI times count from 1958-01-01T00:00:00 TAI, as the unsegmented time code does (CCSDS 301.0-B-4, 3.2). UTC times are
POSIX times: they count from 1970-01-01T00:00:00 UTC and leave leap seconds out.
"""

from bisect import bisect_right
from calendar import timegm
from itertools import pairwise

import msgspec

from tlm_cmd.errors import ProtocolError, check_range

SECONDS_1958_TO_1970 = 378_691_200
"""4383 days: from the TAI epoch of CCSDS time codes to the epoch of POSIX time, leap seconds aside."""

_NS_PER_S = 1_000_000_000
_MAX_UTC_NS = 10_000 * 366 * 86_400 * _NS_PER_S


class LeapSecondTable(msgspec.Struct, frozen=True, gc=False):
    """The steps of TAI - UTC since 1972, and how long they are known to be complete.

    Raises:
        ProtocolError: the steps are empty or not in ascending order.
    """

    steps: tuple[tuple[int, int], ...]
    """(UTC second since 1970 from which it holds, TAI - UTC in seconds), ascending."""
    complete_until_s: int
    """UTC second since 1970 after which a further leap second may have been announced."""

    def __post_init__(self) -> None:
        if not self.steps or list(self.steps) != sorted(set(self.steps)):
            raise ProtocolError("the steps of a leap second table must be there and ascend")

    def tai_minus_utc_s(self, utc_ns: int) -> int:
        """Return TAI - UTC in whole seconds at a UTC time.

        Raises:
            FieldRangeError: the time is before the first step (1972), when UTC had no whole seconds to TAI.
        """
        check_range("UTC [ns since 1970]", utc_ns, self.steps[0][0] * _NS_PER_S, _MAX_UTC_NS)
        return self.steps[bisect_right(self.steps, utc_ns // _NS_PER_S, key=_utc_start_s) - 1][1]

    def utc_to_tai(self, utc_ns: int) -> int:
        """Return the TAI of a UTC time; of the two that a repeated second has, the later one.

        Raises:
            FieldRangeError: the time is before 1972.
        """
        return utc_ns + (SECONDS_1958_TO_1970 + self.tai_minus_utc_s(utc_ns)) * _NS_PER_S

    def tai_to_utc(self, tai_ns: int) -> int:
        """Return the UTC of a TAI time. POSIX time has no 23:59:60: it reads 00:00:00, which then comes again.

        Raises:
            FieldRangeError: the time is before 1972.
        """
        first_ns = _tai_start_s(self.steps[0]) * _NS_PER_S
        check_range("TAI [ns since 1958]", tai_ns, first_ns, _MAX_UTC_NS)
        step = self.steps[bisect_right(self.steps, tai_ns // _NS_PER_S, key=_tai_start_s) - 1]
        return tai_ns - (SECONDS_1958_TO_1970 + step[1]) * _NS_PER_S

    def is_leap_second(self, tai_ns: int) -> bool:
        """Whether a TAI time lies in a second that UTC calls 23:59:60."""
        tai_s = tai_ns // _NS_PER_S
        return any(tai_s + 1 == _tai_start_s(after) for before, after in pairwise(self.steps) if before[1] < after[1])

    def is_complete(self, utc_ns: int) -> bool:
        """Whether every leap second up to a UTC time is known to be in the table."""
        return utc_ns < self.complete_until_s * _NS_PER_S


def _utc_start_s(step: tuple[int, int]) -> int:
    return step[0]


def _tai_start_s(step: tuple[int, int]) -> int:
    return step[0] + SECONDS_1958_TO_1970 + step[1]


def _utc_s(year: int, month: int, day: int) -> int:
    return timegm((year, month, day, 0, 0, 0))


_STEP_DAYS = (
    *((1972, 1), (1972, 7), (1973, 1), (1974, 1), (1975, 1), (1976, 1), (1977, 1), (1978, 1), (1979, 1)),
    *((1980, 1), (1981, 7), (1982, 7), (1983, 7), (1985, 7), (1988, 1), (1990, 1), (1991, 1), (1992, 7)),
    *((1993, 7), (1994, 7), (1996, 1), (1997, 7), (1999, 1), (2006, 1), (2009, 1), (2012, 7), (2015, 7)),
    (2017, 1),
)

LEAP_SECONDS = LeapSecondTable(
    steps=tuple((_utc_s(year, month, 1), 10 + step) for step, (year, month) in enumerate(_STEP_DAYS)),
    complete_until_s=_utc_s(2026, 6, 28),
)
"""The table of the IERS (leap-seconds.list of 2025-07-07, Bulletin C 70): 37 s since 2017-01-01."""
