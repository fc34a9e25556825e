"""What the ground's file delivery remembers over a restart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from flightsw.hal.errors import PortError
from flightsw.hal.nvm import DirectoryNvm
from flightsw.services.number_reservation import NumberReservation
from flightsw.services.store import Store, StoreError
from ops_tools.ground.events import GroundEvent
from ops_tools.ground.guarded_files import MEMORY_FOLDER
from tlm_cmd.cfdp.entity_state import EntityState
from tlm_cmd.definition.message import Severity

MAX_MEMORY_OCTETS = 64 * 1024 * 1024
TRANSFER_NUMBERS = 2**32
_ENTRY, _TRANSACTIONS, _TRANSFERS = "delivery", "transactions", "transfers"

MemoryListener = Callable[[GroundEvent, Severity, str], None]


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
    old, so whoever keeps files keeps this too. Numbers are reserved ahead, and each life goes on behind those of the
    one before, whatever of it was not saved.

    Args:
        directory: of the files.
        sequence_octets: length of the numbers of transactions.
        tell: takes what is found damaged, that saving has begun to fail, and that it goes well again.

    Attributes:
        directory: of the files.
        errors: times that it could not be written or read.
    """

    def __init__(
        self,
        directory: Path,
        sequence_octets: int,
        tell: MemoryListener = lambda _event, _severity, _text: None,
    ) -> None:
        self.directory = directory
        self.errors = 0
        self._tell = tell
        self._failing = False
        memory = DirectoryNvm(directory / MEMORY_FOLDER, 4 * MAX_MEMORY_OCTETS)
        self._store = Store(memory, max_entry_octets=MAX_MEMORY_OCTETS)
        self._transactions = NumberReservation(self._store, _TRANSACTIONS, 1 << 8 * sequence_octets)
        self._transfers = NumberReservation(self._store, _TRANSFERS, TRANSFER_NUMBERS)

    def load(self) -> KeptDelivery:
        """What was saved last; its numbers have not been used, as far as that can be known."""
        recalled = self._store.recall(_ENTRY)
        found = None if recalled.data is None else _decoded(recalled.data)
        kept = found or KeptDelivery()
        kept.entity.next_sequence = self._transactions.begin(kept.entity.next_sequence)
        kept.transfers = self._transfers.begin(kept.transfers + 1) - 1
        lost = found is None and (recalled.data is not None or recalled.corrupt > 0)
        if lost:
            text = "the memory of file delivery is lost: transfers that were under way are forgotten"
        elif recalled.corrupt:
            text = "the memory of file delivery is damaged: its other copy is taken, which may be older"
        elif self._transactions.forgotten or self._transfers.forgotten:
            text = "the memory of file delivery is damaged: which numbers were used is forgotten"
        else:
            return kept
        self.errors += 1
        text = f"{text}; transactions go on at number {kept.entity.next_sequence}"
        self._tell(GroundEvent.FILE_MEMORY, Severity.ERROR, text)
        return kept

    def save(self, entity: EntityState, transfers: int) -> None:
        """Save it, and reserve numbers if few are left."""
        try:
            self._transactions.prepare(entity.next_sequence)
            self._transfers.prepare(transfers + 1)
            self._store.save_twice(_ENTRY, msgspec.msgpack.encode(KeptDelivery(entity, transfers)))
        except (StoreError, PortError) as error:
            self.errors += 1
            if not self._failing:
                text = f"what file delivery remembers over a restart is not saved: {error}"
                self._tell(GroundEvent.FILE_MEMORY_NOT_SAVED, Severity.ERROR, text)
            self._failing = True
            return
        if self._failing:
            text = "what file delivery remembers over a restart is saved again"
            self._tell(GroundEvent.FILE_MEMORY_SAVED, Severity.INFO, text)
        self._failing = False


def _decoded(data: bytes) -> KeptDelivery | None:
    try:
        return msgspec.msgpack.decode(data, type=KeptDelivery)
    except msgspec.DecodeError:
        return None
