"""Randomisers: sequences that keep a link's bits changing (CCSDS 131.0-B-5, section 10; 231.0-B-4, section 6)."""

import functools
from enum import StrEnum, unique
from typing import assert_never

from tlm_cmd.errors import check_range

MAX_OCTETS = 65536
"""Longest unit that is randomised at once: no transfer frame is longer."""
CACHED_LENGTHS = 32
"""Units of so many different lengths and sequences are kept ready; 2 MiB at the most."""


@unique
class Randomizer(StrEnum):
    """A randomiser, a managed parameter of a channel.

    A unit is a code block or a transfer frame in telemetry, and what is BCH encoded together in telecommand, where
    231.0-B-4 randomises before encoding. The sequence starts anew with each unit. Neither sync markers nor start and
    tail sequences are randomised.
    """

    NONE = "none"
    """Octets stay as they are."""
    TM = "tm"
    """x^8 + x^7 + x^5 + x^3 + 1, 255 bits (131.0-B-5, 10.4.2): of all issues of the standard."""
    TM_LONG = "tm_long"
    """x^17 + x^14 + 1, 131,071 bits (131.0-B-5, 10.4.1): without the spectral lines of the short one."""
    TC = "tc"
    """x^8 + x^6 + x^4 + x^3 + x^2 + x + 1, 255 bits (231.0-B-4, section 6)."""

    def apply(self, octets: bytes) -> bytes:
        """Randomise a unit, or make it plain again: it is the same operation.

        Raises:
            FieldRangeError: the unit is longer than `MAX_OCTETS`.
        """
        if self is Randomizer.NONE:
            return octets
        count = len(octets)
        check_range("octets to randomise", count, 0, MAX_OCTETS)
        return (int.from_bytes(octets, "big") ^ _sequence_number(self, count)).to_bytes(count, "big")

    def sequence(self, octets: int) -> bytes:
        """Return the start of the sequence: zeros, randomised.

        Raises:
            FieldRangeError: more than `MAX_OCTETS`, or fewer than none.
        """
        check_range("octets of the sequence", octets, 0, MAX_OCTETS)
        match self:
            case Randomizer.NONE:
                return bytes(octets)
            case Randomizer.TM:
                return _register_output(8, (0, 3, 5, 7), 0xFF, octets)
            case Randomizer.TM_LONG:
                # The standard prints 11000111000111000 and the output that tells which end comes first: the last digit.
                return _register_output(17, (0, 14), 0b11000111000111000, octets)
            case Randomizer.TC:
                return _register_output(8, (0, 1, 2, 3, 4, 6), 0xFF, octets)
            case _:
                assert_never(self)


@functools.lru_cache(maxsize=CACHED_LENGTHS)
def _sequence_number(randomizer: Randomizer, octets: int) -> int:
    return int.from_bytes(randomizer.sequence(octets), "big")


def _register_output(cells: int, taps: tuple[int, ...], start: int, octets: int) -> bytes:
    """Run a shift register from ``start``: bit 0 leaves, and the sum of the bits ``taps`` enters at the other end.

    So bit n + ``cells`` of the output is the sum of the bits n + tap. Squaring the polynomial doubles every distance in
    that rule, which thus yields ever more bits at once.
    """
    bits = 8 * octets
    output = start  # its bit n is the n-th that leaves
    known = cells
    scale = 1
    while known < bits:
        if known >= 2 * scale * cells:
            scale *= 2
        first = known - scale * cells
        entering = 0
        for tap in taps:
            entering ^= output >> first + scale * tap
        new = scale * (cells - max(taps))
        output |= (entering & (1 << new) - 1) << known
        known += new
    in_time_order = f"{output & (1 << bits) - 1:0{bits}b}"[::-1]
    return int(in_time_order, 2).to_bytes(octets, "big")
