from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ops_tools.ground.errors import LinkDownError
from ops_tools.ground.link import MAX_RECEIVES_PER_POLL, GroundLink
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.errors import ProtocolError
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.link.cop1_parameters import Cop1Parameters
from tlm_cmd.link.downlink_sender import DownlinkSender
from tlm_cmd.link.parameters import LinkParameters, VirtualChannel
from tlm_cmd.packets.cfs_header import build_command, build_telemetry

if TYPE_CHECKING:
    from tests.unit.ops_tools.conftest import Loop


def test_sends_a_packet_in_a_frame_that_the_spacecraft_accepts(loop: Loop) -> None:
    """A packet goes up in one TC frame, and both ends count it."""
    loop.ground.link.send(build_command(0x20, 0, 0), 0)
    assert loop.ground.link.counters.frames_up == 1
    assert loop.spacecraft.uplink.state.counters.packets == 1
    assert loop.ground.link.counters.octets_up == len(loop.spacecraft.frames_up[0])


def test_packets_of_all_channels_come_in_order(loop: Loop, tiny: SimpleNamespace) -> None:
    """Live and recorded packets come through one port, each marked by its virtual channel."""
    loop.spacecraft.say("heater", tiny.HeaterExtra(tiny.Colour.RED, 1), channel=0)
    loop.spacecraft.say("heater", tiny.HeaterExtra(tiny.Colour.RED, 2), channel=1)
    arrivals = loop.ground.link.poll(0)
    assert [arrival.recorded for arrival in arrivals] == [False, True]


def test_corrupt_frames_are_counted_by_reason_and_never_raise(loop: Loop) -> None:
    """A flipped bit, a short frame and a foreign spacecraft each have a counter; good frames pass."""
    sender = loop.spacecraft.sender
    good = sender.next_frame(Clcw(0).pack())
    foreign = DownlinkSender(msgspec.structs.replace(sender.parameters, spacecraft_id=0x3F)).next_frame(Clcw(0).pack())
    flipped = bytearray(sender.next_frame(Clcw(0).pack()))
    flipped[50] ^= 1
    loop.spacecraft.noise = [good, bytes(flipped), b"", good[:-1], foreign]
    assert loop.ground.link.poll(0) == []
    status = loop.ground.link.status()
    assert status.frames_refused == {"bad_crc": 1, "too_short": 1, "bad_length": 1, "wrong_spacecraft": 1}
    assert (status.frames_down, status.frames_accepted) == (5, 1)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(frames=st.lists(st.binary(max_size=300), max_size=5))
def test_no_octets_at_all_can_make_it_raise(loop: Loop, frames: list[bytes]) -> None:
    """Whatever comes down, polling returns."""
    loop.spacecraft.noise = frames
    before = loop.ground.link.counters.frames_down
    loop.ground.step(0)
    assert loop.ground.link.counters.frames_down == before + len(frames)


def test_lost_frames_are_counted_on_channels_that_carry_packets(loop: Loop, tiny: SimpleNamespace) -> None:
    """A frame that never arrives shows as one lost frame."""
    for number in range(3):
        loop.spacecraft.say("heater", tiny.HeaterExtra(tiny.Colour.RED, number))
        frames = loop.spacecraft.receive()
        if number != 1:
            loop.spacecraft.noise = frames
            loop.ground.link.poll(0)
    assert loop.ground.link.frames_lost == 1


def test_the_newest_clcw_is_kept(loop: Loop) -> None:
    """The report of the spacecraft's receiver is there after the first frame, not before."""
    assert loop.ground.link.clcw is None
    loop.ground.link.send(build_command(0x20, 0, 0), 0)
    loop.spacecraft.transmitting = True
    loop.ground.link.poll(0)
    assert loop.ground.link.clcw == Clcw(0, farm_b_count=1)


