"""Contacts as the ground has seen them: they begin with a frame, and end with silence or with a handover."""

from __future__ import annotations

from collections import deque
from enum import Enum, unique

import msgspec

DEFAULT_SILENCE_NS = 10_000_000_000
KEPT_PASSES = 256
"""Passes listed; the oldest is forgotten first."""


@unique
class SignalChange(Enum):
    """What the last update has brought."""

    NONE = "none"
    ACQUIRED = "acquired"
    HANDED_OVER = "handed_over"
    """Another station takes over while frames come: one pass has ended and the next begun."""
    LOST = "lost"


class Pass(msgspec.Struct):
    """One contact of one station. Times are ground times.

    Attributes:
        number: counts up from 1.
        station: that the contact plan names, empty without a plan.
        begin_ns: arrival of the first frame.
        last_ns: arrival of the last frame so far.
        ended: whether silence has ended it; it lasted until ``last_ns``.
        frames_down: frames received.
        frames_up: frames radiated.
        octets_down: octets of the frames received.
        packets_down: packets received.
    """

    number: int
    begin_ns: int
    last_ns: int
    station: str = ""
    ended: bool = False
    frames_down: int = 0
    frames_up: int = 0
    octets_down: int = 0
    packets_down: int = 0

    @property
    def duration_ns(self) -> int:
        """From the first to the last frame."""
        return self.last_ns - self.begin_ns


class Traffic(msgspec.Struct, frozen=True):
    """Running totals of the link; passes count the differences."""

    frames_down: int = 0
    frames_up: int = 0
    octets_down: int = 0
    packets_down: int = 0


class PassBook:
    """Follows contact from the link's totals.

    Attributes:
        passes: the newest passes, the current one last.
        current: the pass that goes on, or None.
        count: passes so far.
    """

    def __init__(self, silence_ns: int = DEFAULT_SILENCE_NS) -> None:
        self.silence_ns = silence_ns
        self.passes: deque[Pass] = deque(maxlen=KEPT_PASSES)
        self.current: Pass | None = None
        self.count = 0
        self._before = Traffic()

    def update(self, traffic: Traffic, now_ns: int, station: str = "") -> SignalChange:
        """Take the link's totals; a frame more begins or prolongs a pass, silence longer than the limit ends it.

        Args:
            traffic: totals so far.
            now_ns: ground time.
            station: that listens by the contact plan, empty if none should, or without a plan. A frame that comes
                while another station than the pass's listens ends that pass and begins the next.
        """
        before, self._before = self._before, traffic
        change = SignalChange.NONE
        if traffic.frames_down > before.frames_down:
            if self.current is None:
                self._begin(now_ns, station)
                change = SignalChange.ACQUIRED
            elif station and self.current.station and station != self.current.station:
                self.current.ended = True
                self._begin(now_ns, station)
                change = SignalChange.HANDED_OVER
            self._prolong(before, traffic, now_ns)
        elif self.current is not None:
            self.current.frames_up += traffic.frames_up - before.frames_up
            if now_ns - self.current.last_ns > self.silence_ns:
                self.current.ended = True
                self.current = None
                change = SignalChange.LOST
        return change

    def _begin(self, now_ns: int, station: str) -> None:
        self.count += 1
        self.current = Pass(number=self.count, begin_ns=now_ns, last_ns=now_ns, station=station)
        self.passes.append(self.current)

    def _prolong(self, before: Traffic, traffic: Traffic, now_ns: int) -> None:
        current = self.current
        if current is not None:
            current.last_ns = now_ns
            current.frames_down += traffic.frames_down - before.frames_down
            current.frames_up += traffic.frames_up - before.frames_up
            current.octets_down += traffic.octets_down - before.octets_down
            current.packets_down += traffic.packets_down - before.packets_down
