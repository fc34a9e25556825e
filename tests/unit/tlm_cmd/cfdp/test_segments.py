import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.cfdp.segments import Segments

MODEST = settings(max_examples=200, deadline=None)
PARTS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=12)


def filled(parts: list[tuple[int, int]]) -> tuple[Segments, set[int]]:
    """Add parts, given by place and length, and keep the octets in a set beside."""
    segments, octets = Segments(), set[int]()
    for start, length in parts:
        segments.add(start, start + length)
        octets.update(range(start, start + length))
    return segments, octets


@MODEST
@given(PARTS)
def test_parts_are_joined_and_in_order(parts: list[tuple[int, int]]) -> None:
    """What was added is there, each part once, none empty, and none touching the next."""
    segments, octets = filled(parts)
    pairs = list(zip(segments.starts, segments.ends, strict=True))
    assert {place for start, end in pairs for place in range(start, end)} == octets
    assert all(start < end for start, end in pairs)
    assert all(one[1] < two[0] for one, two in itertools.pairwise(pairs))
    assert segments.octets == len(octets)
    assert segments.extent == max(octets, default=-1) + 1


@MODEST
@given(PARTS, st.integers(0, 80), st.integers(0, 80))
def test_gaps_are_what_is_missing(parts: list[tuple[int, int]], one: int, two: int) -> None:
    """Between any two places, in order; a limit cuts the list and nothing else."""
    segments, octets = filled(parts)
    start, end = min(one, two), max(one, two)
    gaps = segments.gaps(start, end, 100)
    assert [place for gap in gaps for place in range(*gap)] == [p for p in range(start, end) if p not in octets]
    assert all(first[1] < second[0] for first, second in itertools.pairwise(gaps))
    assert segments.gaps(start, end, 2) == gaps[:2]


@MODEST
@given(PARTS, st.integers(0, 80), st.integers(0, 10))
def test_what_a_part_touches(parts: list[tuple[int, int]], start: int, length: int) -> None:
    """It would become one with others if the number of parts does not grow."""
    segments, _ = filled(parts)
    touches, before = segments.touches(start, start + length), len(segments.starts)
    segments.add(start, start + length)
    if length:
        assert touches == (len(segments.starts) <= before)


@MODEST
@given(PARTS, st.integers(1, 30))
def test_taking_from_the_front(parts: list[tuple[int, int]], most: int) -> None:
    """Piece by piece, all comes in order, none longer than wanted."""
    segments, octets = filled(parts)
    taken: list[int] = []
    while segments.starts:
        start, end = segments.take_first(most)
        assert 0 < end - start <= most
        taken += range(start, end)
    assert taken == sorted(octets)


def test_how_much_is_there_from_the_start() -> None:
    """Up to the first gap; a file of no octets is always there."""
    segments = Segments()
    assert (segments.contiguous, segments.extent, segments.covers(0), segments.covers(1)) == (0, 0, True, False)
    segments.add(5, 10)
    assert (segments.contiguous, segments.extent) == (0, 10)
    segments.add(0, 3)
    assert (segments.contiguous, segments.covers(3), segments.covers(4)) == (3, True, False)
    segments.add(3, 5)
    assert (segments.contiguous, segments.starts, segments.ends) == (10, [0], [10])
    segments.clear()
    assert (segments.octets, segments.extent) == (0, 0)
