from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus_sim.equipment.transmitter import GroundFrame, Hearer, Transmitter, TransmitterParameters

PARAMETERS = TransmitterParameters(
    rate_bit_s=800, queue_octets=1000, ground_frames=20, off_w=0.5, on_w=8.0, radiated_w=1.5
)
SECOND = 10**9
BEIJING, NOBODY = Hearer(0, 1000.0), None


@pytest.fixture
def transmitter() -> Transmitter:
    """A transmitter of 100 octets per second, on."""
    transmitter = Transmitter(PARAMETERS, Random(1))
    transmitter.set_power(on=True)
    transmitter.switch(on=True)
    return transmitter


def test_frames_leave_at_the_data_rate(transmitter: Transmitter) -> None:
    """A hundred octets a second, in order, a frame counting when its last bit is out."""
    frames = [bytes([n]) * 60 for n in range(4)]
    for frame in frames:
        assert transmitter.transmit(frame)
    heard = []
    for second in range(1, 4):
        transmitter.progress(BEIJING, second * SECOND, SECOND)
        heard.append([frame.octets for frame in transmitter.take_ground_frames()])
    assert heard == [frames[:1], frames[1:3], frames[3:]]
    assert (transmitter.state.queued_octets, transmitter.state.sent_bits) == (0, 0)


def test_an_idle_transmitter_saves_no_time(transmitter: Transmitter) -> None:
    """Seconds without a frame cannot be used later."""
    transmitter.progress(BEIJING, SECOND, SECOND)
    transmitter.transmit(bytes(150))
    transmitter.progress(BEIJING, 2 * SECOND, SECOND)
    assert transmitter.take_ground_frames() == []


def test_the_ground_learns_when_and_where(transmitter: Transmitter) -> None:
    """A frame heard carries time and station, and is handed out once."""
    transmitter.transmit(b"frame")
    transmitter.progress(BEIJING, 7 * SECOND, SECOND)
    assert transmitter.take_ground_frames() == [GroundFrame(7 * SECOND, 0, b"frame")]
    assert transmitter.take_ground_frames() == []


def test_out_of_view_frames_are_lost_in_space(transmitter: Transmitter) -> None:
    """The transmitter does not know whether anybody listens; the loss is counted."""
    transmitter.transmit(b"frame")
    transmitter.progress(NOBODY, SECOND, SECOND)
    state = transmitter.state
    assert (state.sent, state.heard, state.lost_in_space, state.queue) == (1, 0, 1, [])


def test_with_the_carrier_off_frames_wait(transmitter: Transmitter) -> None:
    """Off, nothing is sent and nothing lost; power is that of standby and nothing is radiated."""
    assert (transmitter.demand_w(), transmitter.radiated_w()) == (8.0, 1.5)
    transmitter.switch(on=False)
    assert (transmitter.demand_w(), transmitter.radiated_w()) == (0.5, 0.0)
    transmitter.transmit(b"frame")
    transmitter.progress(BEIJING, SECOND, SECOND)
    assert len(transmitter.state.queue) == 1


def test_the_queue_is_bounded(transmitter: Transmitter) -> None:
    """What does not fit, and the empty frame, are refused and counted."""
    assert transmitter.transmit(bytes(990))
    assert not transmitter.transmit(bytes(11))
    assert not transmitter.transmit(b"")
    assert transmitter.room_octets() == 10
    assert (transmitter.state.accepted, transmitter.state.refused) == (1, 2)


def test_the_ground_must_collect(transmitter: Transmitter) -> None:
    """Beyond its bound the ground's queue drops, counted."""
    for _ in range(25):
        transmitter.transmit(b"x")
    transmitter.progress(BEIJING, SECOND, SECOND)
    assert len(transmitter.take_ground_frames()) == 20
    assert (transmitter.state.heard, transmitter.state.lost_ground) == (25, 5)


def test_a_power_cut_empties_the_queue(transmitter: Transmitter) -> None:
    """Frames waiting are lost and counted, the carrier stays off until commanded, commands need power."""
    transmitter.transmit(bytes(150))
    transmitter.progress(BEIJING, SECOND, SECOND)
    transmitter.set_power(on=False)
    state = transmitter.state
    assert (state.lost_power, state.queued_octets, state.sent_bits, state.on) == (1, 0, 0, False)
    assert (transmitter.demand_w(), transmitter.radiated_w()) == (0.0, 0.0)
    assert not transmitter.transmit(b"frame")
    assert not transmitter.switch(on=True)
    transmitter.set_power(on=True)
    assert transmitter.demand_w() == 0.5


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=300),
            st.sampled_from([BEIJING, NOBODY]),
            st.booleans().map(lambda on: ("power", on)),
            st.booleans().map(lambda on: ("switch", on)),
        ),
        max_size=60,
    )
)
def test_every_frame_is_accounted_for(actions: list[object]) -> None:
    """Accepted = heard + lost in space + lost to power cuts + still queued, whatever happens."""
    transmitter = Transmitter(PARAMETERS, Random(1))
    transmitter.set_power(on=True)
    offered = 0
    for now, action in enumerate(actions):
        match action:
            case bytes():
                offered += 1
                transmitter.transmit(action)
            case ("power", bool(on)):
                transmitter.set_power(on=on)
            case ("switch", bool(on)):
                transmitter.switch(on=on)
            case Hearer() | None:
                transmitter.progress(action, now * SECOND, SECOND)
    state = transmitter.state
    assert offered == state.accepted + state.refused
    assert state.accepted == state.heard + state.lost_in_space + state.lost_power + len(state.queue)
    assert state.sent == state.heard + state.lost_in_space
    assert len(state.ground) == state.heard - state.lost_ground
    assert state.queued_octets == sum(len(frame) for frame in state.queue)
