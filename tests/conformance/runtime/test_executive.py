"""The life of apps is the same in lock-step and in processes: started, stopped, reloaded, failed, reset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flight.harness import SmallFlight
from flight.sink.messages import AskStatus, FailToStart, Raise, Remember, SinkStatus

from flightsw.core.executive.messages import (
    AppFailureIgnored,
    AppReport,
    AppRestarted,
    BootStateChanged,
    ClearResetLog,
    DumpResetLog,
    ExecutiveStatus,
    PowerOnReset,
    ProcessorReset,
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
)
from flightsw.messages.life import AppStarted, Noop
from flightsw.messages.tracing import HandlerTimes, ReportHandlerTimes, TraceHandlers
from flightsw.runtime.keeping.reset_record import ResetKind, ResetSubtype
from flightsw.runtime.keeping.start_gate import BootState
from flightsw.runtime.supervision import AppState
from tlm_cmd.definition.message import Command
from tlm_cmd.packets.verification import FailureCode, Stage

Fly = Callable[[dict[str, str]], SmallFlight]
SINK = 'process = "sink"\nmax_restarts = 100\n'
APPS = ("executive", "gate", "source", "sink")


def running(flight: SmallFlight, apps: int = 4) -> SmallFlight:
    """The flight, with so many apps running."""
    flight.until(lambda: flight.vehicle.account().apps == apps, "the apps")
    return flight


def value(flight: SmallFlight) -> int:
    """What the sink remembers."""
    return flight.ask("sink", AskStatus(), SinkStatus).value


def failed(flight: SmallFlight, app: str, command: Command) -> str:
    """Send a command that must fail; returns why."""
    verdict = flight.command(app, command)
    assert verdict.stage is Stage.FAILED
    return verdict.reason


def rejected(flight: SmallFlight, app: str) -> str:
    """Send a NOOP that must be rejected; returns why."""
    verdict = flight.command(app, Noop())
    assert (verdict.stage, verdict.code) == (Stage.REJECTED, FailureCode.APP_UNAVAILABLE)
    return verdict.reason


def state(flight: SmallFlight, app: str) -> AppState:
    """How an app is, by the keeper's account."""
    return next(each.state for each in flight.vehicle.account().each if each.app == app)


# -------------------------------------------------------------------- by command


def test_a_stopped_app_rejects_its_commands_until_it_is_started(flight: SmallFlight) -> None:
    """Its memory is kept; stopping and starting twice fails with the reason; the others go on."""
    flight.command("sink", Remember(5))
    assert flight.command("executive", StopApp("sink")).stage is Stage.COMPLETED
    assert state(flight, "sink") is AppState.STOPPED
    assert rejected(flight, "sink") == "sink is stopped by command"
    assert failed(flight, "executive", StopApp("sink")) == "sink is stopped already"
    assert flight.command("source", Noop()).stage is Stage.COMPLETED
    assert flight.command("executive", StartApp("sink")).stage is Stage.COMPLETED
    assert value(flight) == 5
    assert failed(flight, "executive", StartApp("sink")) == "sink runs already"
    assert len(flight.messages(AppStarted, "sink")) == 2


def test_an_app_is_reported_on(flight: SmallFlight) -> None:
    """State, process, counters, inboxes and policy are what they are."""
    flight.command("sink", Remember(1))
    flight.until(lambda: flight.ask("executive", QueryApp("sink"), AppReport).cycles > 3, "its cycles")
    report = flight.messages(AppReport)[-1]
    assert (report.app, report.state, report.process) == ("sink", AppState.RUNNING, "sink")
    assert (report.restarts, report.failures, report.max_restarts, report.needs) == (0, 0, 100, ())
    assert report.handlers > 0 < report.activities <= report.cycles
    assert (report.depth, report.queued) == ((64, 256, 64), (0, 0, 0))
    assert report.advanced_s <= 30
    assert report.workers == ()


