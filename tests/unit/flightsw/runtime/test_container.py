from __future__ import annotations

import msgspec
import pytest

from flightsw.app import Refused, Ticket, WorkFailed, handles
from flightsw.bus.overflow import DropReason
from flightsw.bus.requests import Passage, Request
from flightsw.errors import FlightSoftwareError
from flightsw.messages.events import EventsSuppressed
from flightsw.messages.life import (
    AppHousekeeping,
    AppStarted,
    CheckpointFailed,
    CommandFailed,
    HandlerFailed,
    Noop,
    NoopDone,
    StartFailed,
    WorkLost,
)
from flightsw.runtime.container import SEQUENCE_GAP
from flightsw.runtime.journal import Execution
from flightsw.runtime.verification import MAX_OPEN_COMMANDS
from tests.unit.flightsw.runtime.conftest import (
    Do,
    Noted,
    Other,
    Probe,
    Result,
    Rule,
    Task,
    Undeclared,
    Unhandled,
    Value,
    World,
)
from tlm_cmd.definition.dictionary import COMMAND_MESSAGE_ID, TELEMETRY_MESSAGE_ID, DictionaryError
from tlm_cmd.definition.message import Command
from tlm_cmd.packets.verification import GROUND, FailureCode, RequestId, Stage, VerificationReport

OTHERS_EVENTS = TELEMETRY_MESSAGE_ID | 0x30


def stages(reports: list[VerificationReport]) -> list[Stage]:
    """The stages of some reports."""
    return [report.stage for report in reports]


# -------------------------------------------------------------------- commands


def test_commands_sent_after_a_restart_cannot_be_taken_for_earlier_ones(world: World) -> None:
    """The death may have come behind commands that no checkpoint knows of; the sequence counts leave a gap for them."""
    world.start()
    world.do(lambda app: app.command("other", Noop()))
    world.do(lambda app: app.command("other", Noop()), 1)
    world.restart()
    world.do(lambda app: app.command("other", Noop()), 2)
    sent = [report.request.sequence for report in world.of(VerificationReport) if report.request.source == 0x20]
    assert sent == [0, 1, 2 + SEQUENCE_GAP]


def test_a_handler_that_raises_fails_its_command_only(world: World) -> None:
    """The error is counted and reported, and the app goes on; even a message that is no text does no harm."""
    reports = world.start().do(lambda _app: 1 / 0)
    assert stages(reports) == [Stage.ACCEPTED, Stage.FAILED]
    assert (reports[-1].code, reports[-1].reason) == (
        FailureCode.HANDLER_FAILED,
        "ZeroDivisionError: division by zero",
    )
    assert world.of(HandlerFailed) == [HandlerFailed("Do", "ZeroDivisionError: division by zero")]

    def surrogate(_app: Probe) -> None:
        raise ValueError("\udcff" * 200)

    assert stages(world.do(surrogate, 1)) == [Stage.ACCEPTED, Stage.FAILED]
    assert stages(world.do(lambda _app: None, 2)) == [Stage.ACCEPTED, Stage.COMPLETED]
    state = world.container.state
    assert (state.accepted, state.completed, state.failed, state.errors) == (3, 1, 2, 2)


def test_a_refusal_is_no_error(world: World) -> None:
    """It fails the command with the app's code and reason."""

    def refuse(_app: Probe) -> None:
        raise Refused("not now", FailureCode.GUARD_REFUSED)

    reports = world.start().do(refuse)
    assert (reports[-1].stage, reports[-1].code, reports[-1].reason) == (
        Stage.FAILED,
        FailureCode.GUARD_REFUSED,
        "not now",
    )
    assert world.of(CommandFailed) == [CommandFailed(2, "not now")]
    assert (world.of(HandlerFailed), world.container.state.errors) == ([], 0)


