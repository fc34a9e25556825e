"""The remainder of a Reed-Solomon code word, which is its parity (CCSDS 131.0-B-5, 4.3.4).

Parity is linear in the data, basis change included. So for sixteen neighbouring places and each octet that may stand
there, the parity that it causes is kept as one big integer, and sixteen octets are divided by the generator polynomial
at once: sixteen look-ups and as many exclusive ors. Wider steps would save little, and their tables would not stay in
the processor's cache.
"""

import functools
import struct

import msgspec

from tlm_cmd.coding.galois_field import MULTIPLES, TO_CONVENTIONAL, TO_DUAL, linear_table, power

CODE_WORD_OCTETS = 255
ROOT_STEP = 11
"""The roots of the generator polynomials are powers of alpha^11 (4.3.4)."""
STEP_OCTETS = 16
"""Octets that are divided at once."""
STEP_BITS = 8 * STEP_OCTETS

_STEP = struct.Struct(f"{STEP_OCTETS}s")


def first_root(correctable: int) -> int:
    """Return the lowest exponent of alpha^11 among the 2E roots: 128 - E (4.3.4); E is ``correctable``, 8 or 16."""
    return 128 - correctable


def generator_polynomial(correctable: int) -> bytes:
    """Return the 2E + 1 coefficients of g(x), conventional basis, the highest first; they read the same backwards.

    E is ``correctable``, 8 or 16 (4.3.4).
    """
    generator = b"\1"
    for exponent in range(first_root(correctable), first_root(correctable) + 2 * correctable):
        root = power(ROOT_STEP * exponent)
        times_x, times_root = generator + b"\0", b"\0" + generator.translate(MULTIPLES[root])
        generator = bytes(left ^ right for left, right in zip(times_x, times_root, strict=True))
    return generator


class RemainderTables(msgspec.Struct, frozen=True, gc=False):
    """The tables of one code in one basis: 16 by 256 integers of 2E octets, 270 KiB for E = 16."""

    parity_octets: int
    steps: list[list[int]]
    """For each of 16 places, the most significant first, and each octet there: its remainder."""


@functools.cache
def remainder_tables(correctable: int, *, dual_basis: bool) -> RemainderTables:
    """Return the tables of a code, made when first asked for, within a millisecond; E is ``correctable``, 8 or 16."""
    parity_octets = 2 * correctable
    feedback = generator_polynomial(correctable)[1:]
    remainder = feedback
    steps = []
    for _ in range(STEP_OCTETS):
        images = []
        for bit in range(8):
            value = TO_CONVENTIONAL[1 << bit] if dual_basis else 1 << bit
            caused = remainder.translate(MULTIPLES[value])
            images.append(int.from_bytes(caused.translate(TO_DUAL) if dual_basis else caused, "big"))
        steps.append(linear_table(images))
        fed_back = int.from_bytes(feedback.translate(MULTIPLES[remainder[0]]), "big")
        remainder = (int.from_bytes(remainder[1:] + b"\0", "big") ^ fed_back).to_bytes(parity_octets, "big")
    return RemainderTables(parity_octets, steps[::-1])


def remainder(tables: RemainderTables, data: bytes) -> int:
    """Return the parity of the data of one code word, as a big-endian integer of 2E octets.

    Virtual fill, zeros before the data, changes nothing and is left out.
    """
    t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11, t12, t13, t14, t15 = tables.steps
    kept_bits = 8 * (tables.parity_octets - STEP_OCTETS)
    kept_mask = (1 << kept_bits) - 1
    from_bytes = int.from_bytes
    value = 0
    for (octets,) in _STEP.iter_unpack(bytes(-len(data) % STEP_OCTETS) + data):
        step = from_bytes(octets, "big") ^ value >> kept_bits
        o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15 = step.to_bytes(STEP_OCTETS, "big")
        value = (
            (value & kept_mask) << STEP_BITS
            ^ t0[o0] ^ t1[o1] ^ t2[o2] ^ t3[o3] ^ t4[o4] ^ t5[o5] ^ t6[o6] ^ t7[o7]
            ^ t8[o8] ^ t9[o9] ^ t10[o10] ^ t11[o11] ^ t12[o12] ^ t13[o13] ^ t14[o14] ^ t15[o15]
        )  # fmt: skip
    return value
