"""The cyclic schedule of one process as it runs: slot table and frame clock together, and what has been run of it."""

from __future__ import annotations

import msgspec

from flightsw.services.frames import FrameClock
from flightsw.services.slots import Slot, SlotCounters, SlotTable


class Due(msgspec.Struct, frozen=True):
    """What is to be run now.

    Attributes:
        frames: busy minor frames, oldest first, at most ``MAX_CATCH_UP_FRAMES``.
        skipped: activities of older frames, not to be run any more, and how often each.
    """

    frames: tuple[int, ...]
    skipped: tuple[tuple[Slot, int], ...]


class Schedule:
    """Hands out every busy minor frame once: run, or counted as skipped when the process was held up too long.

    Attributes:
        table: what is due in which frame.
        frames: when each frame begins.
        counters: what became of the frames.
        last_frame: everything up to this frame was handed out or counted.
    """

    def __init__(self, table: SlotTable, frames: FrameClock) -> None:
        self.table = table
        self.frames = frames
        self.counters = SlotCounters()
        self.last_frame = -1
        self._awaited = -1

    def begin(self, now_ns: int) -> None:
        """Start with the first frame that begins now or later; what began before is nobody's."""
        self.last_frame = self.frames.frame_at(now_ns - 1)

    def wake_ns(self) -> int | None:
        """When to look next: a busy frame begins, or the frames are moved; None when nothing is ever due."""
        frame = self.table.next_busy_frame(self.last_frame + 1)
        if frame is None:
            return None
        self._awaited = frame
        begin_ns, step_ns = self.frames.begin_ns(frame), self.frames.next_step_ns
        return begin_ns if step_ns is None else min(begin_ns, step_ns)

    def take(self, now_ns: int) -> Due:
        """What is to be run now; it, and what was skipped, is counted."""
        now_frame, since = self.frames.frame_at(now_ns), self.last_frame
        if now_frame == self._awaited and now_frame > since:  # in time, as nearly always: nothing to search
            self.counters.frames += 1
            self.last_frame = now_frame
            return Due((now_frame,), ())
        catch_up = self.table.catch_up(now_frame, since)
        self.counters.count(catch_up)
        self.last_frame = max(since, now_frame)
        if not catch_up.skipped:
            return Due(catch_up.frames, ())
        missed = ((slot, slot.starts(since + 1, catch_up.frames[0] - 1)) for slot in self.table.slots)
        return Due(catch_up.frames, tuple((slot, count) for slot, count in missed if count))
