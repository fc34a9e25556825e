"""Files that the spacecraft was asked for and that do not come (CCSDS 727.0-B-5, section 6.2)."""

from __future__ import annotations

import contextlib

from ops_tools.ground.transfer_tracking import TransferTracker
from ops_tools.ground.transfers import Transfer, TransferKind, TransferOutcome
from tlm_cmd.cfdp.codes import ConditionCode
from tlm_cmd.cfdp.entity import Entity
from tlm_cmd.cfdp.parameters import RemoteEntity
from tlm_cmd.cfdp.requests import PutRequest
from tlm_cmd.cfdp.user_messages import OriginatingTransaction, ProxyPutCancel
from tlm_cmd.errors import ProtocolError

WAIT_STEP_NS = 1_000_000_000
"""How often it is looked."""


class RequestWatch:
    """Waits in contact for what was asked for, for a limited time.

    Args:
        entity: asks.
        spacecraft: is asked.
        tracker: has the transfers.

    Attributes:
        patience_ns: how long in contact a file is waited for, once its request was delivered.
    """

    def __init__(self, entity: Entity, spacecraft: RemoteEntity, tracker: TransferTracker) -> None:
        self.patience_ns = 2 * spacecraft.inactivity_timeout_ns
        self._entity = entity
        self._spacecraft = spacecraft.entity_id
        self._tracker = tracker
        self._looked_ns = 0

    def contact_begins(self, now_ns: int) -> None:
        """Time counts from here."""
        self._looked_ns = now_ns

    def step(self, now_ns: int) -> None:
        """Let time in contact pass, and give up what has not been answered, and what the entity does not know."""
        elapsed_ns = now_ns - self._looked_ns
        if 0 <= elapsed_ns < WAIT_STEP_NS:
            return
        self._looked_ns = now_ns
        going_on = self._tracker.transfers.open
        if not going_on:
            return
        under_way = frozenset(self._entity.transactions)
        for transfer in going_on:
            if transfer.transaction is not None:
                if transfer.transaction not in under_way:
                    reason = "its transaction is over, and nothing was told of how it ended"
                    self._tracker.end(transfer, TransferOutcome.FAILED, ConditionCode.NO_ERROR, now_ns, reason)
                continue
            if transfer.asked_by is None or transfer.asked_by in under_way:
                continue
            transfer.unanswered_ns += max(0, elapsed_ns)
            if transfer.unanswered_ns > self.patience_ns:
                self.take_back(transfer)
                reason = "the spacecraft does not answer"
                self._tracker.end(transfer, TransferOutcome.FAILED, ConditionCode.INACTIVITY, now_ns, reason)

    def take_back(self, transfer: Transfer) -> None:
        """Tell the spacecraft that a file which has not begun to come is not wanted any more."""
        if transfer.kind is not TransferKind.GET or transfer.asked_by is None or transfer.transaction is not None:
            return
        messages = (OriginatingTransaction(transfer.asked_by).pack(), ProxyPutCancel().pack())
        with contextlib.suppress(ProtocolError):  # when too many go on, the file is refused when it comes
            self._entity.put(PutRequest(self._spacecraft, messages=messages))
