"""Maximum likelihood paths through the trellis of the rate 1/2, constraint length 7 code (CCSDS 131.0-B-5, section 3).

Many stretches of symbols are decoded side by side, a column each, since NumPy takes as long for one as for dozens.
For the ground: flight code decodes no telemetry.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlm_cmd.coding.convolutional import FIRST_DELAYS, MEMORY_BITS, SECOND_DELAYS

STATES = 1 << MEMORY_BITS
_HALF = STATES // 2
_IMPOSSIBLE = -8000
"""Metric of a state in which a path cannot begin: six steps, after which the others have led everywhere, cost less."""
_STEPS_PER_RESCALE = 64
"""In so many steps metrics grow by 16,256 at most, and no two ever differ by more than 3,048 or the above."""


def _symbols_of(register: int) -> int:
    """Return both symbols, the first one as 2, that a 0 behind the bits of ``register`` gives."""
    first = sum(register >> delay - 1 & 1 for delay in FIRST_DELAYS[1:]) & 1
    second = sum(register >> delay - 1 & 1 for delay in SECOND_DELAYS[1:]) & 1
    return first << 1 | second ^ 1


_EXPECTED = np.array([_symbols_of(register) for register in range(_HALF)])
"""Both symbols of a step from a state whose oldest bit is 0 under a 0.

Newest and oldest bit enter both symbols, so if one of them is 1 both symbols are inverted.
"""


def most_likely_bits(
    symbols: NDArray[np.int8], *, warm_up: int = 0, zero_start: bool = False
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the most likely bits behind each column of symbols, and the metric of its path.

    Args:
        symbols: (steps, 2, columns), each from -127, surely a 0, over 0, unknown, to 127, surely a 1.
        warm_up: steps at the beginning that only prepare the choice; their bits are not returned.
        zero_start: whether the bits of the first column behind the warm-up follow six zeros.

    Returns:
        Bits, (steps - warm_up, columns), and for each column the sum of the symbols, each with the sign that the path
        gives it: the sum of their magnitudes if there is no error.
    """
    steps, _, columns = symbols.shape
    branch = _branch_metrics(symbols)
    choices = np.empty((steps, STATES, columns), np.bool_)
    metrics = np.zeros((STATES, columns), np.int16)
    following = np.empty_like(metrics)
    expected, stay, leave = (np.empty((_HALF, columns), np.int16) for _ in range(3))
    total = np.zeros(columns, np.int64)
    for step in range(steps):
        if not step % _STEPS_PER_RESCALE:
            top = metrics.max(axis=0)
            metrics -= top
            total += top
        if zero_start and step == warm_up:
            metrics[1:, 0] = metrics[0, 0] + _IMPOSSIBLE
        old_0, old_1 = metrics[:_HALF], metrics[_HALF:]
        np.take(branch[step], _EXPECTED, axis=0, out=expected, mode="clip")
        np.add(old_0, expected, out=stay)
        np.subtract(old_1, expected, out=leave)
        np.greater(leave, stay, out=choices[step, 0::2])
        np.maximum(leave, stay, out=following[0::2])
        np.subtract(old_0, expected, out=stay)
        np.add(old_1, expected, out=leave)
        np.greater(leave, stay, out=choices[step, 1::2])
        np.maximum(leave, stay, out=following[1::2])
        metrics, following = following, metrics
    return _trace_back(choices, metrics, warm_up), total + metrics.max(axis=0)


def _branch_metrics(symbols: NDArray[np.int8]) -> NDArray[np.int16]:
    """Return (steps, 4, columns): how well the symbols 00, 01, 10 and 11 agree with those received."""
    first, second = symbols[:, 0].astype(np.int16), symbols[:, 1].astype(np.int16)
    both, apart = first + second, first - second
    return np.stack((-both, -apart, apart, both), axis=1)


def _trace_back(choices: NDArray[np.bool_], metrics: NDArray[np.int16], warm_up: int) -> NDArray[np.uint8]:
    """Follow the best path of each column back to the end of the warm-up and return its bits."""
    steps, _, columns = choices.shape
    flat = choices.reshape(steps, STATES * columns)
    column = np.arange(columns)
    state: NDArray[Any] = metrics.argmax(axis=0)
    bits = np.empty((steps - warm_up, columns), np.uint8)
    for step in range(steps - 1, warm_up - 1, -1):
        bits[step - warm_up] = state & 1
        oldest = flat[step].take(state * columns + column)
        state = state >> 1 | oldest.astype(np.int64) << MEMORY_BITS - 1
    return bits
