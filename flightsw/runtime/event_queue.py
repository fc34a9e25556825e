"""What happens next in lock-step: actions in one order."""

from __future__ import annotations

import heapq
from collections.abc import Callable

Action = Callable[[], None]

PHYSICS_PRIORITY = 0
WORK_PRIORITY = 1
APPS_PRIORITY = 2
GROUND_PRIORITY = 3


class EventQueue:
    """Actions in the order of (time, priority, source, sequence)."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, str, int, Action]] = []
        self._sequence = 0

    def add(self, time_ns: int, priority: int, source: str, action: Action) -> None:
        """Schedule an action."""
        heapq.heappush(self._heap, (time_ns, priority, source, self._sequence, action))
        self._sequence += 1

    @property
    def next_ns(self) -> int | None:
        """Time of the next action, None when there is none."""
        return self._heap[0][0] if self._heap else None

    def pop(self) -> Action:
        """Take the next action."""
        return heapq.heappop(self._heap)[4]
