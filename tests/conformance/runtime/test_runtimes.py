"""What an app can observe is the same in lock-step and in processes; after each test the ledger closes."""

from __future__ import annotations

import os
import zlib

import pytest
from flight.harness import HERALDS, LockstepVehicle, SmallFlight
from flight.herald.messages import Proclaim
from flight.sink.messages import (
    AskStatus,
    Clog,
    Defer,
    FailToStart,
    Labour,
    Raise,
    Refuse,
    Remember,
    Rule,
    Sighted,
    SinkStatus,
    Task,
    Unhandled,
)
from flight.source.messages import Burst, BurstDone, Relay, Sample, Spoil, Storm, Tick

from flightsw.core.executive.messages import AppRestarted, ExecutiveStatus, RestartApp
from flightsw.messages.life import (
    AppHousekeeping,
    AppStarted,
    CheckpointFailed,
    HandlerFailed,
    Noop,
    NoopDone,
    StartFailed,
    WorkLost,
)
from flightsw.messages.tables import ActivateTable, LoadTable, TableActivated, ValidateTable
from flightsw.services.spacecraft_time import parse_utc
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.packets.verification import FailureCode, Stage

EPOCH_UTC_NS = parse_utc("2026-01-01T00:00:00Z")
TICK_NS = 500_000_000
STORM = 10_000
SOAK = int(os.environ.get("FLIGHTSW_SOAK", "1"))


def storm_of(flight: SmallFlight) -> int:
    """How many commands a storm has: on a disk, each costs two flushes, so all ten thousand only fly in the soak."""
    return STORM if isinstance(flight.vehicle, LockstepVehicle) else STORM // 10 * min(SOAK, 10)


def status(flight: SmallFlight) -> SinkStatus:
    """What the sink says of itself."""
    return flight.ask("sink", AskStatus(), SinkStatus)


def load_rule(flight: SmallFlight, rule: Rule) -> Stage:
    """Load, validate and activate the sink's table; returns the last verdict."""
    image = codec_of(Rule).encode(rule)
    for command in (
        LoadTable("rule", 0, image[:2]),
        LoadTable("rule", 2, image[2:]),
        ValidateTable("rule", len(image), zlib.crc32(image)),
        ActivateTable("rule"),
    ):
        verdict = flight.command("sink", command)
        if verdict.stage is not Stage.COMPLETED:
            break
    return verdict.stage


# -------------------------------------------------------------------- commands


def test_a_command_is_accepted_and_completed(flight: SmallFlight) -> None:
    """A command is answered by ACCEPTED and COMPLETED, in this order, and has its effect."""
    request = flight.send("sink", Noop())
    flight.verdict(request)
    assert [report.stage for report in flight.reports(request)] == [Stage.ACCEPTED, Stage.COMPLETED]
    flight.until(lambda: bool(flight.messages(NoopDone)), "the answer to NOOP")
    assert flight.messages(NoopDone, "sink") == [NoopDone("proof", "1.0")]


def test_a_command_that_cannot_be_done_fails_with_code_and_reason(flight: SmallFlight) -> None:
    """A refusal and a raising handler give FAILED, an unknown function REJECTED; the app goes on."""
    refused = flight.command("sink", Refuse())
    assert (refused.stage, refused.code, refused.reason) == (Stage.FAILED, FailureCode.GUARD_REFUSED, "not today")
    raised = flight.command("sink", Raise())
    assert (raised.stage, raised.code) == (Stage.FAILED, FailureCode.HANDLER_FAILED)
    assert raised.reason == "ZeroDivisionError: on purpose"
    unknown = flight.command("sink", Unhandled())
    assert (unknown.stage, unknown.code) == (Stage.REJECTED, FailureCode.UNKNOWN_FUNCTION)
    flight.until(lambda: bool(flight.messages(HandlerFailed)), "an event of the failure")
    assert flight.messages(HandlerFailed, "sink") == [HandlerFailed("Raise", "ZeroDivisionError: on purpose")]
    assert flight.command("sink", Noop()).stage is Stage.COMPLETED


def test_a_deferred_command_reports_its_progress(flight: SmallFlight) -> None:
    """STARTED and PROGRESS come between ACCEPTED and the one verdict, good or bad."""
    well, badly = flight.send("sink", Defer(2, well=True)), flight.send("sink", Defer(1, well=False))
    assert flight.verdict(well).stage is Stage.COMPLETED
    stages = [report.stage for report in flight.reports(well)]
    assert stages == [Stage.ACCEPTED, Stage.STARTED, Stage.PROGRESS, Stage.PROGRESS, Stage.COMPLETED]
    verdict = flight.verdict(badly)
    assert (verdict.stage, verdict.reason) == (Stage.FAILED, "it came to nothing")


