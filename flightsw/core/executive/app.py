"""The executive app: the face on the bus of what keeps the apps alive."""

from __future__ import annotations

from typing import assert_never

import msgspec

from flightsw.app import App, Refused, Ticket, every, handles
from flightsw.core.executive.messages import (
    AppFailureIgnored,
    AppRestarted,
    BootStateChanged,
    ClearResetCount,
    ClearResetLog,
    DumpAllTraces,
    DumpResetLog,
    PowerOnReset,
    ProcessorReset,
    QueryAllApps,
    QueryApp,
    ReloadApp,
    RestartApp,
    RestartsExhausted,
    SafeModeRequired,
    SoftwareReset,
    StartApp,
    StartedWithoutNeed,
    StaysOutWithoutNeed,
    StopApp,
    TraceAllHandlers,
    WatchdogFailed,
    WatchdogWithheld,
)
from flightsw.core.executive.reports import app_report, reset_log_reports, status
from flightsw.core.executive.watch import Stroker
from flightsw.messages.tracing import DumpTrace, TraceHandlers
from flightsw.runtime.keeping.reset_record import ResetKind, ResetSubtype
from flightsw.runtime.keeping.start_gate import BootState
from flightsw.runtime.supervision import (
    AppAction,
    AppRequest,
    Booted,
    BootStateReached,
    FailureIgnored,
    NeedMissing,
    Notice,
    RequestDone,
    RestartNotice,
    Supervision,
)
from tlm_cmd.packets.verification import FailureCode, shorten

NANOSECONDS = 1_000_000_000
MAX_OPEN_REQUESTS = 32
REQUEST_LIMIT_S = 45
"""Host time within which a request is carried out or failed; more than the keeper gives an app to start."""


class OpenRequest(msgspec.Struct):
    """A command that waits for something to be done.

    Attributes:
        ticket: the command.
        deadline_ns: vehicle time at which it is failed.
    """

    ticket: Ticket
    deadline_ns: int


class ExecutiveState(msgspec.Struct):
    """What the executive remembers; what it decides by is kept by those who keep the apps.

    Attributes:
        open: commands that wait for something to be done, oldest first.
    """

    open: list[OpenRequest] = []


