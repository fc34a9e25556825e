from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flightsw.mission import Mission
from ops_tools.console.displays import STANDARD_DISPLAY, Display, Form, Panel, Row
from ops_tools.console.observer import Observer
from ops_tools.console.snapshot import FlightFacts, ReadingState
from ops_tools.ground.field_names import FieldNames
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS
from tlm_cmd.packets.verification import Stage

if TYPE_CHECKING:
    from types import SimpleNamespace

    from tests.unit.ops_tools.conftest import Loop

EPOCH_NS = LEAP_SECONDS.utc_to_tai(1_778_812_860 * 10**9)
"""2026-05-15T02:41:00Z as TAI."""

DISPLAY = Display(
    mode="HEATER.HEATER_STATUS.colour",
    station="HEATER.note",
    elevation="HEATER.board",
    panels=(
        Panel(
            "Heaters",
            (
                Row("board", "HEATER.board", gauge=(0.0, 100.0), trend=True),
                Row("pressure", "HEATER.pressure", Form.PERCENT),
                Row("colour", "HEATER.HEATER_STATUS.colour", Form.WORD),
                Row("lines", "HEATER.lines", Form.LIST, decimals=0),
                Row("line 0", "HEATER.lines[0]", Form.BITS, bits=4),
                Row("any", "HEATER.lines[1]", Form.YES_NO, unit="lines"),
                Row("absent", "HEATER.absent"),
                Row("count", "HEATER.count", decimals=0),
            ),
        ),
        Panel("Nothing", (Row("absent", "NOBODY.absent"),)),
    ),
    headline=(Row("board", "HEATER.board"), Row("absent", "HEATER.absent")),
)


@pytest.fixture
def observer(loop: Loop) -> Observer:
    """An observer of the tiny apps, a minute after the mission's epoch."""
    loop.now_ns = 60 * 10**9
    loop.spacecraft.now_ns = EPOCH_NS + loop.now_ns
    return Observer(loop.ground, DISPLAY, EPOCH_NS)


def receive(loop: Loop, board: float = 20.0) -> None:
    """One status comes down."""
    loop.spacecraft.say("heater", loop.spacecraft.heater_status(board=board))
    loop.ground.step(loop.now_ns)


def test_the_reference_mission_has_every_value_of_the_standard_display() -> None:
    """A renamed field in an app's interface is found here, not as a dash on the screen."""
    path = Path(__file__).parents[4] / "apps" / "missions" / "urbanwatch" / "mission.toml"
    names = FieldNames(Mission.load(path).dictionary)
    rows = [row for panel in STANDARD_DISPLAY.panels for row in panel.rows] + list(STANDARD_DISPLAY.headline)
    fields = [row.field for row in rows] + [STANDARD_DISPLAY.mode, STANDARD_DISPLAY.station, STANDARD_DISPLAY.elevation]
    assert [names.field(field).name for field in fields]


def test_before_the_first_packet_everything_is_missing(observer: Observer) -> None:
    """No time, no mode, no values; rows and panels that the mission does not have are left out."""
    snapshot = observer.snapshot()
    assert (snapshot.met_s, snapshot.utc, snapshot.contact, snapshot.in_contact) == (None, "", "no contact yet", False)
    assert snapshot.mode.state is ReadingState.MISSING
    assert [panel.title for panel in snapshot.panels] == ["Heaters", "Link"]
    labels = [reading.label for reading in snapshot.panels[0].readings]
    assert labels == ["board", "pressure", "colour", "lines", "line 0", "any", "count"]
    assert {reading.state for reading in snapshot.panels[0].readings} == {ReadingState.MISSING}
    assert [reading.label for reading in snapshot.headline] == ["board"]


