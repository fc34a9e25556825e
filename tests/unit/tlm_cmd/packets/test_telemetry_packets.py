"""Whole telemetry packets: the quick way gives what headers, dictionary and checksum give one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlm_cmd.definition.dictionary import AppInterface, Dictionary, DictionaryError
from tlm_cmd.definition.fields import U8, U16, Length, Range, Tail, UpTo
from tlm_cmd.definition.message import Event, ShortEvent, Telemetry
from tlm_cmd.errors import (
    ChecksumError,
    FieldRangeError,
    LengthMismatchError,
    ProtocolError,
    TooShortError,
    WrongValueError,
    WrongVersionError,
)
from tlm_cmd.packets import telemetry_packets
from tlm_cmd.packets.cfs_header import build_telemetry, parse_telemetry
from tlm_cmd.packets.crc import crc16
from tlm_cmd.packets.telemetry_packets import TelemetryPackets


class Plain(Telemetry):
    """Numbers that travel as they are."""

    a: Annotated[int, U8]
    b: Annotated[int, U16]


class Ranged(Telemetry):
    """A number with a range, and what is left."""

    number: Annotated[int, U8, Range(1, 9)]
    rest: Annotated[bytes, Tail(30)]


class Empty(Telemetry):
    """Nothing."""


class Happened(Event, code=7, text="{what}"):
    """An event."""

    what: Annotated[str, UpTo(8)]


DICTIONARY = Dictionary("m", [AppInterface("app", 0x100, (), (Plain, Ranged, Empty), (Happened,))])
PACKETS = TelemetryPackets(DICTIONARY)

MESSAGES = st.one_of(
    st.builds(Plain, st.integers(0, 255), st.integers(0, 65_535)),
    st.builds(Ranged, st.integers(1, 9), st.binary(max_size=30)),
    st.just(Empty()),
    st.builds(Happened, st.text("abc", max_size=8)),
)


def apid_of(message: Telemetry | Event) -> int:
    """Where a message belongs."""
    return 0x100 if isinstance(message, Event) else DICTIONARY.telemetry_of("app", type(message)).apid


@given(MESSAGES, st.integers(0, 16_383), st.integers(0, 2**32 - 1), st.integers(0, 65_535))
def test_a_message_comes_back_from_its_packet(message: Telemetry | Event, sequence: int, s: int, sub: int) -> None:
    """Content, sequence count and time survive, and the octets are those of header, payload and error control."""
    apid = apid_of(message)
    packet = PACKETS.encode(apid, message, sequence, s, sub)
    assert packet == build_telemetry(apid, sequence, s, sub, DICTIONARY.encode_payload(message))
    received = PACKETS.decode(packet)
    assert received.message == message
    assert (received.sequence_count, received.time_seconds, received.time_subseconds) == (sequence, s, sub)
    assert received.entry.apid == apid
    assert received.time_ns == parse_telemetry(packet).time_ns


@given(MESSAGES, st.data())
def test_whatever_happens_to_a_packet_the_quick_way_says_what_the_careful_one_says(
    message: Telemetry | Event, data: st.DataObject
) -> None:
    """Changed, cut and prolonged packets, with the error control made right again or not."""
    packet = bytearray(PACKETS.encode(apid_of(message), message, 5, 6, 7))
    for _ in range(data.draw(st.integers(0, 3))):
        packet[data.draw(st.integers(0, len(packet) - 1))] = data.draw(st.integers(0, 255))
    octets = bytes(packet[: data.draw(st.integers(0, len(packet)))]) + data.draw(st.binary(max_size=4))
    if data.draw(st.booleans()):
        octets += crc16(octets).to_bytes(2, "big")
    assert outcome(PACKETS.decode, octets) == outcome(careful, octets)


def careful(octets: bytes) -> object:
    """Header, checksum and content one by one."""
    parsed = parse_telemetry(octets)
    entry, message = DICTIONARY.decode_downlink(parsed.apid, parsed.payload)
    return entry.name, parsed.sequence_count, parsed.time_ns, message


def outcome(decode: object, octets: bytes) -> object:
    """What a decoder gives, or the error that it raises."""
    assert callable(decode)
    try:
        received = decode(octets)
    except ProtocolError as error:
        return type(error), str(error)
    if isinstance(received, tuple):
        return received
    return received.entry.name, received.sequence_count, received.time_ns, received.message


class Far(Telemetry):
    """The first packet of an app whose APID has the same second octet as that of the first app's."""

    words: Annotated[tuple[Annotated[bytes, UpTo(3)], ...], UpTo(3)]
    name: Annotated[str, Length(4)]
    number: Annotated[int, U8, Range(1, 9)]


