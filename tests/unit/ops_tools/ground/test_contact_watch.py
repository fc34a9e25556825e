"""Contact with a plan: which station, handover, and what is said of the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from ops_tools.ground.contact_plan import ContactPlan

if TYPE_CHECKING:
    from types import SimpleNamespace

    from tests.unit.ops_tools.conftest import Loop
    from tlm_cmd.definition.dictionary import Dictionary
    from tlm_cmd.link.parameters import LinkParameters

SECOND_NS = 1_000_000_000


@pytest.fixture
def plan(tiny: SimpleNamespace) -> ContactPlan:
    """Two stations, one after the other without a pause, and a third one later."""
    planned: ContactPlan = tiny.ListedContacts(("North", 5, 8), ("South", 8, 12), ("West", 100, 110))
    return planned


def texts(loop: Loop) -> list[str]:
    """The event log."""
    return [event.text for event in loop.ground.events.newest()]


def test_a_handover_ends_one_pass_and_begins_the_next(loop: Loop) -> None:
    """Frames that come without a pause are counted for the station that listened."""
    for second in range(30):
        loop.spacecraft.transmitting = 4 <= second < 11
        loop.step()
    passes = [(each.number, each.station, each.frames_down, each.ended) for each in loop.ground.passes.passes]
    assert passes == [(1, "North", 3, True), (2, "South", 4, True)]
    assert texts(loop) == [
        "next contact: North in 4 s, for 3 s",
        "pass 1 over North begins",
        "pass 1 over North ended: 2 s, 3 frames",
        "pass 2 over South begins",
        "pass 2 over South ended: 3 s, 4 frames",
        "next contact: West in 78 s, for 10 s",
    ]


def test_frames_outside_the_plan_belong_to_no_other_pass(loop: Loop) -> None:
    """A spacecraft that transmits on after its pass prolongs it; before the first, it begins one without a station."""
    for second in range(15):
        loop.spacecraft.transmitting = second < 2 or second >= 12
        loop.step()
    assert [each.station for each in loop.ground.passes.passes] == [""]


def test_a_contact_that_comes_to_nothing_is_followed_by_the_next(loop: Loop) -> None:
    """Each contact is announced once, the next one when the one before is over without a frame."""
    for _ in range(20):
        loop.step()
    assert texts(loop) == ["next contact: North in 4 s, for 3 s", "next contact: West in 92 s, for 10 s"]


def test_the_outlook_tells_what_is_heard_and_what_is_planned(loop: Loop) -> None:
    """Before, during and after a contact."""
    loop.step()
    outlook = loop.ground.outlook()
    assert (outlook.in_contact, outlook.last_ns, outlook.end_ns) == (False, None, None)
    assert outlook.following is not None
    assert outlook.following.station == "North"
    loop.spacecraft.transmitting = True
    loop.step(5)
    outlook = loop.ground.outlook()
    assert (outlook.in_contact, outlook.station, outlook.end_ns, outlook.passes) == (True, "North", 8 * SECOND_NS, 1)
    loop.spacecraft.transmitting = False
    loop.step(20)
    outlook = loop.ground.outlook()
    assert (outlook.in_contact, outlook.station, outlook.end_ns) == (False, "", None)
    assert outlook.last_ns == 6 * SECOND_NS


def test_an_open_link_is_named_as_one_on_every_contact(
    dictionary: Dictionary, parameters: LinkParameters, tiny: SimpleNamespace
) -> None:
    """Whoever commands without authentication is told so each time a contact begins; with it nobody is."""
    bare = msgspec.structs.replace(parameters, telecommand_security=None)
    for link, warnings in ((bare, 2), (parameters, 0)):
        loop = tiny.Loop(dictionary, link, None)
        for second in range(40):
            loop.spacecraft.transmitting = second < 3 or 20 <= second < 23
            loop.step()
        named = [event for event in loop.ground.events.newest() if event.name == "GROUND.COMMANDS_NOT_AUTHENTICATED"]
        assert len(named) == warnings
        assert loop.ground.link.status().authenticated is (warnings == 0)
