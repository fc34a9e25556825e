import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError, LengthMismatchError, TooShortError, WrongVersionError
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.tc import SET_VR, UNLOCK, SegmentFlags, SegmentHeader, TcFrame, TcFrameType
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.link.refusals import FrameRefusal
from tlm_cmd.link.uplink_receiver import UplinkReceiver, UplinkReceiverState
from tlm_cmd.link.uplink_sender import UplinkSender, UplinkSenderState
from tlm_cmd.packets.cfs_header import build_command
from tlm_cmd.packets.crc import crc16
from tlm_cmd.packets.spacepacket import idle_packet

MODEST = settings(max_examples=40, deadline=None)
PLAIN = LinkParameters(spacecraft_id=0x123, tc_virtual_channel=1, tc_frame_octets=100)
SEGMENTED = msgspec.structs.replace(PLAIN, segment_header=True, map_id=5, max_packet_octets=400)
COMMAND = build_command(0x0A, 1, 2, b"arguments")


def frame(
    data: bytes, frame_type: TcFrameType = TcFrameType.BD, segment: SegmentHeader | None = None, channel: int = 1
) -> bytes:
    """Return the octets of a frame for the receiver under test."""
    return TcFrame(frame_type, 0x123, channel, data, segment=segment).pack()


def with_crc(octets: bytes) -> bytes:
    """Return octets followed by a good error control field."""
    return octets + crc16(octets).to_bytes(2, "big")


def check_books(receiver: UplinkReceiver) -> None:
    """Assert that every frame and every octet received is accounted for."""
    counters, assembler = receiver.state.counters, receiver.state.assembler
    assert counters.frames == counters.data_frames + counters.control_frames + counters.refused.total
    assert counters.unit_octets == counters.packet_octets + counters.idle_octets + counters.malformed_octets
    assert assembler.counters.unit_octets == counters.unit_octets
    assert assembler.counters.octets == (
        assembler.counters.unit_octets + assembler.counters.dropped_octets + len(assembler.partial)
    )


def refused(octets: bytes, reason: FrameRefusal, parameters: LinkParameters = PLAIN) -> str:
    """Assert that a new receiver refuses octets for one reason alone, and return its words."""
    receiver = UplinkReceiver(parameters)
    result = receiver.receive(octets)
    assert (result.refusal, result.packets) == (reason, ())
    assert receiver.state.counters.refused.of(reason) == receiver.state.counters.refused.total == 1
    assert receiver.state.farm.farm_b_count == 0
    check_books(receiver)
    return result.reason


def test_one_packet_one_frame() -> None:
    """A packet becomes one bypass frame at once, and the receiver gives the packet back."""
    sender, receiver = UplinkSender(PLAIN), UplinkReceiver(PLAIN)
    frames = sender.send(COMMAND, 0)
    assert frames == [frame(COMMAND)]
    result = receiver.receive(frames[0])
    assert (result.packets, result.refusal, result.reason) == ((COMMAND,), None, "")
    assert sender.state.counters.octets == len(frames[0])
    check_books(receiver)


@MODEST
@given(st.sampled_from([PLAIN, SEGMENTED]), st.lists(st.lists(st.integers(0, 80), max_size=6), max_size=4))
def test_packets_arrive_in_order(parameters: LinkParameters, bursts: list[list[int]]) -> None:
    """Whatever bursts are sent, all packets arrive whole and in order, and no frame is too long."""
    sender, receiver = UplinkSender(parameters), UplinkReceiver(parameters)
    sent: list[bytes] = []
    found: list[bytes] = []
    for burst in bursts:
        packets = [build_command(1, len(sent) + index, 0, bytes(octets)) for index, octets in enumerate(burst)]
        sent += packets
        for octets in sender.send_all(packets, 0):
            assert len(octets) <= 100
            found += receiver.receive(octets).packets
    assert found == sent
    assert sender.state.counters.packets == receiver.state.counters.packets == len(sent)
    assert receiver.state.counters.refused.total == 0
    check_books(receiver)


