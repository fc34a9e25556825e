"""Interface of event services: the events of all apps at once, their logs, and how many there were."""

from __future__ import annotations

from typing import Annotated

from flightsw.messages.events import EventChoice, LogAction, LogEntry
from flightsw.services.squelch import MAX_BURST, MAX_EVENTS_PER_SECOND
from tlm_cmd.definition.fields import U16, U32, Length, Range, UpTo
from tlm_cmd.definition.message import Command, Event, Record, Severity, Telemetry
from tlm_cmd.packets.verification import MAX_REASON_OCTETS

LOG_FILE = "event_log.jsonl"
"""The file, in the memory that a processor reset leaves as it is, into which logs are written."""
MAX_LINES = 64
"""Most log entries in one packet."""


class EnableEventsEverywhere(Command, code=2):
    """Let events of a severity, or all events, of every app pass, or hold them back."""

    events: EventChoice
    enabled: bool


class ResetFiltersEverywhere(Command, code=3):
    """Set the counts of all filters of every app to 0."""


class SetSquelchEverywhere(Command, code=4):
    """Limit floods of every app's events otherwise."""

    burst: Annotated[int, U32, Range(1, MAX_BURST), "events at once, of each app"]
    events_per_second: Annotated[int, U32, Range(1, MAX_EVENTS_PER_SECOND), "in the long run, of each app"]


class ControlLogsEverywhere(Command, code=5):
    """Clear the event log of every app, or say what happens when it is full."""

    action: LogAction


class DumpLog(Command, code=6):
    """Send event logs down, app by app, each from its oldest entry on."""

    app: Annotated[str, UpTo(32), "name of the app, empty for all"]
    lowest: Annotated[Severity, "entries of at least this severity"]
    newest: Annotated[int, U16, "at most so many entries of each app, 0 for all"]


class WriteLog(Command, code=7):
    """Write event logs into the file event_log.jsonl on board, in the order of time; it replaces the one before."""

    app: Annotated[str, UpTo(32), "name of the app, empty for all"]
    lowest: Annotated[Severity, "entries of at least this severity"]
    newest: Annotated[int, U16, "at most so many entries of each app, 0 for all"]


class AppEvents(Record):
    """The events of one app."""

    apid: Annotated[int, U16, "the app's"]
    heard: Annotated[tuple[Annotated[int, U32], ...], Length(4), "DEBUG, INFO, ERROR, CRITICAL, on the bus"]
    sent: Annotated[int, U32, "by its own count, since its counters were reset"]
    held_back: Annotated[int, U32, "by its own count, disabled, filtered or squelched"]
    unlogged: Annotated[int, U32, "by its own count, not in its log on board"]


class EventServicesStatus(Telemetry, period_s=60):
    """How many events there were."""

    heard: Annotated[tuple[Annotated[int, U32], ...], Length(4), "DEBUG, INFO, ERROR, CRITICAL, of all apps"]
    damaged: Annotated[int, U32, "log entries that were found damaged"]
    apps: Annotated[tuple[AppEvents, ...], UpTo(64)]


class LogLine(Record):
    """One entry of a log."""

    number: Annotated[int, U32, "counts up over the log's life, modulo 2^32"]
    entry: LogEntry


class LogPage(Telemetry):
    """Some entries of one app's event log, sent by command."""

    app: Annotated[str, UpTo(32), "whose log it is"]
    lines: Annotated[tuple[LogLine, ...], UpTo(MAX_LINES)]


class LogDamaged(Event, code=32, severity=Severity.ERROR, text="event log of {app}: {entries} entries damaged"):
    """Entries of a log whose checksum is wrong; the others can be read."""

    app: Annotated[str, UpTo(32)]
    entries: Annotated[int, U16]


class LogUnreadable(Event, code=33, severity=Severity.ERROR, text="event log of {app} cannot be read: {reason}"):
    """The memory of a log gives nothing; the logs of other apps are read all the same."""

    app: Annotated[str, UpTo(32)]
    reason: Annotated[str, UpTo(MAX_REASON_OCTETS)]


class LogDumped(Event, code=34, severity=Severity.INFO, text="{entries} log entries sent in {pages} packets"):
    """A dump has ended."""

    entries: Annotated[int, U32]
    pages: Annotated[int, U32]


class LogWritten(Event, code=35, severity=Severity.INFO, text="{entries} log entries written to {file}"):
    """A file has been written."""

    entries: Annotated[int, U32]
    file: Annotated[str, UpTo(32)]
