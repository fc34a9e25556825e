import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError
from tlm_cmd.packets.sequence import (
    LATE_WINDOW,
    Arrival,
    GapDetector,
    GapDetectorState,
    SequenceCounters,
    SequenceCountersState,
)

MODEST = settings(max_examples=60, deadline=None)


def is_closed(detector: GapDetector) -> bool:
    """Whether every packet of every APID counts as exactly one thing."""
    for found in detector.state.apids.values():
        counters = found.counters
        known = counters.first + counters.in_order + counters.after_gap
        if counters.packets != known + counters.late + counters.repeated + counters.restarted:
            return False
    return True


def arrivals(*counts: int) -> list[str]:
    """Return what a new detector says to counts of one APID."""
    detector = GapDetector()
    found = [detector.note(5, count).value for count in counts]
    assert is_closed(detector)
    return found


def test_counts_are_given_out_per_apid_and_wrap() -> None:
    """Each APID has its own counts, which go on with 0 after 16,383."""
    counters = SequenceCounters()
    assert [counters.next(5) for _ in range(16_385)] == [*range(16_384), 0]
    assert [counters.next(apid) for apid in (0, 2046, 5, 0)] == [0, 0, 1, 1]


@pytest.mark.parametrize("apid", [-1, 2047])
def test_idle_packets_get_no_count(apid: int) -> None:
    """Only APIDs that carry data have counts."""
    with pytest.raises(FieldRangeError, match="APID"):
        SequenceCounters().next(apid)


def test_counters_can_be_saved_and_restored() -> None:
    """A sender that starts again goes on with the counts that it saved."""
    first, second = SequenceCounters(), SequenceCounters()
    for _ in range(3):
        first.next(7)
    second.state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=SequenceCountersState)
    assert second.next(7) == first.next(7) == 3


def test_a_wrap_is_in_order() -> None:
    """The count after 16,383 is 0: no gap and no disorder, of which ccsdspy 2.0.1 warns there."""
    detector = GapDetector()
    found = [detector.note(5, count % 16_384) for count in range(16_380, 3 * 16_384)]
    assert set(found[1:]) == {Arrival.IN_ORDER}
    assert detector.missing == 0


def test_a_gap_over_the_wrap() -> None:
    """A gap over the wrap is as wide as it is."""
    detector = GapDetector()
    assert [detector.note(5, count) for count in (16_380, 3)] == [Arrival.FIRST, Arrival.AFTER_GAP]
    assert detector.missing == 6


def test_late_and_repeated_packets() -> None:
    """A packet that fills a gap is late and is missing no more; one that had come before is repeated."""
    assert arrivals(10, 11, 14, 12, 12, 14, 11, 15, 13) == [
        "first",
        "in_order",
        "after_gap",
        "late",
        "repeated",
        "repeated",
        "repeated",
        "in_order",
        "late",
    ]


def test_missing_goes_down_with_late_packets() -> None:
    """What is missing is what has not come; packets from before the first one never were."""
    detector = GapDetector()
    missing = []
    for count in (10, 14, 12, 9, 9, 13, 11):
        detector.note(5, count)
        missing.append(detector.missing)
    assert missing == [0, 3, 2, 2, 2, 1, 0]
    assert (detector.state.apids[5].counters.late, detector.state.apids[5].counters.repeated) == (4, 1)


@pytest.mark.parametrize(
    ("count", "arrival"),
    [
        (1000 - LATE_WINDOW + 1, Arrival.LATE),
        (1000 - LATE_WINDOW, Arrival.RESTARTED),
        (1000 + 8192, Arrival.AFTER_GAP),
        (1000 + 8193, Arrival.RESTARTED),
        (0, Arrival.RESTARTED),
    ],
)
def test_a_restart_is_no_loss(count: int, arrival: Arrival) -> None:
    """A count far from the newest one means that the sender began anew, and nothing counts as missing for it."""
    detector = GapDetector()
    detector.note(5, 1000)
    assert detector.note(5, count) == arrival
    assert detector.missing == (8191 if arrival is Arrival.AFTER_GAP else 0)
    if arrival is Arrival.RESTARTED:
        assert detector.note(5, count + 1) == Arrival.IN_ORDER


def test_idle_packets_mean_nothing() -> None:
    """Idle packets are counted by themselves, whatever their counts."""
    detector = GapDetector()
    assert [detector.note(0x7FF, count) for count in (5, 5, 9)] == [Arrival.IDLE] * 3
    assert (detector.state.idle_packets, detector.state.apids) == (3, {})


def test_apids_are_separate() -> None:
    """The counts of one APID say nothing of another one."""
    detector = GapDetector()
    assert [detector.note(apid, 100 * apid) for apid in (1, 2, 1, 2)] == [
        Arrival.FIRST,
        Arrival.FIRST,
        Arrival.REPEATED,
        Arrival.REPEATED,
    ]


@MODEST
@given(st.integers(0, 2**32), st.integers(0, 16_383), st.integers(0, 40))
def test_a_bad_link_is_told_exactly(seed: int, start: int, percent: int) -> None:
    """Over a link that loses, repeats and delays packets by less than the window, missing is what never came."""
    stream = random.Random(seed)
    delivered: list[tuple[int, int]] = []
    for index in range(1, 300):
        if stream.randrange(100) < percent:
            continue
        delivered.append((index + stream.randrange(20), index))
        if stream.randrange(100) < percent:
            delivered.append((index + stream.randrange(20), index))
    order = [0, *(index for _, index in sorted(delivered))]
    detector = GapDetector()
    seen: set[int] = set()
    newest = 0
    for index in order:
        arrival = detector.note(9, (start + index) % 16_384)
        if index in seen:
            assert arrival is Arrival.REPEATED
        elif seen and index < newest:
            assert arrival is Arrival.LATE
        elif seen:
            assert arrival is (Arrival.IN_ORDER if index == newest + 1 else Arrival.AFTER_GAP)
        seen.add(index)
        newest = max(newest, index)
        assert detector.missing == newest + 1 - len(seen)
    assert is_closed(detector)


@MODEST
@given(st.lists(st.tuples(st.integers(0, 2047), st.integers(0, 16_383)), max_size=60))
def test_any_counts_are_accounted_for(items: list[tuple[int, int]]) -> None:
    """Whatever comes, nothing raises, each packet counts as one thing, and a saved detector goes on the same."""
    first, second = GapDetector(), GapDetector()
    for apid, count in items:
        first.note(apid & 0x403, count)
        assert is_closed(first)
        assert all(found.counters.missing >= 0 for found in first.state.apids.values())
    second.state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=GapDetectorState)
    for apid, count in items:
        assert second.note(apid, count) == first.note(apid, count)
