"""The frame header error control of AOS frames (CCSDS 732.0-B-4, 4.1.2.6).

Ten symbols of four bits make a code word of a shortened Reed-Solomon code, RS(10,6) over GF(16): the six symbols of
the first two octets of the header (version, spacecraft, virtual channel) and of its last one (signalling field), then
four check symbols. Field generator x^4 + x + 1, code generator with the roots alpha^6 to alpha^9,
x^4 + 8 x^3 + 2 x^2 + 8 x + 1. Two wrong symbols can be corrected. The frame count is not protected.
"""

from tlm_cmd.errors import ChecksumError, TooShortError

HEADER_OCTETS = 6
CHECK_OCTETS = 2
MAX_CORRECTED = 2
"""Symbols that can be corrected."""

_SYMBOLS = 10
_CHECK_SYMBOLS = 4
_FIELD_GENERATOR = 0x13
_CODE_GENERATOR = (8, 2, 8, 1)
_SIGNALLING = 5


def _product(left: int, right: int) -> int:
    """Return the product of two elements of GF(16)."""
    result = 0
    for bit in range(4):
        if right >> bit & 1:
            result ^= left << bit
    for bit in (6, 5, 4):
        if result >> bit & 1:
            result ^= _FIELD_GENERATOR << bit - 4
    return result


def _divided(symbols: int) -> int:
    """Return the four check symbols of six symbols (24 bits), by long division."""
    remainder = [0, 0, 0, 0]
    for shift in range(20, -4, -4):
        feedback = symbols >> shift & 15 ^ remainder[0]
        remainder = [
            following ^ _product(feedback, coefficient)
            for following, coefficient in zip([*remainder[1:], 0], _CODE_GENERATOR, strict=True)
        ]
    return remainder[0] << 12 | remainder[1] << 8 | remainder[2] << 4 | remainder[3]


# The code is linear: the check symbols of a header are those of its octets, added up.
_FIRST = tuple(_divided(octet << 16) for octet in range(256))
_SECOND = tuple(_divided(octet << 8) for octet in range(256))
_LAST = tuple(_divided(octet) for octet in range(256))
_SINGLE_ERRORS = {
    (_divided(pattern >> 16) ^ pattern & 0xFFFF): pattern
    for pattern in (value << 4 * symbol for symbol in range(_SYMBOLS) for value in range(1, 16))
}
"""The one-symbol error (40 bits) by the difference that it makes between check symbols computed and received."""


def header_check(header: bytes) -> int:
    """Return the check symbols of a primary header of six octets, 16 bits."""
    return _FIRST[header[0]] ^ _SECOND[header[1]] ^ _LAST[header[_SIGNALLING]]


def correct_header(octets: bytes) -> tuple[bytes, int]:
    """Return (the header of six octets and its two check octets, corrected; how many symbols were wrong).

    More than two wrong symbols are mostly found out, but may also look like two others.

    Raises:
        TooShortError: fewer than eight octets.
        ChecksumError: more than two symbols are wrong.
    """
    if len(octets) < HEADER_OCTETS + CHECK_OCTETS:
        raise TooShortError("AOS transfer frame header", HEADER_OCTETS + CHECK_OCTETS, len(octets))
    found = octets[HEADER_OCTETS] << 8 | octets[HEADER_OCTETS + 1]
    expected = header_check(octets)
    difference = expected ^ found
    if not difference:
        return octets[: HEADER_OCTETS + CHECK_OCTETS], 0
    error = _SINGLE_ERRORS.get(difference)
    if error is not None:
        return _with(octets, error), 1
    for other_difference, first in _SINGLE_ERRORS.items():
        second = _SINGLE_ERRORS.get(difference ^ other_difference)
        if second is not None:
            return _with(octets, first ^ second), MAX_CORRECTED
    raise ChecksumError("AOS transfer frame header", expected, found)


def _with(octets: bytes, error: int) -> bytes:
    """Return the header and its check octets with the bits of an error pattern inverted."""
    header = int.from_bytes(octets[: HEADER_OCTETS + CHECK_OCTETS], "big")
    # The pattern has no bits for the frame count, octets 2 to 4, which stand between the protected ones.
    spread = error >> 24 << 48 | error & 0xFF_FFFF
    return (header ^ spread).to_bytes(HEADER_OCTETS + CHECK_OCTETS, "big")
