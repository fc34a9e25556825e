"""Neither end repeats itself, wherever it is cut off and however old the state is that it comes back with."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.security.ends import (
    TC_CHANNEL,
    TC_HEADER,
    TC_KEY,
    TC_SPI,
    ready,
    restarted,
    ring,
    stored,
    tc_association,
    two_ends,
)
from tlm_cmd.sdls import requests
from tlm_cmd.sdls.frame_security import FrameSecurity
from tlm_cmd.sdls.key_ring import KeyEntry, KeyRing
from tlm_cmd.sdls.key_use import RESERVATION
from tlm_cmd.sdls.management import SecurityManagement
from tlm_cmd.sdls.refusals import ProcessRefusal, ProtectionRefusedError

SEND, SAVE, CRASH, RESERVE = "send", "save", "crash", "reserve"
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just(SEND), st.integers(1, 700)), st.tuples(st.sampled_from([SAVE, CRASH, RESERVE]), st.just(1))
    ),
    max_size=30,
)
PARAMETERS = [tc_association()]


def vector(octets: bytes) -> bytes:
    """The initialisation vector of a frame."""
    return octets[2:14]


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_no_initialisation_vector_comes_twice(steps: list[tuple[str, int]]) -> None:
    """Whatever is sent, saved and lost in whatever order, all vectors differ, and the receiver takes them in order.

    A save takes the state as it is at that moment, reserved ahead; a crash brings back what was saved last. Frames
    that are refused for want of a saved reservation are not sent at all.
    """
    security = FrameSecurity(ring(), PARAMETERS)
    on_disk = stored(security)
    seen: list[bytes] = []
    for what, times in steps:
        if what == SEND:
            for _ in range(times):
                try:
                    seen.append(vector(security.protect(TC_CHANNEL, TC_HEADER, b"d")))
                except ProtectionRefusedError:
                    break
        elif what == SAVE:
            security.reserve()
            on_disk = stored(security)
            security.saved()
        elif what == RESERVE:
            security.reserve()
        else:
            security = restarted(on_disk, PARAMETERS)
    assert len(set(seen)) == len(seen)
    assert seen == sorted(seen)


def test_frames_flow_again_after_each_restart() -> None:
    """A sender that comes back again and again skips numbers, and goes on; the receiver's window allows for it."""
    far = two_ends(tc_association(window=RESERVATION + 1))[1]
    octets = stored(ready(FrameSecurity(ring(), PARAMETERS)))
    for number in range(20):
        near = restarted(octets, PARAMETERS)
        ready(near)
        octets = stored(near)
        assert far.process(TC_CHANNEL, TC_HEADER, near.protect(TC_CHANNEL, TC_HEADER, b"d")).data == b"d"
        assert (
            near.state.table.key_uses[next(iter(near.state.table.key_uses))].next_counter
            == RESERVATION * (number + 1) + 1
        )


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["take", "save", "crash"]), max_size=40))
def test_a_receiver_that_saves_before_it_acts_takes_nothing_twice(steps: list[str]) -> None:
    """Whenever a receiver comes back, it refuses every frame behind which it had acted: behind which it had saved."""
    parameters = [each.mirrored() for each in PARAMETERS]
    near, far = two_ends(*PARAMETERS)
    on_disk, acted, waiting = stored(far), [], []
    for step in steps:
        if step == "take":
            waiting.append(near.protect(TC_CHANNEL, TC_HEADER, b"d"))
            assert far.process(TC_CHANNEL, TC_HEADER, waiting[-1]).refusal is None
            assert far.unsaved_acceptances == len(waiting)
        elif step == "save":
            on_disk = stored(far)
            far.saved()
            acted, waiting = acted + waiting, []
            assert far.unsaved_acceptances == 0
        else:
            far, waiting = restarted(on_disk, parameters), []
    for octets in acted:
        assert far.process(TC_CHANNEL, TC_HEADER, octets).refusal is ProcessRefusal.REPLAYED


def test_a_key_goes_on_where_it_was_under_another_id() -> None:
    """The same key under another id, or come back after it was destroyed, repeats no number and serves no other SPI."""
    near, _ = two_ends(tc_association())
    first = [vector(near.protect(TC_CHANNEL, TC_HEADER, b"d")) for _ in range(5)]
    near.table.stop(TC_SPI)
    near.table.expire(TC_SPI)
    entry = near.table.ring.entry(TC_KEY)
    assert entry is not None
    renamed = KeyRing([KeyEntry(500, entry.kind, entry.state, entry.secret)])
    again = restarted(stored(near), [tc_association(key_id=None)], renamed)
    management = SecurityManagement(again)
    assert management.apply(requests.rekey(tc_association(), 500, 3)).refusal == "not_forward"
    assert management.apply(requests.rekey(tc_association(), 500, 5000)).refusal is None
    assert management.apply(requests.start(TC_SPI)).refusal is None
    ready(again)
    assert vector(again.protect(TC_CHANNEL, TC_HEADER, b"d")) not in first
    other = restarted(stored(near), [tc_association(spi=77, key_id=None)], renamed)
    refusal = SecurityManagement(other).apply(requests.rekey(tc_association(spi=77), 500, 9000)).refusal
    assert refusal == "key_in_use"


def test_the_state_survives_the_store() -> None:
    """Everything that is stored comes back as it was, but for the numbers that a restart skips."""
    near, far = two_ends()
    for _ in range(3):
        far.process(TC_CHANNEL, TC_HEADER, near.protect(TC_CHANNEL, TC_HEADER, b"d"))
    far.process(TC_CHANNEL, TC_HEADER, b"nonsense")
    parameters = [bound.mirrored() for bound in near.table.parameters.values()]
    again = restarted(stored(far), parameters)
    assert again.report() == far.report()
    assert again.state.counters == far.state.counters
    assert again.state.log == far.state.log
    assert again.state.table.records == far.state.table.records
    assert again.process(TC_CHANNEL, TC_HEADER, near.protect(TC_CHANNEL, TC_HEADER, b"d")).refusal is None


def test_associations_come_and_go_with_the_parameters() -> None:
    """An association that is new among the parameters begins; one that has gone takes nothing, and its past is kept."""
    near, _ = two_ends(tc_association())
    near.protect(TC_CHANNEL, TC_HEADER, b"d")
    other = restarted(stored(near), [tc_association(spi=9, key_id=129)])
    assert TC_SPI in other.state.table.records
    assert ready(other).protect(TC_CHANNEL, TC_HEADER, b"d")[:2] == b"\0\x09"
    back = ready(restarted(stored(other), PARAMETERS))
    assert int.from_bytes(vector(back.protect(TC_CHANNEL, TC_HEADER, b"d")), "big") == RESERVATION
