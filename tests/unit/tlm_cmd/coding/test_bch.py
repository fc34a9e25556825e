import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.coding.bch import BchMode, decode_blocks, encode_blocks, syndromes
from tlm_cmd.errors import LengthMismatchError

MODEST = settings(max_examples=60, deadline=None)
DETECT, CORRECT = BchMode.TRIPLE_ERROR_DETECTION, BchMode.SINGLE_ERROR_CORRECTION
DATA = bytes(range(1, 8))
BLOCK = encode_blocks(DATA)


def parity_bit_by_bit(data: bytes) -> int:
    """Compute the last octet of a block by the shift register of the standard."""
    register = 0
    for octet in data:
        for bit in range(7, -1, -1):
            feedback = register >> 6 ^ octet >> bit & 1
            register = register << 1 & 0x7F
            if feedback:
                register ^= 0x45
    return (register ^ 0x7F) << 1


def damaged(*bits: int) -> bytes:
    """Return the block with bits inverted."""
    word = int.from_bytes(BLOCK, "big")
    for bit in bits:
        word ^= 1 << 63 - bit
    return word.to_bytes(8, "big")


@pytest.mark.parametrize(
    ("data", "last"),
    [
        ("00000000000000", "fe"),
        ("ffffffffffffff", "86"),
        ("01020304050607", "70"),
        ("55555555555555", "d6"),
        ("22f600ff00421a", "12"),
        ("8cc00e010d1906", "5a"),
        ("301b0009008200", "54"),
        ("10e4c155555555", "3e"),
    ],
)
def test_known_blocks(data: str, last: str) -> None:
    """The last octet of blocks known from elsewhere is as they have it."""
    assert encode_blocks(bytes.fromhex(data)).hex() == data + last


@MODEST
@given(st.integers(0, 40), st.data())
def test_blocks_agree_with_the_shift_register(blocks: int, draw: st.DataObject) -> None:
    """Any number of blocks is encoded as the shift register of the standard does it, and decoded again."""
    data = draw.draw(st.binary(min_size=7 * blocks, max_size=7 * blocks))
    pieces = [data[start : start + 7] for start in range(0, len(data), 7)]
    coded = encode_blocks(data)
    assert coded == b"".join(piece + bytes([parity_bit_by_bit(piece)]) for piece in pieces)
    assert syndromes(coded) == bytes(blocks)
    for mode in BchMode:
        decoded = decode_blocks(coded, mode)
        assert (decoded.octets, decoded.blocks, decoded.corrected_bits, decoded.rejected) == (data, blocks, 0, False)


@pytest.mark.parametrize("bit", range(63))
def test_every_single_error_is_corrected(bit: int) -> None:
    """One error anywhere in a code word is corrected, or detected, as the mode says."""
    blocks = BLOCK + damaged(bit) + BLOCK
    decoded = decode_blocks(blocks, CORRECT)
    assert (decoded.octets, decoded.blocks, decoded.corrected_bits, decoded.rejected) == (3 * DATA, 3, 1, False)
    decoded = decode_blocks(blocks, DETECT)
    assert (decoded.octets, decoded.blocks, decoded.corrected_bits, decoded.rejected) == (DATA, 1, 0, True)


def test_every_double_error_is_detected() -> None:
    """Two errors in a code word are never corrected."""
    for first, second in itertools.combinations(range(63), 2):
        decoded = decode_blocks(damaged(first, second), CORRECT)
        assert decoded.rejected
        assert decoded.octets == b""


def test_every_triple_error_is_detected() -> None:
    """Three errors in a code word always leave a syndrome: enough where nothing is corrected."""
    triples = list(itertools.combinations(range(63), 3))
    assert 0 not in syndromes(b"".join(damaged(*bits) for bits in triples))


@pytest.mark.parametrize("mode", BchMode)
def test_filler_bit_does_not_count(mode: BchMode) -> None:
    """A wrong filler bit is no error, alone or beside one that is corrected."""
    assert decode_blocks(damaged(63), mode).octets == DATA
    assert decode_blocks(damaged(63, 20), CORRECT).octets == DATA


def test_decoding_ends_with_the_first_rejected_block() -> None:
    """Nothing behind a rejected block is decoded, and corrections in front of it count."""
    decoded = decode_blocks(damaged(60) + damaged(3) + damaged(1, 2) + BLOCK, CORRECT)
    assert (decoded.octets, decoded.blocks, decoded.corrected_bits, decoded.rejected) == (2 * DATA, 2, 2, True)


def test_stop_block_is_not_corrected() -> None:
    """A block equal to the tail ends the decoding even if one error would explain it."""
    assert decode_blocks(BLOCK + damaged(3), CORRECT, stop=damaged(3)).blocks == 1
    assert decode_blocks(BLOCK + damaged(3), CORRECT, stop=damaged(4)).blocks == 2


def test_partial_blocks_are_refused() -> None:
    """Data and blocks must be whole: the lengths are in the error."""
    with pytest.raises(LengthMismatchError) as caught:
        encode_blocks(bytes(8))
    assert (caught.value.declared, caught.value.found) == (14, 8)
    with pytest.raises(LengthMismatchError) as caught:
        decode_blocks(bytes(15), CORRECT)
    assert (caught.value.declared, caught.value.found) == (16, 15)


@MODEST
@given(st.binary(max_size=80), st.sampled_from(BchMode))
def test_whatever_is_accepted_is_near_a_code_word(octets: bytes, mode: BchMode) -> None:
    """Any blocks that are accepted differ from code words by the bits that were corrected, filler aside."""
    octets = octets[: len(octets) // 8 * 8]
    decoded = decode_blocks(octets, mode)
    coded = encode_blocks(decoded.octets)
    filler_aside = bytes([0xFF] * 7 + [0xFE]) * decoded.blocks
    difference = int.from_bytes(coded, "big") ^ int.from_bytes(octets[: len(coded)], "big")
    assert (difference & int.from_bytes(filler_aside, "big")).bit_count() == decoded.corrected_bits
    assert decoded.rejected == (decoded.blocks < len(octets) // 8)
