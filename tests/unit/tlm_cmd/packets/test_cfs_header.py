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
from tlm_cmd.packets.cfs_header import (
    MAX_COMMAND_PAYLOAD_OCTETS,
    MAX_TELEMETRY_PAYLOAD_OCTETS,
    CommandPacket,
    TelemetryPacket,
    build_command,
    build_telemetry,
    join_time,
    parse_command,
    parse_telemetry,
    split_time,
)
from tlm_cmd.packets.crc import crc16
from tlm_cmd.packets.spacepacket import MAX_PACKET_OCTETS

MODEST = settings(max_examples=50, deadline=None)
Parser = Callable[[bytes], object]
COMMAND = build_command(0x123, 77, 0x2A, b"payload")
TELEMETRY = build_telemetry(0x123, 77, 1_001_008, 0xE8F7, b"payload")

KNOWN_COMMANDS = [
    (0x006, 0, b"", "1806c00000010020"),
    (0x006, 1, b"", "1806c00000010121"),
    (0x001, 0, b"", "1801c00000010027"),
    (0x003, 0, b"", "1803c00000010025"),
    (0x004, 0, b"", "1804c00000010022"),
    (0x005, 0, b"", "1805c00000010023"),
    (0x080, 6, b"127.0.0.1".ljust(16, b"\0"), "1880c0000011069b" + b"127.0.0.1".ljust(16, b"\0").hex()),
]


@pytest.mark.parametrize(("apid", "code", "payload", "octets"), KNOWN_COMMANDS)
def test_commands_of_cfs(apid: int, code: int, payload: bytes, octets: str) -> None:
    """Commands that cFS is known to accept are built and read octet by octet."""
    assert build_command(apid, 0, code, payload).hex() == octets
    assert parse_command(bytes.fromhex(octets)) == CommandPacket(apid, 0, code, payload)


def test_telemetry_header_of_cfs() -> None:
    """The header in front of the payload is that of a cFS housekeeping packet."""
    packet = build_telemetry(0, 8, 0x000F4630, 0xE8F7, bytes(146))
    assert packet[:16].hex() == "0800c008009d000f4630e8f700000000"
    assert len(packet) == 164


def test_telemetry_ends_with_its_crc() -> None:
    """The last two octets of a telemetry packet are the CRC-16 of all before them."""
    assert TELEMETRY[16:-2] == b"payload"
    assert int.from_bytes(TELEMETRY[-2:], "big") == crc16(TELEMETRY[:-2])


@MODEST
@given(st.integers(0, 2046), st.integers(0, 16_383), st.integers(0, 127), st.binary(max_size=80))
def test_command_round_trip(apid: int, count: int, code: int, payload: bytes) -> None:
    """Every command comes back from its octets and packs to the same again."""
    packet = build_command(apid, count, code, payload)
    command = parse_command(packet)
    assert command == CommandPacket(apid, count, code, payload)
    assert command.pack() == packet


@MODEST
@given(
    st.integers(0, 2046),
    st.integers(0, 16_383),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**16 - 1),
    st.binary(max_size=80),
)
def test_telemetry_round_trip(apid: int, count: int, seconds: int, subseconds: int, payload: bytes) -> None:
    """Every telemetry packet comes back from its octets and packs to the same again."""
    packet = build_telemetry(apid, count, seconds, subseconds, payload)
    telemetry = parse_telemetry(packet)
    assert telemetry == TelemetryPacket(apid, count, seconds, subseconds, payload)
    assert telemetry.pack() == packet
    assert split_time(telemetry.time_ns) == (seconds, subseconds)


@pytest.mark.parametrize(
    ("index", "lowest", "highest"), [(0, 0, 2046), (1, 0, 16_383), (2, 0, 127)], ids=["apid", "count", "code"]
)
def test_command_field_limits(index: int, lowest: int, highest: int) -> None:
    """Each field of a command takes its lowest and highest value and refuses one beyond."""
    for value in (lowest, highest):
        fields: list[Any] = [1, 2, 3]
        fields[index] = value
        assert msgspec.structs.astuple(parse_command(build_command(*fields)))[index] == value
    for value in (lowest - 1, highest + 1):
        fields = [1, 2, 3]
        fields[index] = value
        with pytest.raises(FieldRangeError) as caught:
            build_command(*fields)
        assert caught.value.value == value


@pytest.mark.parametrize(
    ("index", "lowest", "highest"),
    [(0, 0, 2046), (1, 0, 16_383), (2, 0, 2**32 - 1), (3, 0, 2**16 - 1)],
    ids=["apid", "count", "seconds", "subseconds"],
)
def test_telemetry_field_limits(index: int, lowest: int, highest: int) -> None:
    """Each field of a telemetry packet takes its lowest and highest value and refuses one beyond."""
    for value in (lowest, highest):
        fields: list[Any] = [1, 2, 3, 4]
        fields[index] = value
        assert msgspec.structs.astuple(parse_telemetry(build_telemetry(*fields)))[index] == value
    for value in (lowest - 1, highest + 1):
        fields = [1, 2, 3, 4]
        fields[index] = value
        with pytest.raises(FieldRangeError) as caught:
            build_telemetry(*fields)
        assert caught.value.value == value


