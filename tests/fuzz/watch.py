"""Notices an input that takes too long, in processor time, even if it would never end."""

from __future__ import annotations

import signal
import time
from types import FrameType
from typing import ClassVar, Self

MOST_CPU_S = 1.0
"""Processor time for one input."""


class HangError(BaseException):
    """An input takes too long; no handler of a decoder may take it for its own."""


class CpuWatch:
    """Interrupts the input under way when it has had its time; only in the main thread of a process.

    A timer that runs with the processor time ticks; no input costs anything but the assignment of its number.
    """

    most_cpu_s: ClassVar[float] = MOST_CPU_S
    tick_s: ClassVar[float] = 0.25

    def __init__(self) -> None:
        self.number = 0
        """Of the input under way; whoever watches counts it up."""
        self._seen = -1
        self._since_s = 0.0
        self._last_tick_s = 0.0

    def __enter__(self) -> Self:
        self._last_tick_s = time.process_time()
        self._seen = -1
        self._previous = signal.signal(signal.SIGPROF, self._tick)
        signal.setitimer(signal.ITIMER_PROF, self.tick_s, self.tick_s)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, self._previous)

    def _tick(self, _signal: int, _frame: FrameType | None) -> None:
        now_s = time.process_time()
        since_tick_s, self._last_tick_s = now_s - self._last_tick_s, now_s
        if self.number != self._seen:
            self._seen, self._since_s = self.number, now_s
            # A tick that comes late was held up by one operation, which only the input under way can be in.
            if since_tick_s < self.most_cpu_s + 2 * self.tick_s:
                return
        elif now_s - self._since_s < self.most_cpu_s:
            return
        raise HangError
