import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import WrongValueError
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.multiplexer import MultiplexerState
from tlm_cmd.frames.pointers import ONLY_IDLE_DATA
from tlm_cmd.frames.tm import TmFrame
from tlm_cmd.link.downlink_receiver import DownlinkReceiver, DownlinkReceiverState
from tlm_cmd.link.downlink_sender import DownlinkSender
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.refusals import FrameRefusal
from tlm_cmd.packets.cfs_header import build_telemetry
from tlm_cmd.packets.crc import crc16

MODEST = settings(max_examples=40, deadline=None)
PARAMETERS = LinkParameters(spacecraft_id=0x123, tm_frame_octets=112, queue_packets=100, max_packet_octets=1000)
REPORT = Clcw(1, 5)


def packet(octets: int, mark: int = 0) -> bytes:
    """Return a telemetry packet of a given length in all."""
    return build_telemetry(5, mark % 16_384, mark, 0, bytes(octets - 18))


def drain(sender: DownlinkSender) -> list[bytes]:
    """Return the frames with all packets that wait."""
    frames = []
    while sender.waiting:
        frames.append(sender.next_frame(REPORT.pack()))
    return frames


def with_crc(octets: bytes) -> bytes:
    """Return octets followed by a good error control field."""
    return octets + crc16(octets).to_bytes(2, "big")


def check_books(receiver: DownlinkReceiver) -> None:
    """Assert that every frame and every octet received is accounted for."""
    counters = receiver.state.counters
    assert counters.frames == counters.accepted + counters.refused.total
    assert counters.accepted == sum(state.counters.frames for state in receiver.state.extractors.values())
    for state in receiver.state.extractors.values():
        taken = state.counters.packet_octets + state.counters.idle_octets + state.counters.dropped_octets
        assert state.counters.octets == taken + len(state.partial)


def refused(octets: bytes, reason: FrameRefusal) -> str:
    """Assert that a new receiver refuses octets for one reason alone, and return its words."""
    receiver = DownlinkReceiver(PARAMETERS)
    result = receiver.receive(octets)
    assert (result.refusal, result.packets, result.clcw) == (reason, (), None)
    assert receiver.state.counters.refused.of(reason) == receiver.state.counters.refused.total == 1
    check_books(receiver)
    return result.reason


@MODEST
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(18, 300)), max_size=20))
def test_packets_arrive_in_order_per_channel(items: list[tuple[int, int]]) -> None:
    """All packets arrive on their virtual channels, in order within each, and each frame brings the report."""
    sender, receiver = DownlinkSender(PARAMETERS), DownlinkReceiver(PARAMETERS)
    sent = [(channel, packet(octets, index)) for index, (channel, octets) in enumerate(items)]
    assert all(sender.enqueue(*item) for item in sent)
    results = [receiver.receive(octets) for octets in drain(sender)]
    found = [item for result in results for item in result.packets]
    assert sorted(found, key=lambda item: item[0]) == sorted(sent, key=lambda item: item[0])
    assert all(result.clcw == REPORT and result.refusal is None for result in results)
    assert receiver.state.counters.lost_frames == 0
    check_books(receiver)


def test_idle_frames_bring_the_report_only() -> None:
    """When nothing waits, a frame still brings the newest report."""
    sender, receiver = DownlinkSender(PARAMETERS), DownlinkReceiver(PARAMETERS)
    result = receiver.receive(sender.next_frame(Clcw(1, 9).pack()))
    assert (result.packets, result.clcw) == ((), Clcw(1, 9))
    assert receiver.state.newest_clcw == Clcw(1, 9)
    assert sender.state.idle_frames == receiver.state.extractors[7].counters.idle_frames == 1


def test_priority_parameter_orders_the_channels() -> None:
    """The channel that the parameters put first is sent first."""
    sender = DownlinkSender(msgspec.structs.replace(PARAMETERS, priority=(1, 0)))
    for channel in (0, 1):
        sender.enqueue(channel, packet(100))
    assert [TmFrame.unpack(octets, 112).virtual_channel for octets in drain(sender)] == [1, 0]


def test_refusals_of_the_sender() -> None:
    """Packets beyond the queue's bound or too long are refused, and an unknown channel is named."""
    sender = DownlinkSender(msgspec.structs.replace(PARAMETERS, queue_packets=2))
    assert not sender.enqueue(0, packet(1001))
    assert [sender.enqueue(0, packet(1000)) for _ in range(3)] == [True, True, False]
    with pytest.raises(WrongValueError, match="virtual channel"):
        sender.enqueue(7, packet(20))


def test_bad_frames_are_counted_by_reason() -> None:
    """Each kind of bad frame is refused under its own reason, in words that say what is wrong."""
    octets = DownlinkSender(PARAMETERS).next_frame(REPORT.pack())
    other = DownlinkSender(msgspec.structs.replace(PARAMETERS, spacecraft_id=0x124)).next_frame(REPORT.pack())
    assert "9 octets needed" in refused(octets[:8], FrameRefusal.TOO_SHORT)
    assert "112 octets declared, 111 found" in refused(octets[:-1], FrameRefusal.BAD_LENGTH)
    assert "checksum" in refused(octets[:-1] + bytes([octets[-1] ^ 1]), FrameRefusal.BAD_CRC)
    assert "version" in refused(with_crc(b"\x52" + octets[1:-2]), FrameRefusal.BAD_VERSION)
    assert "spacecraft id is 292, expected 291" in refused(other, FrameRefusal.WRONG_SPACECRAFT)
    assert "sync, order" in refused(with_crc(octets[:4] + b"\x5f" + octets[5:-2]), FrameRefusal.BAD_HEADER)
    assert "first header pointer" in refused(with_crc(octets[:5] + b"\x80" + octets[6:-2]), FrameRefusal.BAD_HEADER)


