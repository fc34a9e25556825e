import random

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tlm_cmd.coding.convolutional import ConvolutionalEncoder
from tlm_cmd.coding.convolutional_decoder import BLOCK_BITS, ConvolutionalDecoder, ConvolutionalDecoderState
from tlm_cmd.errors import FieldRangeError

FEW = settings(max_examples=15, deadline=None)
DATA = random.Random(2).randbytes(600)


def signs_of(octets: bytes) -> NDArray[np.int8]:
    """Return 1 and -1 for the symbols of octets."""
    return (np.unpackbits(np.frombuffer(octets, np.uint8)).astype(np.int8) * 2 - 1).astype(np.int8)


def received(data: bytes, noise: float, seed: int = 1) -> NDArray[np.float64]:
    """Encode data and add white noise of a standard deviation to symbols of 1 and -1."""
    symbols = signs_of(ConvolutionalEncoder().encode(data)).astype(np.float64)
    return symbols + np.random.default_rng(seed).normal(0, noise, len(symbols))


def soft(symbols: NDArray[np.float64]) -> NDArray[np.int8]:
    """Quantise symbols to octets."""
    return np.clip(np.rint(symbols * 40), -128, 127).astype(np.int8)


def hard(symbols: NDArray[np.float64]) -> bytes:
    """Decide each symbol by itself."""
    return np.packbits(symbols > 0).tobytes()


def wrong_bits(found: bytes, wanted: bytes) -> int:
    """Count the bits that differ."""
    return (int.from_bytes(found, "big") ^ int.from_bytes(wanted, "big")).bit_count()


def is_closed(decoder: ConvolutionalDecoder) -> bool:
    """Whether every symbol is accounted for."""
    counters = decoder.state.counters
    return counters.symbols == 2 * counters.bits + counters.skipped_symbols + decoder.buffered_symbols


@pytest.mark.parametrize("octets", [0, 1, 63, 64, 65, 128, 600])
@pytest.mark.parametrize("zero_start", [False, True])
def test_round_trip(octets: int, zero_start: bool) -> None:  # noqa: FBT001
    """Octets of any number come back without noise once the encoder is flushed, as hard and as soft symbols."""
    encoder = ConvolutionalEncoder()
    symbols = encoder.encode(DATA[:octets]) + encoder.flush()
    for feed in ("hard", "soft"):
        decoder = ConvolutionalDecoder(zero_start=zero_start)
        found = decoder.feed_hard(symbols) if feed == "hard" else decoder.feed_soft(signs_of(symbols))
        assert is_closed(decoder)
        found += decoder.flush()
        assert found == DATA[:octets] + b"\0"
        assert is_closed(decoder)
        assert decoder.state.counters.bits == 8 * len(found)
        assert decoder.state.quality == 1


@pytest.mark.parametrize(
    ("decision", "noise", "channel_errors", "most"), [("soft", 0.6, 850, 1), ("hard", 0.5, 400, 4)]
)
def test_corrects_where_uncoded_fails(decision: str, noise: float, channel_errors: int, most: int) -> None:
    """Of 9,600 bits hardly any is wrong where, of 19,200 symbols decided one by one, hundreds are."""
    data = DATA * 2
    symbols = received(data, noise)
    assert wrong_bits(hard(symbols), ConvolutionalEncoder().encode(data)) > channel_errors
    decoder = ConvolutionalDecoder()
    found = decoder.feed_soft(soft(symbols)) if decision == "soft" else decoder.feed_hard(hard(symbols))
    found += decoder.flush()
    assert wrong_bits(found, data) <= most
    assert 0.85 < decoder.state.quality < 0.99