class Downlink:
    """A radio that gives what is put into it."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def send(self, octets: bytes) -> None:
        """This one only hears."""
        raise AssertionError(octets)

    def receive(self) -> list[bytes]:
        """Everything at once."""
        frames, self.frames = self.frames, []
        return frames


def test_a_second_transmitter_has_its_own_receiver(
    dictionary: Dictionary, parameters: LinkParameters, tiny: SimpleNamespace
) -> None:
    """Each radio has its own port, and neither disturbs the other's counts."""
    x_band = msgspec.structs.replace(
        parameters,
        spacecraft_id=0x2B,
        virtual_channels=(VirtualChannel(3, "products"),),
        idle_virtual_channel=3,
        telecommand_security=None,
    )
    spacecraft, radio = tiny.LoopbackSpacecraft(dictionary, parameters), Downlink()
    security = tiny.end_security(parameters, flight=False)
    link = GroundLink(parameters, spacecraft, ((x_band, radio),), security)
    other = DownlinkSender(x_band)
    for _ in range(3):
        other.enqueue(3, build_telemetry(0x41, 0, 0, 0, bytes(16)))
        spacecraft.say("heater", tiny.HeaterExtra(tiny.Colour.RED, 1))
        radio.frames = [other.next_frame(Clcw(0, report_value=77).pack())]
        assert len(link.poll(0)) == 2
        assert link.clcw == Clcw(0)  # by two ways one report would overtake the other
    assert link.frames_accepted == 6
    assert link.frames_lost == 0
    assert link.frames_refused == {}


def test_octets_that_are_no_packet_are_refused_before_they_leave(loop: Loop) -> None:
    """Sending checks the packet; nothing is radiated."""
    with pytest.raises(ProtocolError):
        loop.ground.link.send(b"\x00\x01", 0)
    assert loop.spacecraft.frames_up == []


def test_unchecked_octets_leave_as_they_are(loop: Loop) -> None:
    """Anything that fits one frame can be radiated, for tests of refusal on board."""
    loop.ground.link.send_unchecked(b"\xff\xff\xff", 0)
    assert loop.spacecraft.uplink.state.counters.malformed == 1


def test_a_port_that_does_not_work_is_counted_and_named(loop: Loop) -> None:
    """Sending raises what the caller can handle; polling goes on."""
    loop.spacecraft.broken = loop.spacecraft.closed = True
    with pytest.raises(LinkDownError, match="no answer"):
        loop.ground.link.send(build_command(0x20, 0, 0), 0)
    assert loop.ground.link.poll(0) == []
    assert loop.ground.link.counters.port_errors == 2
    assert "is closed" in loop.ground.link.status().last_port_error


def test_a_ground_that_only_listens_sends_nothing_by_itself(
    dictionary: Dictionary, parameters: LinkParameters, tiny: SimpleNamespace
) -> None:
    """Somebody else commands: no packet is taken, and the sequence control of the other is not disturbed."""
    parameters = msgspec.structs.replace(parameters, cop1=Cop1Parameters())
    spacecraft = tiny.LoopbackSpacecraft(dictionary, parameters)
    security = tiny.end_security(parameters, flight=False)
    link = GroundLink(parameters, spacecraft, security=security, listens_only=True)
    for send in (link.send, link.send_unchecked):
        with pytest.raises(LinkDownError, match="commanded through the gateway"):
            send(build_command(0x20, 0, 0), 0)
    for second in range(3):
        spacecraft.say("heater", tiny.HeaterExtra(tiny.Colour.RED, 1))
        assert len(link.poll(second * 1_000_000_000)) == 1
    assert link.clcw is not None
    assert (spacecraft.frames_up, link.counters.frames_up, link.counters.port_errors) == ([], 0, 0)
    assert link.status().cop1 is None


def test_one_poll_is_bounded(parameters: LinkParameters) -> None:
    """A port that never runs dry ends the poll after a bounded number of frames, and that is counted."""

    class Endless:
        def send(self, octets: bytes) -> None:
            raise AssertionError(octets)

        def receive(self) -> list[bytes]:
            return [b""] * 64

    link = GroundLink(msgspec.structs.replace(parameters, telecommand_security=None), Endless())
    link.poll(0)
    assert link.counters.frames_down == 64 * MAX_RECEIVES_PER_POLL
    assert link.counters.polls_cut_short == 1


def test_frames_that_a_procedure_releases_are_radiated(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the uplink keeps back and releases on a report or by time goes up; a refusing port is only counted."""
    uplink = loop.ground.link.uplink
    monkeypatch.setattr(uplink, "on_clcw", lambda _clcw, _now_ns: [b"report"])
    monkeypatch.setattr(uplink, "poll", lambda _now_ns: [b"time"])
    loop.spacecraft.transmitting = True
    loop.ground.link.poll(0)
    assert loop.spacecraft.frames_up == [b"report", b"time"]
    loop.spacecraft.broken = True
    loop.ground.link.poll(1)
    assert loop.ground.link.counters.port_errors == 2
