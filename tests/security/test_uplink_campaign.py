"""A campaign against the whole uplink of a mission, through the bits: nothing hostile is executed, the genuine once.

``FLIGHTSW_SOAK=N`` multiplies the frames; ``make soak`` does.
"""

from __future__ import annotations

import os
from collections import Counter

import msgspec
import pytest

from flightsw.mission import Mission
from flightsw.services.link_security import SecurityProfile
from ops_tools.reference_mission import reference_mission
from tests.security.attacker import Attacker
from tests.security.uplink import Uplink
from tlm_cmd.frames.error_control import append_error_control
from tlm_cmd.frames.tc import SET_VR, TcFrame, TcFrameType
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.refusals import FrameRefusal
from tlm_cmd.link.security_parameters import ChannelSecurity
from tlm_cmd.sdls.algorithms import Algorithm

SOAK = int(os.environ.get("FLIGHTSW_SOAK", "1"))
HOSTILE_FRAMES = 12_000
"""Per link and seed."""
ATTACKS_PER_COMMAND = 40
COMMANDS_PER_REBOOT = 20


def mission_link() -> LinkParameters:
    """The uplink of the reference mission, whose profile is flight."""
    file = Mission.load(reference_mission() / "mission.toml").file
    assert file.security.profile is SecurityProfile.FLIGHT
    return file.links.s_band


FLIGHT = mission_link()
AUTHENTICATED = msgspec.structs.replace(
    FLIGHT,
    telecommand_security=ChannelSecurity(spi=1, key_id=128, algorithm=Algorithm.AES_256_CMAC, sequence_octets=4),
)
SEGMENTED = msgspec.structs.replace(FLIGHT, segment_header=True, map_id=5, tc_frame_octets=120)
LINKS = {"flight": FLIGHT, "cmac": AUTHENTICATED, "segmented": SEGMENTED}


def number_of(command: bytes) -> int:
    """The number that makes a command unlike all others."""
    return int.from_bytes(command[8:12], "big")


class Campaign:
    """Commands of the ground, and an attacker before, between and behind them.

    Args:
        parameters: of the link.
        seed: of the attacker.
    """

    def __init__(self, parameters: LinkParameters, seed: int) -> None:
        self.link = Uplink(parameters)
        self.link.radiate(self.link.report())  # the first report asks for an Unlock
        self.attacker = Attacker(self.link, seed)
        self.hostile: Counter[str] = Counter()
        self.executed: Counter[str] = Counter()
        self.commands: list[bytes] = []

    def run(self, hostile_frames: int) -> None:
        """Attack with so many frames at least."""
        link, attacker = self.link, self.attacker
        assert link.carry_out(self._command(), [])
        while self.hostile.total() < hostile_frames:
            packets = [self._command() for _ in range(attacker.chance.choice((1, 1, 3)))]
            frames = [link.ground.send(packet, link.now_ns) for packet in packets]
            attacker.fresh = [frame for each in frames for frame in each]
            for _ in range(ATTACKS_PER_COMMAND):
                self._attack()
            for packet, own in zip(packets, frames, strict=True):
                assert link.carry_out(packet, own), "a genuine command does not arrive"
            attacker.fresh = []
            if len(self.commands) % COMMANDS_PER_REBOOT == 0:
                link.spacecraft.reboot(checkpoint_lost=attacker.chance.random() < 0.5)

    def _attack(self) -> None:
        attack = self.attacker.chance.choice(self.attacker.attacks)
        frames, executed = self.attacker.strike(attack)
        self.hostile[attack.__name__] += frames
        self.executed[attack.__name__] += len(executed)

    def _command(self) -> bytes:
        self.commands.append(self.link.ground.new_command(self.attacker.chance.choice((0, 10, 100))))
        return self.commands[-1]