def test_a_deferred_command_outlives_its_app(flight: SmallFlight) -> None:
    """A command that was open when its app died is finished by the next incarnation, once."""
    request = flight.send("sink", Defer(10, well=True))
    flight.until(lambda: any(report.stage is Stage.STARTED for report in flight.reports(request)), "the start")
    flight.vehicle.crash("sink")
    assert flight.verdict(request).stage is Stage.COMPLETED


def test_an_app_commands_another(flight: SmallFlight) -> None:
    """A command of one app to another is verified with the sender as its source."""
    flight.command("source", Relay(5))
    flight.until(lambda: status(flight).value == 5, "the relayed command")
    dictionary = flight.dictionary
    source, sink = dictionary.apid_of("source"), dictionary.apid_of("sink")
    stages = [report.stage for report in flight.sent_by(source) if report.request.apid == sink]
    assert stages == [Stage.ACCEPTED, Stage.COMPLETED]


@pytest.mark.soak
def test_every_command_of_a_storm_gets_one_verdict(flight: SmallFlight) -> None:
    """Ten thousand commands sent by one handler are all done, in order; none has no verdict, none has two."""
    storm = storm_of(flight)
    flight.send("source", Storm(storm))
    source = flight.dictionary.apid_of("source")
    flight.until(lambda: len(flight.verdicts_for(source)) >= storm, "every verdict", patience=20)
    verdicts = flight.verdicts_for(source)
    assert [report.request.sequence for report in verdicts] == list(range(storm))
    assert {report.code for report in verdicts} == {FailureCode.NONE}
    assert flight.vehicle.account().restarts == 0
    assert flight.vehicle.account().ledger.lost == 0


@pytest.mark.soak
def test_storms_of_eight_senders_get_their_verdicts(crowded_flight: SmallFlight) -> None:
    """Eight apps that storm another at the same moment end with one verdict for each command, all of them done once."""
    flight, each = crowded_flight, storm_of(crowded_flight) // len(HERALDS)
    for herald in HERALDS:
        flight.send(herald, Proclaim(each))
    apids = [flight.dictionary.apid_of(herald) for herald in HERALDS]
    flight.until(lambda: all(len(flight.verdicts_for(apid)) >= each for apid in apids), "every verdict", patience=20)
    for apid in apids:
        verdicts = flight.verdicts_for(apid)
        assert [verdict.request.sequence for verdict in verdicts] == list(range(each))
        assert {verdict.code for verdict in verdicts} == {FailureCode.NONE}
    assert status(flight).value == each * len(HERALDS)
    assert (flight.vehicle.account().restarts, flight.vehicle.account().ledger.lost) == (0, 0)


# -------------------------------------------------------------------- telemetry and events


def test_telemetry_arrives_in_order(flight: SmallFlight) -> None:
    """What one app sends, another gets once each, in order; and so does its event."""
    for _ in range(3):
        flight.command("source", Burst(40))
    flight.until(lambda: status(flight).samples == 120, "all samples")
    seen = status(flight)
    assert (seen.next_sample, seen.disorder, seen.bursts) == (120, 0, 3)
    assert [sample.number for sample in flight.messages(Sample)] == list(range(120))
    assert flight.messages(BurstDone) == [BurstDone(40, 0)] * 3


def test_a_flood_is_cut_off_and_counted(flight: SmallFlight) -> None:
    """Of more than an inbox takes, the first arrive in order, the rest is counted as dropped."""
    flight.command("source", Burst(1000))
    flight.until(lambda: status(flight).bursts == 1, "the end of the flood")
    seen = status(flight)
    assert 64 <= seen.samples <= 1000
    assert seen.disorder == 0
    flight.until(lambda: flight.vehicle.account().ledger.lost >= 1000 - seen.samples, "the count of the loss")


def test_a_packet_that_cannot_be_carried_goes_to_nobody(flight: SmallFlight) -> None:
    """A value outside its definition fails the handler that sends it; no subscriber sees it."""
    verdict = flight.command("source", Spoil())
    assert (verdict.stage, verdict.code) == (Stage.FAILED, FailureCode.HANDLER_FAILED)
    assert "Sample.number is 2000000" in verdict.reason
    assert flight.messages(Sample) == []
    assert status(flight).samples == 0


