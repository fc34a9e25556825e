"""The convolutional code against the encoder and decoder of the package `viterbi` (C++)."""

import random

import pytest

from tlm_cmd.coding.convolutional import ConvolutionalEncoder
from tlm_cmd.coding.convolutional_decoder import ConvolutionalDecoder

viterbi = pytest.importorskip("viterbi")

DATA = random.Random(7).randbytes(300)


def bits_of(octets: bytes) -> list[int]:
    """Return the bits of octets."""
    return [octet >> 7 - bit & 1 for octet in octets for bit in range(8)]


def octets_of(bits: list[int]) -> bytes:
    """Put bits into octets."""
    return int("".join(map(str, bits)), 2).to_bytes(len(bits) // 8, "big")


def second_inverted(symbols: list[int]) -> list[int]:
    """Invert every second symbol: the peer knows the code without that."""
    return [symbol ^ index & 1 for index, symbol in enumerate(symbols)]


def test_same_symbols() -> None:
    """Both encoders give the same symbols."""
    peer = viterbi.Viterbi(7, [0o171, 0o133])
    assert octets_of(second_inverted(peer.encode(bits_of(DATA)))) == ConvolutionalEncoder().encode(DATA)


@pytest.mark.parametrize("one_in", [1000, 60, 25])
def test_same_decisions(one_in: int) -> None:
    """Each decodes what the other encoded, with errors in it, to the same bits, which are the ones that were sent."""
    peer = viterbi.Viterbi(7, [0o171, 0o133])
    encoder = ConvolutionalEncoder()
    symbols = bits_of(encoder.encode(DATA) + encoder.flush())
    chance = random.Random(one_in)
    spoilt = [symbol ^ (chance.randrange(one_in) == 0) for symbol in symbols]
    assert spoilt != symbols
    decoder = ConvolutionalDecoder(zero_start=True)
    ours = decoder.feed_hard(octets_of(spoilt)) + decoder.flush()
    theirs = octets_of(peer.decode(second_inverted(spoilt)))
    assert ours == theirs == DATA + b"\0"
