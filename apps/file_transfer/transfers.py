"""The transactions that are going on, as far as others are told of them. Pure."""

from __future__ import annotations

import msgspec

from apps.file_transfer.limits import MAX_NAME_OCTETS
from tlm_cmd.cfdp.codes import ConditionCode, DeliveryCode
from tlm_cmd.cfdp.entity_state import EntityState
from tlm_cmd.cfdp.indications import Abandoned, MetadataReceived, TransactionFinished
from tlm_cmd.cfdp.requests import TransactionId

ARRIVED = (ConditionCode.NO_ERROR, ConditionCode.UNSUPPORTED_CHECKSUM)
"""Conditions of files that are whole as far as anybody can tell."""


class Transfer(msgspec.Struct):
    """One transaction.

    Attributes:
        transaction: its name.
        sent: from here; else to here.
        source: name of the file where it comes from, empty if there is none.
        destination: its name where it goes.
        octets: its size.
        attempts: times in a row that the mass memory has held it up.
        waiting: whether it is held up now.
        retry_ns: when it goes on, or went on, after that.
        reason: what the mass memory said.
        told: whether its metadata are known.
    """

    transaction: TransactionId
    sent: bool
    source: str = ""
    destination: str = ""
    octets: int = 0
    attempts: int = 0
    waiting: bool = False
    retry_ns: int = 0
    reason: str = ""
    told: bool = True

    @property
    def name(self) -> str:
        """The name of the file on board."""
        return self.source if self.sent else self.destination


def begun_here(transaction: TransactionId, state: EntityState) -> Transfer:
    """A transaction that an entity has just begun."""
    for sender in state.senders:
        if sender.transaction == transaction:
            metadata = sender.metadata
            return Transfer(
                transaction,
                sent=True,
                source=cut(metadata.source_file),
                destination=cut(metadata.destination_file),
                octets=metadata.file_size,
            )
    return Transfer(transaction, sent=True)


def begun_elsewhere(received: MetadataReceived) -> Transfer:
    """A transaction whose metadata have arrived."""
    metadata = received.metadata
    return Transfer(
        received.transaction,
        sent=False,
        source=cut(metadata.source_file),
        destination=cut(metadata.destination_file),
        octets=metadata.file_size,
    )


def has_arrived(ended: TransactionFinished | Abandoned) -> bool:
    """Whether a file is where it was to go, as far as anybody can tell."""
    if isinstance(ended, Abandoned):
        return False
    return ended.condition in ARRIVED and ended.delivery is DeliveryCode.COMPLETE


def cut(text: str, octets: int = MAX_NAME_OCTETS) -> str:
    """As much of a text as messages carry."""
    return text.encode(errors="replace")[:octets].decode(errors="ignore")
