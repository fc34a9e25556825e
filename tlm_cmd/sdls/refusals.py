"""Why a frame is not protected or not accepted, and how often that was so (CCSDS 355.0-B-2, 4.2.3, 4.2.4)."""

from enum import StrEnum, unique

from tlm_cmd.errors import ProtocolError
from tlm_cmd.reason_counters import ReasonCounters


@unique
class ProtectRefusal(StrEnum):
    """Why a frame cannot be protected; each value is the name of its counter in `ProtectRefusalCounters`."""

    NO_ASSOCIATION = "no_association"
    """No operational association of this sender serves the channel."""
    KEY_NOT_ACTIVE = "key_not_active"
    BAD_HEADER = "bad_header"
    """The frame's header has not the length of the authentication bit mask."""
    BAD_LENGTH = "bad_length"
    """No data, or more than any frame holds."""
    NOT_RESERVED = "not_reserved"
    """All numbers whose reservation is saved are used up."""
    EXHAUSTED = "exhausted"
    """The key has protected as many frames as it can; only another key helps."""


class ProtectRefusalCounters(ReasonCounters[ProtectRefusal]):
    """Frames that were not protected, by reason."""

    no_association: int = 0
    key_not_active: int = 0
    bad_header: int = 0
    bad_length: int = 0
    not_reserved: int = 0
    exhausted: int = 0


class ProtectionRefusedError(ProtocolError):
    """A frame cannot be protected, and must not be sent."""

    def __init__(self, refusal: ProtectRefusal, detail: str) -> None:
        super().__init__(f"frame not protected, {refusal.value.replace('_', ' ')}: {detail}")
        self.refusal, self.detail = refusal, detail


@unique
class ProcessRefusal(StrEnum):
    """Why a received frame is refused; each value is the name of its counter in `ProcessRefusalCounters`."""

    TOO_SHORT = "too_short"
    BAD_LENGTH = "bad_length"
    """More octets than any frame holds, or a header that has not the length of the authentication bit mask."""
    UNKNOWN_SPI = "unknown_spi"
    WRONG_ROLE = "wrong_role"
    """The association is one that this end sends with: its own frame, come back."""
    NOT_OPERATIONAL = "not_operational"
    WRONG_CHANNEL = "wrong_channel"
    """The association does not serve the channel on which the frame came."""
    KEY_NOT_ACTIVE = "key_not_active"
    BAD_MAC = "bad_mac"
    BAD_IV = "bad_iv"
    """The MAC is right, but the vector, which is the sequence number, does not start as the association's."""
    REPLAYED = "replayed"
    """The sequence number is not behind the newest one: seen before, or overtaken."""
    OUT_OF_WINDOW = "out_of_window"
    """The sequence number is too far behind the newest one."""
    BAD_PAD = "bad_pad"
    """The MAC is right, but there is more padding than there can be."""


class ProcessRefusalCounters(ReasonCounters[ProcessRefusal]):
    """Received frames refused, by reason."""

    too_short: int = 0
    bad_length: int = 0
    unknown_spi: int = 0
    wrong_role: int = 0
    not_operational: int = 0
    wrong_channel: int = 0
    key_not_active: int = 0
    bad_mac: int = 0
    bad_iv: int = 0
    replayed: int = 0
    out_of_window: int = 0
    bad_pad: int = 0
