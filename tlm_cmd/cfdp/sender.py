"""The end of a transaction that sends the file (CCSDS 727.0-B-5, 4.6.1.1, 4.6.3.2, 4.6.4.2 and 4.11.2.2)."""

from typing import assert_never

from tlm_cmd.cfdp.codes import ConditionCode, DirectiveCode, Mode, TransactionStatus
from tlm_cmd.cfdp.indications import TransactionFinished
from tlm_cmd.cfdp.pdu.codec import Content
from tlm_cmd.cfdp.pdu.directives import Ack, Eof, Finished, KeepAlive, Nak, Prompt
from tlm_cmd.cfdp.pdu.file_data import FileData
from tlm_cmd.cfdp.pdu.metadata import Metadata
from tlm_cmd.cfdp.sender_output import SenderOutput
from tlm_cmd.cfdp.sender_state import SenderPhase


class Sender(SenderOutput):
    """Sends a file, or messages alone, and learns what became of it.

    Only the part of the file that goes into a PDU is read at a time. In unacknowledged mode without closure it is
    done when the EOF is out; otherwise when a Finished has come, and is acknowledged in acknowledged mode. A Finished
    says all that an acknowledgement of the EOF does, so it is taken in every phase.

    When no Finished comes, the EOF is sent once more before the silence is a fault: a receiver that was restarted
    with an older memory, or with none, has forgotten the first one.
    """

    def receive(self, content: Content, now_ns: int) -> None:
        """Take what the receiver sent."""
        match content:
            case Nak():
                self._on_nak(content, now_ns)
            case Ack():
                self._on_ack(content, now_ns)
            case Finished():
                self._on_finished(content)
            case KeepAlive():
                self._on_keep_alive(content, now_ns)
            case Eof() | Metadata() | Prompt() | FileData():
                self._state.counters.ignored += 1
            case _:
                assert_never(content)

    def prompt(self, *, keep_alive: bool) -> None:
        """Ask the receiver for a Keep Alive, or else for a NAK, in acknowledged mode; of several the last counts."""
        state = self._state
        if state.header.mode is Mode.ACKNOWLEDGED and state.phase is not SenderPhase.CANCELLING:
            state.prompt_due = Prompt(keep_alive)

    def _on_nak(self, nak: Nak, now_ns: int) -> None:
        state = self._state
        if state.closed or state.phase is SenderPhase.CANCELLING or state.header.mode is not Mode.ACKNOWLEDGED:
            state.counters.ignored += 1
            return
        state.counters.naks += 1
        for start, end in nak.requests:
            if start == end == 0:
                state.metadata_due = True
            elif len(state.pending.starts) >= self.environment.local.max_parts:
                state.counters.dropped_requests += 1
            else:
                # What has never been sent will be in any case.
                state.pending.add(start, min(end, state.sent))
        state.asked = False
        self._heard(now_ns)

    def _on_ack(self, ack: Ack, now_ns: int) -> None:
        state = self._state
        if ack.acknowledged is DirectiveCode.EOF and not state.closed:
            if state.phase is SenderPhase.AWAITING_ACK and ack.condition is ConditionCode.NO_ERROR:
                state.phase = SenderPhase.AWAITING_FINISHED
                state.eof_due = False
                state.expiries = 0
                self._heard(now_ns)
                return
            if state.phase is SenderPhase.CANCELLING and ack.condition is state.condition:
                state.closed = True
                return
        state.counters.ignored += 1

    def _on_finished(self, finished: Finished) -> None:
        state = self._state
        acknowledged = state.header.mode is Mode.ACKNOWLEDGED
        if not acknowledged and (state.closed or not state.metadata.closure_requested):
            state.counters.ignored += 1
            return
        if acknowledged:
            state.ack_due = Ack(DirectiveCode.FINISHED, finished.condition, TransactionStatus.ACTIVE)
        if state.closed:
            return
        state.closed = True
        if state.phase is not SenderPhase.CANCELLING:
            state.condition = finished.condition
            indication = TransactionFinished(
                state.transaction, finished.condition, finished.delivery, finished.file_status, finished.responses
            )
            self.environment.indicate(indication)

    def _on_keep_alive(self, keep_alive: KeepAlive, now_ns: int) -> None:
        state, limit = self._state, self.environment.remote.keep_alive_limit_octets
        if state.closed or state.phase is SenderPhase.CANCELLING:
            state.counters.ignored += 1
            return
        state.asked = False
        self._heard(now_ns)
        if limit and not state.suspended and state.sent - keep_alive.progress > limit:
            self._fault(ConditionCode.KEEP_ALIVE_LIMIT)

    def _heard(self, now_ns: int) -> None:
        """Put off the inactivity timer, which runs while a Finished is waited for."""
        state = self._state
        waiting = state.phase is SenderPhase.AWAITING_FINISHED and state.header.mode is Mode.ACKNOWLEDGED
        if waiting and not state.suspended and not state.frozen:
            state.deadline_ns = now_ns + self.environment.remote.inactivity_timeout_ns

    def _expire(self, now_ns: int) -> None:
        state, remote = self._state, self.environment.remote
        state.deadline_ns = None
        state.expiries += 1
        match state.phase:
            case SenderPhase.AWAITING_ACK | SenderPhase.CANCELLING:
                if state.expiries <= remote.ack_limit:
                    state.eof_due = True
                elif state.phase is SenderPhase.CANCELLING:
                    self._abandon(state.condition)
                elif self._fault(ConditionCode.POSITIVE_ACK_LIMIT):
                    self._restart(now_ns)
            case SenderPhase.AWAITING_FINISHED:
                if state.header.mode is Mode.ACKNOWLEDGED:
                    self._meet_silence(now_ns)
                elif state.expiries < remote.check_limit:
                    state.deadline_ns = now_ns + remote.check_timeout_ns
                elif self._fault(ConditionCode.CHECK_LIMIT):
                    self._restart(now_ns)
            case SenderPhase.SENDING:
                pass
            case _:
                assert_never(state.phase)

    def _meet_silence(self, now_ns: int) -> None:
        """Do something about a receiver that says nothing in acknowledged mode."""
        state = self._state
        if state.pending.starts:
            # It waits for this end, whose link has no room.
            self._restart(now_ns)
        elif not state.asked:
            state.asked = True
            state.phase = SenderPhase.AWAITING_ACK
            state.expiries, state.eof_due = 0, True
        elif self._fault(ConditionCode.INACTIVITY):
            state.asked = False
            self._restart(now_ns)

    def _rearm(self, now_ns: int) -> None:
        state, remote = self._state, self.environment.remote
        match state.phase:
            case SenderPhase.AWAITING_ACK | SenderPhase.CANCELLING:
                state.deadline_ns = None
                state.eof_due = True
            case SenderPhase.AWAITING_FINISHED:
                acknowledged = state.header.mode is Mode.ACKNOWLEDGED
                timeout = remote.inactivity_timeout_ns if acknowledged else remote.check_timeout_ns
                state.deadline_ns = now_ns + timeout
            case SenderPhase.SENDING:
                state.deadline_ns = None
            case _:
                assert_never(state.phase)
