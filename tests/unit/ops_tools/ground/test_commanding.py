from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING

import msgspec
import pytest

from ops_tools.console import json_values
from ops_tools.ground import commanding
from ops_tools.ground.command_record import CommandStage, CommandTimeouts, Verdict, WithoutContact
from ops_tools.ground.errors import UnknownCommandRecordError
from ops_tools.ground.settings import GroundSettings
from ops_tools.ground.verification import ReportFate
from tlm_cmd.definition.dictionary import AppInterface, Dictionary
from tlm_cmd.frames.packet_builder import MAX_QUEUE_PACKETS
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.packets.cfs_header import build_command, parse_command
from tlm_cmd.packets.verification import GROUND, FailureCode, RequestId, Stage

if TYPE_CHECKING:
    from tests.unit.ops_tools.conftest import Loop


SECOND_NS = 1_000_000_000


def test_a_command_is_sent_followed_and_completed(loop: Loop) -> None:
    """Stages have the times at which the ground heard of them; arguments may be text."""
    loop.step()
    record = loop.ground.issue("heater.set_heater", {"line": "0x3", "on": "yes", "colour": "blue"})
    assert (record.stage, record.open, record.name) == (CommandStage.SENT, True, "HEATER.SET_HEATER")
    loop.step()
    assert (record.verdict, record.percent, record.reports) == (Verdict.COMPLETED, 100, 2)
    assert record.times == {
        CommandStage.ISSUED: SECOND_NS,
        CommandStage.SENT: SECOND_NS,
        CommandStage.ACCEPTED: 2 * SECOND_NS,
        CommandStage.FINISHED: 2 * SECOND_NS,
    }
    assert record.finished_ns() == 2 * SECOND_NS
    assert loop.spacecraft.executed == ["SetHeater"]
    packet = parse_command(record.octets)
    assert (packet.apid, packet.sequence_count, packet.function_code, packet.payload) == (0x20, 0, 2, b"\x03\x01\x01")


def test_a_long_command_reports_start_and_progress(loop: Loop) -> None:
    """A deferred command is started, goes on, and ends once."""
    record = loop.ground.issue("HEATER.SURVEY")
    loop.step()
    assert record.stage is CommandStage.STARTED
    request = loop.spacecraft.open[record.sequence]
    for percent in (30, 60, 60):
        loop.spacecraft.report(request, Stage.PROGRESS, percent=percent)
    loop.step()
    assert (record.stage, record.percent, record.times[CommandStage.PROGRESS]) == (
        CommandStage.PROGRESS,
        60,
        2 * SECOND_NS,
    )
    assert record.ignored_reports == 1
    loop.spacecraft.report(request, Stage.COMPLETED, percent=100)
    loop.step()
    assert (record.verdict, record.percent) == (Verdict.COMPLETED, 100)


@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("HEATER.SET_HEETER", {}, "did you mean HEATER.SET_HEATER"),
        ("NOBODY.NOOP", {}, "no command is called 'NOBODY.NOOP'"),
        ("HEATER.SET_HEATER", {"line": 1, "on": True, "off": 1}, "has no argument 'off', it has line, on, colour"),
        ("HEATER.SET_HEATER", {"line": 1}, "needs the argument 'on'"),
        ("HEATER.SET_HEATER", {"line": "many", "on": True}, "expected integer"),
        ("HEATER.SET_HEATER", {"line": 1, "on": 3.5}, "expected boolean"),
        ("HEATER.SET_HEATER", {"line": 8, "on": True}, "line is 8, allowed are 0 to 7"),
        ("HEATER.SET_HEATER", {"line": 1, "on": True, "colour": "green"}, "allowed are RED (0), BLUE (1)"),
        ("HEATER.EXPLODE", {"charge": 1}, "hazardous, needs a confirmation"),
    ],
)
def test_what_the_dictionary_does_not_allow_is_refused_and_nothing_leaves(
    loop: Loop, name: str, arguments: dict[str, object], reason: str
) -> None:
    """The refusal is a record with its reason; no frame was radiated."""
    record = loop.ground.issue(name, arguments)
    assert record.verdict is Verdict.REFUSED_ON_GROUND
    assert reason in record.reason
    assert (record.stage, record.sequence, record.octets) == (CommandStage.FINISHED, -1, b"")
    assert loop.spacecraft.frames_up == []
    assert loop.ground.commands.newest() == [record]
    assert loop.ground.commands.counters.sent == 0