class Executive(App):
    """Has apps started, stopped and restarted by command, reports what befalls them, and strokes the watchdog."""

    state: ExecutiveState

    @property
    def _supervision(self) -> Supervision:
        return self.container.surroundings.supervision

    def start(self) -> None:
        """Find the watchdog, if the vehicle has one."""
        self._stroker = Stroker(self.name, self.container.surroundings, self.now_ns)

    # ---------------------------------------------------------------- the life of apps

    @handles(RestartApp)
    def restart_app(self, command: RestartApp) -> None:
        """Restart one app."""
        self._ask(AppAction.RESTART, command.app)

    @handles(StartApp)
    def start_app(self, command: StartApp) -> None:
        """Start one app."""
        self._ask(AppAction.START, command.app)

    @handles(StopApp)
    def stop_app(self, command: StopApp) -> None:
        """Stop one app, any but this one: nobody would be left to start it."""
        if command.app == self.name:
            raise Refused(f"{self.name} cannot be stopped, nothing could start it again", FailureCode.BAD_ARGUMENT)
        self._ask(AppAction.STOP, command.app)

    @handles(ReloadApp)
    def reload_app(self, command: ReloadApp) -> None:
        """Give one app new code."""
        self._ask(AppAction.RELOAD, command.app)

    @handles(ProcessorReset)
    def processor_reset(self, _: ProcessorReset) -> None:
        """Reset the processor; the command is completed behind the reset."""
        self._supervision.request_reset(self._open(), power_on=False)

    @handles(PowerOnReset)
    def power_on_reset(self, _: PowerOnReset) -> None:
        """Forget everything; the command is completed behind the reset."""
        self._supervision.request_reset(self._open(), power_on=True)

    def _ask(self, action: AppAction, app: str) -> None:
        self._check_app(app)
        self._supervision.request(AppRequest(self._open(), action, app))

    def _check_app(self, app: str) -> None:
        known = [each.name for each in self.container.surroundings.dictionary.apps]
        if app not in known:
            raise Refused(f"no app {app!r}, there is {', '.join(known)}", FailureCode.BAD_ARGUMENT)

    def _open(self) -> Ticket:
        if len(self.state.open) >= MAX_OPEN_REQUESTS:
            raise Refused(f"{MAX_OPEN_REQUESTS} requests are open already")
        ticket = self.defer()
        limit_ns = round(REQUEST_LIMIT_S * NANOSECONDS * max(1.0, self._supervision.pace))
        self.state.open.append(OpenRequest(ticket, self.now_ns + limit_ns))
        return ticket

    # ---------------------------------------------------------------- questions

    @handles(QueryApp)
    def query_app(self, command: QueryApp) -> None:
        """Report on one app."""
        self._check_app(command.app)
        for account in self._supervision.account().each:
            if account.app == command.app:
                self.send(app_report(account, self.container.surroundings.apps, self.now_ns))

    @handles(QueryAllApps)
    def query_all_apps(self, _: QueryAllApps) -> None:
        """Report on every app."""
        for account in self._supervision.account().each:
            self.send(app_report(account, self.container.surroundings.apps, self.now_ns))

    @handles(DumpResetLog)
    def dump_reset_log(self, _: DumpResetLog) -> None:
        """Report the exception and reset log."""
        for report in reset_log_reports(self._supervision.record()):
            self.send(report)

    @handles(ClearResetLog)
    def clear_reset_log(self, _: ClearResetLog) -> None:
        """Empty the log."""
        self._supervision.clear_log()

    @handles(ClearResetCount)
    def clear_reset_count(self, _: ClearResetCount) -> None:
        """Count processor resets anew."""
        self._supervision.forget_resets()

    @handles(TraceAllHandlers)
    def trace_all_handlers(self, command: TraceAllHandlers) -> None:
        """Have every app measured."""
        for app in self.container.surroundings.apps:
            self.command(app, TraceHandlers(command.enabled))

    @handles(DumpAllTraces)
    def dump_all_traces(self, _: DumpAllTraces) -> None:
        """Have every app write its trace."""
        for app in self.container.surroundings.apps:
            self.command(app, DumpTrace())

    # ---------------------------------------------------------------- what befalls them

    @every(seconds=0.5)
    def take_notices(self) -> None:
        """Turn the keeper's notices into verdicts and events."""
        for notice in self._supervision.take_notices():
            self._take(notice)
        for request in tuple(self.state.open):
            if self.now_ns >= request.deadline_ns:
                self._finish(request.ticket, "it was not carried out in time")

    def _take(self, notice: Notice) -> None:
        match notice:
            case RequestDone(ticket, reason):
                self._finish(ticket, reason)
            case RestartNotice(app, _, True):
                self.event(RestartsExhausted(app))
            case RestartNotice(app, cause, _):
                self.event(AppRestarted(app, shorten(cause)))
            case FailureIgnored(app, cause):
                self.event(AppFailureIgnored(app, shorten(cause)))
            case NeedMissing(app, need, started):
                self.event(StartedWithoutNeed(app, need) if started else StaysOutWithoutNeed(app, need))
            case BootStateReached(state, at_ns):
                self.event(BootStateChanged(state, at_ns))
                if state is BootState.OPERATIONAL:
                    self.report_status()
            case Booted():
                self._take_boot(notice)
            case _:
                assert_never(notice)

    def _take_boot(self, notice: Booted) -> None:
        entry = notice.entry
        if (entry.kind, entry.subtype) != (ResetKind.POWER_ON, ResetSubtype.POWER_CYCLE):
            self.event(SoftwareReset(entry.kind, entry.subtype, entry.app, shorten(entry.reason)))
        if notice.safe_mode:
            self.event(SafeModeRequired(min(255, len(self._supervision.record().resets_ns))))

    def _finish(self, ticket: Ticket, reason: str) -> None:
        """Give the verdict on a request; one that a power-on reset has wiped from the memory is taken up for that."""
        self.state.open = [request for request in self.state.open if request.ticket != ticket]
        self.container.adopt(ticket)
        if reason:
            self.fail(ticket, reason)
        else:
            self.complete(ticket)

    # ---------------------------------------------------------------- the vehicle as a whole

    @every(seconds=5, offset=0.2)
    def stroke_watchdog(self) -> None:
        """Stroke the watchdog, if every critical app is healthy."""
        outcome = self._stroker.stroke(self._supervision.account(), self.now_ns)
        if outcome.unhealthy:
            self.event(WatchdogWithheld(outcome.unhealthy, shorten(outcome.reason)))
        if outcome.error:
            self.event(WatchdogFailed(shorten(outcome.error)))

    @every(seconds=10, offset=9.5)
    def report_status(self) -> None:
        """Publish the account of apps and bus."""
        supervision = self._supervision
        self.send(status(supervision.account(), supervision.record(), watchdog_stroked=self._stroker.stroked))