def test_an_app_may_replace_a_standard_handler(world: World) -> None:
    """What the app handles itself is not handled by the framework."""

    class Silent(Probe):
        @handles(Noop)
        def noop(self, command: Noop) -> None:
            """Say nothing."""

    world.start()
    assert stages(world.reports(world.request(Noop(), 1))) == [Stage.ACCEPTED, Stage.COMPLETED]
    assert len(world.of(NoopDone)) == 1
    world.restart(Silent)
    assert stages(world.reports(world.request(Noop(), 2))) == [Stage.ACCEPTED, Stage.COMPLETED]
    assert len(world.of(NoopDone)) == 1


def test_a_command_without_a_handler_is_rejected(world: World) -> None:
    """The verdict says that there is no such function."""
    reports = world.start().reports(world.request(Unhandled()))
    assert [(report.stage, report.code) for report in reports] == [(Stage.REJECTED, FailureCode.UNKNOWN_FUNCTION)]


def test_each_deferred_command_gets_one_verdict(world: World) -> None:
    """It is started once, may progress, ends once; a second verdict is an error of the app."""
    world.start().do(lambda app: app.state.tickets.extend([app.defer(), app.defer()]))
    first, second = world.app.state.tickets
    assert first == second
    world.app.progress(first, 50)
    world.app.complete(first)
    assert stages(world.reports(first.request)) == [Stage.ACCEPTED, Stage.STARTED, Stage.PROGRESS, Stage.COMPLETED]
    for again in (
        lambda: world.app.complete(first),
        lambda: world.app.fail(first, "no"),
        lambda: world.app.progress(first, 60),
    ):
        with pytest.raises(FlightSoftwareError, match="is not open; it has its verdict, or was never deferred"):
            again()
    assert len(world.reports(first.request)) == 4


def test_a_deferred_command_may_fail_or_be_failed_by_its_handler(world: World) -> None:
    """Raising behind ``defer`` gives the verdict; a verdict that was given before stands."""
    world.start()

    def defer_and_raise(app: Probe) -> None:
        app.state.tickets.append(app.defer())
        raise Refused("after all not")

    assert stages(world.do(defer_and_raise)) == [Stage.ACCEPTED, Stage.STARTED, Stage.FAILED]

    def finish_and_raise(app: Probe) -> None:
        app.complete(app.defer())
        raise ValueError("too late")

    assert stages(world.do(finish_and_raise, 1)) == [Stage.ACCEPTED, Stage.STARTED, Stage.COMPLETED]
    world.do(lambda app: app.state.tickets.append(app.defer()), 2)
    world.app.fail(world.app.state.tickets[-1], "gone", FailureCode.DEVICE_FAILED)
    last = world.reports(RequestId(GROUND, 0x20, 2, 2))[-1]
    assert (last.stage, last.code) == (Stage.FAILED, FailureCode.DEVICE_FAILED)
    assert world.container.state.open == []


def test_open_commands_have_a_bound(world: World) -> None:
    """One more is refused, not forgotten."""
    world.start()
    for sequence in range(MAX_OPEN_COMMANDS):
        world.do(lambda app: app.defer(), sequence)
    reports = world.do(lambda app: app.defer(), MAX_OPEN_COMMANDS)
    assert stages(reports) == [Stage.ACCEPTED, Stage.FAILED]
    assert f"{MAX_OPEN_COMMANDS} commands are open already" in reports[-1].reason


def test_only_a_command_can_be_deferred(world: World) -> None:
    """Outside a command handler there is nothing to defer."""
    with pytest.raises(FlightSoftwareError, match="outside a command handler"):
        world.start().app.defer()


def test_a_command_is_marked_while_it_is_executed(world: World) -> None:
    """Before the handler, with its verdict behind it, and cleared when its effect is stored."""
    world.start().do(lambda _app: None)
    begun, ended, stored = world.executions
    assert begun is not None
    assert ended is not None
    assert (begun.stage, ended.stage, stored) == (0, Stage.COMPLETED, None)
    assert begun.number == ended.number == world.container.state.executed == 1


