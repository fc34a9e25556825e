"""What is exported and imported again reads and writes what the dictionary reads and writes."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from math import isnan
from random import Random
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.entries import AppInterface, EventEntry
from tlm_cmd.definition.field_layout import RecordLayout
from tlm_cmd.definition.fields import (
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    Bits,
    Length,
    Linear,
    Polynomial,
    Range,
    Tail,
    UpTo,
)
from tlm_cmd.definition.layout import layout_of
from tlm_cmd.definition.message import Command, Event, Record, Severity, Telemetry
from tlm_cmd.packets.cfs_header import build_command, build_telemetry
from tlm_cmd.xtce.database import XtceDatabase
from tlm_cmd.xtce.export import Form, export

Differences = Callable[[Record, Any, str], list[str]]
Draw = Callable[[RecordLayout, Random], Any]


class Mode(IntEnum):
    """Modes."""

    OFF = 0
    ON = 7
    FAULT = 200


class Inner(Record):
    """A structure with bit fields, of which the last octet is filled."""

    flag: Annotated[bool, Bits(1)]
    level: Annotated[int, Bits(5)]
    mode: Mode
    label: Annotated[str, UpTo(10)]


class Blob(Record):
    """A structure with octets of variable length."""

    number: Annotated[int, U16]
    data: Annotated[bytes, UpTo(300)]


class Everything(Telemetry):
    """All kinds of fields."""

    a: Annotated[int, U8]
    b: Annotated[int, I8]
    c: Annotated[int, U16, Range(3, 60_000)]
    d: Annotated[int, I16]
    e: Annotated[int, U32]
    f: Annotated[int, I32]
    g: Annotated[int, U64]
    h: Annotated[int, I64]
    i: Annotated[float, F32]
    j: Annotated[float, F64, Range(-1e9, 1e9)]
    k: Annotated[float, I16, Linear(0.01, -5)]
    m: Annotated[float, U8, Polynomial.of(1, 0.5, 0.25)]
    one: Annotated[int, Bits(3)]
    two: Annotated[Mode, Bits(9)]
    three: Annotated[bool, Bits(1)]
    n: bool
    o: Annotated[Mode, U32]
    p: Annotated[str, Length(6)]
    q: Annotated[bytes, Length(3)]
    r: Annotated[str, UpTo(300)]
    s: Annotated[bytes, UpTo(20)]
    t: Inner
    u: Annotated[tuple[Inner, ...], Length(2)]
    v: Annotated[tuple[int, ...], U16, Length(3)]
    w: Annotated[tuple[float, ...], I16, Linear(0.5), UpTo(300)]
    x: Annotated[tuple[Blob, ...], UpTo(4)]
    y: Blob
    z: Annotated[tuple[Mode, ...], UpTo(4)]


class FixedAndTail(Telemetry):
    """A tail behind fields of fixed size."""

    flag: Annotated[bool, Bits(2)]
    number: Annotated[int, U16]
    data: Annotated[bytes, Tail(100)]


class TextAndTail(Telemetry):
    """A tail behind one text of variable length."""

    before: Annotated[int, U16]
    name: Annotated[str, UpTo(32)]
    after: Annotated[int, U16]
    data: Annotated[bytes, Tail(100)]


class ArrayAndTail(Telemetry):
    """A tail behind one array of variable length."""

    values: Annotated[tuple[int, ...], U32, UpTo(5)]
    data: Annotated[bytes, Tail(100)]


class ArrayTail(Telemetry):
    """An array up to the end of the packet."""

    before: Annotated[int, U8]
    data: Annotated[tuple[int, ...], U32, Tail(10)]


class TwoAndTail(Telemetry):
    """What XTCE cannot express: the length of the tail depends on two others."""

    name: Annotated[str, UpTo(32)]
    other: Annotated[str, UpTo(32)]
    data: Annotated[bytes, Tail(100)]


class Happened(Event, code=5, severity=Severity.ERROR, text="{what} {data}"):
    """An event with a tail."""

    what: Annotated[str, UpTo(20)]
    data: Annotated[bytes, Tail(20)]


class Do(Command, code=9, hazardous=True):
    """Do something."""

    number: Annotated[int, U16, Range(1, 1000)]
    mode: Mode
    name: Annotated[str, UpTo(20)]
    blob: Annotated[bytes, UpTo(20)]
    fixed: Annotated[str, Length(4)]
    values: Annotated[tuple[int, ...], I16, UpTo(4)]
    gain: Annotated[float, I16, Linear(0.5, 10)]
    flag: Annotated[bool, Bits(1)]
    level: Annotated[int, Bits(3)]
    on: bool = True
    data: Annotated[bytes, Tail(20)] = b"abc"


APP = AppInterface(
    "app",
    0x20,
    commands=(Do,),
    telemetry=(Everything, FixedAndTail, TextAndTail, ArrayTail, TwoAndTail, ArrayAndTail),
    events=(Happened,),
)
DICTIONARY = Dictionary("mission", [APP])
EXPORTED = export(DICTIONARY)
DATABASE = XtceDatabase(EXPORTED.text.encode())


def test_what_cannot_be_expressed_is_said_and_kept_as_octets() -> None:
    """The packet is still there, with its payload as one field."""
    assert EXPORTED.opaque == {"APP.TWO_AND_TAIL": "its length depends on the lengths of name, other"}
    message = TwoAndTail("ab", "c", b"def")
    packet, found = DATABASE.decode(build_telemetry(0x25, 0, 0, 0, DICTIONARY.encode_payload(message)))
    assert packet.name == "/mission/app/TWO_AND_TAIL"
    assert found.TWO_AND_TAIL_payload == DICTIONARY.encode_payload(message)


@pytest.mark.parametrize(
    "record", [Everything, FixedAndTail, TextAndTail, ArrayTail, ArrayAndTail], ids=lambda each: each.__name__
)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=False))
def test_every_kind_of_field_is_read_as_it_was_sent(
    record: type[Telemetry], random: Random, differences: Differences, draw: Draw
) -> None:
    """Whatever its wire type, length, calibration and place."""
    entry = DICTIONARY.telemetry_of("app", record)
    message = draw(layout_of(record), random)
    octets = build_telemetry(entry.apid, 7, 1000, 32_768, DICTIONARY.encode_payload(message))
    packet, found = DATABASE.decode(octets)
    name = entry.name.partition(".")[2]
    assert packet.name == f"/mission/app/{name}"
    assert differences(message, found, f"{name}_") == []
    assert (found.PKT_APID, found.SRC_SEQ_CTR, found.time_seconds) == (entry.apid, 7, 1000)
    assert found.packet_error_control == int.from_bytes(octets[-2:], "big")


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=False))
def test_events_are_read_in_both_forms(random: Random, differences: Differences, draw: Draw) -> None:
    """Whole, and without their fields."""
    message = draw(layout_of(Happened), random)
    packet, found = DATABASE.decode(build_telemetry(0x20, 0, 0, 0, DICTIONARY.encode_payload(message)))
    assert packet.name == "/mission/app/HAPPENED"
    assert differences(message, found, "HAPPENED_") == []
    assert (found.EVENT_code, found.EVENT_short, found.EVENT_severity) == ("HAPPENED", False, "ERROR")
    packet, found = DATABASE.decode(build_telemetry(0x20, 0, 0, 0, DICTIONARY.encode_short_event(message)))
    assert packet.name == "/mission/app/SHORT_EVENT"
    assert (found.EVENT_code, found.EVENT_short) == ("HAPPENED", True)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=False))
def test_commands_are_written_as_the_dictionary_writes_them(random: Random, draw: Draw) -> None:
    """Octet by octet, but for sequence count, length and checksum, which XTCE leaves to what sends them."""
    message = draw(layout_of(Do), random)
    octets = DATABASE.encoder("DO").encode(given_by(message))
    assert without_filled_in(octets) == without_filled_in(build_command(0x20, 0, 9, DICTIONARY.encode_payload(message)))


def test_defaults_of_commands_are_those_of_the_dictionary() -> None:
    """An argument with a default may be missing, and so may a length."""
    message = Do(5, Mode.ON, "x", b"y", "z", (1, -2), 10.5, flag=True, level=3)
    given_values = given_by(message)
    del given_values["on"], given_values["data"]
    octets = DATABASE.encoder("/mission/app/DO").encode(given_values)
    assert octets[8:] == DICTIONARY.encode_payload(message)
    assert DATABASE.commands["/mission/app/DO"].significance[0] == "critical"


def given_by(message: Command) -> dict[str, object]:
    """The arguments as somebody gives them who knows nothing of the classes."""
    values = {name: getattr(message, name) for name in message.__struct_fields__}
    return {name: value.name if isinstance(value, IntEnum) else value for name, value in values.items()} | {
        f"fill_{number}": 0 for number in range(1, 2) if any(name == "flag" for name in values)
    }


def without_filled_in(octets: bytes) -> bytes:
    """The command without its length and its checksum."""
    return octets[:4] + octets[6:7] + octets[8:]


@pytest.fixture(scope="module")
def imported(reference: Dictionary) -> XtceDatabase:
    """The reference mission's dictionary, exported and imported."""
    exported = export(reference)
    assert exported.opaque == {}
    return XtceDatabase(exported.text.encode())


