"""The CCSDS unsegmented time code, CUC (CCSDS 301.0-B-4, section 3.2).

A time is a count of whole seconds and a binary fraction since an epoch. Times here are integer nanoseconds since
that epoch; a CUC counts TAI-like seconds, so no leap second is involved (see `tlm_cmd.packets.leap_seconds`).
"""

from enum import IntEnum, unique
from typing import Self

import msgspec

from tlm_cmd.errors import TooShortError, WrongValueError, check_range

_NS_PER_S = 1_000_000_000
_MAX_COARSE_FIRST, _MAX_FINE_FIRST = 4, 3
_MAX_COARSE, _MAX_FINE = 7, 10


@unique
class CucEpoch(IntEnum):
    """Where the count starts; the values are the time code identification of the P-field."""

    TAI_1958 = 1
    """1958-01-01T00:00:00 TAI, the epoch that CCSDS recommends."""
    AGENCY = 2
    """An epoch that the mission defines."""


class CucFormat(msgspec.Struct, frozen=True, gc=False):
    """The shape of a CUC: 1 to 7 octets of seconds and 0 to 10 octets of fraction.

    Raises:
        FieldRangeError: more octets than the P-field can declare.
    """

    epoch: CucEpoch = CucEpoch.TAI_1958
    coarse_octets: int = 4
    fine_octets: int = 2

    def __post_init__(self) -> None:
        check_range("coarse octets", self.coarse_octets, 1, _MAX_COARSE)
        check_range("fine octets", self.fine_octets, 0, _MAX_FINE)

    @property
    def octets(self) -> int:
        """Length of the time field, without the P-field."""
        return self.coarse_octets + self.fine_octets

    @property
    def max_ns(self) -> int:
        """The last nanosecond that fits; the count ends after it and does not wrap."""
        return (1 << 8 * self.coarse_octets) * _NS_PER_S - 1

    def pack_p_field(self) -> bytes:
        """Return the P-field: one octet, or two when more than 4 + 3 octets are declared (301.0-B-4, 3.2.2)."""
        coarse, fine = min(self.coarse_octets, _MAX_COARSE_FIRST), min(self.fine_octets, _MAX_FINE_FIRST)
        first = self.epoch << 4 | (coarse - 1) << 2 | fine
        if self.octets == coarse + fine:
            return bytes([first])
        return bytes([0x80 | first, (self.coarse_octets - coarse) << 5 | (self.fine_octets - fine) << 2])

    @classmethod
    def unpack_p_field(cls, octets: bytes) -> tuple[Self, int]:
        """Read a P-field and return (format, octets used: 1 or 2).

        Raises:
            TooShortError: the P-field is not whole.
            WrongValueError: the time code is no CUC, or a third octet is announced.
        """
        needed = 2 if octets and octets[0] & 0x80 else 1
        if len(octets) < needed:
            raise TooShortError("CUC P-field", needed, len(octets))
        first = octets[0]
        code = first >> 4 & 7
        if code not in (CucEpoch.TAI_1958, CucEpoch.AGENCY):
            raise WrongValueError("time code identification", code, "1 or 2")
        coarse, fine = (first >> 2 & 3) + 1, first & 3
        if needed == 2:
            if octets[1] & 0x80:
                raise WrongValueError("second extension flag of the P-field", 1, 0)
            coarse, fine = coarse + (octets[1] >> 5 & 3), fine + (octets[1] >> 2 & 7)
        return cls(CucEpoch(code), coarse, fine), needed

    def pack(self, time_ns: int) -> bytes:
        """Return the time field, rounded down: it is never later than ``time_ns``.

        Raises:
            FieldRangeError: ``time_ns`` is negative or does not fit.
        """
        check_range("time [ns since the epoch]", time_ns, 0, self.max_ns)
        return ((time_ns << 8 * self.fine_octets) // _NS_PER_S).to_bytes(self.octets, "big")

    def unpack(self, octets: bytes) -> int:
        """Return the nanoseconds since the epoch, rounded up: packing them gives the same time field again.

        With three octets of fraction or fewer that holds for every time field; with four or more, whose steps are
        shorter than a nanosecond, every nanosecond comes back as it was packed.

        Raises:
            TooShortError: fewer octets than the format has.
        """
        if len(octets) < self.octets:
            raise TooShortError("CUC time field", self.octets, len(octets))
        count = int.from_bytes(octets[: self.octets], "big")
        return -(-count * _NS_PER_S >> 8 * self.fine_octets)
