from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus_sim.equipment.receiver import Receiver, ReceiverParameters

PARAMETERS = ReceiverParameters(rate_bit_s=800, air_octets=1000, queue_octets=150, power_w=1.5)
SECOND = 10**9
BEIJING, NOBODY = 1000.0, None


@pytest.fixture
def receiver() -> Receiver:
    """A receiver of 100 octets per second, with power."""
    receiver = Receiver(PARAMETERS, Random(1))
    receiver.set_power(on=True)
    return receiver


def test_uplink_arrives_at_the_data_rate(receiver: Receiver) -> None:
    """A hundred octets a second, in order."""
    for n in range(3):
        assert receiver.uplink(bytes([n]) * 60)
    received = []
    for _ in range(2):
        receiver.progress(BEIJING, SECOND)
        received.append(receiver.take(10))
    assert received == [(b"\0" * 60,), (b"\1" * 60, b"\2" * 60)]
    assert (receiver.state.air_octets, receiver.state.queued_octets, receiver.state.sent_bits) == (0, 0, 0)


def test_out_of_view_or_without_power_it_is_lost(receiver: Receiver) -> None:
    """What the ground sends into empty space is counted, as is what meets a receiver without power."""
    receiver.uplink(b"one")
    receiver.progress(NOBODY, SECOND)
    assert not receiver.state.locked
    receiver.set_power(on=False)
    receiver.uplink(b"two")
    receiver.progress(BEIJING, SECOND)
    assert (receiver.state.lost_in_space, receiver.state.received) == (2, 0)


def test_it_locks_on_a_stations_carrier(receiver: Receiver) -> None:
    """In view it is locked, also when nothing is sent; a power cut ends the lock."""
    receiver.progress(BEIJING, SECOND)
    assert receiver.state.locked
    receiver.set_power(on=False)
    assert not receiver.state.locked


def test_looking_takes_nothing(receiver: Receiver) -> None:
    """What waits stays until it is taken; its number counts on through losses."""
    for octets in (b"a", b"b", b"c"):
        receiver.uplink(octets)
    receiver.progress(BEIJING, SECOND)
    assert receiver.waiting(2) == (b"a", b"b")
    assert receiver.first_number() == 0
    assert receiver.take(1) == (b"a",)
    assert (receiver.waiting(9), receiver.first_number()) == ((b"b", b"c"), 1)
    receiver.set_power(on=False)
    assert (receiver.waiting(9), receiver.first_number()) == ((), 3)
    assert (receiver.state.lost_power, receiver.state.taken, receiver.take(5)) == (2, 1, ())


def test_both_queues_are_bounded(receiver: Receiver) -> None:
    """The ground's side refuses, the spacecraft's side drops; both count."""
    assert not receiver.uplink(b"")
    assert not receiver.uplink(bytes(1001))
    for _ in range(4):
        receiver.uplink(bytes(50))
    for _ in range(2):
        receiver.progress(BEIJING, SECOND)
    state = receiver.state
    assert (state.offered, state.refused, state.received, state.dropped) == (6, 2, 4, 1)
    assert state.queued_octets == 150


def test_it_draws_power_when_it_has_it(receiver: Receiver) -> None:
    """1.5 W, or nothing."""
    assert receiver.demand_w() == 1.5
    receiver.set_power(on=False)
    assert receiver.demand_w() == 0.0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=120),
            st.sampled_from([BEIJING, NOBODY]),
            st.booleans().map(lambda on: ("power", on)),
            st.integers(0, 3).map(lambda count: ("take", count)),
        ),
        max_size=60,
    )
)
def test_every_transmission_is_accounted_for(actions: list[object]) -> None:
    """Offered = refused + on the air + lost in space + received; received = dropped + lost + taken + waiting."""
    receiver = Receiver(PARAMETERS, Random(1))
    receiver.set_power(on=True)
    for action in actions:
        match action:
            case bytes():
                receiver.uplink(action)
            case ("power", bool(on)):
                receiver.set_power(on=on)
            case ("take", int(count)):
                receiver.take(count)
            case float() | None:
                receiver.progress(action, SECOND)
    state = receiver.state
    assert state.offered == state.refused + len(state.air) + state.lost_in_space + state.received
    assert state.received == state.dropped + state.lost_power + state.taken + len(state.queue)
    assert state.queued_octets == sum(len(octets) for octets in state.queue)
    assert state.air_octets == sum(len(octets) for octets in state.air)
