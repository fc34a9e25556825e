"""The clocks: the only places that read time. All times are integer nanoseconds of a monotonic clock.

A vehicle's clock counts from its boot, or from the start of its scenario, and never jumps; spacecraft time (mission
elapsed time, TAI, UTC) is derived from it elsewhere.
"""

from __future__ import annotations

import math
import time
from typing import Protocol


class Clock(Protocol):
    """Something that knows how much time has passed."""

    def now_ns(self) -> int:
        """Nanoseconds since the vehicle's time began; never decreases."""
        ...


class VirtualClock:
    """Time that stands still until it is moved; for lock-step simulation and tests."""

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        """Nanoseconds since the vehicle's time began."""
        return self._now_ns

    def advance_to(self, now_ns: int) -> None:
        """Move to a later time.

        Raises:
            ValueError: ``now_ns`` lies in the past.
        """
        if now_ns < self._now_ns:
            raise ValueError(f"time cannot run backwards: {now_ns} is before {self._now_ns}")
        self._now_ns = now_ns


class HostClock:
    """The host's monotonic clock, scaled: at ``speed`` 60 a minute of vehicle time passes each second.

    Processes that share ``origin_ns`` and ``speed`` share their time: the host has one monotonic clock for all.

    Raises:
        ValueError: the speed is not above 0, or not finite.
    """

    def __init__(self, origin_ns: int, speed: float = 1.0) -> None:
        if not 0 < speed < math.inf:
            raise ValueError(f"speed must be above 0 and finite, got {speed}")
        self.origin_ns = origin_ns
        self.speed = speed

    @classmethod
    def starting_now(cls, speed: float = 1.0) -> HostClock:
        """A clock whose vehicle time is 0 now."""
        return cls(time.monotonic_ns(), speed)

    def now_ns(self) -> int:
        """Vehicle time in nanoseconds."""
        return int((time.monotonic_ns() - self.origin_ns) * self.speed)

    def host_seconds_until(self, vehicle_ns: int) -> float:
        """Host seconds until the vehicle's time reaches ``vehicle_ns``; 0 when it has."""
        return max(0.0, (vehicle_ns - self.now_ns()) / self.speed / 1e9)
