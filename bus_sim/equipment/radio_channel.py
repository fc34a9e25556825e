"""The way between two antennas: thermal noise that flips single bits, the more the farther away the other end is.

The energy per bit falls with the square of the distance; coherent BPSK without coding then has the bit error rate
erfc(sqrt(Eb/N0)) / 2 (Proakis, Digital Communications, 4th edition, equation 5.2-5).
"""

import math
import random
from typing import Annotated

import msgspec

REFERENCE_RANGE_KM = 1000.0
NEGLIGIBLE_RATE = 1e-15
"""Below this, no transmission of a mission's life would be struck."""

Decibels = Annotated[float, msgspec.Meta(ge=-30.0, le=100.0)]
_BITS_PER_OCTET = 8


class RadioChannelState(msgspec.Struct):
    """What the noise has done.

    Attributes:
        carried: transmissions.
        struck: of these, with at least one wrong bit.
        bit_errors: wrong bits.
    """

    carried: int = 0
    struck: int = 0
    bit_errors: int = 0


def bit_error_rate(eb_n0_db: float) -> float:
    """Share of wrong bits [0 to 0.5] at a ratio of the energy per bit to the noise density [dB]."""
    return 0.5 * math.erfc(math.sqrt(10.0 ** (eb_n0_db / 10.0)))


class RadioChannel:
    """A noisy way for strings of octets.

    Args:
        eb_n0_db: energy per bit over noise density at a distance of ``REFERENCE_RANGE_KM`` [dB]; None for no noise.
        stream: of random numbers.
    """

    def __init__(self, eb_n0_db: float | None, stream: random.Random) -> None:
        self._eb_n0_db = eb_n0_db
        self._stream = stream

    def carry(self, octets: bytes, range_km: float, state: RadioChannelState) -> bytes:
        """What arrives at a distance of ``range_km`` of what was sent; counted in ``state``."""
        state.carried += 1
        if self._eb_n0_db is None:
            return octets
        rate = bit_error_rate(self._eb_n0_db - 20.0 * math.log10(range_km / REFERENCE_RANGE_KM))
        if rate < NEGLIGIBLE_RATE:
            return octets
        return self._strike(octets, math.log1p(-rate), state)

    def _strike(self, octets: bytes, log_spared: float, state: RadioChannelState) -> bytes:
        """Flip bits at random; ``log_spared`` is the logarithm of the share of right bits.

        Runs of right bits have a geometric distribution, so only the wrong ones are drawn.
        """
        bits, place, struck = len(octets) * _BITS_PER_OCTET, self._run(log_spared), None
        while place < bits:
            struck = struck or bytearray(octets)
            struck[place // _BITS_PER_OCTET] ^= 0x80 >> place % _BITS_PER_OCTET
            state.bit_errors += 1
            place += 1 + self._run(log_spared)
        if struck is None:
            return octets
        state.struck += 1
        return bytes(struck)

    def _run(self, log_spared: float) -> int:
        return int(math.log1p(-self._stream.random()) / log_spared)
