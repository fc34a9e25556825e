import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.cop1.farm import Farm, FarmVerdict
from tlm_cmd.cop1.farm_table import FarmEvent, FarmOutcome, FarmState
from tlm_cmd.cop1.farm_variables import FarmParameters, FarmVariables
from tlm_cmd.errors import FieldRangeError, WrongValueError
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.tc import SET_VR, UNLOCK, TcFrame, TcFrameType

MODEST = settings(max_examples=60, deadline=None)
OPEN = FarmParameters(virtual_channel=1, window=10, initial_state=FarmState.OPEN)


def ad(number: int, channel: int = 1) -> TcFrame:
    """Return an AD frame."""
    return TcFrame(TcFrameType.AD, 0x123, channel, b"data", number)


def bc(data: bytes) -> TcFrame:
    """Return a control frame."""
    return TcFrame(TcFrameType.BC, 0x123, 1, data)


def test_a_new_receiver_is_locked() -> None:
    """After a power-on reset nothing in sequence is accepted until an Unlock; BD frames are, and reports say why."""
    farm = Farm(FarmParameters(virtual_channel=1, initial_v_r=3))
    assert farm.clcw() == Clcw(1, 3, lockout=True)
    assert farm.receive(ad(3)).outcome is FarmOutcome.LOCKED_OUT
    assert farm.receive(bc(SET_VR + b"\x05")) == FarmVerdict(FarmEvent.E8, FarmOutcome.NOT_EXECUTED)
    assert farm.receive(TcFrame(TcFrameType.BD, 0x123, 1, b"data")).accepted
    assert farm.clcw() == Clcw(1, 3, 2, lockout=True)
    assert not farm.receive(bc(UNLOCK)).accepted
    assert farm.clcw() == Clcw(1, 3, 3)
    assert farm.receive(ad(3)).accepted


def test_known_reports() -> None:
    """The reports of known situations are the known words."""
    farm = Farm(OPEN)
    for number in range(5):
        assert farm.receive(ad(number)) == FarmVerdict(FarmEvent.E1, FarmOutcome.ACCEPTED_AD)
    assert farm.clcw().pack().hex() == "01040005"
    farm.receive(TcFrame(TcFrameType.BD, 0x123, 1, b"data"))
    farm.receive(bc(SET_VR + b"\x05"))
    farm.receive(ad(7))
    assert farm.clcw().pack().hex() == "01040c05"
    farm.receive(ad(100))
    assert farm.clcw(no_rf_available=True, no_bit_lock=True, status=5) == Clcw(
        1, 5, 2, no_rf_available=True, no_bit_lock=True, lockout=True, retransmit=True, status=5
    )


def test_number_wraps() -> None:
    """After frame 255 comes frame 0, and windows go across."""
    farm = Farm(msgspec.structs.replace(OPEN, initial_v_r=254))
    found = [farm.receive(ad(number)).outcome.value for number in (0, 254, 253, 254, 255, 0, 5, 255, 252, 2)]
    assert found == [
        *("gap", "accepted_ad", "repeated", "repeated", "accepted_ad", "accepted_ad"),
        *("gap", "repeated", "repeated", "gap"),
    ]
    assert farm.state.v_r == 1


def test_wait_and_release() -> None:
    """Without room the receiver asks to wait; when there is room it asks for the frame again and accepts it."""
    farm = Farm(OPEN)
    assert farm.receive(ad(0), buffer_free=False).outcome is FarmOutcome.NO_BUFFER
    assert farm.clcw() == Clcw(1, 0, wait=True, retransmit=True)
    assert farm.receive(ad(0), buffer_free=False).outcome is FarmOutcome.WAITING
    farm.buffer_released()
    assert farm.clcw() == Clcw(1, 0, retransmit=True)
    assert farm.receive(ad(0)).accepted
    assert farm.clcw() == Clcw(1, 1)


def test_other_channels_change_nothing() -> None:
    """A frame of another virtual channel is only counted."""
    farm = Farm(OPEN)
    before = farm.clcw()
    assert farm.receive(ad(0, channel=2)) == FarmVerdict(None, FarmOutcome.NONE)
    assert farm.clcw() == before
    assert (farm.state.counters.other_channel, farm.state.counters.frames) == (1, 0)


