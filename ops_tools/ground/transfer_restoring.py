"""How the ground goes on with the transfers of an earlier run."""

from __future__ import annotations

import contextlib
import re

from ops_tools.ground.files import FileStore
from ops_tools.ground.guarded_files import OUTGOING
from ops_tools.ground.transfers import TransferBook, TransferKind
from tlm_cmd.cfdp.codes import DeliveryCode, FileStatus
from tlm_cmd.cfdp.delivery import partial_name
from tlm_cmd.cfdp.entity_state import EntityState
from tlm_cmd.cfdp.errors import FilestoreError
from tlm_cmd.cfdp.indications import TransactionFinished
from tlm_cmd.cfdp.parameters import LocalEntity
from tlm_cmd.cfdp.receiver_state import ReceiverState
from tlm_cmd.cfdp.sender_state import SenderPhase, SenderState


class TransferRestoring:
    """Puts down the transfers of a memory that was kept.

    Args:
        transfers: to which they are added.
        files: where their files are.
        local: the ground's entity.
    """

    def __init__(self, transfers: TransferBook, files: FileStore, local: LocalEntity) -> None:
        self._transfers = transfers
        self._files = files
        self._local = local

    def restore(self, state: EntityState) -> list[TransactionFinished]:
        """Put all down, and return what became of those that only wait for the other end to hear it."""
        over = [self._sending(sender) for sender in state.senders]
        over += [self._receiving(receiver) for receiver in state.receivers]
        return [each for each in over if each is not None]

    def _sending(self, sender: SenderState) -> TransactionFinished | None:
        metadata = sender.metadata
        if sender.closed or not metadata.source_file:
            return None
        transfer = self._transfers.begin(TransferKind.PUT, metadata.destination_file, metadata.source_file, 0)
        transfer.transaction, transfer.octets = sender.transaction, metadata.file_size
        if sender.phase is not SenderPhase.CANCELLING:
            return None
        return TransactionFinished(sender.transaction, sender.condition, DeliveryCode.INCOMPLETE, FileStatus.UNREPORTED)

    def _receiving(self, receiver: ReceiverState) -> TransactionFinished | None:
        metadata, finished = receiver.metadata, receiver.finished
        if metadata is not None and metadata.has_file:
            transfer = self._transfers.begin(TransferKind.DOWN, metadata.source_file, metadata.destination_file, 0)
            transfer.transaction, transfer.octets = receiver.transaction, metadata.file_size
            if finished is None:  # it may have got its name already, when that was not saved any more
                self._files.guarded.allow_rename(
                    partial_name(receiver.transaction, self._local), metadata.destination_file
                )
        if finished is None:
            return None
        return TransactionFinished(receiver.transaction, finished.condition, finished.delivery, finished.file_status)

    def remove_left_overs(self, state: EntityState) -> None:
        """Delete what was to go up, and parts of what was coming, of which no transaction knows any more."""
        outgoing = {sender.metadata.source_file for sender in state.senders}
        coming = {partial_name(receiver.transaction, self._local) for receiver in state.receivers}
        part = re.compile(rf"{re.escape(self._local.partial_prefix)}\d+-\d+")
        for name in self._names(OUTGOING):
            if f"{OUTGOING}/{name}" not in outgoing:
                self._delete(f"{OUTGOING}/{name}")
        for name in self._names(""):
            if part.fullmatch(name) and name not in coming:
                self._delete(name)

    def _names(self, directory: str) -> list[str]:
        """The files in a directory; none if there is no such directory."""
        try:
            return [each.name for each in self._files.filestore.list_directory(directory) if each.octets is not None]
        except FilestoreError:
            return []

    def _delete(self, name: str) -> None:
        with contextlib.suppress(FilestoreError):  # what cannot be deleted is tried again by the next life
            self._files.filestore.delete(name)