def test_values_are_written_as_people_read_them(observer: Observer, loop: Loop) -> None:
    """Numbers, percentages, words, lists, bits and yes or no, each with its unit, state, gauge and trend."""
    receive(loop, board=45.0)
    board, pressure, colour, lines, bits, any_line, count = observer.snapshot().panels[0].readings
    assert (board.text, board.unit, board.state, board.level) == ("45.0", "degC", ReadingState.YELLOW, 0.45)
    assert board.trend[-1] == 45.0
    assert (pressure.text, pressure.unit, pressure.state) == ("100.0", "%", ReadingState.GREEN)
    assert (colour.text, colour.state) == ("blue", ReadingState.NOMINAL)
    assert (lines.text, bits.text, any_line.text, any_line.unit) == ("1 2 3", "0", "yes", "lines")
    assert count.state is ReadingState.MISSING


def test_time_and_contact_follow_the_packets(observer: Observer, loop: Loop, tiny: SimpleNamespace) -> None:
    """Mission time and UTC count on between packets; contact names station and elevation while they are fresh."""
    receive(loop, board=34.0)
    loop.now_ns += 2 * 10**9
    loop.ground.step(loop.now_ns)
    snapshot = observer.snapshot()
    assert (snapshot.met_s, snapshot.utc, snapshot.in_contact) == (62.0, "2026-05-15 02:42:02", True)
    assert (snapshot.mode.text, snapshot.contact) == ("blue", "fine 34 deg, pass 1, 2 s")
    assert snapshot.traffic == "frames 1 down, 0 up"
    loop.ground.step(loop.now_ns + 9 * 10**9)
    snapshot = observer.snapshot()
    assert (snapshot.contact, snapshot.in_contact) == ("no contact for 11 s", False)
    assert snapshot.mode.state is ReadingState.STALE
    loop.spacecraft.say("heater", tiny.HeaterStuck(1))
    loop.ground.step(loop.now_ns + 30 * 10**9)
    assert observer.snapshot().contact == "pass 2, 0 s"


def test_the_runner_knows_the_mission_time_better(observer: Observer, loop: Loop) -> None:
    """The time of the flight's runner goes before what the packets say."""
    receive(loop)
    snapshot = observer.snapshot(FlightFacts(met_s=3600.0, progress=0.5))
    assert (snapshot.met_s, snapshot.utc) == (3600.0, "2026-05-15 03:41:00")
    assert snapshot.flight.progress == 0.5


def test_commands_and_events_come_newest_first(observer: Observer, loop: Loop, tiny: SimpleNamespace) -> None:
    """With arguments, verdict, duration, time of day; events of the ground have the spacecraft's time of then."""
    receive(loop)
    loop.ground.issue("HEATER.SET_HEATER", {"line": 1, "on": True})
    loop.ground.issue("HEATER.SURVEY", now_ns=loop.now_ns - 10**9)
    loop.spacecraft.say("heater", tiny.HeaterStuck(1))
    loop.ground.step(loop.now_ns)
    snapshot = observer.snapshot()
    survey, heater = snapshot.commands
    assert (survey.number, survey.stage.value, survey.verdict, survey.seconds) == (2, "started", None, 1.0)
    assert (heater.arguments, heater.verdict, heater.seconds) == ("line=1 on=True", "completed", 0.0)
    assert [(event.clock, event.text) for event in snapshot.events] == [
        ("02:42:00", "heater 1 does not answer"),
        ("02:42:00", "pass 1 begins"),
    ]
    assert snapshot.commands_open == 1


def test_events_are_told_by_their_time_and_errors_stay(observer: Observer, loop: Loop, tiny: SimpleNamespace) -> None:
    """What was recorded on board comes late and stands where it belongs; the newest errors are kept apart."""
    loop.spacecraft.now_ns -= 5 * 10**9
    recorded = loop.spacecraft.packet("heater", tiny.HeaterStuck(3))
    loop.spacecraft.now_ns += 5 * 10**9
    loop.spacecraft.say("heater", tiny.HeaterOn(1, tiny.Colour.RED))
    loop.ground.step(loop.now_ns)
    loop.spacecraft.sender.enqueue(1, recorded)
    loop.ground.step(loop.now_ns)
    snapshot = observer.snapshot()
    assert [(event.clock, event.text) for event in snapshot.events] == [
        ("02:42:00", "heater 1 is RED"),
        ("02:42:00", "pass 1 begins"),
        ("02:41:55", "heater 3 does not answer"),
    ]
    assert [event.text for event in snapshot.errors] == ["heater 3 does not answer"]


