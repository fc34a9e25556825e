"""The end of a transaction that receives the file (CCSDS 727.0-B-5, 4.6.1.2, 4.6.3.3, 4.6.4.3 and 4.11.2.3)."""

from typing import assert_never

from tlm_cmd.cfdp.checksums import RunningChecksum, is_supported
from tlm_cmd.cfdp.codes import ChecksumType, ConditionCode, DirectiveCode, TransactionStatus
from tlm_cmd.cfdp.indications import EofReceived, MetadataReceived, SegmentReceived
from tlm_cmd.cfdp.pdu.codec import Content
from tlm_cmd.cfdp.pdu.directives import Ack, Eof, Finished, KeepAlive, Nak, Prompt
from tlm_cmd.cfdp.pdu.file_data import FileData
from tlm_cmd.cfdp.pdu.metadata import Metadata
from tlm_cmd.cfdp.receiver_intake import ReceiverIntake
from tlm_cmd.cfdp.receiver_naks import next_nak
from tlm_cmd.cfdp.receiver_state import ReceiverPhase


class Receiver(ReceiverIntake):
    """Receives a file, or messages alone, and tells the sender what became of it.

    What arrives is written to a file with a name of its own, and only what has been written counts as received. The
    file gets the name that the sender asked for when it is complete and its checksum is right: until then whatever
    has this name stays as it is.
    """

    @property
    def next_deadline_ns(self) -> int | None:
        """When `advance` has something to do if nothing happens before; None if never."""
        deadline, keep_alive_ns = super().next_deadline_ns, self._state.keep_alive_ns
        if deadline is None or keep_alive_ns is None:
            return deadline
        return min(deadline, keep_alive_ns)

    # ------------------------------------------------------------------ out

    def next_pdu(self, now_ns: int) -> bytes | None:
        """Return the PDU to be sent next, None if there is nothing to be sent now."""
        self.advance(now_ns)
        state = self._state
        if state.frozen:
            return None
        if state.ack_due is not None:
            state.counters.acks += 1
            ack, state.ack_due = state.ack_due, None
            return self._pack(ack)
        if state.suspended or state.closed:
            return None
        if state.finished_due and state.finished is not None:
            return self._next_finished(state.finished, now_ns)
        return self._next_question(now_ns)

    def _next_question(self, now_ns: int) -> bytes | None:
        """Return the NAK or the report of progress that is due."""
        state = self._state
        if state.nak_to >= 0:
            nak = next_nak(state, self.environment.remote.max_pdu_octets)
            if state.nak_to < 0 and state.phase is ReceiverPhase.AWAITING_DATA:
                state.heard_ns = now_ns
                state.deadline_ns = now_ns + self.environment.remote.nak_timeout_ns
            if nak is not None:
                return self._pack(nak)
        if state.keep_alive_due:
            state.keep_alive_due = False
            state.counters.keep_alives += 1
            return self._pack(KeepAlive(state.received.extent))
        return None

    def _next_finished(self, finished: Finished, now_ns: int) -> bytes:
        state = self._state
        state.finished_due = False
        state.counters.finished += 1
        if self._acknowledged:
            state.deadline_ns = now_ns + self.environment.remote.ack_timeout_ns
        else:
            state.closed = True
        return self._pack(finished)

    # ------------------------------------------------------------------ in: directives

    def receive(self, content: Content, now_ns: int) -> None:
        """Take what the sender sent."""
        state = self._state
        match content:
            case FileData():
                self._on_file_data(content, now_ns)
            case Metadata():
                self._on_metadata(content, now_ns)
            case Eof():
                self._on_eof(content, now_ns)
            case Ack():
                self._on_ack(content)
            case Prompt():
                self._on_prompt(content)
            case Finished() | Nak() | KeepAlive():
                state.counters.ignored += 1
            case _:
                assert_never(content)
        if state.phase is ReceiverPhase.RECEIVING:
            state.heard_ns = now_ns

    def _on_file_data(self, segment: FileData, now_ns: int) -> None:
        self.receive_segment(segment.offset, segment.data, now_ns)
        if self.environment.local.segment_indications:
            octets = len(segment.data)
            name, record_state = self._state.transaction, segment.record_state
            self.environment.indicate(SegmentReceived(name, segment.offset, octets, record_state, segment.metadata))

    def _on_metadata(self, metadata: Metadata, now_ns: int) -> None:
        state = self._state
        if state.metadata is not None or state.closed or state.phase is ReceiverPhase.FINISHING:
            state.counters.ignored += 1
            return
        state.metadata = metadata
        state.metadata_missing = False
        state.fault_handlers = metadata.fault_handlers
        state.heard_ns = now_ns
        self.environment.indicate(MetadataReceived(state.transaction, metadata))
        if not self._choose_checksum(metadata.checksum_type):
            return
        if state.phase is ReceiverPhase.AWAITING_DATA:
            state.expiries = 0
            self._check_complete(now_ns)

    def _choose_checksum(self, checksum_type: int) -> bool:
        """Compute the checksum that the sender does; return False if the transaction does not go on."""
        state = self._state
        if not is_supported(checksum_type):
            state.checksum_unsupported = True
            state.checksum = RunningChecksum(ChecksumType.NULL)
            return self._fault(ConditionCode.UNSUPPORTED_CHECKSUM)
        if state.checksum.checksum_type != checksum_type:
            # What came before the metadata is read back when all is there.
            state.checksum = RunningChecksum(ChecksumType(checksum_type), in_order=bool(state.received.starts))
        return True

    def _on_eof(self, eof: Eof, now_ns: int) -> None:
        state = self._state
        if self._acknowledged:
            status = TransactionStatus.TERMINATED if state.closed else TransactionStatus.ACTIVE
            state.ack_due = Ack(DirectiveCode.EOF, eof.condition, status)
        if state.closed or state.finished is not None:
            return
        if eof.condition is not ConditionCode.NO_ERROR:
            self._close_cancelled(eof.condition)
            return
        if state.eof is not None:
            return
        state.eof = eof
        state.keep_alive_ns, state.keep_alive_due = None, False
        self.environment.indicate(EofReceived(state.transaction))
        if state.received.extent > eof.file_size and not self._fault(ConditionCode.FILE_SIZE_ERROR):
            return
        state.limit = eof.file_size
        state.phase = ReceiverPhase.AWAITING_DATA
        state.expiries, state.deadline_ns = 0, None
        self._check_complete(now_ns)
        if state.phase is ReceiverPhase.AWAITING_DATA and not state.suspended:
            self._await_data(now_ns)

    def _await_data(self, now_ns: int) -> None:
        """Ask for all that is missing, or wait for it where nothing is asked for."""
        state = self._state
        if self._acknowledged:
            state.nak_from, state.nak_to = 0, state.limit
            state.metadata_missing = state.metadata is None
            state.deadline_ns = None
        else:
            state.heard_ns = now_ns
            state.deadline_ns = now_ns + self.environment.remote.check_timeout_ns

    def _on_ack(self, ack: Ack) -> None:
        state = self._state
        if ack.acknowledged is DirectiveCode.FINISHED and state.finished is not None and self._acknowledged:
            state.closed = True
        else:
            state.counters.ignored += 1

    def _on_prompt(self, prompt: Prompt) -> None:
        state = self._state
        waiting = state.phase in (ReceiverPhase.RECEIVING, ReceiverPhase.AWAITING_DATA)
        if state.closed or not waiting or not self._acknowledged:
            state.counters.ignored += 1
        elif prompt.keep_alive:
            state.keep_alive_due = True
        else:
            state.nak_from = 0
            state.nak_to = state.received.extent if state.eof is None else state.limit
            state.nak_prompted = True
            state.metadata_missing = state.metadata is None

    # ------------------------------------------------------------------ time

    def begin(self, now_ns: int) -> None:
        """Begin to wait for what the sender sends."""
        self._rearm(now_ns)

    def _rearm(self, now_ns: int) -> None:
        state, remote = self._state, self.environment.remote
        state.heard_ns = now_ns
        match state.phase:
            case ReceiverPhase.RECEIVING:
                state.deadline_ns = now_ns + remote.inactivity_timeout_ns
                if remote.keep_alive_interval_ns and self._acknowledged:
                    state.keep_alive_ns = now_ns + remote.keep_alive_interval_ns
            case ReceiverPhase.AWAITING_DATA:
                self._await_data(now_ns)
            case ReceiverPhase.VERIFYING:
                state.deadline_ns = now_ns
            case ReceiverPhase.FINISHING:
                state.deadline_ns = None
                state.finished_due = True
            case _:
                assert_never(state.phase)

    def _expire(self, now_ns: int) -> None:
        state, remote = self._state, self.environment.remote
        if state.keep_alive_ns is not None and now_ns >= state.keep_alive_ns:
            state.keep_alive_ns = now_ns + remote.keep_alive_interval_ns
            state.keep_alive_due = True
        if state.deadline_ns is None or now_ns < state.deadline_ns:
            return
        match state.phase:
            case ReceiverPhase.RECEIVING:
                if not self._still_heard(remote.inactivity_timeout_ns, now_ns):
                    self._fail(ConditionCode.INACTIVITY, now_ns)
            case ReceiverPhase.AWAITING_DATA:
                self._wait_in_vain(now_ns)
            case ReceiverPhase.VERIFYING:
                self._verify(now_ns)
            case ReceiverPhase.FINISHING:
                state.deadline_ns = None
                state.expiries += 1
                if state.expiries <= remote.ack_limit:
                    state.finished_due = True
                else:
                    self._fail_to_finish(now_ns)
            case _:
                assert_never(state.phase)

    def _still_heard(self, timeout_ns: int, now_ns: int) -> bool:
        """Put the deadline off if something has arrived since it was set; return whether it was put off."""
        state = self._state
        if state.heard_ns + timeout_ns <= now_ns:
            return False
        state.deadline_ns = state.heard_ns + timeout_ns
        return True

    def _wait_in_vain(self, now_ns: int) -> None:
        """Ask again for what is missing after a silence, or wait again where nothing is asked for."""
        state, remote = self._state, self.environment.remote
        timeout_ns = remote.nak_timeout_ns if self._acknowledged else remote.check_timeout_ns
        if self._still_heard(timeout_ns, now_ns):
            return
        state.expiries += 1
        limit = remote.nak_limit if self._acknowledged else remote.check_limit
        if state.expiries <= limit:
            self._await_data(now_ns)
        elif self._acknowledged:
            self._fail(ConditionCode.NAK_LIMIT, now_ns)
        else:
            self._fail_to_complete()

    def _fail(self, condition: ConditionCode, now_ns: int) -> None:
        """Declare a fault; if it is ignored, wait on."""
        if self._fault(condition):
            self._restart(now_ns)

    def _fail_to_finish(self, now_ns: int) -> None:
        """Declare that the Finished is not acknowledged; with the file delivered there is nothing left to cancel."""
        state = self._state
        if self._fault(ConditionCode.POSITIVE_ACK_LIMIT):
            self._restart(now_ns)
        elif not state.closed and not state.suspended:
            self._abandon(ConditionCode.POSITIVE_ACK_LIMIT)
