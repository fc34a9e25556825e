"""The data of the association management procedures (CCSDS 355.1-B-1, 3.3 and 5.4).

A sequence number has the length that both ends agreed on for its association: that of the sequence number field, or of
the whole initialisation vector where that is the sequence number.
"""

from collections.abc import Sequence
from typing import Self

import msgspec

from tlm_cmd.errors import LengthMismatchError, TooShortError, WrongValueError, check_range
from tlm_cmd.sdls.association import COUNTER_OCTETS, MAX_CHANNELS, SPI_OCTETS, AssociationParameters
from tlm_cmd.sdls.channel import CHANNEL_OCTETS, GlobalChannel
from tlm_cmd.sdls.key_ring import MAX_KEY_ID

WINDOW_OCTETS = 4

_KEY_ID_OCTETS = 2


class StartRequest(msgspec.Struct, frozen=True, gc=False):
    """Which association is started, and for what; no channel means all that it may serve.

    Raises:
        FieldRangeError: the SPI does not fit 16 bits, or there are more than 64 channels.
    """

    spi: int
    channels: tuple[GlobalChannel, ...] = ()

    def __post_init__(self) -> None:
        check_range("SPI", self.spi, 0, 0xFFFF)
        check_range("channels", len(self.channels), 0, MAX_CHANNELS)

    def pack(self) -> bytes:
        """Return the octets: SPI (2), then each channel (4)."""
        return pack_spi(self.spi) + b"".join(channel.pack() for channel in self.channels)

    @classmethod
    def unpack(cls, octets: bytes) -> Self:
        """Read the data.

        Raises:
            TooShortError: there is no SPI.
            LengthMismatchError: the rest is no whole number of channels.
            FieldRangeError: there are more than 64 channels.
        """
        spi, rest = split_spi(octets)
        if len(rest) % CHANNEL_OCTETS:
            raise LengthMismatchError("channels", CHANNEL_OCTETS, len(rest))
        check_range("channels", len(rest) // CHANNEL_OCTETS, 0, MAX_CHANNELS)
        starts: Sequence[int] = range(0, len(rest), CHANNEL_OCTETS)
        return cls(spi, tuple(GlobalChannel.unpack(rest[at : at + CHANNEL_OCTETS]) for at in starts))


def pack_spi(spi: int) -> bytes:
    """Return the data of a request that names an association and nothing else.

    Raises:
        FieldRangeError: the SPI does not fit 16 bits.
    """
    check_range("SPI", spi, 0, 0xFFFF)
    return spi.to_bytes(SPI_OCTETS, "big")


def split_spi(octets: bytes) -> tuple[int, bytes]:
    """Return the SPI that the data begin with, and the rest.

    Raises:
        TooShortError: there is none.
    """
    if len(octets) < SPI_OCTETS:
        raise TooShortError("SPI", SPI_OCTETS, len(octets))
    return int.from_bytes(octets[:SPI_OCTETS], "big"), octets[SPI_OCTETS:]


def unpack_spi(octets: bytes) -> int:
    """Read the data of a request that names an association and nothing else.

    Raises:
        TooShortError: there is no SPI.
        LengthMismatchError: there is more.
    """
    spi, rest = split_spi(octets)
    if rest:
        raise LengthMismatchError("SPI", SPI_OCTETS, len(octets))
    return spi


def pack_counter(parameters: AssociationParameters, counter: int) -> bytes:
    """Return an anti-replay sequence number, 0 to the association's last, as the association has it.

    Raises:
        FieldRangeError: it is higher than the association's last.
    """
    check_range("sequence number", counter, 0, parameters.last_counter)
    prefix = 0 if parameters.sequence_octets else parameters.iv_prefix
    return (prefix << 8 * COUNTER_OCTETS | counter).to_bytes(parameters.arsn_octets, "big")


def unpack_counter(parameters: AssociationParameters, octets: bytes) -> int:
    """Read an anti-replay sequence number of an association.

    Raises:
        LengthMismatchError: it has another length than the association's.
        WrongValueError: it is an initialisation vector with another start than the association's.
    """
    if len(octets) != parameters.arsn_octets:
        raise LengthMismatchError("sequence number", parameters.arsn_octets, len(octets))
    number = int.from_bytes(octets, "big")
    if parameters.sequence_octets:
        return number
    if number >> 8 * COUNTER_OCTETS != parameters.iv_prefix:
        raise WrongValueError("start of the initialisation vector", number >> 8 * COUNTER_OCTETS, parameters.iv_prefix)
    return number & ((1 << 8 * COUNTER_OCTETS) - 1)


def pack_rekey(parameters: AssociationParameters, key_id: int, counter: int = 0) -> bytes:
    """Return the data of a request for another key: SPI, key id (2 octets), and the number to go on behind.

    Raises:
        FieldRangeError: the key id does not fit 16 bits, or the number is higher than the association's last.
    """
    check_range("key id", key_id, 0, MAX_KEY_ID)
    return pack_spi(parameters.spi) + key_id.to_bytes(_KEY_ID_OCTETS, "big") + pack_counter(parameters, counter)


def unpack_rekey(parameters: AssociationParameters, rest: bytes) -> tuple[int, int]:
    """Read key id and sequence number, which stand behind the SPI.

    Raises:
        LengthMismatchError, WrongValueError: as `unpack_counter`.
    """
    return int.from_bytes(rest[:_KEY_ID_OCTETS], "big"), unpack_counter(parameters, rest[_KEY_ID_OCTETS:])


def pack_window(spi: int, window: int) -> bytes:
    """Return the data of a request for another window: SPI and window (4 octets).

    Raises:
        FieldRangeError: a value does not fit its octets.
    """
    check_range("window", window, 0, 0xFFFF_FFFF)
    return pack_spi(spi) + window.to_bytes(WINDOW_OCTETS, "big")


def unpack_window(octets: bytes) -> tuple[int, int]:
    """Read SPI and window.

    Raises:
        TooShortError: there is no SPI.
        LengthMismatchError: the window has not four octets.
    """
    spi, rest = split_spi(octets)
    if len(rest) != WINDOW_OCTETS:
        raise LengthMismatchError("window", WINDOW_OCTETS, len(rest))
    return spi, int.from_bytes(rest, "big")
