import pytest

from tlm_cmd.coding.galois_field import (
    FIELD_POLYNOMIAL,
    INVERSES,
    LOGARITHMS,
    MULTIPLES,
    ORDER,
    POWERS,
    TO_CONVENTIONAL,
    TO_DUAL,
    linear_table,
    power,
)

# Rows of the matrix for [z0 ... z7] = [u7 ... u0] T, as CCSDS 131.0-B prints it in 4.3.9, and of its inverse.
PRINTED_TO_DUAL = (
    "10001101",
    "11101111",
    "11101100",
    "10000110",
    "11111010",
    "10011001",
    "10101111",
    "01111011",
)
PRINTED_TO_CONVENTIONAL = (
    "11000101",
    "01000010",
    "00101110",
    "11111101",
    "11110000",
    "01111001",
    "10101100",
    "11001100",
)


def product(left: int, right: int) -> int:
    """Multiply two field elements by shifting and reducing, bit by bit."""
    result = 0
    while right:
        if right & 1:
            result ^= left
        left <<= 1
        if left & 0x100:
            left ^= FIELD_POLYNOMIAL
        right >>= 1
    return result


def trace(value: int) -> int:
    """The sum of the eight conjugates of a field element, which is 0 or 1."""
    total = 0
    for _ in range(8):
        total ^= value
        value = product(value, value)
    return total


def test_all_products_are_those_of_the_polynomials() -> None:
    """The table holds what shifting and reducing gives, for every pair."""
    assert all(MULTIPLES[left][right] == product(left, right) for left in range(256) for right in range(256))


def test_powers_logarithms_and_inverses() -> None:
    """Alpha generates every element but 0, logarithms lead back, and inverses multiply to 1."""
    assert sorted(POWERS) == list(range(1, 256))
    assert POWERS[:11].hex() == "0102040810204080878995"
    assert all(power(LOGARITHMS[value]) == value for value in range(1, 256))
    assert all(product(value, INVERSES[value]) == 1 for value in range(1, 256))
    assert (LOGARITHMS[0], INVERSES[0]) == (ORDER, 0)
    assert power(-1) == INVERSES[2] == power(ORDER - 1)


@pytest.mark.parametrize(("table", "printed"), [(TO_DUAL, PRINTED_TO_DUAL), (TO_CONVENTIONAL, PRINTED_TO_CONVENTIONAL)])
def test_bases_change_by_the_matrices_of_the_standard(table: bytes, printed: tuple[str, ...]) -> None:
    """Each single bit becomes the row that the standard prints."""
    assert [table[1 << bit] for bit in reversed(range(8))] == [int(row, 2) for row in printed]


def test_dual_symbols_are_traces() -> None:
    """Bit i of a symbol in the dual basis, the first sent being bit 0, is the trace of it times alpha^(117 i)."""
    for value in range(256):
        bits = [trace(product(value, power(117 * index))) for index in range(8)]
        assert TO_DUAL[value] == int("".join(map(str, bits)), 2)
        assert TO_CONVENTIONAL[TO_DUAL[value]] == value


def test_a_linear_table_adds_the_images_of_the_bits() -> None:
    """Every entry is the sum of the images of its bits."""
    assert linear_table([5, 3, 16]) == [0, 5, 3, 6, 16, 21, 19, 22]
