import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from flightsw.services.events import (
    MAX_COUNT,
    MAX_FILTER_COUNT,
    MAX_FILTERS,
    CodeCount,
    Decision,
    EventFilter,
    EventFilterError,
    EventFilterState,
    MaskFilter,
    NoFilterError,
)
from flightsw.services.squelch import Squelch
from tlm_cmd.definition.message import Severity

MODEST = settings(max_examples=60, deadline=None)

SECOND = 1_000_000_000


def passed(event_filter: EventFilter, count: int, code: int = 7) -> list[int]:
    """Which of ``count`` events, far enough apart for the squelch, pass."""
    start = event_filter.state.bucket.updated_ns
    return [
        index
        for index in range(count)
        if event_filter.decide(code, Severity.INFO, start + (index + 1) * SECOND) is Decision.PASS
    ]


def test_without_settings_every_event_passes() -> None:
    """A new filter holds nothing back."""
    event_filter = EventFilter()
    for code, severity in enumerate(Severity):
        assert event_filter.decide(code, severity, 0) is Decision.PASS
        assert event_filter.is_enabled(severity)
    assert event_filter.held_back == 0


def test_single_events_are_switched() -> None:
    """An event that is switched off is held back and counted as disabled, others pass; switched on it passes again."""
    event_filter = EventFilter()
    for code in (9, 7, 7):
        event_filter.enable_code(code, enabled=False)
    assert event_filter.state.disabled_codes == [7, 9]
    assert (passed(event_filter, 3), passed(event_filter, 3, code=8)) == ([], [0, 1, 2])
    assert (event_filter.state.disabled, event_filter.state.codes[7]) == (3, CodeCount(0, 3))
    for code in (7, 7):
        event_filter.enable_code(code, enabled=True)
    assert (passed(event_filter, 3), event_filter.state.disabled_codes) == ([0, 1, 2], [9])
    for code in (-1, 256):
        with pytest.raises(EventFilterError, match="event code"):
            event_filter.enable_code(code, enabled=False)


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        (0x0001, [0, 2, 4, 6, 8]),
        (0x0003, [0, 4, 8]),
        (0xFFFF, [0]),
        (0xFFFE, [0, 1]),
        (0xFFFC, [0, 1, 2, 3]),
        (0x0002, [0, 1, 4, 5, 8, 9]),
    ],
)
def test_a_mask_passes_when_it_has_no_bit_in_common_with_the_count(mask: int, expected: list[int]) -> None:
    """The filters of cFE: every second, every fourth, the first only, the first two, the first four, pairs."""
    event_filter = EventFilter()
    event_filter.set_mask(7, mask)
    assert passed(event_filter, 10) == expected
    assert event_filter.state.filtered == 10 - len(expected)
    assert event_filter.held_back == 10 - len(expected)


def test_the_count_latches() -> None:
    """At 65,535 the count stays, so that a filter for the first events never opens again."""
    event_filter = EventFilter(EventFilterState(filters={7: MaskFilter(0xFFFF, MAX_FILTER_COUNT - 2)}))
    assert passed(event_filter, 5) == []
    assert event_filter.state.filters[7].count == MAX_FILTER_COUNT


def test_other_codes_are_not_filtered() -> None:
    """A filter concerns one event code only."""
    event_filter = EventFilter()
    event_filter.set_mask(7, 0xFFFF)
    assert passed(event_filter, 3, code=8) == [0, 1, 2]


def test_a_filter_can_be_reset_and_removed() -> None:
    """A reset lets the first events pass again; mask 0 removes the filter."""
    event_filter = EventFilter()
    event_filter.set_mask(7, 0xFFFF)
    assert passed(event_filter, 3) == [0]
    event_filter.reset_filter(7)
    assert passed(event_filter, 3) == [0]
    event_filter.reset_filters()
    assert passed(event_filter, 3) == [0]
    with pytest.raises(NoFilterError, match="no filter for event 9, there is 7") as caught:
        event_filter.reset_filter(9)
    assert (caught.value.code, caught.value.there) == (9, [7])
    event_filter.set_mask(7, 0)
    event_filter.set_mask(7, 0)
    assert event_filter.state.filters == {}
    assert passed(event_filter, 3) == [0, 1, 2]


def test_the_number_of_filters_is_bounded() -> None:
    """One filter too many is refused with the bound; changing one that is there is not."""
    event_filter = EventFilter()
    for code in range(MAX_FILTERS):
        event_filter.set_mask(code, 1)
    with pytest.raises(EventFilterError, match=f"number of filters is 33, allowed are 0 to {MAX_FILTERS}") as caught:
        event_filter.set_mask(100, 1)
    assert (caught.value.found, caught.value.highest) == (33, MAX_FILTERS)
    event_filter.set_mask(0, 3)
    assert event_filter.state.filters[0].mask == 3


