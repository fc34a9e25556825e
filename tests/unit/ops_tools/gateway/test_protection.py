"""The gateway protects what is handed in open, so that the spacecraft takes it for genuine."""

from __future__ import annotations

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_tools.gateway.errors import GatewayError
from ops_tools.gateway.gateway import Gateway, GatewaySettings
from ops_tools.gateway.protection import ProtectedCommands
from tlm_cmd.cop1.farm_table import FarmState
from tlm_cmd.frames.tc import UNLOCK, SegmentFlags, SegmentHeader, TcFrame, TcFrameType
from tlm_cmd.link.cop1_parameters import Cop1Parameters
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.security_parameters import ChannelSecurity
from tlm_cmd.link.uplink_receiver import UplinkReceiver
from tlm_cmd.packets.cfs_header import build_command
from tlm_cmd.sdls.frame_security import FrameSecurity
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

LINK = LinkParameters(
    spacecraft_id=0x1A7,
    tc_virtual_channel=1,
    tc_frame_octets=128,
    cop1=Cop1Parameters(),
    telecommand_security=ChannelSecurity(spi=1, key_id=128),
)
PACKET = build_command(0x030, 0, 0)


def ends(link: LinkParameters = LINK) -> tuple[ProtectedCommands, UplinkReceiver]:
    """The gateway's end, with numbers to use, and the spacecraft's."""
    ring = derive_simulation_keys(1, (), (128,))
    ground = FrameSecurity(ring, link.telecommand_associations(flight=False))
    ground.reserve()
    ground.saved()
    flight = FrameSecurity(derive_simulation_keys(1, (), (128,)), link.telecommand_associations(flight=True))
    return ProtectedCommands(link, ground), UplinkReceiver(link, flight)


def data_frame(sequence_number: int, data: bytes = PACKET, **fields: object) -> bytes:
    """An open frame in sequence."""
    frame = TcFrame(TcFrameType.AD, 0x1A7, 1, data, sequence_number)
    return msgspec.structs.replace(frame, **fields).pack()


def test_frames_of_every_type_are_taken_by_the_spacecraft() -> None:
    """A control frame as it is, one that bypasses the sequence control, and one in sequence."""
    gateway, spacecraft = ends()
    unlock = TcFrame(TcFrameType.BC, 0x1A7, 1, UNLOCK).pack()
    assert gateway.inward(unlock) == [unlock]
    bypass = TcFrame(TcFrameType.BD, 0x1A7, 1, PACKET).pack()
    units = [unlock, *gateway.inward(bypass), *gateway.inward(data_frame(0))]
    assert [spacecraft.receive(unit).packets for unit in units] == [(), (PACKET,), (PACKET,)]
    assert spacecraft.state.farm.state is FarmState.OPEN
    counters = gateway.counters
    assert (counters.frames, counters.control, counters.protected) == (3, 1, 2)


def test_a_frame_that_is_handed_in_again_is_protected_anew() -> None:
    """So sequence control can repeat what was lost, and the spacecraft takes it once."""
    gateway, spacecraft = ends()
    spacecraft.receive(TcFrame(TcFrameType.BC, 0x1A7, 1, UNLOCK).pack())
    (lost,), (again,), (more,) = (gateway.inward(data_frame(0)) for _ in range(3))
    assert len({lost, again, more}) == 3
    assert spacecraft.receive(again).packets == (PACKET,)
    assert spacecraft.receive(more).packets == ()
    assert spacecraft.security is not None
    assert spacecraft.security.state.counters.refused.total == 0


def test_a_frame_with_segment_header_keeps_it() -> None:
    """It stands in front of the security header, and is authenticated."""
    link = msgspec.structs.replace(LINK, segment_header=True, map_id=3, cop1=None)
    gateway, spacecraft = ends(link)
    frame = TcFrame(TcFrameType.BD, 0x1A7, 1, PACKET, 0, SegmentHeader(SegmentFlags.WHOLE, 3)).pack()
    (unit,) = gateway.inward(frame)
    assert (unit[5], len(unit)) == (frame[5], len(frame) + link.telecommand_security_octets)
    assert spacecraft.receive(unit).packets == (PACKET,)


@pytest.mark.parametrize(
    "unit",
    [
        data_frame(0)[:-1],
        data_frame(0)[:-1] + bytes([data_frame(0)[-1] ^ 1]),
        data_frame(0, spacecraft_id=0x1A8),
        data_frame(0, virtual_channel=2),
        b"",
    ],
    ids=["cut", "wrong error control", "another spacecraft", "another channel", "nothing"],
)
def test_what_is_no_frame_of_the_command_channel_is_not_made_genuine(unit: bytes) -> None:
    """It goes no further, and no number is used for it."""
    gateway, _ = ends()
    assert gateway.inward(unit) == []
    assert msgspec.structs.asdict(gateway.counters) | {"frames": 1, "invalid": 1} == msgspec.structs.asdict(
        gateway.counters
    )
    assert gateway.inward(data_frame(0)) != []


def test_a_frame_for_which_there_is_no_room_is_counted() -> None:
    """The longest frame that fits has as many octets less as security header and trailer have."""
    gateway, _ = ends()
    room = LINK.max_tc_data_octets
    assert len(gateway.inward(data_frame(0, bytes(room)))[0]) == LINK.tc_frame_octets
    assert gateway.inward(data_frame(0, bytes(room + 1))) == []
    assert gateway.counters.too_long == 1


def test_nothing_leaves_unprotected_when_there_are_no_numbers() -> None:
    """Before the memory of the security is saved, frames wait for whoever repeats them."""
    security = FrameSecurity(derive_simulation_keys(1, (), (128,)), LINK.telecommand_associations(flight=False))
    gateway = ProtectedCommands(LINK, security)
    assert gateway.inward(data_frame(0)) == []
    assert gateway.counters.not_protected == 1


@given(st.lists(st.binary(max_size=140) | st.builds(data_frame, st.integers(0, 255)), max_size=10))
def test_the_counters_add_up_whatever_is_handed_in(units: list[bytes]) -> None:
    """Everything is protected, let through, or dropped for one reason."""
    gateway, _ = ends()
    left = [unit for each in units for unit in gateway.inward(each)]
    counters = gateway.counters
    assert counters.frames == len(units)
    assert counters.protected + counters.control == len(left)
    assert counters.frames == len(left) + counters.invalid + counters.too_long + counters.not_protected


def test_what_comes_down_passes_as_it_is() -> None:
    """Telemetry stays protected up to whoever is connected."""
    gateway, _ = ends()
    assert gateway.outward(b"any frame") == [b"any frame"]


def test_a_gateway_says_that_it_protects_and_counts_it() -> None:
    """In its description and its status; on an open link there is nothing to do."""
    security = FrameSecurity(derive_simulation_keys(1, (), (128,)), LINK.telecommand_associations(flight=False))
    with contextlib.closing(Gateway(GatewaySettings(protects=True), ("s_band",))) as gateway:
        assert gateway.status().protection is None
        with pytest.raises(GatewayError, match="nothing to do"):
            gateway.protect(LinkParameters(spacecraft_id=1), security)
        gateway.protect(LINK, security)
        assert gateway.describe() == "commands are protected here"
        protection = gateway.status().protection
        assert protection is not None
        assert protection.frames == 0