def test_a_processor_reset_keeps_what_is_stored(flight: SmallFlight) -> None:
    """Every app starts again with its memory, the command is completed behind the reset, and the log tells of it."""
    flight.command("sink", Remember(7))
    assert flight.command("executive", ProcessorReset()).stage is Stage.COMPLETED
    running(flight)
    assert value(flight) == 7
    assert [len(flight.messages(AppStarted, app)) for app in APPS] == [2, 2, 2, 2]
    flight.until(lambda: bool(flight.messages(SoftwareReset)), "the event")
    assert flight.messages(SoftwareReset) == [
        SoftwareReset(ResetKind.PROCESSOR, ResetSubtype.COMMAND, "", "by command")
    ]
    log = flight.ask("executive", DumpResetLog(), ResetLogReport)
    assert [(entry.kind, entry.subtype) for entry in log.log] == [
        (ResetKind.POWER_ON, ResetSubtype.POWER_CYCLE),
        (ResetKind.PROCESSOR, ResetSubtype.COMMAND),
    ]
    assert log.log[1].at_ns > log.log[0].at_ns
    flight.command("executive", ClearResetLog())
    flight.until(lambda: flight.ask("executive", DumpResetLog(), ResetLogReport).entries == 0, "an empty log")


def test_a_power_on_reset_keeps_nothing(flight: SmallFlight) -> None:
    """Every app starts as for the first time, the log knows of nothing before, and the command is completed."""
    flight.command("sink", Remember(7))
    flight.vehicle.crash("sink")
    flight.until(lambda: bool(flight.messages(AppRestarted)), "the restart")
    running(flight)
    assert flight.command("executive", PowerOnReset()).stage is Stage.COMPLETED
    running(flight)
    found = flight.ask("sink", AskStatus(), SinkStatus)
    assert (found.value, found.restarts) == (0, 0)
    log = flight.ask("executive", DumpResetLog(), ResetLogReport)
    assert [(entry.kind, entry.subtype) for entry in log.log] == [(ResetKind.POWER_ON, ResetSubtype.COMMAND)]


def test_handlers_are_measured_by_command(flight: SmallFlight) -> None:
    """The runs are counted the same; times of the host show in processes, and never in lock-step."""
    assert failed(flight, "sink", ReportHandlerTimes()).startswith("no handler was measured")
    flight.command("sink", TraceHandlers(enabled=True))
    for number in range(3):
        flight.command("sink", Remember(number))
    flight.command("sink", TraceHandlers(enabled=False))
    flight.command("sink", Remember(9))
    flight.command("sink", ReportHandlerTimes())
    flight.until(lambda: any(each.handler == "Remember" for each in flight.messages(HandlerTimes)), "the times")
    (times,) = [each for each in flight.messages(HandlerTimes) if each.handler == "Remember"]
    assert times.count == 3
    assert 0 <= times.p50_us <= times.p99_us <= times.longest_us
    assert (times.longest_us > 0) <= (type(flight.vehicle).__name__ == "ProcessVehicle")


# -------------------------------------------------------------------- new code

NOVICE_MESSAGES = """
from typing import Annotated
from tlm_cmd.definition.fields import U32
from tlm_cmd.definition.message import Command, Telemetry

class Ask(Command, code=2):
    "Ask."

class Answer(Telemetry):
    "Answer."
    value: Annotated[int, U32]
"""
NOVICE_APP = """
from flightsw.app import App, handles
from {package}.messages import Answer, Ask
from {package}.rules import VALUE

class Novice(App):
    "Answers."

    @handles(Ask)
    def answer(self, _: Ask) -> None:
        self.send(Answer(VALUE))
"""


class Novice:
    """An app whose code the test changes."""

    def __init__(self, folder: Path) -> None:
        self.package = f"novice_{folder.name}"
        self.folder = folder / self.package
        self.folder.mkdir()
        self.write("__init__", "")
        self.write("messages", NOVICE_MESSAGES)
        self.write("rules", "VALUE = 1\n")
        self.write("app", NOVICE_APP.format(package=self.package))
        self.entry = (
            f'python_path = ["."]\n[apps.novice]\npackage = "{self.package}"\napid = 0x050\nprocess = "novice"\n'
        )

    def write(self, module: str, text: str) -> None:
        """Write a module, so that nobody takes its old bytecode for the new one."""
        (self.folder / f"{module}.py").write_text(text)

    def value(self, flight: SmallFlight) -> int:
        """What it answers."""
        from importlib import import_module  # noqa: PLC0415 - it is made by the test

        messages = import_module(f"{self.package}.messages")
        answer: int = flight.ask("novice", messages.Ask(), messages.Answer).value
        return answer


