"""What the file transfer reports of itself. Pure."""

from __future__ import annotations

from apps.file_transfer.messages import FileTransferStatus
from apps.file_transfer.state import FileTransferState

MAX_U16, MAX_U32 = 2**16 - 1, 2**32 - 1


def status_of(state: FileTransferState, file_octets: int) -> FileTransferStatus:
    """What passes, and what became of transactions; ``file_octets`` are those of all received files."""
    counters = state.entity.counters
    return FileTransferStatus(
        link_open=state.link_open,
        sending=len(state.entity.senders),
        receiving=len(state.entity.receivers),
        finished=state.finished & MAX_U32,
        failed=state.failed & MAX_U32,
        pdus_out=state.traffic_out.pdus & MAX_U32,
        octets_out=state.traffic_out.octets,
        file_data_out=state.traffic_out.file_data & MAX_U32,
        naks_out=state.traffic_out.nak & MAX_U32,
        pdus_in=state.traffic_in.pdus & MAX_U32,
        octets_in=state.traffic_in.octets,
        file_data_in=state.traffic_in.file_data & MAX_U32,
        naks_in=state.traffic_in.nak & MAX_U32,
        accepted=counters.accepted & MAX_U32,
        late=counters.late & MAX_U32,
        malformed=counters.malformed & MAX_U32,
        refused=(counters.refused - counters.malformed) & MAX_U32,
        lost_on_board=state.lost_on_board & MAX_U32,
        files=min(len(state.names.files), MAX_U16),
        file_octets=file_octets,
        errors=state.errors & MAX_U32,
        messages_refused=(counters.messages_refused + counters.messages_unknown) & MAX_U32,
        responses_failed=counters.failed_responses & MAX_U32,
        dropped=counters.dropped & MAX_U32,
        unreserved=state.unreserved & MAX_U32,
    )
