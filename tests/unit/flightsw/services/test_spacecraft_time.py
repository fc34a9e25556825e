from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flightsw.services.spacecraft_time import (
    MAX_SLEW_NS_PER_S,
    SpacecraftTime,
    SpacecraftTimeError,
    TimeState,
    format_utc,
    parse_utc,
)
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS

MODEST = settings(max_examples=60, deadline=None)

SECOND = 1_000_000_000
UTC_2026 = 1_767_225_600 * SECOND
TAI_2026 = LEAP_SECONDS.utc_to_tai(UTC_2026)
FIRST_TAI = LEAP_SECONDS.utc_to_tai(63_072_000 * SECOND)
LAST_TAI = 2**32 * SECOND - 1


@pytest.fixture
def time() -> SpacecraftTime:
    """Spacecraft time that was set to 2026-01-01T00:00:00 UTC at monotonic 100 s."""
    time = SpacecraftTime()
    time.set_utc(100 * SECOND, UTC_2026)
    return time


def test_before_it_is_set_time_begins_in_2000() -> None:
    """Time that was never set can be read, says that it is not correlated, and is plainly wrong."""
    time = SpacecraftTime()
    assert time.met_ns(5) == 5
    assert format_utc(time.utc_ns(0)) == "2000-01-01T00:00:00.000Z"
    assert not time.state.correlated


def test_utc_is_what_was_set(time: SpacecraftTime) -> None:
    """UTC goes on from the time set at the rate of the monotonic clock; TAI is 37 s ahead since 2017."""
    assert time.utc_ns(100 * SECOND) == UTC_2026
    assert time.utc_ns(100 * SECOND + 7) == UTC_2026 + 7
    assert time.tai_ns(100 * SECOND) == UTC_2026 + (378_691_200 + 37) * SECOND
    assert time.state.correlated
    assert time.state.jumps == 1


def test_the_clocks_follow_from_each_other(time: SpacecraftTime) -> None:
    """TAI is MET plus STCF, at any time, while slewing as well."""
    time.slew(200 * SECOND, -50, 1)
    for monotonic_ns in (0, 100 * SECOND, 225 * SECOND, 10**15):
        assert time.tai_ns(monotonic_ns) == time.met_ns(monotonic_ns) + time.stcf_ns(monotonic_ns)


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


def test_adjusting_is_a_jump_of_tai_only(time: SpacecraftTime) -> None:
    """A one-shot correction moves TAI at once and leaves MET alone; the last jump is kept with its sign."""
    met, tai = time.met_ns(150 * SECOND), time.tai_ns(150 * SECOND)
    time.adjust(150 * SECOND, -3)
    assert time.met_ns(150 * SECOND) == met
    assert time.tai_ns(150 * SECOND) == tai - 3
    assert (time.state.jumps, time.state.last_jump_ns) == (2, -3)


