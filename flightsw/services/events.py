"""Which events of an app are sent: by app, severity and code, by binary-mask filter, and by a squelch against floods.

The rules are those of cFE event services: a filter passes an event when ``mask & count`` is 0, and its counter latches.
Every event that happens is counted once: sent, disabled, filtered or squelched.
"""

from __future__ import annotations

from enum import Enum, unique

import msgspec

from flightsw.errors import FlightSoftwareError
from flightsw.services.squelch import DEFAULT_SQUELCH, Squelch, SquelchState, TokenBucket
from tlm_cmd.definition.message import MAX_EVENT_CODE, Severity

MAX_FILTERS = 32
MAX_FILTER_COUNT = 0xFFFF  # where a filter's counter latches, as in cFE
MAX_MASK = 0xFFFF
MAX_COUNT = 2**32 - 1  # counters saturate at what telemetry can carry


class EventFilterError(FlightSoftwareError):
    """A filter setting outside its bounds, or an event code that no event can have."""

    def __init__(self, field: str, found: int, lowest: int, highest: int) -> None:
        super().__init__(f"event filter: {field} is {found}, allowed are {lowest} to {highest}")
        self.field, self.found, self.lowest, self.highest = field, found, lowest, highest


class NoFilterError(FlightSoftwareError):
    """There is no filter for an event code; names those that there are."""

    def __init__(self, code: int, there: list[int]) -> None:
        super().__init__(f"no filter for event {code}, there is {', '.join(map(str, there)) or 'none'}")
        self.code, self.there = code, there


@unique
class Decision(Enum):
    """What becomes of an event."""

    PASS = "pass"  # noqa: S105 - a verdict, no secret
    DISABLED = "app, severity or code disabled"
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


class CodeCount(msgspec.Struct):
    """What became of the events of one code.

    Attributes:
        sent: events sent.
        held_back: events disabled, filtered or squelched.
    """

    sent: int = 0
    held_back: int = 0


class EventFilterState(msgspec.Struct):
    """The memory of an event filter. All counters saturate.

    Attributes:
        enabled: False holds back every event of the app.
        disabled_severities: bit n set: severity n is held back.
        disabled_codes: codes of events that are held back, in ascending order, at most one of each code.
        filters: by event code, at most ``MAX_FILTERS``.
        codes: counters by event code since the last reset of counters, at most one for each code.
        squelch: the squelch as set by command; None for the mission's.
        bucket: the memory of the squelch.
        sent: events sent.
        disabled: events held back by app, severity or code.
        filtered: events held back by filters.
        squelched: events held back by the squelch.
        unreported: those of ``squelched`` that ``take_suppressed`` has not handed out yet.
    """

    enabled: bool = True
    disabled_severities: int = 0
    disabled_codes: list[int] = []
    filters: dict[int, MaskFilter] = {}
    codes: dict[int, CodeCount] = {}
    squelch: Squelch | None = None
    bucket: SquelchState = msgspec.field(default_factory=SquelchState)
    sent: int = 0
    disabled: int = 0
    filtered: int = 0
    squelched: int = 0
    unreported: int = 0


