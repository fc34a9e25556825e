import random

import msgspec
import pytest

from tlm_cmd.errors import FieldRangeError, LengthMismatchError, WrongValueError
from tlm_cmd.frames.aos import (
    ALL_CHANNELS,
    COUNT_MODULO,
    EXTENDED_COUNT_MODULO,
    IDLE_CHANNEL,
    AosFormat,
    AosFrame,
    declared_virtual_channel,
)
from tlm_cmd.frames.aos_data_units import Mpdu
from tlm_cmd.frames.aos_multiplexer import AosMultiplexer
from tlm_cmd.frames.multiplexer import MultiplexerState, SendingChannel, channels_by_priority
from tlm_cmd.frames.packet_extractor import PacketExtractor
from tlm_cmd.frames.scheduler import ChannelShare
from tlm_cmd.packets.cfs_header import build_telemetry

SHAPE = AosFormat(frame_octets=110)


def packet(octets: int, mark: int = 0) -> bytes:
    """Return a telemetry packet of a given length in all."""
    return build_telemetry(5, mark % 16_384, mark, 0, bytes(octets - 18))


def sealed(header: bytes, data: bytes) -> bytes:
    """Return data behind a header that tells what it stood behind."""
    return bytes([len(header)]) + data[::-1] + b"\x5a"


def opened(header: bytes, field: bytes) -> bytes:
    """Return the data that `sealed` was given."""
    assert field[0] == len(header)
    return field[-2:0:-1]


def test_packets_go_in_multiplexing_units() -> None:
    """A frame holds an M_PDU with the pointer to the first packet, filled up by an idle packet."""
    mux = AosMultiplexer(0xAB, SHAPE, channels_by_priority([3]))
    mux.enqueue(3, packet(150))
    frames = [AosFrame.unpack(mux.next_frame(), SHAPE, spacecraft_id=0xAB) for _ in range(3)]
    assert [(frame.virtual_channel, frame.frame_count) for frame in frames] == [(3, 0), (3, 1), (IDLE_CHANNEL, 0)]
    first, second = (Mpdu.unpack(frame.data) for frame in frames[:2])
    assert (first.first_header_pointer, second.first_header_pointer) == (0, 50)
    assert first.packet_zone + second.packet_zone[:50] == packet(150)
    assert frames[2].data == b"\x55" * 102
    assert (mux.state.frames, mux.state.idle_frames) == (3, 1)


