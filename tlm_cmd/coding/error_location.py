"""Which symbols of a Reed-Solomon code word are wrong, and by how much (CCSDS 131.0-B-5, 4.3).

The standard defines the code, not how it is decoded. Here the key equation is solved by the Berlekamp-Massey algorithm
in the reformulated shape of Sarwate and Shanbhag (High-Speed Architectures for Reed-Solomon Decoders, IEEE Trans. VLSI
Systems 9(5), 2001), where discrepancies, locator and evaluator polynomial are one vector, so that each iteration is one
scaling and one exclusive or; the roots are found by evaluating the locator everywhere at once, and the values follow
from Forney's formula.
"""

import functools

import msgspec

from tlm_cmd.coding.code_word import CODE_WORD_OCTETS, ROOT_STEP, first_root
from tlm_cmd.coding.galois_field import INVERSES, LOGARITHMS, MULTIPLES, geometric_row, power


class KeySolution(msgspec.Struct, frozen=True, gc=False):
    """What the syndromes say about the errors; both polynomials lowest coefficient first, to a common factor."""

    errors: int
    """How many there are, unless the code word cannot be corrected."""
    locator: bytes
    """Zero at 1/X for each error's locator X = alpha^(11 p), p the power of x that the symbol belongs to."""
    evaluator: bytes
    """The high half of the error evaluator."""


def code_word_errors(difference: bytes, fill: int) -> list[tuple[int, int]] | None:
    """Find the errors of a code word from the difference between its parity and the parity of its data.

    Args:
        difference: 2E octets, conventional basis.
        fill: symbols at the start of the code word that were not sent, and so cannot be wrong.

    Returns:
        Place, counted from the first symbol of the full code word, fill included, and value of each error, at most E of
        them; adding them makes the code word a valid one. None if it cannot be corrected.
    """
    solution = solve_key_equation(syndromes(difference))
    return None if solution is None else error_values(solution, len(difference) // 2, fill)


def syndromes(remainder: bytes) -> bytes:
    """Evaluate a remainder, conventional basis, at the 2E roots of the generator, the lowest exponent first."""
    count = len(remainder)
    total = 0
    for row, value in zip(_syndrome_rows(count), remainder, strict=True):
        total ^= int.from_bytes(row.translate(MULTIPLES[value]), "big")
    return total.to_bytes(count, "big")


def solve_key_equation(syndromes: bytes) -> KeySolution | None:
    """Find the shortest recurrence that the syndromes follow; None if it is longer than the errors correctable."""
    correctable = len(syndromes) // 2
    octets = 3 * correctable + 1
    work = syndromes + bytes(correctable) + b"\1"
    support = work
    balance = 0  # iterations done, less twice the length of the recurrence so far
    for _ in syndromes:
        discrepancy = work[0]
        shifted = work[1:] + b"\0"
        work = shifted
        if discrepancy:
            scaled = support.translate(MULTIPLES[discrepancy])
            work = (int.from_bytes(shifted, "big") ^ int.from_bytes(scaled, "big")).to_bytes(octets, "big")
            if balance >= 0:
                support = shifted.translate(MULTIPLES[INVERSES[discrepancy]])
                balance = -balance - 2
        balance += 1
    if balance < 0:
        return None
    errors = correctable - balance // 2
    return KeySolution(errors, work[correctable : correctable + errors + 1], work[:errors])


def error_values(solution: KeySolution, correctable: int, fill: int) -> list[tuple[int, int]] | None:
    """Return place, counted from the first symbol of the full code word, and value of each error; E is ``correctable``.

    None if the code word cannot be corrected: fewer symbols than the locator's degree are candidates once the ``fill``
    first ones, which were not sent and so cannot be wrong, are left out.
    """
    odd = _evaluate(solution.locator, 1)
    zeros = (_evaluate(solution.locator, 0) ^ odd).to_bytes(CODE_WORD_OCTETS, "big")
    places = []
    place = zeros.find(0, fill)
    while place >= 0:
        places.append(place)
        place = zeros.find(0, place + 1)
    if len(places) != solution.errors:
        return None
    # The terms of odd degree are the formal derivative times its argument.
    denominators = odd.to_bytes(CODE_WORD_OCTETS, "big")
    numerators = (_evaluate(solution.evaluator, 0) ^ _evaluate(solution.evaluator, 1)).to_bytes(CODE_WORD_OCTETS, "big")
    offset = ROOT_STEP * (first_root(correctable) + 2 * correctable)
    errors = []
    for place in places:
        locator_exponent = offset * (CODE_WORD_OCTETS - 1 - place)
        quotient = LOGARITHMS[numerators[place]] - LOGARITHMS[denominators[place]]
        errors.append((place, power(quotient - locator_exponent)))
    return errors


def _evaluate(coefficients: bytes, oddness: int) -> int:
    """Sum the terms of even or odd degree at the inverse locators of all symbols, the first symbol first."""
    total = 0
    for row, coefficient in zip(_inverse_locator_rows()[oddness::2], coefficients[oddness::2], strict=False):
        total ^= int.from_bytes(row.translate(MULTIPLES[coefficient]), "big")
    return total


@functools.cache
def _syndrome_rows(count: int) -> tuple[bytes, ...]:
    """For each symbol of a remainder, the first first: what a 1 there adds to the syndromes."""
    lowest = first_root(count // 2)
    return tuple(
        bytes(power(ROOT_STEP * degree * (lowest + index)) for index in range(count))
        for degree in reversed(range(count))
    )


@functools.cache
def _inverse_locator_rows() -> tuple[bytes, ...]:
    """Powers 0 to 16 of 1/X of all symbols of a code word, the first symbol, of degree 254, first."""
    return tuple(geometric_row(-ROOT_STEP * degree)[::-1] for degree in range(17))
