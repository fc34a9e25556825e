from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ops_tools.ground.command_record import Verdict
from ops_tools.ground.security import control, operation
from ops_tools.ground.security.inquiries import Inventory, OnboardAssociations, OnboardLog, SelfTest
from ops_tools.ground.security.operation import OperationFailedError, Outcome, UnknownOperationError
from ops_tools.ground.security.own_end import Direction
from ops_tools.ground.security.rotation import MAX_TRIES, RotationResult
from tlm_cmd.definition.dictionary import AppInterface, Dictionary
from tlm_cmd.sdls.association import AssociationState
from tlm_cmd.sdls.key_ring import KeyState
from tlm_cmd.sdls.procedures import Procedure, ProcedureUnit
from tlm_cmd.sdls.security_log import EventCode

if TYPE_CHECKING:
    from tests.unit.ops_tools.ground.security.conftest import Desk

PING_REPLY = ProcedureUnit(Procedure.PING, is_reply=True).pack()


def test_every_inquiry_is_answered(desk: Desk) -> None:
    """Each has its result, as the spacecraft told it."""
    results = {}
    for name in ("ping", "self-test", "log", "erase-log", "reset-alarm", "inventory", "associations"):
        record = desk.do(name, "because")
        assert record.succeeded, record.problem
        results[name] = record.result
    assert results["self-test"] == SelfTest(passed=True)
    assert results["log"] == OnboardLog(())
    inventory, associations = results["inventory"], results["associations"]
    assert isinstance(inventory, Inventory)
    assert isinstance(associations, OnboardAssociations)
    keys = {key.key_id: (key.ground, key.spacecraft) for key in inventory.keys}
    assert keys[1] == keys[128] == (KeyState.ACTIVE, KeyState.ACTIVE)
    assert keys[131] == (KeyState.PREACTIVE, None)
    counters = {each.spi: each.counter for each in associations.associations}
    assert counters[1] is not None
    assert counters[1] > 0
    assert counters[17] is None
    at_ground = {each.spi: (each.ground_state, each.ground_key_id) for each in associations.associations}
    assert at_ground[1] == (AssociationState.OPERATIONAL, 128)
    assert at_ground[17] == (AssociationState.UNKEYED, None)
    assert desk.ends.ingest.frames.state.log.events == []  # nothing that was asked had to be refused


def test_requests_go_to_who_executes_them(desk: Desk) -> None:
    """Keys and telecommand associations to the command ingest, telemetry associations to the telemetry output."""
    for direction in Direction:
        desk.issued.clear()
        assert desk.do(f"rotate {direction}", "because").succeeded
        apps = [name.partition(".")[0] for name in desk.issued]
        assert apps.count("TELEMETRY_OUTPUT") == (0 if direction is Direction.TELECOMMAND else 6)
        assert apps.count("COMMAND_INGEST") == (13 if direction is Direction.TELECOMMAND else 7)


def test_a_rotation_is_told_step_by_step(desk: Desk) -> None:
    """With its reason and its result; the commands' records have no key in them."""
    record = desk.do("rotate s_band", "monthly change")
    assert record.result == RotationResult(Direction.S_BAND, 18, 131)
    assert record.confirm == "monthly change"
    assert {step.outcome for step in record.steps} == {Outcome.DONE}
    assert [step.what for step in record.steps][2:5] == ["OTAR key 131", "VERIFY_KEYS key 131", "ACTIVATE_KEYS key 131"]
    assert "a frame through association 18" in [step.what for step in record.steps]
    assert all(set(command.arguments) == {"procedure"} and not command.octets for command in desk.records)


@pytest.mark.parametrize("name", ["rotate tc", "erase-log"])
def test_what_is_hazardous_needs_a_reason(desk: Desk, name: str) -> None:
    """Nothing is asked of the spacecraft without one."""
    for confirm in ("", "  "):
        with pytest.raises(OperationFailedError, match="needs a confirmation"):
            desk.control.request(name, confirm, now_ns=0)
    assert desk.issued == []


def test_operations_take_their_turns(desk: Desk) -> None:
    """One after the other; there is a bound to those that wait, and to those that are remembered."""
    desk.verdict = None
    records = [desk.control.request("ping", now_ns=0) for _ in range(control.MAX_WAITING)]
    with pytest.raises(OperationFailedError, match="16 operations wait already"):
        desk.control.request("ping", now_ns=0)
    for _ in range(2 * control.MAX_WAITING):
        desk.step()
    assert all(record.succeeded for record in records)
    for _ in range(control.MAX_RECORDS):
        desk.do("reset-alarm")
    with pytest.raises(UnknownOperationError, match=r"no record of security operation 1$"):
        desk.control.record(1)
    newest = desk.control.status(2).operations
    assert [record.number for record in newest] == [control.MAX_RECORDS + 15, control.MAX_RECORDS + 16]
    assert desk.control.status(0).operations == []


