"""What every app understands and reports without writing a line for it.

Function codes 0 and 1 and 96 to 127, event codes 0 to 31 and the first four telemetry packets of each app belong to the
framework.
"""

from __future__ import annotations

from flightsw.messages.bus import EnableRoute, MailboxReport, ReportMailbox, RouteSwitched
from flightsw.messages.events import (
    ControlEventLog,
    EnableEvents,
    EventCounts,
    EventSettings,
    EventsSuppressed,
    ReportEvents,
    ResetEventFilter,
    SetEventFilter,
    SetEventSquelch,
    SwitchEvents,
)
from flightsw.messages.life import (
    AppHousekeeping,
    AppStarted,
    CheckpointFailed,
    CheckpointLost,
    CommandFailed,
    HandlerFailed,
    Noop,
    NoopDone,
    ResetCounters,
    StartFailed,
    WorkLost,
)
from flightsw.messages.slots import (
    ActivitySwitched,
    EnableActivity,
    EnableGroup,
    GroupSwitched,
    ReportSchedule,
    ScheduleReport,
)
from flightsw.messages.store import JournalNotWritten, StoredDataCorrupt
from flightsw.messages.tables import (
    AbortTable,
    ActivateTable,
    DumpTable,
    DumpTableFile,
    LoadTable,
    LoadTableFile,
    ReportTables,
    TableAborted,
    TableActivated,
    TableContent,
    TableDumped,
    TableLoaded,
    TableRefused,
    TableRegistry,
    TableValidated,
    ValidateTable,
)
from flightsw.messages.tracing import DumpTrace, HandlerTimes, ReportHandlerTimes, TraceDumped, TraceHandlers
from tlm_cmd.definition.message import Command, Event, Telemetry
from tlm_cmd.packets.verification import VerificationReport

FIRST_APP_EVENT = 32
APP_FUNCTION_CODES = range(2, 96)

STANDARD_COMMANDS: tuple[type[Command], ...] = (
    Noop,
    ResetCounters,
    LoadTable,
    ValidateTable,
    ActivateTable,
    AbortTable,
    LoadTableFile,
    DumpTable,
    DumpTableFile,
    ReportTables,
    SetEventFilter,
    EnableEvents,
    EnableRoute,
    ReportMailbox,
    TraceHandlers,
    ReportHandlerTimes,
    DumpTrace,
    ResetEventFilter,
    SetEventSquelch,
    ReportEvents,
    ControlEventLog,
    SwitchEvents,
    EnableActivity,
    EnableGroup,
    ReportSchedule,
)
STANDARD_TELEMETRY: tuple[type[Telemetry], ...] = (
    AppHousekeeping,
    VerificationReport,
    MailboxReport,
    TableRegistry,
    TableContent,
    ScheduleReport,
)
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
    RouteSwitched,
    HandlerTimes,
    TraceDumped,
    TableRefused,
    TableLoaded,
    TableValidated,
    TableAborted,
    TableDumped,
    StoredDataCorrupt,
    JournalNotWritten,
    EventSettings,
    EventCounts,
    ActivitySwitched,
    GroupSwitched,
)
