"""The memory of an entity (CCSDS 727.0-B-5, section 4; the numbers in it are of sections 3 and 5)."""

import msgspec

from tlm_cmd.cfdp.indications import Indication
from tlm_cmd.cfdp.receiver_state import ReceiverState
from tlm_cmd.cfdp.requests import TransactionId
from tlm_cmd.cfdp.sender_state import SenderState
from tlm_cmd.errors import (
    ChecksumError,
    LengthMismatchError,
    ProtocolError,
    TooShortError,
    WrongVersionError,
)


class EntityCounters(msgspec.Struct):
    """What became of each PDU and of each reserved message.

    ``pdus = accepted + late + refused``, where ``refused`` is the sum of the fields from ``too_short`` to
    ``too_many_transactions``, and ``late`` belong to transactions that are closed. Each reserved message is counted
    in one of ``messages_handled``, ``messages_refused`` and ``messages_unknown``.
    """

    pdus: int = 0
    accepted: int = 0
    late: int = 0
    too_short: int = 0
    bad_length: int = 0
    bad_crc: int = 0
    bad_version: int = 0
    bad_content: int = 0
    """A field holds what it must not."""
    wrong_direction: int = 0
    """What only the other end of a transaction may send."""
    wrong_destination: int = 0
    """Meant for another entity."""
    unknown_entity: int = 0
    unknown_transaction: int = 0
    too_many_transactions: int = 0
    answers: int = 0
    """Acknowledgements sent for transactions that are closed or unknown."""
    dropped_answers: int = 0
    """Those that found as many waiting as may."""
    dropped_indications: int = 0
    messages_handled: int = 0
    messages_refused: int = 0
    """Asked for what the parameters do not allow to the other entity."""
    messages_unknown: int = 0
    failed_responses: int = 0
    """Answers to requests that could not be sent."""

    @property
    def malformed(self) -> int:
        """PDUs refused because of what they hold."""
        return self.too_short + self.bad_length + self.bad_crc + self.bad_version + self.bad_content

    @property
    def refused(self) -> int:
        """PDUs refused for any reason."""
        strange = self.wrong_direction + self.wrong_destination + self.unknown_entity
        return self.malformed + strange + self.unknown_transaction + self.too_many_transactions

    @property
    def dropped(self) -> int:
        """Acknowledgements and indications for which there was no room."""
        return self.dropped_answers + self.dropped_indications

    def count_malformed(self, error: ProtocolError) -> None:
        """Count a PDU that could not be read, by the reason."""
        match error:
            case TooShortError():
                self.too_short += 1
            case LengthMismatchError():
                self.bad_length += 1
            case ChecksumError():
                self.bad_crc += 1
            case WrongVersionError():
                self.bad_version += 1
            case _:
                self.bad_content += 1


class Answer(msgspec.Struct, frozen=True, gc=False):
    """An acknowledgement of a closed or unknown transaction, to be sent to an entity."""

    entity_id: int
    pdu: bytes


class ProxiedPut(msgspec.Struct, frozen=True, gc=False):
    """A transaction that another entity asked for."""

    originating: TransactionId
    transaction: TransactionId


class EntityState(msgspec.Struct):
    """The memory of a `tlm_cmd.cfdp.entity.Entity`."""

    next_sequence: int = 0
    senders: list[SenderState] = msgspec.field(default_factory=list)
    receivers: list[ReceiverState] = msgspec.field(default_factory=list)
    closed_senders: list[TransactionId] = msgspec.field(default_factory=list)
    """The latest ones last."""
    closed_receivers: list[TransactionId] = msgspec.field(default_factory=list)
    """The latest ones last."""
    frozen: list[int] = msgspec.field(default_factory=list)
    """Entities to which the link is away."""
    proxied: list[ProxiedPut] = msgspec.field(default_factory=list)
    answers: list[Answer] = msgspec.field(default_factory=list)
    indications: list[Indication] = msgspec.field(default_factory=list)
    counters: EntityCounters = msgspec.field(default_factory=EntityCounters)
