"""Which events of an app are sent: by severity, by binary-mask filter, and by a squelch against floods.

The rules are those of cFE event services: a filter passes an event when ``mask & count`` is 0, and its counter latches.
"""

from __future__ import annotations

from enum import Enum, unique

import msgspec

from flightsw.errors import FlightSoftwareError
from tlm_cmd.definition.message import MAX_EVENT_CODE, Severity

MAX_FILTERS = 32
MAX_FILTER_COUNT = 0xFFFF  # where a filter's counter latches, as in cFE
MAX_MASK = 0xFFFF
MAX_COUNT = 2**32 - 1  # counters saturate at what telemetry can carry
DEFAULT_BURST = 32
DEFAULT_EVENTS_PER_SECOND = 15

_EVENT_COST = 1_000_000_000  # one event, in the unit that ``rate * nanoseconds`` has


class EventFilterError(FlightSoftwareError):
    """A filter setting outside its bounds, or an event code that no event can have."""

    def __init__(self, field: str, found: int, lowest: int, highest: int) -> None:
        super().__init__(f"event filter: {field} is {found}, allowed are {lowest} to {highest}")
        self.field, self.found, self.lowest, self.highest = field, found, lowest, highest


@unique
class Decision(Enum):
    """What becomes of an event."""

    PASS = "pass"  # noqa: S105 - a verdict, no secret
    DISABLED = "severity disabled"
    FILTERED = "held back by its filter"
    SQUELCHED = "held back by the squelch"


class MaskFilter(msgspec.Struct):
    """One binary-mask filter.

    Attributes:
        mask: 0x0001 passes every second event, 0x000F every 16th, 0xFFFE the first two, 0xFFFF only the first.
        count: events met since the filter was set; latches at 65,535.
    """

    mask: int
    count: int = 0


class EventFilterState(msgspec.Struct):
    """The memory of an event filter.

    Attributes:
        disabled_severities: bit n set: severity n is held back.
        filters: by event code, at most ``MAX_FILTERS``.
        passed: events passed by code; a code that is not in it has not been seen yet.
        debt: how full the squelch's bucket is, in billionths of an event.
        updated_ns: monotonic time at which ``debt`` was right.
        disabled: events held back by severity.
        filtered: events held back by filters.
        squelched: events held back by the squelch.
        unreported: those of ``squelched`` that ``take_suppressed`` has not handed out yet.
    """

    disabled_severities: int = 0
    filters: dict[int, MaskFilter] = {}
    passed: dict[int, int] = {}
    debt: int = 0
    updated_ns: int = 0
    disabled: int = 0
    filtered: int = 0
    squelched: int = 0
    unreported: int = 0


class EventFilter:
    """Decides for one app which of its events are sent.

    The squelch is a token bucket: ``burst`` events at once, then ``events_per_second``. The first event of each code
    passes even when the bucket is empty. Times are nanoseconds of the monotonic clock; after a processor reset, when
    that clock starts again, the bucket goes on as it was.
    """

    def __init__(
        self,
        state: EventFilterState | None = None,
        burst: int = DEFAULT_BURST,
        events_per_second: int = DEFAULT_EVENTS_PER_SECOND,
    ) -> None:
        _check("burst", burst, 1, 1_000_000)
        _check("events_per_second", events_per_second, 1, 1_000_000)
        self.state = EventFilterState() if state is None else state
        self._capacity = burst * _EVENT_COST
        self._rate = events_per_second

    def decide(self, code: int, severity: Severity, now_ns: int) -> Decision:
        """Whether the event that happens now is sent; anything but PASS is counted here.

        Raises:
            EventFilterError: the code is not 0 to 255.
        """
        _check("event code", code, 0, MAX_EVENT_CODE)
        state = self.state
        if state.disabled_severities >> severity & 1:
            state.disabled = _more(state.disabled)
            return Decision.DISABLED
        mask_filter = state.filters.get(code)
        if mask_filter is not None and not _passes(mask_filter):
            state.filtered = _more(state.filtered)
            return Decision.FILTERED
        self._drain(now_ns)
        if state.debt + _EVENT_COST > self._capacity and code in state.passed:
            state.squelched = _more(state.squelched)
            state.unreported = _more(state.unreported)
            return Decision.SQUELCHED
        state.debt = min(state.debt + _EVENT_COST, self._capacity)
        state.passed[code] = _more(state.passed.get(code, 0))
        return Decision.PASS

    def take_suppressed(self) -> int:
        """Events squelched since this was last asked; the caller reports the number when it is not 0."""
        count, self.state.unreported = self.state.unreported, 0
        return count

    @property
    def suppressed_total(self) -> int:
        """All events held back since the counts were last reset, for whatever reason."""
        return min(self.state.disabled + self.state.filtered + self.state.squelched, MAX_COUNT)

    def set_mask(self, code: int, mask: int) -> None:
        """Filter an event code from now on, its count at 0; mask 0 removes the filter.

        Raises:
            EventFilterError: code or mask out of range, or ``MAX_FILTERS`` are set already.
        """
        _check("event code", code, 0, MAX_EVENT_CODE)
        _check("mask", mask, 0, MAX_MASK)
        filters = self.state.filters
        if mask == 0:
            filters.pop(code, None)
            return
        if code not in filters:
            _check("number of filters", len(filters) + 1, 0, MAX_FILTERS)
        filters[code] = MaskFilter(mask)

    def reset_filter(self, code: int) -> None:
        """Set a filter's count to 0, so that it passes its first events again; no filter, nothing to do."""
        if code in self.state.filters:
            self.state.filters[code].count = 0

    def enable(self, severity: Severity, *, enabled: bool) -> None:
        """Let events of a severity pass, or hold them back."""
        if enabled:
            self.state.disabled_severities &= ~(1 << severity)
        else:
            self.state.disabled_severities |= 1 << severity

    def is_enabled(self, severity: Severity) -> bool:
        """Whether events of a severity may pass."""
        return not self.state.disabled_severities >> severity & 1

    def reset_counts(self) -> None:
        """Set the counters of held-back events to 0; filters, squelch and what was not reported yet stay."""
        self.state.disabled = self.state.filtered = self.state.squelched = 0

    def _drain(self, now_ns: int) -> None:
        state = self.state
        elapsed_ns = max(now_ns - state.updated_ns, 0)
        state.debt = max(state.debt - elapsed_ns * self._rate, 0)
        state.updated_ns = now_ns


def _passes(mask_filter: MaskFilter) -> bool:
    passes = mask_filter.mask & mask_filter.count == 0
    mask_filter.count = min(mask_filter.count + 1, MAX_FILTER_COUNT)
    return passes


def _more(count: int) -> int:
    return min(count + 1, MAX_COUNT)


def _check(field: str, found: int, lowest: int, highest: int) -> None:
    if not lowest <= found <= highest:
        raise EventFilterError(field, found, lowest, highest)
