from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from ops_tools.ground.events import EventLog, GroundEvent
from ops_tools.ground.onboard_log import event_text
from ops_tools.ground.settings import GroundSettings
from tlm_cmd.definition.message import Event, Severity
from tlm_cmd.packets.cfs_header import build_telemetry

if TYPE_CHECKING:
    from tests.unit.ops_tools.conftest import Loop


@pytest.fixture
def settings() -> GroundSettings:
    """A short log, so that its bound is met."""
    return GroundSettings(event_log_depth=3)


def test_events_of_the_spacecraft_are_logged_as_people_read_them(loop: Loop, tiny: SimpleNamespace) -> None:
    """Fields are filled in, members of enumerations by name; time and severity are kept."""
    loop.step()
    loop.spacecraft.say("heater", tiny.HeaterOn(3, tiny.Colour.BLUE))
    loop.step()
    event = loop.ground.events.newest()[-1]
    assert (event.name, event.app, event.text) == ("HEATER.HEATER_ON", "heater", "heater 3 is BLUE")
    assert (event.severity, event.time_ns, event.received_ns, event.recorded) == (
        Severity.INFO,
        10**9,
        2 * 10**9,
        False,
    )


def test_the_log_is_bounded_and_says_what_it_forgot(loop: Loop, tiny: SimpleNamespace) -> None:
    """Only the newest events stay; numbers go on, counts keep all."""
    for line in range(5):
        loop.spacecraft.say("heater", tiny.HeaterStuck(line))
    loop.step()
    log = loop.ground.events
    assert [event.number for event in log.newest()] == [4, 5, 6]
    assert (log.logged, log.forgotten, log.counts[Severity.ERROR]) == (6, 3, 5)


def test_events_are_chosen_by_severity_number_and_count() -> None:
    """A reader asks for what it has not seen, and for what matters."""
    log = EventLog()
    for severity in (Severity.INFO, Severity.ERROR, Severity.DEBUG, Severity.CRITICAL):
        log.note(GroundEvent.LIMIT, severity, severity.name, 0)
    assert [event.text for event in log.newest(lowest=Severity.ERROR)] == ["ERROR", "CRITICAL"]
    assert [event.number for event in log.newest(since=2)] == [3, 4]
    assert [event.number for event in log.newest(1)] == [4]


def test_a_text_that_does_not_fit_its_fields_is_shown_as_it_is() -> None:
    """A slip in an event's text must not hide the event."""

    class Slip(Event, code=40, text="{nothing} happened"):
        line: bool

    assert event_text(Slip(line=True)) == "{nothing} happened {'line': True}"


def test_an_event_in_the_short_form_is_logged_with_gaps(loop: Loop, tiny: SimpleNamespace) -> None:
    """It counts by its severity as any other, and is marked."""
    payload = loop.ground.dictionary.encode_short_event(tiny.HeaterStuck(3))
    apid = loop.ground.dictionary.apid_of("heater")
    loop.spacecraft.sender.enqueue(0, build_telemetry(apid, 0, 1, 0, payload))
    loop.step()
    event = loop.ground.events.newest()[-1]
    assert (event.name, event.text, event.severity) == (
        "HEATER.HEATER_STUCK",
        "heater … does not answer",
        Severity.ERROR,
    )
    assert (event.short, event.from_log) == (True, False)
    assert loop.ground.events.counts[Severity.ERROR] == 1


def test_telemetry_is_no_event(loop: Loop) -> None:
    """Only events are logged."""
    loop.spacecraft.say("heater", loop.spacecraft.heater_status())
    loop.step()
    log = EventLog()
    log.add(loop.ground.telemetry.samples("HEATER.HEATER_STATUS")[0])
    assert log.logged == 0
