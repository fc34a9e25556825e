import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError
from tlm_cmd.frames.packet_builder import PacketBuilder
from tlm_cmd.frames.packet_extractor import ExtractorState, PacketExtractor
from tlm_cmd.frames.pointers import NO_PACKET_START, ONLY_IDLE_DATA
from tlm_cmd.packets.cfs_header import build_telemetry
from tlm_cmd.packets.spacepacket import idle_packet

MODEST = settings(max_examples=60, deadline=None)


def packet(octets: int, mark: int = 0) -> bytes:
    """Return a telemetry packet of a given length in all."""
    return build_telemetry(5, mark % 16_384, mark, 0, bytes(octets - 18))


Frame = tuple[int, int, bytes]


def frame(count: int, pointer: int, zone: bytes) -> Frame:
    """Return what an extractor must know of a frame: count, first header pointer, packet zone."""
    return count % 256, pointer, zone


def frames_of(packets: list[bytes], data_octets: int) -> list[Frame]:
    """Return the frames that a sender makes of packets."""
    builder = PacketBuilder(data_octets)
    for item in packets:
        assert builder.enqueue(item)
    frames: list[Frame] = []
    while builder.waiting:
        frames.append(frame(len(frames), *builder.next_zone()))
    return frames


def is_closed(extractor: PacketExtractor) -> bool:
    """Whether every octet of the frames' data is accounted for."""
    counters, partial = extractor.state.counters, extractor.state.partial
    return counters.octets == (counters.packet_octets + counters.idle_octets + counters.dropped_octets + len(partial))


def extract(extractor: PacketExtractor, frames: list[Frame]) -> list[bytes]:
    """Return the packets of frames, with the books checked at each one."""
    packets = []
    for item in frames:
        packets += extractor.extract(*item)
        assert is_closed(extractor)
        assert len(extractor.state.partial) < extractor.max_packet_octets
    return packets


@MODEST
@given(st.lists(st.integers(18, 90), max_size=8), st.integers(1, 60))
def test_packets_come_back(lengths: list[int], data_octets: int) -> None:
    """Whatever their lengths and the frames' length, all packets come back in order, and no idle one."""
    packets = [packet(octets, index) for index, octets in enumerate(lengths)]
    extractor = PacketExtractor()
    assert extract(extractor, frames_of(packets, data_octets)) == packets
    counters = extractor.state.counters
    assert counters.packets == len(packets)
    assert (counters.lost_frames, counters.dropped_octets, counters.pointer_errors) == (0, 0, 0)


