import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.coding.bit_patterns import COMPLEMENT, find_pattern, octets_at

MODEST = settings(max_examples=80, deadline=None)


def bits_of(octets: bytes) -> str:
    """Write octets as zeros and ones."""
    return "".join(f"{octet:08b}" for octet in octets)


def first_place(data: bytes, bit: int, pattern: bytes, max_errors: int) -> int | None:
    """Find a pattern one bit after the other."""
    bits, wanted = bits_of(data), bits_of(pattern)
    for place in range(bit, len(bits) - len(wanted) + 1):
        errors = sum(left != right for left, right in zip(bits[place:], wanted, strict=False))
        if errors <= max_errors:
            return place
    return None


@MODEST
@given(st.binary(min_size=9, max_size=30), st.data())
def test_octets_at_any_bit(data: bytes, draw: st.DataObject) -> None:
    """Octets cut out at any bit are the bits from there on."""
    octets = draw.draw(st.integers(0, 8))
    bit = draw.draw(st.integers(0, 8 * (len(data) - octets)))
    assert bits_of(octets_at(data, bit, octets)) == bits_of(data)[bit : bit + 8 * octets]


def test_complement() -> None:
    """The table inverts every bit."""
    assert b"\x00\xff\xa5".translate(COMPLEMENT) == b"\xff\x00\x5a"


@MODEST
@given(st.binary(max_size=40), st.integers(0, 70), st.binary(min_size=1, max_size=3), st.integers(0, 4))
def test_search_agrees_with_bit_by_bit(data: bytes, bit: int, pattern: bytes, max_errors: int) -> None:
    """The first place that tolerates so many errors is found, from any bit on, as by looking at each bit in turn."""
    assert find_pattern(data, bit, pattern, max_errors) == first_place(data, bit, pattern, max_errors)


@pytest.mark.parametrize("bit", [0, 7, 511, 512, 540, 4095, 40_001, 99_967])
@pytest.mark.parametrize("errors", [0, 2])
def test_search_over_windows(bit: int, errors: int) -> None:
    """A marker is found wherever it stands in a long buffer, with as many errors as are tolerated and no more."""
    pattern = b"\x1a\xcf\xfc\x1d"
    damaged = int.from_bytes(pattern, "big") ^ (0x80000001 if errors else 0)
    data = (damaged << 100_000 - 32 - bit).to_bytes(12_500, "big")
    assert find_pattern(data, 0, pattern, errors) == bit
    assert find_pattern(data, bit, pattern, errors) == bit
    assert find_pattern(data, bit + 1, pattern, errors) is None
    if errors:
        assert find_pattern(data, 0, pattern, errors - 1) is None