def test_a_hazardous_command_says_how_to_confirm_it(loop: Loop) -> None:
    """Without a reason, or with blanks only, it is refused with the way to do it."""
    for confirm in (None, "", "  "):
        record = loop.ground.issue("HEATER.EXPLODE", {"charge": 1}, confirm)
        assert record.hazardous
        assert 'confirm="..."' in record.reason
        assert "--confirm" in record.reason
    assert loop.spacecraft.frames_up == []


def test_a_confirmed_hazardous_command_is_armed_first(loop: Loop) -> None:
    """The arming goes first; the command itself leaves only when the spacecraft has confirmed it."""
    record = loop.ground.issue("HEATER.EXPLODE", {"charge": 2}, "separation")
    assert (record.stage, record.confirm) == (CommandStage.ARMING, "separation")
    assert loop.spacecraft.executed == ["Arm"]
    loop.step()
    assert record.stage is CommandStage.SENT
    loop.step()
    assert record.verdict is Verdict.COMPLETED
    assert loop.spacecraft.executed == ["Arm", "Explode"]
    arming = loop.ground.commands.record(record.armed_by)
    assert (arming.name, arming.arguments) == ("COMMAND_INGEST.ARM", {"apid": 0x20, "function": 3})
    assert [each.number for each in loop.ground.commands.newest()] == [1, 2]


def test_a_hazardous_command_whose_arming_fails_is_not_sent(loop: Loop) -> None:
    """No answer to the arming: the command stays on ground and says why."""
    loop.spacecraft.silent = True
    record = loop.ground.issue("HEATER.EXPLODE", {"charge": 2}, "separation")
    loop.step(31)
    assert record.verdict is Verdict.REFUSED_ON_GROUND
    assert "arming by command 2 timed_out" in record.reason
    assert "was not sent" in record.reason
    assert len(loop.spacecraft.frames_up) == 1
    assert loop.ground.commands.open == []


def test_a_link_that_fails_between_arming_and_command_refuses_it(loop: Loop) -> None:
    """The arming succeeded but the port did not take the command."""
    record = loop.ground.issue("HEATER.EXPLODE", {"charge": 2}, "separation")
    loop.spacecraft.broken = True
    loop.step()
    assert record.verdict is Verdict.REFUSED_ON_GROUND
    assert "link did not take it" in record.reason


def test_without_an_arming_command_a_hazardous_one_cannot_be_sent(
    tiny: SimpleNamespace, parameters: LinkParameters
) -> None:
    """A mission whose ingest cannot arm refuses on ground."""
    heater = AppInterface("heater", 0x20, (tiny.Explode,), (tiny.VerificationReport,))
    poor = tiny.Loop(Dictionary("poor", [heater]), parameters, None)
    record = poor.ground.issue("HEATER.EXPLODE", {"charge": 1}, "why not")
    assert record.verdict is Verdict.REFUSED_ON_GROUND
    assert "could not be armed: no command is called 'COMMAND_INGEST.ARM'" in record.reason


def test_a_link_that_does_not_work_refuses_on_ground(loop: Loop) -> None:
    """Nothing left, and the reason is the port's."""
    loop.spacecraft.broken = True
    record = loop.ground.issue("HEATER.NOOP")
    assert record.verdict is Verdict.REFUSED_ON_GROUND
    assert "link did not take it" in record.reason
    loop.spacecraft.broken = False
    assert loop.ground.issue("HEATER.NOOP").sequence == 0


def test_a_command_that_fails_on_board_has_code_and_reason(loop: Loop) -> None:
    """FAILED after acceptance, with what the app says."""
    record = loop.ground.issue("HEATER.SET_HEATER", {"line": 7, "on": True})
    loop.step()
    assert (record.verdict, record.code) == (Verdict.FAILED, FailureCode.DEVICE_FAILED)
    assert record.reason == "line 7 is broken"


