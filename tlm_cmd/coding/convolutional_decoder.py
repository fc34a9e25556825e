"""Octets out of a stream of convolutional symbols (CCSDS 131.0-B-5, section 3). For the ground: it needs NumPy."""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from tlm_cmd.coding.viterbi import most_likely_bits
from tlm_cmd.errors import check_range

BLOCK_BITS = 512
"""Bits decoded as one stretch."""
DEFAULT_TRUNCATION_BITS = 96
"""Bits in front of a stretch and behind it that help to decide; five constraint lengths are the least."""
MIN_TRUNCATION_BITS = 35
MAX_TRUNCATION_BITS = 1024
_BLOCKS_AT_ONCE = 256
_DOUBTFUL_QUALITY = 0.95
"""Below this the other symbol phase is tried."""
_CLEARLY_BETTER = 0.05
"""By how much the other phase must be better: four standard deviations of the difference in pure noise."""
_HARD_SYMBOLS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.int8) * 2 - 1


class ConvolutionalDecoderCounters(msgspec.Struct):
    """What became of each symbol: ``symbols = 2 * bits + skipped_symbols + buffered_symbols``."""

    symbols: int = 0
    bits: int = 0
    skipped_symbols: int = 0
    """Symbols left out to change the phase, and those behind the last whole octet."""
    phase_changes: int = 0


class ConvolutionalDecoderState(msgspec.Struct):
    """The memory of a `ConvolutionalDecoder`."""

    counters: ConvolutionalDecoderCounters = msgspec.field(default_factory=ConvolutionalDecoderCounters)
    buffer: bytes = b""
    """Symbols, a signed octet each: first those of ``history_bits`` bits already decoded."""
    history_bits: int = 0
    """At most the truncation length."""
    quality: float = 0.0
    """Of the last stretch: 1 if no symbol contradicts the bits decoded, about 0.8 in noise or in the wrong phase."""


class ConvolutionalDecoder:
    """Decodes a stream by the Viterbi algorithm, in stretches of 512 bits that overlap by the truncation length.

    Which symbols belong together is found by trying: when a stretch fits badly and would fit clearly better one symbol
    later, one symbol is left out. Inverted symbols give inverted bits: whoever finds the frames finds that.

    The result depends on the symbols only, never on how they were cut into chunks, but large chunks are decoded faster.
    A bit comes out when the stretch and the truncation length behind it are complete, and one symbol more.

    Args:
        truncation_bits: 35 to 1024.
        finds_phase: whether to look for the symbol phase; otherwise the first symbol fed is the first of a pair.
        zero_start: whether the first bit is known to follow six zeros.

    Raises:
        FieldRangeError: the truncation length is out of range.
    """

    def __init__(
        self,
        truncation_bits: int = DEFAULT_TRUNCATION_BITS,
        *,
        finds_phase: bool = True,
        zero_start: bool = False,
    ) -> None:
        check_range("truncation bits", truncation_bits, MIN_TRUNCATION_BITS, MAX_TRUNCATION_BITS)
        self.truncation_bits = truncation_bits
        self.finds_phase = finds_phase
        self.zero_start = zero_start
        self.state = ConvolutionalDecoderState()

    @property
    def buffered_symbols(self) -> int:
        """Symbols whose bits have not come out yet."""
        return len(self.state.buffer) - 2 * self.state.history_bits

    def feed_hard(self, symbols: bytes) -> bytes:
        """Take the next symbols, eight to an octet, and return the octets that are decoded."""
        return self.feed_soft(_HARD_SYMBOLS[np.frombuffer(symbols, np.uint8)].ravel())

    def feed_soft(self, symbols: NDArray[np.int8]) -> bytes:
        """Take the next symbols and return the octets that are decoded.

        Args:
            symbols: one-dimensional, each from -127, surely a 0, over 0, unknown, to 127, surely a 1.
        """
        state = self.state
        state.counters.symbols += len(symbols)
        state.buffer += np.maximum(symbols, np.int8(-127)).tobytes()
        ahead = 2 * self.truncation_bits + 1
        octets: list[bytes] = []
        while blocks := max(0, self.buffered_symbols - ahead) // (2 * BLOCK_BITS):
            octets.append(self._decode(min(blocks, _BLOCKS_AT_ONCE)))
        return b"".join(octets)

    def flush(self) -> bytes:
        """Return the whole octets still to come, when no more symbols do, and begin anew.

        The last bits are less well protected: senders let at least six zeros follow.
        """
        state, counters = self.state, self.state.counters
        left = counters.skipped_symbols + self.buffered_symbols
        state.buffer += bytes(2 * (BLOCK_BITS + self.truncation_bits) + 1)
        decoded = b""
        while (missing := left - counters.skipped_symbols - 16 * len(decoded)) >= 16:
            decoded += self._decode(1)
        surplus = -(missing // 16)
        decoded = decoded[: len(decoded) - surplus]
        counters.bits -= 8 * surplus
        counters.skipped_symbols += missing % 16
        state.buffer, state.history_bits = b"", 0
        return decoded

    def _decode(self, stretches: int) -> bytes:
        """Decode so many stretches, or those in front of the first one that fits better one symbol later."""
        state, counters = self.state, self.state.counters
        unknown = bytes(2 * (self.truncation_bits - state.history_bits))
        symbols = np.frombuffer(unknown + state.buffer, np.int8)
        starts = np.arange(stretches) * (2 * BLOCK_BITS)
        bits, quality = self._decode_at(symbols, starts, zero_start=self.zero_start and not state.history_bits)
        taken = stretches
        if self.finds_phase and len(doubtful := np.flatnonzero(quality < _DOUBTFUL_QUALITY)):
            _, other = self._decode_at(symbols, starts[doubtful] + 1, zero_start=False)
            if len(better := doubtful[other > quality[doubtful] + _CLEARLY_BETTER]):
                taken = int(better[0])
        if taken:
            state.quality = float(quality[taken - 1])
        counters.bits += BLOCK_BITS * taken
        begin = 2 * (state.history_bits + BLOCK_BITS * taken)
        if taken < stretches:
            begin += 1
            counters.skipped_symbols += 1
            counters.phase_changes += 1
        state.history_bits = min(self.truncation_bits, state.history_bits + BLOCK_BITS * taken)
        state.buffer = state.buffer[begin - 2 * state.history_bits :]
        return np.packbits(bits[:, :taken].T).tobytes()

    def _decode_at(
        self, symbols: NDArray[np.int8], starts: NDArray[Any], *, zero_start: bool
    ) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """Return the bits of the stretches whose warm-ups begin at ``starts``, and how well they fit."""
        steps = BLOCK_BITS + 2 * self.truncation_bits
        columns = symbols[starts + np.arange(2 * steps)[:, None]].reshape(steps, 2, len(starts))
        bits, metrics = most_likely_bits(columns, warm_up=self.truncation_bits, zero_start=zero_start)
        strengths = np.abs(columns).sum(axis=(0, 1), dtype=np.int64)
        return bits[:BLOCK_BITS], metrics / np.maximum(strengths, 1)
