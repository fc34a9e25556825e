"""Which event of table 5-1 of CCSDS 232.1-B-2 something is, given the variables of FOP-1."""

from typing import assert_never

from tlm_cmd.cop1.fop_variables import MAX_T1_INITIAL_NS, MAX_TRANSMISSION_LIMIT, FopVariables
from tlm_cmd.cop1.fop_vocabulary import Directive, FopEvent, TimeoutType
from tlm_cmd.cop1.sequence import MODULUS, distance
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.tc import TcFrameType

_RESUMPTIONS = (FopEvent.E30, FopEvent.E31, FopEvent.E32, FopEvent.E33, FopEvent.E34)
_DIRECTIVES = {
    Directive.INITIATE_WITHOUT_CLCW_CHECK: FopEvent.E23,
    Directive.INITIATE_WITH_CLCW_CHECK: FopEvent.E24,
    Directive.TERMINATE: FopEvent.E29,
    Directive.SET_V_S: FopEvent.E35,
    Directive.SET_WINDOW: FopEvent.E36,
    Directive.SET_T1_INITIAL: FopEvent.E37,
    Directive.SET_TRANSMISSION_LIMIT: FopEvent.E38,
    Directive.SET_TIMEOUT_TYPE: FopEvent.E39,
}
_QUALIFIERS = {
    Directive.INITIATE_WITH_SET_V_R: (0, MODULUS - 1),
    Directive.SET_V_S: (0, MODULUS - 1),
    Directive.SET_T1_INITIAL: (1, MAX_T1_INITIAL_NS),
    Directive.SET_TRANSMISSION_LIMIT: (1, MAX_TRANSMISSION_LIMIT),
    Directive.SET_TIMEOUT_TYPE: (min(TimeoutType), max(TimeoutType)),
}


def clcw_event(variables: FopVariables, clcw: Clcw) -> FopEvent:
    """Return the event of a report on this channel, E1 to E14 or E101 to E103."""
    acknowledged, outstanding = distance(variables.nn_r, clcw.report_value), variables.outstanding
    if clcw.lockout:
        return FopEvent.E14
    if acknowledged > outstanding:
        return FopEvent.E13
    if clcw.retransmit:
        return FopEvent.E4 if acknowledged == outstanding else _retransmit_event(variables, clcw, acknowledged)
    return _clean_event(clcw, acknowledged, outstanding)


def _clean_event(clcw: Clcw, acknowledged: int, outstanding: int) -> FopEvent:
    if acknowledged == outstanding:
        if clcw.wait:
            return FopEvent.E3
        return FopEvent.E2 if acknowledged else FopEvent.E1
    if clcw.wait:
        return FopEvent.E7
    return FopEvent.E6 if acknowledged else FopEvent.E5


def _retransmit_event(variables: FopVariables, clcw: Clcw, acknowledged: int) -> FopEvent:
    if variables.transmission_limit == 1:
        return FopEvent.E101 if acknowledged else FopEvent.E102
    if acknowledged:
        return FopEvent.E9 if clcw.wait else FopEvent.E8
    if variables.transmission_count < variables.transmission_limit:
        return FopEvent.E11 if clcw.wait else FopEvent.E10
    return FopEvent.E103 if clcw.wait else FopEvent.E12


def timer_event(variables: FopVariables) -> FopEvent:
    """Return the event of the timer's expiry, E16 to E18 or E104."""
    below = variables.transmission_count < variables.transmission_limit
    match variables.timeout_type:
        case TimeoutType.ALERT:
            return FopEvent.E16 if below else FopEvent.E17
        case TimeoutType.SUSPEND:
            return FopEvent.E104 if below else FopEvent.E18
        case _:
            assert_never(variables.timeout_type)


def directive_event(variables: FopVariables, directive: Directive, qualifier: int, highest_window: int) -> FopEvent:
    """Return the event of a directive, E23 to E40; one whose qualifier is out of range is invalid, E40.

    Qualifiers are 1 to ``highest_window`` [frames] for the window, 0 to 255 for V(S) and V(R), 1 ns to a week for
    T1_Initial, 1 to 255 for the limit of transmissions, 0 or 1 for the timeout type.
    """
    allowed = (1, highest_window) if directive is Directive.SET_WINDOW else _QUALIFIERS.get(directive)
    if allowed is not None and not allowed[0] <= qualifier <= allowed[1]:
        return FopEvent.E40
    match directive:
        case Directive.RESUME:
            return _RESUMPTIONS[variables.suspend_state]
        case Directive.INITIATE_WITH_UNLOCK:
            return FopEvent.E25 if variables.bc_out_ready else FopEvent.E26
        case Directive.INITIATE_WITH_SET_V_R:
            return FopEvent.E27 if variables.bc_out_ready else FopEvent.E28
        case _:
            return _DIRECTIVES[directive]


def lower_event(frame_type: TcFrameType, *, accepted: bool) -> FopEvent:
    """Return the event of an answer of the lower procedures, E41 to E46."""
    match frame_type:
        case TcFrameType.AD:
            return FopEvent.E41 if accepted else FopEvent.E42
        case TcFrameType.BC:
            return FopEvent.E43 if accepted else FopEvent.E44
        case TcFrameType.BD:
            return FopEvent.E45 if accepted else FopEvent.E46
        case _:
            assert_never(frame_type)