def test_a_silent_spacecraft_times_a_command_out_exactly_once(loop: Loop) -> None:
    """At the deadline, not a nanosecond before; a report that comes later changes nothing."""
    loop.spacecraft.silent = True
    record = loop.ground.issue("HEATER.NOOP")
    loop.ground.step(30 * SECOND_NS - 1)
    assert record.open
    loop.ground.step(30 * SECOND_NS)
    assert (record.verdict, record.reason) == (
        Verdict.TIMED_OUT,
        "no report at all within 30 s, and nothing was heard from the spacecraft since it was sent",
    )
    loop.spacecraft.report(RequestId(GROUND, 0x20, record.sequence, 0), Stage.COMPLETED)
    loop.step(31)
    assert record.verdict is Verdict.TIMED_OUT
    assert loop.ground.commands.reports.counts[ReportFate.LATE] == 1
    assert loop.ground.commands.counters.verdicts[Verdict.TIMED_OUT] == 1


class TestShortPatience:
    """A ground that waits less."""

    @pytest.fixture
    def settings(self) -> GroundSettings:
        """Short timeouts."""
        return GroundSettings(timeouts=CommandTimeouts(first_report_s=2, next_report_s=5))

    def test_each_report_prolongs_the_wait(self, loop: Loop) -> None:
        """From one report to the next the longer limit holds."""
        quick, slow = loop.ground.issue("HEATER.NOOP"), loop.ground.issue("HEATER.SURVEY")
        loop.step()
        loop.step(4)
        assert (quick.verdict, slow.verdict) == (Verdict.COMPLETED, None)
        loop.spacecraft.report(loop.spacecraft.open[slow.sequence], Stage.PROGRESS, percent=10)
        loop.step(0.5)
        loop.step(4.9)
        assert slow.open
        loop.step(0.2)
        assert (slow.verdict, slow.reason) == (Verdict.TIMED_OUT, "no report after progress within 5 s")


def test_repeated_late_foreign_and_forged_reports_change_nothing(loop: Loop) -> None:
    """Each is counted by what is wrong with it; the verdict stands."""
    record = loop.ground.issue("HEATER.SURVEY")
    loop.step()
    request = loop.spacecraft.open[record.sequence]
    report = loop.spacecraft.report
    report(request, Stage.ACCEPTED)
    report(RequestId(0x20, request.apid, request.sequence, request.function), Stage.FAILED)
    report(RequestId(GROUND, request.apid, request.sequence + 1, request.function), Stage.FAILED)
    report(RequestId(GROUND, request.apid, request.sequence, 99), Stage.FAILED)
    report(request, Stage.COMPLETED, app="command_ingest")
    loop.step()
    assert (record.open, record.stage) == (True, CommandStage.STARTED)
    report(request, Stage.COMPLETED)
    report(request, Stage.FAILED, code=FailureCode.HANDLER_FAILED, reason="forged")
    report(request, Stage.COMPLETED)
    loop.step()
    assert (record.verdict, record.reason, record.code) == (Verdict.COMPLETED, "", FailureCode.NONE)
    counts = {fate.value: count for fate, count in loop.ground.commands.reports.counts.items() if count}
    assert counts == {"counted": 3, "repeated": 1, "on_board": 1, "unknown": 2, "implausible": 1, "late": 2}
    assert record.ignored_reports == 4


def test_a_recorded_report_from_before_the_command_is_not_about_it(loop: Loop, tiny: SimpleNamespace) -> None:
    """Playback of an older command with the same request id completes nothing; a newer recorded report counts."""
    loop.spacecraft.silent = True
    loop.step(100)
    loop.spacecraft.say("heater", loop.spacecraft.heater_status())
    loop.step()
    record = loop.ground.issue("HEATER.NOOP")
    old = tiny.VerificationReport(RequestId(GROUND, 0x20, record.sequence, 0), Stage.COMPLETED)
    loop.spacecraft.now_ns = 50 * SECOND_NS
    loop.spacecraft.say("heater", old, channel=1)
    loop.step()
    assert record.open
    assert loop.ground.commands.reports.counts[ReportFate.EARLY] == 1
    loop.spacecraft.say("heater", old, channel=1)
    loop.step()
    assert record.verdict is Verdict.COMPLETED


