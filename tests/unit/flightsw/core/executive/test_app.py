from __future__ import annotations

import msgspec
import pytest

from flightsw.app import Ticket
from flightsw.core.executive.app import MAX_OPEN_REQUESTS, REQUEST_LIMIT_S
from flightsw.core.executive.messages import (
    AppFailureIgnored,
    AppReport,
    AppRestarted,
    BootStateChanged,
    ClearResetCount,
    ClearResetLog,
    DumpAllTraces,
    DumpResetLog,
    ExecutiveStatus,
    PowerOnReset,
    ProcessorReset,
    QueryAllApps,
    QueryApp,
    ReloadApp,
    ResetLogReport,
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
from flightsw.devices.errors import NoReplyError
from flightsw.devices.watchdog import Watchdog
from flightsw.messages.tracing import DumpTrace, TraceHandlers
from flightsw.runtime.keeping.reset_record import LogClock, ResetEntry, ResetKind, ResetSubtype
from flightsw.runtime.keeping.start_gate import BootState
from flightsw.runtime.supervision import (
    AppAction,
    AppState,
    Booted,
    BootStateReached,
    FailureIgnored,
    NeedMissing,
    RequestDone,
    RestartNotice,
)
from flightsw.testing import Bench
from tlm_cmd.definition.message import Command
from tlm_cmd.packets.verification import MAX_REASON_OCTETS, FailureCode, Stage, VerificationReport

ENTRY = ResetEntry(5, LogClock.VEHICLE_MONOTONIC, ResetKind.PROCESSOR, ResetSubtype.WATCHDOG, "power", "bitten")


class FakeWatchdog:
    """A watchdog that notes what is done with it."""

    def __init__(self) -> None:
        self.timeouts_s: list[int] = []
        self.strokes = 0
        self.dead = False

    def arm(self, timeout_s: int) -> None:
        """Note it."""
        self.timeouts_s.append(timeout_s)

    def stroke(self) -> None:
        """Note it, or be dead."""
        if self.dead:
            raise NoReplyError("watchdog", 3)
        self.strokes += 1


@pytest.fixture
def watchdog() -> FakeWatchdog:
    """The vehicle's watchdog."""
    return FakeWatchdog()


@pytest.fixture
def bench(watchdog: FakeWatchdog) -> Bench:
    """The executive, running, as a critical app."""
    bench = Bench("flightsw.core.executive", devices={Watchdog: watchdog})
    bench.apps["executive"] = msgspec.structs.replace(bench.apps["executive"], critical=True)
    bench.start()
    return bench


def final(bench: Bench, ticket: Ticket) -> VerificationReport:
    """The newest report about a command."""
    return bench.reports(ticket.request)[-1]


# -------------------------------------------------------------------- requests


@pytest.mark.parametrize(
    ("command", "action"),
    [
        (StartApp("executive"), AppAction.START),
        (RestartApp("executive"), AppAction.RESTART),
        (ReloadApp("executive"), AppAction.RELOAD),
    ],
)
def test_a_request_is_answered_when_it_is_carried_out(bench: Bench, command: Command, action: AppAction) -> None:
    """The command stays open until the keeper says that it is done, and then completes."""
    assert bench.command(command).stage is Stage.STARTED
    (request,) = bench.requests
    assert (request.action, request.app) == (action, "executive")
    bench.notices = [RequestDone(request.ticket)]
    bench.advance(1)
    assert final(bench, request.ticket).stage is Stage.COMPLETED


def test_a_request_that_cannot_be_carried_out_fails_with_the_reason(bench: Bench) -> None:
    """The keeper's reason is the controller's."""
    bench.command(StartApp("executive"))
    ticket = bench.requests[0].ticket
    bench.notices = [RequestDone(ticket, "executive runs already")]
    bench.advance(1)
    assert (final(bench, ticket).stage, final(bench, ticket).reason) == (Stage.FAILED, "executive runs already")


def test_a_request_without_answer_fails_in_time(bench: Bench) -> None:
    """Not earlier, and a late answer does no harm."""
    bench.command(RestartApp("executive"))
    ticket = bench.requests[0].ticket
    bench.advance(REQUEST_LIMIT_S - 1)
    assert not final(bench, ticket).stage.final
    bench.advance(2)
    assert (final(bench, ticket).stage, final(bench, ticket).reason) == (Stage.FAILED, "it was not carried out in time")


def test_open_requests_have_a_bound(bench: Bench) -> None:
    """One more is refused, and answered requests make room."""
    for _ in range(MAX_OPEN_REQUESTS):
        assert bench.command(RestartApp("executive")).stage is Stage.STARTED
    refused = bench.command(RestartApp("executive"))
    assert (refused.stage, refused.reason) == (Stage.FAILED, f"{MAX_OPEN_REQUESTS} requests are open already")
    bench.notices = [RequestDone(bench.requests[0].ticket)]
    bench.advance(1)
    assert bench.command(RestartApp("executive")).stage is Stage.STARTED


@pytest.mark.parametrize("command", [RestartApp, StartApp, StopApp, ReloadApp, QueryApp])
def test_an_app_that_there_is_not_is_refused(bench: Bench, command: type[RestartApp]) -> None:
    """The reason names the apps that there are."""
    report = bench.command(command("nobody"))
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.BAD_ARGUMENT)
    assert report.reason == "no app 'nobody', there is executive"
    assert bench.requests == []


