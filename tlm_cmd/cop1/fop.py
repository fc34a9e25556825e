"""FOP-1, the sending end of COP-1 (CCSDS 232.1-B-2, section 5): sends TC frames and repeats them until they arrive."""

from tlm_cmd.cop1.fop_actions import PERFORM
from tlm_cmd.cop1.fop_events import clcw_event, directive_event, lower_event, timer_event
from tlm_cmd.cop1.fop_outputs import FopOutput, FrameDataUnit
from tlm_cmd.cop1.fop_table import FOP_TABLE
from tlm_cmd.cop1.fop_transmission import Occasion
from tlm_cmd.cop1.fop_variables import FopParameters, FopStatus, FopVariables
from tlm_cmd.cop1.fop_vocabulary import Directive, FopEvent, FopState
from tlm_cmd.frames.clcw import Clcw
from tlm_cmd.frames.tc import TcFrameType

_SENDING = (FopState.ACTIVE, FopState.RETRANSMIT_WITHOUT_WAIT, FopState.RETRANSMIT_WITH_WAIT)


class Fop:
    """Sends the units of one virtual channel. It never raises on a report, a unit, a directive or an answer.

    Each call returns what is to be done now, in order: frames to send, answers and notices (`FopOutput`). Time is
    given with each call, in nanoseconds of a clock that never goes back; `poll` when `deadline_ns` has come.

    A new FOP is in its initial state. To begin: read N(R) from a report, `SET_V_S` to it, then
    `INITIATE_WITH_CLCW_CHECK`; or, if the receiver is locked out, `INITIATE_WITH_UNLOCK`; or set both ends with
    `INITIATE_WITH_SET_V_R`. The same after an alert.
    """

    def __init__(self, parameters: FopParameters) -> None:
        self.parameters = parameters
        self.state = FopVariables(
            window=parameters.window,
            t1_initial_ns=parameters.t1_initial_ns,
            transmission_limit=parameters.transmission_limit,
            timeout_type=parameters.timeout_type,
        )

    @property
    def takes_ad(self) -> bool:
        """Whether `request_ad` would take a unit now: the service is in use and the wait queue is empty."""
        return self.state.state in _SENDING and self.state.wait_queue is None

    @property
    def takes_bd(self) -> bool:
        """Whether `request_bd` would take a unit now."""
        return self.state.bd_out_ready

    @property
    def deadline_ns(self) -> int | None:
        """When to call `poll` at the latest; None while the timer does not run."""
        return self.state.timer_expires_ns

    def request_ad(self, unit: FrameDataUnit, now_ns: int) -> list[FopOutput]:
        """Transfer a unit in sequence (E19, E20): rejected, or in time accepted and then confirmed or not."""
        self.state.counters.ad_requests += 1
        event = FopEvent.E19 if self.state.wait_queue is None else FopEvent.E20
        return self._apply(event, Occasion(self.state, now_ns, [], unit=unit))

    def request_bd(self, unit: FrameDataUnit, now_ns: int) -> list[FopOutput]:
        """Transfer a unit once, out of sequence and in any state (E21, E22): accepted or rejected."""
        self.state.counters.bd_requests += 1
        event = FopEvent.E21 if self.state.bd_out_ready else FopEvent.E22
        return self._apply(event, Occasion(self.state, now_ns, [], unit=unit, bypass=True))

    def directive(self, directive: Directive, now_ns: int, *, qualifier: int = 0, tag: int = 0) -> list[FopOutput]:
        """Take a directive (E23 to E40); ``tag`` comes back with its answers.

        A qualifier out of its range makes the directive invalid, and it is rejected.
        """
        self.state.counters.directives += 1
        event = directive_event(self.state, directive, qualifier, self.parameters.farm_window // 2)
        return self._apply(event, Occasion(self.state, now_ns, [], directive=directive, qualifier=qualifier, tag=tag))

    def on_clcw(self, clcw: Clcw, now_ns: int) -> list[FopOutput]:
        """Take a report (E1 to E14, E101 to E103); those of other virtual channels change nothing."""
        if clcw.virtual_channel != self.parameters.virtual_channel:
            self.state.counters.other_channel += 1
            return []
        self.state.counters.clcws += 1
        event = clcw_event(self.state, clcw)
        return self._apply(event, Occasion(self.state, now_ns, [], report_value=clcw.report_value))

    def on_invalid_clcw(self, now_ns: int) -> list[FopOutput]:
        """Learn that a report on this channel was no valid CLCW (E15), which ends the AD service.

        Whether to tell is the caller's choice: only one that has passed the frame's error control means anything.
        """
        self.state.counters.clcws += 1
        return self._apply(FopEvent.E15, Occasion(self.state, now_ns, []))

    def poll(self, now_ns: int) -> list[FopOutput]:
        """Take the time: if the timer has expired, repeat or give up (E16 to E18, E104)."""
        expires_ns = self.state.timer_expires_ns
        if expires_ns is None or now_ns < expires_ns:
            return []
        self.state.timer_expires_ns = None
        self.state.counters.timeouts += 1
        return self._apply(timer_event(self.state), Occasion(self.state, now_ns, []))

    def lower_accepts(self, frame_type: TcFrameType, now_ns: int) -> list[FopOutput]:
        """Learn that the last frame of this type was accepted below (E41, E43, E45), which may release the next.

        Only for callers whose parameters say that frames are not accepted at once.
        """
        return self._apply(lower_event(frame_type, accepted=True), Occasion(self.state, now_ns, []))

    def lower_rejects(self, frame_type: TcFrameType, now_ns: int) -> list[FopOutput]:
        """Learn that the last frame of this type could not be sent (E42, E44, E46), which ends the AD service."""
        return self._apply(lower_event(frame_type, accepted=False), Occasion(self.state, now_ns, []))

    def status(self) -> FopStatus:
        """Return the state of the sender for telemetry and displays."""
        state, counters = self.state, self.state.counters
        return FopStatus(
            state=state.state.name.lower(),
            suspend_state=state.suspend_state,
            v_s=state.v_s,
            nn_r=state.nn_r,
            window=state.window,
            wait_queue=int(state.wait_queue is not None),
            sent_queue=len(state.sent_queue),
            timer_running=state.timer_expires_ns is not None,
            transmission_count=state.transmission_count,
            transmission_limit=state.transmission_limit,
            timeout_type=state.timeout_type.name.lower(),
            ad_frames=counters.ad_frames,
            ad_retransmissions=counters.ad_retransmissions,
            ad_confirmed=counters.ad_confirmed,
            ad_not_confirmed=counters.ad_not_confirmed,
            bc_frames=counters.bc_frames,
            bd_frames=counters.bd_frames,
            alerts=counters.alerts.total,
            suspensions=counters.suspensions,
        )

    def _apply(self, event: FopEvent, occasion: Occasion) -> list[FopOutput]:
        self._perform(event, occasion)
        if self.parameters.accepted_at_once:
            self._accept_outstanding(occasion)
        return occasion.outputs

    def _perform(self, event: FopEvent, occasion: Occasion) -> None:
        cell = FOP_TABLE[event][self.state.state]
        for action in cell.actions:
            PERFORM[action](occasion)
        self.state.state = cell.next_state

    def _accept_outstanding(self, occasion: Occasion) -> None:
        """Answer each frame handed out; each answer may release one more, until none is marked or waits."""
        state = self.state
        while not state.ad_out_ready:
            self._perform(FopEvent.E41, occasion)
        while not state.bc_out_ready:
            self._perform(FopEvent.E43, occasion)
        if not state.bd_out_ready:
            self._perform(FopEvent.E45, occasion)
