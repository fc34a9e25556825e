"""Calendar work as a function of spacecraft time: what falls due between two readings of UTC.

The times come from APScheduler's triggers; its schedulers, which read the wall clock, have no part in it. Entries are
written as a table says them, always in UTC, to the whole second:

- ``minute=*/10`` or ``cron hour=3 minute=15 day_of_week=mon-fri``: the fields of APScheduler's CronTrigger, where ``_``
  stands for the space of ``day=last_sun``;
- ``every 90 s``, also ``min``, ``h`` and ``d``, counted from 1970-01-01T00:00:00Z or ``from 2026-07-01T00:00:00Z``;
- ``at 2026-07-01T10:30:00Z``: once.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from flightsw.errors import FlightSoftwareError
from flightsw.services.spacecraft_time import SpacecraftTimeError, parse_utc

MAX_ENTRIES = 64
MAX_GRACE_S = 3600
MAX_CATCH_UP = 100
MAX_SKIPPED_COUNTED = 100
"""Fire times of one entry in one call that are counted as skipped; beyond, the search goes on at the grace period."""
DEFAULT_HOLD_S = 7200

_NS_PER_S = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_S = 4_102_444_800  # 2100-01-01T00:00:00Z, where every search ends
_LAST = _EPOCH + timedelta(seconds=_LAST_S)
_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
_EVERY = re.compile(r"every (\d+) (s|min|h|d)(?: from (\S+))?")
_FIELD = re.compile(r"(\w+)=(\S+)")


class CalendarError(FlightSoftwareError):
    """An entry that cannot be understood or never falls due; names it and says what is allowed."""

    def __init__(self, entry: str, problem: str) -> None:
        super().__init__(f"calendar entry {entry!r}: {problem}")
        self.entry, self.problem = entry, problem


class CalendarEntry(msgspec.Struct, frozen=True):
    """One line of the calendar.

    Attributes:
        name: what falls due; unique.
        when: at which times, see the module's description.
        grace_s: how late it may still be run, in seconds.
        catch_up: how many of several missed times are run, the latest ones; 1 makes them one run.
    """

    name: str
    when: str
    grace_s: int = 60
    catch_up: int = 1


class CalendarState(msgspec.Struct):
    """The memory of a calendar.

    Attributes:
        reached_utc_ns: UTC up to which everything was run or skipped.
        runs: fire times handed out.
        skipped: fire times not handed out, late beyond their grace period or replaced by a later one.
        uncounted: times that counting the skipped ones of an entry ended at ``MAX_SKIPPED_COUNTED``.
        set_back: times that UTC was found set back.
        restarts: times that it was set back so far that the calendar started afresh.
    """

    reached_utc_ns: int = 0
    runs: int = 0
    skipped: int = 0
    uncounted: int = 0
    set_back: int = 0
    restarts: int = 0


class _Found(msgspec.Struct, frozen=True):
    """The first fire time after ``after_ns``, None when there is no further one."""

    after_ns: int
    fire_ns: int | None


class Calendar:
    """Tells what falls due; each fire time at most once, whatever UTC does.

    - UTC set forward: of the times jumped over, those within the grace period are run (the latest ``catch_up`` of an
      entry), the others are counted as skipped.
    - UTC set back by at most ``hold_s``: nothing is run until UTC has reached again what it had reached before.
    - UTC set back further: the earlier time was wrong altogether; the calendar starts afresh at the new one.

    Attributes:
        entries: the table, in its order.
        state: how far it has come, and counters.

    Raises:
        CalendarError: an entry cannot be understood, never falls due, is there twice, or there are too many.
    """

    def __init__(
        self, entries: Iterable[CalendarEntry], state: CalendarState | None = None, *, hold_s: int = DEFAULT_HOLD_S
    ) -> None:
        self.entries = tuple(entries)
        self.state = CalendarState() if state is None else state
        self._hold_ns = hold_s * _NS_PER_S
        if len(self.entries) > MAX_ENTRIES:
            raise CalendarError(self.entries[MAX_ENTRIES].name, f"at most {MAX_ENTRIES} entries are allowed")
        names = [entry.name for entry in self.entries]
        for entry in self.entries:
            if names.count(entry.name) > 1:
                raise CalendarError(entry.name, "is in the calendar twice")
        self._triggers = [_trigger(entry) for entry in self.entries]
        self._found: list[_Found | None] = [None] * len(self.entries)  # a cache

    def due(self, previous_utc_ns: int, now_utc_ns: int) -> list[tuple[CalendarEntry, int]]:
        """What falls due after ``previous_utc_ns`` up to ``now_utc_ns``, with its time, in the order of time and table.

        Args:
            previous_utc_ns: UTC at the call before.
            now_utc_ns: UTC now.
        """
        state = self.state
        start_ns = max(previous_utc_ns, state.reached_utc_ns)
        if now_utc_ns < previous_utc_ns:
            state.set_back += 1
        if start_ns - now_utc_ns > self._hold_ns:
            state.restarts += 1
            start_ns = min(previous_utc_ns, now_utc_ns)
        state.reached_utc_ns = max(start_ns, now_utc_ns)
        if now_utc_ns <= start_ns:
            return []
        fires = [
            (fire_ns, index)
            for index in range(len(self.entries))
            for fire_ns in self._fires(index, start_ns, now_utc_ns)
        ]
        state.runs += len(fires)
        return [(self.entries[index], fire_ns) for fire_ns, index in sorted(fires)]

    def next_fire(self, after_utc_ns: int) -> int | None:
        """The first UTC after ``after_utc_ns`` at which anything falls due, None when nothing will."""
        fires = [self._next(index, after_utc_ns) for index in range(len(self.entries))]
        return min((fire_ns for fire_ns in fires if fire_ns is not None), default=None)

    def _fires(self, index: int, start_ns: int, now_ns: int) -> list[int]:
        """Times of one entry to be run; the others after ``start_ns`` are counted as skipped."""
        entry = self.entries[index]
        in_time_ns = now_ns - entry.grace_s * _NS_PER_S
        kept: deque[int] = deque(maxlen=entry.catch_up)
        late = found = 0
        fire_ns = self._next(index, start_ns)
        while fire_ns is not None and fire_ns <= now_ns:
            if fire_ns >= in_time_ns:
                kept.append(fire_ns)
                found += 1
            else:
                late += 1
                if late == MAX_SKIPPED_COUNTED:
                    self.state.uncounted += 1
                    fire_ns = in_time_ns - 1
            fire_ns = self._next(index, fire_ns)
        self.state.skipped += late + found - len(kept)
        return list(kept)

    def _next(self, index: int, after_ns: int) -> int | None:
        found = self._found[index]
        if found is None or after_ns < found.after_ns or (found.fire_ns is not None and after_ns >= found.fire_ns):
            found = _Found(after_ns, _next_fire(self._triggers[index], after_ns))
            self._found[index] = found
        return found.fire_ns


def _next_fire(trigger: Any, after_ns: int) -> int | None:  # noqa: ANN401 - APScheduler has no types
    """The first fire time after ``after_ns``: the trigger is asked at whole seconds, where its arithmetic is exact."""
    second = min(max(after_ns // _NS_PER_S + 1, 0), _LAST_S)
    fire = trigger.get_next_fire_time(None, _EPOCH + timedelta(seconds=second))
    if fire is None:
        return None
    fire_ns = (fire - _EPOCH) // timedelta(seconds=1) * _NS_PER_S
    # a DateTrigger names its time even when it is past
    return fire_ns if after_ns < fire_ns <= _LAST_S * _NS_PER_S else None


def _trigger(entry: CalendarEntry) -> Any:  # noqa: ANN401 - APScheduler has no types
    if not 0 <= entry.grace_s <= MAX_GRACE_S:
        raise CalendarError(entry.name, f"grace_s is {entry.grace_s}, allowed are 0 to {MAX_GRACE_S}")
    if not 1 <= entry.catch_up <= MAX_CATCH_UP:
        raise CalendarError(entry.name, f"catch_up is {entry.catch_up}, allowed are 1 to {MAX_CATCH_UP}")
    try:
        trigger = _parse(entry.name, " ".join(entry.when.split()))
    except SpacecraftTimeError as error:
        raise CalendarError(entry.name, str(error)) from error
    if _next_fire(trigger, -1) is None:
        raise CalendarError(entry.name, f"{entry.when!r} never falls due between 1970 and 2100")
    return trigger


def _parse(name: str, when: str) -> Any:  # noqa: ANN401 - APScheduler has no types
    if when.startswith("at "):
        return DateTrigger(run_date=_whole_second(name, when.removeprefix("at ")), timezone=UTC)
    interval = _EVERY.fullmatch(when)
    if interval is not None:
        count, unit, start = interval.groups()
        seconds = int(count) * _UNITS[unit]
        if not 1 <= seconds <= _LAST_S:
            raise CalendarError(name, f"{when!r}: the period must be 1 s to {_LAST_S} s")
        begin = _EPOCH if start is None else _whole_second(name, start)
        return IntervalTrigger(seconds=seconds, start_date=begin, end_date=_LAST, timezone=UTC)
    parts = when.removeprefix("cron ").split()
    fields = [_FIELD.fullmatch(part) for part in parts]
    values = {field[1]: field[2].replace("_", " ") for field in fields if field is not None}
    if not parts or len(values) < len(parts) or not all(key in CronTrigger.FIELD_NAMES for key in values):
        raise CalendarError(
            name,
            f"{when!r} is neither 'every N s|min|h|d', 'at TIME' nor fields such as 'hour=3 minute=*/10'; "
            f"the fields are {', '.join(CronTrigger.FIELD_NAMES)}, each at most once",
        )
    try:
        return CronTrigger(**values, end_date=_LAST, timezone=UTC)
    except ValueError as error:
        raise CalendarError(name, f"{when!r}: {error}") from error


def _whole_second(name: str, text: str) -> datetime:
    seconds, fraction_ns = divmod(parse_utc(text), _NS_PER_S)
    if fraction_ns:
        raise CalendarError(name, f"{text} is no whole second")
    return _EPOCH + timedelta(seconds=seconds)
