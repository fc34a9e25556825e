"""The basic convolutional code of telemetry: rate 1/2, constraint length 7 (CCSDS 131.0-B-5, section 3).

For each bit two symbols are sent: the parity of the newest bit and the six before it under the connection vector
G1 = 1111001 (171 octal), then that under G2 = 1011011 (133 octal), inverted.
"""

import msgspec

from tlm_cmd.errors import check_range

CONSTRAINT_LENGTH = 7
MEMORY_BITS = CONSTRAINT_LENGTH - 1
FIRST_DELAYS = (0, 1, 2, 3, 6)
"""How many bits before the newest one each bit lies that enters the first symbol: the ones of G1."""
SECOND_DELAYS = (0, 2, 3, 5, 6)
"""The same for the second symbol, before it is inverted: the ones of G2."""


def _spread(nibble: int) -> int:
    """Return the four bits of ``nibble`` with a 0 in front of each."""
    return nibble & 1 | (nibble & 2) << 1 | (nibble & 4) << 2 | (nibble & 8) << 3


_SPREAD_HIGH = bytes(_spread(octet >> 4) for octet in range(256))
_SPREAD_LOW = bytes(_spread(octet & 0xF) for octet in range(256))


class ConvolutionalEncoderState(msgspec.Struct):
    """The memory of a `ConvolutionalEncoder`."""

    register: int = 0
    """The last six bits, the newest one least significant."""
    octets: int = 0
    """Octets encoded."""


class ConvolutionalEncoder:
    """Encodes a stream: each octet gives two, the first symbol in the most significant bit.

    The code runs on from call to call and from frame to frame; it begins with zeros in its register. All bits of a call
    are encoded at once.

    Raises:
        FieldRangeError: ``register`` has more than six bits.
    """

    def __init__(self, register: int = 0) -> None:
        check_range("register of the convolutional encoder", register, 0, (1 << MEMORY_BITS) - 1)
        self.state = ConvolutionalEncoderState(register)

    def encode(self, octets: bytes) -> bytes:
        """Return the symbols of the next octets, eight to an octet."""
        state = self.state
        bits = state.register << 8 * len(octets) | int.from_bytes(octets, "big")
        state.register = bits & (1 << MEMORY_BITS) - 1
        state.octets += len(octets)
        mask = (1 << 8 * len(octets)) - 1
        first = _parity(bits, FIRST_DELAYS, mask).to_bytes(len(octets), "big")
        second = (_parity(bits, SECOND_DELAYS, mask) ^ mask).to_bytes(len(octets), "big")
        symbols = bytearray(2 * len(octets))
        symbols[0::2] = _interleave(first.translate(_SPREAD_HIGH), second.translate(_SPREAD_HIGH))
        symbols[1::2] = _interleave(first.translate(_SPREAD_LOW), second.translate(_SPREAD_LOW))
        return bytes(symbols)

    def flush(self) -> bytes:
        """Return the symbols of one octet of zeros, which brings the register back to where it began."""
        return self.encode(b"\0")


def _parity(bits: int, delays: tuple[int, ...], mask: int) -> int:
    """Return, for each bit under ``mask``, the parity of the bits that lie ``delays`` before it."""
    parity = 0
    for delay in delays:
        parity ^= bits >> delay
    return parity & mask


def _interleave(first: bytes, second: bytes) -> bytes:
    """Return octets with a bit of ``first`` in front of each bit of ``second``."""
    both = int.from_bytes(first, "big") << 1 | int.from_bytes(second, "big")
    return both.to_bytes(len(first), "big")
