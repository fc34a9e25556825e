import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlm_cmd.errors import ChecksumError, TooShortError
from tlm_cmd.frames.header_error_control import correct_header, header_check

# Octet and shift of each of the ten symbols; the frame count, octets 2 to 4, is not among them.
SYMBOLS = [(octet, shift) for octet in (0, 1, 5, 6, 7) for shift in (4, 0)]


def protected(first: str, signalling: str) -> bytes:
    """Return a header with its check symbols; the frame count is arbitrary."""
    header = bytes.fromhex(first) + b"\x12\x34\x56" + bytes.fromhex(signalling)
    return header + header_check(header).to_bytes(2, "big")


def with_errors(octets: bytes, errors: list[tuple[tuple[int, int], int]]) -> bytes:
    """Return octets with ((octet, shift), pattern) inverted."""
    changed = bytearray(octets)
    for (octet, shift), pattern in errors:
        changed[octet] ^= pattern << shift
    return bytes(changed)


@pytest.mark.parametrize(
    ("first", "signalling", "check"),
    [("6a82", "00", "fc2e"), ("1234", "56", "94dc"), ("369c", "fa", "457c"), ("0000", "00", "0000")],
)
def test_known_check_symbols(first: str, signalling: str, check: str) -> None:
    """Check symbols agree with ones computed elsewhere; the second and third are those that Yamcs tests itself by."""
    assert protected(first, signalling)[-2:].hex() == check


@given(st.binary(min_size=6, max_size=6))
def test_a_good_header_stays(header: bytes) -> None:
    """A header without errors comes back as it was, whatever its frame count, and so does what stands behind it."""
    octets = header + header_check(header).to_bytes(2, "big")
    assert correct_header(octets + b"more") == (octets, 0)


def test_every_error_in_one_symbol_is_corrected() -> None:
    """Each of the 150 errors in one symbol, check symbols included, is corrected and counted."""
    octets = protected("6a82", "4c")
    for place, pattern in itertools.product(SYMBOLS, range(1, 16)):
        assert correct_header(with_errors(octets, [(place, pattern)])) == (octets, 1)


def test_every_error_in_two_symbols_is_corrected() -> None:
    """Each of the 10,125 errors in two symbols is corrected and counted."""
    octets = protected("6a82", "4c")
    for places in itertools.combinations(SYMBOLS, 2):
        for patterns in itertools.product(range(1, 16), repeat=2):
            errors = list(zip(places, patterns, strict=True))
            assert correct_header(with_errors(octets, errors)) == (octets, 2)


def test_more_errors_are_found_out_or_give_another_code_word() -> None:
    """Three wrong symbols never give back the true header; about half of them are found out."""
    stream = random.Random(3)
    octets = protected("6a82", "4c")
    found_out = 0
    for _ in range(1000):
        errors = [(place, stream.randrange(1, 16)) for place in stream.sample(SYMBOLS, 3)]
        try:
            corrected, wrong = correct_header(with_errors(octets, errors))
        except ChecksumError:
            found_out += 1
        else:
            assert corrected != octets
            assert wrong in {1, 2}
            assert correct_header(corrected) == (corrected, 0)
    assert 300 < found_out < 1000


def test_a_header_that_is_not_whole() -> None:
    """Fewer octets than header and check symbols are refused."""
    with pytest.raises(TooShortError) as caught:
        correct_header(bytes(7))
    assert (caught.value.needed, caught.value.found) == (8, 7)
