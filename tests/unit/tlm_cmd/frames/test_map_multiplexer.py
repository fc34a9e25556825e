import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError, WrongValueError
from tlm_cmd.frames.map_demultiplexer import MapDemultiplexer
from tlm_cmd.frames.map_multiplexer import MapMultiplexer, MapMultiplexerState, MapParameters
from tlm_cmd.frames.scheduler import ChannelShare
from tlm_cmd.frames.tc import SegmentFlags, SegmentHeader
from tlm_cmd.packets.cfs_header import build_command

MODEST = settings(max_examples=60, deadline=None)


def command(octets: int, mark: int = 0) -> bytes:
    """Return a command packet of a given length in all."""
    return build_command(5, mark % 16_384, 1, bytes(octets - 8))


def is_closed(mux: MapMultiplexer, map_id: int) -> bool:
    """Whether every unit offered to a MAP is accounted for."""
    queue = mux.state.queues[map_id]
    counters = queue.counters
    refused = counters.refused_full + counters.refused_malformed
    return counters.offered == refused + counters.sent + len(queue.queue)


def test_packets_that_fit_share_a_frame() -> None:
    """As many packets as fit together go in one segment, which is whole, and the next ones in the next."""
    mux = MapMultiplexer({7: MapParameters()}, 50)
    packets = [command(20, mark) for mark in range(3)]
    assert all(mux.enqueue(7, packet) for packet in packets)
    assert mux.next_segment() == (SegmentHeader(SegmentFlags.WHOLE, 7), packets[0] + packets[1])
    assert mux.next_segment() == (SegmentHeader(SegmentFlags.WHOLE, 7), packets[2])
    assert mux.next_segment() is None
    assert (mux.state.queues[7].counters.sent, mux.state.queues[7].counters.segments) == (3, 2)


def test_other_units_go_alone() -> None:
    """Data units that are no packets never share a frame, since nothing would tell them apart."""
    mux = MapMultiplexer({7: MapParameters(packets=False)}, 50)
    assert mux.enqueue(7, b"one")
    assert mux.enqueue(7, b"two")
    assert [mux.next_segment() for _ in range(2)] == [
        (SegmentHeader(SegmentFlags.WHOLE, 7), b"one"),
        (SegmentHeader(SegmentFlags.WHOLE, 7), b"two"),
    ]


def test_long_units_are_cut() -> None:
    """A unit longer than a frame goes in a first, middle and last segments, and the next unit does not share them."""
    mux = MapMultiplexer({7: MapParameters()}, 50)
    long, short = command(120), command(10)
    mux.enqueue(7, long)
    mux.enqueue(7, short)
    segments = [mux.next_segment() for _ in range(4)]
    assert segments == [
        (SegmentHeader(SegmentFlags.FIRST, 7), long[:50]),
        (SegmentHeader(SegmentFlags.MIDDLE, 7), long[50:100]),
        (SegmentHeader(SegmentFlags.LAST, 7), long[100:]),
        (SegmentHeader(SegmentFlags.WHOLE, 7), short),
    ]


def test_an_urgent_command_goes_between_the_segments_of_a_long_one() -> None:
    """A MAP of a more urgent class goes first, also while another one's unit is under way."""
    maps = {0: MapParameters(ChannelShare(0)), 1: MapParameters(ChannelShare(1))}
    mux = MapMultiplexer(maps, 50)
    mux.enqueue(1, command(120))
    order = [mux.next_segment()]
    mux.enqueue(0, command(30))
    order += [mux.next_segment() for _ in range(3)]
    assert [item and (item[0].map_id, item[0].flags.name) for item in order] == [
        (1, "FIRST"),
        (0, "WHOLE"),
        (1, "MIDDLE"),
        (1, "LAST"),
    ]