@pytest.mark.untraced
@pytest.mark.parametrize("seed", range(3))
def test_every_packet_of_the_reference_mission_is_read_as_the_dictionary_reads_it(
    seed: int, reference: Dictionary, imported: XtceDatabase, differences: Differences, draw: Draw
) -> None:
    """All telemetry and all events."""
    random = Random(seed)
    for entry in [*reference.telemetry.values(), *reference.events.values()]:
        message = draw(layout_of(entry.record), random)
        packet, found = imported.decode(build_telemetry(entry.apid, 1, 2, 3, reference.encode_payload(message)))
        app, _, name = entry.name.partition(".")
        assert packet.name == f"/urbanwatch/{app.lower()}/{name}"
        assert differences(message, found, f"{name}_") == []


@pytest.mark.untraced
@pytest.mark.parametrize("seed", range(3))
def test_every_command_of_the_reference_mission_is_written_as_the_dictionary_writes_it(
    seed: int, reference: Dictionary, imported: XtceDatabase, draw: Draw
) -> None:
    """All commands, with all arguments given."""
    random = Random(seed)
    for entry in reference.commands.values():
        message = finite(draw(layout_of(entry.record), random))
        named = {name: given(getattr(message, name)) for name in message.__struct_fields__}
        app, _, name = entry.name.partition(".")
        octets = imported.encoder(f"/urbanwatch/{app.lower()}/{name}").encode(named)
        expected = build_command(entry.apid, 0, entry.code, reference.encode_payload(message))
        assert without_filled_in(octets) == without_filled_in(expected)


