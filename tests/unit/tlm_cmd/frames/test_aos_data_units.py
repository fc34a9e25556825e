import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlm_cmd.errors import FieldRangeError, ProtocolError, TooShortError, WrongValueError
from tlm_cmd.frames.aos_data_units import Bpdu, Mpdu
from tlm_cmd.frames.pointers import NO_PACKET_START, ONLY_IDLE_DATA


@pytest.mark.parametrize(
    ("pointer", "header"), [(0, "0000"), (4, "0004"), (NO_PACKET_START, "07ff"), (ONLY_IDLE_DATA, "07fe")]
)
def test_packet_unit(pointer: int, header: str) -> None:
    """Five spare bits and the first header pointer stand in front of the packet zone."""
    unit = Mpdu(pointer, b"zone!")
    assert unit.pack() == bytes.fromhex(header) + b"zone!"
    assert Mpdu.unpack(unit.pack()) == unit


def test_packet_units_that_cannot_be() -> None:
    """An empty zone, a pointer behind it and spare bits are refused, made or read."""
    with pytest.raises(FieldRangeError, match="packet zone"):
        Mpdu(0, b"")
    with pytest.raises(FieldRangeError, match="first header pointer"):
        Mpdu(5, b"zone!")
    with pytest.raises(FieldRangeError, match="first header pointer"):
        Mpdu.unpack(b"\0\5zone!")
    with pytest.raises(WrongValueError, match="spare bits"):
        Mpdu.unpack(b"\x08\0zone!")
    with pytest.raises(TooShortError):
        Mpdu.unpack(b"\0\0")


@pytest.mark.parametrize(("bits", "header"), [(0, "3ffe"), (1, "0000"), (23, "0016"), (24, "3fff")])
def test_bitstream_unit(bits: int, header: str) -> None:
    """The pointer names the last valid bit, and has a value of its own for all bits and for none."""
    unit = Bpdu(b"abc", bits)
    assert unit.pack() == bytes.fromhex(header) + b"abc"
    assert Bpdu.unpack(unit.pack()) == unit


@given(st.binary(min_size=1, max_size=12), st.integers(0, 8), st.data())
def test_bits_come_back(bits: bytes, more: int, data: st.DataObject) -> None:
    """A unit filled up holds its bits in front and has the length of the zone."""
    valid = data.draw(st.integers(0, 8 * len(bits)))
    unit = Bpdu.unpack(Bpdu.filled(bits, valid, len(bits) + more).pack())
    assert (unit.valid_bits, len(unit.bitstream_zone)) == (valid, len(bits) + more)
    shift = 8 * len(bits) - valid
    found = int.from_bytes(unit.bitstream_zone[: len(bits)], "big")
    assert found >> shift == int.from_bytes(bits, "big") >> shift


def test_idle_bits() -> None:
    """What follows the last valid bit is the idle pattern, within its octet too."""
    assert Bpdu.filled(b"\xff\xff", 12, 4).bitstream_zone == b"\xff\xf5\x55\x55"


def test_bitstream_units_that_cannot_be() -> None:
    """An empty zone, more bits than there are, a pointer behind the zone and spare bits are refused."""
    with pytest.raises(FieldRangeError, match="bitstream zone"):
        Bpdu(b"", 0)
    with pytest.raises(FieldRangeError, match="valid bits"):
        Bpdu(b"abc", 25)
    with pytest.raises(FieldRangeError, match="valid bits"):
        Bpdu.filled(b"abc", 24, 2)
    with pytest.raises(FieldRangeError, match="before idle ones"):
        Bpdu(bytes(2048), 16_383)
    with pytest.raises(FieldRangeError, match="bitstream data pointer"):
        Bpdu.unpack(b"\0\x18abc")
    with pytest.raises(WrongValueError, match="spare bits"):
        Bpdu.unpack(b"\x40\0abc")
    with pytest.raises(TooShortError):
        Bpdu.unpack(b"\0\0")


@given(st.binary(max_size=10))
def test_any_data_are_read_or_refused(data: bytes) -> None:
    """Any octets give a unit that packs to the same, or a named error."""
    for kind in (Mpdu, Bpdu):
        try:
            unit = kind.unpack(data)
        except ProtocolError:
            continue
        repacked = kind.unpack(unit.pack())
        assert repacked == unit
