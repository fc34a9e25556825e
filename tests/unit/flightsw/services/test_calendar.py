import datetime as dt
from itertools import pairwise
from typing import Any, NoReturn

import msgspec
import pytest
from apscheduler.triggers import cron, date, interval
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flightsw.services.calendar import (
    MAX_CATCH_UP,
    MAX_ENTRIES,
    MAX_GRACE_S,
    MAX_SKIPPED_COUNTED,
    Calendar,
    CalendarEntry,
    CalendarError,
    CalendarState,
)
from flightsw.services.spacecraft_time import format_utc, parse_utc

MODEST = settings(max_examples=60, deadline=None)

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
START = parse_utc("2026-05-01T00:00:00Z")


def calendar(when: str, **settings: int) -> Calendar:
    """A calendar with one entry."""
    return Calendar([CalendarEntry("entry", when, **settings)])


def fires(tested: Calendar, previous_ns: int, now_ns: int) -> list[str]:
    """What falls due, as texts."""
    return [format_utc(fire_ns).removesuffix(".000Z") for _, fire_ns in tested.due(previous_ns, now_ns)]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("minute=*/20", ["2026-05-01T00:20:00", "2026-05-01T00:40:00", "2026-05-01T01:00:00"]),
        ("cron minute=5", ["2026-05-01T00:05:00"]),
        ("  cron   hour=0   minute=5,7  ", ["2026-05-01T00:05:00", "2026-05-01T00:07:00"]),
        ("day=1 hour=1", ["2026-05-01T01:00:00"]),
        ("day_of_week=sat hour=0", []),
        ("day_of_week=fri hour=0 minute=30", ["2026-05-01T00:30:00"]),
        ("day=1st_fri hour=0 minute=30", ["2026-05-01T00:30:00"]),
        ("every 20 min", ["2026-05-01T00:20:00", "2026-05-01T00:40:00", "2026-05-01T01:00:00"]),
        ("every 1 h", ["2026-05-01T01:00:00"]),
        ("every 1 d", []),
        ("every 3600 s from 2026-05-01T00:10:00Z", ["2026-05-01T00:10:00"]),
        ("every 25 min from 2026-04-30T23:50:00Z", ["2026-05-01T00:15:00", "2026-05-01T00:40:00"]),
        ("at 2026-05-01T01:00:00Z", ["2026-05-01T01:00:00"]),
        ("at 2026-05-01T03:00:00+02:00", ["2026-05-01T01:00:00"]),
        ("at 2026-05-01T00:00:00Z", []),
        ("at 2026-05-01T01:00:01Z", []),
    ],
)
def test_entries_mean_what_they_say(when: str, expected: list[str]) -> None:
    """Every kind of entry falls due at its times after the previous reading, up to and including now."""
    assert fires(calendar(when, grace_s=3600, catch_up=100), START, START + HOUR) == expected


def test_a_fire_time_is_due_to_the_nanosecond() -> None:
    """A nanosecond before its time nothing is due, at its time it is, and afterwards not again."""
    tested = calendar("minute=10")
    at = START + 600 * SECOND
    assert fires(tested, START, at - 1) == []
    assert fires(tested, at - 1, at) == ["2026-05-01T00:10:00"]
    assert fires(tested, at, at + 1) == []
    assert tested.state.runs == 1