@pytest.mark.untraced
@pytest.mark.parametrize("seed", range(2))
def test_the_plain_form_reads_what_it_can_express(
    seed: int, reference: Dictionary, differences: Differences, draw: Draw
) -> None:
    """Fields with longer names; the rest as octets."""
    random, exported = Random(seed), export(reference, Form.PLAIN)
    database = XtceDatabase(exported.text.encode())
    for entry in [*reference.telemetry.values(), *reference.events.values()]:
        message = draw(layout_of(entry.record), random)
        payload = reference.encode_payload(message)
        packet, found = database.decode(build_telemetry(entry.apid, 1, 2, 3, payload))
        name = entry.name.replace(".", "_")
        assert packet.name == f"/urbanwatch/{name}"
        if entry.name in exported.opaque:
            taken = 2 if isinstance(entry, EventEntry) else 0
            assert getattr(found, f"{name}_payload") == payload[taken:]
        else:
            prefix = "VERIFICATION_REPORT_" if name.endswith("VERIFICATION_REPORT") else f"{name}_"
            assert differences(message, found, prefix) == []


def given(value: object, *, in_array: bool = False) -> object:
    """A value as it is given by somebody who knows nothing of the classes; octets within an array are a text."""
    match value:
        case IntEnum():
            return value.name
        case Record():
            return {name: given(getattr(value, name), in_array=in_array) for name in value.__struct_fields__}
        case tuple():
            return [given(item, in_array=True) for item in value]
        case bytes() if in_array:
            return value.decode("latin-1")
    return value


def finite(message: Command) -> Command:
    """The message with 1.0 in the place of a NaN, whose octets are not always the same."""
    values = {name: getattr(message, name) for name in message.__struct_fields__}
    changes = {name: 1.0 for name, value in values.items() if isinstance(value, float) and isnan(value)}
    return msgspec.structs.replace(message, **changes)
