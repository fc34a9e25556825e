import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flightsw.services.slots import (
    MAX_CATCH_UP_FRAMES,
    MAX_HYPER_PERIOD_FRAMES,
    MAX_OCCURRENCES,
    CatchUp,
    Slot,
    SlotCounters,
    SlotError,
    SlotTable,
)

FRAME_NS = 100_000_000
MODEST = settings(max_examples=60, deadline=None)


def table(*periods_and_offsets: tuple[int, int]) -> SlotTable:
    """A table with an activity for each period and offset."""
    slots = [Slot("app", f"a{index}", *numbers) for index, numbers in enumerate(periods_and_offsets)]
    return SlotTable(FRAME_NS, slots)


@st.composite
def tables(draw: st.DrawFn) -> SlotTable:
    """Tables with a short hyper-period, some of them with nothing to do."""
    slots = []
    for index in range(draw(st.integers(0, 5))):
        period = draw(st.sampled_from([1, 2, 3, 4, 5, 6, 10, 12]))
        offset = draw(st.integers(0, period - 1))
        slots.append(Slot("app", f"a{index}", period, offset))
    return SlotTable(FRAME_NS, slots)


@MODEST
@given(tables(), st.integers(0, 500))
def test_due_is_what_each_period_and_offset_say(slots: SlotTable, frame: int) -> None:
    """In every frame exactly the activities whose period hits it are due, in table order."""
    expected = tuple(slot for slot in slots.slots if frame % slot.period == slot.offset)
    assert slots.due(frame) == expected


@MODEST
@given(tables(), st.integers(0, 500))
def test_the_next_busy_frame_is_the_first_with_anything_due(slots: SlotTable, frame: int) -> None:
    """It is at or after the frame asked for; None exactly when nothing is ever due."""
    following = [later for later in range(frame, frame + slots.hyper_period) if slots.due(later)]
    assert slots.next_busy_frame(frame) == (following[0] if following else None)


@MODEST
@given(tables(), st.integers(-1, 200), st.integers(0, 300), st.integers(1, 20))
def test_catch_up_is_the_newest_busy_frames(slots: SlotTable, last: int, now: int, limit: int) -> None:
    """All busy frames since the last one, at most ``limit``; the older rest is skipped, the lag is the oldest's."""
    pending = [frame for frame in range(last + 1, now + 1) if slots.due(frame)]
    expected = CatchUp(
        frames=tuple(pending[-limit:]),
        skipped=max(len(pending) - limit, 0),
        lag_frames=now - pending[0] if pending else 0,
    )
    assert slots.catch_up(now, last, limit) == expected


def test_the_table_repeats_after_its_hyper_period() -> None:
    """The hyper-period is the least common multiple of the periods."""
    slots = table((4, 1), (6, 0), (1, 0))
    assert slots.hyper_period == 12
    assert [slots.due(frame) for frame in range(24)] == [slots.due(frame) for frame in range(12)] * 2


def test_an_empty_table_is_never_busy() -> None:
    """With nothing to do there is no next frame and nothing to catch up."""
    slots = SlotTable(FRAME_NS, ())
    assert slots.due(0) == ()
    assert slots.next_busy_frame(0) is None
    assert slots.catch_up(10**18, -1) == CatchUp((), 0, 0)


@MODEST
@given(st.integers(1, 12), st.integers(0, 11), st.integers(0, 100), st.integers(-1, 60))
def test_starts_are_counted_without_listing_them(period: int, offset: int, first: int, more: int) -> None:
    """How often an activity is due between two frames is what counting them one by one says."""
    slot = Slot("app", "work", period, offset % period)
    due = [frame for frame in range(first, first + more + 1) if frame % period == slot.offset]
    assert slot.starts(first, first + more) == len(due)


def test_idle_frames_are_never_late() -> None:
    """After a long wait for a rare activity nothing is skipped and nothing overruns."""
    slots = table((1000, 500))
    catch_up = slots.catch_up(500, 0, limit=1)
    assert catch_up == CatchUp((500,), 0, 0)
    counters = SlotCounters()
    counters.count(catch_up)
    assert counters == SlotCounters(frames=1)


def test_overruns_and_skips_are_counted() -> None:
    """A late wake-up is one overrun, the frames that are given up are skipped, and the worst lag is kept."""
    slots = table((1, 0))
    counters = SlotCounters()
    counters.count(slots.catch_up(1, 0))
    counters.count(slots.catch_up(101, 1))
    counters.count(slots.catch_up(103, 101))
    assert counters == SlotCounters(frames=1 + MAX_CATCH_UP_FRAMES + 2, skipped=50, overruns=2, worst_lag_frames=99)


def test_a_clock_that_stands_runs_nothing_twice() -> None:
    """Asked again within a frame, or for an earlier time, there is nothing to do."""
    slots = table((1, 0))
    assert slots.catch_up(7, 7).frames == ()
    assert slots.catch_up(3, 7).frames == ()


