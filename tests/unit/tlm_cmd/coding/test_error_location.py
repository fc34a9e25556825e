import random

import pytest

from tlm_cmd.coding.code_word import generator_polynomial
from tlm_cmd.coding.error_location import code_word_errors, solve_key_equation, syndromes
from tlm_cmd.coding.galois_field import MULTIPLES

LAST_PLACE = 254


def monomials(correctable: int) -> list[bytes]:
    """What remains of a 1 at each place of a full code word, by long division; works for any number of errors."""
    feedback = generator_polynomial(correctable)[1:]
    remainders = [bytes(2 * correctable - 1) + b"\1"]
    for _ in range(LAST_PLACE):
        last = remainders[-1]
        added = feedback.translate(MULTIPLES[last[0]])
        remainders.append(bytes(a ^ b for a, b in zip(last[1:] + b"\0", added, strict=True)))
    return remainders[::-1]


def difference(errors: list[tuple[int, int]], remainders: list[bytes]) -> bytes:
    """The difference in parity that errors cause."""
    total = 0
    for place, value in errors:
        total ^= int.from_bytes(remainders[place].translate(MULTIPLES[value]), "big")
    return total.to_bytes(len(remainders[0]), "big")


def test_every_difference_of_a_single_error_code() -> None:
    """With E = 1, of all 65,536 differences exactly those of the 65,025 single errors are explained, each rightly."""
    remainders = monomials(1)
    single = {
        difference([(place, value)], remainders): [(place, value)] for place in range(255) for value in range(1, 256)
    }
    assert len(single) == 255 * 255
    for number in range(1, 1 << 16):
        found = number.to_bytes(2, "big")
        assert code_word_errors(found, 0) == single.get(found)


@pytest.mark.parametrize("fill", [0, 100, 240])
def test_whatever_is_explained_is_explained_rightly(fill: int) -> None:
    """With E = 2, the errors found for any difference cause that difference, are at most two, and not in the fill."""
    source = random.Random(fill)
    remainders = monomials(2)
    explained = 0
    for _ in range(3000):
        found = source.randbytes(4)
        errors = code_word_errors(found, fill)
        if errors is not None:
            explained += 1
            assert difference(errors, remainders) == found
            assert 1 <= len({place for place, _ in errors}) == len(errors) <= 2
            assert all(fill <= place <= LAST_PLACE and value for place, value in errors)
    # Two errors among n symbols are n (n - 1) / 2 255^2 of the 256^4 differences.
    symbols = 255 - fill
    expected = 3000 * symbols * (symbols - 1) / 2 * 255**2 / 256**4
    assert abs(explained - expected) < 5 * max(expected, 1) ** 0.5


@pytest.mark.parametrize("correctable", [1, 2, 3, 8, 16])
def test_all_errors_that_can_be_corrected_are_found(correctable: int) -> None:
    """Any pattern of 1 to E errors comes back as it was, whichever symbols of the code word were sent."""
    source = random.Random(correctable)
    remainders = monomials(correctable)
    for case in range(150):
        fill = source.randrange(255 - 2 * correctable)
        places = sorted(source.sample(range(fill, 255), 1 + case % correctable))
        errors = [(place, source.randrange(1, 256)) for place in places]
        assert code_word_errors(difference(errors, remainders), fill) == errors


def test_errors_in_the_fill_are_no_explanation() -> None:
    """A difference that only an error in the virtual fill would explain cannot be corrected."""
    remainders = monomials(16)
    found = difference([(9, 0x55), (200, 1)], remainders)
    assert code_word_errors(found, 9) == [(9, 0x55), (200, 1)]
    assert code_word_errors(found, 10) is None


@pytest.mark.parametrize("correctable", [8, 16])
def test_too_many_errors_are_seen_in_the_key_equation(correctable: int) -> None:
    """Syndromes of which only the last is not 0 follow no recurrence that is short enough."""
    assert solve_key_equation(bytes(2 * correctable - 1) + b"\1") is None
    assert (
        code_word_errors(difference([(place, 7) for place in range(correctable + 1)], monomials(correctable)), 0)
        is None
    )


def test_syndromes_of_a_last_symbol() -> None:
    """A wrong last parity symbol has the degree 0 and gives its value at every root."""
    assert syndromes(bytes(31) + b"\x2a") == b"\x2a" * 32
