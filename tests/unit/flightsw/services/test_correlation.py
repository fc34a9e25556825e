from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flightsw.services.correlation import (
    FIRST_TAI_NS,
    LAST_TAI_NS,
    MAX_RATE_NS_PER_S,
    MAX_SLEW_NS_PER_S,
    NS_PER_S,
    Correlation,
    SpacecraftTimeError,
)

MODEST = settings(max_examples=60, deadline=None)
HOUR_NS = 3600 * NS_PER_S
TAI_2026 = 2_145_916_837 * NS_PER_S


@pytest.fixture
def time() -> Correlation:
    """TAI was set to 2026-01-01T00:00:00 UTC at monotonic 100 s."""
    return Correlation().with_tai(100 * NS_PER_S, TAI_2026)


def test_the_clocks_follow_from_each_other(time: Correlation) -> None:
    """TAI is MET plus STCF, at any time, while slewing at a rate as well."""
    moving = time.with_rate(150 * NS_PER_S, -77).with_slew(200 * NS_PER_S, -50, 1)
    for monotonic_ns in (0, 100 * NS_PER_S, 225 * NS_PER_S, 10**15):
        assert moving.tai_ns(monotonic_ns) == moving.met_ns(monotonic_ns) + moving.stcf_at_ns(monotonic_ns)


@pytest.mark.parametrize("jump_ns", [HOUR_NS, -HOUR_NS, 1, -1])
def test_a_jump_is_of_tai_only(time: Correlation, jump_ns: int) -> None:
    """A correction in one step moves TAI at once, by exactly as much, and leaves MET alone."""
    at = 150 * NS_PER_S
    after = time.with_tai(at, time.tai_ns(at) + jump_ns)
    assert after.met_ns(at) == time.met_ns(at)
    assert [after.tai_ns(at + more) - time.tai_ns(at + more) for more in (0, 1, 10**15)] == [jump_ns] * 3


def test_stcf_is_set_at_a_moment(time: Correlation) -> None:
    """Setting STCF makes TAI less MET that value, whatever it was."""
    after = time.with_rate(0, 10).with_stcf(150 * NS_PER_S, TAI_2026 + 5)
    assert after.stcf_at_ns(150 * NS_PER_S) == TAI_2026 + 5
    assert after.rate_ns_per_s == 10


def test_setting_met_moves_tai_as_far(time: Correlation) -> None:
    """STCF stays when MET is set, as in cFE; so TAI jumps by what MET jumps."""
    at = 150 * NS_PER_S
    after = time.with_met(at, 7)
    assert after.met_ns(at) == 7
    assert after.stcf_at_ns(at) == time.stcf_at_ns(at)
    assert after.tai_ns(at) - time.tai_ns(at) == 7 - time.met_ns(at)


