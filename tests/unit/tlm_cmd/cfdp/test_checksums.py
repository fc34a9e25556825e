import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.cfdp.checksums import RunningChecksum, file_checksum, is_supported, modular_sum
from tlm_cmd.cfdp.codes import ChecksumType

MODEST = settings(max_examples=100, deadline=None)


def slow_sum(data: bytes, offset: int) -> int:
    """Compute the modular checksum as the standard words it, octet by octet."""
    return sum(octet << 8 * (3 - (offset + place) % 4) for place, octet in enumerate(data)) & 0xFFFFFFFF


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (ChecksumType.MODULAR, 0x9F686A6C),
        (ChecksumType.PROXIMITY_1, 0x51693C0C),
        (ChecksumType.CRC_32C, 0xE3069283),
        (ChecksumType.CRC_32, 0xCBF43926),
        (ChecksumType.NULL, 0),
    ],
)
def test_check_values(kind: ChecksumType, value: int) -> None:
    """Each gives the value known for these nine octets."""
    assert file_checksum(b"123456789", kind) == value
    assert is_supported(kind)


def test_the_proximity_code_of_a_frame_published_elsewhere() -> None:
    """The header of a version 3 frame without data has this remainder in other software (CCSDS 211.2-B-3, annex C)."""
    assert file_checksum(bytes.fromhex("8000000400"), ChecksumType.PROXIMITY_1) == 0xBCC004E7


def test_the_modular_checksum_adds_words_up() -> None:
    """The sum of the words of a small file, of which the last is filled with zeros (CCSDS 727.0-B-5, 4.2)."""
    data = bytes.fromhex("000102030405060708090a0b0c0d0e")
    assert modular_sum(data) == (0x00010203 + 0x04050607 + 0x08090A0B + 0x0C0D0E00) & 0xFFFFFFFF
    assert modular_sum(b"\xff" * 8) == 0xFFFFFFFE


@pytest.mark.parametrize("octets", [*range(18), 1023, 1024, 1025, 16_376, 16_379, 16_380, 16_381, 16_384, 40_001])
@pytest.mark.parametrize("offset", [0, 1, 2, 3, 1024, 0xFFFFFFFF])
def test_sums_of_any_length_at_any_place(octets: int, offset: int) -> None:
    """The fast way gives what the slow one does, at the edges of its blocks too, with all bits set and at random."""
    for data in (random.Random(octets).randbytes(octets), b"\xff" * octets):
        assert modular_sum(data, offset) == slow_sum(data, offset)


@MODEST
@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=6), st.randoms())
def test_modular_parts_come_in_any_order(data: bytes, cuts: list[int], chance: random.Random) -> None:
    """The parts of a file give the checksum of the whole, however it is cut and shuffled."""
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    parts = list(itertools.pairwise(places))
    chance.shuffle(parts)
    running = RunningChecksum(ChecksumType.MODULAR)
    for start, end in parts:
        running.add(start, data[start:end])
    assert running.value == file_checksum(data, ChecksumType.MODULAR)
    assert running.behind(len(data)) == 0


@pytest.mark.parametrize("kind", [ChecksumType.CRC_32, ChecksumType.CRC_32C, ChecksumType.PROXIMITY_1])
def test_codes_go_in_order(kind: ChecksumType) -> None:
    """A part out of turn is passed over, and what is behind has to be read back."""
    data = random.Random(2).randbytes(100)
    running = RunningChecksum(kind)
    running.add(0, data[:40])
    running.add(60, data[60:])
    assert running.behind(100) == 60
    running.add(40, data[40:])
    assert running.value == file_checksum(data, kind)
    assert running.behind(100) == 0


def test_a_modular_checksum_can_be_made_to_go_in_order() -> None:
    """As when it turns out late that it is the one to compute."""
    running = RunningChecksum(ChecksumType.MODULAR, in_order=True)
    running.add(5, b"x")
    assert (running.value, running.behind(9)) == (0, 9)
    running.add(0, b"123456789")
    assert (running.value, running.behind(9)) == (0x9F686A6C, 0)


def test_the_null_checksum_is_zero() -> None:
    """Whatever the file, and nothing has to be read back."""
    running = RunningChecksum(ChecksumType.NULL)
    running.add(7, b"abc")
    assert (running.value, running.behind(100)) == (0, 0)


def test_unknown_types() -> None:
    """There is none between the codes and null."""
    assert not any(is_supported(kind) for kind in range(4, 15))