def test_the_order_is_that_of_time_and_table() -> None:
    """Earlier times come first; at the same time the table decides."""
    tested = Calendar(
        [
            CalendarEntry("b", "minute=10,20", 3600, 10),
            CalendarEntry("a", "minute=10,15", 3600, 10),
            CalendarEntry("c", "at 2026-05-01T00:15:00Z", 3600),
        ]
    )
    due = tested.due(START, START + HOUR)
    assert [(entry.name, (fire_ns - START) // SECOND // 60) for entry, fire_ns in due] == [
        ("b", 10),
        ("a", 10),
        ("a", 15),
        ("c", 15),
        ("b", 20),
    ]


def test_an_hour_forward_runs_missed_work_once() -> None:
    """Of the times jumped over, those in the grace period are one run, the others are counted as skipped."""
    tested = calendar("minute=*/10", grace_s=1500)
    tested.due(START, START + SECOND)
    assert fires(tested, START + SECOND, START + HOUR + SECOND) == ["2026-05-01T01:00:00"]
    assert (tested.state.runs, tested.state.skipped) == (1, 5)
    assert fires(tested, START + HOUR + SECOND, START + HOUR + 600 * SECOND) == ["2026-05-01T01:10:00"]


def test_what_is_late_beyond_grace_is_not_run() -> None:
    """A time missed by more than the grace period is skipped; one missed by exactly as much is run."""
    late = calendar("at 2026-05-01T00:10:00Z", grace_s=60)
    assert fires(late, START, START + 660 * SECOND + 1) == []
    assert late.state.skipped == 1
    in_time = calendar("at 2026-05-01T00:10:00Z", grace_s=60)
    assert fires(in_time, START, START + 660 * SECOND) == ["2026-05-01T00:10:00"]
    assert in_time.state.skipped == 0


def test_several_missed_times_can_be_run() -> None:
    """With ``catch_up`` the latest ones are handed out each, the older ones skipped."""
    tested = calendar("minute=*/10", grace_s=3600, catch_up=2)
    assert fires(tested, START, START + HOUR) == ["2026-05-01T00:50:00", "2026-05-01T01:00:00"]
    assert tested.state.skipped == 4


def test_an_hour_back_runs_nothing_twice() -> None:
    """Until UTC has reached again what it had reached, nothing runs; then everything goes on."""
    tested = calendar("minute=*/10", grace_s=0)
    now, ran = START, []
    for _ in range(7200):
        ran += fires(tested, now, now + SECOND)
        now += SECOND
    back = now - HOUR
    ran += fires(tested, now, back)
    now = back
    for _ in range(7200):
        ran += fires(tested, now, now + SECOND)
        now += SECOND
    assert len(ran) == len(dict.fromkeys(ran)) == 18
    assert ran[-1] == "2026-05-01T03:00:00"
    assert tested.state.set_back == 1
    assert tested.state.restarts == tested.state.skipped == 0


def test_far_back_starts_afresh() -> None:
    """A time that was wrong altogether does not silence the calendar until it comes again."""
    tested = calendar("minute=*/10")
    tested.due(START + 10 * 24 * HOUR, START + 11 * 24 * HOUR)
    assert fires(tested, START + 11 * 24 * HOUR, START) == []
    assert fires(tested, START, START + 600 * SECOND) == ["2026-05-01T00:10:00"]
    assert tested.state.restarts == 1


def test_the_bound_between_back_and_far_back() -> None:
    """Set back by the hold time the calendar waits, by a nanosecond more it starts afresh."""
    for extra, restarts in ((0, 0), (1, 1)):
        tested = Calendar([CalendarEntry("entry", "minute=*/10")], hold_s=100)
        tested.due(START, START + HOUR)
        tested.due(START + HOUR, START + HOUR - 100 * SECOND - extra)
        assert tested.state.restarts == restarts


def test_a_memory_from_the_far_future_is_not_believed() -> None:
    """A calendar that claims to have reached a time far ahead starts afresh, and loses nothing of this call."""
    tested = Calendar([CalendarEntry("entry", "minute=*/10")], CalendarState(reached_utc_ns=START + 10**18))
    assert fires(tested, START, START + 600 * SECOND) == ["2026-05-01T00:10:00"]
    assert tested.state.restarts == 1


def test_a_restored_calendar_goes_on_where_it_was() -> None:
    """What was run before a checkpoint is not run after it, even if the caller asks from further back."""
    first = calendar("minute=*/10", grace_s=3600, catch_up=100)
    assert len(first.due(START, START + HOUR)) == 6
    stored = msgspec.msgpack.encode(first.state)
    second = Calendar(first.entries, msgspec.msgpack.decode(stored, type=CalendarState))
    assert fires(second, START, START + HOUR + 600 * SECOND) == ["2026-05-01T01:10:00"]


def test_counting_what_is_skipped_is_bounded() -> None:
    """After a jump over very many times the search ends early and says so; the grace period is still searched whole."""
    tested = calendar("second=*", grace_s=3, catch_up=10)
    ten_years = 10 * 365 * 24 * HOUR
    assert fires(tested, START, START + ten_years) == [
        "2036-04-27T23:59:57",
        "2036-04-27T23:59:58",
        "2036-04-27T23:59:59",
        "2036-04-28T00:00:00",
    ]
    assert tested.state.uncounted == 1
    assert tested.state.skipped == MAX_SKIPPED_COUNTED


def test_the_next_time_is_known() -> None:
    """The earliest time of all entries, None when none will come; asking changes nothing."""
    tested = Calendar(
        [
            CalendarEntry("a", "minute=*/10"),
            CalendarEntry("b", "at 2026-05-01T00:05:00Z"),
        ]
    )
    assert tested.next_fire(START) == START + 300 * SECOND
    assert tested.next_fire(START + 300 * SECOND) == START + 600 * SECOND
    assert tested.next_fire(START) == START + 300 * SECOND
    assert tested.state == CalendarState()
    assert calendar("at 2026-05-01T00:05:00Z").next_fire(START + HOUR) is None
    assert calendar("year=2026").next_fire(START) is None
    assert Calendar([]).next_fire(START) is None
    assert Calendar([]).due(START, START + HOUR) == []


def test_times_end_in_2100() -> None:
    """Beyond 2100 nothing falls due, and asking there or before 1970 is harmless."""
    tested = Calendar([CalendarEntry(str(index), when) for index, when in enumerate(["minute=*/10", "every 1 d"])])
    assert tested.next_fire(parse_utc("2100-01-01T00:00:00Z")) is None
    assert tested.next_fire(2**70) is None
    assert tested.next_fire(-(2**70)) == 0
    assert fires(calendar("every 1 d"), parse_utc("2099-12-31T23:59:00Z"), 2**63) == []


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        ("", "neither"),
        ("cron", "neither"),
        ("sometimes", "neither"),
        ("every minute", "neither"),
        ("every 5 weeks", "neither"),
        ("every 1.5 s", "neither"),
        ("minutes=5", "the fields are year, month"),
        ("minute=5 minute=6", "neither"),
        ("minute=5 timezone=UTC", "neither"),
        ("minute = 5", "neither"),
        ("minute=61", "higher than the maximum"),
        ("minute=*/0", "higher than 0"),
        ("minute=x", "Unrecognized expression"),
        ("every 0 s", "must be 1 s to"),
        ("every 5000000000 s", "must be 1 s to"),
        ("at noon", "ISO 8601"),
        ("at 2026-05-01T00:00:00", "ISO 8601 with Z"),
        ("at 2026-05-01T00:00:00.5Z", "no whole second"),
        ("every 5 s from 2026-05-01T00:00:00.5Z", "no whole second"),
        ("every 5 s from tomorrow", "ISO 8601"),
        ("month=2 day=30", "never falls due"),
        ("year=1970 month=1 day=1 hour=0 minute=0 second=0", None),
        ("year=2200", "never falls due"),
        ("at 1969-12-31T23:59:59Z", "never falls due"),
        ("at 2100-01-01T00:00:01Z", "never falls due"),
        ("every 1 d from 2100-01-02T00:00:00Z", "never falls due"),
        ("at 2100-01-01T00:00:00Z", None),
    ],
)
def test_entries_are_checked(when: str, problem: str | None) -> None:
    """What cannot be understood or never comes is refused when the calendar is made, with the entry's name."""
    if problem is None:
        calendar(when)
        return
    with pytest.raises(CalendarError, match=f"calendar entry 'entry': .*{problem}") as caught:
        calendar(when)
    assert caught.value.entry == "entry"