TWO_APPS = TelemetryPackets(
    Dictionary(
        "m",
        [AppInterface("app", 0x100, (), (Plain, Ranged, Empty), (Happened,)), AppInterface("far", 0x200, (), (Far,))],
    )
)
FAR = Far((b"abc", b"", b"z"), "name", 5)


@pytest.mark.parametrize("kind", [bytearray, memoryview, lambda octets: memoryview(bytearray(octets))])
@pytest.mark.parametrize(
    ("apid", "message"),
    [(0x101, Plain(1, 2)), (0x102, Ranged(3, b"rest")), (0x103, Empty()), (0x201, FAR), (0x100, Happened("abc"))],
)
def test_any_buffer_gives_what_bytes_give(
    kind: Callable[[bytes], bytes], apid: int, message: Telemetry | Event
) -> None:
    """Whatever the octets stand in, the message is made of bytes, and errors are the same."""
    packet = TWO_APPS.encode(apid, message, 5, 6, 7)
    for octets in (packet, packet[:-1], packet[:1], b"", packet[:8] + b"\xff" + packet[9:]):
        assert repr(outcome(TWO_APPS.decode, kind(octets))) == repr(outcome(TWO_APPS.decode, octets))
    assert TWO_APPS.decode(kind(packet)).message == message


def test_an_event_in_the_short_form_says_only_what_it_is() -> None:
    """It goes out without fields and comes back as its class."""
    packet = PACKETS.encode(0x100, Happened("abc"), 1, 2, 3, short_event=True)
    received = PACKETS.decode(packet)
    assert received.message == ShortEvent(Happened)
    assert len(packet) == 20


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda packet: packet[:17], TooShortError),
        (lambda packet: packet + b"x", LengthMismatchError),
        (lambda packet: packet[:16] + b"\xff" + packet[17:], ChecksumError),
        (lambda packet: sealed(b"\x29" + packet[1:-2]), WrongVersionError),
        (lambda packet: sealed(packet[:2] + b"\x40" + packet[3:-2]), WrongValueError),
        (lambda packet: sealed(b"\x09\x09" + packet[2:-2]), DictionaryError),
        (lambda packet: sealed(packet[:16] + b"\0" + packet[17:-2]), FieldRangeError),
    ],
)
def test_each_fault_has_its_error(spoil: object, error: type[ProtocolError]) -> None:
    """Too short, wrong length, checksum, version, flags, APID or value."""
    assert callable(spoil)
    with pytest.raises(error):
        PACKETS.decode(spoil(PACKETS.encode(0x102, Ranged(3, b"rest"), 5, 6, 7)))


def sealed(octets: bytes) -> bytes:
    """Octets with their error control."""
    return octets + crc16(octets).to_bytes(2, "big")


@pytest.mark.parametrize(
    ("sequence", "seconds", "subseconds", "field"),
    [(16_384, 0, 0, "sequence count"), (0, 2**32, 0, "time seconds"), (0, 0, -1, "time subseconds")],
)
def test_what_does_not_fit_the_header_is_refused(sequence: int, seconds: int, subseconds: int, field: str) -> None:
    """The error names the field and its range."""
    with pytest.raises(FieldRangeError) as caught:
        PACKETS.encode(0x101, Plain(1, 2), sequence, seconds, subseconds)
    assert caught.value.field == field


def test_a_message_of_an_unknown_apid_is_refused() -> None:
    """The error says which APID."""
    with pytest.raises(DictionaryError, match="0x333"):
        PACKETS.encode(0x333, Plain(1, 2), 0, 0, 0)


def test_a_decoder_is_made_when_its_packet_first_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that looks at few kinds of packets does not wait for the others' decoders, and makes each once."""
    made: list[str] = []
    make = telemetry_packets._decoder
    monkeypatch.setattr(
        telemetry_packets, "_decoder", lambda entry, careful: made.append(entry.name) or make(entry, careful)
    )
    packets = TelemetryPackets(DICTIONARY)
    packet = packets.encode(0x101, Plain(1, 2), 0, 0, 0)
    assert made == []
    for _ in range(3):
        assert packets.decode(packet).message == Plain(1, 2)
    assert made == ["APP.PLAIN"]