def test_unknown_operations_are_named_with_those_that_there_are(desk: Desk) -> None:
    """Also a direction that there is not."""
    with pytest.raises(
        UnknownOperationError, match="no operation is called 'rotate k_band', there are ping, self-test"
    ):
        desk.control.request("rotate k_band", "why", now_ns=0)


@pytest.mark.parametrize(
    ("verdict", "asked", "outcome"),
    [
        (Verdict.TIMED_OUT, MAX_TRIES, Outcome.SILENT),
        (Verdict.FAILED, 1, Outcome.REFUSED),
        (Verdict.REJECTED, 1, Outcome.REFUSED),
        (Verdict.REFUSED_ON_GROUND, 1, Outcome.NOT_SENT),
    ],
)
def test_how_a_command_ends_is_how_its_step_ends(desk: Desk, verdict: Verdict, asked: int, outcome: Outcome) -> None:
    """Only silence is asked into again."""
    desk.verdict = verdict
    record = desk.do("ping")
    assert (record.succeeded, len(desk.issued)) == (False, asked)
    assert {step.outcome for step in record.steps} == {outcome}
    assert record.problem.endswith("so it is")


def test_a_reply_that_does_not_come_is_waited_for_and_asked_for_again(desk: Desk) -> None:
    """The command was executed, but what it replied is lost."""
    desk.mute = True
    record = desk.control.request("self-test", now_ns=0)
    desk.step()
    desk.step(59)
    assert len(desk.issued) == 1
    desk.step(2)
    assert len(desk.issued) == 2
    assert record.steps[0].reason == "executed, but its reply has not come"
    desk.mute = False
    desk.step(61)
    desk.step()
    assert (record.succeeded, record.result) == (True, SelfTest(passed=True))


def test_replies_of_others_change_nothing(desk: Desk) -> None:
    """Another app's, another command's, another procedure's, or octets that are none."""
    desk.mute = True
    for unit in (PING_REPLY, b"", b"\xb1\xff"):
        desk.control.take(desk.sample("COMMAND_INGEST.SECURITY_REPLY", 701, unit))  # nothing was asked yet
    record = desk.control.request("self-test", now_ns=0)
    desk.step()
    passed = ProcedureUnit(Procedure.SELF_TEST, b"\0", is_reply=True).pack()
    for name, sequence, unit in (
        ("TELEMETRY_OUTPUT.SECURITY_REPLY", 701, passed),
        ("COMMAND_INGEST.SECURITY_REPLY", 702, passed),
        ("COMMAND_INGEST.SECURITY_REPLY", 701, PING_REPLY),
        ("COMMAND_INGEST.SECURITY_REPLY", 701, b"\xb5\x00"),
    ):
        desk.replies.append(desk.sample(name, sequence, unit))
    desk.step()
    assert record.succeeded is None
    desk.replies.append(desk.sample("COMMAND_INGEST.SECURITY_REPLY", 701, passed))
    desk.step()
    assert record.succeeded


def test_an_operation_has_a_bound(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that would go on and on is ended, and the next has its turn."""
    monkeypatch.setattr(control, "MAX_STEPS", 4)
    assert operation.MAX_STEPS == 200
    record = desk.do("rotate tc", "why")
    assert (record.succeeded, record.problem) == (False, "not at its end after 4 steps")
    assert desk.do("ping").succeeded


def test_what_the_security_log_has_is_read(desk: Desk) -> None:
    """A refused frame is an event in it, until it is erased."""
    ingest = desk.ends.ingest.frames
    ingest.state.log.add(EventCode.BAD_MAC, 1, 5, 7)
    record = desk.do("log")
    assert isinstance(record.result, OnboardLog)
    assert [event.code for event in record.result.events] == [EventCode.BAD_MAC]
    desk.do("erase-log", "read and kept")
    assert desk.do("log").result == OnboardLog(())


def test_a_spacecraft_without_procedures_is_not_asked() -> None:
    """The dictionary must have the commands and the packets of both apps."""
    assert not control.SecurityControl.suits(Dictionary("bare", [AppInterface("command_ingest", 0x20)]))
