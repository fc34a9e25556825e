"""The squelch: a token bucket that lets a burst pass at once, and then so many a second."""

from __future__ import annotations

from typing import Annotated

import msgspec

MAX_BURST = 1_000_000
MAX_EVENTS_PER_SECOND = 1_000_000

_COST = 1_000_000_000  # one event, in the unit that ``rate * nanoseconds`` has


class Squelch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much is let through; also how a mission file says it.

    Attributes:
        burst: events at once, 1 to 1,000,000.
        events_per_second: in the long run, 1 to 1,000,000.
    """

    burst: Annotated[int, msgspec.Meta(ge=1, le=MAX_BURST)] = 32
    events_per_second: Annotated[int, msgspec.Meta(ge=1, le=MAX_EVENTS_PER_SECOND)] = 15


DEFAULT_SQUELCH = Squelch()
"""That of cFE."""


class SquelchState(msgspec.Struct):
    """The memory of a bucket.

    Attributes:
        debt: how full the bucket is, in billionths of an event.
        updated_ns: monotonic time at which ``debt`` was right.
    """

    debt: int = 0
    updated_ns: int = 0


class TokenBucket:
    """One squelch at work; its state is kept elsewhere, so that its limits may change."""

    def __init__(self, squelch: Squelch, state: SquelchState) -> None:
        self._capacity = squelch.burst * _COST
        self._rate = squelch.events_per_second
        self._state = state

    def take(self, now_ns: int, *, whatever: bool) -> bool:
        """Whether there is a token for an event that happens now; with ``whatever`` it passes in any case."""
        state = self._state
        drained = max(now_ns - state.updated_ns, 0) * self._rate
        state.debt = min(max(state.debt - drained, 0), self._capacity + _COST)  # the burst may have been made smaller
        state.updated_ns = now_ns
        if state.debt + _COST <= self._capacity:
            state.debt += _COST
            return True
        if whatever:
            state.debt = max(state.debt, self._capacity)
        return whatever

    def charge(self) -> None:
        """Take a token for what is sent in any case; the bucket may be overdrawn by one."""
        self._state.debt = min(self._state.debt + _COST, self._capacity + _COST)
