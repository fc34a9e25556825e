"""Cyclic work as plain data: which activity of which app is due in which minor frame.

A minor frame is the smallest step of the schedule. The table repeats after its hyper-period, the least common multiple
of all periods, and is worked out for one hyper-period when it is built. When a frame begins, the frame clock knows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from math import isfinite, lcm

import msgspec

from flightsw.errors import FlightSoftwareError

MAX_HYPER_PERIOD_FRAMES = 1_000_000
MAX_OCCURRENCES = 500_000
"""Most activity starts in one hyper-period."""
MAX_CATCH_UP_FRAMES = 50

_NS_PER_S = 1_000_000_000


class SlotError(FlightSoftwareError):
    """A slot table that cannot be worked out, or a time that is no whole number of minor frames."""


class Slot(msgspec.Struct, frozen=True):
    """One cyclic activity.

    Attributes:
        owner: the app whose activity it is.
        activity: its name in the app.
        period: minor frames between two starts, at least 1.
        offset: minor frames from the begin of the period, less than the period.
    """

    owner: str
    activity: str
    period: int
    offset: int = 0

    def __post_init__(self) -> None:
        """Refuse a period or an offset that no frame fits."""
        if self.period < 1 or not 0 <= self.offset < self.period:
            raise SlotError(
                f"{self.owner}.{self.activity}: period {self.period} and offset {self.offset} minor frames; "
                "the period must be at least 1 and the offset less than the period"
            )

    def starts(self, first_frame: int, last_frame: int) -> int:
        """How often it is due in the minor frames from ``first_frame`` to ``last_frame``, both included."""
        return (last_frame - self.offset) // self.period - (first_frame - 1 - self.offset) // self.period

    @classmethod
    def every(cls, owner: str, activity: str, seconds: float, offset_s: float, minor_frame_ns: int) -> Slot:
        """A slot from seconds.

        Raises:
            SlotError: period or offset is not a multiple of the minor frame.
        """
        name = f"{owner}.{activity}"
        return cls(
            owner,
            activity,
            _frames(f"{name}: period", seconds, minor_frame_ns),
            _frames(f"{name}: offset", offset_s, minor_frame_ns),
        )


class CatchUp(msgspec.Struct, frozen=True):
    """What is to be run now.

    Attributes:
        frames: busy minor frames, oldest first.
        skipped: older busy minor frames beyond the limit, not to be run.
        lag_frames: how many frames ago the oldest of all these was due; 0 when nothing is late.
    """

    frames: tuple[int, ...]
    skipped: int
    lag_frames: int


class SlotCounters(msgspec.Struct):
    """What the runner of a slot table has counted.

    Attributes:
        frames: busy minor frames run.
        skipped: busy minor frames that were never run.
        overruns: times a busy frame was found late.
        worst_lag_frames: the most minor frames that one was late.
    """

    frames: int = 0
    skipped: int = 0
    overruns: int = 0
    worst_lag_frames: int = 0

    def count(self, catch_up: CatchUp) -> None:
        """Take a catch-up into account."""
        self.frames += len(catch_up.frames)
        self.skipped += catch_up.skipped
        self.overruns += catch_up.lag_frames > 0
        self.worst_lag_frames = max(self.worst_lag_frames, catch_up.lag_frames)


class SlotTable:
    """All cyclic activities, in the order in which they run within a frame.

    Attributes:
        minor_frame_ns: length of a minor frame.
        slots: all of them.
        hyper_period: minor frames after which everything repeats.

    Raises:
        SlotError: a name is there twice, or the hyper-period is beyond its bounds; the message says which period.
    """

    def __init__(self, minor_frame_ns: int, slots: Iterable[Slot]) -> None:
        if minor_frame_ns < 1:
            raise SlotError(f"a minor frame of {minor_frame_ns} ns; it must be at least 1 ns")
        self.minor_frame_ns = minor_frame_ns
        self.slots = tuple(slots)
        self.hyper_period = _hyper_period(self.slots)
        due: dict[int, tuple[Slot, ...]] = {}
        for slot in self.slots:
            for frame in range(slot.offset, self.hyper_period, slot.period):
                due[frame] = (*due.get(frame, ()), slot)
        self._due = due
        self._busy = sorted(due)

    def due(self, minor_frame: int) -> tuple[Slot, ...]:
        """What starts in a minor frame, in table order."""
        return self._due.get(minor_frame % self.hyper_period, ())

    def next_busy_frame(self, minor_frame: int) -> int | None:
        """The first minor frame at or after this one in which something is due; None when nothing ever is."""
        return self._nth_busy_frame(self._busy_frames_before(minor_frame)) if self._busy else None

    def catch_up(self, now_frame: int, last_frame: int, limit: int = MAX_CATCH_UP_FRAMES) -> CatchUp:
        """The busy frames after ``last_frame`` up to ``now_frame``: at most ``limit``, the newest ones.

        Raises:
            SlotError: the limit is below 1.
        """
        if limit < 1:
            raise SlotError(f"catch-up limit {limit}; it must be at least 1")
        if now_frame <= last_frame or not self._busy:
            return CatchUp((), 0, 0)
        first = self._busy_frames_before(last_frame + 1)
        end = self._busy_frames_before(now_frame + 1)
        if first == end:
            return CatchUp((), 0, 0)
        oldest_run = max(first, end - limit)
        frames = tuple(self._nth_busy_frame(index) for index in range(oldest_run, end))
        return CatchUp(frames, oldest_run - first, now_frame - self._nth_busy_frame(first))

    def _busy_frames_before(self, minor_frame: int) -> int:
        """How many busy frames there are from frame 0 up to, not including, ``minor_frame``."""
        periods, frame = divmod(minor_frame - 1, self.hyper_period)
        return periods * len(self._busy) + bisect_right(self._busy, frame)

    def _nth_busy_frame(self, index: int) -> int:
        periods, position = divmod(index, len(self._busy))
        return periods * self.hyper_period + self._busy[position]


def _hyper_period(slots: tuple[Slot, ...]) -> int:
    hyper_period = 1
    names: set[str] = set()
    for slot in slots:
        name = f"{slot.owner}.{slot.activity}"
        if name in names:
            raise SlotError(f"activity {name} is in the table twice")
        names.add(name)
        longer = lcm(hyper_period, slot.period)
        if longer > MAX_HYPER_PERIOD_FRAMES:
            raise SlotError(
                f"{name} has a period of {slot.period} minor frames, with which the table repeats only after {longer}, "
                f"at most {MAX_HYPER_PERIOD_FRAMES} are allowed; choose periods that divide each other"
            )
        hyper_period = longer
    occurrences = [hyper_period // slot.period for slot in slots]
    if sum(occurrences) > MAX_OCCURRENCES:
        raise SlotError(
            f"{sum(occurrences)} activity starts in {hyper_period} minor frames, at most {MAX_OCCURRENCES} are allowed"
        )
    return hyper_period


def _frames(what: str, seconds: float, minor_frame_ns: int) -> int:
    """Seconds as minor frames; floating point may miss the exact nanosecond by no more than its own rounding."""
    exact_ns = seconds * _NS_PER_S
    whole_ns = round(exact_ns) if isfinite(exact_ns) else 1
    if not abs(exact_ns - whole_ns) <= 1e-3 or whole_ns % minor_frame_ns:
        raise SlotError(f"{what} of {seconds} s is not a multiple of the minor frame of {minor_frame_ns / 1e9} s")
    return whole_ns // minor_frame_ns
