from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_tools.ground.sequence import MAX_RANGES, SequenceTracker

SECOND_NS = 1_000_000_000


def test_packets_in_order_have_no_gap_even_over_the_wrap() -> None:
    """Counts wrap at 16384 without a gap."""
    tracker = SequenceTracker()
    assert [tracker.take(count % 16_384, count) for count in range(16_380, 16_390)] == [0] * 10
    assert tracker.state.received == 10


def test_a_gap_is_reported_once_with_its_size() -> None:
    """The packet behind a gap says how many are missing in front of it."""
    tracker = SequenceTracker()
    assert [tracker.take(count, count) for count in (5, 6, 10, 11)] == [0, 0, 3, 0]
    assert (tracker.state.gaps, tracker.state.missing) == (1, 3)


def test_recorded_packets_fill_gaps_in_any_order() -> None:
    """What is played back is no longer missing; a second copy fills nothing."""
    tracker = SequenceTracker()
    for count in (16_380, 3):
        tracker.take(count, count)
    for count in (16_383, 0, 16_381, 2, 16_382, 1, 1):
        assert tracker.take(count, 0, recorded=True) == 0
    state = tracker.state
    assert (state.missing, state.recovered, state.unmatched, state.ranges) == (0, 6, 1, [])


def test_packets_that_were_overtaken_are_late_not_missing() -> None:
    """Where packets take several ways, one that fills a gap takes itself off the missing ones; no restart is seen."""
    tracker = SequenceTracker(ordered=False)
    gaps = [tracker.take(count % 16_384, 0) for count in (16_382, 16_384, 16_387, 16_383, 16_386, 16_385, 16_388)]
    assert gaps == [0, 1, 2, 0, 0, 0, 0]
    state = tracker.state
    assert (state.missing, state.late, state.restarts, state.gaps, state.ranges) == (0, 3, 0, 2, [])


def test_where_packets_take_one_way_a_count_that_goes_back_is_a_restart() -> None:
    """Nothing can have been overtaken there, though the count be one that was missing."""
    tracker = SequenceTracker()
    for count in (5, 8, 6):
        tracker.take(count, 0)
    assert (tracker.state.restarts, tracker.state.late, tracker.state.missing) == (1, 0, 2)


def test_recorded_packets_before_the_first_live_one_match_nothing() -> None:
    """Playback from before the ground listened opens no gap."""
    tracker = SequenceTracker()
    tracker.take(7, 0, recorded=True)
    assert tracker.take(9, 1) == 0
    assert tracker.state.unmatched == 1


@pytest.mark.parametrize(
    ("period_s", "sequence", "seconds", "restarts", "gap"),
    [
        (1, 5, 1, 1, 0),
        (1, 100, 60, 0, 89),
        (0, 5, 1, 1, 0),
        (0, 8_000, 1, 0, 7_989),
        (1, 11, -30, 0, 0),
        (1, 12, -30, 1, 0),
    ],
)
def test_a_count_that_restarts_is_no_loss(period_s: int, sequence: int, seconds: int, restarts: int, gap: int) -> None:
    """More packets than time allows cannot be missing, so the sender has restarted; time may also be set back."""
    tracker = SequenceTracker(period_s * SECOND_NS)
    tracker.take(10, 100 * SECOND_NS)
    assert tracker.take(sequence, (100 + seconds) * SECOND_NS) == gap
    assert tracker.state.restarts == restarts


def test_remembered_gaps_are_bounded() -> None:
    """The oldest gap is forgotten first; its packets stay missing."""
    tracker = SequenceTracker()
    for number in range(MAX_RANGES + 2):
        tracker.take(2 * number, number)
    assert len(tracker.state.ranges) == MAX_RANGES
    assert tracker.state.missing == MAX_RANGES + 1
    tracker.take(1, 0, recorded=True)
    assert (tracker.state.recovered, tracker.state.unmatched) == (0, 1)


@given(lost=st.sets(st.integers(1, 199), max_size=60), start=st.integers(0, 16_383))
def test_what_is_lost_and_played_back_adds_up(lost: set[int], start: int) -> None:
    """What is missing is what was lost after the live packets, and 0 after all of them were played back."""
    tracker = SequenceTracker()
    for number in range(201):
        if number not in lost:
            tracker.take((start + number) % 16_384, number)
    assert tracker.state.missing == len(lost)
    for number in sorted(lost):
        tracker.take((start + number) % 16_384, number, recorded=True)
    assert (tracker.state.missing, tracker.state.recovered, tracker.state.unmatched) == (0, len(lost), 0)