@pytest.mark.soak
@pytest.mark.parametrize("name", LINKS)
@pytest.mark.parametrize("seed", range(SOAK))
def test_nothing_hostile_is_executed_and_every_command_once(name: str, seed: int) -> None:
    """Of frames that are replayed, reordered, forged, cut, re-tagged or re-addressed none is; reboots among them."""
    campaign = Campaign(LINKS[name], seed)
    campaign.run(HOSTILE_FRAMES)
    assert campaign.executed.total() == 0, campaign.executed
    assert sorted(campaign.link.spacecraft.executed, key=number_of) == campaign.commands
    assert campaign.hostile.total() >= HOSTILE_FRAMES
    assert len(campaign.hostile) == len(campaign.attacker.attacks)
    assert min(campaign.hostile.values()) > HOSTILE_FRAMES // 200
    refused = campaign.link.spacecraft.security.state.counters.refused
    assert min(refused.bad_mac, refused.replayed, refused.unknown_spi) > 50


@pytest.mark.soak
@pytest.mark.parametrize("name", LINKS)
@pytest.mark.parametrize("seed", range(100, 100 + SOAK))
def test_commands_keep_their_order_unless_control_frames_are_forged(name: str, seed: int) -> None:
    """No attack but that on the sequence control itself, which has no protection, changes the order."""
    campaign = Campaign(LINKS[name], seed)
    attacker = campaign.attacker
    forging = (attacker.rolled_back, attacker.control_forged)
    attacker.attacks = tuple(attack for attack in attacker.attacks if attack not in forging)
    campaign.run(HOSTILE_FRAMES // 3)
    assert campaign.executed.total() == 0, campaign.executed
    assert campaign.link.spacecraft.executed == campaign.commands


def test_a_frame_caught_on_its_way_is_executed_once_whatever_its_number() -> None:
    """The baseline mask leaves the bypass flag and the sequence number open: they may be changed before it arrives.

    Then the command comes out of its order, but once: neither its repetition nor any other form of it is accepted.
    """
    campaign = Campaign(FLIGHT, 1)
    link = campaign.link
    campaign.run(100)
    packet = link.ground.new_command(4)
    (frame,) = link.ground.send(packet, link.now_ns)
    bypassing = append_error_control(bytes([frame[0] | 0x20]) + frame[1:4] + b"\0" + frame[5:-2])
    assert link.spacecraft.hear(link.bits(bypassing), link.now_ns) == [packet]
    for form in (frame, bypassing):
        assert link.spacecraft.receiver.receive(form).refusal is FrameRefusal.NOT_GENUINE


def test_a_forged_control_frame_lets_a_command_be_skipped_and_none_come_twice() -> None:
    """Control frames are not protected (CCSDS 355.0-B-2, 2.3.1.3): who forges one and holds a frame back changes order.

    The one held back is then refused; the ground learns from the report that it never arrived, and sends it anew.
    """
    link = Uplink(FLIGHT)
    link.radiate(link.report())
    assert link.carry_out(link.ground.new_command(0), [])
    packets = [link.ground.new_command(4) for _ in range(2)]
    (first,), (second,) = (link.ground.send(packet, link.now_ns) for packet in packets)
    forged = TcFrame(TcFrameType.BC, FLIGHT.spacecraft_id, FLIGHT.tc_virtual_channel, SET_VR + second[4:5]).pack()
    assert link.spacecraft.hear(link.bits(forged) + link.bits(second), link.now_ns) == packets[1:]
    assert link.spacecraft.hear(link.bits(first) + link.bits(second), link.now_ns) == []
    assert link.carry_out(packets[0], [])
    assert sorted(link.spacecraft.executed[1:]) == packets


@pytest.mark.parametrize("name", LINKS)
def test_without_attacks_every_command_is_executed(name: str) -> None:
    """The bench of the campaign itself works, and frames come in one piece and in several."""
    link = Uplink(LINKS[name])
    link.radiate(link.report())
    commands = [link.ground.new_command(octets) for octets in (0, 10, 100, 100, 0)]
    for command in commands:
        assert link.carry_out(command, link.ground.send(command, link.now_ns))
    assert link.spacecraft.executed == commands
