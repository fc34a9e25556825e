"""How a transaction ends at the receiver (CCSDS 727.0-B-5, 4.6.1.2, 4.6.6 and 4.11.1.2)."""

from tlm_cmd.cfdp.codes import ConditionCode, DeliveryCode, FileStatus, Mode
from tlm_cmd.cfdp.delivery import checksum_matches, clean_up, commit, fitting, partial_name, read_back
from tlm_cmd.cfdp.errors import FilestoreError
from tlm_cmd.cfdp.filestore_actions import perform
from tlm_cmd.cfdp.indications import Report, Role, TransactionFinished
from tlm_cmd.cfdp.pdu.directives import Finished
from tlm_cmd.cfdp.receiver_state import ReceiverPhase, ReceiverState
from tlm_cmd.cfdp.transaction import Environment, Transaction, TransactionState


class ReceiverEnding(Transaction):
    """The part of a receiver that verifies a file, delivers it or gives it up, and says so."""

    def __init__(self, state: ReceiverState, environment: Environment) -> None:
        super().__init__(environment)
        self._state = state
        self._name = partial_name(state.transaction, environment.local)

    @property
    def state(self) -> ReceiverState:
        """The memory; set it to restore an earlier one."""
        return self._state

    @state.setter
    def state(self, state: ReceiverState) -> None:
        self._state = state
        self._name = partial_name(state.transaction, self.environment.local)

    @property
    def _memory(self) -> TransactionState:
        return self._state

    @property
    def _acknowledged(self) -> bool:
        return self._state.header.mode is Mode.ACKNOWLEDGED

    def _check_complete(self, now_ns: int) -> None:
        """Go on to the checksum if all has come."""
        state = self._state
        if state.metadata is None or state.eof is None or state.phase is not ReceiverPhase.AWAITING_DATA:
            return
        if state.received.covers(state.limit) or not state.metadata.has_file:
            state.phase = ReceiverPhase.VERIFYING
            state.nak_to = -1
            self._verify(now_ns)

    def _verify(self, now_ns: int) -> None:
        """Compute what is left of the checksum, or a step of it, and deliver the file if it is right."""
        state = self._state
        if state.metadata is not None and state.metadata.has_file:
            try:
                if not read_back(state, self.environment):
                    state.deadline_ns = None if state.suspended or state.frozen else now_ns
                    return
            except FilestoreError:
                self._fail_to_deliver()
                return
            if not checksum_matches(state):
                if self._fault(ConditionCode.CHECKSUM_FAILURE):
                    self._deliver(ConditionCode.CHECKSUM_FAILURE, DeliveryCode.COMPLETE)
                return
        unsupported = state.checksum_unsupported
        condition = ConditionCode.UNSUPPORTED_CHECKSUM if unsupported else ConditionCode.NO_ERROR
        self._deliver(condition, DeliveryCode.COMPLETE)

    def _deliver(self, condition: ConditionCode, delivery: DeliveryCode) -> None:
        """Give the file its name and do what is to be done then (4.11.1.2)."""
        state = self._state
        try:
            status = commit(state, self.environment)
        except FilestoreError:
            self._fail_to_deliver()
            return
        requests = () if state.metadata is None else state.metadata.filestore_requests
        responses = fitting(perform(requests, self.environment.filestore))
        location = None
        if condition not in (ConditionCode.NO_ERROR, ConditionCode.UNSUPPORTED_CHECKSUM):
            location = self.environment.local.entity_id
        self._finish(Finished(condition, delivery, status, responses, location))

    def _fail_to_deliver(self) -> None:
        """Declare that the filestore does not take the file; ignoring this cancels as well, for there is no file."""
        if self._fault(ConditionCode.FILESTORE_REJECTION):
            self._cancel(ConditionCode.FILESTORE_REJECTION)

    def _finish(self, finished: Finished) -> None:
        """End the transaction here, and tell the sender if it wants to know."""
        state = self._state
        state.finished = finished
        state.condition = finished.condition
        state.phase = ReceiverPhase.FINISHING
        state.nak_to, state.keep_alive_ns, state.keep_alive_due = -1, None, False
        state.deadline_ns, state.expiries = None, 0
        closure = state.metadata is not None and state.metadata.closure_requested
        if self._acknowledged or closure:
            state.finished_due = True
        else:
            state.closed = True
        self.environment.indicate(
            TransactionFinished(
                state.transaction, finished.condition, finished.delivery, finished.file_status, finished.responses
            )
        )

    def _cancel(self, condition: ConditionCode) -> None:
        state = self._state
        if state.closed or state.finished is not None:
            return
        state.suspended = False
        self._finish(self._given_up(condition, self.environment.local.entity_id))

    def _close_cancelled(self, condition: ConditionCode) -> None:
        """End the transaction because the sender did; it wants no Finished (4.6.6.1)."""
        self._state.suspended = False
        self._finish(self._given_up(condition, self.environment.remote.entity_id))
        self._state.finished_due = False
        self._state.closed = True

    def _given_up(self, condition: ConditionCode, location: int) -> Finished:
        """Dispose of what has come and say so."""
        status = clean_up(self._state, self.environment)
        if condition is ConditionCode.FILESTORE_REJECTION and status is FileStatus.DISCARDED:
            status = FileStatus.REJECTED
        has_location = condition is not ConditionCode.UNSUPPORTED_CHECKSUM
        return Finished(condition, DeliveryCode.INCOMPLETE, status, (), location if has_location else None)

    def _abandon(self, condition: ConditionCode) -> None:
        clean_up(self._state, self.environment)
        super()._abandon(condition)

    def _fail_to_complete(self) -> None:
        """Declare that unacknowledged data did not come; if that is ignored, the file is delivered as it is."""
        if not self._fault(ConditionCode.CHECK_LIMIT):
            return
        if self._state.metadata is None:
            self._cancel(ConditionCode.CHECK_LIMIT)
        else:
            self._deliver(ConditionCode.CHECK_LIMIT, DeliveryCode.INCOMPLETE)

    @property
    def _can_rest(self) -> bool:
        """Unacknowledged transactions do not rest at the receiver: the sender would not know (4.11.2.5.2)."""
        return self._acknowledged

    def progress(self) -> int:
        """Return the end of the last part that has arrived [octets]."""
        return self._state.received.extent

    def report(self) -> Report:
        """Return how the transaction stands."""
        state = self._state
        size = None if state.metadata is None else state.metadata.file_size
        if state.eof is not None:
            size = state.limit
        return Report(
            transaction=state.transaction,
            role=Role.RECEIVER,
            phase="closed" if state.closed else state.phase.value,
            progress=state.received.extent,
            file_size=size,
            missing_octets=state.received.extent - state.received.octets,
            suspended=state.suspended,
            frozen=state.frozen,
            condition=state.condition,
        )