@pytest.mark.parametrize("delta_ns", [1000, -1000])
def test_a_slew_takes_its_time_and_ends_exactly(time: Correlation, delta_ns: int) -> None:
    """At 100 ns/s a correction of 1000 ns takes ten seconds, evenly, and not a nanosecond more."""
    start = 200 * NS_PER_S
    slewing = time.with_slew(start, delta_ns, 100)
    gained = [slewing.gained_ns(start + second * NS_PER_S) for second in (0, 1, 5, 9, 10, 11, 1000)]
    assert gained == [delta_ns * part // 10 for part in (0, 1, 5, 9, 10, 10, 10)]
    assert slewing.is_slewing(start + 10 * NS_PER_S - 1)
    assert not slewing.is_slewing(start + 10 * NS_PER_S)
    assert not time.is_slewing(start)


def test_a_slew_does_not_reach_into_the_past(time: Correlation) -> None:
    """Before its begin the correlation is the old one."""
    slewing = time.with_slew(200 * NS_PER_S, 1000, 100)
    assert slewing.stcf_at_ns(199 * NS_PER_S) == time.stcf_at_ns(199 * NS_PER_S)


def test_a_second_slew_replaces_the_first(time: Correlation) -> None:
    """What the first has added stays, what it had still to add is dropped; time does not jump."""
    first = time.with_slew(200 * NS_PER_S, 1000, 100)
    second = first.with_slew(205 * NS_PER_S, -200, 100)
    middle = first.tai_ns(205 * NS_PER_S)
    assert second.tai_ns(205 * NS_PER_S) == middle
    assert second.tai_ns(300 * NS_PER_S) == middle + 95 * NS_PER_S - 200


def test_setting_the_time_ends_a_slew(time: Correlation) -> None:
    """After a jump nothing of an earlier slew is added any more."""
    after = time.with_slew(200 * NS_PER_S, 1000, 100).with_tai(203 * NS_PER_S, TAI_2026)
    assert not after.is_slewing(204 * NS_PER_S)
    assert after.tai_ns(303 * NS_PER_S) == TAI_2026 + 100 * NS_PER_S


def test_a_rate_is_for_good_and_leaves_a_slew_alone(time: Correlation) -> None:
    """TAI gains evenly from then on; a slew going on goes on to its end, and time does not jump."""
    slewing = time.with_slew(200 * NS_PER_S, 1000, 100)
    both = slewing.with_rate(204 * NS_PER_S, 3)
    assert both.tai_ns(204 * NS_PER_S) == slewing.tai_ns(204 * NS_PER_S)
    assert both.tai_ns(210 * NS_PER_S) == slewing.tai_ns(210 * NS_PER_S) + 18
    assert not both.is_slewing(210 * NS_PER_S)
    assert both.tai_ns(1204 * NS_PER_S) == slewing.tai_ns(1204 * NS_PER_S) + 3000
    assert both.with_rate(300 * NS_PER_S, 0).slew_rate_ns_per_s == 0


def test_met_goes_on_over_a_processor_reset(time: Correlation) -> None:
    """The monotonic clock starts again; MET and TAI go on from what was stored, the rest of a slew is dropped."""
    slewing = time.with_rate(150 * NS_PER_S, 5).with_slew(200 * NS_PER_S, 1000, 100)
    stored_ns = 205 * NS_PER_S
    met, tai = slewing.met_ns(stored_ns), slewing.tai_ns(stored_ns)
    restored = msgspec.msgpack.decode(msgspec.msgpack.encode(slewing), type=Correlation)
    after = restored.resumed(2 * NS_PER_S, met, stored_ns)
    assert after.met_ns(2 * NS_PER_S) == met
    assert after.met_ns(3 * NS_PER_S) == met + NS_PER_S
    assert after.tai_ns(2 * NS_PER_S) == tai
    assert after.rate_ns_per_s == 5
    assert not after.is_slewing(10**15)


@pytest.mark.parametrize("tai_ns", [FIRST_TAI_NS, LAST_TAI_NS])
def test_the_first_and_the_last_tai_can_be_set(tai_ns: int) -> None:
    """From 1972 to what a packet header can carry every time is allowed."""
    assert Correlation().with_tai(0, tai_ns).tai_ns(0) == tai_ns


@pytest.mark.parametrize(
    "correct",
    [
        lambda time: time.with_tai(0, FIRST_TAI_NS - 1),
        lambda time: time.with_tai(0, LAST_TAI_NS + 1),
        lambda time: time.with_stcf(0, LAST_TAI_NS + 1),
        lambda time: time.with_met(0, LAST_TAI_NS),
        lambda time: time.with_met(0, -1),
        lambda time: time.with_slew(0, LAST_TAI_NS, 1),
        lambda time: time.with_slew(0, 1, 0),
        lambda time: time.with_slew(0, 1, -1),
        lambda time: time.with_slew(0, 1, MAX_SLEW_NS_PER_S + 1),
        lambda time: time.with_rate(0, MAX_RATE_NS_PER_S + 1),
        lambda time: time.with_rate(0, -MAX_RATE_NS_PER_S - 1),
    ],
)
def test_what_is_out_of_range_is_refused(time: Correlation, correct: Callable[[Correlation], Correlation]) -> None:
    """The error says what was found and what is allowed."""
    with pytest.raises(SpacecraftTimeError, match=r" is -?\d+, allowed is (-?\d+ to \d+|0 or more)") as caught:
        correct(time)
    assert isinstance(caught.value.found, int)


@MODEST
@given(
    delta_ns=st.integers(-(10**12), 10**12),
    slew=st.integers(1, MAX_SLEW_NS_PER_S),
    rate=st.integers(-MAX_RATE_NS_PER_S, MAX_RATE_NS_PER_S),
    times=st.lists(st.integers(0, 10**14), min_size=2, max_size=2),
)
def test_tai_never_runs_backwards_without_a_jump(delta_ns: int, slew: int, rate: int, times: list[int]) -> None:
    """Even at the fastest slew and rate a later reading is not before an earlier one."""
    time = Correlation().with_rate(0, rate).with_slew(0, delta_ns, slew)
    earlier, later = sorted(times)
    assert time.tai_ns(earlier) <= time.tai_ns(later)
    assert time.tai_ns(later) <= time.tai_ns(later + 1) <= time.tai_ns(later) + 3


class CorrectionRules(RuleBasedStateMachine):
    """Whatever the ground corrects, MET is the monotonic clock plus a constant, and TAI the sum of all corrections."""

    def __init__(self) -> None:
        super().__init__()
        self.time = Correlation()
        self.now = 0
        self.expected = self.time.tai_ns(0)
        self.offset = 0

    @rule(wait_s=st.integers(0, 10**4))
    def wait(self, wait_s: int) -> None:
        """Time passes, long enough for every slew to end."""
        passed = (wait_s + 10**4) * NS_PER_S
        self.now += passed
        self.expected += passed + (wait_s + 10**4) * self.time.rate_ns_per_s

    @rule(delta_ns=st.integers(-(10**12), 10**12))
    def adjust(self, delta_ns: int) -> None:
        """The ground corrects in one step."""
        self.time = self.time.with_tai(self.now, self.time.tai_ns(self.now) + delta_ns)
        self.expected += delta_ns

    @rule(delta_ns=st.integers(-(10**9), 10**9), rate=st.integers(10**6, MAX_SLEW_NS_PER_S))
    def slew(self, delta_ns: int, rate: int) -> None:
        """The ground corrects little by little and waits for the end."""
        at_once = self.time.tai_ns(self.now)
        self.time = self.time.with_slew(self.now, delta_ns, rate)
        assert self.time.tai_ns(self.now) == at_once
        self.expected += delta_ns
        self.wait(0)

    @rule(rate=st.integers(-MAX_RATE_NS_PER_S, MAX_RATE_NS_PER_S))
    def correct_the_rate(self, rate: int) -> None:
        """The ground corrects the oscillator."""
        self.time = self.time.with_rate(self.now, rate)

    @rule(monotonic_s=st.integers(0, 10))
    def reset(self, monotonic_s: int) -> None:
        """The processor starts again and resumes at once."""
        met = self.time.met_ns(self.now)
        self.time = self.time.resumed(monotonic_s * NS_PER_S, met, self.now)
        self.now, self.offset = monotonic_s * NS_PER_S, met - monotonic_s * NS_PER_S

    @invariant()
    def clocks_are_right(self) -> None:
        """MET never noticed a correction; TAI has all of them."""
        assert self.time.met_ns(self.now) == self.now + self.offset
        assert self.time.tai_ns(self.now) == self.expected


TestCorrectionRules = CorrectionRules.TestCase
TestCorrectionRules.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
