"""Sending and repeating: the actions of FOP-1 on its queues and its timer (CCSDS 232.1-B-2, 5.2.2 to 5.2.10)."""

from collections.abc import Callable

import msgspec

from tlm_cmd.cop1.fop_outputs import AbortFrames, DirectiveAnswer, FopOutput, FrameDataUnit, TransmitFrame, UnitAnswer
from tlm_cmd.cop1.fop_variables import FopVariables, SentFrame
from tlm_cmd.cop1.fop_vocabulary import Answer, Directive
from tlm_cmd.cop1.sequence import distance, following
from tlm_cmd.frames.tc import SET_VR, UNLOCK, TcFrameType

_NO_UNIT = FrameDataUnit(b"\x00")


class Occasion(msgspec.Struct):
    """What the actions of one cell work with: the event's own data, and the outputs so far.

    The table gives no event an action that reads what the event does not bring.
    """

    variables: FopVariables
    now_ns: int
    outputs: list[FopOutput]
    report_value: int = 0
    """N(R) of the report that is the event."""
    unit: FrameDataUnit = _NO_UNIT
    """What is to be transferred."""
    bypass: bool = False
    """Whether the unit is to be transferred by the BD service."""
    directive: Directive = Directive.TERMINATE
    qualifier: int = 0
    tag: int = 0


def start_timer(occasion: Occasion) -> None:
    """Let the timer run for T1_Initial from now (5.1.9)."""
    occasion.variables.timer_expires_ns = occasion.now_ns + occasion.variables.t1_initial_ns


def cancel_timer(occasion: Occasion) -> None:
    """Stop the timer."""
    occasion.variables.timer_expires_ns = None


def answer_unit(occasion: Occasion, tag: int, answer: Answer) -> None:
    """Answer a request to transfer the unit that its caller has given this tag."""
    occasion.outputs.append(UnitAnswer(tag, answer))


def remove_acknowledged(occasion: Occasion) -> None:
    """Confirm and forget what the report acknowledges (5.2.8)."""
    variables = occasion.variables
    acknowledged = distance(variables.nn_r, occasion.report_value)
    for sent in variables.sent_queue[:acknowledged]:
        answer_unit(occasion, sent.unit.tag, Answer.CONFIRMED)
        variables.counters.ad_confirmed += 1
    del variables.sent_queue[:acknowledged]
    variables.nn_r = occasion.report_value
    variables.transmission_count = 1


def look_for_unit(occasion: Occasion) -> None:
    """Send the first frame marked for it, else the waiting unit if the window is open (5.2.10)."""
    variables = occasion.variables
    if not variables.ad_out_ready:
        return
    for sent in variables.sent_queue:
        if sent.to_be_retransmitted:
            sent.to_be_retransmitted = False
            variables.ad_out_ready = False
            variables.counters.ad_retransmissions += 1
            occasion.outputs.append(
                TransmitFrame(TcFrameType.AD, sent.sequence_number, sent.unit, is_retransmission=True)
            )
            return
    if variables.wait_queue is not None and variables.outstanding < variables.window:
        unit, variables.wait_queue = variables.wait_queue, None
        answer_unit(occasion, unit.tag, Answer.ACCEPTED)
        variables.counters.ad_accepted += 1
        _transmit_ad(occasion, unit)


def _transmit_ad(occasion: Occasion, unit: FrameDataUnit) -> None:
    variables = occasion.variables
    if not variables.sent_queue:
        variables.transmission_count = 1
    variables.sent_queue.append(SentFrame(TcFrameType.AD, variables.v_s, unit))
    occasion.outputs.append(TransmitFrame(TcFrameType.AD, variables.v_s, unit))
    variables.v_s = following(variables.v_s)
    variables.ad_out_ready = False
    variables.counters.ad_frames += 1
    start_timer(occasion)


def _transmit_bc(occasion: Occasion, data: bytes) -> None:
    variables = occasion.variables
    unit = FrameDataUnit(data, tag=occasion.tag)
    variables.sent_queue.append(SentFrame(TcFrameType.BC, 0, unit))
    variables.transmission_count = 1
    variables.bc_out_ready = False
    variables.counters.bc_frames += 1
    occasion.outputs.append(TransmitFrame(TcFrameType.BC, 0, unit))
    start_timer(occasion)


def transmit_unlock(occasion: Occasion) -> None:
    """Send an Unlock command (5.2.5)."""
    _transmit_bc(occasion, UNLOCK)


def transmit_set_v_r(occasion: Occasion) -> None:
    """Set V(S) and NN(R), and send a Set V(R) command with their value (5.2.5)."""
    occasion.variables.v_s = occasion.variables.nn_r = occasion.qualifier
    _transmit_bc(occasion, SET_VR + bytes([occasion.qualifier]))


def transmit_bd(occasion: Occasion) -> None:
    """Send the unit out of sequence (5.2.6)."""
    occasion.variables.bd_out_ready = False
    occasion.variables.counters.bd_frames += 1
    occasion.outputs.append(TransmitFrame(TcFrameType.BD, 0, occasion.unit))


def look_for_directive(occasion: Occasion) -> None:
    """Send the control command again if it is marked for it (5.2.9)."""
    variables = occasion.variables
    if not variables.bc_out_ready:
        return
    for sent in variables.sent_queue:
        if sent.to_be_retransmitted:
            sent.to_be_retransmitted = False
            variables.bc_out_ready = False
            variables.counters.bc_retransmissions += 1
            occasion.outputs.append(TransmitFrame(TcFrameType.BC, 0, sent.unit, is_retransmission=True))


def retransmit(frame_type: TcFrameType) -> Callable[[Occasion], None]:
    """Return the action that marks what is outstanding to be sent again (5.2.7)."""

    def initiate(occasion: Occasion) -> None:
        occasion.outputs.append(AbortFrames(frame_type))
        occasion.variables.transmission_count += 1
        start_timer(occasion)
        for sent in occasion.variables.sent_queue:
            sent.to_be_retransmitted = True

    return initiate


def release_control_frame(occasion: Occasion) -> None:
    """Forget the control command that was carried out."""
    occasion.variables.sent_queue.clear()


def purge(occasion: Occasion) -> None:
    """Empty both queues and answer what they held, an initiation in progress too (5.2.2, 5.2.3, 5.2.15 d)."""
    variables = occasion.variables
    for sent in variables.sent_queue:
        # The answer to a control command is the answer to its directive.
        if sent.frame_type is TcFrameType.AD:
            answer_unit(occasion, sent.unit.tag, Answer.NOT_CONFIRMED)
            variables.counters.ad_not_confirmed += 1
    variables.sent_queue.clear()
    # The standard leaves NN(R) behind, and table 5-1 then has empty cells in S4 and S5, and a window that nothing opens
    # again. With nothing outstanding, NN(R) is V(S).
    variables.nn_r = variables.v_s
    if variables.wait_queue is not None:
        answer_unit(occasion, variables.wait_queue.tag, Answer.REJECTED)
        variables.counters.ad_rejected += 1
        variables.wait_queue = None
    answer_initiation(occasion, Answer.NOT_CONFIRMED)


def answer_initiation(occasion: Occasion, answer: Answer) -> None:
    """Answer the initiate AD service directive in progress, if there is one."""
    initiation = occasion.variables.initiation
    if initiation is not None:
        occasion.outputs.append(DirectiveAnswer(initiation.directive, initiation.tag, answer))
        occasion.variables.initiation = None
