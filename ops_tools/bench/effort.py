"""How much work a benchmark puts in, and the clocks that it reads."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

MIN_RUNS = 5


class Effort(msgspec.Struct, frozen=True):
    """How much is measured.

    Attributes:
        runs: repetitions, of which the median counts.
        share: of the usual amount of work in each; 1 unless a test only wants to see that the benchmark runs.
    """

    runs: int = MIN_RUNS
    share: float = 1.0

    def count(self, usual: int) -> int:
        """So many of what is usually ``usual``, at least 1."""
        return max(1, round(usual * self.share))


def cpu_seconds(work: Callable[[], object]) -> float:
    """Processor seconds that this process spends on something."""
    before = time.process_time()
    work()
    return time.process_time() - before


def wall_seconds(work: Callable[[], object]) -> float:
    """Seconds that pass while something is done."""
    before = time.perf_counter()
    work()
    return time.perf_counter() - before
