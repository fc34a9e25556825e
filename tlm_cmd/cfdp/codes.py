"""The numbers of the protocol by name (CCSDS 727.0-B-5, sections 5.1 to 5.4 and 4.9)."""

from enum import Enum, IntEnum, unique
from typing import TypeVar

from tlm_cmd.errors import WrongValueError


@unique
class PduType(IntEnum):
    """What a PDU carries (5.1)."""

    DIRECTIVE = 0
    FILE_DATA = 1


@unique
class Direction(IntEnum):
    """Which way a PDU goes between the two ends of its transaction (5.1)."""

    TOWARD_RECEIVER = 0
    TOWARD_SENDER = 1


@unique
class Mode(IntEnum):
    """Transmission mode (5.1)."""

    ACKNOWLEDGED = 0
    """Class 2: what is lost is asked for again."""
    UNACKNOWLEDGED = 1
    """Class 1: what is lost stays lost."""


@unique
class DirectiveCode(IntEnum):
    """The first octet of a directive's data field (5.2.1)."""

    EOF = 4
    FINISHED = 5
    ACK = 6
    METADATA = 7
    NAK = 8
    PROMPT = 9
    KEEP_ALIVE = 12


@unique
class ConditionCode(IntEnum):
    """How a transaction fares (5.2.2)."""

    NO_ERROR = 0
    POSITIVE_ACK_LIMIT = 1
    KEEP_ALIVE_LIMIT = 2
    INVALID_MODE = 3
    FILESTORE_REJECTION = 4
    CHECKSUM_FAILURE = 5
    FILE_SIZE_ERROR = 6
    NAK_LIMIT = 7
    INACTIVITY = 8
    INVALID_FILE_STRUCTURE = 9
    CHECK_LIMIT = 10
    UNSUPPORTED_CHECKSUM = 11
    SUSPEND_REQUEST = 14
    CANCEL_REQUEST = 15


@unique
class DeliveryCode(IntEnum):
    """Whether the whole file arrived (5.2.3)."""

    COMPLETE = 0
    INCOMPLETE = 1


@unique
class FileStatus(IntEnum):
    """What became of the file at its destination (5.2.3)."""

    DISCARDED = 0
    REJECTED = 1
    """The filestore did not take it."""
    RETAINED = 2
    UNREPORTED = 3


@unique
class TransactionStatus(IntEnum):
    """What the one that acknowledges knows of the transaction (5.2.4)."""

    UNDEFINED = 0
    """Not active now, and this entity keeps no record of earlier ones."""
    ACTIVE = 1
    TERMINATED = 2
    UNRECOGNISED = 3


@unique
class FaultHandler(IntEnum):
    """What is done about a fault (5.4.4)."""

    CANCEL = 1
    SUSPEND = 2
    IGNORE = 3
    ABANDON = 4


@unique
class TlvType(IntEnum):
    """Types of the fields of type, length and value (section 5.4)."""

    FILESTORE_REQUEST = 0
    FILESTORE_RESPONSE = 1
    MESSAGE_TO_USER = 2
    FAULT_HANDLER_OVERRIDE = 4
    FLOW_LABEL = 5
    ENTITY_ID = 6


@unique
class FilestoreAction(IntEnum):
    """What a filestore request asks for (5.4.1)."""

    CREATE_FILE = 0
    DELETE_FILE = 1
    RENAME_FILE = 2
    APPEND_FILE = 3
    """The content of the second file is added to the first."""
    REPLACE_FILE = 4
    """The content of the first file is replaced with that of the second."""
    CREATE_DIRECTORY = 5
    REMOVE_DIRECTORY = 6
    DENY_FILE = 7
    """Delete the file if it is there."""
    DENY_DIRECTORY = 8
    """Remove the directory if it is there."""


@unique
class RecordState(IntEnum):
    """Where records start and end in a segment (5.3)."""

    NEITHER = 0
    START = 1
    END = 2
    START_AND_END = 3


@unique
class ChecksumType(IntEnum):
    """How the checksum of a file is computed (SANA registry of checksum identifiers)."""

    MODULAR = 0
    PROXIMITY_1 = 1
    CRC_32C = 2
    CRC_32 = 3
    NULL = 15


SUCCESSFUL = 0
"""Filestore status code: done (5.4.2)."""
NOT_PERFORMED = 15
"""Filestore status code: not tried, or a reason that has no code of its own (5.4.2)."""
TWO_NAMES = frozenset((FilestoreAction.RENAME_FILE, FilestoreAction.APPEND_FILE, FilestoreAction.REPLACE_FILE))
"""Actions that have a second file name."""

_Code = TypeVar("_Code", bound=Enum)


def code(kind: type[_Code], field: str, value: int) -> _Code:
    """Return the member of ``kind`` with this value.

    Raises:
        WrongValueError: there is none; it names ``field``.
    """
    found = kind._value2member_map_.get(value)
    if not isinstance(found, kind):
        raise WrongValueError(field, value, f"one of {[member.value for member in kind]}")
    return found
