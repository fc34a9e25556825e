"""Interface of the executive."""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Annotated

from flightsw.messages.bus import DropCount
from flightsw.mission_life import OnFailure
from flightsw.runtime.keeping.reset_record import LogClock, ResetKind, ResetSubtype
from flightsw.runtime.keeping.start_gate import BootState
from flightsw.runtime.supervision import AppState
from tlm_cmd.definition.fields import U8, U16, U32, U64, Length, Unit, UpTo
from tlm_cmd.definition.message import Command, Event, Record, Severity, Telemetry
from tlm_cmd.packets.verification import MAX_REASON_OCTETS

MAX_REPORTED_NEEDS = 16
MAX_REPORTED_WORKERS = 8
MAX_REPORTED_ENTRIES = 8
"""Entries of the reset log in one packet; a dump takes as many packets as it needs."""

AppName = Annotated[str, UpTo(32), "the app's name in the mission"]


@unique
class FailurePolicy(IntEnum):
    """What follows when an app fails, as the mission says."""

    IGNORE = 0
    RESTART_APP = 1
    RESTART_GROUP = 2
    PROCESSOR_RESET = 3

    @classmethod
    def of(cls, on_failure: OnFailure) -> FailurePolicy:
        """The number of a policy."""
        return cls[on_failure.name]


# -------------------------------------------------------------------- commands


class RestartApp(Command, code=2):
    """Restart one app from its checkpoint, whatever its state; others of its process go on."""

    app: AppName


class StartApp(Command, code=3):
    """Start an app that was stopped, could not start, or was given up."""

    app: AppName


class StopApp(Command, code=4):
    """Stop an app in good order; its commands are rejected until it is started. A processor reset starts it as well."""

    app: AppName


class ReloadApp(Command, code=5):
    """Take new code of an app's package from disk and restart the app with it; its messages must be the same."""

    app: AppName


class QueryApp(Command, code=6):
    """Report on one app."""

    app: AppName


class QueryAllApps(Command, code=7):
    """Report on every app."""


class ProcessorReset(Command, code=8, hazardous=True):
    """End all flight software and start it again with what is stored: checkpoints, tables, logs."""


class PowerOnReset(Command, code=9, hazardous=True):
    """End all flight software and start it as when power comes on: nothing that was stored is kept."""


class DumpResetLog(Command, code=10):
    """Report the exception and reset log."""


class ClearResetLog(Command, code=11):
    """Empty the exception and reset log."""


class ClearResetCount(Command, code=12):
    """Count processor resets anew, and ask for safe mode no longer."""


class TraceAllHandlers(Command, code=13):
    """Measure how long the handlers of all apps run, or do so no longer; commands every app to TRACE_HANDLERS."""

    enabled: bool


class DumpAllTraces(Command, code=14):
    """Have every app write its trace; commands every app to DUMP_TRACE."""


# -------------------------------------------------------------------- telemetry


class ExecutiveStatus(Telemetry, period_s=10):
    """Processes, restarts and the bus's ledger over all processes."""

    apps: Annotated[int, U16, "running"]
    processes: Annotated[int, U16, "operating-system processes of apps"]
    restarts: Annotated[int, U32, "apps restarted since boot, for any cause"]
    sent: Annotated[int, U64, "messages sent on the bus"]
    offered: Annotated[int, U64, "sent x destinations"]
    delivered: Annotated[int, U64]
    queued: Annotated[int, U32]
    dropped: Annotated[tuple[DropCount, ...], UpTo(16)]
    unrouted: Annotated[int, U64, "sent while nobody was subscribed"]
    ledger_closed: bool
    slots_skipped: Annotated[int, U32, "slots of the cyclic scheduler that were too late to run"]
    slots_overrun: Annotated[int, U32, "times a slot of the cyclic scheduler was found late"]
    boot_state: BootState
    boots: Annotated[int, U32, "starts of the flight software since power-on"]
    processor_resets: Annotated[int, U8, "that nobody commanded, within the window"]
    safe_mode: Annotated[bool, "there were too many of them: the vehicle is to be in safe mode"]
    watchdog_stroked: Annotated[bool, "every critical app is healthy and the watchdog was stroked"]


class WorkerReport(Record):
    """A worker process of an app."""

    work: Annotated[str, UpTo(32), "name of the work it does"]
    pid: Annotated[int, U32, "0 when it does not run"]
    waiting: Annotated[int, U16, "pieces of work not answered yet"]
    restarts: Annotated[int, U16, "worker processes started after the first"]