@pytest.fixture
def novice(folder: Path) -> Novice:
    """An app on disk."""
    return Novice(folder)


def with_novice(fly_changed: Fly, novice: Novice) -> SmallFlight:
    """The small flight with the novice."""
    head, _, app = novice.entry.partition("\n")
    flight = fly_changed({'version = "1.0"': f'version = "1.0"\n{head}', "[apps.sink]": f"{app}\n[apps.sink]"})
    return running(flight, 5)


def test_new_code_is_taken(fly_changed: Fly, novice: Novice) -> None:
    """After RELOAD_APP the new code answers, and after a crash as well."""
    flight = with_novice(fly_changed, novice)
    assert novice.value(flight) == 1
    novice.write("rules", "VALUE = 22\n")
    assert flight.command("executive", ReloadApp("novice")).stage is Stage.COMPLETED
    assert novice.value(flight) == 22
    flight.vehicle.crash("novice")
    flight.await_start("novice", 3)
    assert novice.value(flight) == 22


@pytest.mark.parametrize(
    ("module", "text", "reason"),
    [
        ("rules", "VALUE = = 1\n", "novice cannot be loaded: "),
        ("rules", "OTHER = 333\n", "novice cannot be loaded: "),
        ("rules", "import os\nos._exit(3)\n", "importing the new code ended the process that tried it"),
        ("messages", NOVICE_MESSAGES.replace("U32]", "U32, 'meaning']"), "the messages of novice have changed; only"),
        ("app", "from novice_nothing import App\n", "novice cannot be loaded: "),
    ],
)
def test_code_that_cannot_be_taken_is_refused(
    fly_changed: Fly, novice: Novice, module: str, text: str, reason: str
) -> None:
    """The reason is told, and the old code goes on."""
    flight = with_novice(fly_changed, novice)
    novice.write(module, text)
    assert failed(flight, "executive", ReloadApp("novice")).startswith(reason)
    assert novice.value(flight) == 1
    assert len(flight.messages(AppStarted, "novice")) == 1


# -------------------------------------------------------------------- failures and what follows


def test_an_app_whose_handler_fails_again_and_again_is_restarted(fly_changed: Fly) -> None:
    """Three times in a row, as its policy says; a success in between begins the count anew."""
    flight = running(fly_changed({SINK: SINK + "max_failures_in_row = 3\n"}))
    for _ in range(2):
        failed(flight, "sink", Raise())
    flight.command("sink", Remember(4))
    failed(flight, "sink", Raise())
    flight.until(lambda: bool(flight.messages(AppRestarted)), "the restart")
    cause = "Raise failed 3 times in a row: ZeroDivisionError: on purpose"
    assert flight.messages(AppRestarted) == [AppRestarted("sink", cause)]
    flight.await_start("sink", 2)
    assert value(flight) == 4


def test_an_app_that_cannot_start_is_tried_again_and_then_given_up(fly_changed: Fly) -> None:
    """As often as its policy says; its commands are rejected with the reason, and the others go on."""
    flight = running(fly_changed({SINK: 'process = "sink"\nmax_restarts = 2\n'}))
    flight.command("sink", FailToStart(fail=True))
    assert failed(flight, "executive", RestartApp("sink")) == "could not start"
    flight.until(lambda: bool(flight.messages(RestartsExhausted)), "the end of patience")
    assert flight.messages(RestartsExhausted) == [RestartsExhausted("sink")]
    assert rejected(flight, "sink") == "sink has failed too often and was given up"
    assert state(flight, "sink") is AppState.FAILED
    assert flight.command("source", Noop()).stage is Stage.COMPLETED


def test_a_failure_may_be_ignored(fly_changed: Fly) -> None:
    """It is told, and nothing is done about it."""
    flight = running(fly_changed({SINK: SINK + 'on_failure = "ignore"\nmax_failures_in_row = 2\n'}))
    for _ in range(2):
        failed(flight, "sink", Raise())
    flight.until(lambda: bool(flight.messages(AppFailureIgnored)), "the event")
    assert flight.command("sink", Noop()).stage is Stage.COMPLETED
    assert flight.messages(AppRestarted) == []