def test_every_app_reports_its_counters(flight: SmallFlight) -> None:
    """Housekeeping of all apps is collected with the senders' names."""
    apps = ("executive", "gate", "sink", "source")
    flight.until(lambda: status(flight).heard_housekeeping_of == apps, "housekeeping of every app")
    flight.until(lambda: bool(flight.messages(AppHousekeeping, "sink")), "the sink's own")
    first = flight.messages(AppHousekeeping, "sink")[0]
    assert (first.restarts, first.errors) == (0, 0)
    flight.until(
        lambda: any(each.apps == 4 and each.delivered for each in flight.messages(ExecutiveStatus)),
        "the vehicle's account",
    )
    account = flight.messages(ExecutiveStatus)[-1]
    assert account.ledger_closed
    assert account.offered >= account.delivered > 0


# -------------------------------------------------------------------- time


def test_activities_run_in_their_slots(flight: SmallFlight) -> None:
    """A cyclic activity never runs before its slot, once per period, and UTC follows the vehicle's time."""
    flight.until(lambda: len(flight.messages(Tick)) >= 6, "six ticks")
    ticks = flight.messages(Tick)
    assert [tick.count for tick in ticks] == list(range(1, len(ticks) + 1))
    slots = [tick.now_ns // TICK_NS for tick in ticks]
    assert slots == sorted(slots)
    assert all(tick.utc_ns == EPOCH_UTC_NS + tick.now_ns for tick in ticks)


# -------------------------------------------------------------------- tables


def test_a_table_is_loaded_and_survives_a_crash(flight: SmallFlight) -> None:
    """Content loaded in parts takes effect when it is activated, and is in effect again after a crash."""
    assert load_rule(flight, Rule(3, watch_ticks=False)) is Stage.COMPLETED
    flight.until(lambda: bool(flight.messages(TableActivated)), "the event")
    flight.command("sink", Remember(7))
    assert status(flight).value == 21
    flight.vehicle.crash("sink")
    flight.await_start("sink", 2)
    assert (status(flight).factor, status(flight).value) == (3, 21)


def test_a_table_that_is_not_allowed_is_refused(flight: SmallFlight) -> None:
    """The app's own rule is asked, and may itself fail; the active content stays."""
    assert load_rule(flight, Rule(13, watch_ticks=False)) is Stage.FAILED
    assert load_rule(flight, Rule(0, watch_ticks=False)) is Stage.FAILED
    assert flight.command("sink", ActivateTable("rule")).stage is Stage.FAILED
    assert status(flight).factor == 1


def test_an_app_may_want_other_messages_after_a_restart(flight: SmallFlight) -> None:
    """Subscriptions are asked anew at a restart, and reach the processes that send."""
    assert load_rule(flight, Rule(1, watch_ticks=True)) is Stage.COMPLETED
    assert flight.messages(Sighted) == []
    flight.command("executive", RestartApp("sink"))
    flight.command("executive", RestartApp("sink"))
    flight.until(lambda: bool(flight.messages(Sighted)), "a tick")


# -------------------------------------------------------------------- restarts


def test_a_crash_loses_nothing_that_was_acknowledged(flight: SmallFlight) -> None:
    """After a crash the app starts from its checkpoint: the effect of every completed command is there."""
    flight.command("sink", Remember(7))
    flight.vehicle.crash("sink")
    flight.await_start("sink", 2)
    assert [event.restarts for event in flight.messages(AppStarted, "sink")] == [0, 1]
    assert [event.checkpoint for event in flight.messages(AppStarted, "sink")] == [False, True]
    flight.until(lambda: bool(flight.messages(AppRestarted)), "the executive's event")
    assert [event.app for event in flight.messages(AppRestarted)] == ["sink"]
    assert (status(flight).value, status(flight).restarts) == (7, 1)
    assert flight.vehicle.account().restarts == 1


def test_crashes_under_load_lose_nothing_silently(flight: SmallFlight) -> None:
    """However often a receiver dies within a flood, its samples stay in order, and both ends agree on the loss."""
    for starts in range(2, 6):
        flight.command("source", Burst(500))
        flight.vehicle.crash("sink")
        flight.await_start("sink", starts)
    assert status(flight).disorder == 0


def test_commands_pass_when_the_way_they_come_has_crashed(flight: SmallFlight) -> None:
    """What was handed on before the gate crashed is not handed on again."""
    first = flight.send("sink", Remember(1))
    flight.verdict(first)
    flight.vehicle.crash("gate")
    assert flight.command("sink", Remember(2)).stage is Stage.COMPLETED
    assert status(flight).value == 2
    assert [report.stage for report in flight.reports(first)] == [Stage.ACCEPTED, Stage.COMPLETED]


def test_an_app_is_restarted_by_command(flight: SmallFlight) -> None:
    """The executive restarts the app asked for and no other; one that there is not is refused."""
    flight.command("sink", Remember(9))
    assert flight.command("executive", RestartApp("sink")).stage is Stage.COMPLETED
    flight.until(lambda: bool(flight.messages(AppRestarted)), "the executive's event")
    assert flight.messages(AppRestarted) == [AppRestarted("sink", "by command")]
    assert [len(flight.messages(AppStarted, app)) for app in ("executive", "gate", "source", "sink")] == [1, 1, 1, 2]
    assert status(flight).value == 9
    verdict = flight.command("executive", RestartApp("nobody"))
    assert (verdict.stage, verdict.code) == (Stage.FAILED, FailureCode.BAD_ARGUMENT)


def test_the_executive_restarts_itself(flight: SmallFlight) -> None:
    """The command completes, and the executive's next incarnation reports the restart."""
    assert flight.command("executive", RestartApp("executive")).stage is Stage.COMPLETED
    flight.until(lambda: bool(flight.messages(AppRestarted)), "the executive's event")
    assert flight.messages(AppRestarted) == [AppRestarted("executive", "by command")]


def test_an_app_that_cannot_start_rejects_commands(flight: SmallFlight) -> None:
    """The start's failure is an event; commands are answered, and a restart may mend it."""
    flight.command("sink", FailToStart(fail=True))
    flight.command("executive", RestartApp("sink"))
    flight.until(lambda: bool(flight.messages(StartFailed)), "the failed start")
    assert flight.messages(StartFailed) == [StartFailed("RuntimeError: told not to start")]
    verdict = flight.command("sink", Remember(1))
    assert (verdict.stage, verdict.code) == (Stage.REJECTED, FailureCode.APP_UNAVAILABLE)
    flight.until(lambda: flight.vehicle.account().apps == 3, "one app less")


def test_memory_that_cannot_be_stored_does_not_end_the_app(flight: SmallFlight) -> None:
    """The failure is counted and reported once; a crash goes back to the last checkpoint that could be stored."""
    flight.command("sink", Remember(1))
    assert flight.command("sink", Clog(clogged=True)).stage is Stage.COMPLETED
    assert flight.command("sink", Remember(2)).stage is Stage.COMPLETED
    flight.until(lambda: bool(flight.messages(CheckpointFailed)), "the event")
    assert "object" in flight.messages(CheckpointFailed)[0].reason
    flight.vehicle.crash("sink")
    flight.await_start("sink", 2)
    assert status(flight).value == 1


# -------------------------------------------------------------------- work


def test_every_piece_of_work_is_answered(flight: SmallFlight) -> None:
    """A result, a failure, and a worker that dies: each piece is answered, whatever became of the one before."""
    for task, value in ((Task.DOUBLE, 4), (Task.RAISE, 3), (Task.DIE, 2), (Task.DOUBLE, 1)):
        assert flight.command("sink", Labour(task, value)).stage is Stage.COMPLETED
    flight.until(lambda: len(status(flight).results) == 4, "four answers")
    assert sorted(status(flight).results) == [
        "2",
        "8",
        "die 2: worker process ended",
        "raise 3: ValueError: 3 is no problem",
    ]
    flight.until(lambda: len(flight.messages(WorkLost)) == 2, "two events")


def test_work_that_takes_too_long_fails(flight: SmallFlight) -> None:
    """A worker that hangs is ended at its time limit."""
    flight.command("sink", Labour(Task.HANG, 1))
    flight.until(lambda: bool(status(flight).results), "the failure")
    assert status(flight).results == ("hang 1: no result within 0.5 s",)


def test_work_does_not_outlive_a_crash(flight: SmallFlight) -> None:
    """What a worker was doing when its app died is never delivered to the next incarnation; new work is."""
    flight.command("sink", Labour(Task.DOUBLE, 30))
    flight.vehicle.crash("sink")
    flight.await_start("sink", 2)
    before = status(flight).results
    flight.command("sink", Labour(Task.DOUBLE, 40))
    flight.until(lambda: len(status(flight).results) > len(before), "the new result")
    assert status(flight).results == (*before, "80")