def test_the_verdict_on_what_a_process_died_in(world: World) -> None:
    """A command in whose handler it died has failed; one whose effect was stored keeps its verdict, told again."""
    ticket = Ticket(GROUND, 0x20, 9, 2)
    world.start().do(lambda _app: None)
    failed = world.container.died(Execution(ticket, Passage(1, 1, 1), 2))
    assert (failed.stage, failed.code) == (Stage.FAILED, FailureCode.HANDLER_FAILED)
    lost = world.container.died(Execution(ticket, None, 2, Stage.COMPLETED))
    assert lost.stage == Stage.FAILED
    kept = world.container.died(Execution(ticket, None, 1, Stage.COMPLETED))
    assert kept.stage == Stage.COMPLETED
    assert world.reports(ticket.request) == []
    for execution in (failed, lost, kept):
        world.container.report_again(execution)
    assert stages(world.reports(ticket.request)) == [Stage.FAILED, Stage.FAILED, Stage.COMPLETED]
    world.container.report_again(Execution(ticket, None, 1, Stage.STARTED))
    assert len(world.reports(ticket.request)) == 3


def test_the_verdict_on_what_was_turned_away_is_remembered(world: World) -> None:
    """A command from another process that no handler takes is marked with its verdict before that is reported."""
    world.start()
    world.executions.clear()
    request = RequestId(GROUND, 0x20, 9, 3)
    world.container.receive(0, Request(request, Unhandled(), Passage(1, 1, 1)))
    turned_away, stored = world.executions
    assert turned_away is not None
    assert (turned_away.stage, turned_away.code, stored) == (Stage.REJECTED, FailureCode.UNKNOWN_FUNCTION, None)
    told = world.container.died(turned_away)
    assert told == turned_away


def test_a_command_to_another_app_carries_the_sender(world: World) -> None:
    """Source and sequence count name the app that asked; who is not there rejects it."""
    world.start().do(lambda app: app.command("other", Noop()))
    own = [report for report in world.sent if getattr(getattr(report, "request", None), "source", 0) == 0x20]
    assert [(report.stage, report.code) for report in own] == [(Stage.REJECTED, FailureCode.APP_UNAVAILABLE)]
    assert world.container.state.sequence == 1


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (DropReason.INBOX_FULL, FailureCode.INBOX_FULL),
        (DropReason.MESSAGE_LIMIT, FailureCode.INBOX_FULL),
        (DropReason.MALFORMED, FailureCode.BAD_ARGUMENT),
        (DropReason.LINK_FULL, FailureCode.APP_UNAVAILABLE),
        (DropReason.LINK_LOST, FailureCode.APP_UNAVAILABLE),
    ],
)
def test_a_command_that_is_dropped_is_answered(world: World, reason: DropReason, code: FailureCode) -> None:
    """The reason of the drop gives the code of the rejection."""
    world.start()
    request = RequestId(GROUND, 0x30, 0, 0)
    world.container.not_taken(Request(request, Noop()), reason)
    report = world.reports(request)[-1]
    assert (report.stage, report.code, report.reason) == (Stage.REJECTED, code, f"other: {reason.value}")


# -------------------------------------------------------------------- life


def test_an_app_that_cannot_start_gets_nothing(world: World) -> None:
    """Commands are rejected; messages and activities pass it by, and its memory stays as it was stored."""
    world.app.start_error = RuntimeError("no")
    world.start()
    assert world.of(StartFailed) == [StartFailed("RuntimeError: no")]
    report = world.reports(world.request(Do()))[-1]
    assert (report.stage, report.code) == (Stage.REJECTED, FailureCode.APP_UNAVAILABLE)
    world.app.action = lambda app: app.seen.append("ran")
    world.bus.send(OTHERS_EVENTS, Noted("x"))
    world.bus.dispatch()
    world.container.run_activity("tick")
    world.container.checkpoint()
    assert (world.app.seen, world.stored) == ([], {})


def test_a_stopped_app_does_not_store_its_memory(world: World) -> None:
    """An app that is restarted out of its own handler cannot overwrite what its successor began with."""
    world.start()

    def replace(app: Probe) -> None:
        app.state.count = 99
        world.restart()

    world.do(replace)
    assert world.app.state.count == 0
    assert [event.restarts for event in world.of(AppStarted)] == [0, 1]
    world.restart()
    assert world.app.state.count == 0


