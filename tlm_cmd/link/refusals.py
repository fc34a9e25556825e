"""Why a receiver refuses a frame, and how often it did.

A reason is what CCSDS 132.0-B-3 or 232.0-B-4 demands of a frame's fields, the acceptance procedure FARM-1 (232.1-B-2,
section 6), or data link security (355.0-B-2, 4.2.4).
"""

from enum import StrEnum, unique

from tlm_cmd.errors import (
    ChecksumError,
    LengthMismatchError,
    ProtocolError,
    TooShortError,
    WrongSpacecraftError,
    WrongVersionError,
)
from tlm_cmd.reason_counters import ReasonCounters
from tlm_cmd.sdls.refusals import ProcessRefusal


class NotGenuineError(ProtocolError):
    """The security refuses a frame."""

    def __init__(self, refusal: ProcessRefusal) -> None:
        super().__init__(f"security: {refusal.value.replace('_', ' ')}")
        self.refusal = refusal


@unique
class FrameRefusal(StrEnum):
    """Reasons; each value is the name of its counter in `RefusalCounters`."""

    TOO_SHORT = "too_short"
    BAD_LENGTH = "bad_length"
    BAD_CRC = "bad_crc"
    BAD_VERSION = "bad_version"
    WRONG_SPACECRAFT = "wrong_spacecraft"
    BAD_HEADER = "bad_header"
    """Another field holds what it must not: spare bits, flags, pointers."""
    WRONG_VIRTUAL_CHANNEL = "wrong_virtual_channel"
    WRONG_MAP = "wrong_map"
    NOT_IN_SEQUENCE = "not_in_sequence"
    """A frame of the sequence-controlled service that the acceptance procedure does not accept."""
    LOCKED_OUT = "locked_out"
    """The acceptance procedure waits for an Unlock command, from this frame on or already before."""
    BAD_CONTROL = "bad_control"
    """A control frame that asks for nothing known."""
    NOT_GENUINE = "not_genuine"
    """The security refuses it: forged, replayed, or without an association; it counts for itself why."""


class RefusalCounters(ReasonCounters[FrameRefusal]):
    """Frames refused, by reason."""

    too_short: int = 0
    bad_length: int = 0
    bad_crc: int = 0
    bad_version: int = 0
    wrong_spacecraft: int = 0
    bad_header: int = 0
    wrong_virtual_channel: int = 0
    wrong_map: int = 0
    not_in_sequence: int = 0
    locked_out: int = 0
    bad_control: int = 0
    not_genuine: int = 0


_REASONS: tuple[tuple[type[ProtocolError], FrameRefusal], ...] = (
    (TooShortError, FrameRefusal.TOO_SHORT),
    (LengthMismatchError, FrameRefusal.BAD_LENGTH),
    (ChecksumError, FrameRefusal.BAD_CRC),
    (WrongVersionError, FrameRefusal.BAD_VERSION),
    (WrongSpacecraftError, FrameRefusal.WRONG_SPACECRAFT),
    (NotGenuineError, FrameRefusal.NOT_GENUINE),
)


def refusal_of(error: ProtocolError) -> FrameRefusal:
    """Return the reason under which a frame is counted that could not be read."""
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), FrameRefusal.BAD_HEADER)