class AppReport(Telemetry):
    """Everything that the executive knows of one app."""

    app: AppName
    state: AppState
    process: Annotated[str, UpTo(32), "of the mission, in which it lives"]
    pid: Annotated[int, U32, "of its process; 0 when it does not run, and in lock-step"]
    critical: bool
    restarts: Annotated[int, U16, "starts after the first, by the app's own memory"]
    failures: Annotated[int, U16, "within the window of its policy"]
    handlers: Annotated[int, U64, "messages handled since it was last started"]
    activities: Annotated[int, U64, "activities run since then"]
    cycles: Annotated[int, U64, "slots that came round since then"]
    heard_s: Annotated[int, U32, Unit("s"), "vehicle time since its process was heard"]
    advanced_s: Annotated[int, U32, Unit("s"), "vehicle time since it was last seen to run a slot or handle a message"]
    queued: Annotated[tuple[Annotated[int, U16], ...], Length(3), "messages that wait: commands, telemetry, bulk"]
    high_water: Annotated[tuple[Annotated[int, U16], ...], Length(3), "most that ever waited"]
    depth: Annotated[tuple[Annotated[int, U16], ...], Length(3), "that may wait"]
    on_failure: FailurePolicy
    max_restarts: Annotated[int, U16, "within the window; one more failure exhausts them"]
    restart_window: Annotated[int, U32, Unit("s")]
    needs: Annotated[tuple[Annotated[str, UpTo(32)], ...], UpTo(MAX_REPORTED_NEEDS)]
    workers: Annotated[tuple[WorkerReport, ...], UpTo(MAX_REPORTED_WORKERS)]


class ResetLogEntry(Record):
    """One entry of the exception and reset log."""

    at_ns: Annotated[int, U64, Unit("ns"), "when"]
    clock: Annotated[LogClock, "of that time"]
    kind: ResetKind
    subtype: ResetSubtype
    app: Annotated[str, UpTo(32), "that caused it or was restarted, empty when none is known"]
    reason: Annotated[str, UpTo(MAX_REASON_OCTETS), "for people"]


class ResetLogReport(Telemetry):
    """A part of the exception and reset log, oldest entries first."""

    entries: Annotated[int, U8, "in the whole log"]
    first: Annotated[int, U8, "number of the first one here, from 0"]
    overwritten: Annotated[int, U32, "older entries for which there was no more room"]
    log: Annotated[tuple[ResetLogEntry, ...], UpTo(MAX_REPORTED_ENTRIES)]


# -------------------------------------------------------------------- events


class AppRestarted(Event, code=32, severity=Severity.ERROR, text="{app} restarted: {cause}"):
    """An app was restarted."""

    app: AppName
    cause: Annotated[str, UpTo(MAX_REASON_OCTETS)]


class RestartsExhausted(Event, code=33, severity=Severity.CRITICAL, text="{app} failed too often, no more restarts"):
    """An app is left stopped because it failed too often within the window."""

    app: AppName


class AppFailureIgnored(Event, code=34, severity=Severity.ERROR, text="{app} failed and is left so: {cause}"):
    """An app has failed, and its policy is to leave it at that."""

    app: AppName
    cause: Annotated[str, UpTo(MAX_REASON_OCTETS)]


class StartedWithoutNeed(Event, code=35, severity=Severity.ERROR, text="{app} started without {need}"):
    """An app has waited in vain for one that it needs, and was started all the same."""

    app: AppName
    need: AppName


class StaysOutWithoutNeed(Event, code=36, severity=Severity.CRITICAL, text="{app} stays out, {need} did not come up"):
    """An app has waited in vain for one that it needs, and is not started."""

    app: AppName
    need: AppName


class BootStateChanged(Event, code=37, severity=Severity.INFO, text="boot state {state} at {at_monotonic_ns} ns"):
    """The vehicle's start has come to a state."""

    state: BootState
    at_monotonic_ns: Annotated[int, U64, Unit("ns"), "vehicle time"]


class SoftwareReset(Event, code=38, severity=Severity.CRITICAL, text="reset {kind} {subtype} {app}: {reason}"):
    """The flight software was reset, and has come up again."""

    kind: ResetKind
    subtype: ResetSubtype
    app: Annotated[str, UpTo(32)]
    reason: Annotated[str, UpTo(MAX_REASON_OCTETS)]


class SafeModeRequired(
    Event, code=39, severity=Severity.CRITICAL, text="{resets} processor resets: safe mode required"
):
    """There were too many processor resets; the mode manager brings the vehicle into safe mode."""

    resets: Annotated[int, U8]


class WatchdogWithheld(Event, code=40, severity=Severity.CRITICAL, text="watchdog not stroked: {app} {reason}"):
    """A critical app is not healthy; unless it is again in time the watchdog resets the on-board computer."""

    app: AppName
    reason: Annotated[str, UpTo(MAX_REASON_OCTETS)]


class WatchdogFailed(Event, code=41, severity=Severity.ERROR, text="watchdog: {error}"):
    """The watchdog did not answer."""

    error: Annotated[str, UpTo(MAX_REASON_OCTETS)]
