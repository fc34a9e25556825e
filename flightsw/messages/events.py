"""Which of an app's events are sent, how its log works, and what it says of both."""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Annotated

from flightsw.services.events import MAX_FILTERS
from flightsw.services.retained_ring import RingMode
from flightsw.services.squelch import MAX_BURST, MAX_EVENTS_PER_SECOND
from tlm_cmd.definition.fields import U8, U16, U32, U64, Range, Unit, UpTo
from tlm_cmd.definition.message import Command, Event, Record, Severity

ALL_FILTERS = 256
"""In the place of an event code: every filter of the app."""
MAX_PARAMETER_OCTETS = 224
"""What the log keeps of an event's fields; an event with more is kept without them."""
COUNTS_PER_EVENT = 64
MAX_SWITCHED_EVENTS = 64
"""Event codes in one command."""


@unique
class EventChoice(IntEnum):
    """Which events of an app are meant."""

    ALL = 0
    DEBUG = 1
    INFO = 2
    ERROR = 3
    CRITICAL = 4


@unique
class LogAction(IntEnum):
    """What is done with a log."""

    CLEAR = 0
    OVERWRITE = 1
    """A full log forgets its oldest entry."""
    DISCARD = 2
    """A full log takes no more entries until it is cleared."""


@unique
class EventClock(IntEnum):
    """Which clock an entry's time is of."""

    MET = 1
    """Mission elapsed time: TAI was not known."""
    TAI = 2
    """Since 1958-01-01T00:00:00 TAI."""


class SetEventFilter(Command, code=116):
    """Add a filter for one event, or change it, its count at 0: the event passes when ``mask & count`` is 0."""

    event: Annotated[int, U8, "event code"]
    mask: Annotated[int, U16, "1 every second, 15 every 16th, 65534 the first two, 65535 the first; 0 deletes it"]


class EnableEvents(Command, code=117):
    """Let events of a severity, or all events of the app, pass, or hold them back."""

    events: Annotated[EventChoice, "ALL is a switch of its own: what is set by severity stays set behind it"]
    enabled: bool


class ResetEventFilter(Command, code=122):
    """Set the count of one filter to 0, or of all, so that the first events pass again."""

    event: Annotated[int, U16, Range(0, ALL_FILTERS), "event code, 256 for all filters"]


class SetEventSquelch(Command, code=123):
    """Limit floods of the app's events otherwise."""

    burst: Annotated[int, U32, Range(1, MAX_BURST), "events at once"]
    events_per_second: Annotated[int, U32, Range(1, MAX_EVENTS_PER_SECOND), "events a second in the long run"]


class ReportEvents(Command, code=124):
    """Report how the app's events are filtered, and how many there were of each code."""


class ControlEventLog(Command, code=125):
    """Clear the app's event log, or say what happens when it is full."""

    action: LogAction


class SwitchEvents(Command, code=126):
    """Let single events of the app pass, or hold them back; the switches of severities and filters stay as they are."""

    events: Annotated[tuple[Annotated[int, U8], ...], UpTo(MAX_SWITCHED_EVENTS), "event codes"]
    enabled: bool


class LogEntry(Record):
    """One event as the log on board keeps it."""

    clock: Annotated[EventClock, "which clock the time is of"]
    time_ns: Annotated[int, U64, Unit("ns"), "of that clock"]
    code: Annotated[int, U8, "event code within the app"]
    severity: Severity
    whole: Annotated[bool, "the parameters are there"]
    parameters: Annotated[bytes, UpTo(MAX_PARAMETER_OCTETS), "the event's fields, as in its packet"]


class EventsSuppressed(Event, code=8, severity=Severity.INFO, text="{count} events were squelched"):
    """How many events the squelch held back since it was last reported: before the next event, or with housekeeping."""

    count: Annotated[int, U32, Range(1, 2**32 - 1)]


class FilterSetting(Record):
    """One binary-mask filter."""

    event: Annotated[int, U8, "event code"]
    mask: Annotated[int, U16, "passes when mask & count is 0"]
    count: Annotated[int, U16, "events met; latches at 65,535"]


class EventSettings(
    Event,
    code=15,
    severity=Severity.INFO,
    text="events enabled: {enabled}, severities held back: {disabled}, squelch: {burst} at once, "
    "{events_per_second}/s, log: {log_mode}, {log_entries} entries, filters: {filters}, switched off: {switched_off}",
):
    """Answer to REPORT_EVENTS; no filter holds it back."""

    enabled: Annotated[bool, "the app's events as a whole"]
    disabled: Annotated[tuple[Severity, ...], UpTo(len(Severity))]
    burst: Annotated[int, U32]
    events_per_second: Annotated[int, U32]
    log_mode: RingMode
    log_entries: Annotated[int, U16]
    filters: Annotated[tuple[FilterSetting, ...], UpTo(MAX_FILTERS)]
    switched_off: Annotated[tuple[Annotated[int, U8], ...], UpTo(256), "codes of events that are held back"] = ()


class EventCount(Record):
    """How many events there were of one code since the last reset of counters."""

    event: Annotated[int, U8, "event code"]
    sent: Annotated[int, U32]
    held_back: Annotated[int, U32, "disabled, filtered or squelched"]


class EventCounts(Event, code=16, severity=Severity.INFO, text="events by code: {counts}"):
    """Answer to REPORT_EVENTS, one for each 64 codes; no filter holds it back."""

    counts: Annotated[tuple[EventCount, ...], UpTo(COUNTS_PER_EVENT)]


ANSWERS: tuple[type[Event], ...] = (EventSettings, EventCounts)
"""Events that somebody has asked for: never held back, not kept in the log, never in the short form."""
