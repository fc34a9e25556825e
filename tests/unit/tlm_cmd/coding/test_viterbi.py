import numpy as np
import pytest
from numpy.typing import NDArray

from tlm_cmd.coding.viterbi import most_likely_bits

G1, G2 = 0o171, 0o133


def codeword(bits: int, steps: int, register: int) -> list[int]:
    """Encode bits behind those of a register, with 1 and -1 for the symbols."""
    symbols = []
    window = register << 1
    for step in range(steps - 1, -1, -1):
        window = (window >> 1) | (bits >> step & 1) << 6
        symbols.append(2 * ((window & G1).bit_count() & 1) - 1)
        symbols.append(1 - 2 * ((window & G2).bit_count() & 1))
    return symbols


def every_codeword(steps: int, registers: range) -> NDArray[np.int64]:
    """Return all code words: (registers, bits, symbols)."""
    return np.array([[codeword(bits, steps, register) for bits in range(1 << steps)] for register in registers])


@pytest.mark.parametrize(("zero_start", "registers"), [(True, range(1)), (False, range(64))])
@pytest.mark.parametrize("strength", [1, 127])
def test_agrees_with_trying_every_message(
    zero_start: bool,  # noqa: FBT001
    registers: range,
    strength: int,
) -> None:
    """For short messages in strong noise, the path is as likely as the best of all messages, and is that message."""
    steps = 8 if zero_start else 6
    words = every_codeword(steps, registers)
    chance = np.random.default_rng(5)
    unique = 0
    for _ in range(200):
        symbols = chance.integers(-strength, strength + 1, (steps, 2, 1)).astype(np.int8)
        metrics = words @ symbols[:, :, 0].ravel().astype(np.int64)
        bits, best = most_likely_bits(symbols, zero_start=zero_start)
        assert best[0] == metrics.max()
        found = int("".join(str(bit) for bit in bits[:, 0]), 2)
        assert found in np.argwhere(metrics == metrics.max())[:, 1]
        unique += (metrics == metrics.max()).sum() == 1
    assert unique


def test_columns_do_not_touch() -> None:
    """Stretches decoded side by side give what each gives alone, over more steps than between two rescalings."""
    symbols = np.random.default_rng(6).integers(-127, 128, (300, 2, 9)).astype(np.int8)
    together, metrics = most_likely_bits(symbols, warm_up=17)
    assert together.shape == (283, 9)
    for column in range(9):
        alone, metric = most_likely_bits(symbols[:, :, column : column + 1], warm_up=17)
        assert np.array_equal(together[:, column], alone[:, 0])
        assert metrics[column] == metric[0]


def test_metric_without_errors() -> None:
    """Without an error the metric is the sum of the magnitudes, however long and strong the symbols are."""
    word = np.array(codeword(0x5A5A5A << 976, 1000, 0)).reshape(1000, 2, 1)
    bits, metrics = most_likely_bits((word * 127).astype(np.int8))
    assert metrics[0] == 2000 * 127
    assert int("".join(str(bit) for bit in bits[:, 0]), 2) == 0x5A5A5A << 976


def test_zero_start_counts_behind_the_warm_up() -> None:
    """What stands in the warm-up makes no difference to a column whose bits are known to follow zeros."""
    chance = np.random.default_rng(8)
    symbols = chance.integers(-127, 128, (60, 2, 1)).astype(np.int8)
    plain, metrics = most_likely_bits(symbols, zero_start=True)
    for _ in range(20):
        noise = chance.integers(-127, 128, (30, 2, 1)).astype(np.int8)
        bits, _ = most_likely_bits(np.concatenate((noise, symbols)), warm_up=30, zero_start=True)
        assert np.array_equal(bits, plain)
    unknown, other = most_likely_bits(symbols)
    assert not np.array_equal(unknown, plain)
    assert other[0] > metrics[0]
