import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import (
    FieldRangeError,
    LengthMismatchError,
    TooShortError,
    WrongValueError,
    WrongVersionError,
)
from tlm_cmd.packets.spacepacket import (
    IDLE_APID,
    MAX_PACKET_OCTETS,
    PacketType,
    SequenceFlags,
    SpacePacketHeader,
    check_whole_packet,
    declared_packet_octets,
    idle_packet,
    is_idle_packet,
    is_whole_packet,
    sequence_gap,
)

MODEST = settings(max_examples=50, deadline=None)
HEADER = SpacePacketHeader(PacketType.TELEMETRY, True, 100, SequenceFlags.UNSEGMENTED, 5, 10)
LIMITS = [("apid", 0, 2047), ("sequence_count", 0, 16_383), ("data_octets", 1, 65_536)]


def changed(**fields: int) -> SpacePacketHeader:
    """Return the sample header, without secondary header, with other fields."""
    return msgspec.structs.replace(HEADER, secondary_header=False, **fields)


def test_header_vector() -> None:
    """TM, APID 100, secondary header, count 5, ten octets of data is 0864 C005 0009."""
    assert HEADER.pack().hex() == "0864c0050009"
    assert SpacePacketHeader.unpack(bytes.fromhex("0864c0050009")) == HEADER
    assert HEADER.packet_octets == 16


@pytest.mark.parametrize("value", list(PacketType))
def test_packet_type_is_the_fourth_bit(value: PacketType) -> None:
    """The packet type travels in bit 3 of the header and comes back."""
    header = changed(packet_type=value)
    assert header.pack()[0] >> 4 == value
    assert SpacePacketHeader.unpack(header.pack()).packet_type is value


@pytest.mark.parametrize(
    ("flags", "bits"),
    [
        (SequenceFlags.CONTINUATION, 0b00),
        (SequenceFlags.FIRST, 0b01),
        (SequenceFlags.LAST, 0b10),
        (SequenceFlags.UNSEGMENTED, 0b11),
    ],
)
def test_sequence_flags(flags: SequenceFlags, bits: int) -> None:
    """Each of the sequence flags has its two bits on the wire and its own name."""
    header = changed(sequence_flags=flags)
    assert header.pack()[2] >> 6 == bits
    assert SpacePacketHeader.unpack(header.pack()).sequence_flags is flags
    assert flags.name in repr(flags)


@pytest.mark.parametrize(("field", "lowest", "highest"), LIMITS)
def test_limits_of_each_field_are_legal(field: str, lowest: int, highest: int) -> None:
    """The lowest and the highest value of each field survive the wire."""
    for value in (lowest, highest):
        header = changed(**{field: value})
        assert SpacePacketHeader.unpack(header.pack()) == header


@pytest.mark.parametrize(("field", "lowest", "highest"), LIMITS)
def test_beyond_the_limits_is_refused(field: str, lowest: int, highest: int) -> None:
    """One below the lowest and one above the highest value of each field are refused with the limits."""
    for value in (lowest - 1, highest + 1):
        with pytest.raises(FieldRangeError) as caught:
            changed(**{field: value})
        assert (caught.value.value, caught.value.lowest, caught.value.highest) == (value, lowest, highest)


def test_idle_packet_has_no_secondary_header() -> None:
    """A header with the idle APID and a secondary header can neither be made nor read."""
    with pytest.raises(WrongValueError, match="secondary header"):
        msgspec.structs.replace(HEADER, apid=IDLE_APID)
    with pytest.raises(WrongValueError, match="secondary header"):
        SpacePacketHeader.unpack(bytes.fromhex("0fffc0000000"))


@MODEST
@given(
    st.builds(
        SpacePacketHeader,
        packet_type=st.sampled_from(PacketType),
        secondary_header=st.booleans(),
        apid=st.integers(0, 2046),
        sequence_flags=st.sampled_from(SequenceFlags),
        sequence_count=st.integers(0, 16_383),
        data_octets=st.integers(1, 65_536),
    )
)
def test_round_trip(header: SpacePacketHeader) -> None:
    """Every header comes back from its octets, at any offset, and declares the packet's length."""
    assert len(header.pack()) == 6
    assert SpacePacketHeader.unpack(b"abc" + header.pack(), 3) == header
    assert declared_packet_octets(b"abc" + header.pack(), 3) == header.packet_octets == header.data_octets + 6


