"""How the parts of a file are taken in (CCSDS 727.0-B-5, 4.6.1.2 and 4.6.4.3)."""

from tlm_cmd.cfdp.checksums import RunningChecksum
from tlm_cmd.cfdp.codes import ConditionCode
from tlm_cmd.cfdp.errors import FilestoreError
from tlm_cmd.cfdp.receiver_ending import ReceiverEnding
from tlm_cmd.cfdp.receiver_state import ReceiverPhase


class ReceiverIntake(ReceiverEnding):
    """The part of a receiver that writes what is new of each segment, and sees the gaps."""

    def receive_segment(self, offset: int, data: bytes, now_ns: int) -> bool:
        """Take a part of the file, and return whether there may be something to be sent now.

        Args:
            offset: its place in the file.
            data: the part.
            now_ns: the time.
        """
        state = self._state
        counters = state.counters
        counters.segments += 1
        phase = state.phase
        if state.closed or (phase is not ReceiverPhase.RECEIVING and phase is not ReceiverPhase.AWAITING_DATA):
            counters.late_segments += 1
            return False
        end = offset + len(data)
        if end > state.limit:
            counters.refused_segments += 1
            self._fault(ConditionCode.FILE_SIZE_ERROR)
            return True
        ends = state.received.ends
        if not ends or ends[-1] != offset or not data:
            return self._take_elsewhere(offset, data, now_ns)
        try:
            self.environment.filestore.write(self._name, offset, data)
        except FilestoreError:
            return self._refuse_segment()
        ends[-1] = end
        state.checksum.add(offset, data)
        counters.new_segments += 1
        counters.octets += end - offset
        state.heard_ns = now_ns
        if phase is ReceiverPhase.RECEIVING:
            return False
        state.expiries = 0
        self._check_complete(now_ns)
        return True

    def _take_elsewhere(self, offset: int, data: bytes, now_ns: int) -> bool:
        """Take a part that does not go on where the last one ended: only what is new of it."""
        state, counters = self._state, self._state.counters
        received, end = state.received, offset + len(data)
        parts, most = len(received.starts), self.environment.local.max_parts
        new = received.gaps(offset, end, parts + 1)
        if state.phase is ReceiverPhase.RECEIVING:
            state.heard_ns = now_ns
        if not new:
            counters.repeated_segments += 1
            return False
        if parts >= most and not received.touches(offset, end):
            counters.refused_segments += 1
            return False
        try:
            self._begin_file()
            for start, stop in new:
                self.environment.filestore.write(self._name, start, data[start - offset : stop - offset])
        except FilestoreError:
            return self._refuse_segment()
        extent = received.extent
        received.add(offset, end)
        for start, stop in new:
            state.checksum.add(start, data[start - offset : stop - offset])
            counters.octets += stop - start
        counters.new_segments += 1
        state.heard_ns = now_ns
        if state.phase is ReceiverPhase.RECEIVING:
            return offset > extent and self._see_gap(extent, offset)
        state.expiries = 0
        self._check_complete(now_ns)
        return True

    def restart(self, now_ns: int) -> None:
        """Begin all waiting anew, after the entity was away and its clock may have begun anew.

        If the file of what had come is no longer there, or shorter than it was, all is asked for again.
        """
        state = self._state
        if state.finished is None and self._kept_octets() < state.received.extent:
            state.received.clear()
            state.file_begun = False
            state.checksum = RunningChecksum(state.checksum.checksum_type)
            if state.phase is ReceiverPhase.VERIFYING:
                state.phase = ReceiverPhase.AWAITING_DATA
        super().restart(now_ns)

    def _kept_octets(self) -> int:
        """Return how long the file is that takes what comes."""
        if not self._state.file_begun:
            return 0
        try:
            return self.environment.filestore.size(self._name) or 0
        except FilestoreError:
            return 0

    def _begin_file(self) -> None:
        if not self._state.file_begun:
            self.environment.filestore.create(self._name)
            self._state.file_begun = True

    def _see_gap(self, start: int, end: int) -> bool:
        """Ask for a gap when it shows, if the parameters say so; return whether it will be asked for."""
        state = self._state
        if not self.environment.remote.immediate_nak or not self._acknowledged:
            return False
        state.nak_from = start if state.nak_to < 0 else min(start, state.nak_from)
        state.nak_to = max(state.nak_to, end)
        state.metadata_missing = state.metadata is None
        return True

    def _refuse_segment(self) -> bool:
        self._state.counters.refused_segments += 1
        self._fault(ConditionCode.FILESTORE_REJECTION)
        return True
