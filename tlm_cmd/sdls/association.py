"""Security associations: what both ends agree on before they talk (CCSDS 355.0-B-2, 4.2.2; 355.1-B-1, 3.3)."""

from enum import IntEnum, StrEnum, unique
from typing import Self

import msgspec

from tlm_cmd.errors import WrongValueError, check_range
from tlm_cmd.sdls.algorithms import MAC_OCTETS, Algorithm
from tlm_cmd.sdls.authentication_mask import MAX_HEADER_OCTETS
from tlm_cmd.sdls.channel import GlobalChannel
from tlm_cmd.sdls.key_ring import MAX_KEY_ID

SPI_OCTETS = 2
MIN_SPI = 1
MAX_SPI = 0xFFFE
"""0 and 65535 are reserved (355.0-B-2, 4.1.1.2.3)."""
COUNTER_OCTETS = 8
"""The end of an initialisation vector that counts; the start is fixed for an association."""
MAX_COUNTER = 2**64 - 1
MAX_IV_PREFIX = 0xFFFF_FFFE
VERIFICATION_IV_PREFIX = 0xFFFF_FFFF
"""The start of the initialisation vectors of key verifications; that of no association."""
MAX_WINDOW = 0xFFFF_FFFF
DEFAULT_WINDOW = 1024
"""Frames that may be lost in a row."""
MAX_CHANNELS = 64
MAX_BLOCK_OCTETS = 256


@unique
class Role(StrEnum):
    """Which end of an association this is."""

    SENDER = "sender"
    RECEIVER = "receiver"


@unique
class AssociationState(IntEnum):
    """The life of an association."""

    UNKEYED = 1
    KEYED = 2
    """It has a key and may be started."""
    OPERATIONAL = 3


class AssociationParameters(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """The managed parameters of one association; but for the role, both ends hold the same (355.0-B-2, 4.2.2).

    The security header is: SPI (2 octets), initialisation vector (12 octets with GCM and GMAC, else none), sequence
    number, pad length. The trailer is a MAC of 16 octets.

    Raises:
        FieldRangeError: a parameter is out of range.
        WrongValueError: a CMAC without sequence number, a pad length that the field does not hold, or an association
            that serves no channel.
    """

    spi: int
    role: Role
    algorithm: Algorithm
    channels: tuple[GlobalChannel, ...]
    """What it may serve; a start over the link can choose among them."""
    header_mask: bytes
    """Authentication bit mask over the frame's header, see `authentication_mask`."""
    key_id: int | None = None
    """The key that it starts its first life with; None to begin without."""
    sequence_octets: int = 0
    """Octets of the sequence number, 0 to 8; with 0 the initialisation vector is the sequence number."""
    pad_length_octets: int = 0
    """Octets of the pad length field, 0 to 2."""
    block_octets: int = 1
    """Data are padded to a multiple of it; none of the algorithms needs more than 1."""
    iv_prefix: int = 0
    """The first four octets of the initialisation vector, as a number; the other eight count."""
    window: int = DEFAULT_WINDOW
    """How far behind the newest frame the next may be, in frames; 1 accepts no loss."""

    def __post_init__(self) -> None:
        check_range("SPI", self.spi, MIN_SPI, MAX_SPI)
        check_range("channels", len(self.channels), 1, MAX_CHANNELS)
        check_range("header mask octets", len(self.header_mask), 1, MAX_HEADER_OCTETS)
        if self.key_id is not None:
            check_range("key id", self.key_id, 0, MAX_KEY_ID)
        check_range("sequence octets", self.sequence_octets, 0, COUNTER_OCTETS)
        check_range("pad length octets", self.pad_length_octets, 0, 2)
        check_range("block octets", self.block_octets, 1, MAX_BLOCK_OCTETS)
        check_range("IV prefix", self.iv_prefix, 0, MAX_IV_PREFIX)
        check_range("window", self.window, 1, MAX_WINDOW)
        if not self.sequence_octets and not self.algorithm.iv_octets:
            raise WrongValueError("sequence octets", 0, f"1 to {COUNTER_OCTETS} with {self.algorithm.value}")
        if self.block_octets > 1 and self.block_octets - 1 >= 1 << 8 * self.pad_length_octets:
            raise WrongValueError("pad length octets", self.pad_length_octets, f"enough for {self.block_octets - 1}")

    @property
    def header_octets(self) -> int:
        """Length of the security header."""
        return SPI_OCTETS + self.algorithm.iv_octets + self.sequence_octets + self.pad_length_octets

    @property
    def trailer_octets(self) -> int:
        """Length of the security trailer, the MAC."""
        return MAC_OCTETS

    @property
    def overhead_octets(self) -> int:
        """By how much protected data are longer, padding aside."""
        return self.header_octets + self.trailer_octets

    @property
    def max_overhead_octets(self) -> int:
        """By how much protected data are longer at most: with all padding."""
        return self.overhead_octets + self.block_octets - 1

    @property
    def last_counter(self) -> int:
        """The highest sequence number; behind it the key can protect no frame, and nothing wraps around."""
        return min((1 << 8 * (self.sequence_octets or COUNTER_OCTETS)) - 1, MAX_COUNTER - 1)

    @property
    def arsn_octets(self) -> int:
        """Octets of the anti-replay sequence number in the extended procedures: sequence number or whole IV."""
        return self.sequence_octets or self.algorithm.iv_octets

    def mirrored(self) -> Self:
        """Return the parameters of the other end."""
        other = Role.RECEIVER if self.role is Role.SENDER else Role.SENDER
        return msgspec.structs.replace(self, role=other)


class AssociationRecord(msgspec.Struct):
    """What of an association changes, and survives a restart."""

    state: AssociationState
    window: int
    key_id: int | None = None
    channels: tuple[GlobalChannel, ...] = ()
    """What it serves now."""
    started: int = 0
    """Which start it was, counted over all associations; the last one started sends."""
    last_procedure: int = 0
    """Tag of the procedure that changed its state last; 0 for none."""