def test_status_shows_what_telemetry_needs() -> None:
    """The status is in plain words and numbers."""
    farm = Farm(OPEN)
    for frame in (ad(0), ad(2), bc(UNLOCK), TcFrame(TcFrameType.BD, 0x123, 1, b"data"), ad(100), bc(SET_VR + b"\x05")):
        farm.receive(frame)
    assert msgspec.structs.asdict(farm.status()) == {
        "state": "lockout",
        "v_r": 1,
        "lockout": True,
        "wait": False,
        "retransmit": False,
        "farm_b_count": 3,
        "accepted_ad": 1,
        "accepted_bd": 1,
        "control_commands": 2,
        "discarded": 2,
    }


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"window": 0}, FieldRangeError, "W is 0, allowed are 2 to 254"),
        ({"window": 256}, FieldRangeError, "W is 256"),
        ({"window": 11}, WrongValueError, "W is 11, expected even"),
        ({"virtual_channel": 64}, FieldRangeError, "virtual channel"),
        ({"initial_v_r": 256}, FieldRangeError, r"V\(R\)"),
        ({"initial_state": FarmState.WAIT}, WrongValueError, "initial FARM state is 'WAIT', expected OPEN or LOCKOUT"),
    ],
)
def test_parameters_are_checked(change: dict[str, int], error: type[Exception], words: str) -> None:
    """Parameters out of range are refused by name."""
    with pytest.raises(error, match=words):
        FarmParameters(**change)


@pytest.mark.parametrize("window", [2, 10, 128, 254])
def test_each_number_falls_into_one_area(window: int) -> None:
    """Of 256 numbers, one is expected, PW - 1 leave a gap, NW are old and the rest lock out."""
    found: list[FarmOutcome] = []
    for number in range(256):
        farm = Farm(FarmParameters(window=window, initial_state=FarmState.OPEN, initial_v_r=77))
        found.append(farm.receive(ad(number, channel=0)).outcome)
    half = window // 2
    assert found.count(FarmOutcome.ACCEPTED_AD) == 1
    assert found.count(FarmOutcome.GAP) == half - 1
    assert found.count(FarmOutcome.REPEATED) == half
    assert found.count(FarmOutcome.OUT_OF_WINDOW) == 256 - window


FRAMES = st.one_of(
    st.integers(0, 255).map(ad),
    st.integers(0, 12).map(ad),
    st.binary(min_size=1, max_size=4).map(bc),
    st.sampled_from([UNLOCK, SET_VR + b"\x03", SET_VR + b"\xff"]).map(bc),
    st.just(TcFrame(TcFrameType.BD, 0x123, 1, b"data")),
)


@MODEST
@given(st.lists(st.tuples(FRAMES, st.booleans(), st.booleans()), max_size=60))
def test_whatever_comes_the_books_close(frames: list[tuple[TcFrame, bool, bool]]) -> None:
    """Any frames leave flags that fit the state, frames accepted in sequence only, and closed books."""
    farm = Farm(OPEN)
    for frame, buffer_free, release in frames:
        expected = farm.state.v_r
        verdict = farm.receive(frame, buffer_free=buffer_free)
        if verdict.outcome is FarmOutcome.ACCEPTED_AD:
            assert frame.sequence_number == expected
            assert farm.state.v_r == (expected + 1) % 256
        elif frame.frame_type is not TcFrameType.BC:
            assert farm.state.v_r == expected
        if release:
            farm.buffer_released()
        state, counters = farm.state, farm.state.counters
        assert state.lockout == (state.state is FarmState.LOCKOUT)
        assert state.wait == (state.state is FarmState.WAIT) or state.state is FarmState.LOCKOUT
        assert counters.frames == (
            counters.accepted_ad + counters.accepted_bd + counters.executed + counters.not_executed + counters.discarded
        )
        assert Clcw.unpack(farm.clcw().pack()) == farm.clcw()
    assert farm.state.counters.frames == len(frames)


def test_state_can_be_saved_and_restored() -> None:
    """A receiver goes on from a saved state as if it were the first."""
    first = Farm(OPEN)
    for number in (0, 1, 3):
        first.receive(ad(number))
    second = Farm(OPEN)
    second.state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=FarmVariables)
    assert second.state == first.state
    assert second.receive(ad(2)).accepted
    assert second.clcw() == Clcw(1, 3)
