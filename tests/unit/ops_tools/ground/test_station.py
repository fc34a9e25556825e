from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import msgspec
import pytest

from flightsw.mission_links import MissionLinks
from ops_tools.ground.dictionary_guard import DictionaryCheck
from ops_tools.ground.station import GroundSegment, ground_associations
from tlm_cmd.definition.dictionary import AppInterface, Dictionary
from tlm_cmd.definition.message import Command, Severity, Telemetry
from tlm_cmd.link.parameters import LinkParameters, VirtualChannel
from tlm_cmd.packets.cfs_profile import CfsProfile

if TYPE_CHECKING:
    from tests.unit.ops_tools.conftest import Loop


def test_the_status_tells_the_whole_at_a_glance(loop: Loop, tiny: SimpleNamespace) -> None:
    """Commands, events, alarms, packets and contact are counted in one place."""
    loop.ground.issue("HEATER.NOOP")
    loop.ground.issue("HEATER.NOTHING")
    loop.spacecraft.say("heater", loop.spacecraft.heater_status(board=90.0, pressure=-1.0, cell=tiny.Cell(2.7)))
    loop.spacecraft.say("heater", tiny.HeaterStuck(1))
    loop.step()
    status = loop.ground.status()
    assert (status.mission, status.now_ns, status.spacecraft_ns) == ("tiny", 10**9, 0)
    assert status.verdicts["completed"] == status.verdicts["refused_on_ground"] == 1
    assert (status.commands_open, status.passes, status.packets_decoded) == (0, 1, 4)
    assert status.alarms == {"YELLOW": 1, "RED": 2}
    assert status.events["ERROR"] == 2
    assert status.dictionary is DictionaryCheck.UNKNOWN
    assert status.current_pass is not loop.ground.passes.current
    assert status.current_pass.frames_down == 1
    assert msgspec.json.encode(status)


def test_listeners_see_every_sample_in_order(loop: Loop, tiny: SimpleNamespace) -> None:
    """Reports and recorders are fed by the ground itself."""
    seen: list[str] = []
    loop.ground.listeners.append(lambda sample: seen.append(sample.name))
    loop.spacecraft.say("heater", tiny.HeaterStuck(1))
    loop.spacecraft.say("heater", loop.spacecraft.heater_status())
    loop.step()
    assert seen == ["HEATER.HEATER_STUCK", "HEATER.HEATER_STATUS"]


def test_a_step_returns_how_many_packets_came_corrupt_ones_included(loop: Loop, tiny: SimpleNamespace) -> None:
    """A packet that cannot be decoded has come, and is counted as refused."""
    loop.spacecraft.say("heater", tiny.HeaterStuck(1))
    packet = bytearray(loop.spacecraft.packet("heater", tiny.HeaterStuck(2)))
    packet[-1] ^= 1
    loop.spacecraft.sender.enqueue(0, bytes(packet))
    assert loop.step() == 2
    assert loop.ground.status().packets_refused == {"bad_checksum": 1}


def test_a_port_that_fails_is_one_event_per_outage(loop: Loop) -> None:
    """A quiet link does not die silently, nor does it flood the log."""
    for closed in (True, True, False, True):
        loop.spacecraft.closed = closed
        loop.step()
    events = [event for event in loop.ground.events.newest() if event.name == "GROUND.LINK_FAILED"]
    assert [event.severity for event in events] == [Severity.ERROR, Severity.ERROR]
    assert "is closed" in events[0].text


def test_commands_take_the_time_of_the_last_step_unless_told(loop: Loop) -> None:
    """Issue and force accept a time of their own."""
    loop.step(5)
    assert loop.ground.issue("HEATER.NOOP").issued_ns == 5 * 10**9
    assert loop.ground.issue("HEATER.NOOP", now_ns=7).issued_ns == 7
    assert loop.ground.force(b"\xff", now_ns=8).issued_ns == 8


def test_packets_of_other_shape_under_known_names_are_only_telemetry(
    tiny: SimpleNamespace, parameters: LinkParameters
) -> None:
    """A mission whose SYSTEM_STATUS has no dictionary hash, and whose file packets are others, does not trip it."""

    class SystemStatus(Telemetry):
        other: bool

    class FilePdu(Telemetry):
        other: bool

    class TakePdu(Command, code=2):
        other: bool

    dictionary = Dictionary(
        "odd",
        [
            AppInterface("housekeeping", 0x10, telemetry=(SystemStatus,)),
            AppInterface("file_transfer", 0x20, (TakePdu,), (FilePdu,)),
        ],
    )
    loop = tiny.Loop(dictionary, parameters, None)
    loop.spacecraft.say("housekeeping", SystemStatus(other=True))
    loop.spacecraft.say("file_transfer", FilePdu(other=True))
    assert loop.step() == 2
    assert loop.ground.guard.check is DictionaryCheck.UNKNOWN
    assert loop.ground.delivery is None


@pytest.mark.parametrize("radios", [1, 2])
def test_a_mission_brings_all_its_links(
    dictionary: Dictionary, parameters: LinkParameters, loop: Loop, tiny: SimpleNamespace, radios: int
) -> None:
    """One receiver for each transmitter of the mission file."""
    x_band = msgspec.structs.replace(
        parameters,
        spacecraft_id=0x2B,
        virtual_channels=(VirtualChannel(3, "products"),),
        idle_virtual_channel=3,
        telecommand_security=None,
    )
    links = MissionLinks(parameters, x_band if radios == 2 else None)
    mission = SimpleNamespace(dictionary=dictionary, packets=CfsProfile(dictionary), file=SimpleNamespace(links=links))
    security = tiny.end_security(parameters, flight=False)
    assert len(ground_associations(links)) == 1
    ground = GroundSegment.of_mission(mission, [loop.spacecraft] * radios, security=security)
    assert len(ground.link.downlinks) == radios


def test_two_grounds_with_the_same_input_are_equal(
    dictionary: Dictionary, parameters: LinkParameters, tiny: SimpleNamespace
) -> None:
    """Nothing but the input and the time given decides what the ground holds."""
    statuses = []
    for _ in range(2):
        loop = tiny.Loop(dictionary, parameters, None)
        for number in range(20):
            loop.ground.issue("HEATER.SET_HEATER", {"line": number % 9, "on": True})
            loop.spacecraft.say("heater", loop.spacecraft.heater_status(board=float(5 * number)))
            loop.step()
        statuses.append((msgspec.json.encode(loop.ground.status()), loop.ground.events.newest()))
    assert statuses[0] == statuses[1]
