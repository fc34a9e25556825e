import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flightsw.services.correlation import LAST_TAI_NS, Correlation
from flightsw.services.leap_steps import with_leap_steps
from flightsw.services.spacecraft_time import SpacecraftTime, SpacecraftTimeError, format_utc, parse_utc
from flightsw.services.time_quality import UNKNOWN_NS, ClockSource, ClockState, TimeQuality
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS

MODEST = settings(max_examples=60, deadline=None)

SECOND = 1_000_000_000
UTC_2026 = 1_767_225_600 * SECOND
TAI_2026 = LEAP_SECONDS.utc_to_tai(UTC_2026)


@pytest.fixture
def time() -> SpacecraftTime:
    """Spacecraft time that was set to 2026-01-01T00:00:00 UTC at monotonic 100 s."""
    time = SpacecraftTime()
    time.set_utc(100 * SECOND, UTC_2026)
    return time


def test_before_it_is_set_time_begins_in_2000() -> None:
    """Time that was never set can be read, says that nobody vouches for it, and is plainly wrong."""
    time = SpacecraftTime()
    assert time.met_ns(5) == 5
    assert format_utc(time.utc_ns(0)) == "2000-01-01T00:00:00.000Z"
    assert time.quality.state is ClockState.INVALID
    assert time.uncertainty_ns(0) == UNKNOWN_NS


def test_utc_is_what_was_set(time: SpacecraftTime) -> None:
    """UTC goes on from the time set at the rate of the monotonic clock; TAI is 37 s ahead since 2017."""
    assert time.utc_ns(100 * SECOND) == UTC_2026
    assert time.utc_ns(100 * SECOND + 7) == UTC_2026 + 7
    assert time.tai_ns(100 * SECOND) == UTC_2026 + (378_691_200 + 37) * SECOND


def test_utc_over_a_leap_second() -> None:
    """POSIX time repeats the second of 2016-12-31T23:59:60; TAI does not."""
    new_year_2017 = parse_utc("2017-01-01T00:00:00Z")
    time = SpacecraftTime()
    time.set_utc(0, new_year_2017 - 1 * SECOND)
    assert [time.utc_ns(second * SECOND) - new_year_2017 for second in range(4)] == [-SECOND, 0, 0, SECOND]


def test_the_header_carries_tai(time: SpacecraftTime) -> None:
    """Whole seconds and 1/65536 seconds, rounded down."""
    seconds = TAI_2026 // SECOND
    assert time.header_time(100 * SECOND) == (seconds, 0)
    assert time.header_time(100 * SECOND + SECOND // 2) == (seconds, 32_768)
    assert time.header_time(101 * SECOND - 1) == (seconds, 65_535)
    assert time.header_time(101 * SECOND) == (seconds + 1, 0)


def test_the_leap_second_table_says_when_it_ends(time: SpacecraftTime) -> None:
    """Beyond the table's end UTC may be late by a leap second not announced yet."""
    assert time.knows_leap_seconds(100 * SECOND)
    assert not time.knows_leap_seconds(100 * SECOND + 365 * 86_400 * SECOND)


def test_following_takes_everything_over(time: SpacecraftTime) -> None:
    """A process that follows reads what the timekeeper says: clocks, leap seconds and quality."""
    correlation = Correlation(met_offset_ns=7, stcf_ns=TAI_2026).with_slew(0, 100, 10)
    table = with_leap_steps([(1_767_225_600, 38)], 1_800_000_000)
    quality = TimeQuality(ClockState.VALID, ClockSource.TONE, 50, 2 * SECOND, 10)
    time.follow(correlation, table, quality)
    assert time.met_ns(3) == 10
    assert time.stcf_ns(5 * SECOND) == TAI_2026 + 50
    assert time.is_slewing(5 * SECOND)
    assert time.utc_ns(9 * SECOND) == LEAP_SECONDS.tai_to_utc(time.tai_ns(9 * SECOND)) - SECOND
    assert time.uncertainty_ns(4 * SECOND) == 70


def test_uncertainty_grows_only_forwards() -> None:
    """Before the check it is what it was at the check; it never exceeds what means that nothing is known."""
    quality = TimeQuality(ClockState.FLYWHEEL, ClockSource.TONE, 100, 10 * SECOND, 5)
    assert [quality.uncertainty_at_ns(at * SECOND) for at in (0, 10, 11, 20)] == [100, 100, 105, 150]
    assert TimeQuality(growth_ns_per_s=9).uncertainty_at_ns(10**18) == UNKNOWN_NS


@pytest.mark.parametrize("utc_ns", [63_072_000 * SECOND - 1, LAST_TAI_NS + 1, LAST_TAI_NS, -1])
def test_a_utc_out_of_range_is_refused(time: SpacecraftTime, utc_ns: int) -> None:
    """UTC before 1972 or beyond 2094 is refused, and changes nothing."""
    before = time.correlation
    with pytest.raises(SpacecraftTimeError, match=r" is -?\d+, allowed is \d+ to \d+"):
        time.set_utc(0, utc_ns)
    assert time.correlation == before


# ------------------------------------------------------------------ leap seconds added in flight


def test_added_leap_seconds_replace_what_follows() -> None:
    """Steps added in flight stand in the place of the built-in ones from the first of them on."""
    assert with_leap_steps([], LEAP_SECONDS.complete_until_s) is LEAP_SECONDS
    longer = with_leap_steps([], LEAP_SECONDS.complete_until_s + 1)
    assert longer.steps == LEAP_SECONDS.steps
    added = with_leap_steps([(1_800_000_000, 38), (1_900_000_000, 37)], 2_000_000_000)
    assert added.steps == (*LEAP_SECONDS.steps, (1_800_000_000, 38), (1_900_000_000, 37))
    replaced = with_leap_steps([LEAP_SECONDS.steps[-1]], 2_000_000_000)
    assert replaced.steps == LEAP_SECONDS.steps
    with pytest.raises(ProtocolError):
        with_leap_steps([(1_900_000_000, 38), (1_800_000_000, 37)], 2_000_000_000)


# ------------------------------------------------------------------ texts


@pytest.mark.parametrize(
    ("text", "utc_ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-01-01T00:00:00Z", UTC_2026),
        ("2026-01-01T08:00:00+08:00", UTC_2026),
        ("2026-01-01T00:00:00.000001Z", UTC_2026 + 1000),
        ("1969-12-31T23:59:59.999999Z", -1000),
    ],
)
def test_utc_texts_are_read(text: str, utc_ns: int) -> None:
    """ISO 8601 with a time zone, exact to the microsecond."""
    assert parse_utc(text) == utc_ns


@pytest.mark.parametrize("text", ["", "soon", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "2026-01-01"])
def test_other_texts_are_refused(text: str) -> None:
    """No time, or one without a zone, is refused with an example."""
    with pytest.raises(SpacecraftTimeError, match="such as 2026-07-01T10:30:00Z"):
        parse_utc(text)


@MODEST
@given(st.integers(0, 4 * 10**18))
def test_texts_round_down_to_the_millisecond(utc_ns: int) -> None:
    """A formatted time reads back as the time without what is below a millisecond."""
    assert parse_utc(format_utc(utc_ns)) == utc_ns // 10**6 * 10**6
