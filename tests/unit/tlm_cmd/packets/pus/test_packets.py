import contextlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm_cmd.errors import (
    ChecksumError,
    FieldRangeError,
    LengthMismatchError,
    ProtocolError,
    TooShortError,
    WrongValueError,
    WrongVersionError,
)
from tlm_cmd.packets.crc import crc16
from tlm_cmd.packets.pus.acknowledgement import Acknowledge
from tlm_cmd.packets.pus.formats import PusFormats
from tlm_cmd.packets.pus.request_id import PusRequestId
from tlm_cmd.packets.pus.service_9_time import CucTimeReport, TimePacket
from tlm_cmd.packets.pus.telecommand import MAX_TELECOMMAND_DATA_OCTETS, PusTelecommand
from tlm_cmd.packets.pus.telemetry import PusTelemetry

MODEST = settings(max_examples=60, deadline=None)
PING = PusTelecommand(100, 0, 17, 1)
TIME = bytes.fromhex("7e900d2c8000")
TELECOMMANDS = st.builds(
    PusTelecommand,
    st.integers(0, 0x7FE),
    st.integers(0, 0x3FFF),
    st.integers(0, 255),
    st.integers(0, 255),
    st.binary(max_size=60),
    st.integers(0, 15).map(Acknowledge),
    st.integers(0, 65_535),
)
REPORTS = st.builds(
    PusTelemetry,
    st.integers(0, 0x7FE),
    st.integers(0, 0x3FFF),
    st.integers(0, 255),
    st.integers(0, 255),
    st.binary(min_size=6, max_size=6),
    st.binary(max_size=60),
    st.integers(0, 65_535),
    st.integers(0, 65_535),
    st.integers(0, 15),
)
TIME_PACKETS = st.builds(TimePacket, st.integers(0, 0x3FFF), st.binary(max_size=20))
Unpack = Callable[[bytes], Any]
READERS: list[tuple[Unpack, bytes]] = [
    (PusTelecommand.unpack, PING.pack()),
    (PusTelemetry.unpack, PusTelemetry(100, 1, 3, 25, TIME, b"values").pack()),
    (TimePacket.unpack, TimePacket(7, CucTimeReport(TIME, 2).pack()).pack()),
]


def sealed(octets: bytes) -> bytes:
    """Octets with their CRC behind them."""
    return octets + crc16(octets).to_bytes(2, "big")


def test_connection_test() -> None:
    """TC[17,1] with all acknowledgements has these octets."""
    assert PING.pack().hex().upper() == "1864C00000062F110100009F7A"
    assert PusTelecommand.unpack(PING.pack()) == PING


@pytest.mark.parametrize(
    ("data", "check"),
    [("0000", 0x1D0F), ("000000", 0xCC9C), ("abcdef01", 0x04A2), ("1456f89a0001", 0x7FD5)],
)
def test_checksums_of_the_standard(data: str, check: int) -> None:
    """The CRC gives what annex B prints."""
    assert crc16(bytes.fromhex(data)) == check


@pytest.mark.parametrize(
    ("flag", "bit"),
    [
        (Acknowledge.ACCEPTANCE, 0x01),
        (Acknowledge.START, 0x02),
        (Acknowledge.PROGRESS, 0x04),
        (Acknowledge.COMPLETION, 0x08),
    ],
)
def test_acknowledgement_flags(flag: Acknowledge, bit: int) -> None:
    """Acceptance is the last bit of the octet that begins with the version, completion the first of the four."""
    packet = msgspec.structs.replace(PING, acknowledge=flag).pack()
    assert packet[6] == 0x20 | bit
    assert PusTelecommand.unpack(packet).acknowledge is flag


def test_telemetry_header() -> None:
    """Version, time status, type, counter, destination and time stand in front of the data."""
    packet = PusTelemetry(0x64, 9, 3, 25, TIME, b"\xaa", counter=0x0102, destination=0x0304, time_status=5).pack()
    assert packet[:-2].hex() == "0864c009000f" + "25" + "0319" + "0102" + "0304" + TIME.hex() + "aa"


def test_time_packet() -> None:
    """A time packet has APID 0 and no secondary header."""
    packet = TimePacket(3, CucTimeReport(TIME, 2).pack()).pack()
    assert packet[:-2].hex() == "0000c0030008" + "02" + TIME.hex()


@MODEST
@given(TELECOMMANDS)
def test_telecommand_round_trip(telecommand: PusTelecommand) -> None:
    """Every telecommand comes back, and the first four octets of its packet are its request id."""
    packet = telecommand.pack()
    assert PusTelecommand.unpack(packet) == telecommand
    assert telecommand.request_id.pack() == packet[:4]
    assert PusRequestId.unpack(packet) == telecommand.request_id


@MODEST
@given(REPORTS)
def test_telemetry_round_trip(report: PusTelemetry) -> None:
    """Every report comes back."""
    assert PusTelemetry.unpack(report.pack()) == report


@MODEST
@given(TIME_PACKETS)
def test_time_packet_round_trip(packet: TimePacket) -> None:
    """Every time packet comes back."""
    assert TimePacket.unpack(packet.pack()) == packet


@MODEST
@given(st.binary(min_size=4, max_size=4))
def test_request_ids(octets: bytes) -> None:
    """Any four octets are a request id, and come back."""
    assert PusRequestId.unpack(octets).pack() == octets


