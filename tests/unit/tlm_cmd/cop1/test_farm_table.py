"""Every cell of table 6-1: what becomes of the frame, what changes, and the state after it.

The expected outcomes are written out here by hand; each event is brought about from outside.
"""

from collections.abc import Callable

import pytest

from tlm_cmd.cop1.farm import Farm, FarmVerdict
from tlm_cmd.cop1.farm_table import FARM_TABLE, FarmAction, FarmEvent, FarmState
from tlm_cmd.cop1.farm_variables import FarmParameters
from tlm_cmd.frames.tc import SET_VR, UNLOCK, TcFrame, TcFrameType

Stimulus = Callable[[Farm], FarmVerdict | None]


def situation(state: FarmState) -> Farm:
    """Return a FARM in a state, with W = 10, V(R) = 250, FARM-B = 255 and a missing frame asked for again.

    S3 was entered from S2, so the Wait flag is set there too.
    """
    farm = Farm(FarmParameters(window=10))
    variables = farm.state
    variables.state, variables.v_r, variables.farm_b_count, variables.retransmit = state, 250, 255, True
    variables.wait = state is not FarmState.OPEN
    variables.lockout = state is FarmState.LOCKOUT
    return farm


def ad(number: int, *, buffer_free: bool = True) -> Stimulus:
    """Return the arrival of an AD frame."""
    frame = TcFrame(TcFrameType.AD, 1, 0, b"x", number)
    return lambda farm: farm.receive(frame, buffer_free=buffer_free)


def other(frame_type: TcFrameType, data: bytes) -> Stimulus:
    """Return the arrival of another frame; there is no room."""
    frame = TcFrame(frame_type, 1, 0, data)
    return lambda farm: farm.receive(frame, buffer_free=False)


def report(farm: Farm) -> None:
    """Let the FARM report: its word shows V(R), the flags and two bits of FARM-B."""
    clcw, variables = farm.clcw(), farm.state
    assert (clcw.report_value, clcw.farm_b_count) == (250, 3)
    assert (clcw.lockout, clcw.wait, clcw.retransmit) == (variables.lockout, variables.wait, variables.retransmit)


# PW = NW = 5: 250 to 254 are ahead, 245 to 249 behind, and 255 and 244 are the first outside.
STIMULI: dict[str, tuple[Stimulus, ...]] = {
    "E1": (ad(250),),
    "E2": (ad(250, buffer_free=False),),
    "E3": (ad(251), ad(254), ad(252, buffer_free=False)),
    "E4": (ad(249), ad(245), ad(247, buffer_free=False)),
    "E5": (ad(255), ad(244), ad(122), ad(0, buffer_free=False)),
    "E6": (other(TcFrameType.BD, b"data"),),
    "E7": (other(TcFrameType.BC, UNLOCK),),
    "E8": (other(TcFrameType.BC, SET_VR + b"\x07"),),
    "E9": (other(TcFrameType.BC, b"\x01"), other(TcFrameType.BC, SET_VR), lambda farm: farm.invalid_frame()),
    "E10": (lambda farm: farm.buffer_released(),),
    "E11": (report,),
}

# Per event and state: the fate of the frame, the state after it and what changes.
EXPECTED: dict[str, tuple[str, str, str]] = {
    "E1": ("accepted_ad >1 vr=251 R=0", "waiting >2 na=1", "locked_out >3"),
    "E2": ("no_buffer >2 W=1", "waiting >2", "locked_out >3"),
    "E3": ("gap >1", "gap >2", "locked_out >3"),
    "E4": ("repeated >1", "repeated >2", "locked_out >3"),
    "E5": ("out_of_window >3 L=1", "out_of_window >3 L=1", "locked_out >3"),
    "E6": ("accepted_bd >1 B=0", "accepted_bd >2 B=0", "accepted_bd >3 B=0"),
    "E7": ("executed >1 R=0 B=0", "executed >1 R=0 W=0 B=0", "executed >1 R=0 W=0 L=0 B=0"),
    "E8": ("executed >1 vr=7 R=0 B=0", "executed >1 vr=7 R=0 W=0 B=0", "not_executed >3 B=0"),
    "E9": ("invalid >1", "invalid >2", "invalid >3"),
    "E10": ("none >1", "none >1 W=0", "none >3 W=0"),
    "E11": ("none >1", "none >2", "none >3"),
}
CELLS = {(event, state): text for event, row in EXPECTED.items() for state, text in zip(FarmState, row, strict=True)}


def seen(farm: Farm) -> dict[str, int]:
    """Return the variables that cells change."""
    variables = farm.state
    return {
        "vr": variables.v_r,
        "R": int(variables.retransmit),
        "W": int(variables.wait),
        "L": int(variables.lockout),
        "B": variables.farm_b_count,
        "na": variables.counters.not_applicable,
    }


def outcome(state: FarmState, happen: Stimulus, retransmit: bool) -> tuple[str, FarmEvent | None]:  # noqa: FBT001
    """Bring an event about in a state; return what followed, in words, and what the verdict called it."""
    farm = situation(state)
    farm.state.retransmit = retransmit
    before = seen(farm)
    verdict = happen(farm)
    after, counters = seen(farm), farm.state.counters
    changes = [f"{name}={after[name]}" for name in after if after[name] != before[name]]
    fate = "none" if verdict is None else verdict.outcome.value
    if verdict is None:
        assert counters.frames == 0
    else:
        assert verdict.accepted == fate.startswith("accepted")
        assert getattr(counters, fate) == counters.frames == 1
        assert counters.discarded == (fate not in ("accepted_ad", "accepted_bd", "executed", "not_executed"))
    return " ".join([fate, f">{farm.state.state.value}", *changes]), verdict and verdict.event


@pytest.mark.parametrize(("event", "state"), CELLS, ids=lambda item: item if isinstance(item, str) else f"S{int(item)}")
def test_cell(event: str, state: FarmState) -> None:
    """An event in a state does what the standard's table says, and nothing else."""
    for happen in STIMULI[event]:
        found, named = outcome(state, happen, retransmit=True)
        assert found == CELLS[event, state]
        assert named in (FarmEvent[event], None)


@pytest.mark.parametrize(
    ("event", "states"), [("E2", [1]), ("E3", [1]), ("E1", []), ("E4", []), ("E5", []), ("E6", []), ("E10", [])]
)
def test_what_asks_for_frames_again(event: str, states: list[int]) -> None:
    """Only in the open state do a gap and a lack of room set the Retransmit flag."""
    for state in FarmState:
        for happen in STIMULI[event]:
            found, _named = outcome(state, happen, retransmit=False)
            assert ("R=1" in found.split()) == (state in states)


def test_no_cell_is_missing() -> None:
    """All eleven events have an expected outcome, a stimulus and a cell in all three states."""
    assert len(FarmEvent) == 11
    everything = {(event.name, state) for event in FarmEvent for state in FarmState}
    assert set(CELLS) == everything
    assert {(event.name, state) for event, row in FARM_TABLE.items() for state in row} == everything
    assert set(STIMULI) == {event.name for event in FarmEvent}


def test_every_action_is_used() -> None:
    """The table uses each of its actions."""
    assert {action for row in FARM_TABLE.values() for cell in row.values() for action in cell.actions} == set(
        FarmAction
    )