def test_messages_reach_their_handlers(world: World) -> None:
    """Handled events, collected packets with their sender, and what was asked for; nothing else."""
    Probe.asked_for = (TELEMETRY_MESSAGE_ID | 0x32,)
    try:
        world.start()
    finally:
        Probe.asked_for = ()
    world.bus.send(OTHERS_EVENTS, Noted("x"))
    world.bus.send(OTHERS_EVENTS, Other())
    housekeeping = AppHousekeeping(*[0] * 15, (0, 0, 0))
    world.bus.send(TELEMETRY_MESSAGE_ID | 0x31, housekeeping)
    world.bus.send(TELEMETRY_MESSAGE_ID | 0x32, "asked for")
    world.bus.dispatch()
    assert world.app.seen == [Noted("x"), "other", (TELEMETRY_MESSAGE_ID | 0x32, "asked for")]
    assert world.container.state.messages == 4
    world.app.action = lambda _app: 1 / 0
    world.bus.send(OTHERS_EVENTS, Noted("y"))
    world.bus.dispatch()
    assert world.of(HandlerFailed)[-1].handler == "Noted"


def test_all_events_of_an_app_can_be_asked_for(world: World) -> None:
    """Its event id brings also those that no handler takes."""
    Probe.asked_for = (OTHERS_EVENTS,)
    try:
        world.start()
    finally:
        Probe.asked_for = ()
    world.bus.send(OTHERS_EVENTS, Other())
    world.bus.dispatch()
    assert world.app.seen == [(OTHERS_EVENTS, Other())]


def test_what_cannot_be_subscribed_is_refused(world: World) -> None:
    """Commands of others, packets of nobody, commands that the app does not declare."""
    Probe.asked_for = (COMMAND_MESSAGE_ID | 0x30,)
    try:
        with pytest.raises(FlightSoftwareError, match="asks for message 0x1830, a command"):
            world.start()
    finally:
        Probe.asked_for = ()

    class Stranger(Command, code=9):
        """Of nobody."""

    class Deaf(Probe):
        @handles(Undeclared)
        def hear(self, event: Undeclared) -> None:
            """Never."""

    class Eager(Probe):
        @handles(AppHousekeeping)
        def hear(self, packet: AppHousekeeping) -> None:
            """Of whom?"""

    class Presumptuous(Probe):
        @handles(Stranger)
        def obey(self, command: Stranger) -> None:
            """Never."""

    for app_class, error, problem in (
        (Deaf, FlightSoftwareError, "handles Undeclared, which no app declares"),
        (Eager, FlightSoftwareError, "handles AppHousekeeping, which probe, other declares; exactly one must"),
        (Presumptuous, DictionaryError, "probe declares no command Stranger"),
    ):
        with pytest.raises(error, match=problem):
            world.restart(app_class)


def test_handlers_and_activities_are_fault_domains(world: World) -> None:
    """Whatever they raise is counted and named, cut to what the event carries."""
    world.start().app.action = lambda _app: 1 / 0
    world.container.run_activity("tick")
    long_name = type("Ü" * 40, (msgspec.Struct,), {})
    world.container._handler_failed(long_name.__name__, ValueError("x" * 300))
    names = [event.handler for event in world.of(HandlerFailed)]
    assert names == ["tick", "Ü" * 24]
    assert world.container.state.errors == 2


# -------------------------------------------------------------------- work


def test_work_comes_back_to_its_handler(world: World) -> None:
    """A result, or a failure with an event; a handler that raises is counted; what nobody handles is let go."""
    world.start().do(lambda app: app.work(app.labour, Task(), key="k", takes_s=1.5))
    assert world.started == [("labour", Task(), "k", 1_500_000_000)]
    world.app.action = lambda _app: None
    world.container.work_done(Result(3))
    world.container.work_done(WorkFailed("labour", "k", "tired" * 100))
    assert world.app.seen == [Result(3)]
    assert world.of(WorkLost)[0].work == "labour"
    world.app.action = lambda _app: 1 / 0
    world.container.work_done(Result(4))
    assert world.of(HandlerFailed)[-1].handler == "Result"


