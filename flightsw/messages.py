"""What every app understands and reports without writing a line for it.

Function codes 0 and 1 and 112 to 127, event codes 0 to 31 and the first two telemetry packets of each app belong to the
framework.
"""

from __future__ import annotations

from typing import Annotated

from tlm_cmd.definition.fields import U8, U16, U32, Length, Range, Tail, UpTo
from tlm_cmd.definition.message import Command, Event, Severity, Telemetry
from tlm_cmd.packets.verification import VerificationReport

FIRST_APP_EVENT = 32
APP_FUNCTION_CODES = range(2, 112)
MAX_TABLE_CHUNK = 900


class Noop(Command, code=0):
    """Do nothing but answer; shows that the app lives."""


class ResetCounters(Command, code=1):
    """Set the app's command and error counters to zero."""


class LoadTable(Command, code=112):
    """Write part of a table's binary image into its inactive buffer."""

    table: Annotated[str, UpTo(32), "name of the table"]
    offset: Annotated[int, U32, "where the part begins"]
    data: Annotated[bytes, Tail(MAX_TABLE_CHUNK)]


class ValidateTable(Command, code=113):
    """Check the inactive buffer: length, CRC-32, types, ranges and the app's own rules."""

    table: Annotated[str, UpTo(32), "name of the table"]
    length: Annotated[int, U32, "octets of the whole image"]
    checksum: Annotated[int, U32, "CRC-32 of the whole image"]


class ActivateTable(Command, code=114):
    """Make a validated inactive buffer the active one."""

    table: Annotated[str, UpTo(32), "name of the table"]


class AbortTable(Command, code=115):
    """Forget what was loaded into the inactive buffer."""

    table: Annotated[str, UpTo(32), "name of the table"]


class SetEventFilter(Command, code=116):
    """Filter one event: it passes when ``mask & count`` is 0."""

    event: Annotated[int, U8, "event code"]
    mask: Annotated[int, U16, "0 lets every one pass"]


class EnableEvents(Command, code=117):
    """Let events of a severity pass, or hold them back."""

    severity: Severity
    enabled: bool


class AppHousekeeping(Telemetry, period_s=10):
    """How an app is doing."""

    accepted: Annotated[int, U32, "commands accepted"]
    completed: Annotated[int, U32, "commands completed"]
    failed: Annotated[int, U32, "commands rejected or failed"]
    errors: Annotated[int, U32, "handlers that raised, and checkpoints that could not be stored"]
    events: Annotated[int, U32, "events sent"]
    events_suppressed: Annotated[int, U32, "events held back by filters and squelch"]
    messages: Annotated[int, U32, "messages handled"]
    activities: Annotated[int, U32, "cyclic activities run"]
    refused_sends: Annotated[int, U32, "destinations that refused a message of this app"]
    restarts: Annotated[int, U16, "starts after the first"]
    inbox_high_water: Annotated[
        tuple[Annotated[int, U16], ...], Length(3), "most messages that waited: commands, telemetry, bulk"
    ]


class AppStarted(Event, code=0, severity=Severity.INFO, text="started, restart {restarts}, checkpoint {checkpoint}"):
    """The app is ready."""

    restarts: Annotated[int, U16]
    checkpoint: Annotated[bool, "whether its memory was restored"]


class NoopDone(Event, code=1, severity=Severity.INFO, text="no-op, {mission} {version}"):
    """Answer to NOOP."""

    mission: Annotated[str, UpTo(32)]
    version: Annotated[str, UpTo(16)]


class HandlerFailed(Event, code=2, severity=Severity.ERROR, text="{handler} failed: {error}"):
    """A handler raised; its command failed, the app goes on."""

    handler: Annotated[str, UpTo(48)]
    error: Annotated[str, UpTo(120)]


class StartFailed(Event, code=3, severity=Severity.CRITICAL, text="could not start: {error}"):
    """The app's start raised; it handles nothing until it is restarted."""

    error: Annotated[str, UpTo(120)]


class CommandFailed(Event, code=4, severity=Severity.ERROR, text="command {function} refused or failed: {reason}"):
    """A command was rejected or failed."""

    function: Annotated[int, U8]
    reason: Annotated[str, UpTo(120)]


class TableActivated(Event, code=5, severity=Severity.INFO, text="table {table} activated, CRC-32 {checksum:#010x}"):
    """A table has new content."""

    table: Annotated[str, UpTo(32)]
    checksum: Annotated[int, U32]


class WorkLost(Event, code=6, severity=Severity.ERROR, text="work {work} failed: {reason}"):
    """A worker did not return a result."""

    work: Annotated[str, UpTo(32)]
    reason: Annotated[str, UpTo(120)]


class CheckpointLost(Event, code=7, severity=Severity.ERROR, text="checkpoint unusable: {reason}"):
    """The stored memory, or one stored table, could not be restored; it begins as at the very first start."""

    reason: Annotated[str, UpTo(120)]


class EventsSuppressed(Event, code=8, severity=Severity.INFO, text="{count} events were squelched"):
    """How many events the squelch held back since the last one that passed."""

    count: Annotated[int, U32, Range(1, 2**32 - 1)]


class CheckpointFailed(Event, code=9, severity=Severity.ERROR, text="memory not stored: {reason}"):
    """The app's memory could not be stored; reported once until it can be again. A restart takes the one before."""

    reason: Annotated[str, UpTo(120)]


STANDARD_COMMANDS: tuple[type[Command], ...] = (
    Noop,
    ResetCounters,
    LoadTable,
    ValidateTable,
    ActivateTable,
    AbortTable,
    SetEventFilter,
    EnableEvents,
)
STANDARD_TELEMETRY: tuple[type[Telemetry], ...] = (AppHousekeeping, VerificationReport)
STANDARD_EVENTS: tuple[type[Event], ...] = (
    AppStarted,
    NoopDone,
    HandlerFailed,
    StartFailed,
    CommandFailed,
    TableActivated,
    WorkLost,
    CheckpointLost,
    EventsSuppressed,
    CheckpointFailed,
)
