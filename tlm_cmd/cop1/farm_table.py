"""The state table of FARM-1 as data (CCSDS 232.1-B-2, table 6-1): what the receiver does with each frame."""

from collections.abc import Mapping
from enum import IntEnum, StrEnum, unique
from types import MappingProxyType

import msgspec


@unique
class FarmState(IntEnum):
    """The states S1 to S3 (6.1.2)."""

    OPEN = 1
    """Frames in sequence are accepted."""
    WAIT = 2
    """There is no room for another frame."""
    LOCKOUT = 3
    """A frame came that no correct sender sends: only an Unlock command opens the way again."""


@unique
class FarmEvent(StrEnum):
    """The events E1 to E11."""

    E1 = "AD frame, N(S) = V(R), buffer free"
    E2 = "AD frame, N(S) = V(R), no buffer free"
    E3 = "AD frame, in the positive window beyond V(R)"
    E4 = "AD frame, in the negative window"
    E5 = "AD frame, outside the window"
    E6 = "BD frame"
    E7 = "BC frame, Unlock"
    E8 = "BC frame, Set V(R)"
    E9 = "invalid frame, or unknown control command"
    E10 = "buffer released"
    E11 = "time to report"


@unique
class FarmAction(StrEnum):
    """What a cell does to the variables; `FarmOutcome` is what becomes of the frame."""

    STEP_V_R = "V(R) + 1"
    LOAD_V_R = "V(R) = value of the command"
    COUNT_FARM_B = "FARM-B counter + 1"
    SET_RETRANSMIT = "Retransmit flag = 1"
    CLEAR_RETRANSMIT = "Retransmit flag = 0"
    SET_WAIT = "Wait flag = 1"
    CLEAR_WAIT = "Wait flag = 0"
    SET_LOCKOUT = "Lockout flag = 1"
    CLEAR_LOCKOUT = "Lockout flag = 0"
    NOT_APPLICABLE = "cannot occur: counted"


@unique
class FarmOutcome(StrEnum):
    """What becomes of a frame; each value is the name of its counter in `FarmCounters`, or of a group of them."""

    NONE = "none"
    """There was no frame: E10 and E11."""
    ACCEPTED_AD = "accepted_ad"
    """Hand its data on; it came in sequence."""
    ACCEPTED_BD = "accepted_bd"
    """Hand its data on; it came out of sequence."""
    EXECUTED = "executed"
    """A control command was carried out."""
    NOT_EXECUTED = "not_executed"
    """A Set V(R) command during lockout: it counts as received and does nothing (6.3.2.2)."""
    NO_BUFFER = "no_buffer"
    """Discarded: expected, but there is no room for it."""
    WAITING = "waiting"
    """Discarded: the receiver still waits for room."""
    GAP = "gap"
    """Discarded: an earlier frame is missing."""
    REPEATED = "repeated"
    """Discarded: it was accepted before."""
    OUT_OF_WINDOW = "out_of_window"
    """Discarded: its number is far from what is expected; the receiver locks itself."""
    LOCKED_OUT = "locked_out"
    """Discarded: the receiver is locked."""
    INVALID = "invalid"
    """Discarded: it is not valid, or asks for nothing known."""


class FarmCell(msgspec.Struct, frozen=True, gc=False):
    """What happens when an event meets a state: actions in order, the fate of the frame, and the state after it."""

    actions: tuple[FarmAction, ...]
    outcome: FarmOutcome
    next_state: FarmState


_E, _A, _O = FarmEvent, FarmAction, FarmOutcome
_S1, _S2, _S3 = FarmState.OPEN, FarmState.WAIT, FarmState.LOCKOUT
_LOCK = (_A.SET_LOCKOUT,)
_COUNT = (_A.COUNT_FARM_B,)
_UNLOCK = (_A.COUNT_FARM_B, _A.CLEAR_RETRANSMIT)
_LOAD = (_A.COUNT_FARM_B, _A.CLEAR_RETRANSMIT, _A.LOAD_V_R)


def _row(s1: FarmCell, s2: FarmCell, s3: FarmCell) -> Mapping[FarmState, FarmCell]:
    return MappingProxyType({_S1: s1, _S2: s2, _S3: s3})


def _in_every_state(actions: tuple[FarmAction, ...], outcome: FarmOutcome) -> Mapping[FarmState, FarmCell]:
    return _row(*(FarmCell(actions, outcome, state) for state in FarmState))


_LOCKED_OUT = FarmCell((), _O.LOCKED_OUT, _S3)

FARM_TABLE: Mapping[FarmEvent, Mapping[FarmState, FarmCell]] = MappingProxyType(
    {
        _E.E1: _row(
            FarmCell((_A.STEP_V_R, _A.CLEAR_RETRANSMIT), _O.ACCEPTED_AD, _S1),
            # The standard leaves this cell empty: whoever has room again says so first (E10). To accept the frame
            # while the CLCW says Wait would contradict the report, so the sender repeats it.
            FarmCell((_A.NOT_APPLICABLE,), _O.WAITING, _S2),
            _LOCKED_OUT,
        ),
        _E.E2: _row(
            FarmCell((_A.SET_RETRANSMIT, _A.SET_WAIT), _O.NO_BUFFER, _S2),
            FarmCell((), _O.WAITING, _S2),
            _LOCKED_OUT,
        ),
        _E.E3: _row(
            FarmCell((_A.SET_RETRANSMIT,), _O.GAP, _S1),
            FarmCell((), _O.GAP, _S2),
            _LOCKED_OUT,
        ),
        _E.E4: _row(
            FarmCell((), _O.REPEATED, _S1),
            FarmCell((), _O.REPEATED, _S2),
            _LOCKED_OUT,
        ),
        _E.E5: _row(
            FarmCell(_LOCK, _O.OUT_OF_WINDOW, _S3),
            FarmCell(_LOCK, _O.OUT_OF_WINDOW, _S3),
            _LOCKED_OUT,
        ),
        _E.E6: _in_every_state(_COUNT, _O.ACCEPTED_BD),
        _E.E7: _row(
            FarmCell(_UNLOCK, _O.EXECUTED, _S1),
            FarmCell((*_UNLOCK, _A.CLEAR_WAIT), _O.EXECUTED, _S1),
            FarmCell((*_UNLOCK, _A.CLEAR_WAIT, _A.CLEAR_LOCKOUT), _O.EXECUTED, _S1),
        ),
        _E.E8: _row(
            FarmCell(_LOAD, _O.EXECUTED, _S1),
            FarmCell((*_LOAD, _A.CLEAR_WAIT), _O.EXECUTED, _S1),
            FarmCell(_COUNT, _O.NOT_EXECUTED, _S3),
        ),
        _E.E9: _in_every_state((), _O.INVALID),
        _E.E10: _row(
            FarmCell((), _O.NONE, _S1),
            FarmCell((_A.CLEAR_WAIT,), _O.NONE, _S1),
            FarmCell((_A.CLEAR_WAIT,), _O.NONE, _S3),
        ),
        _E.E11: _in_every_state((), _O.NONE),
    }
)
"""Each event's cell in each state; the report of E11 is what `Farm.clcw` returns."""