def test_sequence_counts_go_up_per_app_and_skip_open_ones(loop: Loop) -> None:
    """Every APID counts for itself; a count that an open command of the same function uses is left out."""
    loop.spacecraft.silent = True
    assert [loop.ground.issue("HEATER.NOOP").sequence for _ in range(3)] == [0, 1, 2]
    assert loop.ground.issue("COMMAND_INGEST.NOOP").sequence == 0
    forced = loop.ground.force(build_command(0x20, 3, 0))
    assert (forced.sequence, forced.open) == (3, True)
    assert loop.ground.issue("HEATER.NOOP").sequence == 4


def test_forced_octets_are_followed_by_their_request_id(loop: Loop) -> None:
    """An unknown function, a wrong checksum and an unarmed hazard are refused on board, and the ground hears it."""
    unknown = loop.ground.force(build_command(0x20, 7, 77))
    damaged = build_command(0x20, 8, 2, b"\x01\x01\x00")
    corrupt = loop.ground.force(damaged[:-1] + b"\xff")
    hazard = loop.ground.force(build_command(0x20, 9, 3, b"\x01"))
    loop.step()
    assert [record.verdict for record in (unknown, corrupt, hazard)] == [Verdict.REJECTED] * 3
    assert unknown.code is FailureCode.UNKNOWN_FUNCTION
    assert corrupt.code is FailureCode.BAD_CHECKSUM
    assert hazard.code is FailureCode.NOT_ARMED
    assert loop.spacecraft.executed == []
    assert unknown.name == f"FORCED {build_command(0x20, 7, 77).hex()}"


def test_forced_octets_that_are_no_packet_leave_but_cannot_be_followed(loop: Loop) -> None:
    """They time out; too many of them for a frame do not leave at all."""
    record = loop.ground.force(b"\xff\xff")
    assert (record.apid, record.stage) == (-1, CommandStage.SENT)
    assert len(loop.spacecraft.frames_up) == 1
    loop.step(31)
    assert record.verdict is Verdict.TIMED_OUT
    assert loop.ground.force(bytes(2000)).verdict is Verdict.REFUSED_ON_GROUND
    assert loop.ground.force(b"").verdict is Verdict.REFUSED_ON_GROUND


def test_a_forced_request_id_that_is_open_is_refused(loop: Loop) -> None:
    """Two open commands of one request id could not be told apart."""
    loop.spacecraft.silent = True
    packet = build_command(0x20, 5, 0)
    assert loop.ground.force(packet).open
    second = loop.ground.force(packet)
    assert second.verdict is Verdict.REFUSED_ON_GROUND
    assert "same request id" in second.reason


@pytest.mark.untraced
def test_ten_thousand_commands_in_one_burst_have_ten_thousand_verdicts(
    dictionary: Dictionary, parameters: LinkParameters, tiny: SimpleNamespace
) -> None:
    """No command is lost, none has two verdicts."""
    loop = tiny.Loop(dictionary, msgspec.structs.replace(parameters, queue_packets=MAX_QUEUE_PACKETS), None)
    records = [loop.ground.issue("HEATER.SET_HEATER", {"line": n % 9, "on": True}) for n in range(10_000)]
    for _ in range(40):
        loop.step()
    verdicts = loop.ground.commands.counters.verdicts
    assert loop.ground.commands.open == []
    assert sum(verdicts.values()) == len(records) == loop.ground.commands.counters.issued
    assert verdicts[Verdict.REFUSED_ON_GROUND] == len([n for n in range(10_000) if n % 9 == 8])
    assert verdicts[Verdict.FAILED] == len([n for n in range(10_000) if n % 9 == 7])
    assert verdicts[Verdict.COMPLETED] == len(loop.spacecraft.executed) - verdicts[Verdict.FAILED]


