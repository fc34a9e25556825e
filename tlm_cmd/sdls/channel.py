"""What an association serves: a virtual channel or a MAP of one spacecraft (CCSDS 355.1-B-1, Start SA)."""

from typing import Self

import msgspec

from tlm_cmd.errors import TooShortError, check_range

CHANNEL_OCTETS = 4


class GlobalChannel(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, cache_hash=True):
    """A virtual channel named globally: version, spacecraft, channel, and MAP where the channel has MAPs.

    TM and TC frames both have version 0. They are told apart by their direction, as an association has a role.

    Raises:
        FieldRangeError: a field does not fit its bits.
    """

    spacecraft_id: int
    virtual_channel: int
    map_id: int = 0
    frame_version: int = 0
    """Transfer frame version number: 0 for TM and TC, 1 for AOS."""

    def __post_init__(self) -> None:
        check_range("frame version", self.frame_version, 0, 15)
        check_range("spacecraft id", self.spacecraft_id, 0, 0xFFFF)
        check_range("virtual channel", self.virtual_channel, 0, 63)
        check_range("MAP id", self.map_id, 0, 63)

    def pack(self) -> bytes:
        """Return the four octets: version (4 bits), spacecraft (16), virtual channel (6), MAP (6)."""
        word = self.frame_version << 28 | self.spacecraft_id << 12 | self.virtual_channel << 6 | self.map_id
        return word.to_bytes(CHANNEL_OCTETS, "big")

    @classmethod
    def unpack(cls, octets: bytes) -> Self:
        """Read a channel from the first four octets.

        Raises:
            TooShortError: fewer than four octets.
        """
        if len(octets) < CHANNEL_OCTETS:
            raise TooShortError("global virtual channel id", CHANNEL_OCTETS, len(octets))
        word = int.from_bytes(octets[:CHANNEL_OCTETS], "big")
        return cls(word >> 12 & 0xFFFF, word >> 6 & 0x3F, word & 0x3F, word >> 28)