@pytest.mark.parametrize("lost", [1, 600, 4001, 9000])
def test_finds_the_phase(lost: int) -> None:
    """When a symbol is lost, the decoder finds the new phase in noise and goes on; the stream is one bit shorter."""
    symbols = np.delete(soft(received(DATA, 0.5)), lost)
    decoder = ConvolutionalDecoder()
    found = decoder.feed_soft(symbols) + decoder.flush()
    assert is_closed(decoder)
    assert decoder.state.counters.phase_changes == 1
    bits = "".join(f"{octet:08b}" for octet in found)
    wanted = "".join(f"{octet:08b}" for octet in DATA)
    assert bits[: max(0, lost // 2 - BLOCK_BITS)] == wanted[: max(0, lost // 2 - BLOCK_BITS)]
    behind = lost // 2 + BLOCK_BITS + 200
    tail = wanted[behind:-20]
    assert tail in bits


def test_phase_is_kept_if_told() -> None:
    """A decoder that is told the phase leaves no symbol out, and shows how badly the bits fit."""
    decoder = ConvolutionalDecoder(finds_phase=False)
    decoder.feed_soft(signs_of(ConvolutionalEncoder().encode(DATA))[1:])
    assert decoder.state.counters.phase_changes == 0
    assert decoder.state.quality < 0.9


def test_noise_seldom_changes_the_phase() -> None:
    """In noise neither phase is better by as much as it takes."""
    decoder = ConvolutionalDecoder()
    decoder.feed_soft(np.random.default_rng(3).integers(-127, 128, 60_000).astype(np.int8))
    assert decoder.state.counters.phase_changes <= 1
    assert decoder.state.counters.bits > 25_000


def test_inverted_symbols_give_inverted_bits() -> None:
    """The code is transparent: a stream in the other polarity is decoded to the inverted bits."""
    symbols = signs_of(ConvolutionalEncoder().encode(DATA))
    decoder = ConvolutionalDecoder()
    found = decoder.feed_soft(-symbols) + decoder.flush()
    assert wrong_bits(found[2:], bytes(octet ^ 0xFF for octet in DATA[2:])) == 0


@FEW
@given(
    st.integers(0, 2**32),
    st.floats(0, 1.2),
    st.lists(st.integers(0, 6000), max_size=6).map(sorted),
    st.sampled_from([35, 96]),
    st.booleans(),
)
def test_the_cut_does_not_matter(seed: int, noise: float, cuts: list[int], truncation: int, lose: bool) -> None:  # noqa: FBT001
    """A noisy stream gives the same octets and counters in one chunk and cut anywhere."""
    symbols = soft(received(DATA[:400], noise, seed))
    if lose:
        symbols = np.delete(symbols, 2500)
    results = []
    for chunks in ([symbols], np.split(symbols, cuts)):
        decoder = ConvolutionalDecoder(truncation)
        found = b""
        for chunk in chunks:
            found += decoder.feed_soft(chunk)
            assert is_closed(decoder)
            assert decoder.buffered_symbols <= 2 * (BLOCK_BITS + truncation) + 1
        state = msgspec.msgpack.encode(decoder.state)
        results.append((found, state, decoder.flush(), decoder.state.counters))
        assert is_closed(decoder)
    assert results[0] == results[1]


def test_a_stretch_comes_with_one_symbol_more() -> None:
    """A stretch is decoded as soon as the other phase could be tried as well, and not with a symbol less."""
    symbols = signs_of(ConvolutionalEncoder().encode(DATA))[1:]
    decoder = ConvolutionalDecoder()
    assert decoder.feed_soft(symbols[: 2 * (BLOCK_BITS + 96)]) == b""
    decoder.feed_soft(symbols[2 * (BLOCK_BITS + 96) : 2 * (BLOCK_BITS + 96) + 1])
    assert decoder.state.counters.phase_changes == 1
    assert is_closed(decoder)


def test_lowest_symbol_value() -> None:
    """The value -128, which has no counterpart, is as sure as -127."""
    symbols = signs_of(ConvolutionalEncoder().encode(DATA)).astype(np.int16) * 128
    decoder = ConvolutionalDecoder()
    assert decoder.feed_soft(np.minimum(symbols, 127).astype(np.int8)) + decoder.flush() == DATA
    assert decoder.state.quality == 1


@pytest.mark.parametrize("octets", [34, 1025])
def test_truncation_limits(octets: int) -> None:
    """The truncation length is at least five constraint lengths."""
    with pytest.raises(FieldRangeError, match="truncation bits"):
        ConvolutionalDecoder(octets)


@pytest.mark.parametrize("cut", [100, 1000, 3000])
def test_state_can_be_saved_and_restored(cut: int) -> None:
    """A decoder goes on from a saved state as if it were the first."""
    symbols = soft(received(DATA, 0.6))
    first, second = ConvolutionalDecoder(), ConvolutionalDecoder()
    first.feed_soft(symbols[:cut])
    second.state = msgspec.msgpack.decode(msgspec.msgpack.encode(first.state), type=ConvolutionalDecoderState)
    assert second.feed_soft(symbols[cut:]) == first.feed_soft(symbols[cut:])
    assert second.state == first.state