def test_the_executive_cannot_be_stopped(bench: Bench) -> None:
    """Nobody would be left to start it."""
    report = bench.command(StopApp("executive"))
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.BAD_ARGUMENT)
    assert bench.requests == []


@pytest.mark.parametrize(("command", "power_on"), [(ProcessorReset(), False), (PowerOnReset(), True)])
def test_a_reset_is_completed_behind_it(bench: Bench, command: Command, *, power_on: bool) -> None:
    """Even when the executive has forgotten, as after a power-on reset, that it was asked for one."""
    assert bench.command(command).stage is Stage.STARTED
    ((ticket, found),) = bench.resets_requested
    assert found == power_on
    if power_on:
        bench._stored.clear()
    bench.restart()
    bench.notices = [RequestDone(ticket)]
    bench.advance(1)
    assert final(bench, ticket).stage is Stage.COMPLETED


# -------------------------------------------------------------------- what befalls apps


def test_restarts_are_reported_once(bench: Bench) -> None:
    """Each notice becomes one event; a long cause is cut to what the event carries."""
    bench.notices = [
        RestartNotice("thermal", "ü" * 100),
        RestartNotice("power", "died", exhausted=True),
        FailureIgnored("camera", "died"),
        NeedMissing("payload", "power", started=True),
        NeedMissing("products", "power", started=False),
    ]
    bench.advance(5)
    assert bench.sent(AppRestarted) == [AppRestarted("thermal", "ü" * (MAX_REASON_OCTETS // 2))]
    assert bench.sent(RestartsExhausted) == [RestartsExhausted("power")]
    assert bench.sent(AppFailureIgnored) == [AppFailureIgnored("camera", "died")]
    assert bench.sent(StartedWithoutNeed) == [StartedWithoutNeed("payload", "power")]
    assert bench.sent(StaysOutWithoutNeed) == [StaysOutWithoutNeed("products", "power")]


def test_a_boot_is_reported(bench: Bench) -> None:
    """The states as they are reached, the reset that led to it, and that the vehicle is to be in safe mode."""
    bench.reset_record.resets_ns = [1, 2, 3]
    bench.reset_record.safe_mode = True
    bench.notices = [
        Booted(ENTRY, 4, safe_mode=True),
        BootStateReached(BootState.CORE_READY, 7),
        BootStateReached(BootState.OPERATIONAL, 8),
    ]
    bench.advance(1)
    assert bench.sent(SoftwareReset) == [SoftwareReset(ENTRY.kind, ENTRY.subtype, "power", "bitten")]
    assert bench.sent(SafeModeRequired) == [SafeModeRequired(3)]
    assert bench.sent(BootStateChanged) == [
        BootStateChanged(BootState.CORE_READY, 7),
        BootStateChanged(BootState.OPERATIONAL, 8),
    ]
    status = bench.latest(ExecutiveStatus)
    assert (status.safe_mode, status.processor_resets) == (True, 3)


# -------------------------------------------------------------------- questions


@pytest.mark.parametrize("question", [QueryApp("executive"), QueryAllApps()])
def test_an_app_is_reported_on(bench: Bench, question: Command) -> None:
    """State, process, policy, needs and inboxes."""
    assert bench.command(question).stage is Stage.COMPLETED
    (report,) = bench.sent(AppReport)
    assert (report.app, report.state, report.process, report.critical) == ("executive", AppState.RUNNING, "core", True)
    assert (report.depth, report.max_restarts, report.restart_window) == ((64, 256, 64), 8, 60)


def test_the_reset_log_is_dumped_and_cleared(bench: Bench) -> None:
    """In as many packets as it takes; an empty log is one empty packet."""
    bench.reset_record.log = [ENTRY] * 19
    bench.reset_record.overwritten = 2
    bench.command(DumpResetLog())
    reports = bench.sent(ResetLogReport)
    assert [(report.entries, report.first, len(report.log)) for report in reports] == [
        (19, 0, 8),
        (19, 8, 8),
        (19, 16, 3),
    ]
    assert (reports[0].overwritten, reports[0].log[0].reason, reports[0].log[0].at_ns) == (2, "bitten", 5)
    bench.command(ClearResetLog())
    bench.command(DumpResetLog())
    assert bench.latest(ResetLogReport) == ResetLogReport(0, 0, 0, ())


def test_the_reset_count_is_cleared(bench: Bench) -> None:
    """And with it the wish for safe mode."""
    bench.reset_record.resets_ns = [1]
    bench.reset_record.safe_mode = True
    bench.command(ClearResetCount())
    assert (bench.reset_record.resets_ns, bench.reset_record.safe_mode) == ([], False)


def test_all_apps_are_traced_by_commands(bench: Bench) -> None:
    """Each app is commanded, as the ground could."""
    bench.command(TraceAllHandlers(enabled=True))
    bench.command(DumpAllTraces())
    assert bench.commands == [TraceHandlers(enabled=True), DumpTrace()]


def test_the_account_is_published(bench: Bench) -> None:
    """Every ten seconds the ledger goes out, closed."""
    bench.advance(20)
    statuses = bench.sent(ExecutiveStatus)
    assert len(statuses) == 2
    assert (statuses[0].apps, statuses[0].processes, statuses[0].ledger_closed) == (1, 1, True)


# -------------------------------------------------------------------- the watchdog


def test_the_watchdog_is_stroked_while_all_is_well(bench: Bench, watchdog: FakeWatchdog) -> None:
    """It is armed once with the mission's time-out, and stroked every five seconds."""
    bench.advance(50)
    assert (watchdog.timeouts_s, watchdog.strokes) == ([30], 10)
    assert bench.latest(ExecutiveStatus).watchdog_stroked


def test_the_watchdog_is_not_stroked_while_a_critical_app_is_not_well(bench: Bench, watchdog: FakeWatchdog) -> None:
    """It is said once because of whom; when all is well again it is stroked again."""
    bench.advance(25)
    bench.app_state = AppState.STOPPED
    bench.advance(20)
    assert watchdog.strokes == 5
    assert bench.sent(WatchdogWithheld) == [WatchdogWithheld("executive", "is STOPPED")]
    assert not bench.latest(ExecutiveStatus).watchdog_stroked
    bench.app_state = AppState.RUNNING
    bench.advance(25)
    assert watchdog.strokes == 10


def test_a_watchdog_that_does_not_answer_is_reported_once(bench: Bench, watchdog: FakeWatchdog) -> None:
    """Until it answers again."""
    watchdog.dead = True
    bench.advance(20)
    watchdog.dead = False
    bench.advance(5)
    watchdog.dead = True
    bench.advance(5)
    assert bench.sent(WatchdogFailed) == [WatchdogFailed("watchdog: request 0x03 was not answered")] * 2


def test_a_vehicle_may_have_no_watchdog() -> None:
    """Then nothing is stroked, and nothing said."""
    bench = Bench("flightsw.core.executive")
    bench.start()
    bench.advance(10)
    assert not bench.latest(ExecutiveStatus).watchdog_stroked
    assert bench.sent(WatchdogFailed) == bench.sent(WatchdogWithheld) == []
