"""The communications link control word: what a spacecraft's command receiver reports (CCSDS 232.0-B-4, 4.2)."""

from typing import Self

import msgspec

from tlm_cmd.errors import TooShortError, WrongValueError, WrongVersionError, check_range

CLCW_OCTETS = 4


class Clcw(msgspec.Struct, frozen=True, gc=False):
    """The report of one TC virtual channel, sent in the operational control field of TM frames.

    ``report_value`` is V(R), the sequence number that is expected next. ``farm_b_count`` counts the frames accepted
    out of sequence, modulo 4.

    Raises:
        FieldRangeError: a field does not fit its bits.
    """

    virtual_channel: int
    report_value: int = 0
    farm_b_count: int = 0
    no_rf_available: bool = False
    no_bit_lock: bool = False
    lockout: bool = False
    wait: bool = False
    retransmit: bool = False
    status: int = 0
    """Three bits that the mission defines."""

    def __post_init__(self) -> None:
        check_range("virtual channel", self.virtual_channel, 0, 63)
        check_range("report value", self.report_value, 0, 255)
        check_range("FARM-B count", self.farm_b_count, 0, 3)
        check_range("status", self.status, 0, 7)

    def pack(self) -> bytes:
        """Return the four octets of the word."""
        word = (
            self.status << 26
            | 1 << 24  # COP-1 in effect
            | self.virtual_channel << 18
            | self.no_rf_available << 15
            | self.no_bit_lock << 14
            | self.lockout << 13
            | self.wait << 12
            | self.retransmit << 11
            | self.farm_b_count << 9
            | self.report_value
        )
        return word.to_bytes(CLCW_OCTETS, "big")

    @classmethod
    def unpack(cls, octets: bytes) -> Self:
        """Read the word from the first four octets; its spare bits are ignored.

        Raises:
            TooShortError: fewer than four octets.
            WrongValueError: the control word is of another type, or another procedure than COP-1 is in effect.
            WrongVersionError: the version of the word is not 0.
        """
        if len(octets) < CLCW_OCTETS:
            raise TooShortError("CLCW", CLCW_OCTETS, len(octets))
        word = int.from_bytes(octets[:CLCW_OCTETS], "big")
        if word >> 31:
            raise WrongValueError("control word type", 1, "0, a CLCW")
        if word >> 29:
            raise WrongVersionError("CLCW version", word >> 29, 0)
        if word >> 24 & 3 != 1:
            raise WrongValueError("COP in effect", word >> 24 & 3, "1, COP-1")
        return cls(
            virtual_channel=word >> 18 & 0x3F,
            report_value=word & 0xFF,
            farm_b_count=word >> 9 & 3,
            no_rf_available=bool(word >> 15 & 1),
            no_bit_lock=bool(word >> 14 & 1),
            lockout=bool(word >> 13 & 1),
            wait=bool(word >> 12 & 1),
            retransmit=bool(word >> 11 & 1),
            status=word >> 26 & 7,
        )
