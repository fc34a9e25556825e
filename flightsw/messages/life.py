"""An app's life: that it runs, what it has counted, and what went wrong."""

from __future__ import annotations

from typing import Annotated

from tlm_cmd.definition.fields import U8, U16, U32, Length, UpTo
from tlm_cmd.definition.message import Command, Event, Severity, Telemetry


class Noop(Command, code=0):
    """Do nothing but answer; shows that the app lives."""


class ResetCounters(Command, code=1):
    """Set the app's command and error counters to zero."""


class AppHousekeeping(Telemetry, period_s=10):
    """How an app is doing."""

    accepted: Annotated[int, U32, "commands accepted"]
    completed: Annotated[int, U32, "commands completed"]
    failed: Annotated[int, U32, "commands rejected or failed"]
    errors: Annotated[int, U32, "handlers that raised, and checkpoints that could not be stored"]
    events: Annotated[int, U32, "events sent"]
    events_disabled: Annotated[int, U32, "events held back because the app's, or their severity, are disabled"]
    events_filtered: Annotated[int, U32, "events held back by a filter"]
    events_squelched: Annotated[int, U32, "events held back by the squelch"]
    events_unlogged: Annotated[int, U32, "events sent that are not in the log on board: it was full, or failed"]
    event_lines_lost: Annotated[int, U32, "events sent of which no line was written for people"]
    messages: Annotated[int, U32, "messages handled"]
    activities: Annotated[int, U32, "cyclic activities run"]
    refused_sends: Annotated[int, U32, "destinations that refused a message of this app"]
    restarts: Annotated[int, U16, "starts after the first"]
    store_faults: Annotated[int, U16, "stored generations found corrupt, and times that something was not stored"]
    inbox_high_water: Annotated[
        tuple[Annotated[int, U16], ...], Length(3), "most messages that waited: commands, telemetry, bulk"
    ]


class AppStarted(
    Event, code=0, severity=Severity.INFO, text="started after {restarts} restarts, memory restored: {checkpoint}"
):
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


class WorkLost(Event, code=6, severity=Severity.ERROR, text="work {work} failed: {reason}"):
    """A worker did not return a result."""

    work: Annotated[str, UpTo(32)]
    reason: Annotated[str, UpTo(120)]


class CheckpointLost(Event, code=7, severity=Severity.ERROR, text="checkpoint unusable: {reason}"):
    """The stored memory, or one stored table, could not be restored; it begins as at the very first start."""

    reason: Annotated[str, UpTo(120)]


class CheckpointFailed(Event, code=9, severity=Severity.ERROR, text="memory not stored: {reason}"):
    """The app's memory could not be stored; reported once until it can be again. A restart takes the one before."""

    reason: Annotated[str, UpTo(120)]
