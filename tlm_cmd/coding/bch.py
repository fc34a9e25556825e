"""The modified BCH(63,56) code of telecommands (CCSDS 231.0-B-4, section 3).

A code block has 64 bits: 56 of data, seven parity bits that are sent inverted, and a filler bit that is 0 and takes no
part in the code. The generator x^7 + x^6 + x^2 + 1 gives it the distance 4. All blocks of a buffer are computed
at once, a column of octets at a time.
"""

from enum import StrEnum, unique
from typing import assert_never

import msgspec

from tlm_cmd.errors import LengthMismatchError

BLOCK_OCTETS = 8
BLOCK_DATA_OCTETS = 7
BLOCK_BITS = 8 * BLOCK_OCTETS
_CODE_BITS = 63
_GENERATOR = 0xC5
_INVERTED_PARITY = 0xFE
"""The bits of the last octet of a block that hold parity."""


@unique
class BchMode(StrEnum):
    """What a decoder does with errors: a managed parameter (231.0-B-4, 3.4)."""

    TRIPLE_ERROR_DETECTION = "triple_error_detection"
    """A block with errors is rejected; up to three are always seen."""
    SINGLE_ERROR_CORRECTION = "single_error_correction"
    """One error in a block is corrected; two are always seen, and the block is rejected."""


def _remainder(degree: int) -> int:
    """Return x^degree modulo the generator."""
    remainder = 1
    for _ in range(degree):
        remainder <<= 1
        if remainder >> 7:
            remainder ^= _GENERATOR
    return remainder


def _parity_table(position: int) -> bytes:
    """Return what each value of the octet at ``position`` of a block adds to the parity bits of the last octet."""
    per_bit = [_remainder(_CODE_BITS - 1 - 8 * position - bit) << 1 for bit in range(8)]
    table = bytearray(256)
    for octet in range(256):
        for bit in range(8):
            if octet >> 7 - bit & 1:
                table[octet] ^= per_bit[bit]
    return bytes(table)


_PARITY = tuple(_parity_table(position) for position in range(BLOCK_DATA_OCTETS))
_RECEIVED_PARITY = bytes(octet & _INVERTED_PARITY ^ _INVERTED_PARITY for octet in range(256))
_ERROR_BIT: tuple[int | None, ...] = tuple(
    {_remainder(_CODE_BITS - 1 - bit) << 1: bit for bit in range(_CODE_BITS)}.get(syndrome) for syndrome in range(256)
)
"""The one bit of a block that explains a syndrome, or None."""
_NO_ERROR_BIT: tuple[int | None, ...] = (None,) * 256


class DecodedBlocks(msgspec.Struct, frozen=True, gc=False):
    """The data of the blocks in front of the first one that is rejected."""

    octets: bytes
    blocks: int
    """Blocks accepted."""
    corrected_bits: int
    rejected: bool
    """Whether there was a block behind them that is rejected; what follows it was not looked at."""


def encode_blocks(data: bytes) -> bytes:
    """Return the code blocks of ``data``, in order.

    Raises:
        LengthMismatchError: the data are no multiple of seven octets.
    """
    blocks, rest = divmod(len(data), BLOCK_DATA_OCTETS)
    if rest:
        raise LengthMismatchError("data of BCH code blocks", (blocks + 1) * BLOCK_DATA_OCTETS, len(data))
    parity = int.from_bytes(bytes([_INVERTED_PARITY]) * blocks, "big")
    coded = bytearray(BLOCK_OCTETS * blocks)
    for position, table in enumerate(_PARITY):
        column = data[position::BLOCK_DATA_OCTETS]
        coded[position::BLOCK_OCTETS] = column
        parity ^= int.from_bytes(column.translate(table), "big")
    coded[BLOCK_DATA_OCTETS::BLOCK_OCTETS] = parity.to_bytes(blocks, "big")
    return bytes(coded)


def syndromes(blocks: bytes) -> bytes:
    """Return one octet per code block: 0 if it is a code word, whatever its filler bit.

    Raises:
        LengthMismatchError: the blocks are no multiple of eight octets.
    """
    count, rest = divmod(len(blocks), BLOCK_OCTETS)
    if rest:
        raise LengthMismatchError("BCH code blocks", (count + 1) * BLOCK_OCTETS, len(blocks))
    total = int.from_bytes(blocks[BLOCK_DATA_OCTETS::BLOCK_OCTETS].translate(_RECEIVED_PARITY), "big")
    for position, table in enumerate(_PARITY):
        total ^= int.from_bytes(blocks[position::BLOCK_OCTETS].translate(table), "big")
    return total.to_bytes(count, "big")


def decode_blocks(blocks: bytes, mode: BchMode, stop: bytes = b"") -> DecodedBlocks:
    """Decode blocks up to the first one with errors that ``mode`` does not correct (231.0-B-4, 3.4).

    A block equal to ``stop`` that is no code word is rejected even if it could be corrected: tails that some encoders
    send differ from a code word by a single bit.

    Raises:
        LengthMismatchError: the blocks are no multiple of eight octets.
    """
    match mode:
        case BchMode.TRIPLE_ERROR_DETECTION:
            error_bits = _NO_ERROR_BIT
        case BchMode.SINGLE_ERROR_CORRECTION:
            error_bits = _ERROR_BIT
        case _:
            assert_never(mode)
    found = syndromes(blocks)
    corrections: list[tuple[int, int]] = []
    accepted = _next_error(found, 0)
    while accepted < len(found):
        start = BLOCK_OCTETS * accepted
        bit = error_bits[found[accepted]]
        if bit is None or blocks[start : start + BLOCK_OCTETS] == stop:
            break
        corrections.append((accepted, bit))
        accepted = _next_error(found, accepted + 1)
    octets = bytearray(blocks[: BLOCK_OCTETS * accepted])
    for block, bit in corrections:
        octets[BLOCK_OCTETS * block + bit // 8] ^= 0x80 >> bit % 8
    del octets[BLOCK_DATA_OCTETS::BLOCK_OCTETS]
    return DecodedBlocks(bytes(octets), accepted, len(corrections), accepted < len(found))


def _next_error(found: bytes, start: int) -> int:
    """Return the index of the first syndrome from ``start`` on that is not 0; their number if there is none."""
    return len(found) - len(found[start:].lstrip(b"\0"))
