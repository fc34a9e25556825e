"""What becomes of the ground's transfers, as its file delivery entity tells it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import assert_never

from ops_tools.ground.delivery_memory import DeliveryMemory
from ops_tools.ground.files import FileStore, StoredFile
from ops_tools.ground.guarded_files import MEMORY_FOLDER
from ops_tools.ground.transfer_restoring import TransferRestoring
from ops_tools.ground.transfers import (
    Transfer,
    TransferBook,
    TransferKind,
    TransferOutcome,
    TransferRefusedError,
)
from tlm_cmd.cfdp.codes import ConditionCode, DeliveryCode
from tlm_cmd.cfdp.entity import Entity
from tlm_cmd.cfdp.errors import FilestoreError, UnknownEntityError, UnknownTransactionError
from tlm_cmd.cfdp.indications import (
    Abandoned,
    DirectoryListed,
    EofReceived,
    EofSent,
    Fault,
    Indication,
    MetadataReceived,
    ProxyPutFinished,
    Report,
    Resumed,
    SegmentReceived,
    Suspended,
    TransactionFinished,
    TransactionStarted,
)
from tlm_cmd.cfdp.requests import TransactionId
from tlm_cmd.cfdp.user_messages import OriginatingTransaction, is_reserved, unpack_reserved
from tlm_cmd.errors import ProtocolError

TransferListener = Callable[[Transfer, StoredFile | None], None]


class TransferTracker:
    """Keeps the book of transfers.

    Args:
        entity: whose transactions they are.
        files: where files are kept.
        tell: takes the transfers that are over, with the file if one has come down.
        memory: keeps transactions over a restart of the ground; None if nothing does.

    Attributes:
        transfers: all of them.

    Raises:
        TransferRefusedError: what is kept are transfers with somebody else.
    """

    def __init__(self, entity: Entity, files: FileStore, tell: TransferListener, memory: DeliveryMemory | None) -> None:
        self.transfers = TransferBook()
        self._entity = entity
        self._files = files
        self._tell = tell
        self._memory = memory
        self._restore()
        self.keep()

    def _restore(self) -> None:
        """Go on with the transactions of an earlier life."""
        memory = self._memory
        if memory is None:
            return
        kept = memory.load()
        state = kept.entity
        try:
            self._entity.state = state
        except UnknownEntityError as error:
            raise TransferRefusedError(
                f"{memory.directory} holds transfers that are under way with entity {error.entity_id}, which this "
                f"mission does not have; give another directory for files, or remove {MEMORY_FOLDER} in it to give "
                "them up"
            ) from error
        self._entity.restart(0)
        self.transfers.go_on_behind(kept.transfers)
        restoring = TransferRestoring(self.transfers, self._files, self._entity.local)
        for finished in restoring.restore(state):
            self._over(finished, 0)
        restoring.remove_left_overs(state)

    def refresh(self) -> TransferBook:
        """All transfers, each with how it stands now."""
        for transfer in self.transfers.open:
            transaction = transfer.transaction
            if transaction is None:
                continue
            try:
                report = self._entity.report(transaction)
            except UnknownTransactionError:
                continue
            transfer.progress, transfer.missing = report.progress, report.missing_octets
            transfer.suspended = report.suspended
            transfer.phase = "suspended" if report.suspended else report.phase
            if report.frozen and not report.suspended:
                transfer.phase = f"{report.phase}, out of contact"
        return self.transfers

    def follow(self, now_ns: int) -> None:
        """Put down what the entity has told since the last call."""
        if not self._entity.state.indications:
            return
        while indications := self._entity.take_indications():
            for indication in indications:
                self._follow_indication(indication, now_ns)
        self.keep()

    def _follow_indication(self, indication: Indication, now_ns: int) -> None:
        match indication:
            case MetadataReceived():
                self._begin_down(indication, now_ns)
            case TransactionFinished() | Abandoned():
                self._over(indication, now_ns)
            case ProxyPutFinished():
                self._answered(indication, now_ns)
            case DirectoryListed():
                self._listed(indication, now_ns)
            case (
                TransactionStarted()
                | EofSent()
                | EofReceived()
                | SegmentReceived()
                | Suspended()
                | Resumed()
                | Fault()
                | Report()
            ):
                pass
            case _:
                assert_never(indication)

    def _begin_down(self, received: MetadataReceived, now_ns: int) -> None:
        """A file is coming: one that was asked for, or one that the spacecraft sends by itself."""
        metadata = received.metadata
        if not metadata.has_file:
            return
        asked_by = _originating(metadata.messages)
        transfer = None if asked_by is None else self.transfers.asked_by(asked_by)
        if transfer is not None and transfer.outcome is TransferOutcome.CANCELLED:
            with contextlib.suppress(UnknownTransactionError):
                self._entity.cancel(received.transaction)
            return
        if transfer is None or not transfer.open:
            transfer = self.transfers.begin(TransferKind.DOWN, metadata.source_file, metadata.destination_file, now_ns)
        transfer.transaction, transfer.octets = received.transaction, metadata.file_size
        try:
            self._files.check_new(metadata.destination_file, metadata.file_size)
        except FilestoreError as error:
            transfer.reason = f"refused on ground: {error.reason}"
            with contextlib.suppress(UnknownTransactionError):  # it has ended with the same PDU
                self._entity.cancel(received.transaction, ConditionCode.FILESTORE_REJECTION)

    def _over(self, ended: TransactionFinished | Abandoned, now_ns: int) -> None:
        arrived = (
            isinstance(ended, TransactionFinished)
            and ended.condition in (ConditionCode.NO_ERROR, ConditionCode.UNSUPPORTED_CHECKSUM)
            and ended.delivery is DeliveryCode.COMPLETE
        )
        transfer = self.transfers.carried_by(ended.transaction)
        if transfer is not None:
            self._close(transfer, ended.condition, now_ns, arrived=arrived)
        elif not arrived and (asking := self.transfers.asked_by(ended.transaction)) is not None:
            self._close(asking, ended.condition, now_ns, arrived=False)

    def _close(self, transfer: Transfer, condition: ConditionCode, now_ns: int, *, arrived: bool) -> None:
        if arrived:
            self.end(transfer, TransferOutcome.FINISHED, condition, now_ns)
        elif condition is ConditionCode.CANCEL_REQUEST:
            self.end(transfer, TransferOutcome.CANCELLED, condition, now_ns)
        else:
            self.end(transfer, TransferOutcome.FAILED, condition, now_ns)

    def _answered(self, finished: ProxyPutFinished, now_ns: int) -> None:
        """The spacecraft says what became of a file that it was asked for; one that has come says so itself."""
        transfer = self.transfers.asked_by(finished.originating)
        if transfer is not None and (transfer.transaction is None or finished.condition is not ConditionCode.NO_ERROR):
            reason = "" if finished.condition is ConditionCode.NO_ERROR else "the spacecraft could not send it"
            self.end(transfer, TransferOutcome.FAILED, finished.condition, now_ns, reason)

    def _listed(self, listed: DirectoryListed, now_ns: int) -> None:
        transfer = None if listed.originating is None else self.transfers.asked_by(listed.originating)
        if transfer is not None and not listed.successful:
            reason = "the spacecraft has no such directory, or its listing is too long"
            self.end(transfer, TransferOutcome.FAILED, ConditionCode.NO_ERROR, now_ns, reason)

    def end(
        self,
        transfer: Transfer,
        outcome: TransferOutcome,
        condition: ConditionCode,
        now_ns: int,
        reason: str = "",
    ) -> None:
        """Put down what became of a transfer, once, and tell it."""
        if not transfer.open:
            return
        transfer.end(outcome, condition, now_ns, reason)
        file = None
        if transfer.kind is TransferKind.PUT:
            self._remove(transfer.local)
        elif outcome is TransferOutcome.FINISHED:
            file = self._files.add(transfer.local, now_ns)
            transfer.progress = transfer.octets or 0
        elif condition is ConditionCode.CHECKSUM_FAILURE:
            self._files.counters.corrupt += 1
        else:
            self._files.counters.failed += 1
        self._tell(transfer, file)

    def _remove(self, name: str) -> None:
        try:
            self._files.filestore.delete(name)
        except ProtocolError:
            return

    def keep(self) -> None:
        """Save the memory of the entity, if it is kept."""
        if self._memory is not None:
            self._memory.save(self._entity.state, self.transfers.last_number)


def _originating(messages: tuple[bytes, ...]) -> TransactionId | None:
    """The transaction because of which a file is sent, if its metadata say so."""
    for message in messages:
        try:
            if is_reserved(message) and isinstance(found := unpack_reserved(message), OriginatingTransaction):
                return found.transaction
        except ProtocolError:
            continue
    return None
