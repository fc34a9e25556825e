"""What a sender gives out, in which order (CCSDS 727.0-B-5, 4.6.1.1 and 4.11.2.2)."""

from struct import Struct

from tlm_cmd.cfdp.codes import ConditionCode, DeliveryCode, FileStatus, Mode, PduType
from tlm_cmd.cfdp.errors import FilestoreError
from tlm_cmd.cfdp.indications import EofSent, Report, Role, TransactionFinished
from tlm_cmd.cfdp.pdu.directives import Eof
from tlm_cmd.cfdp.sender_state import SenderPhase, SenderState
from tlm_cmd.cfdp.transaction import Environment, Transaction, TransactionState
from tlm_cmd.packets.crc import CRC_OCTETS, crc16


class SenderOutput(Transaction):
    """The part of a sender that reads the file and makes PDUs of it, until the EOF or a cancellation is out."""

    def __init__(self, state: SenderState, environment: Environment) -> None:
        super().__init__(environment)
        self._state = state
        self._prepare()

    @property
    def state(self) -> SenderState:
        """The memory; set it to restore an earlier one."""
        return self._state

    @state.setter
    def state(self, state: SenderState) -> None:
        self._state = state
        self._prepare()

    @property
    def _memory(self) -> TransactionState:
        return self._state

    def _prepare(self) -> None:
        """Work out what all PDUs with file data have in common."""
        header = self._state.header
        size_octets = 8 if header.large_file else 4
        crc_octets = CRC_OCTETS if header.crc else 0
        self._first_octet = header.first_octet(PduType.FILE_DATA)
        self._tail = header.tail(PduType.FILE_DATA)
        self._front = Struct(f">BH{len(self._tail)}s{'Q' if header.large_file else 'I'}")
        self._beside_data = size_octets + crc_octets
        remote = self.environment.remote
        room = remote.max_pdu_octets - header.octets - self._beside_data
        self._segment_octets = max(1, min(remote.max_segment_octets, room))

    def next_pdu(self, now_ns: int) -> bytes | None:
        """Return the PDU to be sent next, None if there is nothing to be sent now."""
        state = self._state
        if state.deadline_ns is not None:
            self.advance(now_ns)
        if state.frozen:
            return None
        if state.ack_due is not None or state.suspended or state.closed:
            return self._next_ack()
        if state.metadata_due or state.eof_due or state.prompt_due is not None:
            return self._next_directive(now_ns)
        return self._next_segment(now_ns)

    def _next_ack(self) -> bytes | None:
        """Return the acknowledgement that is owed, if one is."""
        state = self._state
        ack, state.ack_due = state.ack_due, None
        if ack is None:
            return None
        state.counters.acks += 1
        return self._pack(ack)

    def _next_directive(self, now_ns: int) -> bytes:
        """Return what goes before the file: one of these is due."""
        state = self._state
        if state.metadata_due:
            state.metadata_due = False
            state.counters.metadata += 1
            return self._pack(state.metadata)
        prompt = state.prompt_due
        if state.eof_due or prompt is None:
            return self._eof(now_ns)
        state.prompt_due = None
        state.counters.prompts += 1
        return self._pack(prompt)

    def _next_segment(self, now_ns: int) -> bytes | None:
        """Return the next part of the file: what was asked for again first."""
        state = self._state
        counters = state.counters
        first_time = not state.pending.starts
        if first_time:
            offset = state.sent
            end = min(offset + self._segment_octets, state.metadata.file_size)
            if state.phase is not SenderPhase.SENDING:
                return None
            if offset == end:
                return self._eof(now_ns)
        else:
            offset, end = state.pending.take_first(self._segment_octets)
        octets = end - offset
        try:
            data = self._read(offset, octets)
        except FilestoreError:
            if not first_time:
                state.pending.add(offset, end)
            self._fail_to_read()
            return self.next_pdu(now_ns)
        if first_time:
            state.checksum.add(offset, data)
            state.sent = end
        else:
            counters.repeated_octets += octets
        counters.file_data += 1
        counters.octets += octets
        front = self._front.pack(self._first_octet, octets + self._beside_data, self._tail, offset)
        if state.header.crc:
            pdu = front + data
            return pdu + crc16(pdu).to_bytes(CRC_OCTETS, "big")
        return front + data

    def _read(self, offset: int, octets: int) -> bytes:
        """Return a part of the file.

        Raises:
            FilestoreError: it cannot be read, or the file has become shorter.
        """
        request = self._state.request
        if request.content is not None:
            return request.content[offset : offset + octets]
        data = self.environment.filestore.read(request.source_file, offset, octets)
        if len(data) != octets:
            raise FilestoreError("read", request.source_file, f"ends before {offset + octets} octets")
        return data

    def _fail_to_read(self) -> None:
        """Declare the fault; there is no going on without the data, so ignoring it cancels as well."""
        if self._fault(ConditionCode.FILESTORE_REJECTION):
            self._cancel(ConditionCode.FILESTORE_REJECTION)

    def _eof(self, now_ns: int) -> bytes:
        """Return the EOF, and begin to wait for the answer to it."""
        state, remote = self._state, self.environment.remote
        state.eof_due = False
        state.counters.eofs += 1
        acknowledged = state.header.mode is Mode.ACKNOWLEDGED
        cancelling = state.phase is SenderPhase.CANCELLING
        if not cancelling and not state.eof_indicated:
            state.eof_indicated = True
            self.environment.indicate(EofSent(state.transaction))
        if acknowledged:
            state.deadline_ns = now_ns + remote.ack_timeout_ns
            if not cancelling:
                state.phase = SenderPhase.AWAITING_ACK
        elif not cancelling and state.metadata.closure_requested:
            state.phase = SenderPhase.AWAITING_FINISHED
            state.deadline_ns = now_ns + remote.check_timeout_ns
        else:
            state.closed = True
            if not cancelling:
                self._finish(ConditionCode.NO_ERROR, DeliveryCode.COMPLETE, FileStatus.UNREPORTED)
        condition = state.condition if cancelling else ConditionCode.NO_ERROR
        location = self.environment.local.entity_id if cancelling else None
        return self._pack(Eof(state.checksum.value, state.sent, condition, location))

    def _cancel(self, condition: ConditionCode) -> None:
        state = self._state
        if state.closed or state.phase is SenderPhase.CANCELLING:
            return
        state.phase = SenderPhase.CANCELLING
        state.condition = condition
        state.suspended = False
        state.pending.clear()
        state.metadata_due, state.prompt_due = False, None
        state.deadline_ns, state.expiries = None, 0
        state.eof_due = True
        self._finish(condition, DeliveryCode.INCOMPLETE, FileStatus.UNREPORTED)

    def _finish(self, condition: ConditionCode, delivery: DeliveryCode, status: FileStatus) -> None:
        self.environment.indicate(TransactionFinished(self._state.transaction, condition, delivery, status))

    def progress(self) -> int:
        """Return how far the file has been sent for the first time [octets]."""
        return self._state.sent

    def report(self) -> Report:
        """Return how the transaction stands."""
        state = self._state
        return Report(
            transaction=state.transaction,
            role=Role.SENDER,
            phase="closed" if state.closed else state.phase.value,
            progress=state.sent,
            file_size=state.metadata.file_size,
            missing_octets=state.pending.octets,
            suspended=state.suspended,
            frozen=state.frozen,
            condition=state.condition,
        )
