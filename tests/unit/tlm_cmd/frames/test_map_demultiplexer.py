import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.frames.map_demultiplexer import MapDemultiplexer, MapDemultiplexerState
from tlm_cmd.frames.map_multiplexer import MapParameters
from tlm_cmd.frames.tc import SegmentFlags, SegmentHeader
from tlm_cmd.packets.cfs_header import build_command
from tlm_cmd.packets.spacepacket import idle_packet

MODEST = settings(max_examples=80, deadline=None)
A = build_command(0x0A, 1, 1, b"alpha")
B = build_command(0x0B, 2, 1, b"beta" * 3)
FIRST, MIDDLE, LAST, WHOLE = SegmentFlags.FIRST, SegmentFlags.MIDDLE, SegmentFlags.LAST, SegmentFlags.WHOLE


def demultiplexer() -> MapDemultiplexer:
    """Return one with a MAP of packets, 1, and one of other units, 2."""
    return MapDemultiplexer({1: MapParameters(max_unit_octets=64), 2: MapParameters(packets=False, max_unit_octets=9)})


def is_closed(demux: MapDemultiplexer) -> bool:
    """Whether every octet of every known MAP is accounted for."""
    for map_id, state in demux.state.maps.items():
        assembler, counters = state.assembler.counters, state.counters
        if assembler.octets != assembler.unit_octets + assembler.dropped_octets + len(state.assembler.partial):
            return False
        contents = counters.packet_octets + counters.idle_octets + counters.malformed_octets
        if map_id == 1 and assembler.unit_octets != contents:
            return False
    return True


def test_several_packets_in_one_frame() -> None:
    """A whole segment gives all its packets, idle ones aside."""
    demux = demultiplexer()
    assert demux.receive(SegmentHeader(WHOLE, 1), A + idle_packet(9) + B) == (A, B)
    counters = demux.state.maps[1].counters
    assert (counters.packets, counters.idle_packets, counters.idle_octets) == (2, 1, 9)
    assert is_closed(demux)


def test_pieces_of_different_maps_may_alternate() -> None:
    """Each MAP puts its own pieces together."""
    demux = demultiplexer()
    found = [
        demux.receive(SegmentHeader(FIRST, 1), A[:5]),
        demux.receive(SegmentHeader(FIRST, 2), b"other"),
        demux.receive(SegmentHeader(MIDDLE, 1), A[5:9]),
        demux.receive(SegmentHeader(LAST, 2), b"!"),
        demux.receive(SegmentHeader(LAST, 1), A[9:]),
    ]
    assert found == [(), (), (), (b"other!",), (A,)]


def test_unknown_maps_are_counted() -> None:
    """A segment of a MAP that the channel does not have is dropped and counted with its octets."""
    demux = demultiplexer()
    assert demux.receive(SegmentHeader(WHOLE, 3), A) == ()
    assert (demux.state.segments, demux.state.unknown_map_segments) == (1, 1)
    assert demux.state.unknown_map_octets == len(A)


def test_a_lost_middle_piece_is_found_out_by_the_length() -> None:
    """A packet that misses a piece is malformed, and so is nothing behind it believed; the next one is fine."""
    demux = demultiplexer()
    demux.receive(SegmentHeader(FIRST, 1), B[:8])
    assert demux.receive(SegmentHeader(LAST, 1), B[12:]) == ()
    assert demux.receive(SegmentHeader(WHOLE, 1), A + B[:7]) == (A,)
    counters = demux.state.maps[1].counters
    assert (counters.malformed, counters.malformed_octets) == (2, len(B) - 4 + 7)
    assert is_closed(demux)


def test_units_that_are_too_long() -> None:
    """A unit longer than its MAP allows is dropped and counted, in one piece or in several, packets or not."""
    demux = demultiplexer()
    assert demux.receive(SegmentHeader(WHOLE, 2), b"0123456789") == ()
    assert demux.receive(SegmentHeader(FIRST, 2), b"0123456789") == ()
    assert demux.receive(SegmentHeader(LAST, 2), b"x") == ()
    assert demux.receive(SegmentHeader(WHOLE, 1), build_command(1, 1, 1, bytes(60))) == ()
    assert demux.state.maps[2].counters.malformed_octets == 10
    assert demux.state.maps[2].assembler.counters.dropped_octets == 11
    assert demux.state.maps[1].counters.malformed_octets == 68
    assert is_closed(demux)


@MODEST
@given(st.lists(st.tuples(st.sampled_from(SegmentFlags), st.integers(0, 3), st.binary(min_size=1, max_size=40))))
def test_any_segments_are_accounted_for(items: list[tuple[SegmentFlags, int, bytes]]) -> None:
    """Whatever arrives, nothing raises, every octet is accounted for, and what waits is bounded."""
    demux = demultiplexer()
    for flags, map_id, data in items:
        demux.receive(SegmentHeader(flags, map_id), data)
        assert is_closed(demux)
        assert len(demux.state.maps[1].assembler.partial) <= 64
        assert len(demux.state.maps[2].assembler.partial) <= 9
    unknown = sum(len(data) for _, map_id, data in items if map_id in {0, 3})
    assert demux.state.unknown_map_octets == unknown


def test_state_can_be_saved_and_restored() -> None:
    """A demultiplexer goes on from a saved state, in the middle of a unit, as if it were the first."""
    first, second = demultiplexer(), demultiplexer()
    first.receive(SegmentHeader(FIRST, 1), A[:5])
    second.state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=MapDemultiplexerState)
    assert second.receive(SegmentHeader(LAST, 1), A[5:]) == first.receive(SegmentHeader(LAST, 1), A[5:]) == (A,)
    assert second.state == first.state