@MODEST
@given(st.binary(max_size=40), st.sampled_from(READERS), st.data())
def test_any_octets(garbage: bytes, reader: tuple[Unpack, bytes], data: st.DataObject) -> None:
    """Any octets, with and without a valid CRC, raise nothing but ProtocolError."""
    unpack, valid = reader
    header = bytearray(valid[:-2])
    header[data.draw(st.integers(0, len(header) - 1))] = data.draw(st.integers(0, 255))
    for octets in (garbage, sealed(garbage), sealed(bytes(header)), sealed(bytes(header) + garbage)):
        with contextlib.suppress(ProtocolError):
            assert unpack(octets).pack() == octets


@pytest.mark.parametrize(("unpack", "packet"), READERS)
def test_flipped_bits(unpack: Unpack, packet: bytes) -> None:
    """Every single wrong bit is found."""
    for bit in range(len(packet) * 8):
        damaged = bytearray(packet)
        damaged[bit // 8] ^= 0x80 >> bit % 8
        with pytest.raises(ProtocolError):
            unpack(bytes(damaged))


@pytest.mark.parametrize(("unpack", "packet"), READERS)
def test_what_is_wrong_is_named(unpack: Unpack, packet: bytes) -> None:
    """Length, version, type, secondary header, segmentation, idle packets and CRC have errors of their own."""
    for end in range(len(packet)):
        with pytest.raises((TooShortError, LengthMismatchError)):
            unpack(packet[:end])
    first, second = packet[0], packet[1]
    for octets, error, words in (
        (bytes([first | 0x20, second]) + packet[2:-2], WrongVersionError, "packet version"),
        (bytes([first ^ 0x10, second]) + packet[2:-2], WrongValueError, "packet type"),
        (bytes([first ^ 0x08, second]) + packet[2:-2], WrongValueError, "secondary header flag"),
        (packet[:2] + bytes([packet[2] & 0x3F]) + packet[3:-2], WrongValueError, "sequence flags"),
        (bytes([first | 0x07, 0xFF]) + packet[2:-2], WrongValueError, "APID"),
    ):
        with pytest.raises(error, match=words):
            unpack(sealed(octets))
    with pytest.raises(ChecksumError):
        unpack(packet[:-1] + bytes([packet[-1] ^ 1]))


@pytest.mark.parametrize(("unpack", "packet"), READERS[:2])
def test_other_versions_of_the_standard(unpack: Unpack, packet: bytes) -> None:
    """A packet of PUS-A is refused."""
    octets = packet[:6] + bytes([packet[6] & 0x0F | 0x10]) + packet[7:-2]
    with pytest.raises(WrongVersionError, match="PUS version is 1, expected 2"):
        unpack(sealed(octets))


def test_time_packets_have_one_apid() -> None:
    """A packet without secondary header of another APID is no time packet."""
    octets = TimePacket(0, b"x").pack()
    with pytest.raises(FieldRangeError, match="APID of a time packet"):
        TimePacket.unpack(sealed(octets[:1] + b"\1" + octets[2:-2]))


@pytest.mark.parametrize(
    ("field", "highest"),
    [
        ("apid", 0x7FE),
        ("sequence_count", 0x3FFF),
        ("service", 255),
        ("subtype", 255),
        ("source", 65_535),
        ("acknowledge", 15),
    ],
)
def test_telecommand_limits(field: str, highest: int) -> None:
    """Each field takes 0 and its highest value, and nothing beyond."""
    for value in (0, highest):
        wanted = msgspec.structs.replace(PING, **{field: value})
        assert PusTelecommand.unpack(wanted.pack()) == wanted
    for value in (-1, highest + 1):
        with pytest.raises(FieldRangeError) as caught:
            msgspec.structs.replace(PING, **{field: value}).pack()
        assert caught.value.value == value


@pytest.mark.parametrize(
    ("field", "highest"),
    [
        ("apid", 0x7FE),
        ("sequence_count", 0x3FFF),
        ("service", 255),
        ("subtype", 255),
        ("counter", 65_535),
        ("destination", 65_535),
        ("time_status", 15),
    ],
)
def test_telemetry_limits(field: str, highest: int) -> None:
    """Each field takes 0 and its highest value, and nothing beyond."""
    report = PusTelemetry(1, 2, 3, 25, TIME)
    for value in (0, highest):
        wanted = msgspec.structs.replace(report, **{field: value})
        assert PusTelemetry.unpack(wanted.pack()) == wanted
    for value in (-1, highest + 1):
        with pytest.raises(FieldRangeError) as caught:
            msgspec.structs.replace(report, **{field: value}).pack()
        assert caught.value.value == value


def test_longest_packets() -> None:
    """The longest telecommand and report are as long as a Space Packet can be; one octet more is refused."""
    longest = msgspec.structs.replace(PING, data=bytes(MAX_TELECOMMAND_DATA_OCTETS))
    assert len(longest.pack()) == 65_542
    with pytest.raises(FieldRangeError):
        msgspec.structs.replace(PING, data=bytes(MAX_TELECOMMAND_DATA_OCTETS + 1)).pack()
    report = PusTelemetry(1, 2, 3, 25, bytes(7), bytes(65_520))
    assert len(report.pack(PusFormats(time_octets=7))) == 65_542
    with pytest.raises(FieldRangeError):
        msgspec.structs.replace(report, data=bytes(65_521)).pack(PusFormats(time_octets=7))


def test_times_have_the_length_of_the_mission() -> None:
    """A report with a time of another length is refused."""
    with pytest.raises(LengthMismatchError, match="telemetry time"):
        PusTelemetry(1, 2, 3, 25, bytes(7)).pack()
