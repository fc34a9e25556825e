import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError
from tlm_cmd.frames.segmentation import AssemblerState, SegmentAssembler, cut_into_segments
from tlm_cmd.frames.tc import SegmentFlags

MODEST = settings(max_examples=50, deadline=None)
FIRST, MIDDLE, LAST, WHOLE = SegmentFlags.FIRST, SegmentFlags.MIDDLE, SegmentFlags.LAST, SegmentFlags.WHOLE


def is_closed(assembler: SegmentAssembler) -> bool:
    """Whether every octet added is accounted for."""
    state = assembler.state
    counters = state.counters
    return counters.octets == counters.unit_octets + counters.dropped_octets + len(state.partial)


@pytest.mark.parametrize(
    ("octets", "flags"),
    [(1, [WHOLE]), (4, [WHOLE]), (5, [FIRST, LAST]), (8, [FIRST, LAST]), (9, [FIRST, MIDDLE, LAST])],
)
def test_flags_of_the_pieces(octets: int, flags: list[SegmentFlags]) -> None:
    """A unit that fits travels whole, a longer one as first, middle and last pieces."""
    assert [flag for flag, _ in cut_into_segments(bytes(octets), 4)] == flags


@MODEST
@given(st.lists(st.binary(min_size=1, max_size=50), max_size=5), st.integers(1, 20))
def test_pieces_give_the_units_again(units: list[bytes], octets: int) -> None:
    """Units cut into pieces of any length come back in order, and nothing is dropped."""
    assembler = SegmentAssembler()
    found = []
    for unit in units:
        pieces = cut_into_segments(unit, octets)
        assert all(1 <= len(piece) <= octets for _, piece in pieces)
        found += [assembler.add(*piece) for piece in pieces]
    assert [unit for unit in found if unit is not None] == units
    assert assembler.state.counters.dropped_octets == 0
    assert is_closed(assembler)


@MODEST
@given(st.lists(st.tuples(st.sampled_from(SegmentFlags), st.binary(min_size=1, max_size=9)), max_size=12))
def test_octets_are_accounted_for(pieces: list[tuple[SegmentFlags, bytes]]) -> None:
    """Whatever pieces arrive, each octet is in a unit, dropped, or waiting, and what waits is bounded."""
    assembler = SegmentAssembler(max_unit_octets=20)
    units = [assembler.add(flags, piece) for flags, piece in pieces]
    assert is_closed(assembler)
    assert len(assembler.state.partial) <= 20
    assert assembler.state.counters.units == len([unit for unit in units if unit is not None])


def test_missing_last_piece() -> None:
    """A unit whose end never came is dropped when the next one starts, whole or in pieces."""
    assembler = SegmentAssembler()
    assert assembler.add(FIRST, b"ab") is None
    assert assembler.add(FIRST, b"cd") is None
    assert assembler.add(WHOLE, b"ef") == b"ef"
    assert (assembler.state.counters.dropped_units, assembler.state.counters.dropped_octets) == (2, 4)


@pytest.mark.parametrize("flags", [MIDDLE, LAST])
def test_missing_first_piece(flags: SegmentFlags) -> None:
    """A piece of a unit whose start never came is dropped."""
    assembler = SegmentAssembler()
    assert assembler.add(flags, b"ab") is None
    assert assembler.state.counters.dropped_octets == 2
    assert assembler.state.partial == b""


def test_oversize_unit() -> None:
    """A unit that grows longer than the longest is dropped with all its pieces."""
    assembler = SegmentAssembler(max_unit_octets=4)
    assert [assembler.add(flags, b"ab") for flags in (FIRST, MIDDLE, MIDDLE, LAST)] == [None] * 4
    assert assembler.state.counters.dropped_octets == 8
    assert is_closed(assembler)


@pytest.mark.parametrize(("unit", "octets"), [(b"", 5), (bytes(65_543), 5), (b"x", 0), (b"x", 1025)])
def test_cut_limits(unit: bytes, octets: int) -> None:
    """An empty unit, one longer than any packet, and pieces that fit no frame are refused."""
    with pytest.raises(FieldRangeError):
        cut_into_segments(unit, octets)


def test_state_can_be_saved_and_restored() -> None:
    """An assembler goes on from a saved state as if it were the first."""
    first, second = SegmentAssembler(), SegmentAssembler()
    first.add(FIRST, b"ab")
    second.state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=AssemblerState)
    assert second.add(LAST, b"cd") == first.add(LAST, b"cd") == b"abcd"
