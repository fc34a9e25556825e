"""What the file transfer remembers."""

from __future__ import annotations

import msgspec

from apps.file_transfer.name_table import NameTableState
from apps.file_transfer.pacing import PacingState
from apps.file_transfer.transfers import Transfer
from tlm_cmd.cfdp.entity_state import EntityState
from tlm_cmd.cfdp.traffic import PduTraffic


class FileTransferState(msgspec.Struct):
    """What the app remembers.

    Attributes:
        entity: memory of the protocol.
        names: of the files.
        transfers: transactions that are going on and have been told of.
        pacing: what is known of the downlink.
        pointed: the spacecraft is in contact and points its antennas down.
        link_open: files go down and up now.
        traffic_in, traffic_out: PDUs by kind.
        finished: transactions whose file arrived.
        failed: transactions that ended without.
        lost_on_board: PDUs that the bus refused.
        errors: times that the mass memory did not do what it was asked.
        unreserved: times that transaction numbers could not be reserved over a reset.
    """

    entity: EntityState = msgspec.field(default_factory=EntityState)
    names: NameTableState = msgspec.field(default_factory=NameTableState)
    transfers: list[Transfer] = []
    pacing: PacingState = msgspec.field(default_factory=PacingState)
    pointed: bool = False
    link_open: bool = False
    traffic_in: PduTraffic = msgspec.field(default_factory=PduTraffic)
    traffic_out: PduTraffic = msgspec.field(default_factory=PduTraffic)
    finished: int = 0
    failed: int = 0
    lost_on_board: int = 0
    errors: int = 0
    unreserved: int = 0