@pytest.mark.parametrize("cycle", [False, True])
def test_counts_wrap(*, cycle: bool) -> None:
    """A channel's count wraps after 2^24 frames, into the cycle where that is used, and no loss is seen at the wrap."""
    mux = AosMultiplexer(0xAB, SHAPE, channels_by_priority([3]), cycle=cycle)
    modulo = EXTENDED_COUNT_MODULO if cycle else COUNT_MODULO
    extractor = PacketExtractor(count_modulo=modulo, max_gap=COUNT_MODULO // 2)
    for start in (COUNT_MODULO - 2, modulo - 2):
        mux.state.virtual_channel_counts[3] = start
        extractor.state.expected_count = start
        for mark in range(4):
            mux.enqueue(3, packet(100, mark))
            frame = AosFrame.unpack(mux.next_frame(), SHAPE)
            assert frame.extended_count == (start + mark) % modulo
            assert (frame.cycle is not None) == cycle
            unit = Mpdu.unpack(frame.data)
            found = extractor.extract(frame.extended_count, unit.first_header_pointer, unit.packet_zone)
            assert found == [packet(100, mark)]
    assert extractor.state.counters.gaps == 0


def test_many_channels_with_everything_on() -> None:
    """Ten channels with all optional fields, some protected and some in replay, deliver all packets in order each."""
    stream = random.Random(4)
    shape = AosFormat(
        frame_octets=120,
        header_error_control=True,
        insert_zone_octets=5,
        ocf_channels=frozenset({0, 1, 62, 63}),
    )
    numbers = (0, 1, 2, 7, 8, 20, 40, 60, 61, 62)
    channels = {
        number: SendingChannel(ChannelShare(number // 8, 5), security_octets=2 * (number % 2)) for number in numbers
    }
    mux = AosMultiplexer(300, shape, channels, cycle=True)
    sent: dict[int, list[bytes]] = {number: [] for number in numbers}
    found: dict[int, list[bytes]] = {number: [] for number in numbers}
    extractors = {number: PacketExtractor(count_modulo=EXTENDED_COUNT_MODULO) for number in numbers}
    for mark in range(400):
        number = stream.choice(numbers)
        sent[number].append(packet(stream.randrange(18, 250), mark))
        assert mux.enqueue(number, sent[number][-1])
    while mux.waiting:
        octets = mux.next_frame(b"\1\2\3\4", insert_zone=b"insert"[:5], replay=bool(mux.waiting % 2), protect=sealed)
        number = declared_virtual_channel(octets)
        frame = AosFrame.unpack(octets, shape, spacecraft_id=300, process=opened if number % 2 else None)
        assert frame.ocf == (b"\1\2\3\4" if number in shape.ocf_channels else b"")
        unit = Mpdu.unpack(frame.data)
        found[number] += extractors[number].extract(frame.extended_count, unit.first_header_pointer, unit.packet_zone)
    assert found == sent


def test_what_every_frame_must_have() -> None:
    """A missing control field, insert zone or protection is refused by name, and takes no packet."""
    shape = AosFormat(frame_octets=110, insert_zone_octets=2, ocf_channels=ALL_CHANNELS)
    mux = AosMultiplexer(1, shape, {3: SendingChannel(security_octets=2)})
    mux.enqueue(3, packet(20))
    with pytest.raises(WrongValueError, match="operational control field"):
        mux.next_frame(insert_zone=b"12", protect=sealed)
    with pytest.raises(LengthMismatchError, match="insert zone"):
        mux.next_frame(b"1234", protect=sealed)
    with pytest.raises(WrongValueError, match="protection"):
        mux.next_frame(b"1234", insert_zone=b"12")
    assert (mux.waiting, mux.state.frames) == (1, 0)
    assert len(mux.next_frame(b"1234", insert_zone=b"12", protect=sealed)) == 110


def test_channel_limits() -> None:
    """Packets have virtual channels 0 to 62, and room of at least one octet in a frame."""
    with pytest.raises(WrongValueError, match="virtual channel is 63"):
        AosMultiplexer(1, SHAPE, channels_by_priority([63]))
    with pytest.raises(FieldRangeError, match="virtual channel"):
        AosMultiplexer(1, SHAPE, channels_by_priority([-1]))
    with pytest.raises(FieldRangeError, match="packet zone octets"):
        AosMultiplexer(1, AosFormat(frame_octets=10), channels_by_priority([0]))


def test_state_can_be_saved_and_restored() -> None:
    """A multiplexer goes on from a saved state, in the middle of a packet, as if it were the first."""
    first, second = (AosMultiplexer(1, SHAPE, channels_by_priority([3, 4])) for _ in range(2))
    for channel in (3, 4, 4):
        first.enqueue(channel, packet(150))
    first.next_frame()
    second.state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=MultiplexerState)
    assert [second.next_frame() for _ in range(6)] == [first.next_frame() for _ in range(6)]
    assert second.state == first.state


def test_what_cannot_be_protected_is_not_lost() -> None:
    """When protection refuses, the frame is not made or counted, its packets wait, and the next one carries them."""

    def refuse(_header: bytes, _data: bytes) -> bytes:
        raise WrongValueError("key", "exhausted", "one in use")

    first, second = (AosMultiplexer(9, SHAPE, {0: SendingChannel(security_octets=2)}) for _ in range(2))
    for mux in (first, second):
        assert mux.enqueue(0, packet(150))
    for _ in range(2):
        with pytest.raises(WrongValueError, match="exhausted"):
            first.next_frame(protect=refuse)
    assert (first.waiting, first.state.frames) == (2, 0)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=MultiplexerState)
    assert again == first.state
    first.state = again
    assert [first.next_frame(protect=sealed) for _ in range(3)] == [second.next_frame(protect=sealed) for _ in range(3)]
    assert first.waiting == 0
