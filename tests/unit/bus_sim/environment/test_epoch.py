import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus_sim.environment.epoch import NS_PER_DAY, NS_PER_S, Epoch
from bus_sim.errors import ParameterError

START = dt.datetime(2026, 5, 15, 2, 41, tzinfo=dt.UTC)


def test_julian_date_of_a_known_instant() -> None:
    """2000-01-01 12:00 is Julian date 2451545.0."""
    epoch = Epoch(dt.datetime(2000, 1, 1, 12, tzinfo=dt.UTC))
    assert epoch.julian_date(0) == (2_451_544.5, 0.5)
    assert epoch.days_since_j2000(NS_PER_DAY) == 1.0


def test_another_time_zone_is_the_same_instant() -> None:
    """The start may be given in Beijing time."""
    beijing = dt.timezone(dt.timedelta(hours=8))
    assert Epoch(START.astimezone(beijing)).julian_date(5) == Epoch(START).julian_date(5)


def test_a_start_without_time_zone_is_refused() -> None:
    """A local time of nowhere is no instant."""
    with pytest.raises(ParameterError, match="names no time zone"):
        Epoch(START.replace(tzinfo=None))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 30 * NS_PER_DAY))
def test_fraction_keeps_time_to_ten_nanoseconds(now_ns: int) -> None:
    """Within a month the Julian date gives the time back to better than 10 ns."""
    whole, fraction = Epoch(START).julian_date(now_ns)
    assert whole == 2_461_175.5
    assert abs(fraction * NS_PER_DAY - (2 * 3600 + 41 * 60) * NS_PER_S - now_ns) < 10


def test_utc_and_atomic_time_run_along() -> None:
    """UTC is the start plus the time elapsed; atomic time is 37 s ahead of it and counted from 1958."""
    epoch = Epoch(START)
    assert epoch.utc(90 * NS_PER_S) == dt.datetime(2026, 5, 15, 2, 42, 30, tzinfo=dt.UTC)
    since_1958 = START - dt.datetime(1958, 1, 1, tzinfo=dt.UTC)
    assert epoch.tai_ns(5) == (since_1958 // dt.timedelta(seconds=1) + 37) * NS_PER_S + 5