@MODEST
@given(st.lists(st.integers(18, 90), min_size=1, max_size=8), st.integers(5, 60), st.data())
def test_lost_frames_lose_only_their_packets(lengths: list[int], data_octets: int, data: st.DataObject) -> None:
    """When any frames are lost, exactly the packets with an octet in them are lost, and the gap is counted."""
    packets = [packet(octets, index) for index, octets in enumerate(lengths)]
    frames = frames_of(packets, data_octets)
    lost = data.draw(st.sets(st.integers(1, len(frames) - 1), max_size=4)) if len(frames) > 1 else set()
    extractor = PacketExtractor()
    found = extract(extractor, [item for index, item in enumerate(frames) if index not in lost])
    expected, start = [], 0
    for item in packets:
        end = start + len(item)
        if not lost & set(range(start // data_octets, (end - 1) // data_octets + 1)):
            expected.append(item)
        start = end
    assert found == expected
    received = [index for index in range(len(frames)) if index not in lost]
    assert extractor.state.counters.lost_frames == received[-1] + 1 - len(received)


@pytest.mark.parametrize("split", range(1, 20))
def test_header_split_anywhere(split: int) -> None:
    """A packet cut at any place over two frames comes back whole."""
    first, second = packet(30, 1), packet(40, 2)
    stream = idle_packet(30 - split) + first + second + idle_packet(60 + split - 40)
    extractor = PacketExtractor()
    assert extractor.extract(*frame(0, 0, stream[:30])) == []
    assert extractor.extract(*frame(1, 30 - split, stream[30:])) == [first, second]
    assert extractor.state.counters.idle_packets == 2


@MODEST
@given(st.lists(st.integers(1, 9), min_size=20, max_size=30))
def test_frames_shorter_than_a_header(lengths: list[int]) -> None:
    """A header that is spread over several frames is put together."""
    stream = packet(18, 1) + idle_packet(8) + packet(19, 2)
    extractor = PacketExtractor()
    found, offset = [], 0
    for count, octets in enumerate(lengths):
        data = stream[offset : offset + octets]
        if not data:
            break
        starts = [start - offset for start in (0, 18, 26) if offset <= start < offset + octets]
        found += extractor.extract(*frame(count, starts[0] if starts else NO_PACKET_START, data))
        assert is_closed(extractor)
        offset += octets
    wanted = [(18, packet(18, 1)), (45, packet(19, 2))]
    assert found == [item for end, item in wanted if end <= offset or offset >= len(stream)]


def test_start_in_the_middle_of_a_packet() -> None:
    """A receiver that starts late drops the end of the packet under way and takes the next one."""
    frames = frames_of([packet(250, 1), packet(50, 2)], 100)
    extractor = PacketExtractor()
    assert extract(extractor, frames[1:]) == [packet(50, 2)]
    assert extractor.state.counters.dropped_octets == 150
    assert extractor.state.counters.lost_frames == 0


def test_lost_frame_drops_the_packet_in_progress() -> None:
    """A gap in the frame count drops the packet in progress, and the next pointer finds the next packet."""
    frames = frames_of([packet(150, 1), packet(150, 2), packet(100, 3)], 100)
    extractor = PacketExtractor()
    assert extract(extractor, [frames[0], *frames[2:]]) == [packet(100, 3)]
    counters = extractor.state.counters
    assert (counters.lost_frames, counters.gaps, counters.broken_packets) == (1, 1, 1)
    assert counters.dropped_octets == 200


def test_frame_count_wraps() -> None:
    """The wrap of the frame count after 255 is no gap, and a gap over the wrap is counted right."""
    extractor = PacketExtractor()
    for count in (254, 255, 256, 259):
        assert extractor.extract(*frame(count, 0, packet(50))) == [packet(50)]
    assert extractor.state.counters.lost_frames == 2


@pytest.mark.parametrize(("count", "lost", "jumps"), [(105, 4, 0), (106, 0, 1), (100, 0, 1), (99, 0, 1), (0, 0, 1)])
def test_gaps_too_wide_to_be_a_loss(count: int, lost: int, jumps: int) -> None:
    """A gap wider than a loss can be, as a repeated or late frame or a new beginning makes, counts no lost frames."""
    extractor = PacketExtractor(count_modulo=1 << 24, max_gap=4)
    extractor.extract(100, 0, packet(150, 1)[:100])
    assert extractor.extract(count, 0, packet(50)) == [packet(50)]
    counters = extractor.state.counters
    assert (counters.lost_frames, counters.count_jumps, counters.gaps) == (lost, jumps, 1)
    assert counters.broken_packets == 1
    assert is_closed(extractor)


def test_idle_frames_change_nothing() -> None:
    """Frames of only idle data are counted and leave a packet in progress alone."""
    first, last = frames_of([packet(150, 1)], 100)
    extractor = PacketExtractor()
    extractor.extract(*first)
    assert extractor.extract(*frame(1, ONLY_IDLE_DATA, bytes(100))) == []
    assert extractor.extract(*frame(2, *last[1:])) == [packet(150, 1)]
    assert extractor.state.counters.idle_frames == 1
    assert is_closed(extractor)


@pytest.mark.parametrize(
    ("pointer", "head"),
    [(10, 10), (60, 60), (0, 0)],
    ids=["before the end", "behind the end", "at once"],
)
def test_pointer_that_contradicts_the_packet(pointer: int, head: int) -> None:
    """When the pointer is not where the packet in progress ends, that packet is dropped and the pointer believed."""
    extractor = PacketExtractor()
    extractor.extract(*frame(0, 0, packet(150, 1)[:100]))
    data = packet(150, 1)[100:].ljust(head, b"\0")[:head] + packet(40, 2)
    assert extractor.extract(*frame(1, pointer, data)) == [packet(40, 2)]
    counters = extractor.state.counters
    assert (counters.pointer_errors, counters.broken_packets, counters.dropped_octets) == (1, 1, 100 + head)
    assert is_closed(extractor)


def test_octets_before_the_pointer_without_a_packet() -> None:
    """When no packet is in progress, octets in front of the pointer are dropped as a contradiction."""
    extractor = PacketExtractor()
    extractor.extract(*frame(0, 0, packet(50)))
    assert extractor.extract(*frame(1, 7, idle_packet(7) + packet(50, 2))) == [packet(50, 2)]
    counters = extractor.state.counters
    assert (counters.pointer_errors, counters.dropped_octets, counters.broken_packets) == (1, 7, 0)


def test_no_start_without_a_packet() -> None:
    """When no packet is in progress, a frame without packet start is dropped, and the next pointer is waited for."""
    extractor = PacketExtractor()
    extractor.extract(*frame(0, 0, packet(50)))
    assert extractor.extract(*frame(1, NO_PACKET_START, packet(50))) == []
    assert not extractor.state.synchronised
    assert extractor.extract(*frame(2, NO_PACKET_START, packet(50))) == []
    assert extractor.extract(*frame(3, 0, packet(50))) == [packet(50)]
    assert extractor.state.counters.dropped_octets == 100


def test_no_start_although_the_packet_ends() -> None:
    """When a packet ends inside a frame that claims no packet start, it cannot be trusted and is dropped."""
    extractor = PacketExtractor()
    extractor.extract(*frame(0, 0, packet(150, 1)[:100]))
    assert extractor.extract(*frame(1, NO_PACKET_START, packet(150, 1)[100:] + packet(40))) == []
    assert extractor.state.counters.pointer_errors == 1
    assert is_closed(extractor)


def test_packet_that_ends_with_its_frame() -> None:
    """A packet that ends exactly with a frame without packet start is whole, and the next frame starts one."""
    extractor = PacketExtractor()
    frames = frames_of([packet(200, 1), packet(100, 2)], 100)
    assert extract(extractor, frames) == [packet(200, 1), packet(100, 2)]
    assert extractor.state.counters.pointer_errors == 0


def test_oversize_packet() -> None:
    """A header that declares too long a packet drops the rest of its frame and is counted."""
    extractor = PacketExtractor(max_packet_octets=64)
    assert extractor.extract(*frame(0, 0, packet(64, 1) + packet(65, 2))) == [packet(64, 1)]
    assert extractor.extract(*frame(1, NO_PACKET_START, bytes(50))) == []
    assert extractor.extract(*frame(2, 0, packet(64, 3))) == [packet(64, 3)]
    assert (extractor.state.counters.oversize, extractor.state.counters.dropped_octets) == (1, 115)
    assert is_closed(extractor)


def test_oversize_header_over_two_frames() -> None:
    """A header that turns out too long only in the second frame drops its start as well."""
    extractor = PacketExtractor(max_packet_octets=64)
    extractor.extract(*frame(0, 0, packet(65)[:3]))
    assert extractor.extract(*frame(1, NO_PACKET_START, packet(65)[3:40])) == []
    assert (extractor.state.counters.oversize, extractor.state.counters.dropped_octets) == (1, 40)
    assert is_closed(extractor)


@pytest.mark.parametrize("cut", [4, 20])
def test_wrong_packet_version(cut: int) -> None:
    """A header of another version drops what follows until the next pointer, in one frame and over two."""
    stranger = b"\x28" + packet(40)[1:]
    extractor = PacketExtractor()
    extractor.extract(*frame(0, 0, stranger[:cut]))
    extractor.extract(*frame(1, 40 - cut, stranger[cut:] + packet(20)))
    assert extractor.state.counters.bad_versions == 1
    assert extractor.state.counters.packets == 1
    assert extractor.state.counters.dropped_octets == 40
    assert is_closed(extractor)


@MODEST
@given(
    st.lists(
        st.tuples(st.integers(0, 255), st.one_of(st.integers(0, 20), st.just(0x7FE), st.just(0x7FF)), st.binary()),
        max_size=12,
    )
)
def test_any_frames_are_accounted_for(items: list[tuple[int, int, bytes]]) -> None:
    """Whatever stands in the frames, nothing raises, and each octet is accounted for."""
    extractor = PacketExtractor(max_packet_octets=40)
    for count, pointer, data in items:
        extract(extractor, [frame(count, pointer, data + bytes(21))])


@pytest.mark.parametrize("octets", [6, 65_543])
def test_bound_must_fit_a_packet(octets: int) -> None:
    """The longest packet can be set between the shortest and the longest there are."""
    with pytest.raises(FieldRangeError, match="max packet octets"):
        PacketExtractor(octets)


def test_state_can_be_saved_and_restored() -> None:
    """An extractor goes on from a saved state, in the middle of a packet, as if it were the first."""
    frames = frames_of([packet(150, 1), packet(150, 2)], 100)
    first, second = PacketExtractor(), PacketExtractor()
    first.extract(*frames[0])
    second.state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=ExtractorState)
    assert extract(second, frames[1:]) == extract(first, frames[1:]) == [packet(150, 1), packet(150, 2)]
    assert second.state == first.state