def test_records_are_bounded_and_open_ones_are_kept(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest closed record is given up; reports about it are then unknown."""
    monkeypatch.setattr(commanding, "MAX_RECORDS", 3)
    survey = loop.ground.issue("HEATER.SURVEY")
    for _ in range(4):
        noop = loop.ground.issue("HEATER.NOOP")
        loop.step()
    centre = loop.ground.commands
    assert [record.number for record in centre.newest()] == [1, 4, 5]
    assert centre.counters.records_given_up == 2
    assert centre.record(1) is survey
    with pytest.raises(UnknownCommandRecordError, match="no record of command 2"):
        centre.record(2)
    loop.spacecraft.report(RequestId(GROUND, 0x20, 1, 0), Stage.COMPLETED)
    loop.step()
    assert centre.reports.counts[ReportFate.UNKNOWN] == 1
    assert [record.number for record in centre.newest(1)] == [noop.number]
    assert [record.number for record in centre.newest(since=4)] == [5]


def test_open_commands_are_bounded(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """One command too many waiting for a verdict is refused on ground."""
    monkeypatch.setattr(commanding, "MAX_OPEN", 2)
    monkeypatch.setattr(commanding, "MAX_RECORDS", 2)
    loop.spacecraft.silent = True
    records = [loop.ground.issue("HEATER.NOOP") for _ in range(3)]
    assert [record.open for record in records] == [True, True, False]
    assert "2 commands wait for their verdict already" in records[2].reason
    assert len(loop.ground.commands.newest()) == 3


def test_reached_says_whether_a_stage_or_the_end_has_come(loop: Loop) -> None:
    """An end counts as every stage."""
    record = loop.ground.issue("HEATER.SURVEY")
    assert record.reached(CommandStage.SENT)
    assert not record.reached(CommandStage.ACCEPTED)
    refused = loop.ground.issue("HEATER.NOTHING")
    assert refused.reached(CommandStage.STARTED)


def test_other_telemetry_is_no_report(loop: Loop) -> None:
    """Only verification reports are taken for such."""
    loop.spacecraft.say("heater", loop.spacecraft.heater_status())
    loop.step()
    sample = loop.ground.telemetry.samples("HEATER.HEATER_STATUS")[0]
    loop.ground.commands.report(sample)
    assert sum(loop.ground.commands.reports.counts.values()) == 0


@pytest.mark.parametrize(
    ("name", "arguments", "without_contact", "verdict"),
    [
        ("HEATER.TAKE_KEY", {"unit": "c0ffee"}, WithoutContact.RADIATE, Verdict.COMPLETED),
        ("HEATER.TAKE_KEY", {"unit": "c0ffee"}, WithoutContact.WAIT, Verdict.COMPLETED),
        ("HEATER.TAKE_KEY", {"unit": "c0ffee"}, WithoutContact.REFUSE, Verdict.REFUSED_ON_GROUND),
        ("HEATER.TAKE_KEY", {"unit": "c0ffee" * 4}, WithoutContact.RADIATE, Verdict.REFUSED_ON_GROUND),
        ("HEATER.TAKE_KEY", {"unit": "c0ffeeX"}, WithoutContact.RADIATE, Verdict.REFUSED_ON_GROUND),
        ("HEATER.TAKE_KEY", {"unti": "c0ffee"}, WithoutContact.RADIATE, Verdict.REFUSED_ON_GROUND),
        ("HEATER.TAKE_KEYS", {"unit": "c0ffee"}, WithoutContact.RADIATE, Verdict.REFUSED_ON_GROUND),
    ],
)
def test_arguments_of_a_secret_command_are_told_to_nobody(
    loop: Loop, name: str, arguments: dict[str, str], without_contact: WithoutContact, verdict: Verdict
) -> None:
    """Sent, held or refused, whatever is wrong with it: its record tells no value, only which arguments it had."""
    record = loop.ground.issue(name, arguments, without_contact=without_contact)
    told = [json.dumps(json_values.command(record))]
    loop.spacecraft.transmitting = True
    for _ in range(3):
        loop.step()
    told.append(json.dumps(json_values.command(record)))
    assert record.verdict is verdict
    assert record.arguments == dict.fromkeys(arguments, "withheld")
    assert not any("c0ffee" in each.lower() for each in told)
    assert loop.spacecraft.executed == ["TakeKey"] * (verdict is Verdict.COMPLETED)


def test_what_is_wrong_with_a_secret_command_is_said_without_its_value(loop: Loop) -> None:
    """Names of arguments are no secret."""
    assert loop.ground.issue("HEATER.TAKE_KEY", {}).reason.endswith("needs the argument 'unit'")
    reason = loop.ground.issue("HEATER.TAKE_KEY", {"unit": 7}).reason
    assert reason == "TakeKey: an argument has a value that is not allowed (withheld)"
