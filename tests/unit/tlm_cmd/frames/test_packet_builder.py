import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError
from tlm_cmd.frames.packet_builder import BuilderState, PacketBuilder
from tlm_cmd.frames.pointers import NO_PACKET_START
from tlm_cmd.packets.cfs_header import build_telemetry
from tlm_cmd.packets.spacepacket import declared_packet_octets, idle_packet

MODEST = settings(max_examples=60, deadline=None)


def packet(octets: int, mark: int = 0) -> bytes:
    """Return a telemetry packet of a given length in all."""
    return build_telemetry(5, mark % 16_384, mark, 0, bytes(octets - 18))


def is_closed(builder: PacketBuilder) -> bool:
    """Whether every packet offered is accounted for."""
    counters = builder.state.counters
    refused = counters.refused_full + counters.refused_malformed
    return counters.offered == refused + counters.sent + builder.waiting


def test_packets_that_fill_a_frame() -> None:
    """Packets that fill a frame exactly leave no room for idle data, and the pointer is 0."""
    builder = PacketBuilder(100)
    packets = [packet(60), packet(40)]
    assert all(builder.enqueue(item) for item in packets)
    assert builder.next_zone() == (0, b"".join(packets))
    assert builder.waiting == 0
    assert builder.state.counters.idle_octets == 0


def test_idle_packet_fills_the_rest() -> None:
    """The room that packets leave is filled by one idle packet."""
    builder = PacketBuilder(100)
    builder.enqueue(packet(60))
    assert builder.next_zone() == (0, packet(60) + idle_packet(40))
    assert builder.state.counters.idle_octets == 40


@pytest.mark.parametrize("left", range(1, 7))
def test_idle_packet_goes_on_in_the_next_frame(left: int) -> None:
    """Where fewer than seven octets are left, the idle packet ends in the next frame and the pointer skips it."""
    builder = PacketBuilder(100)
    builder.enqueue(packet(100 - left))
    assert builder.next_zone() == (0, packet(100 - left) + idle_packet(7)[:left])
    assert builder.waiting == 0
    builder.enqueue(packet(93 + left))
    assert builder.next_zone() == (7 - left, idle_packet(7)[left:] + packet(93 + left))


def test_packet_over_many_frames() -> None:
    """A frame in which no packet starts says so, and the frame of the end points behind the end."""
    builder = PacketBuilder(100)
    long = packet(250)
    builder.enqueue(long)
    frames = [builder.next_zone() for _ in range(3)]
    assert [pointer for pointer, _ in frames] == [0, NO_PACKET_START, 50]
    assert b"".join(zone for _, zone in frames) == long + idle_packet(50)


def test_packet_that_ends_with_a_frame() -> None:
    """A frame that holds nothing but the end of a packet has no packet start; the next one points to 0."""
    builder = PacketBuilder(100)
    builder.enqueue(packet(200))
    builder.enqueue(packet(100))
    assert [builder.next_zone()[0] for _ in range(3)] == [0, NO_PACKET_START, 0]
    assert builder.state.counters.sent == 2


def test_full_queue_is_a_counted_refusal() -> None:
    """A packet that finds the queue full is refused and counted, and the others stay."""
    builder = PacketBuilder(100, queue_packets=2)
    assert [builder.enqueue(packet(50)) for _ in range(3)] == [True, True, False]
    assert builder.state.counters.refused_full == 1
    assert builder.state.counters.most_waiting == 2
    assert is_closed(builder)


def test_malformed_packets_are_refused() -> None:
    """Octets that are not one packet, or too many, are refused, since they would break the packets behind."""
    builder = PacketBuilder(100, max_packet_octets=40)
    for octets in (b"", packet(40)[:-1], packet(40) + b"x", b"\xff" * 20, packet(41)):
        assert not builder.enqueue(octets)
    assert builder.enqueue(packet(40))
    assert builder.state.counters.refused_malformed == 5
    assert is_closed(builder)


@MODEST
@given(
    st.integers(1, 60),
    st.lists(st.lists(st.integers(18, 90), max_size=4), max_size=8),
)
def test_frames_hold_the_packets_in_order(zone_octets: int, bursts: list[list[int]]) -> None:
    """However packets come and frames are taken, the data fields hold them whole, in order, with idle packets only."""
    builder = PacketBuilder(zone_octets, queue_packets=20)
    sent: list[bytes] = []
    stream = b""
    starts = []
    for burst in [*bursts, []]:
        for octets in burst:
            item = packet(octets, len(sent))
            assert builder.enqueue(item)
            sent.append(item)
        while builder.waiting and (not burst or builder.waiting > 1):
            pointer, zone = builder.next_zone()
            assert len(zone) == zone_octets
            starts.append(None if pointer == NO_PACKET_START else len(stream) + pointer)
            stream += zone
            assert is_closed(builder)
    stream += builder.state.remainder
    positions, found, offset = [], [], 0
    while offset < len(stream):
        octets = declared_packet_octets(stream, offset)
        positions.append(offset)
        if stream[offset : offset + 2] != b"\x07\xff":
            found.append(stream[offset : offset + octets])
        offset += octets
    assert found == sent
    for index, start in enumerate(starts):
        inside = [at for at in positions if index * zone_octets <= at < (index + 1) * zone_octets]
        assert start == (inside[0] if inside else None)


@pytest.mark.parametrize(
    ("zone_octets", "queue_packets", "max_packet_octets"),
    [(0, 1, 7), (2047, 1, 7), (1, 0, 7), (1, 1_000_001, 7), (1, 1, 6), (1, 1, 65_543)],
)
def test_builder_limits(zone_octets: int, queue_packets: int, max_packet_octets: int) -> None:
    """A builder refuses data fields, queues and packets of impossible size."""
    with pytest.raises(FieldRangeError):
        PacketBuilder(zone_octets, queue_packets, max_packet_octets)


def test_state_can_be_saved_and_restored() -> None:
    """A builder goes on from a saved state, in the middle of a packet, as if it were the first."""
    first, second = PacketBuilder(100), PacketBuilder(100)
    for mark in range(3):
        first.enqueue(packet(150, mark))
    first.next_zone()
    second.state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=BuilderState)
    assert [second.next_zone() for _ in range(6)] == [first.next_zone() for _ in range(6)]
    assert second.state == first.state
