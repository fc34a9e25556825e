"""A ground segment stepped by a task of one asyncio loop, and waiting for what it will see."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from ops_tools.ground.station import GroundSegment

MAX_WAITERS = 256
"""Requests that wait at one time; one more gets its answer at once."""
_NS_PER_S = 1_000_000_000


class Clock(Protocol):
    """The ground's clock."""

    def now_ns(self) -> int:
        """Nanoseconds since the ground's time began; never decreases."""
        ...


class SteppedGround:
    """Steps a ground segment every ``period_s`` of the host, at the time that its clock says.

    Attributes:
        ground: the ground segment; touched from the loop's thread only.
        speed: seconds of the ground's clock per second of the host.
        refused_waits: waits that were not possible because too many went on already.
    """

    def __init__(self, ground: GroundSegment, clock: Clock, period_s: float = 0.02, speed: float = 1.0) -> None:
        self.ground = ground
        self.speed = speed
        self.refused_waits = 0
        self._clock = clock
        self._period_s = period_s
        self._stepped = asyncio.Event()
        self._waiters = 0

    def now_ns(self) -> int:
        """The ground's time."""
        return self._clock.now_ns()

    def step(self) -> None:
        """Step the ground segment now, and wake whoever waits."""
        self.ground.step(self._clock.now_ns())
        self._stepped.set()
        self._stepped = asyncio.Event()

    async def run(self) -> None:
        """Step until cancelled."""
        while True:
            self.step()
            await asyncio.sleep(self._period_s)

    async def wait_until(self, reached: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until ``reached`` is true, at most ``timeout_s`` of the host's time; return whether it is."""
        deadline_ns = self._clock.now_ns() + round(timeout_s * self.speed * _NS_PER_S)
        if self._waiters >= MAX_WAITERS:
            self.refused_waits += 1
            return reached()
        self._waiters += 1
        try:
            while not reached() and self._clock.now_ns() < deadline_ns:
                await self._stepped.wait()
        finally:
            self._waiters -= 1
        return reached()
