import binascii
import functools
import operator
import zlib

import crcmod.predefined
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.packets.crc import crc16, crc32, crc32c, xor8

MODEST = settings(max_examples=50, deadline=None)
CHECK = b"123456789"


def test_crc16_check_value() -> None:
    """CRC-16 CCITT-FALSE of the usual nine digits is 29B1."""
    assert crc16(CHECK) == 0x29B1


@pytest.mark.parametrize(("data", "expected"), [(bytes(32), 0xF14C), (bytes(range(32)), 0x23B3), (b"", 0xFFFF)])
def test_crc16_of_simple_patterns(data: bytes, expected: int) -> None:
    """CRC-16 of zeros, of a ramp and of nothing has its known value."""
    assert crc16(data) == expected


@MODEST
@given(st.binary(max_size=300))
def test_crc16_agrees_with_crcmod(data: bytes) -> None:
    """An independent implementation of the same code gives the same CRC-16."""
    assert crc16(data) == crcmod.predefined.mkPredefinedCrcFun("crc-ccitt-false")(data)


@MODEST
@given(st.binary(max_size=200))
def test_crc16_over_its_own_crc_is_zero(data: bytes) -> None:
    """Data followed by their CRC-16 have the CRC-16 zero."""
    assert crc16(data + crc16(data).to_bytes(2, "big")) == 0


@MODEST
@given(st.binary(max_size=100), st.binary(max_size=100))
def test_codes_can_be_continued(first: bytes, second: bytes) -> None:
    """Every CRC of two pieces, the second continuing the first, is the CRC of the whole."""
    for code in (crc16, crc32, crc32c):
        assert code(second, code(first)) == code(first + second)


def test_crc32c_check_value() -> None:
    """CRC-32C of the usual nine digits is E3069283."""
    assert crc32c(CHECK) == 0xE3069283


def test_crc32_check_value() -> None:
    """CRC-32 of the usual nine digits is CBF43926, as two libraries say."""
    assert crc32(CHECK) == 0xCBF43926 == zlib.crc32(CHECK) == binascii.crc32(CHECK)


@MODEST
@given(st.binary(max_size=300))
def test_xor8_is_the_xor_of_all_octets(data: bytes) -> None:
    """The command checksum is the plain XOR of all octets and FF."""
    assert xor8(data) == functools.reduce(operator.xor, data, 0xFF)