@pytest.mark.parametrize(
    "settings", [{"grace_s": -1}, {"grace_s": MAX_GRACE_S + 1}, {"catch_up": 0}, {"catch_up": MAX_CATCH_UP + 1}]
)
def test_bounds_are_checked(settings: dict[str, int]) -> None:
    """Grace period and catch-up have bounds, named in the error."""
    with pytest.raises(CalendarError, match="allowed are"):
        calendar("minute=1", **settings)
    calendar("minute=1", grace_s=MAX_GRACE_S, catch_up=MAX_CATCH_UP)


def test_names_are_unique_and_entries_bounded() -> None:
    """Two entries of one name, or one entry too many, are refused by name."""
    with pytest.raises(CalendarError, match="'a': is in the calendar twice"):
        Calendar([CalendarEntry("a", "minute=1"), CalendarEntry("a", "minute=2")])
    entries = [CalendarEntry(str(index), "minute=1") for index in range(MAX_ENTRIES + 1)]
    with pytest.raises(CalendarError, match=f"'64': at most {MAX_ENTRIES}"):
        Calendar(entries)
    Calendar(entries[:-1])


class NoWallClock(dt.datetime):
    """A ``datetime`` that refuses to tell the time of day."""

    @classmethod
    def now(cls, *_: Any, **__: Any) -> NoReturn:  # noqa: ANN401 - whatever it is asked
        """Refuse."""
        raise AssertionError("the wall clock was read")

    utcnow = today = now


