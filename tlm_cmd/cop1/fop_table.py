"""The state table of FOP-1 as data (CCSDS 232.1-B-2, table 5-1).

Each row is one event, its cells are the states S1 to S6, and a cell is the actions in order and the state after them.

The table was put together from independent realisations of it and from the clauses around it. Where they disagree:

- E10 in S3 looks for a unit at once. One realisation leaves that out there, and the frames just marked would wait
  for the timer.
- E45 only frees the way. The table answers "accept" a second time, but 4.4.3 speaks of one answer to a request for
  BD service, and E21 has given it; others confirm, which would promise what BD service does not know.
- E42, E44, E46 also free the way: the request for transmission is no longer outstanding (5.1.6). Without that, the
  service could be initiated again and would never send.

In one place all agree and the service can stand still for ever, so this table departs from them: E16 and E104 in S3
are ignored, which leaves the timer at rest. If a repeated frame that was still under way is then accepted, E6 leads to
S1 with frames outstanding that neither a report nor the timer will ever have repeated. Here the timer runs again: in
S1 to S3 it always runs while a frame is outstanding. In S3 that sends nothing and counts nothing.
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from tlm_cmd.cop1.fop_vocabulary import FopAction as A
from tlm_cmd.cop1.fop_vocabulary import FopEvent as E
from tlm_cmd.cop1.fop_vocabulary import FopState


class FopCell(msgspec.Struct, frozen=True, gc=False):
    """What happens when an event meets a state: actions in order, and the state after them."""

    actions: tuple[A, ...]
    next_state: FopState


def _row(*cells: FopCell) -> Mapping[FopState, FopCell]:
    return MappingProxyType(dict(zip(FopState, cells, strict=True)))


def _staying(*actions: A) -> Mapping[FopState, FopCell]:
    return _row(*(FopCell(actions, state) for state in FopState))


def _only_in_initial(cell: FopCell) -> Mapping[FopState, FopCell]:
    return _row(*(FopCell((A.REJECT_DIRECTIVE,), state) for state in FopState if state is not _S6), cell)


def _end(*actions: A) -> FopCell:
    return FopCell(actions, _S6)


_S1, _S2, _S3, _S4, _S5, _S6 = FopState
_IGNORE_1, _IGNORE_2, _IGNORE_3, _IGNORE_4, _IGNORE_5, _IGNORE_6 = (FopCell((), state) for state in FopState)
_NONE_1, _NONE_2, _NONE_3, _NONE_4, _NONE_5, _NONE_6 = (FopCell((A.NOT_APPLICABLE,), state) for state in FopState)

_ALL_ACKNOWLEDGED = FopCell((A.REMOVE_ACKNOWLEDGED, A.CANCEL_TIMER, A.LOOK_FOR_UNIT), _S1)
_SOME_ACKNOWLEDGED = FopCell((A.REMOVE_ACKNOWLEDGED, A.LOOK_FOR_UNIT), _S1)
_SOME_TO_REPEAT = FopCell((A.REMOVE_ACKNOWLEDGED, A.RETRANSMIT_AD, A.LOOK_FOR_UNIT), _S2)
_SOME_TO_REPEAT_LATER = FopCell((A.REMOVE_ACKNOWLEDGED,), _S3)
_REPEAT = (A.RETRANSMIT_AD, A.LOOK_FOR_UNIT)
_REPEAT_DIRECTIVE = FopCell((A.RETRANSMIT_BC, A.LOOK_FOR_DIRECTIVE), _S5)
_RUN_ON = FopCell((A.START_TIMER,), _S3)
_SYNCH, _BAD_CLCW, _BAD_N_R = _end(A.ALERT_SYNCH), _end(A.ALERT_CLCW), _end(A.ALERT_NN_R)
_LOCKOUT, _LIMIT, _T1 = _end(A.ALERT_LOCKOUT), _end(A.ALERT_LIMIT), _end(A.ALERT_T1)
_LIMIT_AFTER_ACKNOWLEDGED = _end(A.REMOVE_ACKNOWLEDGED, A.ALERT_LIMIT)
_SUSPEND = _end(A.SUSPEND)
_QUEUE_AND_LOOK = (A.QUEUE_UNIT, A.LOOK_FOR_UNIT)
_REJECT_UNIT_4, _REJECT_UNIT_5, _REJECT_UNIT_6 = (FopCell((A.REJECT_UNIT,), state) for state in (_S4, _S5, _S6))
_BEGIN = (A.ACCEPT_DIRECTIVE, A.INITIALISE, A.BEGIN_INITIATION)
_TERMINATE = _end(A.ACCEPT_DIRECTIVE, A.ALERT_TERM, A.CONFIRM_DIRECTIVE)
_RESUME = (A.ACCEPT_DIRECTIVE, A.RESUME, A.CONFIRM_DIRECTIVE)
_AD_READY, _BC_READY = (A.AD_OUT_READY,), (A.BC_OUT_READY,)
_AD_READY_AND_LOOK = (A.AD_OUT_READY, A.LOOK_FOR_UNIT)

_CLCW_ROWS: Mapping[E, Mapping[FopState, FopCell]] = {
    E.E1: _row(
        _IGNORE_1,
        _SYNCH,
        _SYNCH,
        FopCell((A.CONFIRM_INITIATION, A.CANCEL_TIMER), _S1),
        FopCell((A.CONFIRM_INITIATION, A.RELEASE_CONTROL_FRAME, A.CANCEL_TIMER), _S1),
        _IGNORE_6,
    ),
    E.E2: _row(_ALL_ACKNOWLEDGED, _ALL_ACKNOWLEDGED, _ALL_ACKNOWLEDGED, _NONE_4, _NONE_5, _IGNORE_6),
    E.E3: _row(_BAD_CLCW, _BAD_CLCW, _BAD_CLCW, _BAD_CLCW, _BAD_CLCW, _IGNORE_6),
    E.E4: _row(_SYNCH, _SYNCH, _SYNCH, _SYNCH, _IGNORE_5, _IGNORE_6),
    E.E5: _row(_IGNORE_1, _SYNCH, _SYNCH, _NONE_4, _NONE_5, _IGNORE_6),
    E.E6: _row(_SOME_ACKNOWLEDGED, _SOME_ACKNOWLEDGED, _SOME_ACKNOWLEDGED, _NONE_4, _NONE_5, _IGNORE_6),
    E.E7: _row(_BAD_CLCW, _BAD_CLCW, _BAD_CLCW, _NONE_4, _NONE_5, _IGNORE_6),
    E.E101: _row(
        _LIMIT_AFTER_ACKNOWLEDGED,
        _LIMIT_AFTER_ACKNOWLEDGED,
        _LIMIT_AFTER_ACKNOWLEDGED,
        _NONE_4,
        _NONE_5,
        _IGNORE_6,
    ),
    E.E102: _row(_LIMIT, _LIMIT, _LIMIT, _NONE_4, _NONE_5, _IGNORE_6),
    E.E8: _row(_SOME_TO_REPEAT, _SOME_TO_REPEAT, _SOME_TO_REPEAT, _NONE_4, _NONE_5, _IGNORE_6),
    E.E9: _row(_SOME_TO_REPEAT_LATER, _SOME_TO_REPEAT_LATER, _SOME_TO_REPEAT_LATER, _NONE_4, _NONE_5, _IGNORE_6),
    E.E10: _row(FopCell(_REPEAT, _S2), _IGNORE_2, FopCell(_REPEAT, _S2), _NONE_4, _NONE_5, _IGNORE_6),
    E.E11: _row(_IGNORE_3, _IGNORE_3, _IGNORE_3, _NONE_4, _NONE_5, _IGNORE_6),
    E.E12: _row(_IGNORE_2, _IGNORE_2, _IGNORE_2, _NONE_4, _NONE_5, _IGNORE_6),
    E.E103: _row(_IGNORE_3, _IGNORE_3, _IGNORE_3, _NONE_4, _NONE_5, _IGNORE_6),
    E.E13: _row(_BAD_N_R, _BAD_N_R, _BAD_N_R, _BAD_N_R, _IGNORE_5, _IGNORE_6),
    E.E14: _row(_LOCKOUT, _LOCKOUT, _LOCKOUT, _LOCKOUT, _IGNORE_5, _IGNORE_6),
    E.E15: _row(_BAD_CLCW, _BAD_CLCW, _BAD_CLCW, _BAD_CLCW, _BAD_CLCW, _IGNORE_6),
}

_TIMER_ROWS: Mapping[E, Mapping[FopState, FopCell]] = {
    E.E16: _row(FopCell(_REPEAT, _S1), FopCell(_REPEAT, _S2), _RUN_ON, _T1, _REPEAT_DIRECTIVE, _NONE_6),
    E.E104: _row(FopCell(_REPEAT, _S1), FopCell(_REPEAT, _S2), _RUN_ON, _SUSPEND, _REPEAT_DIRECTIVE, _NONE_6),
    E.E17: _row(_T1, _T1, _T1, _T1, _T1, _NONE_6),
    E.E18: _row(_SUSPEND, _SUSPEND, _SUSPEND, _SUSPEND, _T1, _NONE_6),
}

_UNIT_ROWS: Mapping[E, Mapping[FopState, FopCell]] = {
    E.E19: _row(
        FopCell(_QUEUE_AND_LOOK, _S1),
        FopCell(_QUEUE_AND_LOOK, _S2),
        FopCell((A.QUEUE_UNIT,), _S3),
        _REJECT_UNIT_4,
        _REJECT_UNIT_5,
        _REJECT_UNIT_6,
    ),
    E.E20: _staying(A.REJECT_UNIT),
    E.E21: _staying(A.ACCEPT_UNIT, A.TRANSMIT_BD),
    E.E22: _staying(A.REJECT_UNIT),
}

_DIRECTIVE_ROWS: Mapping[E, Mapping[FopState, FopCell]] = {
    E.E23: _only_in_initial(FopCell((A.ACCEPT_DIRECTIVE, A.INITIALISE, A.CONFIRM_DIRECTIVE), _S1)),
    E.E24: _only_in_initial(FopCell((*_BEGIN, A.START_TIMER), _S4)),
    E.E25: _only_in_initial(FopCell((*_BEGIN, A.TRANSMIT_UNLOCK), _S5)),
    E.E26: _staying(A.REJECT_DIRECTIVE),
    E.E27: _only_in_initial(FopCell((*_BEGIN, A.TRANSMIT_SET_V_R), _S5)),
    E.E28: _staying(A.REJECT_DIRECTIVE),
    # In S6 it changes nothing, a suspension included: only resuming, initiating (4.1, note 1) or an alert ends that.
    E.E29: _row(*[_TERMINATE] * 5, _end(A.ACCEPT_DIRECTIVE, A.CONFIRM_DIRECTIVE)),
    E.E30: _staying(A.REJECT_DIRECTIVE),
    E.E31: _row(_NONE_1, _NONE_2, _NONE_3, _NONE_4, _NONE_5, FopCell(_RESUME, _S1)),
    E.E32: _row(_NONE_1, _NONE_2, _NONE_3, _NONE_4, _NONE_5, FopCell(_RESUME, _S2)),
    E.E33: _row(_NONE_1, _NONE_2, _NONE_3, _NONE_4, _NONE_5, FopCell(_RESUME, _S3)),
    E.E34: _row(_NONE_1, _NONE_2, _NONE_3, _NONE_4, _NONE_5, FopCell(_RESUME, _S4)),
    E.E35: _only_in_initial(_end(A.SET_V_S)),
    E.E36: _staying(A.ACCEPT_DIRECTIVE, A.SET_WINDOW, A.CONFIRM_DIRECTIVE),
    E.E37: _staying(A.ACCEPT_DIRECTIVE, A.SET_T1_INITIAL, A.CONFIRM_DIRECTIVE),
    E.E38: _staying(A.ACCEPT_DIRECTIVE, A.SET_TRANSMISSION_LIMIT, A.CONFIRM_DIRECTIVE),
    E.E39: _staying(A.ACCEPT_DIRECTIVE, A.SET_TIMEOUT_TYPE, A.CONFIRM_DIRECTIVE),
    E.E40: _staying(A.REJECT_DIRECTIVE),
}

_LOWER_ROWS: Mapping[E, Mapping[FopState, FopCell]] = {
    E.E41: _row(
        FopCell(_AD_READY_AND_LOOK, _S1),
        FopCell(_AD_READY_AND_LOOK, _S2),
        FopCell(_AD_READY, _S3),
        FopCell(_AD_READY, _S4),
        FopCell(_AD_READY, _S5),
        FopCell(_AD_READY, _S6),
    ),
    E.E42: _row(*[_end(A.AD_OUT_READY, A.ALERT_LLIF)] * 6),
    E.E43: _row(
        FopCell(_BC_READY, _S1),
        FopCell(_BC_READY, _S2),
        FopCell(_BC_READY, _S3),
        FopCell(_BC_READY, _S4),
        FopCell((A.BC_OUT_READY, A.LOOK_FOR_DIRECTIVE), _S5),
        FopCell(_BC_READY, _S6),
    ),
    E.E44: _row(*[_end(A.BC_OUT_READY, A.ALERT_LLIF)] * 6),
    E.E45: _staying(A.BD_OUT_READY),
    E.E46: _row(*[_end(A.BD_OUT_READY, A.ALERT_LLIF)] * 6),
}

FOP_TABLE: Mapping[E, Mapping[FopState, FopCell]] = MappingProxyType(
    {**_CLCW_ROWS, **_TIMER_ROWS, **_UNIT_ROWS, **_DIRECTIVE_ROWS, **_LOWER_ROWS}
)
"""Each event's cell in each state."""
