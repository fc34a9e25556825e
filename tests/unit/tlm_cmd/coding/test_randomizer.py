import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.coding.randomizer import CACHED_LENGTHS, MAX_OCTETS, Randomizer, _sequence_number
from tlm_cmd.errors import FieldRangeError
from tlm_cmd.packets.crc import crc16

MODEST = settings(max_examples=50, deadline=None)
GENERATORS = [
    (Randomizer.TM, 8, (0, 3, 5, 7), 255),
    (Randomizer.TM_LONG, 17, (0, 14), 131071),
    (Randomizer.TC, 8, (0, 1, 2, 3, 4, 6), 255),
]


def bits_of(octets: bytes) -> list[int]:
    """The bits in the order they are sent."""
    return [octet >> bit & 1 for octet in octets for bit in reversed(range(8))]


@pytest.mark.parametrize(
    ("randomizer", "start"),
    [
        (Randomizer.TM, "1111 1111 0100 1000 0000 1110 1100 0000 1001 1010"),
        (Randomizer.TM_LONG, "0001 1100 0111 0001 1011 1001 0001 1011 1010 1001"),
        (Randomizer.TC, "1111 1111 0011 1001 1001 1110 0101 1010 0110 1000"),
        (Randomizer.NONE, "0000 0000 0000 0000 0000 0000 0000 0000 0000 0000"),
    ],
)
def test_sequences_start_as_the_standards_print_them(randomizer: Randomizer, start: str) -> None:
    """The first 40 bits are those of CCSDS 131.0-B-5, 10.4.3, and 231.0-B-4, section 6."""
    assert randomizer.sequence(5) == int(start.replace(" ", ""), 2).to_bytes(5, "big")


@pytest.mark.parametrize(("randomizer", "checksum"), [(Randomizer.TM, 0xE417), (Randomizer.TC, 0x58C2)])
def test_checksums_of_whole_sequences(randomizer: Randomizer, checksum: int) -> None:
    """The first 255 octets have a known CRC-16."""
    assert crc16(randomizer.sequence(255)) == checksum


@pytest.mark.parametrize(("randomizer", "cells", "taps", "period"), GENERATORS)
def test_sequences_follow_their_polynomials(
    randomizer: Randomizer, cells: int, taps: tuple[int, ...], period: int
) -> None:
    """Each bit is the sum of earlier ones as the polynomial says, and the sequence repeats after its period only."""
    bits = bits_of(randomizer.sequence((period + 2 * cells) // 8 + 1))
    for place in range(min(len(bits) - cells, 5000)):
        assert bits[place + cells] == sum(bits[place + tap] for tap in taps) % 2
    words = {tuple(bits[place : place + cells]) for place in range(period)}
    assert len(words) == period
    assert bits[period : period + cells] == bits[:cells]
    assert sum(bits[:period]) == (period + 1) // 2


@pytest.mark.parametrize("randomizer", Randomizer)
def test_shorter_sequences_are_the_start_of_longer_ones(randomizer: Randomizer) -> None:
    """How much of a sequence is asked for changes nothing in it."""
    longest = randomizer.sequence(MAX_OCTETS)
    assert len(longest) == MAX_OCTETS
    for octets in (*range(40), 255, 256, 1275, 16384):
        assert randomizer.sequence(octets) == longest[:octets]


@MODEST
@given(st.sampled_from(Randomizer), st.binary(max_size=600))
def test_a_unit_comes_back_when_randomised_twice(randomizer: Randomizer, unit: bytes) -> None:
    """Randomising is adding the sequence, octet by octet, and adding it again takes it away."""
    randomised = randomizer.apply(unit)
    assert randomised == bytes(a ^ b for a, b in zip(unit, randomizer.sequence(len(unit)), strict=True))
    assert randomizer.apply(randomised) == unit


def test_longer_units_than_any_frame_are_refused() -> None:
    """A unit may have 65,536 octets and no more, and a sequence no negative length."""
    assert len(Randomizer.TM.apply(bytes(MAX_OCTETS))) == MAX_OCTETS
    with pytest.raises(FieldRangeError, match="octets to randomise is 65537"):
        Randomizer.TM.apply(bytes(MAX_OCTETS + 1))
    for octets in (-1, MAX_OCTETS + 1):
        with pytest.raises(FieldRangeError, match="octets of the sequence"):
            Randomizer.TC.sequence(octets)


def test_a_bounded_number_of_sequences_is_kept() -> None:
    """However many lengths are randomised, only so many sequences stay in memory."""
    for octets in range(2 * CACHED_LENGTHS):
        Randomizer.TM.apply(bytes(octets))
    assert _sequence_number.cache_info().currsize == CACHED_LENGTHS


def test_a_randomiser_is_chosen_by_name() -> None:
    """Managed parameters name it."""
    assert msgspec.convert("tm_long", Randomizer) is Randomizer.TM_LONG
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert("long", Randomizer)
