from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError, ProtocolError
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS, SECONDS_1958_TO_1970, LeapSecondTable

MODEST = settings(max_examples=60, deadline=None)
NS = 1_000_000_000


def utc_ns(text: str) -> int:
    """Return the POSIX time of an ISO date and time in UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS


@pytest.mark.parametrize(
    ("date", "difference_s"),
    [
        ("1972-01-01", 10),
        ("1972-06-30", 10),
        ("1972-07-01", 11),
        ("1980-01-06", 19),
        ("1999-01-01", 32),
        ("2005-12-31", 32),
        ("2006-01-01", 33),
        ("2009-01-01", 34),
        ("2012-07-01", 35),
        ("2015-07-01", 36),
        ("2016-12-31", 36),
        ("2017-01-01", 37),
        ("2030-01-01", 37),
    ],
)
def test_tai_minus_utc(date: str, difference_s: int) -> None:
    """TAI - UTC at known dates is what the IERS has published."""
    assert LEAP_SECONDS.tai_minus_utc_s(utc_ns(date)) == difference_s


def test_table_has_every_step() -> None:
    """The table has one step of one second per leap second, from 10 s in 1972 to 37 s in 2017."""
    assert [difference for _, difference in LEAP_SECONDS.steps] == list(range(10, 38))


def test_epochs_are_4383_days_apart() -> None:
    """The two epochs are as many seconds apart as the calendar says."""
    days = (datetime(1970, 1, 1, tzinfo=UTC) - datetime(1958, 1, 1, tzinfo=UTC)).days
    assert days * 86_400 == SECONDS_1958_TO_1970
    tai_ns = LEAP_SECONDS.utc_to_tai(utc_ns("2017-01-01"))
    assert tai_ns == (1_483_228_800 + SECONDS_1958_TO_1970 + 37) * NS


@MODEST
@given(st.integers(utc_ns("1972-01-01"), utc_ns("2100-01-01")))
def test_utc_to_tai_and_back(time_ns: int) -> None:
    """Every UTC time since 1972 comes back from its TAI to the nanosecond."""
    assert LEAP_SECONDS.tai_to_utc(LEAP_SECONDS.utc_to_tai(time_ns)) == time_ns


def test_around_a_leap_second() -> None:
    """Through the leap second TAI runs on, while POSIX time runs through 00:00:00 twice."""
    midnight_ns = utc_ns("2017-01-01")
    after_ns = LEAP_SECONDS.utc_to_tai(midnight_ns)
    assert LEAP_SECONDS.tai_to_utc(after_ns - 1) == midnight_ns + NS - 1
    assert LEAP_SECONDS.tai_to_utc(after_ns - NS) == midnight_ns
    assert LEAP_SECONDS.tai_to_utc(after_ns - NS - 1) == midnight_ns - 1
    assert LEAP_SECONDS.utc_to_tai(midnight_ns - 1) == after_ns - NS - 1


def test_the_leap_second_is_marked() -> None:
    """Exactly the second before the step is called a leap second, and the start of the table is none."""
    after_ns = LEAP_SECONDS.utc_to_tai(utc_ns("2017-01-01"))
    start_ns = LEAP_SECONDS.utc_to_tai(utc_ns("1972-01-01"))
    marks = [LEAP_SECONDS.is_leap_second(time_ns) for time_ns in (after_ns - NS - 1, after_ns - NS, after_ns - 1)]
    assert marks == [False, True, True]
    assert not LEAP_SECONDS.is_leap_second(after_ns)
    assert not LEAP_SECONDS.is_leap_second(start_ns - 1)


def test_before_1972_is_refused() -> None:
    """Times before the first step have no whole number of seconds between TAI and UTC."""
    start_ns = utc_ns("1972-01-01")
    tai_start_ns = LEAP_SECONDS.utc_to_tai(start_ns)
    assert LEAP_SECONDS.tai_to_utc(tai_start_ns) == start_ns
    with pytest.raises(FieldRangeError, match="UTC"):
        LEAP_SECONDS.utc_to_tai(start_ns - 1)
    with pytest.raises(FieldRangeError, match="TAI"):
        LEAP_SECONDS.tai_to_utc(tai_start_ns - 1)


def test_the_table_has_a_date() -> None:
    """The table says until when it is known to be complete."""
    until_ns = utc_ns("2026-06-28")
    assert LEAP_SECONDS.is_complete(until_ns - 1)
    assert not LEAP_SECONDS.is_complete(until_ns)


@pytest.mark.parametrize("steps", [(), ((10, 1), (5, 2)), ((5, 1), (5, 1))])
def test_steps_must_ascend(steps: tuple[tuple[int, int], ...]) -> None:
    """A table without steps, out of order or with a step twice is refused."""
    with pytest.raises(ProtocolError, match="ascend"):
        LeapSecondTable(steps=steps, complete_until_s=0)


def test_a_removed_second_is_no_leap_second() -> None:
    """After a step down, which has never happened, no second is called 23:59:60."""
    table = LeapSecondTable(steps=((0, 10), (1000, 9)), complete_until_s=2000)
    after_ns = table.utc_to_tai(1000 * NS)
    assert not table.is_leap_second(after_ns - 1)
    assert table.tai_to_utc(after_ns) == 1000 * NS
