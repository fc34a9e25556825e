"""The field GF(256) of the Reed-Solomon codes and the two bases its symbols are written in (CCSDS 131.0-B-5, 4.3).

An octet is a polynomial in alpha over GF(2), its most significant bit the coefficient of alpha^7, modulo
x^8 + x^7 + x^2 + x + 1. Vectors of symbols are octet strings: they are multiplied by a constant with `bytes.translate`,
and added as big integers, so that no symbol is handled alone in Python.
"""

from collections.abc import Iterable

FIELD_POLYNOMIAL = 0x187
"""x^8 + x^7 + x^2 + x + 1 (4.3.3)."""
ORDER = 255
"""Of the multiplicative group: alpha^255 is 1."""


def linear_table(images: Iterable[int]) -> list[int]:
    """Return a linear function as a table, from what it makes of 1, 2, 4 and so on."""
    table = [0]
    for image in images:
        table += [value ^ image for value in table]
    return table


def _powers() -> bytes:
    powers = bytearray()
    value = 1
    for _ in range(ORDER):
        powers.append(value)
        value <<= 1
        if value & 0x100:
            value ^= FIELD_POLYNOMIAL
    return bytes(powers)


POWERS = _powers()
"""alpha^0 to alpha^254."""
LOGARITHMS = bytes([ORDER, *(POWERS.index(value) for value in range(1, 256))])
"""The exponents of alpha for 1 to 255; 255, which is none, for 0."""


def _multiples(constant: int) -> bytes:
    if not constant:
        return bytes(256)
    rotated = (POWERS * 2)[LOGARITHMS[constant] :][:ORDER]
    return LOGARITHMS.translate(rotated + b"\0")


MULTIPLES = tuple(_multiples(constant) for constant in range(256))
"""The multiplication table: ``MULTIPLES[a][b]`` is a b, and ``vector.translate(MULTIPLES[a])`` is a times a vector."""
INVERSES = bytes([0, *(POWERS[-LOGARITHMS[value] % ORDER] for value in range(1, 256))])
"""1/a for 1 to 255; 0 for 0."""

TO_DUAL = bytes(linear_table((0x7B, 0xAF, 0x99, 0xFA, 0x86, 0xEC, 0xEF, 0x8D)))
"""Conventional to dual basis: ``octets.translate(TO_DUAL)`` (4.3.9)."""
TO_CONVENTIONAL = bytes(linear_table((0xCC, 0xAC, 0x79, 0xF0, 0xFD, 0x2E, 0x42, 0xC5)))
"""Dual to conventional basis, the inverse of `TO_DUAL`."""


def power(exponent: int) -> int:
    """Return alpha^exponent, for any integer."""
    return POWERS[exponent % ORDER]


def geometric_row(exponent: int, count: int = ORDER) -> bytes:
    """Return 1, a, a^2 and so on for a = alpha^exponent, ``count`` of them."""
    return bytes(POWERS[exponent * index % ORDER] for index in range(count))
