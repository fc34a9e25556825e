from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from apps.file_transfer.pacing import MODULO, PacingState, give, grant

HALF_S = 500_000_000


def test_the_room_is_never_exceeded() -> None:
    """However reports and packets overlap, what is on its way fits into the room that was there."""
    chance, state = random.Random(2), PacingState()
    queue, on_the_way, taken = 0, 0, 0
    for tick in range(1, 2000):
        arrived = chance.randint(0, on_the_way)
        on_the_way, queue, taken = on_the_way - arrived, queue + arrived, (taken + arrived) % MODULO
        assert queue <= 100
        queue -= chance.randint(0, queue)
        grant(state, taken, 100 - queue, 10_000, tick * HALF_S)
        for _ in range(chance.randint(0, state.granted)):
            give(state)
            on_the_way += 1


def test_the_rate_is_kept() -> None:
    """On average no more than the rate, and no more than one second's worth at once."""
    state, given_in_all = PacingState(), 0
    for tick in range(21):
        grant(state, state.given, 1000, 60, 10**12 + tick * HALF_S)
        assert state.granted <= 60
        given_in_all += state.granted
        for _ in range(state.granted):
            give(state)
    assert given_in_all == 60 + 20 * 30


def test_a_clock_that_begins_anew() -> None:
    """Time that goes back gives nothing, and time that follows does."""
    state = PacingState()
    grant(state, 0, 1000, 60, 10**12)
    for _ in range(60):
        give(state)
    grant(state, 60, 1000, 60, 0)
    assert state.granted == 0
    grant(state, 60, 1000, 60, HALF_S)
    assert state.granted == 30


@given(st.integers(0, MODULO - 1), st.integers(0, MODULO - 1))
def test_counts_that_do_not_agree_are_made_to(given_count: int, taken: int) -> None:
    """Whatever either end has forgotten, after two reports without anything on its way they agree."""
    state = PacingState(given=given_count, given_before=given_count)
    for tick in range(1, 4):
        grant(state, taken, 100, 60, tick * 2 * HALF_S)
    assert state.granted == 60


def test_counts_wrap() -> None:
    """Counting goes on behind the highest number."""
    state = PacingState(given=MODULO - 1, given_before=MODULO - 1, taken=MODULO - 1)
    give(state)
    give(state)
    assert state.given == 1
    grant(state, MODULO - 1, 100, 1000, HALF_S)
    assert state.granted == 98