def test_a_group_is_restarted_together(fly_changed: Fly) -> None:
    """The apps of the process of the one that failed, and no others."""
    group = 'process = "alpha"\nmax_restarts = 100\non_failure = "restart_group"\nmax_failures_in_row = 1\n'
    flight = running(fly_changed({SINK: group}))
    failed(flight, "sink", Raise())
    flight.until(lambda: len(flight.messages(AppRestarted)) == 2, "the restarts")
    assert sorted(each.app for each in flight.messages(AppRestarted)) == ["sink", "source"]
    running(flight)
    flight.await_start("sink", 2)
    flight.await_start("source", 2)
    assert len(flight.messages(AppStarted, "gate")) == 1


def test_failures_of_a_critical_app_escalate_to_safe_mode(fly_changed: Fly) -> None:
    """First the processor is reset; after too many resets safe mode is asked for, and the app is given up."""
    flight = running(
        fly_changed(
            {
                SINK: 'process = "sink"\ncritical = true\nmax_restarts = 1\n',
                "hang_after_s = 10.0": "hang_after_s = 10.0\nmax_processor_resets = 1",
            }
        )
    )
    for crash in (1, 2, 3, 4):
        flight.await_start("sink", crash)
        flight.until(
            lambda told=(crash - 1) // 2: len(flight.messages(SoftwareReset)) == told, "what is told of resets"
        )
        running(flight).vehicle.crash("sink")
    flight.await_start("sink", 5)
    flight.until(lambda: len(flight.messages(SoftwareReset)) == 2, "the resets")
    assert {(each.subtype, each.app) for each in flight.messages(SoftwareReset)} == {(ResetSubtype.ESCALATION, "sink")}
    flight.until(lambda: bool(flight.messages(SafeModeRequired)), "safe mode")
    flight.until(lambda: any(each.safe_mode for each in flight.messages(ExecutiveStatus)), "the status")
    assert flight.messages(SafeModeRequired) == [SafeModeRequired(2)]
    running(flight).vehicle.crash("sink")
    flight.await_start("sink", 6)
    running(flight).vehicle.crash("sink")
    flight.until(lambda: bool(flight.messages(RestartsExhausted)), "the end of patience")
    assert flight.vehicle.account().apps == 3


# -------------------------------------------------------------------- boot


def test_the_boot_is_told_state_by_state(flight: SmallFlight) -> None:
    """All states of cFE, in order, each once."""
    flight.until(lambda: len(flight.messages(BootStateChanged)) >= len(BootState), "the states")
    assert [each.state for each in flight.messages(BootStateChanged)] == list(BootState)


def test_an_app_starts_behind_what_it_needs(fly_changed: Fly) -> None:
    """The source, though before it in the mission, starts behind the sink."""
    flight = running(fly_changed({'process = "alpha"\n': 'process = "alpha"\nneeds = ["sink"]\n'}))
    assert flight.vehicle.started()[0] == "executive"
    assert flight.vehicle.started().index("sink") < flight.vehicle.started().index("source")
    flight.ask("executive", QueryApp("source"), AppReport)
    assert flight.messages(AppReport)[-1].needs == ("sink",)


@pytest.mark.parametrize("stays_out", [False, True])
def test_a_need_that_does_not_come_up(fly_changed: Fly, *, stays_out: bool) -> None:
    """The app starts without it, or stays out and says why; the event names both."""
    policy = 'without_needs = "stay_out"\n' if stays_out else ""
    needs = f'process = "alpha"\nneeds = ["sink"]\nneeds_within_s = 1\n{policy}'
    flight = running(fly_changed({'process = "alpha"\n': needs, SINK: SINK + 'on_failure = "ignore"\n'}))
    flight.command("sink", FailToStart(fail=True))
    flight.command("executive", ProcessorReset())
    running(flight, 2 if stays_out else 3)
    if stays_out:
        flight.until(lambda: bool(flight.messages(StaysOutWithoutNeed)), "the event")
        assert flight.messages(StaysOutWithoutNeed) == [StaysOutWithoutNeed("source", "sink")]
        assert rejected(flight, "source") == "source stays out, as sink did not come up in time"
    else:
        flight.until(lambda: bool(flight.messages(StartedWithoutNeed)), "the event")
        assert flight.messages(StartedWithoutNeed) == [StartedWithoutNeed("source", "sink")]
        assert flight.command("source", Noop()).stage is Stage.COMPLETED
    assert rejected(flight, "sink") == "sink could not start"