def test_unknown_channel_is_counted() -> None:
    """A frame of a channel that the parameters do not name is refused."""
    octets = TmFrame(0x123, 4, 0, 0, ONLY_IDLE_DATA, bytes(100), REPORT.pack()).pack()
    assert "virtual channel 4" in refused(octets, FrameRefusal.WRONG_VIRTUAL_CHANNEL)


def test_control_field_that_is_no_report() -> None:
    """A control field of another kind is counted and leaves the newest report; a frame without one is fine."""
    sender, receiver = DownlinkSender(PARAMETERS), DownlinkReceiver(PARAMETERS)
    receiver.receive(sender.next_frame(REPORT.pack()))
    result = receiver.receive(TmFrame(0x123, 7, 1, 1, ONLY_IDLE_DATA, bytes(100), b"\x80\0\0\0").pack())
    assert (result.refusal, result.clcw) == (None, None)
    result = receiver.receive(TmFrame(0x123, 7, 2, 2, ONLY_IDLE_DATA, bytes(104)).pack())
    assert (result.refusal, result.clcw) == (None, None)
    assert (receiver.state.counters.bad_control_words, receiver.state.counters.clcws) == (1, 1)
    assert receiver.state.newest_clcw == REPORT


def test_lost_frames_are_counted() -> None:
    """Frames missing from the master channel are counted, those of one channel by its extractor too."""
    sender, receiver = DownlinkSender(PARAMETERS), DownlinkReceiver(PARAMETERS)
    for mark in range(6):
        sender.enqueue(mark % 2, packet(100, mark))
    frames = drain(sender)
    found = [item for index in (0, 2, 3, 5) for item in receiver.receive(frames[index]).packets]
    assert found == [(0, packet(100, 0)), (0, packet(100, 4)), (1, packet(100, 1)), (1, packet(100, 5))]
    assert receiver.state.counters.lost_frames == 2
    assert [receiver.state.extractors[channel].counters.lost_frames for channel in (0, 1)] == [1, 1]


@MODEST
@given(st.integers(0, 2**32), st.integers(0, 60))
def test_a_bad_link_gives_only_true_packets(seed: int, percent: int) -> None:
    """Over a link that loses and corrupts frames, what arrives was sent, in order, and all else is counted."""
    stream = random.Random(seed)
    sender, receiver = DownlinkSender(PARAMETERS), DownlinkReceiver(PARAMETERS)
    sent: dict[int, list[bytes]] = {0: [], 1: []}
    found: dict[int, list[bytes]] = {0: [], 1: []}
    frames = []
    for mark in range(30):
        channel = stream.randrange(2)
        sent[channel].append(packet(stream.randrange(18, 250), mark))
        assert sender.enqueue(channel, sent[channel][-1])
        frames += [sender.next_frame(REPORT.pack()) for _ in range(stream.randrange(4))]
    for octets in [*frames, *drain(sender)]:
        fate = stream.randrange(100)
        if fate >= percent:
            arriving = octets
        elif fate % 2:
            arriving = bytes([octets[0] ^ 0x10]) + octets[1:]
        else:
            continue
        for channel, item in receiver.receive(arriving).packets:
            found[channel].append(item)
        check_books(receiver)
    for channel in (0, 1):
        remaining = iter(sent[channel])
        assert all(item in remaining for item in found[channel])
        assert percent or found[channel] == sent[channel]


@MODEST
@given(st.lists(st.one_of(st.binary(max_size=20), st.binary(min_size=110, max_size=110).map(with_crc)), max_size=9))
def test_nothing_raises_and_the_books_close(items: list[bytes]) -> None:
    """Whatever octets arrive, nothing raises, and each frame and each octet is accounted for."""
    receiver = DownlinkReceiver(PARAMETERS)
    for octets in items:
        for start in (octets, with_crc(b"\x12\x31" + octets[2:-2])):
            receiver.receive(start)
            check_books(receiver)


def test_state_can_be_saved_and_restored() -> None:
    """Both ends go on from a saved state, in the middle of a packet, as if they were the first."""
    sender, receiver = DownlinkSender(PARAMETERS), DownlinkReceiver(PARAMETERS)
    for channel in (0, 1):
        sender.enqueue(channel, packet(250))
    receiver.receive(sender.next_frame(REPORT.pack()))
    other_sender, other = DownlinkSender(PARAMETERS), DownlinkReceiver(PARAMETERS)
    other_sender.state = msgspec.msgpack.decode(msgspec.msgpack.encode(sender.state), type=MultiplexerState)
    other.state = msgspec.msgpack.decode(msgspec.msgpack.encode(receiver.state), type=DownlinkReceiverState)
    frames = drain(sender)
    assert drain(other_sender) == frames
    assert [other.receive(octets) for octets in frames] == [receiver.receive(octets) for octets in frames]
    assert other.state == receiver.state
    assert other_sender.state == sender.state
