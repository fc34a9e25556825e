"""What the ground's file delivery remembers over a restart."""

from __future__ import annotations

from pathlib import Path

import msgspec

from flightsw.hal.errors import PortError
from flightsw.hal.nvm import DirectoryNvm
from flightsw.services.store import Store, StoreError
from ops_tools.ground.guarded_files import MEMORY_FOLDER
from tlm_cmd.cfdp.entity_state import EntityState

MAX_MEMORY_OCTETS = 64 * 1024 * 1024
NUMBERS_SKIPPED = 256
"""Transactions and transfers that may have begun since an older memory was saved, and more than that."""
_ENTRY = "delivery"


class KeptDelivery(msgspec.Struct):
    """What is kept.

    Attributes:
        entity: memory of the protocol.
        transfers: number of the last transfer.
    """

    entity: EntityState = msgspec.field(default_factory=EntityState)
    transfers: int = 0


class DeliveryMemory:
    """Keeps transactions and numbers in a folder beside the files, in two copies, either of which is whole.

    Without the numbers of its earlier transactions an entity would begin again with ones that the other end takes for
    old, so whoever keeps files keeps this too. Where it is damaged, numbers go on ahead of what may have been used.

    Attributes:
        directory: of the files.
        errors: times that it could not be written or read.
        problem: what was found when it was loaded, in words; empty if nothing was wrong.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.errors = 0
        self.problem = ""
        memory = DirectoryNvm(directory / MEMORY_FOLDER, 4 * MAX_MEMORY_OCTETS)
        self._store = Store(memory, max_entry_octets=MAX_MEMORY_OCTETS)

    def load(self, sequence_octets: int) -> KeptDelivery | None:
        """What was saved last, None if nothing was; its numbers have not been used, as far as that can be known.

        Args:
            sequence_octets: length of the numbers of transactions.
        """
        recalled = self._store.recall(_ENTRY)
        kept = None if recalled.data is None else _decoded(recalled.data)
        if kept is not None and not recalled.corrupt:
            return kept
        if kept is None and recalled.data is None and not recalled.corrupt:
            return None
        self.errors += 1
        if kept is None:
            kept = KeptDelivery(EntityState(next_sequence=1 << 8 * sequence_octets - 1))
            self.problem = "the memory of file delivery is lost: transfers that were under way are forgotten"
        else:
            kept.entity.next_sequence += NUMBERS_SKIPPED
            self.problem = "the memory of file delivery is damaged: its other copy is taken, which may be older"
        self.problem += f"; transactions go on at number {kept.entity.next_sequence}"
        kept.transfers += NUMBERS_SKIPPED
        return kept

    def save(self, entity: EntityState, transfers: int) -> None:
        """Save it."""
        try:
            self._store.save_twice(_ENTRY, msgspec.msgpack.encode(KeptDelivery(entity, transfers)))
        except (StoreError, PortError):
            self.errors += 1


def _decoded(data: bytes) -> KeptDelivery | None:
    try:
        return msgspec.msgpack.decode(data, type=KeptDelivery)
    except msgspec.DecodeError:
        return None
