"""The actions of FOP-1, one small function each (CCSDS 232.1-B-2, 5.2)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from tlm_cmd.cop1.fop_outputs import Alert, DirectiveAnswer, Suspended
from tlm_cmd.cop1.fop_transmission import (
    Occasion,
    answer_initiation,
    answer_unit,
    cancel_timer,
    look_for_directive,
    look_for_unit,
    purge,
    release_control_frame,
    remove_acknowledged,
    retransmit,
    start_timer,
    transmit_bd,
    transmit_set_v_r,
    transmit_unlock,
)
from tlm_cmd.cop1.fop_variables import PendingInitiation
from tlm_cmd.cop1.fop_vocabulary import AlertCode, Answer, FopAction, TimeoutType
from tlm_cmd.frames.tc import TcFrameType


def _confirm_initiation(occasion: Occasion) -> None:
    answer_initiation(occasion, Answer.CONFIRMED)


def _begin_initiation(occasion: Occasion) -> None:
    occasion.variables.initiation = PendingInitiation(occasion.directive, occasion.tag)


def _initialise(occasion: Occasion) -> None:
    variables = occasion.variables
    purge(occasion)
    variables.transmission_count = 1
    variables.suspend_state = 0


def _alert(code: AlertCode) -> Callable[[Occasion], None]:
    def alert(occasion: Occasion) -> None:
        cancel_timer(occasion)
        purge(occasion)
        # The lower procedures can end a service that is suspended (E42, E44, E46 in S6). What it kept is given up, so
        # there is nothing to resume. The standard speaks of SS only where the service is initiated or resumed.
        occasion.variables.suspend_state = 0
        occasion.variables.counters.alerts.count(code)
        occasion.outputs.append(Alert(code))

    return alert


def _suspend(occasion: Occasion) -> None:
    variables = occasion.variables
    variables.suspend_state = variables.state.value
    variables.counters.suspensions += 1
    occasion.outputs.append(Suspended(variables.suspend_state))


def _resume(occasion: Occasion) -> None:
    occasion.variables.suspend_state = 0
    start_timer(occasion)


def _queue_unit(occasion: Occasion) -> None:
    occasion.variables.wait_queue = occasion.unit


def _accept_unit(occasion: Occasion) -> None:
    answer_unit(occasion, occasion.unit.tag, Answer.ACCEPTED)


def _reject_unit(occasion: Occasion) -> None:
    if occasion.bypass:
        occasion.variables.counters.bd_rejected += 1
    else:
        occasion.variables.counters.ad_rejected += 1
    answer_unit(occasion, occasion.unit.tag, Answer.REJECTED)


def _answer_directive(occasion: Occasion, answer: Answer) -> None:
    occasion.outputs.append(DirectiveAnswer(occasion.directive, occasion.tag, answer))


def _accept_directive(occasion: Occasion) -> None:
    _answer_directive(occasion, Answer.ACCEPTED)


def _reject_directive(occasion: Occasion) -> None:
    occasion.variables.counters.directives_rejected += 1
    _answer_directive(occasion, Answer.REJECTED)


def _confirm_directive(occasion: Occasion) -> None:
    _answer_directive(occasion, Answer.CONFIRMED)


def _set_v_s(occasion: Occasion) -> None:
    if occasion.variables.suspend_state:
        _reject_directive(occasion)
        return
    _accept_directive(occasion)
    occasion.variables.v_s = occasion.variables.nn_r = occasion.qualifier
    _confirm_directive(occasion)


def _set_window(occasion: Occasion) -> None:
    occasion.variables.window = occasion.qualifier


def _set_t1_initial(occasion: Occasion) -> None:
    occasion.variables.t1_initial_ns = occasion.qualifier


def _set_transmission_limit(occasion: Occasion) -> None:
    occasion.variables.transmission_limit = occasion.qualifier


def _set_timeout_type(occasion: Occasion) -> None:
    occasion.variables.timeout_type = TimeoutType(occasion.qualifier)


def _ad_out_ready(occasion: Occasion) -> None:
    occasion.variables.ad_out_ready = True


def _bc_out_ready(occasion: Occasion) -> None:
    occasion.variables.bc_out_ready = True


def _bd_out_ready(occasion: Occasion) -> None:
    occasion.variables.bd_out_ready = True


def _count_not_applicable(occasion: Occasion) -> None:
    occasion.variables.counters.not_applicable += 1


PERFORM: Mapping[FopAction, Callable[[Occasion], None]] = MappingProxyType(
    {
        FopAction.REMOVE_ACKNOWLEDGED: remove_acknowledged,
        FopAction.RELEASE_CONTROL_FRAME: release_control_frame,
        FopAction.LOOK_FOR_UNIT: look_for_unit,
        FopAction.LOOK_FOR_DIRECTIVE: look_for_directive,
        FopAction.RETRANSMIT_AD: retransmit(TcFrameType.AD),
        FopAction.RETRANSMIT_BC: retransmit(TcFrameType.BC),
        FopAction.START_TIMER: start_timer,
        FopAction.CANCEL_TIMER: cancel_timer,
        FopAction.ALERT_LIMIT: _alert(AlertCode.LIMIT),
        FopAction.ALERT_T1: _alert(AlertCode.T1),
        FopAction.ALERT_LOCKOUT: _alert(AlertCode.LOCKOUT),
        FopAction.ALERT_SYNCH: _alert(AlertCode.SYNCH),
        FopAction.ALERT_NN_R: _alert(AlertCode.NN_R),
        FopAction.ALERT_CLCW: _alert(AlertCode.CLCW),
        FopAction.ALERT_LLIF: _alert(AlertCode.LLIF),
        FopAction.ALERT_TERM: _alert(AlertCode.TERM),
        FopAction.SUSPEND: _suspend,
        FopAction.RESUME: _resume,
        FopAction.QUEUE_UNIT: _queue_unit,
        FopAction.ACCEPT_UNIT: _accept_unit,
        FopAction.REJECT_UNIT: _reject_unit,
        FopAction.TRANSMIT_BD: transmit_bd,
        FopAction.ACCEPT_DIRECTIVE: _accept_directive,
        FopAction.REJECT_DIRECTIVE: _reject_directive,
        FopAction.CONFIRM_DIRECTIVE: _confirm_directive,
        FopAction.CONFIRM_INITIATION: _confirm_initiation,
        FopAction.BEGIN_INITIATION: _begin_initiation,
        FopAction.INITIALISE: _initialise,
        FopAction.TRANSMIT_UNLOCK: transmit_unlock,
        FopAction.TRANSMIT_SET_V_R: transmit_set_v_r,
        FopAction.SET_V_S: _set_v_s,
        FopAction.SET_WINDOW: _set_window,
        FopAction.SET_T1_INITIAL: _set_t1_initial,
        FopAction.SET_TRANSMISSION_LIMIT: _set_transmission_limit,
        FopAction.SET_TIMEOUT_TYPE: _set_timeout_type,
        FopAction.AD_OUT_READY: _ad_out_ready,
        FopAction.BC_OUT_READY: _bc_out_ready,
        FopAction.BD_OUT_READY: _bd_out_ready,
        FopAction.NOT_APPLICABLE: _count_not_applicable,
    }
)
"""Each action's function."""
