from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flightsw.services.frames import MAJOR_FRAME_NS, FrameClock, FrameLine
from flightsw.services.schedule import Due, Schedule
from flightsw.services.slots import MAX_CATCH_UP_FRAMES, Slot, SlotCounters, SlotTable

MINOR_NS = 100_000_000


def schedule(*slots: Slot) -> Schedule:
    """A schedule that was never begun: its first frame is 0."""
    return Schedule(SlotTable(MINOR_NS, slots), FrameClock(MINOR_NS))


def test_it_wakes_at_every_busy_frame_and_at_every_step() -> None:
    """The next busy frame, or an earlier moment at which the frames are moved; never when nothing is due."""
    tested = schedule(Slot("app", "work", 30, 5))
    assert tested.wake_ns() == 5 * MINOR_NS
    assert tested.take(5 * MINOR_NS) == Due((5,), ())
    assert tested.wake_ns() == 35 * MINOR_NS
    tested.frames.follow(FrameLine(0, 1), 5 * MINOR_NS)
    assert tested.wake_ns() == MAJOR_FRAME_NS + 1
    assert tested.take(MAJOR_FRAME_NS + 1) == Due((), ())
    assert tested.wake_ns() == 35 * MINOR_NS + 1
    assert schedule().wake_ns() is None


def test_it_begins_with_the_first_frame_that_begins() -> None:
    """What began before the start is nobody's: neither run nor counted as skipped."""
    tested = schedule(Slot("app", "work", 1))
    tested.begin(7 * MINOR_NS + 1)
    assert tested.take(8 * MINOR_NS).frames == (8,)
    tested.begin(20 * MINOR_NS)
    assert tested.take(20 * MINOR_NS).frames == (20,)
    assert tested.counters == SlotCounters(frames=2)


def test_what_is_skipped_is_counted_by_activity() -> None:
    """Held up for a long time, the newest frames are run and the others counted, for each activity its own number."""
    tested = schedule(Slot("app", "often", 1), Slot("app", "seldom", 10, 3), Slot("app", "rare", 1000, 999))
    due = tested.take(199 * MINOR_NS)
    assert due.frames == tuple(range(200 - MAX_CATCH_UP_FRAMES, 200))
    assert [(slot.activity, times) for slot, times in due.skipped] == [("often", 150), ("seldom", 15)]
    assert tested.counters == SlotCounters(MAX_CATCH_UP_FRAMES, 150, 1, 199)


def test_a_clock_an_hour_ahead_costs_a_bounded_catch_up() -> None:
    """A process that was stopped for an hour runs at most the newest frames, and counts the rest."""
    tested = schedule(Slot("app", "work", 10))
    tested.take(0)
    due = tested.take(3600 * MAJOR_FRAME_NS)
    assert len(due.frames) == MAX_CATCH_UP_FRAMES
    assert due.skipped == ((tested.table.slots[0], 3600 - MAX_CATCH_UP_FRAMES),)
    assert tested.take(3600 * MAJOR_FRAME_NS).frames == ()


class SyncRules(RuleBasedStateMachine):
    """Each slot runs exactly once per period, however the frames are moved and however irregularly one looks."""

    def __init__(self) -> None:
        super().__init__()
        self.tested = schedule(Slot("a", "one", 1), Slot("a", "two", 7, 2), Slot("b", "three", 10, 9))
        self.now = 0
        self.run: list[tuple[str, int]] = []
        self.skipped: dict[str, int] = {}

    @rule(offset_ns=st.integers(-2 * MAJOR_FRAME_NS, 2 * MAJOR_FRAME_NS))
    def tone(self, offset_ns: int) -> None:
        """The frames are told to begin elsewhere."""
        self.tested.frames.follow(FrameLine(0, offset_ns), self.now)

    @rule(wait_ns=st.integers(0, 8 * MINOR_NS))
    def look(self, wait_ns: int) -> None:
        """Time passes; then the process looks."""
        self.now += wait_ns
        self._take()

    @rule()
    def sleep_until_told(self) -> None:
        """The process sleeps exactly as long as it was told to."""
        wake_ns = self.tested.wake_ns()
        assert wake_ns is not None
        self.now = max(self.now, wake_ns)
        self._take()

    @rule(seconds=st.integers(6, 60))
    def hang(self, seconds: int) -> None:
        """The process is held up."""
        self.now += seconds * MAJOR_FRAME_NS
        self._take()

    def _take(self) -> None:
        due = self.tested.take(self.now)
        self.run += [(slot.activity, frame) for frame in due.frames for slot in self.tested.table.due(frame)]
        for slot, times in due.skipped:
            self.skipped[slot.activity] = self.skipped.get(slot.activity, 0) + times

    @invariant()
    def each_slot_is_accounted_for_once(self) -> None:
        """Run and skipped together are the slots so far; none ran twice, and what ran was due."""
        for slot in self.tested.table.slots:
            ran = [frame for activity, frame in self.run if activity == slot.activity]
            assert ran == sorted(set(ran))
            assert all(frame % slot.period == slot.offset for frame in ran)
            assert len(ran) + self.skipped.get(slot.activity, 0) == slot.starts(0, self.tested.last_frame)


TestSyncRules = SyncRules.TestCase
TestSyncRules.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
