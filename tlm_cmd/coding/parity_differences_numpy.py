"""What is wrong with the parity of the code words of a block (CCSDS 131.0-B-5, 4.3.4, 4.3.5), with NumPy.

Parity is linear: each octet of a block adds its share, which depends on its place alone. All shares are looked up at
once, and added.
"""

import functools

import numpy as np
from numpy.typing import NDArray

from tlm_cmd.coding.code_word import CODE_WORD_OCTETS, generator_polynomial
from tlm_cmd.coding.galois_field import MULTIPLES, TO_CONVENTIONAL, TO_DUAL

_VALUES = 256
_FIRST_ROWS = np.arange(CODE_WORD_OCTETS, dtype=np.intp)[:, np.newaxis] * _VALUES
"""Where the rows of each place begin in the table of shares."""


def parity_differences(block: bytes, correctable: int, interleave: int, *, dual_basis: bool) -> dict[int, bytes]:
    """See `tlm_cmd.coding.parity_differences.ParityDifferences`."""
    symbols = np.frombuffer(block, np.uint8).reshape(-1, interleave)
    rows = _FIRST_ROWS[CODE_WORD_OCTETS - len(symbols) :] + symbols
    shares = _shares(correctable, dual_basis=dual_basis).take(rows.ravel(), axis=0)
    sums = np.bitwise_xor.reduce(shares.reshape(len(symbols), -1), axis=0)
    if not sums.any():
        return {}
    differences = [each.tobytes() for each in sums.reshape(interleave, -1)]
    return {number: difference for number, difference in enumerate(differences) if any(difference)}


@functools.cache
def _shares(correctable: int, *, dual_basis: bool) -> NDArray[np.uint64]:
    """What each value of each place adds: 65,280 rows of 2 E octets, eight in each number; 2 MiB for E = 16."""
    parity_octets = 2 * correctable
    data_octets = CODE_WORD_OCTETS - parity_octets
    products = np.array([list(row) for row in MULTIPLES], np.uint8)
    shares = np.zeros((CODE_WORD_OCTETS, _VALUES, parity_octets), np.uint8)
    feedback = np.frombuffer(generator_polynomial(correctable)[1:], np.uint8)
    remainder = feedback
    for place in range(data_octets - 1, -1, -1):
        shares[place] = products[:, remainder]
        remainder = np.append(remainder[1:], np.uint8(0)) ^ products[remainder[0]][feedback]
    for place in range(parity_octets):
        shares[data_octets + place, :, place] = np.arange(_VALUES)
    if dual_basis:
        to_conventional, to_dual = np.frombuffer(TO_CONVENTIONAL, np.uint8), np.frombuffer(TO_DUAL, np.uint8)
        shares = to_dual[shares[:, to_conventional]]
    return shares.reshape(CODE_WORD_OCTETS * _VALUES, parity_octets).view(np.uint64)