@pytest.mark.parametrize("code", [-1, 256])
def test_codes_are_checked(code: int) -> None:
    """A code that no event has is refused, for settings and for decisions."""
    event_filter = EventFilter()
    with pytest.raises(EventFilterError, match="event code"):
        event_filter.set_mask(code, 1)
    with pytest.raises(EventFilterError, match="event code"):
        event_filter.decide(code, Severity.INFO, 0)


@pytest.mark.parametrize("mask", [-1, 0x1_0000])
def test_masks_are_checked(mask: int) -> None:
    """A mask has 16 bits."""
    with pytest.raises(EventFilterError, match="mask"):
        EventFilter().set_mask(1, mask)


@pytest.mark.parametrize(("burst", "rate"), [(0, 15), (32, 0), (1_000_001, 15), (32, 1_000_001)])
def test_the_squelch_settings_are_checked(burst: int, rate: int) -> None:
    """A bucket that holds nothing, or never drains, is refused where a mission file says so."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"burst": burst, "events_per_second": rate}, Squelch)


def test_a_squelch_by_command_replaces_the_missions() -> None:
    """A smaller burst is in force at once, and a bucket fuller than it is cut to it rather than silent for long."""
    event_filter = EventFilter(squelch=Squelch(1000, 1))
    for _ in range(1000):
        assert event_filter.decide(1, Severity.INFO, 0) is Decision.PASS
    event_filter.set_squelch(Squelch(2, 1))
    assert event_filter.squelch == Squelch(2, 1)
    assert event_filter.decide(1, Severity.INFO, 0) is Decision.SQUELCHED
    assert event_filter.decide(1, Severity.INFO, 2 * SECOND) is Decision.PASS
    restored = EventFilter(event_filter.state, Squelch(1000, 1))
    assert restored.squelch == Squelch(2, 1)


def test_an_app_is_held_back_as_a_whole() -> None:
    """With the app disabled nothing passes, not even the first of a kind; severities stay as they were set."""
    event_filter = EventFilter()
    event_filter.enable(Severity.DEBUG, enabled=False)
    event_filter.enable_app(enabled=False)
    assert event_filter.decide(1, Severity.CRITICAL, 0) is Decision.DISABLED
    assert not event_filter.is_enabled(Severity.CRITICAL)
    event_filter.enable_app(enabled=True)
    assert event_filter.decide(1, Severity.CRITICAL, 0) is Decision.PASS
    assert event_filter.decide(1, Severity.DEBUG, 0) is Decision.DISABLED
    assert event_filter.state.codes == {1: CodeCount(1, 2)}


def test_a_severity_can_be_held_back() -> None:
    """Disabled severities are counted and leave filters and squelch untouched; the others pass."""
    event_filter = EventFilter()
    event_filter.set_mask(7, 0xFFFF)
    event_filter.enable(Severity.DEBUG, enabled=False)
    assert event_filter.decide(7, Severity.DEBUG, 0) is Decision.DISABLED
    assert not event_filter.is_enabled(Severity.DEBUG)
    assert event_filter.decide(8, Severity.INFO, 0) is Decision.PASS
    event_filter.enable(Severity.DEBUG, enabled=True)
    assert event_filter.decide(7, Severity.DEBUG, 0) is Decision.PASS
    assert event_filter.state.disabled == 1


def test_a_burst_passes_and_then_the_rate() -> None:
    """32 events at once pass, the 33rd does not; one more passes each fifteenth of a second."""
    event_filter = EventFilter()
    decisions = [event_filter.decide(1, Severity.INFO, 0) for _ in range(33)]
    assert decisions == [Decision.PASS] * 32 + [Decision.SQUELCHED]
    assert event_filter.decide(1, Severity.INFO, SECOND // 15) is Decision.SQUELCHED
    assert event_filter.decide(1, Severity.INFO, SECOND // 15 + 1) is Decision.PASS
    assert event_filter.decide(1, Severity.INFO, SECOND // 15 + 1) is Decision.SQUELCHED
    assert event_filter.state.squelched == 3


def test_the_squelch_never_hides_the_first_of_a_kind() -> None:
    """An event code not seen before passes through a full bucket, once."""
    event_filter = EventFilter(squelch=Squelch(1))
    assert event_filter.decide(1, Severity.INFO, 0) is Decision.PASS
    assert event_filter.decide(1, Severity.INFO, 0) is Decision.SQUELCHED
    assert event_filter.decide(2, Severity.CRITICAL, 0) is Decision.PASS
    assert event_filter.decide(2, Severity.CRITICAL, 0) is Decision.SQUELCHED


def test_what_was_squelched_is_handed_out_once() -> None:
    """The number to report is the squelched events since the last time, however often one asks."""
    event_filter = EventFilter(squelch=Squelch(1))
    for _ in range(4):
        event_filter.decide(1, Severity.INFO, 0)
    assert event_filter.take_suppressed() == 3
    assert event_filter.take_suppressed() == 0
    assert event_filter.held_back == 3


def test_counts_can_be_reset_without_losing_a_report() -> None:
    """Resetting the counters keeps filters, squelch and what was not reported yet; each code is a first one again."""
    event_filter = EventFilter(squelch=Squelch(1))
    event_filter.set_mask(9, 0xFFFF)
    for code in (1, 1, 9, 9):
        event_filter.decide(code, Severity.INFO, 0)
    event_filter.reset_counts()
    assert event_filter.held_back == 0
    assert event_filter.take_suppressed() == 1
    assert event_filter.state.filters[9].count == 2
    assert event_filter.decide(1, Severity.INFO, 0) is Decision.PASS
    assert event_filter.decide(1, Severity.INFO, 0) is Decision.SQUELCHED
    assert event_filter.state.codes == {1: CodeCount(1, 1)}


def test_a_disabled_app_reports_its_squelched_events_later() -> None:
    """What was squelched before the app was disabled is told when it is enabled again."""
    event_filter = EventFilter(squelch=Squelch(1))
    for _ in range(3):
        event_filter.decide(1, Severity.INFO, 0)
    event_filter.enable_app(enabled=False)
    assert event_filter.take_suppressed() == 0
    event_filter.enable_app(enabled=True)
    assert event_filter.take_suppressed() == 2


def test_a_report_takes_a_token() -> None:
    """A flood is not doubled by the reports about it: each costs as much as an event."""
    event_filter = EventFilter(squelch=Squelch(1, 1))
    for _ in range(2):
        event_filter.decide(1, Severity.INFO, 0)
    assert event_filter.take_suppressed() == 1
    assert event_filter.decide(1, Severity.INFO, SECOND) is Decision.SQUELCHED
    assert event_filter.decide(1, Severity.INFO, 2 * SECOND) is Decision.PASS


def test_a_clock_that_starts_again_neither_fills_nor_empties_the_bucket() -> None:
    """After a processor reset the monotonic clock is small again; the squelch goes on as it was."""
    event_filter = EventFilter(squelch=Squelch(2))
    for _ in range(3):
        event_filter.decide(1, Severity.INFO, 100 * SECOND)
    assert event_filter.decide(1, Severity.INFO, 0) is Decision.SQUELCHED
    assert event_filter.decide(1, Severity.INFO, SECOND) is Decision.PASS


def test_counters_saturate() -> None:
    """No counter grows beyond what telemetry can carry."""
    state = EventFilterState(
        disabled=MAX_COUNT, filtered=MAX_COUNT, squelched=MAX_COUNT, unreported=MAX_COUNT, sent=MAX_COUNT
    )
    state.codes[1] = CodeCount(MAX_COUNT, MAX_COUNT)
    event_filter = EventFilter(state, Squelch(1))
    event_filter.decide(1, Severity.INFO, 0)
    event_filter.count_sent(1)
    assert event_filter.decide(1, Severity.INFO, 0) is Decision.SQUELCHED
    assert (state.sent, state.codes[1]) == (MAX_COUNT, CodeCount(MAX_COUNT, MAX_COUNT))
    assert event_filter.held_back == event_filter.take_suppressed() == state.squelched == MAX_COUNT


def test_the_memory_survives_a_checkpoint() -> None:
    """A filter restored from its encoded state decides as the one that was stored."""
    first = EventFilter(squelch=Squelch(3))
    first.set_mask(2, 0x0003)
    for code in (1, 2, 2, 3, 1):
        first.decide(code, Severity.INFO, 5)
    stored = msgspec.msgpack.encode(first.state)
    second = EventFilter(msgspec.msgpack.decode(stored, type=EventFilterState), Squelch(3))
    for step in range(20):
        assert first.decide(step % 4, Severity.INFO, step * 10**7) is second.decide(
            step % 4, Severity.INFO, step * 10**7
        )
    assert first.state == second.state


def test_two_filters_share_nothing() -> None:
    """The memory of one app's filter is not that of another."""
    first, second = EventFilter(), EventFilter()
    first.set_mask(1, 1)
    first.decide(1, Severity.INFO, 0)
    assert second.state == EventFilterState()


