from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ops_tools.ground.deadlines import Deadlines


def test_a_deadline_comes_once_and_exactly() -> None:
    """Not a nanosecond early, and not again."""
    deadlines = Deadlines()
    assert deadlines.due(10**18) == []
    deadlines.set(1, 10)
    deadlines.set(2, 5)
    assert [deadlines.due(now_ns) for now_ns in (4, 5, 9, 10, 11)] == [[], [2], [], [1], []]


def test_a_later_deadline_replaces_the_earlier_one() -> None:
    """Set again, or cancelled: the first time no longer counts."""
    deadlines = Deadlines()
    deadlines.set(1, 5)
    deadlines.set(1, 9)
    deadlines.set(2, 6)
    deadlines.cancel(2)
    deadlines.cancel(3)
    assert deadlines.due(8) == []
    assert deadlines.due(9) == [1]


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["set", "cancel", "due"]), st.integers(0, 5), st.integers(0, 20)), max_size=40
    )
)
def test_every_deadline_set_is_due_replaced_or_cancelled(steps: list[tuple[str, int, int]]) -> None:
    """The book agrees with a plain dictionary, whatever the order of events."""
    deadlines, model, now_ns = Deadlines(), dict[int, int](), 0
    for what, number, value in steps:
        if what == "set":
            deadlines.set(number, now_ns + value)
            model[number] = now_ns + value
        elif what == "cancel":
            deadlines.cancel(number)
            model.pop(number, None)
        else:
            now_ns += value
            expected = sorted(each for each, deadline_ns in model.items() if deadline_ns <= now_ns)
            assert sorted(deadlines.due(now_ns)) == expected
            model = {each: deadline_ns for each, deadline_ns in model.items() if each not in expected}