def test_alarms_and_a_wrong_dictionary_stand_out(observer: Observer, loop: Loop, tiny: SimpleNamespace) -> None:
    """Values outside their limits are listed, a mismatch is the warning, and the receiver's lockout is told."""
    receive(loop, board=99.0)
    loop.spacecraft.say("housekeeping", tiny.SystemStatus(bytes(8)))
    loop.ground.step(loop.now_ns)
    snapshot = observer.snapshot()
    assert snapshot.alarms == ("HEATER.board RED at 99",)
    assert "dictionary mismatch" in snapshot.warning
    link = {reading.label: reading for reading in snapshot.panels[-1].readings}
    assert (link["receiver"].text, link["dictionary"].text) == ("ready", "mismatch")


def test_the_link_panel_warns_of_what_is_lost(observer: Observer, loop: Loop, tiny: SimpleNamespace) -> None:
    """Refused frames, missing packets and packets that cannot be decoded turn yellow."""
    loop.spacecraft.noise = [b"noise"]
    for line in range(3):
        packet = loop.spacecraft.packet("heater", tiny.HeaterStuck(line))
        if line != 1:
            loop.spacecraft.sender.enqueue(0, packet)
    loop.spacecraft.sender.enqueue(0, packet[:-1] + b"\0")
    loop.ground.step(loop.now_ns)
    warned = {reading.label for reading in observer.snapshot().panels[-1].readings if reading.state == "yellow"}
    assert warned == {"refused", "missing", "undecoded"}


def test_the_link_panel_shows_transfers(observer: Observer, loop: Loop) -> None:
    """Files under way stand there with how far they have got, no more than a few of them."""
    delivery = loop.ground.delivery
    assert delivery is not None
    loop.spacecraft.transmitting = True
    loop.step()
    delivery.put("long", bytes(100_000), loop.now_ns)
    for number in range(4):
        delivery.get(f"file {number}", loop.now_ns)
    loop.step()
    shown = {reading.label: reading.text for reading in observer.snapshot().panels[-1].readings}
    assert shown["put 1"].endswith(" % of 100.0 kB")
    assert [label for label in shown if label.startswith("get")] == ["get 2", "get 3"]
    assert shown["get 2"] == "asked for"


def test_a_spacecraft_without_known_time_has_none_shown(loop: Loop, tiny: SimpleNamespace) -> None:
    """Without an epoch there is no mission time; before 1972 there is no UTC."""
    observer = Observer(loop.ground, DISPLAY)
    loop.spacecraft.say("heater", tiny.HeaterStuck(1))
    loop.ground.step(0)
    snapshot = observer.snapshot()
    assert (snapshot.met_s, snapshot.utc) == (None, "")
    assert observer.snapshot(FlightFacts(met_s=1.0)).met_s is None


def test_a_mission_without_the_displayed_fields_still_has_a_screen(loop: Loop) -> None:
    """With the standard display the tiny mission shows its link, and no mode."""
    loop.spacecraft.report(loop.spacecraft.open.get(0) or _request(), Stage.ACCEPTED)
    loop.step()
    snapshot = Observer(loop.ground).snapshot()
    assert [panel.title for panel in snapshot.panels] == ["Link"]
    assert (snapshot.mode.state, snapshot.contact) == (ReadingState.MISSING, "pass 1, 0 s")


def _request() -> object:
    from tlm_cmd.packets.verification import RequestId  # noqa: PLC0415 - used once

    return RequestId(0, 0x20, 0, 0)