@MODEST
@given(
    burst=st.integers(1, 20),
    rate=st.integers(1, 50),
    steps=st.lists(st.tuples(st.integers(0, 2 * SECOND), st.integers(0, 5)), max_size=80),
)
def test_no_window_sees_more_than_burst_and_rate_allow(burst: int, rate: int, steps: list[tuple[int, int]]) -> None:
    """Over any span of time at most burst + 1 + rate * span events and reports pass, besides the first of each code."""
    event_filter = EventFilter(squelch=Squelch(burst, rate))
    now, times, seen = 0, [], set()
    for wait, code in steps:
        now += wait
        if event_filter.decide(code, Severity.INFO, now) is Decision.PASS:
            suppressed = event_filter.take_suppressed()
            if code in seen:
                times += [now] * (2 if suppressed else 1)
            seen.add(code)
    for first in range(len(times)):
        for last in range(first, len(times)):
            assert (last - first + 1 - burst - 1) * SECOND <= (times[last] - times[first]) * rate


class FilterRules(RuleBasedStateMachine):
    """Every event is passed or counted, and every squelched one is reported once."""

    def __init__(self) -> None:
        super().__init__()
        self.filter = EventFilter(squelch=Squelch(3, 2))
        self.now = self.asked = self.passed = 0
        self.held_back: dict[Decision, int] = dict.fromkeys(Decision, 0)
        self.seen: set[int] = set()

    @rule(code=st.integers(0, 3), severity=st.sampled_from(Severity), wait=st.integers(0, SECOND))
    def event(self, code: int, severity: Severity, wait: int) -> None:
        """An event happens."""
        self.now += wait
        decision = self.filter.decide(code, severity, self.now)
        self.asked += 1
        self.passed += decision is Decision.PASS
        self.held_back[decision] += 1
        if code not in self.seen:
            assert decision is not Decision.SQUELCHED
        if decision is Decision.PASS:
            self.seen.add(code)

    @rule(code=st.integers(0, 3), mask=st.integers(0, 0xFFFF))
    def set_mask(self, code: int, mask: int) -> None:
        """The ground sets a filter."""
        self.filter.set_mask(code, mask)

    @rule(severity=st.sampled_from(Severity), enabled=st.booleans())
    def enable(self, severity: Severity, enabled: bool) -> None:  # noqa: FBT001 - called by hypothesis
        """The ground switches a severity."""
        self.filter.enable(severity, enabled=enabled)

    @rule(enabled=st.booleans())
    def enable_app(self, enabled: bool) -> None:  # noqa: FBT001 - called by hypothesis
        """The ground switches the app's events."""
        self.filter.enable_app(enabled=enabled)

    @rule(burst=st.integers(1, 5), rate=st.integers(1, 5))
    def set_squelch(self, burst: int, rate: int) -> None:
        """The ground sets the squelch."""
        self.filter.set_squelch(Squelch(burst, rate))

    @rule()
    def reset_filters(self) -> None:
        """The ground resets all filters."""
        self.filter.reset_filters()

    @rule()
    def reset_counts(self) -> None:
        """The ground resets the counters."""
        self.filter.reset_counts()
        self.asked = self.passed = 0
        self.held_back = dict.fromkeys(Decision, 0)
        self.seen.clear()

    @rule()
    def restart(self) -> None:
        """The app comes back from its checkpoint."""
        stored = msgspec.msgpack.encode(self.filter.state)
        self.filter = EventFilter(msgspec.msgpack.decode(stored, type=EventFilterState), Squelch(3, 2))

    @precondition(lambda self: self.filter.state.unreported)
    @rule()
    def report(self) -> None:
        """The app reports what was squelched."""
        before, count = self.filter.state.unreported, self.filter.take_suppressed()
        assert count == (before if self.filter.state.enabled else 0)
        assert self.filter.state.unreported == before - count

    @invariant()
    def nothing_is_lost_silently(self) -> None:
        """Happened = sent + disabled + filtered + squelched, over the app and over the codes."""
        state = self.filter.state
        assert self.asked == state.sent + state.disabled + state.filtered + state.squelched
        assert self.passed == state.sent == sum(count.sent for count in state.codes.values())
        assert self.filter.held_back == sum(count.held_back for count in state.codes.values())
        assert [state.disabled, state.filtered, state.squelched] == [
            self.held_back[each] for each in (Decision.DISABLED, Decision.FILTERED, Decision.SQUELCHED)
        ]


TestFilterRules = FilterRules.TestCase
TestFilterRules.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
