"""Commands asked for while there is no contact."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ops_tools.ground import commanding
from ops_tools.ground.command_record import CommandStage, CommandTimeouts, Verdict, WithoutContact
from ops_tools.ground.contact_plan import ContactPlan
from ops_tools.ground.errors import CommandHasLeftError, UnknownCommandRecordError
from ops_tools.ground.settings import GroundSettings

if TYPE_CHECKING:
    from types import SimpleNamespace

    from tests.unit.ops_tools.conftest import Loop
    from tlm_cmd.definition.dictionary import Dictionary
    from tlm_cmd.link.parameters import LinkParameters

WAIT = WithoutContact.WAIT


@pytest.fixture
def plan(tiny: SimpleNamespace) -> ContactPlan:
    """One contact, a minute ahead."""
    planned: ContactPlan = tiny.ListedContacts(("North", 60, 90))
    return planned


def test_held_commands_leave_in_order_when_contact_begins(loop: Loop) -> None:
    """Nothing is radiated before; each is then followed as any other, and the account closes."""
    loop.step()
    first = loop.ground.issue("HEATER.NOOP", without_contact=WAIT)
    second = loop.ground.issue("HEATER.SET_HEATER", {"line": 1, "on": True}, without_contact=WAIT)
    loop.step(58)
    assert (first.stage, second.stage, loop.spacecraft.frames_up) == (CommandStage.WAITING, CommandStage.WAITING, [])
    loop.spacecraft.transmitting = True
    loop.step()
    assert (first.stage, second.stage) == (CommandStage.SENT, CommandStage.SENT)
    loop.step()
    assert loop.spacecraft.executed == ["Noop", "SetHeater"]
    assert (first.verdict, second.verdict) == (Verdict.COMPLETED, Verdict.COMPLETED)
    counters = loop.ground.commands.counters
    assert counters.issued == sum(counters.verdicts.values()) == 2


@pytest.mark.parametrize("without_contact", list(WithoutContact))
def test_a_ground_that_only_listens_refuses_at_once(
    dictionary: Dictionary, parameters: LinkParameters, tiny: SimpleNamespace, without_contact: WithoutContact
) -> None:
    """Nobody waits for a contact in which nothing will be sent."""
    loop = tiny.Loop(dictionary, parameters, GroundSettings(listens_only=True))
    record = loop.ground.issue("HEATER.NOOP", without_contact=without_contact)
    assert record.verdict is Verdict.REFUSED_ON_GROUND
    assert "this ground only listens" in record.reason
    assert loop.ground.commands.open == []


def test_a_hazardous_command_is_armed_only_when_contact_begins(loop: Loop) -> None:
    """Its confirmation is asked for at once, its arming leaves with the contact, and it follows."""
    loop.step()
    assert loop.ground.issue("HEATER.EXPLODE", {"charge": 1}, without_contact=WAIT).verdict is Verdict.REFUSED_ON_GROUND
    record = loop.ground.issue("HEATER.EXPLODE", {"charge": 1}, "separation", without_contact=WAIT)
    assert (record.stage, record.armed_by) == (CommandStage.WAITING, None)
    loop.spacecraft.transmitting = True
    loop.step()
    assert record.stage is CommandStage.ARMING
    loop.step()
    loop.step()
    assert loop.spacecraft.executed == ["Arm", "Explode"]
    assert record.verdict is Verdict.COMPLETED


def test_a_held_command_never_times_out(loop: Loop) -> None:
    """Its time to be answered begins when it leaves."""
    loop.step()
    record = loop.ground.issue("HEATER.NOOP", without_contact=WAIT)
    loop.step(100_000)
    assert record.open


def test_a_held_command_that_cannot_be_sent_is_refused(loop: Loop) -> None:
    """The port fails at the moment of release: the reason stands in the record, and nothing is left behind."""
    loop.step()
    record = loop.ground.issue("HEATER.NOOP", without_contact=WAIT)
    loop.spacecraft.transmitting = loop.spacecraft.broken = True
    loop.step()
    assert record.verdict is Verdict.REFUSED_ON_GROUND
    assert "the link did not take it" in record.reason
    assert loop.ground.commands.open == []


def test_without_contact_a_command_can_be_refused_with_the_next_contact(loop: Loop) -> None:
    """The reason says when to try again."""
    loop.step()
    record = loop.ground.issue("HEATER.NOOP", without_contact=WithoutContact.REFUSE)
    assert record.verdict is Verdict.REFUSED_ON_GROUND
    assert record.reason == "no contact with the spacecraft; the next is with North, in 59 s"
    loop.step(70)
    record = loop.ground.issue("HEATER.NOOP", without_contact=WithoutContact.REFUSE)
    assert record.reason == "no contact with the spacecraft"


def test_without_contact_a_command_can_be_radiated_all_the_same(loop: Loop) -> None:
    """A spacecraft may hear without being heard; if nothing comes, the verdict says that nothing was heard at all."""
    record = loop.ground.issue("HEATER.NOOP")
    assert record.stage is CommandStage.SENT
    loop.spacecraft.silent = True
    lost = loop.ground.issue("HEATER.NOOP", without_contact=WithoutContact.RADIATE)
    loop.step(1)
    loop.step(30)
    assert record.verdict is Verdict.COMPLETED
    assert lost.reason == "no report at all within 30 s"


def test_what_waits_can_be_withdrawn_and_nothing_else(loop: Loop) -> None:
    """A withdrawn command stays on the ground for ever."""
    loop.step()
    record = loop.ground.issue("HEATER.NOOP", without_contact=WAIT)
    withdrawn = loop.ground.commands.withdraw(record.number, now_ns=7)
    assert (withdrawn.verdict, withdrawn.finished_ns()) == (Verdict.REFUSED_ON_GROUND, 7)
    loop.spacecraft.transmitting = True
    loop.step()
    loop.step()
    assert loop.spacecraft.executed == []
    with pytest.raises(CommandHasLeftError, match="command 1 does not wait any more, it is finished"):
        loop.ground.commands.withdraw(record.number, now_ns=8)
    with pytest.raises(UnknownCommandRecordError):
        loop.ground.commands.withdraw(99, now_ns=8)


def test_the_waiting_room_is_bounded(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that wait for contact count among those without verdict."""
    monkeypatch.setattr(commanding, "MAX_OPEN", 2)
    loop.step()
    records = [loop.ground.issue("HEATER.NOOP", without_contact=WAIT) for _ in range(3)]
    assert [record.open for record in records] == [True, True, False]
    assert "wait for their verdict already" in records[2].reason


def test_time_outs_leave_a_fast_host_its_time() -> None:
    """At a multiple of real time, a report has at least ten seconds of the host; slower, the usual time."""
    assert CommandTimeouts.at_speed(60.0) == CommandTimeouts(600.0, 600.0)
    assert CommandTimeouts.at_speed(1.0) == CommandTimeouts.at_speed(0.1) == CommandTimeouts()