def test_maps_of_one_class_take_turns() -> None:
    """MAPs of one class go one after the other, frame by frame."""
    mux = MapMultiplexer({number: MapParameters() for number in (0, 1, 63)}, 50)
    for number in (0, 1, 63):
        mux.enqueue(number, command(90))
    order = [mux.next_segment() for _ in range(6)]
    assert [item and item[0].map_id for item in order] == [0, 1, 63, 0, 1, 63]


def test_refusals_are_counted() -> None:
    """Units that find the queue full, are empty, too long or no packet are refused, each counted by its reason."""
    mux = MapMultiplexer({0: MapParameters(max_unit_octets=20, queue_units=2), 1: MapParameters(packets=False)}, 50)
    for unit in (b"", b"no packet", command(21), command(20) + b"x"):
        assert not mux.enqueue(0, unit)
    assert [mux.enqueue(0, command(20)) for _ in range(3)] == [True, True, False]
    assert mux.enqueue(1, b"no packet")
    assert not mux.enqueue(1, b"")
    counters = mux.state.queues[0].counters
    assert (counters.refused_malformed, counters.refused_full, mux.waiting) == (4, 1, 3)
    assert is_closed(mux, 0)
    assert is_closed(mux, 1)


def test_unknown_map_is_named() -> None:
    """A unit for a MAP that does not exist is a mistake of the caller and is named."""
    with pytest.raises(WrongValueError, match=r"MAP id is 3, expected one of \[0\]"):
        MapMultiplexer({0: MapParameters()}, 50).enqueue(3, command(20))


def test_limits() -> None:
    """Identifiers, room, lengths and queues have bounds."""
    for map_id, room in ((-1, 50), (64, 50), (0, 0), (0, 1025)):
        with pytest.raises(FieldRangeError):
            MapMultiplexer({map_id: MapParameters()}, room)
    for octets, units in ((0, 1), (65_543, 1), (1, 0), (1, 1_000_001)):
        with pytest.raises(FieldRangeError):
            MapParameters(max_unit_octets=octets, queue_units=units)
    with pytest.raises(FieldRangeError, match="MAP id"):
        MapDemultiplexer({64: MapParameters()})


@MODEST
@given(st.integers(0, 2**32), st.integers(8, 80))
def test_every_command_arrives_once_and_in_order_on_its_map(seed: int, room: int) -> None:
    """Whatever is queued when, what each MAP was given comes out at the other end of it, whole, once and in order."""
    stream = random.Random(seed)
    maps = {
        number: MapParameters(ChannelShare(stream.randrange(3), stream.randrange(12)), packets=number % 3 > 0)
        for number in stream.sample(range(64), 8)
    }
    mux, demux = MapMultiplexer(maps, room), MapDemultiplexer(maps)
    sent: dict[int, list[bytes]] = {number: [] for number in maps}
    found: dict[int, list[bytes]] = {number: [] for number in maps}
    mark = 0
    while mark < 60 or mux.waiting:
        if mark < 60 and stream.random() < 0.5:
            number = stream.choice(list(maps))
            sent[number].append(command(stream.randrange(8, 200), mark))
            assert mux.enqueue(number, sent[number][-1])
            mark += 1
        item = mux.next_segment() if stream.random() < 0.6 else None
        if item is not None:
            segment, data = item
            assert 1 <= len(data) <= room
            found[segment.map_id] += demux.receive(segment, data)
    assert found == sent
    assert all(is_closed(mux, number) for number in maps)


def test_state_can_be_saved_and_restored() -> None:
    """A multiplexer goes on from a saved state, in the middle of a unit, as if it were the first."""
    maps = {number: MapParameters() for number in (0, 1)}
    first, second = MapMultiplexer(maps, 50), MapMultiplexer(maps, 50)
    for number in (0, 1, 1):
        first.enqueue(number, command(120))
    for _ in range(3):
        first.next_segment()
    second.state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=MapMultiplexerState)
    assert [second.next_segment() for _ in range(8)] == [first.next_segment() for _ in range(8)]
    assert second.state == first.state