@pytest.mark.parametrize("limit", [0, -1])
def test_the_catch_up_limit_is_checked(limit: int) -> None:
    """A limit that would run nothing is refused."""
    with pytest.raises(SlotError, match="limit"):
        table((1, 0)).catch_up(0, 0, limit)


@pytest.mark.parametrize(("period", "offset"), [(0, 0), (-1, 0), (5, 5), (5, -1)])
def test_slots_that_fit_no_frame_are_refused(period: int, offset: int) -> None:
    """The period is at least one frame and the offset lies within it."""
    with pytest.raises(SlotError, match=r"app\.work: period"):
        Slot("app", "work", period, offset)


def test_the_largest_offset_is_allowed() -> None:
    """The last frame of the period is one."""
    assert Slot("app", "work", 5, 4).offset == 4


@pytest.mark.parametrize(
    ("seconds", "offset_s", "period", "offset"),
    [(1, 0, 10, 0), (0.1, 0.0, 1, 0), (0.3, 0.2, 3, 2), (10, 3 * 0.1, 100, 3), (86_400, 0.7, 864_000, 7)],
)
def test_seconds_become_frames(seconds: float, offset_s: float, period: int, offset: int) -> None:
    """Multiples of the minor frame are exact, whatever floating point makes of tenths."""
    assert Slot.every("app", "work", seconds, offset_s, FRAME_NS) == Slot("app", "work", period, offset)


@pytest.mark.parametrize("seconds", [0.05, 0.15, 1 / 3, 0.1000001, float("nan"), float("inf")])
def test_seconds_that_are_no_multiple_are_refused(seconds: float) -> None:
    """The error names the activity, the period and the minor frame."""
    with pytest.raises(SlotError, match=r"app\.work: period of .* s is not a multiple of the minor frame of 0\.1 s"):
        Slot.every("app", "work", seconds, 0.0, FRAME_NS)
    with pytest.raises(SlotError, match=r"app\.work: offset"):
        Slot.every("app", "work", 10, seconds, FRAME_NS)
    with pytest.raises(SlotError):
        Slot.every("app", "work", float("nan"), 0, 1)


@pytest.mark.parametrize("minor_frame_ns", [0, -1])
def test_the_minor_frame_is_checked(minor_frame_ns: int) -> None:
    """A minor frame lasts at least a nanosecond."""
    with pytest.raises(SlotError, match="at least 1 ns"):
        SlotTable(minor_frame_ns, ())


def test_an_activity_stands_in_the_table_once() -> None:
    """Two slots of one activity are refused, also when they are the same object."""
    slot = Slot("app", "work", 5)
    with pytest.raises(SlotError, match=r"app\.work is in the table twice"):
        SlotTable(FRAME_NS, (slot, slot))
    SlotTable(FRAME_NS, (slot, Slot("other", "work", 5)))


def test_the_hyper_period_is_bounded() -> None:
    """Periods without a common measure are refused, naming the one that is too much."""
    assert table((MAX_HYPER_PERIOD_FRAMES, 0)).hyper_period == MAX_HYPER_PERIOD_FRAMES
    with pytest.raises(SlotError, match=r"app\.a2 has a period of 1013 .* repeats only after 2044234"):
        table((1009, 0), (2, 0), (1013, 0))


def test_the_number_of_starts_is_bounded() -> None:
    """A table too large to be worked out is refused with both numbers."""
    with pytest.raises(SlotError, match=f"1000001 activity starts in 1000000 .* at most {MAX_OCCURRENCES}"):
        table((1, 0), (1_000_000, 0))


def test_counters_can_be_stored() -> None:
    """The runner's memory survives a checkpoint."""
    counters = SlotCounters(1, 2, 3, 4)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(counters), type=SlotCounters) == counters


class RunnerRules(RuleBasedStateMachine):
    """However irregularly it is woken, a runner accounts for every busy frame exactly once."""

    def __init__(self) -> None:
        super().__init__()
        self.table = table((2, 0), (5, 3), (3, 1))
        self.counters = SlotCounters()
        self.now_ns = 0
        self.last = -1
        self.run: list[int] = []

    @rule(wait_ns=st.integers(0, 30 * FRAME_NS))
    def wake(self, wait_ns: int) -> None:
        """The runner wakes up some time later."""
        self.now_ns += wait_ns
        catch_up = self.table.catch_up(self.now_ns // FRAME_NS, self.last, limit=4)
        self.counters.count(catch_up)
        self.run += catch_up.frames
        self.last = self.now_ns // FRAME_NS

    @invariant()
    def every_busy_frame_is_accounted_for(self) -> None:
        """Run + skipped is the number of busy frames so far; none runs twice or out of order."""
        busy = [frame for frame in range(self.last + 1) if self.table.due(frame)]
        assert self.counters.frames + self.counters.skipped == len(busy)
        assert self.counters.frames == len(self.run)
        assert self.run == sorted(dict.fromkeys(self.run))


TestRunnerRules = RunnerRules.TestCase
TestRunnerRules.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
