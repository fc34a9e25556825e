"""What the event log says of files."""

from __future__ import annotations

from ops_tools.ground.events import EventLog, GroundEvent
from ops_tools.ground.files import StoredFile
from ops_tools.ground.transfers import Transfer, TransferKind, TransferOutcome
from tlm_cmd.cfdp.codes import ConditionCode
from tlm_cmd.definition.message import Severity


def tell_of_file(events: EventLog, transfer: Transfer, file: StoredFile | None) -> None:
    """Note a transfer that is over; of listings only those that failed, since people have asked for them and wait."""
    now_ns = transfer.ended_ns or 0
    if transfer.outcome is TransferOutcome.FINISHED:
        if transfer.kind is TransferKind.PUT:
            text = f"{transfer.remote} is on board, {transfer.octets} octets"
            events.note(GroundEvent.FILE_SENT, Severity.INFO, text, now_ns)
        elif transfer.kind is not TransferKind.LISTING and file is not None:
            name = transfer.remote if file.product is None else f"product {file.product}"
            events.note(GroundEvent.FILE_COMPLETE, Severity.INFO, f"{name} complete, {file.octets} octets", now_ns)
        return
    if transfer.condition is ConditionCode.CHECKSUM_FAILURE:
        text = f"{transfer.remote} dropped: all octets came, but its checksum is wrong; have it sent once more"
        events.note(GroundEvent.FILE_CORRUPT, Severity.ERROR, text, now_ns)
        return
    reason = transfer.reason or transfer.condition.name.replace("_", " ").lower()
    cancelled = transfer.outcome is TransferOutcome.CANCELLED
    text = f"{transfer.remote} {transfer.outcome.value}" + ("" if cancelled else f": {reason}")
    events.note(GroundEvent.FILE_FAILED, Severity.INFO if cancelled else Severity.ERROR, text, now_ns)