@pytest.mark.parametrize("delta_ns", [1000, -1000])
def test_a_slew_takes_its_time_and_ends_exactly(time: SpacecraftTime, delta_ns: int) -> None:
    """At 100 ns/s a correction of 1000 ns takes ten seconds, evenly, and not a nanosecond more."""
    start = 200 * SECOND
    before = time.stcf_ns(start)
    time.slew(start, delta_ns, 100)
    steps = [time.stcf_ns(start + second * SECOND) - before for second in (0, 1, 5, 9, 10, 11, 1000)]
    assert steps == [delta_ns * part // 10 for part in (0, 1, 5, 9, 10, 10, 10)]
    assert time.is_slewing(start + 10 * SECOND - 1)
    assert not time.is_slewing(start + 10 * SECOND)
    assert time.state.slews == 1


def test_a_slew_does_not_reach_into_the_past(time: SpacecraftTime) -> None:
    """Before its begin the correlation is the old one."""
    before = time.stcf_ns(0)
    time.slew(200 * SECOND, 1000, 100)
    assert time.stcf_ns(199 * SECOND) == before


def test_a_second_slew_replaces_the_first(time: SpacecraftTime) -> None:
    """What the first has added stays, what it had still to add is dropped; time does not jump."""
    time.slew(200 * SECOND, 1000, 100)
    middle = time.tai_ns(205 * SECOND)
    time.slew(205 * SECOND, -200, 100)
    assert time.tai_ns(205 * SECOND) == middle
    assert time.tai_ns(300 * SECOND) == middle + 95 * SECOND - 200


def test_setting_the_time_ends_a_slew(time: SpacecraftTime) -> None:
    """After a jump nothing of an earlier slew is added any more."""
    time.slew(200 * SECOND, 1000, 100)
    time.set_tai(203 * SECOND, TAI_2026)
    assert not time.is_slewing(204 * SECOND)
    assert time.tai_ns(303 * SECOND) == TAI_2026 + 100 * SECOND


def test_met_goes_on_over_a_processor_reset(time: SpacecraftTime) -> None:
    """The monotonic clock starts again; MET goes on from what was stored, and TAI counts as not correlated."""
    time.slew(200 * SECOND, 1000, 100)
    met, tai = time.met_ns(205 * SECOND), time.tai_ns(205 * SECOND)
    stored = msgspec.msgpack.encode(time.state)
    after = SpacecraftTime(msgspec.msgpack.decode(stored, type=TimeState))
    after.resume(2 * SECOND, met)
    assert after.met_ns(2 * SECOND) == met
    assert after.met_ns(3 * SECOND) == met + SECOND
    assert after.tai_ns(2 * SECOND) == tai
    assert not after.is_slewing(10**15)
    assert not after.state.correlated
    after.set_tai(4 * SECOND, TAI_2026)
    assert after.state.correlated


def test_the_leap_second_table_says_when_it_ends(time: SpacecraftTime) -> None:
    """Beyond the table's end UTC may be late by a leap second not announced yet."""
    assert time.knows_leap_seconds(100 * SECOND)
    assert not time.knows_leap_seconds(100 * SECOND + 365 * 86_400 * SECOND)


@pytest.mark.parametrize("tai_ns", [FIRST_TAI, LAST_TAI])
def test_the_first_and_the_last_tai_can_be_set(tai_ns: int) -> None:
    """From 1972 to what a packet header can carry every reading works."""
    time = SpacecraftTime()
    time.set_tai(0, tai_ns)
    assert time.tai_ns(0) == tai_ns
    assert LEAP_SECONDS.utc_to_tai(time.utc_ns(0)) == tai_ns
    assert time.header_time(0)[0] <= 2**32 - 1


@pytest.mark.parametrize(
    "correct",
    [
        lambda time: time.set_tai(0, FIRST_TAI - 1),
        lambda time: time.set_tai(0, LAST_TAI + 1),
        lambda time: time.set_utc(0, 63_072_000 * SECOND - 1),
        lambda time: time.set_utc(0, LAST_TAI + 1),
        lambda time: time.set_utc(0, LAST_TAI),
        lambda time: time.set_utc(0, -1),
        lambda time: time.adjust(0, LAST_TAI),
        lambda time: time.adjust(0, -LAST_TAI),
        lambda time: time.slew(0, LAST_TAI, 1),
        lambda time: time.slew(0, 1, 0),
        lambda time: time.slew(0, 1, -1),
        lambda time: time.slew(0, 1, MAX_SLEW_NS_PER_S + 1),
    ],
)
def test_what_is_out_of_range_is_refused(time: SpacecraftTime, correct: Callable[[SpacecraftTime], None]) -> None:
    """A refused correction is counted and changes nothing; the error says what is allowed."""
    before = msgspec.structs.replace(time.state)
    with pytest.raises(SpacecraftTimeError, match=r" is -?\d+, allowed is \d+ to \d+") as caught:
        correct(time)
    assert isinstance(caught.value.found, int)
    assert time.state == msgspec.structs.replace(before, refused=1)


@MODEST
@given(
    delta_ns=st.integers(-(10**12), 10**12),
    rate=st.integers(1, MAX_SLEW_NS_PER_S),
    times=st.lists(st.integers(0, 10**14), min_size=2, max_size=2),
)
def test_tai_never_runs_backwards_while_slewing(delta_ns: int, rate: int, times: list[int]) -> None:
    """Even at the fastest slew a later reading is not before an earlier one."""
    time = SpacecraftTime()
    time.slew(0, delta_ns, rate)
    earlier, later = sorted(times)
    assert time.tai_ns(earlier) <= time.tai_ns(later)
    assert time.tai_ns(later) <= time.tai_ns(later + 1) <= time.tai_ns(later) + 2


class TimeRules(RuleBasedStateMachine):
    """Whatever the ground corrects, MET is the monotonic clock plus a constant, and TAI is the sum of corrections."""

    def __init__(self) -> None:
        super().__init__()
        self.time = SpacecraftTime()
        self.now = 0
        self.expected = self.time.tai_ns(0)
        self.offset = 0

    @rule(wait_ns=st.integers(0, 10**13))
    def wait(self, wait_ns: int) -> None:
        """Time passes, long enough for every slew to end."""
        self.now += wait_ns + 10**13
        self.expected += wait_ns + 10**13

    @rule(delta_ns=st.integers(-(10**12), 10**12))
    def adjust(self, delta_ns: int) -> None:
        """The ground corrects in one step."""
        self.time.adjust(self.now, delta_ns)
        self.expected += delta_ns
        assert self.time.tai_ns(self.now) == self.expected

    @rule(delta_ns=st.integers(-(10**9), 10**9), rate=st.integers(10**6, MAX_SLEW_NS_PER_S))
    def slew(self, delta_ns: int, rate: int) -> None:
        """The ground corrects little by little and waits for the end."""
        at_once = self.time.tai_ns(self.now)
        self.time.slew(self.now, delta_ns, rate)
        assert self.time.tai_ns(self.now) == at_once
        self.expected += delta_ns
        self.wait(0)

    @rule(monotonic_ns=st.integers(0, 10**10))
    def reset(self, monotonic_ns: int) -> None:
        """The processor starts again and resumes at once."""
        met = self.time.met_ns(self.now)
        self.time.resume(monotonic_ns, met)
        self.now, self.offset = monotonic_ns, met - monotonic_ns

    @invariant()
    def clocks_are_right(self) -> None:
        """MET never noticed a correction; TAI has all of them."""
        assert self.time.met_ns(self.now) == self.now + self.offset
        assert self.time.tai_ns(self.now) == self.expected


TestTimeRules = TimeRules.TestCase
TestTimeRules.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)


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