def test_short_packets_share_a_frame() -> None:
    """Packets sent together fill frames before a new one is begun."""
    assert [len(UplinkSender(PLAIN).send_all([COMMAND] * count, 0)) for count in (0, 1, 5, 6, 10, 11)] == [
        0,
        1,
        1,
        2,
        2,
        3,
    ]


def test_long_packet_without_segment_header_is_refused() -> None:
    """A packet longer than a frame's data is refused before anything is sent, and the longest one is not."""
    sender = UplinkSender(PLAIN)
    assert len(sender.send(build_command(1, 0, 0, bytes(85)), 0)) == 1
    with pytest.raises(FieldRangeError) as caught:
        sender.send(build_command(1, 0, 0, bytes(86)), 0)
    assert (caught.value.value, caught.value.highest) == (94, 93)
    counters = sender.state.counters
    assert (counters.packets, counters.frames, counters.refused_packets) == (1, 1, 1)


@pytest.mark.parametrize("octets", [93, 400])
def test_long_packet_over_several_frames(octets: int) -> None:
    """With segment headers a packet longer than a frame travels in pieces, up to the longest allowed."""
    packet = build_command(1, 0, 0, bytes(octets - 8))
    frames = UplinkSender(SEGMENTED).send(packet, 0)
    receiver = UplinkReceiver(SEGMENTED)
    results = [receiver.receive(item).packets for item in frames]
    assert len(frames) == -(-octets // 92)
    assert results == [()] * (len(frames) - 1) + [(packet,)]
    check_books(receiver)
    with pytest.raises(FieldRangeError):
        UplinkSender(SEGMENTED).send(build_command(1, 0, 0, bytes(393)), 0)


def test_lost_piece_loses_the_packet_only() -> None:
    """When a piece is lost its packet is dropped and counted, and the next packet arrives."""
    packet = build_command(1, 0, 0, bytes(250))
    frames = UplinkSender(SEGMENTED).send(packet, 0)
    for lost in range(3):
        receiver = UplinkReceiver(SEGMENTED)
        found = [receiver.receive(item).packets for index, item in enumerate(frames) if index != lost]
        found.append(receiver.receive(UplinkSender(SEGMENTED).send(COMMAND, 0)[0]).packets)
        assert [packets for packets in found if packets] == [(COMMAND,)]
        assert receiver.state.counters.malformed + receiver.state.assembler.counters.dropped_units >= 1
        check_books(receiver)


@pytest.mark.parametrize(
    ("packet", "error"),
    [
        (COMMAND[:6], TooShortError),
        (COMMAND[:-1], LengthMismatchError),
        (b"\x38" + COMMAND[1:], WrongVersionError),
    ],
)
def test_malformed_packets_are_not_sent(packet: bytes, error: type[Exception]) -> None:
    """Octets that are not one packet are refused by name, together with the packets of the same call."""
    sender = UplinkSender(PLAIN)
    with pytest.raises(error):
        sender.send_all([COMMAND, packet], 0)
    assert (sender.state.counters.refused_packets, sender.state.counters.frames) == (2, 0)


def test_reports_and_time_release_nothing() -> None:
    """A sender of bypass frames keeps the newest report, and holds no frame back."""
    sender = UplinkSender(PLAIN)
    assert sender.state == UplinkSenderState()
    assert sender.on_clcw(Clcw(1, farm_b_count=2), 0) == []
    assert sender.state.newest_clcw == Clcw(1, farm_b_count=2)
    assert sender.poll(10**9) == []


def test_too_short_is_counted() -> None:
    """Fewer octets than a frame has are refused as too short."""
    assert "8 octets needed, 7 found" in refused(frame(b"x")[:7], FrameRefusal.TOO_SHORT)
    refused(b"", FrameRefusal.TOO_SHORT)


def test_bad_length_is_counted() -> None:
    """Octets that contradict the length field, or a frame longer than the link's, are refused for their length."""
    assert "24 octets declared, 23 found" in refused(frame(COMMAND)[:-1], FrameRefusal.BAD_LENGTH)
    assert "at most 100" in refused(frame(bytes(94)), FrameRefusal.BAD_LENGTH)


def test_bad_crc_is_counted() -> None:
    """A frame with a wrong error control is refused as such, whatever else is wrong with it."""
    octets = frame(COMMAND)
    refused(octets[:-1] + bytes([octets[-1] ^ 1]), FrameRefusal.BAD_CRC)
    refused(b"\xff" + octets[1:], FrameRefusal.BAD_CRC)


def test_bad_version_is_counted() -> None:
    """A frame of another version is refused as such."""
    refused(with_crc(b"\x61" + frame(COMMAND)[1:-2]), FrameRefusal.BAD_VERSION)


def test_wrong_spacecraft_is_counted() -> None:
    """A frame for another spacecraft is refused as such."""
    octets = TcFrame(TcFrameType.BD, 0x122, 1, COMMAND).pack()
    assert "spacecraft id is 290, expected 291" in refused(octets, FrameRefusal.WRONG_SPACECRAFT)


def test_bad_header_is_counted() -> None:
    """Spare bits that are not 0 and an illegal combination of flags are refused as a bad header."""
    octets = frame(COMMAND)[:-2]
    refused(with_crc(bytes([octets[0] | 0x04]) + octets[1:]), FrameRefusal.BAD_HEADER)
    refused(with_crc(bytes([0x11]) + octets[1:]), FrameRefusal.BAD_HEADER)


def test_wrong_virtual_channel_is_counted() -> None:
    """A frame of another virtual channel is refused as such, control frames too."""
    refused(frame(COMMAND, channel=2), FrameRefusal.WRONG_VIRTUAL_CHANNEL)
    refused(frame(UNLOCK, TcFrameType.BC, channel=2), FrameRefusal.WRONG_VIRTUAL_CHANNEL)


def test_wrong_map_is_counted() -> None:
    """A frame for another multiplexer access point is refused as such."""
    segment = SegmentHeader(SegmentFlags.WHOLE, 6)
    refused(frame(COMMAND, segment=segment), FrameRefusal.WRONG_MAP, SEGMENTED)


def test_sequence_controlled_frames_are_refused() -> None:
    """A frame of type AD is refused, since nothing keeps its sequence."""
    octets = TcFrame(TcFrameType.AD, 0x123, 1, COMMAND, 7).pack()
    assert "AD frame 7" in refused(octets, FrameRefusal.NOT_IN_SEQUENCE)


def test_unknown_control_command_is_counted() -> None:
    """A control frame that asks for nothing known is refused and not counted as accepted."""
    refused(frame(b"\x05", TcFrameType.BC), FrameRefusal.BAD_CONTROL)


@pytest.mark.parametrize("data", [UNLOCK, SET_VR + b"\x09"])
@pytest.mark.parametrize("parameters", [PLAIN, SEGMENTED])
def test_control_frames_are_accepted(data: bytes, parameters: LinkParameters) -> None:
    """Known control commands are accepted and count for the report, with segment headers on the link or without."""
    receiver = UplinkReceiver(parameters)
    result = receiver.receive(frame(data, TcFrameType.BC))
    assert (result.refusal, result.packets) == (None, ())
    assert (receiver.state.counters.control_frames, receiver.clcw().farm_b_count) == (1, 1)
    check_books(receiver)


def test_several_packets_in_a_frame() -> None:
    """The packets of a frame come out one by one and in order, without the idle ones."""
    receiver = UplinkReceiver(PLAIN)
    other = build_command(0x0B, 0, 0)
    assert receiver.receive(frame(COMMAND + idle_packet(9) + other)).packets == (COMMAND, other)
    assert (receiver.state.counters.idle_packets, receiver.state.counters.idle_octets) == (1, 9)
    check_books(receiver)


@pytest.mark.parametrize("rest", [b"x", COMMAND[:6], COMMAND[:-1], b"\xe0" * 9], ids=["1", "header", "cut", "version"])
def test_rest_that_is_no_packet(rest: bytes) -> None:
    """What follows the last packet and is none is dropped and counted; the packets before it are good."""
    receiver = UplinkReceiver(PLAIN)
    result = receiver.receive(frame(COMMAND + rest))
    assert (result.packets, result.refusal) == ((COMMAND,), None)
    assert (receiver.state.counters.malformed, receiver.state.counters.malformed_octets) == (1, len(rest))
    check_books(receiver)


def test_oversize_packet_is_malformed() -> None:
    """A packet longer than the link allows is dropped, though its frame is good."""
    receiver = UplinkReceiver(msgspec.structs.replace(PLAIN, max_packet_octets=len(COMMAND) - 1))
    assert receiver.receive(frame(COMMAND)).packets == ()
    assert receiver.state.counters.malformed_octets == len(COMMAND)


def test_report_counts_accepted_frames_modulo_4() -> None:
    """The report carries the channel and counts accepted frames modulo 4, refused ones not."""
    receiver = UplinkReceiver(PLAIN)
    counts = []
    for _ in range(6):
        receiver.receive(frame(COMMAND)[:-1])
        receiver.receive(frame(COMMAND))
        counts.append(receiver.clcw().farm_b_count)
    assert counts == [1, 2, 3, 0, 1, 2]
    assert receiver.clcw() == Clcw(1, farm_b_count=2)


def test_report_carries_the_radio_flags() -> None:
    """What the radio says of the signal stands in the report."""
    receiver = UplinkReceiver(PLAIN)
    assert receiver.clcw(no_rf_available=True).no_rf_available
    assert receiver.clcw(no_bit_lock=True).no_bit_lock


def test_every_single_bit_flip_is_refused() -> None:
    """A frame with any one bit inverted gives no packet, and every refusal is counted."""
    octets = frame(COMMAND)
    receiver = UplinkReceiver(PLAIN)
    for bit in range(8 * len(octets)):
        flipped = bytearray(octets)
        flipped[bit // 8] ^= 0x80 >> bit % 8
        assert receiver.receive(bytes(flipped)).refusal is not None
    assert receiver.state.counters.refused.total == 8 * len(octets)
    check_books(receiver)


@MODEST
@given(
    st.sampled_from([PLAIN, SEGMENTED]),
    st.lists(
        st.one_of(
            st.binary(max_size=110),
            st.binary(min_size=1, max_size=60).map(frame),
            st.tuples(st.sampled_from(TcFrameType), st.binary(min_size=1, max_size=60)).map(
                lambda item: frame(item[1], item[0])
            ),
            st.tuples(st.sampled_from(SegmentFlags), st.binary(min_size=1, max_size=60)).map(
                lambda item: frame(item[1], segment=SegmentHeader(item[0], 5))
            ),
        ),
        max_size=12,
    ),
)
def test_nothing_raises_and_the_books_close(parameters: LinkParameters, items: list[bytes]) -> None:
    """Whatever octets arrive, nothing raises, and each frame and each octet is accounted for."""
    receiver = UplinkReceiver(parameters)
    for octets in items:
        result = receiver.receive(octets)
        assert (result.refusal is None) == (result.reason == "")
        check_books(receiver)


def test_state_can_be_saved_and_restored() -> None:
    """Both ends go on from a saved state, in the middle of a packet, as if they were the first."""
    packet = build_command(1, 0, 0, bytes(250))
    sender, receiver = UplinkSender(SEGMENTED), UplinkReceiver(SEGMENTED)
    frames = sender.send(packet, 0)
    sender.on_clcw(Clcw(1), 0)
    receiver.receive(frames[0])
    other_sender, other = UplinkSender(SEGMENTED), UplinkReceiver(SEGMENTED)
    other_sender.state = msgspec.msgpack.decode(msgspec.msgpack.encode(sender.state), type=UplinkSenderState)
    other.state = msgspec.msgpack.decode(msgspec.msgpack.encode(receiver.state), type=UplinkReceiverState)
    assert [other.receive(item) for item in frames[1:]] == [receiver.receive(item) for item in frames[1:]]
    assert other.state == receiver.state
    assert other.state.counters.packets == 1
    assert other_sender.state == sender.state
