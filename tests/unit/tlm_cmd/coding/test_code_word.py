import random

import pytest

from tlm_cmd.coding.code_word import first_root, generator_polynomial, remainder, remainder_tables
from tlm_cmd.coding.galois_field import LOGARITHMS, MULTIPLES, TO_CONVENTIONAL, power


def value_at(coefficients: bytes, exponent: int) -> int:
    """A polynomial, its highest coefficient first, at alpha^(11 exponent)."""
    value = 0
    for coefficient in coefficients:
        value = MULTIPLES[value][power(11 * exponent)] ^ coefficient
    return value


def test_generator_of_the_16_error_code() -> None:
    """Its coefficients are those that every CCSDS encoder has: exponents 0, 249, 59, 66, 4, 43, 126, 251, 97, 30..."""
    exponents = [LOGARITHMS[coefficient] for coefficient in generator_polynomial(16)]
    half = [0, 249, 59, 66, 4, 43, 126, 251, 97, 30, 3, 213, 50, 66, 170, 5, 24]
    assert exponents == half + half[-2::-1]


@pytest.mark.parametrize("correctable", [8, 16])
def test_generator_is_zero_at_its_roots_only(correctable: int) -> None:
    """The polynomial has the 2E roots alpha^(11 j) for j from 128 - E to 127 + E, and reads the same backwards."""
    generator = generator_polynomial(correctable)
    roots = [exponent for exponent in range(255) if value_at(generator, exponent) == 0]
    assert roots == list(range(128 - correctable, 128 + correctable))
    assert first_root(correctable) == roots[0]
    assert generator == generator[::-1]


@pytest.mark.parametrize(
    ("correctable", "dual_basis", "parity"),
    [
        (16, False, "2fbd4fb4748494b9acd554627212eeb3ebed41191de1d36320ea49290b25abcf"),
        (16, True, "4ffb92dd557ec67f27fb8982cf58f8fd028ad117fcef6b2793d0418826578651"),
        (8, False, "2aa9a33235aefe260e3c55be8f495000"),
    ],
)
def test_known_parity(correctable: int, parity: str, *, dual_basis: bool) -> None:
    """The ramp 00, 01, 02 and so on has its known parity."""
    tables = remainder_tables(correctable, dual_basis=dual_basis)
    assert f"{remainder(tables, bytes(range(255 - 2 * correctable))):0{4 * correctable}x}" == parity


@pytest.mark.parametrize("dual_basis", [False, True])
@pytest.mark.parametrize("correctable", [8, 16])
def test_code_words_of_all_lengths_are_zero_at_the_roots(correctable: int, *, dual_basis: bool) -> None:
    """Data followed by their parity are a multiple of the generator polynomial; each length is tried at one root."""
    source = random.Random(correctable)
    tables = remainder_tables(correctable, dual_basis=dual_basis)
    for octets in range(256 - 2 * correctable):
        data = source.randbytes(octets)
        word = data + remainder(tables, data).to_bytes(2 * correctable, "big")
        symbols = word.translate(TO_CONVENTIONAL) if dual_basis else word
        assert value_at(symbols, 128 - correctable + octets % (2 * correctable)) == 0


def test_tables_are_made_once() -> None:
    """Whoever asks for the same code and basis gets the same tables."""
    assert remainder_tables(16, dual_basis=True) is remainder_tables(16, dual_basis=True)
    assert remainder_tables(16, dual_basis=True) is not remainder_tables(16, dual_basis=False)
