import random
from collections.abc import Callable

import pytest

from tlm_cmd.packets.crc import crc16, crc32, crc32c, xor8

predefined = pytest.importorskip("crcmod.predefined")
crcmod = pytest.importorskip("crcmod")

CHECK = b"123456789"
# The peer's name, ours, and the parameters of its catalogue: generator, start, reflected, last XOR, check value.
CODES = [
    ("crc-ccitt-false", crc16, 0x11021, 0xFFFF, False, 0, 0x29B1),
    ("crc-32", crc32, 0x104C11DB7, 0, True, 0xFFFFFFFF, 0xCBF43926),
    ("crc-32c", crc32c, 0x11EDC6F41, 0, True, 0xFFFFFFFF, 0xE3069283),
]
Code = Callable[..., int]


@pytest.mark.parametrize(("name", "ours", "generator", "start", "reflected", "last_xor", "check"), CODES)
def test_codes_agree(
    name: str, ours: Code, generator: int, start: int, last_xor: int, check: int, *, reflected: bool
) -> None:
    """Our code, the peer's of that name, and the peer's made from the parameters agree on data of any length."""
    source = random.Random(name)
    by_name = predefined.mkPredefinedCrcFun(name)
    by_parameters = crcmod.mkCrcFun(generator, initCrc=start, rev=reflected, xorOut=last_xor)
    assert ours(CHECK) == by_name(CHECK) == by_parameters(CHECK) == check
    for octets in (*range(70), 255, 256, 1024, 4095, 65542):
        data = source.randbytes(octets)
        assert ours(data) == by_name(data) == by_parameters(data)


@pytest.mark.parametrize(("name", "ours"), [code[:2] for code in CODES])
def test_codes_are_continued_alike(name: str, ours: Code) -> None:
    """A code that one of the two has begun can be continued by the other."""
    source = random.Random(name)
    peer = predefined.mkPredefinedCrcFun(name)
    first, second = source.randbytes(1000), source.randbytes(77)
    assert ours(second, peer(first)) == peer(second, ours(first)) == ours(first + second)


@pytest.mark.parametrize(
    ("data", "check"),
    [
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(reversed(range(32))), 0x113FDB5C),
    ],
)
def test_crc32c_of_the_patterns_of_iscsi(data: bytes, check: int) -> None:
    """CRC-32C, which the peer computes for us, gives what RFC 3720, B.4, prints."""
    assert crc32c(data) == check


@pytest.mark.parametrize(("name", "ours"), [("ibm_3740", crc16), ("iso_hdlc", crc32), ("iscsi", crc32c)])
def test_a_third_library_agrees(name: str, ours: Code) -> None:
    """So does fastcrc, which owes the peer nothing."""
    fastcrc = pytest.importorskip("fastcrc")
    peer = getattr(fastcrc.crc16 if ours is crc16 else fastcrc.crc32, name)
    source = random.Random(name)
    for octets in (0, 1, 2, 3, 9, 64, 1024, 5000):
        data = source.randbytes(octets)
        assert ours(data) == peer(data)


def test_the_checksum_of_commands() -> None:
    """The XOR of all octets and FF is an eight-bit CRC whose generator is x^8 + 1, and a plain loop."""
    source = random.Random(8)
    peer = crcmod.mkCrcFun(0x101, initCrc=0xFF, rev=False, xorOut=0)
    for octets in (*range(40), 1000):
        data = source.randbytes(octets)
        plain = 0xFF
        for octet in data:
            plain ^= octet
        assert xor8(data) == peer(data) == plain