def test_longest_payloads() -> None:
    """The longest payload makes the longest packet, and one octet more is refused."""
    command = build_command(1, 0, 0, bytes(MAX_COMMAND_PAYLOAD_OCTETS))
    telemetry = build_telemetry(1, 0, 0, 0, bytes(MAX_TELEMETRY_PAYLOAD_OCTETS))
    assert len(command) == len(telemetry) == MAX_PACKET_OCTETS
    assert len(parse_command(command).payload) == MAX_COMMAND_PAYLOAD_OCTETS
    assert len(parse_telemetry(telemetry).payload) == MAX_TELEMETRY_PAYLOAD_OCTETS
    with pytest.raises(FieldRangeError, match="command payload"):
        build_command(1, 0, 0, bytes(MAX_COMMAND_PAYLOAD_OCTETS + 1))
    with pytest.raises(FieldRangeError, match="telemetry payload"):
        build_telemetry(1, 0, 0, 0, bytes(MAX_TELEMETRY_PAYLOAD_OCTETS + 1))


@pytest.mark.parametrize(("parse", "packet"), [(parse_command, COMMAND), (parse_telemetry, TELEMETRY)])
def test_every_single_bit_flip_is_refused(parse: Parser, packet: bytes) -> None:
    """No valid packet with one bit inverted is accepted."""
    for bit in range(8 * len(packet)):
        flipped = bytearray(packet)
        flipped[bit // 8] ^= 0x80 >> bit % 8
        with pytest.raises(ProtocolError):
            parse(bytes(flipped))


@pytest.mark.parametrize(("parse", "packet"), [(parse_command, COMMAND), (parse_telemetry, TELEMETRY)])
def test_every_truncation_is_refused(parse: Parser, packet: bytes) -> None:
    """A packet cut at any octet, or with one octet more, is refused for its length."""
    for octets in range(len(packet)):
        with pytest.raises((TooShortError, LengthMismatchError)):
            parse(packet[:octets])
    with pytest.raises(LengthMismatchError) as caught:
        parse(packet + b"\0")
    assert (caught.value.declared, caught.value.found) == (len(packet), len(packet) + 1)


@pytest.mark.parametrize(("parse", "packet"), [(parse_command, COMMAND), (parse_telemetry, TELEMETRY)])
@pytest.mark.parametrize(
    ("octet", "bit", "error", "words"),
    [
        (0, 0x20, WrongVersionError, "packet version is 1"),
        (0, 0x10, WrongValueError, "packet type"),
        (0, 0x08, WrongValueError, "secondary header flag"),
        (2, 0x80, WrongValueError, "sequence flags is 1"),
        (2, 0x40, WrongValueError, "sequence flags is 2"),
    ],
)
def test_headers_of_other_packets_are_named(
    *, parse: Parser, packet: bytes, octet: int, bit: int, error: type[ProtocolError], words: str
) -> None:
    """A packet of another kind is refused by the field that tells so, before its checksum is looked at."""
    wrong = bytearray(packet)
    wrong[octet] ^= bit
    with pytest.raises(error, match=words):
        parse(bytes(wrong))


@pytest.mark.parametrize(("parse", "packet"), [(parse_command, COMMAND), (parse_telemetry, TELEMETRY)])
def test_idle_apid_is_refused(parse: Parser, packet: bytes) -> None:
    """A packet of the idle APID is neither command nor telemetry."""
    with pytest.raises(WrongValueError, match="idle"):
        parse(bytes([packet[0] | 7, 0xFF]) + packet[2:])


def test_reserved_bit_before_the_function_code() -> None:
    """A function code beyond 127 is refused even if the checksum is right."""
    wrong = bytearray(COMMAND)
    wrong[6] ^= 0x80
    wrong[7] ^= 0x80
    with pytest.raises(WrongValueError, match="function code"):
        parse_command(bytes(wrong))


def test_checksum_errors_carry_both_values() -> None:
    """A wrong checksum is reported with the one found and the one expected."""
    with pytest.raises(ChecksumError) as command:
        parse_command(COMMAND[:7] + bytes([COMMAND[7] ^ 0x0F]) + COMMAND[8:])
    assert (command.value.expected, command.value.found) == (COMMAND[7], COMMAND[7] ^ 0x0F)
    with pytest.raises(ChecksumError) as telemetry:
        parse_telemetry(TELEMETRY[:-1] + bytes([TELEMETRY[-1] ^ 0x0F]))
    crc = crc16(TELEMETRY[:-2])
    assert (telemetry.value.expected, telemetry.value.found) == (crc, crc ^ 0x0F)


def test_spare_octets_are_ignored() -> None:
    """What stands in the four spare octets of telemetry does not matter."""
    body = TELEMETRY[:12] + b"\1\2\3\4" + TELEMETRY[16:-2]
    assert parse_telemetry(body + crc16(body).to_bytes(2, "big")) == parse_telemetry(TELEMETRY)


@MODEST
@given(st.integers(0, 2**32 * 10**9 - 1))
def test_time_is_rounded_down(time_ns: int) -> None:
    """A header's time is never later than the time given, and earlier by less than 1/65536 s."""
    back_ns = join_time(*split_time(time_ns))
    assert 0 <= time_ns - back_ns <= 10**9 // 65_536


@MODEST
@given(st.binary(max_size=40))
def test_parsers_raise_nothing_else(octets: bytes) -> None:
    """Any octets are parsed or refused with an error of this package."""
    for parse in (parse_command, parse_telemetry):
        with contextlib.suppress(ProtocolError):
            parse(octets)
