"""What an entity tells its user (CCSDS 727.0-B-5, section 3.4)."""

from enum import StrEnum, unique
from typing import TypeAlias

import msgspec

from tlm_cmd.cfdp.codes import ConditionCode, DeliveryCode, FileStatus, RecordState
from tlm_cmd.cfdp.pdu.metadata import Metadata
from tlm_cmd.cfdp.pdu.tlv import FilestoreResponse
from tlm_cmd.cfdp.requests import TransactionId


class TransactionStarted(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A transaction was begun here (3.4.6)."""

    transaction: TransactionId
    originating: TransactionId | None = None
    """The one because of which it was begun, if a proxy or a listing was asked for."""


class EofSent(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The whole file has been sent once (3.4.7)."""

    transaction: TransactionId


class TransactionFinished(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The transaction is complete or cancelled; acknowledgements may still be on their way (3.4.8)."""

    transaction: TransactionId
    condition: ConditionCode
    delivery: DeliveryCode
    file_status: FileStatus
    responses: tuple[FilestoreResponse, ...] = ()


class MetadataReceived(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A file is being received, or messages are (3.4.9)."""

    transaction: TransactionId
    metadata: Metadata


class SegmentReceived(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A part of the file has arrived (3.4.10)."""

    transaction: TransactionId
    offset: int
    octets: int
    record_state: RecordState | None = None
    metadata: bytes = b""


class EofReceived(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The end of the file has arrived (3.4.16)."""

    transaction: TransactionId


class Suspended(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The transaction rests until it is resumed (3.4.11)."""

    transaction: TransactionId
    condition: ConditionCode


class Resumed(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The transaction goes on (3.4.12)."""

    transaction: TransactionId
    progress: int


@unique
class Role(StrEnum):
    """Which end of a transaction an entity is."""

    SENDER = "sender"
    RECEIVER = "receiver"


class Report(msgspec.Struct, frozen=True, gc=False, tag=True):
    """How a transaction stands (3.4.13)."""

    transaction: TransactionId
    role: Role
    phase: str
    progress: int
    """Octets sent for the first time, or the end of the last part received."""
    file_size: int | None
    """None while a receiver knows it not."""
    missing_octets: int
    """Sender: asked for again and not sent yet. Receiver: gaps before ``progress``."""
    suspended: bool
    frozen: bool
    condition: ConditionCode


class Fault(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A fault that is ignored (3.4.14)."""

    transaction: TransactionId
    condition: ConditionCode
    progress: int


class Abandoned(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The transaction ended here without a word to the other end (3.4.15)."""

    transaction: TransactionId
    condition: ConditionCode
    progress: int


class ProxyPutFinished(msgspec.Struct, frozen=True, gc=False, tag=True):
    """What this entity had asked another to send has been sent, or has failed (6.2)."""

    originating: TransactionId
    """The transaction with which it was asked for."""
    condition: ConditionCode
    delivery: DeliveryCode
    file_status: FileStatus
    responses: tuple[FilestoreResponse, ...] = ()


class DirectoryListed(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Another entity answers a request for a listing; if successful, it is the file of this transaction (6.3)."""

    transaction: TransactionId
    originating: TransactionId | None
    """The transaction with which it was asked for, if the answer names it."""
    successful: bool
    directory: str
    listing_file: str


Indication: TypeAlias = (
    TransactionStarted
    | EofSent
    | TransactionFinished
    | MetadataReceived
    | SegmentReceived
    | EofReceived
    | Suspended
    | Resumed
    | Report
    | Fault
    | Abandoned
    | ProxyPutFinished
    | DirectoryListed
)