def test_the_wall_clock_is_never_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every way to the wall clock and the local time zone closed, all kinds of entries work."""

    def refuse() -> NoReturn:
        raise AssertionError("the local time zone was asked for")

    for module in (cron, date, interval):
        monkeypatch.setattr(module, "datetime", NoWallClock)
        monkeypatch.setattr(module, "get_localzone", refuse)
    for name in ("time", "time_ns", "localtime", "gmtime", "monotonic"):
        monkeypatch.setattr(f"time.{name}", NoWallClock.now)
    whens = ["minute=*/10", "every 10 min", "every 10 min from 2026-05-01T00:00:00Z", "at 2026-05-01T00:10:00Z"]
    tested = Calendar([CalendarEntry(when, when) for when in whens])
    assert [entry.name for entry, _ in tested.due(START, START + 600 * SECOND)] == whens
    assert tested.next_fire(START) == START + 600 * SECOND


@MODEST
@given(
    period_s=st.integers(1, 10_000),
    anchor_s=st.integers(0, 2_000_000_000),
    after_ns=st.integers(0, 4_000_000_000 * SECOND),
)
def test_intervals_are_exact(period_s: int, anchor_s: int, after_ns: int) -> None:
    """The next time of an interval is what integer arithmetic says, decades away from its begin as well."""
    begin = format_utc(anchor_s * SECOND)
    after_s = after_ns // SECOND + 1
    expected = max(anchor_s, anchor_s - (anchor_s - after_s) // period_s * period_s)
    assert calendar(f"every {period_s} s from {begin}").next_fire(after_ns) == expected * SECOND


class CalendarRules(RuleBasedStateMachine):
    """Under any jumps up to the hold time, no fire time is handed out twice, and each is handed out or skipped."""

    def __init__(self) -> None:
        super().__init__()
        self.tested = Calendar(
            [CalendarEntry("cron", "minute=*/10", 300, 2), CalendarEntry("every", "every 7 min", 60)], hold_s=86_400
        )
        self.start = self.utc = self.highest = START
        self.ran: list[tuple[str, int]] = []

    @rule(step_ns=st.integers(-2 * HOUR, 2 * HOUR))
    def jump(self, step_ns: int) -> None:
        """UTC moves, forward or back."""
        previous, self.utc = self.utc, self.utc + step_ns
        if self.highest - self.utc > 24 * HOUR:
            self.utc = previous
            return
        due = self.tested.due(previous, self.utc)
        assert all(self.highest < fire_ns <= self.utc for _, fire_ns in due)
        assert all(fire_ns >= self.utc - entry.grace_s * SECOND for entry, fire_ns in due)
        self.highest = max(self.highest, self.utc)
        self.ran += [(entry.name, fire_ns) for entry, fire_ns in due]

    @rule()
    def tick(self) -> None:
        """A second passes."""
        self.jump(SECOND)

    @invariant()
    def each_time_is_accounted_for_once(self) -> None:
        """Run plus skipped is the number of fire times that UTC has reached."""
        state = self.tested.state
        minutes = [second // 60 for second in (self.start // SECOND, self.highest // SECOND)]
        expected = (minutes[1] // 10 - minutes[0] // 10) + (minutes[1] // 7 - minutes[0] // 7)
        assert state.runs == len(self.ran)
        assert state.runs + state.skipped == expected
        for name in ("cron", "every"):
            times = [fire_ns for ran, fire_ns in self.ran if ran == name]
            assert all(earlier < later for earlier, later in pairwise(times))


TestCalendarRules = CalendarRules.TestCase
TestCalendarRules.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