class EventFilter:
    """Decides for one app which of its events are sent.

    An event is the **first of its kind** as long as none of its code has been sent since the app's memory began or its
    counters were last reset; it passes even when the squelch's bucket is empty. So behind a reset of counters one event
    of each code passes whatever happens. Times are nanoseconds of the monotonic clock; after a processor reset, when
    that clock starts again, the bucket goes on as it was.

    Args:
        state: the memory; a new one when none is given.
        squelch: the mission's squelch, in force until a command sets another.
    """

    def __init__(self, state: EventFilterState | None = None, squelch: Squelch = DEFAULT_SQUELCH) -> None:
        self.state = EventFilterState() if state is None else state
        self._mission_squelch = squelch

    # ---------------------------------------------------------------- deciding

    def decide(self, code: int, severity: Severity, now_ns: int) -> Decision:
        """Whether the event that happens now is sent; it is counted here.

        Raises:
            EventFilterError: the code is not 0 to 255.
        """
        _check("event code", code, 0, MAX_EVENT_CODE)
        state = self.state
        if not state.enabled or state.disabled_severities >> severity & 1 or code in state.disabled_codes:
            state.disabled = _more(state.disabled)
            return self._held_back(code, Decision.DISABLED)
        mask_filter = state.filters.get(code)
        if mask_filter is not None and not _passes(mask_filter):
            state.filtered = _more(state.filtered)
            return self._held_back(code, Decision.FILTERED)
        first = code not in state.codes or state.codes[code].sent == 0
        if not self._bucket().take(now_ns, whatever=first):
            state.squelched = _more(state.squelched)
            state.unreported = _more(state.unreported)
            return self._held_back(code, Decision.SQUELCHED)
        self.count_sent(code)
        return Decision.PASS

    def count_sent(self, code: int) -> None:
        """Count an event that is sent without asking: the report of the squelch, and answers to commands."""
        self.state.sent = _more(self.state.sent)
        count = self._count(code)
        count.sent = _more(count.sent)

    def take_suppressed(self) -> int:
        """Events squelched since this was last asked; the caller reports the number when it is not 0.

        The report takes a token as an event does, so that a flood is not doubled by reports about it. An app that is
        disabled as a whole reports when it is enabled again.
        """
        state = self.state
        if not state.unreported or not state.enabled:
            return 0
        self._bucket().charge()
        count, state.unreported = state.unreported, 0
        return count

    @property
    def held_back(self) -> int:
        """All events held back since the counters were last reset, for whatever reason; saturates."""
        return min(self.state.disabled + self.state.filtered + self.state.squelched, MAX_COUNT)

    # ---------------------------------------------------------------- setting

    @property
    def squelch(self) -> Squelch:
        """The squelch in force."""
        return self._mission_squelch if self.state.squelch is None else self.state.squelch

    def set_squelch(self, squelch: Squelch) -> None:
        """Limit floods otherwise from now on; the bucket stays as full as it is."""
        self.state.squelch = squelch

    def set_mask(self, code: int, mask: int) -> None:
        """Filter an event code from now on, its count at 0; mask 0 deletes the filter.

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
        """Set a filter's count to 0, so that it passes its first events again.

        Raises:
            NoFilterError: there is no filter for this code.
        """
        if code not in self.state.filters:
            raise NoFilterError(code, sorted(self.state.filters))
        self.state.filters[code].count = 0

    def reset_filters(self) -> None:
        """Set the counts of all filters to 0."""
        for mask_filter in self.state.filters.values():
            mask_filter.count = 0

    def enable(self, severity: Severity, *, enabled: bool) -> None:
        """Let events of a severity pass, or hold them back."""
        if enabled:
            self.state.disabled_severities &= ~(1 << severity)
        else:
            self.state.disabled_severities |= 1 << severity

    def enable_code(self, code: int, *, enabled: bool) -> None:
        """Let events of a code pass, or hold them back; what is set by severity and by filters stays set.

        Raises:
            EventFilterError: the code is not 0 to 255.
        """
        _check("event code", code, 0, MAX_EVENT_CODE)
        others = [each for each in self.state.disabled_codes if each != code]
        self.state.disabled_codes = others if enabled else sorted([*others, code])

    def enable_app(self, *, enabled: bool) -> None:
        """Let events of the app pass, or hold back every one; what is set by severity stays set."""
        self.state.enabled = enabled

    def is_enabled(self, severity: Severity) -> bool:
        """Whether events of a severity may pass."""
        return self.state.enabled and not self.state.disabled_severities >> severity & 1

    def reset_counts(self) -> None:
        """Set the counters to 0; filters, squelch and what was not reported yet stay."""
        state = self.state
        state.sent = state.disabled = state.filtered = state.squelched = 0
        state.codes.clear()

    # ---------------------------------------------------------------- inside

    def _bucket(self) -> TokenBucket:
        return TokenBucket(self.squelch, self.state.bucket)

    def _count(self, code: int) -> CodeCount:
        codes = self.state.codes
        if code not in codes:
            codes[code] = CodeCount()
        return codes[code]

    def _held_back(self, code: int, decision: Decision) -> Decision:
        count = self._count(code)
        count.held_back = _more(count.held_back)
        return decision


def _passes(mask_filter: MaskFilter) -> bool:
    passes = mask_filter.mask & mask_filter.count == 0
    mask_filter.count = min(mask_filter.count + 1, MAX_FILTER_COUNT)
    return passes


def _more(count: int) -> int:
    return min(count + 1, MAX_COUNT)


def _check(field: str, found: int, lowest: int, highest: int) -> None:
    if not lowest <= found <= highest:
        raise EventFilterError(field, found, lowest, highest)