def test_work_cannot_be_due_in_the_past(world: World) -> None:
    """A negative duration is refused; so is one that is no number."""
    for takes_s in (-1.0, float("nan")):
        reports = world.start().do(lambda app, t=takes_s: app.work(app.labour, Task(), key="k", takes_s=t))  # type: ignore[misc]
        assert "it must be 0 or more" in reports[-1].reason
        world.container.stop()
        world.container = world.contain()


# -------------------------------------------------------------------- what goes out


def test_an_app_sends_only_what_it_declares(world: World) -> None:
    """Packets and events of others fail the handler; a value outside its definition as well."""
    world.start()
    for sequence, (action, problem) in enumerate(
        (
            (lambda app: app.event(Undeclared()), "probe declares no event Undeclared"),
            (lambda app: app.event(Noted("x")), "probe declares no event Noted"),
            (lambda app: app.send(Value(256)), "value is 256"),
        )
    ):
        reports = world.do(action, sequence)
        assert stages(reports) == [Stage.ACCEPTED, Stage.FAILED]
        assert problem in reports[-1].reason
    assert world.of(Value) == []


def test_suppressed_events_are_told(world: World) -> None:
    """After a flood the next event that passes says how many did not."""
    world.start()
    for sequence in range(60):
        world.request(Noop(), sequence)
    squelched = world.container.filter.state.squelched
    assert squelched > 0
    world.container.filter.state.bucket.debt = 0
    world.request(Noop(), 61)
    assert [event.count for event in world.of(EventsSuppressed)] == [squelched]


def test_housekeeping_tells_the_counters(world: World) -> None:
    """Counters wrap or saturate at what the packet carries."""
    world.start().do(lambda _app: None)
    world.container.state.messages = 2**32 + 5
    world.container.state.restarts = 70_000
    world.container.housekeeping()
    packet = world.of(AppHousekeeping)[-1]
    assert (packet.accepted, packet.completed, packet.messages, packet.restarts) == (1, 1, 5, 65_535)
    assert packet.inbox_high_water == (1, 0, 0)


def test_the_app_sees_its_surroundings(world: World) -> None:
    """Name, time, devices and tables come through the container."""
    world.start()
    assert (world.app.name, world.app.now_ns, world.app.time) == ("probe", 0, world.time)
    assert world.app.device(tuple, "x") == ("probe", tuple, "x")
    assert world.app.rule == Rule(1)
    world.app.state.count = 5
    world.app.checkpoint()
    assert world.restart().app.state.count == 5


def test_a_checkpoint_is_written_only_when_something_changed(world: World) -> None:
    """The same memory is not stored twice."""
    world.start()
    world.stored.clear()
    world.container.checkpoint()
    assert world.stored == {}


def test_a_store_in_trouble_does_not_end_the_app(world: World) -> None:
    """Each failure is counted, the first reported; when it goes well again, the next first one is reported anew."""
    world.start()
    for _ in range(2):
        world.trouble = RuntimeError("worn out")
        world.do(lambda _app: None)
        world.do(lambda _app: None)
        world.trouble = None
        world.do(lambda _app: None)
    assert world.of(CheckpointFailed) == [CheckpointFailed("RuntimeError: worn out")] * 2
    assert world.container.state.errors == 4


def test_a_command_that_was_executed_without_the_bus_has_its_verdict(world: World) -> None:
    """Accepted and completed, or failed with the reason, and counted as any."""
    world.start()
    request = RequestId(GROUND, 0x20, 5, 9)
    world.container.settle(request)
    world.container.settle(request, Refused("not now", FailureCode.NOT_POSSIBLE_NOW))
    reports = [report for report in world.of(VerificationReport) if report.request == request]
    assert stages(reports) == [Stage.ACCEPTED, Stage.COMPLETED, Stage.ACCEPTED, Stage.FAILED]
    assert (reports[-1].code, reports[-1].reason) == (FailureCode.NOT_POSSIBLE_NOW, "not now")
    state = world.container.state
    assert (state.accepted, state.completed, state.failed) == (2, 1, 1)