@pytest.mark.parametrize("octets", range(6))
def test_truncated_header(octets: int) -> None:
    """A header cut at any octet is too short, and the error says by how much."""
    with pytest.raises(TooShortError) as caught:
        SpacePacketHeader.unpack(HEADER.pack()[:octets])
    assert (caught.value.needed, caught.value.found) == (6, octets)


def test_offset_behind_the_end() -> None:
    """An offset behind the octets finds none."""
    with pytest.raises(TooShortError) as caught:
        SpacePacketHeader.unpack(HEADER.pack(), 9)
    assert caught.value.found == 0


@pytest.mark.parametrize("version", range(1, 8))
def test_other_versions_are_refused(version: int) -> None:
    """A packet version other than 0 is refused and declares no length."""
    octets = bytes([version << 5 | 0x08]) + HEADER.pack()[1:]
    with pytest.raises(WrongVersionError) as caught:
        SpacePacketHeader.unpack(octets)
    assert (caught.value.found, caught.value.expected) == (version, 0)
    assert declared_packet_octets(octets) == 0


def test_shortest_idle_packet() -> None:
    """The shortest idle packet is 07FF C000 0000 55."""
    assert idle_packet(7).hex() == "07ffc000000055"


@pytest.mark.parametrize("length", [7, 8, 1000, MAX_PACKET_OCTETS])
def test_idle_packet_lengths(length: int) -> None:
    """An idle packet has exactly the length asked for and is a whole packet."""
    packet = idle_packet(length)
    assert len(packet) == length
    assert is_whole_packet(packet)
    assert is_idle_packet(packet)


@pytest.mark.parametrize("length", [6, MAX_PACKET_OCTETS + 1])
def test_idle_packet_of_illegal_length(length: int) -> None:
    """No idle packet is shorter than seven octets or longer than the longest packet."""
    with pytest.raises(FieldRangeError, match="idle packet octets"):
        idle_packet(length)


def test_only_the_idle_apid_is_idle() -> None:
    """A packet is idle by its APID alone."""
    assert [is_idle_packet(b"x" + start, 1) for start in (b"\x07\xff", b"\x1f\xff")] == [True, True]
    assert [is_idle_packet(b"x" + start, 1) for start in (b"\x07\xfe", b"\x00\xff")] == [False, False]


def test_whole_packet_by_version_and_length() -> None:
    """Only octets with version 0 and a length field that fits are one whole packet."""
    packet = HEADER.pack() + bytes(10)
    assert is_whole_packet(packet)
    check_whole_packet(packet)
    check_whole_packet(packet, 16)
    for wrong in (packet[:-1], packet + b"x", b"\x28" + packet[1:], packet[:6], b""):
        assert not is_whole_packet(wrong)


def test_check_of_a_whole_packet_says_what_is_wrong() -> None:
    """Each way not to be one packet has its own error with the numbers."""
    packet = HEADER.pack() + bytes(10)
    with pytest.raises(TooShortError):
        check_whole_packet(packet[:6])
    with pytest.raises(WrongVersionError):
        check_whole_packet(b"\x28" + packet[1:])
    with pytest.raises(LengthMismatchError) as mismatch:
        check_whole_packet(packet[:-1])
    assert (mismatch.value.declared, mismatch.value.found) == (16, 15)
    with pytest.raises(FieldRangeError) as too_long:
        check_whole_packet(packet, 15)
    assert too_long.value.highest == 15


@pytest.mark.parametrize(
    ("expected", "found", "gap"), [(5, 5, 0), (5, 6, 1), (16_383, 0, 1), (0, 16_383, 16_383), (16_380, 3, 7)]
)
def test_sequence_gap_wraps(expected: int, found: int, gap: int) -> None:
    """Missing packets are counted across the wrap of the sequence count."""
    assert sequence_gap(expected, found) == gap


@MODEST
@given(st.integers(0, 255), st.integers(0, 255))
def test_sequence_gap_with_another_modulo(expected: int, missing: int) -> None:
    """With any modulo, the gap is the number of counts left out."""
    assert sequence_gap(expected, (expected + missing) % 256, 256) == missing
