from hypothesis import given, settings
from hypothesis import strategies as st

from apps.command_ingest.arming import MAX_ARMED, Armed, arm, expire, fire

MODEST = settings(max_examples=60, deadline=None)
LONGEST_NS = 100
COMMANDS = st.tuples(st.integers(0, 3), st.integers(0, 3))
TIMES = st.integers(0, 300)


def test_armed_for_one_use() -> None:
    """An armed command fires once; the second time it is not armed."""
    armed = arm([], 5, 2, 10)
    assert armed == [Armed(5, 2, 10)]
    assert fire(armed, 5, 2, 9) == (True, [])
    assert fire([], 5, 2, 9) == (False, [])


def test_fires_before_its_end_only() -> None:
    """The last nanosecond before the end fires, the end itself does not."""
    assert fire([Armed(5, 2, 10)], 5, 2, 9)[0]
    assert fire([Armed(5, 2, 10)], 5, 2, 10) == (False, [Armed(5, 2, 10)])


def test_only_what_was_armed_fires() -> None:
    """Another function, or the same function of another app, is not armed."""
    armed = [Armed(5, 2, 10)]
    assert fire(armed, 5, 3, 0) == (False, armed)
    assert fire(armed, 6, 2, 0) == (False, armed)


def test_arming_again_moves_the_end() -> None:
    """A command armed twice stands in the list once, with the later end, and still fires once."""
    armed = arm([Armed(5, 2, 10), Armed(1, 1, 11)], 5, 2, 20)
    assert armed == [Armed(1, 1, 11), Armed(5, 2, 20)]


def test_at_most_eight() -> None:
    """One more than the bound is refused; one of the eight can be armed anew."""
    armed: list[Armed] = []
    for function in range(MAX_ARMED):
        more = arm(armed, 5, function, 10)
        assert more is not None
        armed = more
    assert arm(armed, 5, MAX_ARMED, 10) is None
    assert arm(armed, 5, 0, 12) == [*armed[1:], Armed(5, 0, 12)]


def test_expires_at_its_end() -> None:
    """An arming expires at its end, and also when its end is farther off than any arming lasts."""
    kept, ended, absurd = Armed(1, 1, 11), Armed(2, 2, 10), Armed(3, 3, 111)
    assert expire([kept, ended, absurd], 10, LONGEST_NS) == ([ended, absurd], [kept])
    assert expire([Armed(1, 1, 110)], 10, LONGEST_NS) == ([], [Armed(1, 1, 110)])


@MODEST
@given(st.lists(st.tuples(st.sampled_from(["arm", "fire", "expire"]), COMMANDS, TIMES), max_size=40))
def test_fires_at_most_as_often_as_armed(steps: list[tuple[str, tuple[int, int], int]]) -> None:
    """In any order of events a command never fires more often than it was armed, and the list keeps its bound."""
    armed: list[Armed] = []
    balance: dict[tuple[int, int], int] = {}
    for step, (apid, function), time_ns in steps:
        if step == "arm":
            more = arm(armed, apid, function, time_ns)
            assert more is not None or len(armed) == MAX_ARMED
            if more is not None:
                armed = more
                balance[apid, function] = balance.get((apid, function), 0) + 1
        elif step == "fire":
            fired, armed = fire(armed, apid, function, time_ns)
            balance[apid, function] = balance.get((apid, function), 0) - fired
            assert balance[apid, function] >= 0
        else:
            expired, kept = expire(armed, time_ns, LONGEST_NS)
            assert sorted(map(repr, expired + kept)) == sorted(map(repr, armed))
            armed = kept
        assert len(armed) <= MAX_ARMED
