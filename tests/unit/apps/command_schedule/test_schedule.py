from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.command_schedule.messages import MAX_STORED, MAX_STORED_OCTETS, StoredRequest
from apps.command_schedule.schedule import (
    ScheduleError,
    ScheduleState,
    Stored,
    clear,
    delete,
    insert,
    shift,
    take_due,
)

SECOND = 1_000_000_000


def stored(release_s: int, sequence: int, octets: int = 10) -> Stored:
    """A command to be released."""
    return Stored(release_s * SECOND, 0, 0, 0x20, sequence, 0, bytes(octets))


def balance(state: ScheduleState) -> None:
    """The books close."""
    assert state.inserted == len(state.stored) + state.released + state.expired + state.missed + state.deleted
    assert state.stored == sorted(state.stored)


def test_commands_come_out_in_the_order_of_their_times() -> None:
    """Each when it is due, those of one time in the order in which they were stored."""
    state = ScheduleState(enabled=True)
    insert(state, [stored(30, 1), stored(10, 2), stored(20, 3)], 0)
    insert(state, [stored(20, 4)], 0)
    assert take_due(state, 9 * SECOND, SECOND) == ([], [], 0)
    released, expired, missed = take_due(state, 20 * SECOND, 60 * SECOND)
    assert [each.sequence for each in released] == [2, 3, 4]
    assert (expired, missed) == ([], 0)
    assert [each.sequence for each in take_due(state, 30 * SECOND, 0)[0]] == [1]
    balance(state)


def test_late_commands_expire() -> None:
    """What is later than the limit is not released; on the limit it still is."""
    state = ScheduleState(enabled=True)
    insert(state, [stored(10, 1), stored(11, 2)], 0)
    released, expired, _ = take_due(state, 21 * SECOND, 10 * SECOND)
    assert ([each.sequence for each in released], [each.sequence for each in expired]) == ([2], [1])
    balance(state)


def test_a_disabled_schedule_forgets_what_comes_due() -> None:
    """It is counted, and enabling does not bring it back."""
    state = ScheduleState()
    insert(state, [stored(10, 1), stored(20, 2)], 0)
    assert take_due(state, 15 * SECOND, SECOND) == ([], [], 1)
    state.enabled = True
    assert [each.sequence for each in take_due(state, 20 * SECOND, SECOND)[0]] == [2]
    balance(state)


@pytest.mark.parametrize(
    ("commands", "words"),
    [
        ([stored(5, 9)], "past since 5.000 s"),
        ([stored(10, 9)], "past since 0.000 s"),
        ([stored(20, 8), stored(30, 8)], "stored already"),
        ([stored(20, 1)], "stored already"),
        ([stored(20, 100 + number) for number in range(MAX_STORED)], f"at most {MAX_STORED}"),
        ([stored(20, 100 + number, 1024) for number in range(65)], f"at most {MAX_STORED_OCTETS}"),
    ],
)
def test_what_cannot_be_stored(commands: list[Stored], words: str) -> None:
    """A past time, a second command of one request id, and too much are refused; nothing of it is stored."""
    state = ScheduleState()
    insert(state, [stored(60, 1)], 0)
    before = msgspec.json.encode(state)
    with pytest.raises(ScheduleError, match=words):
        insert(state, [stored(40, 99), *commands], 10 * SECOND)
    assert msgspec.json.encode(state) == before


def test_the_bound_can_be_reached() -> None:
    """As many as are allowed can be stored."""
    state = ScheduleState()
    insert(state, [stored(20, number, MAX_STORED_OCTETS // MAX_STORED) for number in range(MAX_STORED)], 0)
    assert len(state.stored) == MAX_STORED
    balance(state)


def test_delete_and_shift_take_all_or_none() -> None:
    """One that is not stored refuses the whole; a new time that is past does as well."""
    state = ScheduleState(enabled=True)
    insert(state, [stored(20, 1), stored(30, 2), stored(40, 3)], 0)
    before = msgspec.json.encode(state)
    one, three, none = (StoredRequest(0, 0x20, sequence) for sequence in (1, 3, 9))
    for requests in ([one, none], [none]):
        with pytest.raises(ScheduleError, match="command 9 of source 0 to APID 0x020 is not stored"):
            delete(state, requests)
        with pytest.raises(ScheduleError, match="is not stored"):
            shift(state, requests, SECOND, 0)
    with pytest.raises(ScheduleError, match="would be past"):
        shift(state, [three, one], -10 * SECOND, 10 * SECOND)
    assert msgspec.json.encode(state) == before
    shift(state, [one, one], 15 * SECOND, 10 * SECOND)
    assert [(each.sequence, each.release_tai_ns // SECOND) for each in state.stored] == [(2, 30), (1, 35), (3, 40)]
    delete(state, [three, three])
    assert [each.sequence for each in state.stored] == [2, 1]
    balance(state)
    clear(state)
    assert (state.stored, state.enabled, state.deleted) == ([], False, 3)
    balance(state)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("idsteCr"), st.integers(0, 60), st.integers(0, 8), st.integers(-20, 20)), max_size=40
    )
)
def test_the_books_close_whatever_is_asked(steps: list[tuple[str, int, int, int]]) -> None:
    """Any order of insertions, deletions, shifts, switches and steps of time; none is released twice or too early."""
    state, now_s, released = ScheduleState(enabled=True), 0, []
    for what, at_s, sequence, offset_s in steps:
        request = StoredRequest(0, 0x20, sequence)
        try:
            if what == "i":
                insert(state, [stored(at_s, sequence)], now_s * SECOND)
            elif what == "d":
                delete(state, [request])
            elif what == "s":
                shift(state, [request], offset_s * SECOND, now_s * SECOND)
            elif what == "e":
                state.enabled = not state.enabled
            elif what == "C":
                clear(state)
        except ScheduleError:
            pass
        now_s += max(0, offset_s) if what == "t" else 0
        due, _, _ = take_due(state, now_s * SECOND, 5 * SECOND)
        assert all(0 <= now_s * SECOND - each.release_tai_ns <= 5 * SECOND for each in due)
        released += [each.number for each in due]
        state = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=ScheduleState)
        balance(state)
    assert len(released) == len(set(released)) == state.released
