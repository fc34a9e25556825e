import random

import pytest

from tlm_cmd.coding.reed_solomon import CORRECTABLE, ReedSolomon, UncorrectableError

reedsolo = pytest.importorskip("reedsolo")

# Images of 80, 40 to 01 in the other basis: the rows of the matrices in CCSDS 131.0-B-5, 4.3.9.
DUAL_ROWS = (0x8D, 0xEF, 0xEC, 0x86, 0xFA, 0x99, 0xAF, 0x7B)
CONVENTIONAL_ROWS = (0xC5, 0x42, 0x2E, 0xFD, 0xF0, 0x79, 0xAC, 0xCC)
LENGTHS = (1, 2, 31, 100, 222, 223)


def codec(correctable: int) -> "reedsolo.RSCodec":
    """The peer with the parameters of CCSDS; it knows the conventional basis and no interleaving."""
    return reedsolo.RSCodec(2 * correctable, nsize=255, fcr=128 - correctable, prim=0x187, generator=0xAD, c_exp=8)


def in_basis(octets: bytes, rows: tuple[int, ...]) -> bytes:
    """Multiply each octet by a matrix of bits."""
    table = bytearray(256)
    for value in range(256):
        for place, row in enumerate(rows):
            if value >> (7 - place) & 1:
                table[value] ^= row
    return octets.translate(table)


def damaged(octets: bytes, errors: int, source: random.Random) -> bytes:
    """Octets with so many of them wrong."""
    wrong = bytearray(octets)
    for place in source.sample(range(len(octets)), errors):
        wrong[place] ^= source.randrange(1, 256)
    return bytes(wrong)


@pytest.mark.parametrize("correctable", CORRECTABLE)
def test_parity_is_the_same(correctable: int) -> None:
    """Data of any length get the same parity from both, in the conventional basis."""
    source = random.Random(correctable)
    code, peer = ReedSolomon(correctable, 1, dual_basis=False), codec(correctable)
    for octets in (*LENGTHS, code.max_data_octets):
        data = source.randbytes(octets)
        assert code.encode(data) == bytes(peer.encode(data))


@pytest.mark.parametrize("correctable", CORRECTABLE)
def test_we_correct_what_the_peer_has_encoded(correctable: int) -> None:
    """Code words of the peer with 0 to E wrong symbols are decoded, and the wrong symbols counted."""
    source = random.Random(correctable)
    code, peer = ReedSolomon(correctable, 1, dual_basis=False), codec(correctable)
    for errors in range(correctable + 1):
        data = source.randbytes(source.choice(LENGTHS))
        decoded = code.decode(damaged(bytes(peer.encode(data)), errors, source))
        assert (decoded.data, decoded.corrected_symbols) == (data, errors)


@pytest.mark.parametrize("correctable", CORRECTABLE)
def test_the_peer_corrects_what_we_have_encoded(correctable: int) -> None:
    """Our code words with 0 to E wrong symbols are decoded by the peer."""
    source = random.Random(correctable)
    code, peer = ReedSolomon(correctable, 1, dual_basis=False), codec(correctable)
    for errors in range(correctable + 1):
        data = source.randbytes(source.choice(LENGTHS))
        found, _, places = peer.decode(damaged(code.encode(data), errors, source))
        assert (bytes(found), len(places)) == (data, errors)


@pytest.mark.parametrize("correctable", CORRECTABLE)
def test_both_refuse_too_many_errors(correctable: int) -> None:
    """A code word with more wrong symbols than can be corrected is refused by both."""
    source = random.Random(correctable)
    code, peer = ReedSolomon(correctable, 1, dual_basis=False), codec(correctable)
    for errors in (correctable + 1, correctable + 2, 3 * correctable):
        received = damaged(code.encode(source.randbytes(100)), errors, source)
        with pytest.raises(UncorrectableError):
            code.decode(received)
        with pytest.raises(reedsolo.ReedSolomonError):
            peer.decode(received)


@pytest.mark.parametrize("interleave", [1, 2, 3, 4, 5, 8])
@pytest.mark.parametrize("correctable", CORRECTABLE)
def test_blocks_in_the_dual_basis(correctable: int, interleave: int) -> None:
    """Each code word of a block, changed to the conventional basis, is decoded by the peer, and the other way round."""
    source = random.Random(interleave)
    code, peer = ReedSolomon(correctable, interleave), codec(correctable)
    data = source.randbytes(interleave * source.choice(LENGTHS))
    block = code.encode(data)
    built = bytearray(len(block))
    for number in range(interleave):
        word = in_basis(block[number::interleave], CONVENTIONAL_ROWS)
        symbols = in_basis(data[number::interleave], CONVENTIONAL_ROWS)
        found, _, _ = peer.decode(damaged(word, source.randint(1, correctable // 2), source))
        assert bytes(found) == symbols
        sent = damaged(bytes(peer.encode(symbols)), correctable, source)
        built[number::interleave] = in_basis(sent, DUAL_ROWS)
    decoded = code.decode(bytes(built))
    assert decoded.data == data
    assert decoded.corrected_by_code_word == (correctable,) * interleave
