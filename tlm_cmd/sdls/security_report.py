"""The frame security report: what a receiver says of the newest frame (CCSDS 355.1-B-1, 4.2.2)."""

from typing import Self

import msgspec

from tlm_cmd.errors import TooShortError, WrongValueError, WrongVersionError, check_range

REPORT_OCTETS = 4
REPORT_VERSION = 0b100


class FrameSecurityReport(msgspec.Struct, frozen=True, gc=False):
    """A word of the operational control field, in turn with the CLCW.

    Raises:
        FieldRangeError: a field does not fit its bits.
    """

    last_spi: int = 0
    """The SPI of the newest frame."""
    sequence_octet: int = 0
    """The last octet of the sequence number of the newest frame that was accepted."""
    alarm: bool = False
    """A frame was refused since the alarm was reset."""
    bad_sequence_number: bool = False
    """The newest frame was refused for its sequence number; these three speak of the newest frame only."""
    bad_mac: bool = False
    bad_association: bool = False
    """There is no association, or none in use, for its SPI and channel."""

    def __post_init__(self) -> None:
        check_range("last SPI", self.last_spi, 0, 0xFFFF)
        check_range("sequence octet", self.sequence_octet, 0, 0xFF)

    def pack(self) -> bytes:
        """Return the four octets of the word."""
        word = (
            1 << 31  # a report, not a CLCW
            | REPORT_VERSION << 28
            | self.alarm << 27
            | self.bad_sequence_number << 26
            | self.bad_mac << 25
            | self.bad_association << 24
            | self.last_spi << 8
            | self.sequence_octet
        )
        return word.to_bytes(REPORT_OCTETS, "big")

    @classmethod
    def unpack(cls, octets: bytes) -> Self:
        """Read the word from the first four octets.

        Raises:
            TooShortError: fewer than four octets.
            WrongValueError: the control word is of another type: a CLCW.
            WrongVersionError: the version of the report is another.
        """
        if len(octets) < REPORT_OCTETS:
            raise TooShortError("frame security report", REPORT_OCTETS, len(octets))
        word = int.from_bytes(octets[:REPORT_OCTETS], "big")
        if not word >> 31:
            raise WrongValueError("control word type", 0, "1, a frame security report")
        if word >> 28 & 7 != REPORT_VERSION:
            raise WrongVersionError("frame security report version", word >> 28 & 7, REPORT_VERSION)
        return cls(
            last_spi=word >> 8 & 0xFFFF,
            sequence_octet=word & 0xFF,
            alarm=bool(word >> 27 & 1),
            bad_sequence_number=bool(word >> 26 & 1),
            bad_mac=bool(word >> 25 & 1),
            bad_association=bool(word >> 24 & 1),
        )
