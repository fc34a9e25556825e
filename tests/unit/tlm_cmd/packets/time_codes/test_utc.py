from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS, LeapSecondTable
from tlm_cmd.packets.time_codes.utc import (
    MAX_DAY,
    MAX_NS_OF_DAY,
    NS_PER_DAY,
    NS_PER_S,
    UtcTime,
    day_of_date,
    day_of_year_day,
    ns_of_clock,
)

MODEST = settings(max_examples=100, deadline=None)
UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_DAY_2016 = day_of_date(2016, 12, 31)
STEPS_NS = [(step[0] + 378_691_200 + step[1]) * NS_PER_S for step in LEAP_SECONDS.steps]


def test_known_times() -> None:
    """TAI was 37 s ahead in 2030's first second, as far as is known, and 10 s at the beginning of 1972."""
    day = day_of_date(2030, 1, 1)
    assert day == 26_298
    time = UtcTime(day, 1_500_000_000)
    assert time.to_tai(LEAP_SECONDS) == (26_298 * 86_400 + 37) * NS_PER_S + 1_500_000_000
    assert UtcTime.from_tai(time.to_tai(LEAP_SECONDS), LEAP_SECONDS) == time
    assert UtcTime(day_of_date(1972, 1, 1), 0).to_tai(LEAP_SECONDS) == (14 * 365 + 3) * NS_PER_DAY + 10 * NS_PER_S


def test_a_leap_second_is_second_sixty() -> None:
    """The seconds around the end of 2016 are 58, 59, 60, 0, 1, and each has its own TAI."""
    midnight = UtcTime(LAST_DAY_2016 + 1, 0).to_tai(LEAP_SECONDS)
    times = [UtcTime.from_tai(midnight + offset * NS_PER_S + 7, LEAP_SECONDS) for offset in range(-3, 2)]
    assert [time.clock for time in times] == [
        (23, 59, 58, 7),
        (23, 59, 59, 7),
        (23, 59, 60, 7),
        (0, 0, 0, 7),
        (0, 0, 1, 7),
    ]
    assert [time.date.year for time in times] == [2016, 2016, 2016, 2017, 2017]
    assert [time.to_tai(LEAP_SECONDS) - midnight for time in times] == [
        offset * NS_PER_S + 7 for offset in range(-3, 2)
    ]


def test_a_second_that_a_day_did_not_have() -> None:
    """Second 60 of a day without one has no TAI."""
    with pytest.raises(FieldRangeError) as caught:
        UtcTime(LAST_DAY_2016 - 1, NS_PER_DAY).to_tai(LEAP_SECONDS)
    assert caught.value.highest == NS_PER_DAY - 1


def test_a_day_that_is_a_second_short() -> None:
    """A negative leap second, of which there has been none yet, leaves the last second of its day out."""
    table = LeapSecondTable(steps=((0, 10), (86_400, 9)), complete_until_s=10**9)
    last = UtcTime(4383, NS_PER_DAY - NS_PER_S - 1)
    assert UtcTime.from_tai(last.to_tai(table) + 1, table) == UtcTime(4384, 0)
    with pytest.raises(FieldRangeError):
        UtcTime(4383, NS_PER_DAY - NS_PER_S).to_tai(table)


@MODEST
@given(
    st.one_of(
        st.integers(STEPS_NS[0], 10**20),
        st.sampled_from(STEPS_NS[1:]).map(lambda ns: ns - 1),
        st.sampled_from(STEPS_NS),
    )
)
def test_tai_comes_back(tai_ns: int) -> None:
    """Every TAI since 1972 is one UTC, and that one's only TAI; later is later."""
    time = UtcTime.from_tai(tai_ns, LEAP_SECONDS)
    assert time.to_tai(LEAP_SECONDS) == tai_ns
    assert UtcTime.from_tai(tai_ns + 1, LEAP_SECONDS) > time


@MODEST
@given(st.datetimes(min_value=datetime(1972, 1, 1), max_value=datetime(9999, 12, 31)))  # noqa: DTZ001 - made aware below
def test_calendar_and_clock_agree_with_python(when: datetime) -> None:
    """Date, day of the year and clock are those that Python's calendar has."""
    when = when.replace(tzinfo=UTC)
    day = day_of_date(when.year, when.month, when.day)
    time = UtcTime(day, ns_of_clock(when.hour, when.minute, when.second, when.microsecond * 1000))
    assert time.date == when.date()
    assert time.clock == (when.hour, when.minute, when.second, when.microsecond * 1000)
    assert time.day_of_year == int(when.strftime("%j"))
    assert day_of_year_day(when.year, time.day_of_year) == day
    assert time.day * 86_400 + time.ns_of_day // NS_PER_S - 378_691_200 == (when - UNIX_EPOCH) // timedelta(seconds=1)


def test_times_before_leap_seconds() -> None:
    """Before 1972 a time can be told but not converted: UTC had no whole seconds to TAI."""
    time = UtcTime(day_of_date(1971, 12, 31), 0)
    assert time.date == date(1971, 12, 31)
    with pytest.raises(FieldRangeError, match="UTC"):
        time.to_tai(LEAP_SECONDS)
    with pytest.raises(FieldRangeError, match="TAI"):
        UtcTime.from_tai(STEPS_NS[0] - 1, LEAP_SECONDS)


def test_limits() -> None:
    """Days, times of day, dates and clocks out of range are refused by name."""
    for day, ns in ((MAX_DAY + 1, 0), (-MAX_DAY - 1, 0), (0, -1), (0, MAX_NS_OF_DAY + 1)):
        with pytest.raises(FieldRangeError):
            UtcTime(day, ns)
    for parts in ((0, 1, 1), (10_000, 1, 1), (2030, 13, 1), (2030, 2, 29), (2030, 1, 0)):
        with pytest.raises(FieldRangeError):
            day_of_date(*parts)
    for year, number in ((2030, 366), (2028, 367), (2030, 0)):
        with pytest.raises(FieldRangeError, match="day of the year"):
            day_of_year_day(year, number)
    for clock in ((24, 0, 0, 0), (0, 60, 0, 0), (23, 58, 60, 0), (23, 59, 61, 0), (0, 0, 0, NS_PER_S)):
        with pytest.raises(FieldRangeError):
            ns_of_clock(*clock)
    with pytest.raises(FieldRangeError, match="day since year 1"):
        _ = UtcTime(MAX_DAY, 0).date
