from __future__ import annotations

import os
import subprocess
import sys
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any

import pytest

from tlm_cmd.definition.dictionary import (
    COMMAND_MESSAGE_ID,
    TELEMETRY_MESSAGE_ID,
    AppInterface,
    Dictionary,
    DictionaryError,
)
from tlm_cmd.definition.fields import F32, I16, U8, U16, Bits, Length, Limits, Linear, Range, Unit, UpTo
from tlm_cmd.definition.layout import DefinitionError
from tlm_cmd.definition.message import Command, Event, Quality, Record, Severity, ShortEvent, Telemetry
from tlm_cmd.errors import FieldRangeError, ProtocolError, TooShortError


class Line(IntEnum):
    """Heater lines."""

    PANEL = 0
    TANK = 1


class Point(Record):
    """Where."""

    x: Annotated[float, F32]


class Noop(Command, code=0):
    """Do nothing."""


class SetHeater(Command, code=2, hazardous=True):
    """Switch one heater line."""

    line: Line
    on: bool


class ThermalHk(Telemetry, period_s=10):
    """Temperatures."""

    board: Annotated[float, I16, Linear(0.01), Unit("degC"), Limits(yellow=(-10, 70), red=(-20, 85))]


class Picture(Telemetry, quality=Quality.BULK):
    """A part of an image."""

    data: Annotated[bytes, UpTo(100)]


class HeaterStuck(Event, code=40, severity=Severity.ERROR, text="heater {line} stuck for {seconds} s"):
    """A heater does not switch."""

    line: Line
    seconds: Annotated[int, U16]


class Ready(Event, code=41, text="ready"):
    """All is well."""


THERMAL = AppInterface("thermal", 0x100, (Noop, SetHeater), (ThermalHk, Picture), (HeaterStuck, Ready))
POWER = AppInterface("power", 0x110, (Noop,), (Picture,), (Ready,))


@pytest.fixture
def dictionary() -> Dictionary:
    """A mission of two apps."""
    return Dictionary("urbanwatch", [THERMAL, POWER])


# ------------------------------------------------------------------ looking up


def test_commands_are_found_by_name_by_id_and_by_class(dictionary: Dictionary) -> None:
    """One command has one entry, whichever way it is asked for."""
    entry = dictionary.command("THERMAL.SET_HEATER")
    assert (entry.name, entry.app, entry.apid, entry.code) == ("THERMAL.SET_HEATER", "thermal", 0x100, 2)
    assert entry.message_id == COMMAND_MESSAGE_ID | 0x100 == 0x1900
    assert entry.record is SetHeater
    assert dictionary.command("thermal.set_heater") is entry
    assert dictionary.command_by_id(0x100, 2) is entry
    assert dictionary.command_of("thermal", SetHeater) is entry
    assert entry.codec.decode(entry.codec.encode(SetHeater(Line.TANK, True))) == SetHeater(Line.TANK, True)


def test_telemetry_is_found_by_name_by_apid_and_by_class(dictionary: Dictionary) -> None:
    """Packets have the APIDs behind their app's, in order."""
    entry = dictionary.packet("thermal.picture")
    assert (entry.name, entry.apid, entry.message_id) == ("THERMAL.PICTURE", 0x102, TELEMETRY_MESSAGE_ID | 0x102)
    assert dictionary.telemetry_by_apid(0x102) is entry
    assert dictionary.telemetry_of("thermal", Picture) is entry
    assert dictionary.telemetry_of("power", Picture).apid == 0x111
    assert entry.codec.decode(b"\x01a") == Picture(b"a")


def test_events_are_found_by_name(dictionary: Dictionary) -> None:
    """An event has its app's APID and its own code."""
    entry = dictionary.event("thermal.heater_stuck")
    assert (entry.name, entry.app, entry.apid, entry.code) == ("THERMAL.HEATER_STUCK", "thermal", 0x100, 40)


def test_apps_are_found(dictionary: Dictionary) -> None:
    """An app by its name, by any of its APIDs, and by what it declares."""
    assert (dictionary.apid_of("thermal"), dictionary.apid_of("power")) == (0x100, 0x110)
    assert [dictionary.app_of(apid) for apid in (0xFF, 0x100, 0x10F, 0x110, 0x120)] == [
        None,
        "thermal",
        "thermal",
        "power",
        None,
    ]
    assert dictionary.apps_declaring(Picture) == ("thermal", "power")
    assert dictionary.apps_declaring(Point) == ()
    assert list(dictionary.known_apids()) == [0x100, 0x110, 0x101, 0x102, 0x111]


def test_unknown_ids_are_none(dictionary: Dictionary) -> None:
    """What comes from a wire may be unknown without an exception."""
    assert dictionary.command_by_id(0x100, 9) is None
    assert dictionary.command_by_id(0x200, 0) is None
    assert dictionary.telemetry_by_apid(0x103) is None


@pytest.mark.parametrize(
    ("look_up", "problem"),
    [
        (
            lambda d: d.command("THERMAL.SET_HEATR"),
            "no command is called 'THERMAL.SET_HEATR'; did you mean THERMAL.SET",
        ),
        (lambda d: d.command("zzz"), r"no command is called 'ZZZ'$"),
        (
            lambda d: d.packet("THERMAL.HK"),
            "no telemetry packet is called 'THERMAL.HK'; did you mean THERMAL.THERMAL_HK",
        ),
        (lambda d: d.event("THERMAL.STUCK"), "no event is called 'THERMAL.STUCK'; did you mean THERMAL.HEATER_STUCK"),
        (lambda d: d.apid_of("termal"), r"no app is called 'termal'; did you mean thermal\?"),
        (lambda d: d.command_of("power", SetHeater), "power declares no command SetHeater"),
        (lambda d: d.command_of("thermal", Picture), "thermal declares no command Picture"),
        (lambda d: d.telemetry_of("power", ThermalHk), "power declares no telemetry ThermalHk"),
        (lambda d: d.telemetry_of("thermal", SetHeater), "thermal declares no telemetry SetHeater"),
    ],
)
def test_unknown_names_are_refused_with_a_hint(dictionary: Dictionary, look_up: Any, problem: str) -> None:  # noqa: ANN401 - a call
    """A name that a person typed is refused with the names that are near."""
    with pytest.raises(DictionaryError, match=problem) as caught:
        look_up(dictionary)
    assert isinstance(caught.value, ProtocolError)


# ------------------------------------------------------------------ payloads


@pytest.mark.parametrize("message", [ThermalHk(20.5), Picture(b"abc"), HeaterStuck(Line.TANK, 5), Ready()])
def test_payloads_come_back(dictionary: Dictionary, message: Telemetry | Event) -> None:
    """What flight encodes ground decodes, with the entry that it belongs to."""
    apid = 0x100 if isinstance(message, Event) else dictionary.telemetry_of("thermal", type(message)).apid
    payload = dictionary.encode_payload(message)
    entry, back = dictionary.decode_telemetry(apid, payload)
    assert back == message
    assert entry.record is type(message)
    assert dictionary.decode_telemetry(apid, memoryview(payload))[1] == message


def test_an_event_begins_with_code_and_severity(dictionary: Dictionary) -> None:
    """The two octets in front of the fields tell what it is without knowing it."""
    assert dictionary.encode_payload(HeaterStuck(Line.TANK, 5)) == bytes([40, Severity.ERROR, 1, 0, 5])
    assert dictionary.encode_payload(SetHeater(Line.TANK, True)) == b"\1\1"


@pytest.mark.parametrize(
    ("apid", "payload", "error", "problem"),
    [
        (0x100, b"", TooShortError, "event: 2 octets needed, 0 found"),
        (0x100, b"\x28", TooShortError, "event: 2 octets needed, 1 found"),
        (0x100, b"\x63\x03", DictionaryError, "no telemetry packet or event has APID 0x100 and first octet 99"),
        (0x300, b"\x28\x03", DictionaryError, "APID 0x300"),
        (0x100, b"\x28\x02\0\0\0", DictionaryError, "THERMAL.HEATER_STUCK has severity 2, declared is 3"),
        (0x100, b"\x28\x03\0\0", TooShortError, "HeaterStuck"),
        (0x101, b"\0", TooShortError, "ThermalHk"),
        (0x102, b"\x65" + bytes(101), ProtocolError, "Picture.data has length 101"),
    ],
)
def test_payloads_that_fit_nothing_are_refused(
    dictionary: Dictionary, apid: int, payload: bytes, error: type[ProtocolError], problem: str
) -> None:
    """Unknown, cut or contradicting payloads are protocol errors that say what was found."""
    with pytest.raises(error, match=problem):
        dictionary.decode_telemetry(apid, payload)


def test_an_event_in_the_short_form_has_no_fields(dictionary: Dictionary) -> None:
    """Code and severity are all; a link understands it, the bus does not."""
    payload = dictionary.encode_short_event(HeaterStuck(Line.TANK, 5))
    assert payload == bytes([40, Severity.ERROR | 0x80])
    entry, back = dictionary.decode_downlink(0x100, payload)
    assert (entry.name, back) == ("THERMAL.HEATER_STUCK", ShortEvent(HeaterStuck))
    with pytest.raises(DictionaryError, match="has severity 131, declared is 3"):
        dictionary.decode_telemetry(0x100, payload)


@pytest.mark.parametrize("message", [ThermalHk(20.5), HeaterStuck(Line.TANK, 5), Ready()])
def test_a_link_carries_whole_messages_as_well(dictionary: Dictionary, message: Telemetry | Event) -> None:
    """Whatever is not short is decoded as on the bus."""
    apid = 0x100 if isinstance(message, Event) else dictionary.telemetry_of("thermal", type(message)).apid
    assert dictionary.decode_downlink(apid, dictionary.encode_payload(message))[1] == message


@pytest.mark.parametrize(
    ("apid", "payload", "error", "problem"),
    [
        (0x100, b"", TooShortError, "event: 2 octets needed, 0 found"),
        (0x100, b"\x63\x83", DictionaryError, "no event has APID 0x100, code 99 and severity 3"),
        (0x100, b"\x28\x82", DictionaryError, "no event has APID 0x100, code 40 and severity 2"),
        (0x300, b"\x28\x83", DictionaryError, "no event has APID 0x300"),
        (0x100, b"\x28\x83\0", ProtocolError, "HEATER_STUCK in the short form: 2 octets declared, 3 found"),
    ],
)
def test_short_events_that_fit_nothing_are_refused(
    dictionary: Dictionary, apid: int, payload: bytes, error: type[ProtocolError], problem: str
) -> None:
    """Unknown or contradicting ones are protocol errors that say what was found."""
    with pytest.raises(error, match=problem):
        dictionary.decode_downlink(apid, payload)


def test_events_are_found_by_their_ids(dictionary: Dictionary) -> None:
    """By APID and code; None for what there is not."""
    entry = dictionary.event_by_id(0x100, 40)
    assert entry is not None
    assert entry.record is HeaterStuck
    assert dictionary.event_by_id(0x100, 99) is None


def test_a_message_that_does_not_fit_is_not_encoded(dictionary: Dictionary) -> None:
    """The codec's errors come through."""
    with pytest.raises(FieldRangeError, match=r"HeaterStuck\.seconds is 70000"):
        dictionary.encode_payload(HeaterStuck(Line.TANK, 70_000))


# ------------------------------------------------------------------ collisions and bad declarations


def command(name: str, code: Any, **annotations: Any) -> type[Command]:  # noqa: ANN401 - also wrong ones
    """A command class."""
    namespace = {"__annotations__": annotations, "__module__": __name__}
    made: type[Command] = type(Record)(name, (Command,), namespace, code=code)
    return made


def event(name: str, text: str, *, severity: Any = Severity.INFO, code: int = 1, **annotations: Any) -> type[Event]:  # noqa: ANN401 - also wrong ones
    """An event class."""
    namespace = {"__annotations__": annotations, "__module__": __name__}
    made: type[Event] = type(Record)(name, (Event,), namespace, code=code, severity=severity, text=text)
    return made


def packet(**keywords: Any) -> type[Telemetry]:  # noqa: ANN401 - also wrong ones
    """A telemetry class."""
    made: type[Telemetry] = type(Record)("Packet", (Telemetry,), {"__module__": __name__}, **keywords)
    return made


@pytest.mark.parametrize(
    ("apps", "problem"),
    [
        ([THERMAL, AppInterface("thermal", 0x200)], "two apps are called 'thermal'"),
        ([THERMAL, THERMAL], "two apps are called 'thermal'"),
        ([THERMAL, AppInterface("power", 0x100)], "apps 'thermal' and 'power' both claim apid 0x100"),
        (
            [AppInterface("a", 0x100, (command("First", 5), command("Second", 5)))],
            r"A\.FIRST and A\.SECOND both claim function code 5",
        ),
        (
            [AppInterface("a", 0x100, events=(event("First", "x"), event("Second", "y")))],
            r"A\.FIRST and A\.SECOND both claim event code 1",
        ),
        (
            [AppInterface("a", 0x100, (command("SetHk", 5), command("SetHK", 6)))],
            r"SetHk and .*SetHK are both called A\.SET_HK",
        ),
        (
            [AppInterface("a", 0x100, (command("Ready", 5),), (), (Ready,))],
            r"Ready and .*Ready are both called A\.READY",
        ),
        (
            [AppInterface("a", 0x100, (command("Hk", 5),), (type(Record)("Hk", (Telemetry,), {}),))],
            r"both called A\.HK",
        ),
        ([AppInterface("a", 0x100, (Noop, Noop))], r"Noop and .*Noop are both called A\.NOOP"),
        ([AppInterface("a", 0x100, (), (Picture, Picture))], r"both called A\.PICTURE"),
    ],
)
def test_collisions_name_both(apps: list[AppInterface], problem: str) -> None:
    """Two that claim one id or one name are refused, both named."""
    with pytest.raises(DictionaryError, match=problem):
        Dictionary("mission", apps)


@pytest.mark.parametrize(
    ("app", "problem"),
    [
        (AppInterface("Thermal", 0x100), "app 'Thermal': a name is lower case"),
        (AppInterface("", 0x100), "a name is lower case"),
        (AppInterface("2nd", 0x100), "a name is lower case"),
        (AppInterface("a.b", 0x100), "a name is lower case"),
        (AppInterface("a", 0x101), "a: apid 0x101 is no multiple of 16 from 0x010 to 0x7e0"),
        (AppInterface("a", 0), "apid 0x000 is no multiple"),
        (AppInterface("a", 0x7F0), "apid 0x7f0 is no multiple"),
        (AppInterface("a", 0x800), "apid 0x800 is no multiple"),
        (AppInterface("a", -16), "is no multiple"),
        (AppInterface("a", 0x100, (), (Picture,) * 16), "a has 16 telemetry packets, at most 15"),
        (AppInterface("a", 0x100, (command("Bad", 128),)), r"A\.BAD: code is 128, allowed are 0 to 127"),
        (AppInterface("a", 0x100, (command("Bad", -1),)), "code is -1, allowed are 0 to 127"),
        (AppInterface("a", 0x100, (command("Bad", True),)), "code is True, allowed are 0 to 127"),
        (AppInterface("a", 0x100, (command("Bad", "1"),)), "code is 1, allowed are 0 to 127"),
        (AppInterface("a", 0x100, (type(Record)("Bad", (Command,), {}),)), "code is None, allowed are 0 to 127"),
        (AppInterface("a", 0x100, events=(event("Bad", "", code=256),)), "code is 256, allowed are 0 to 255"),
        (AppInterface("a", 0x100, events=(event("Bad", "{missing}"),)), "'{missing}' cannot be filled in, KeyError"),
        (AppInterface("a", 0x100, events=(event("Bad", "{0}"),)), "cannot be filled in, IndexError"),
        (AppInterface("a", 0x100, events=(event("Bad", "{"),)), "cannot be filled in, ValueError"),
        (
            AppInterface("a", 0x100, events=(event("Bad", "{n:04x}", n=Annotated[float, F32]),)),
            "cannot be filled in, ValueError",
        ),
        (
            AppInterface("a", 0x100, events=(event("Bad", "{n.real.imaginary}", n=Annotated[int, U8]),)),
            "cannot be filled in, AttributeError",
        ),
        (
            AppInterface("a", 0x100, events=(event("Bad", "", severity=3),)),
            "severity is 3, allowed are DEBUG, INFO, ERROR",
        ),
        (AppInterface("a", 0x100, (), (packet(period_s=0),)), r"A\.PACKET: period_s is 0, allowed are None and what"),
        (AppInterface("a", 0x100, (), (packet(period_s=float("inf")),)), "period_s is inf"),
        (
            AppInterface("a", 0x100, (), (packet(period_s="x"),)),
            r"A\.PACKET: period_s is 'x', allowed are None and",
        ),
        (AppInterface("a", 0x100, (), (packet(period_s=True),)), "period_s is True, allowed are None and what"),
        (AppInterface("a", 0x100, events=(event("Bad", 5, code=40),)), r"A\.BAD: text is 5, a text is needed"),
        (AppInterface("a", 0x100, (), (packet(quality=Quality.COMMAND),)), "allowed are TELEMETRY and BULK"),
    ],
)
def test_bad_declarations_are_refused(app: AppInterface, problem: str) -> None:
    """What could not fly is refused when the dictionary is built, by name and with what is allowed."""
    with pytest.raises(DictionaryError, match=problem):
        Dictionary("mission", [app])


def test_a_class_that_cannot_be_laid_out_is_refused() -> None:
    """The layout's own error comes through, when the dictionary is built and not in flight."""
    with pytest.raises(DefinitionError, match=r"Bad\.n: no wire type"):
        Dictionary("mission", [AppInterface("a", 0x100, (command("Bad", 1, n=int),))])


def test_bounds_themselves_are_allowed() -> None:
    """First and last APID, function code 127, event code 255 and 15 packets."""
    packets = tuple(type(Record)(f"Packet{index}", (Telemetry,), {"__module__": __name__}) for index in range(15))
    first = AppInterface("a", 0x010, (command("Last", 127),), packets, (event("Last2", "", code=255),))
    last = AppInterface("b_2", 0x7E0, (command("Last", 127),), packets)
    dictionary = Dictionary("mission", [first, last])
    assert max(dictionary.known_apids()) == 0x7EF


def test_events_of_every_kind_of_field_can_be_described() -> None:
    """The check of the text does not stumble over any kind of field."""
    made = event(
        "Odd",
        "{n} {f:.2f} {b} {mode} {t:>5} {o} {p.x:.1f} {a}",
        n=Annotated[int, U8],
        f=Annotated[float, F32],
        b=bool,
        mode=Line,
        t=Annotated[str, UpTo(5)],
        o=Annotated[bytes, Length(2)],
        p=Point,
        a=Annotated[tuple[Point, ...], UpTo(2)],
    )
    assert Dictionary("mission", [AppInterface("a", 0x100, events=(made,))]).event("a.odd").record is made


# ------------------------------------------------------------------ content hash


def hash_of(*apps: AppInterface, mission: str = "mission") -> str:
    """The content hash of a dictionary."""
    return Dictionary(mission, apps).content_hash


def status(annotation: Any, **keywords: Any) -> AppInterface:  # noqa: ANN401 - any annotation
    """An app with one packet of one field."""
    namespace = {"__annotations__": {"field": annotation}, "__module__": __name__, "__doc__": "A status."}
    return AppInterface("a", 0x100, (), (type(Record)("Status", (Telemetry,), namespace, **keywords),))


def test_equal_dictionaries_have_equal_hashes() -> None:
    """The hash depends on the content only, not on the objects."""
    assert hash_of(THERMAL, POWER) == hash_of(THERMAL, POWER)
    assert hash_of(status(Annotated[int, U8])) == hash_of(status(Annotated[int, U8]))
    assert len(hash_of()) == 64


def test_whatever_changes_changes_the_hash() -> None:
    """Every part of a declaration is in the hash: no two of these dictionaries are taken for one another."""
    base = Annotated[int, U8]
    variants = [
        hash_of(),
        hash_of(mission="other"),
        hash_of(AppInterface("a", 0x100)),
        hash_of(AppInterface("b", 0x100)),
        hash_of(AppInterface("a", 0x110)),
        hash_of(THERMAL, POWER),
        hash_of(POWER, THERMAL),
        hash_of(AppInterface("a", 0x100, (command("First", 1),))),
        hash_of(AppInterface("a", 0x100, (command("First", 2),))),
        hash_of(AppInterface("a", 0x100, (command("Second", 1),))),
        hash_of(AppInterface("a", 0x100, events=(event("First", "x"),))),
        hash_of(AppInterface("a", 0x100, events=(event("First", "y"),))),
        hash_of(AppInterface("a", 0x100, events=(event("First", "x", severity=Severity.ERROR),))),
        hash_of(AppInterface("a", 0x100, events=(event("First", "x", code=2),))),
        hash_of(status(base)),
        hash_of(status(base, period_s=5)),
        hash_of(status(base, quality=Quality.BULK)),
        *(
            hash_of(status(annotation))
            for annotation in (
                Annotated[int, U16],
                Annotated[int, I16],
                Annotated[int, Bits(8)],
                Annotated[int, Bits(7)],
                Annotated[int, U8, Range(0, 9)],
                Annotated[int, U8, Range(1, 9)],
                Annotated[int, U8, Range(0, float("inf"))],
                Annotated[int, U8, Unit("V")],
                Annotated[int, U8, "described"],
                Annotated[int, U8, Limits(red=(0, 9))],
                Annotated[int, U8, Limits(yellow=(0, 9))],
                Annotated[int, U8, Limits(yellow=(1, 8), red=(0, 9))],
                Annotated[float, F32],
                Annotated[float, U8, Linear(1)],
                Annotated[float, U8, Linear(1, 1)],
                bool,
                Line,
                Point,
                Annotated[str, UpTo(3)],
                Annotated[str, Length(3)],
                Annotated[bytes, Length(3)],
                Annotated[tuple[int, ...], U8, Length(3)],
                Annotated[tuple[int, ...], U8, UpTo(3)],
                Annotated[tuple[Point, ...], UpTo(3)],
            )
        ),
    ]
    assert len(dict.fromkeys(variants)) == len(variants)


def test_a_hazardous_command_has_another_hash() -> None:
    """Whether a command must be armed is part of the content."""
    plain, hazardous = (
        type(Record)("First", (Command,), {"__module__": __name__}, code=1, hazardous=flag) for flag in (False, True)
    )
    assert hash_of(AppInterface("a", 0x100, (plain,))) != hash_of(AppInterface("a", 0x100, (hazardous,)))


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_the_hash_does_not_depend_on_the_process(dictionary: Dictionary, seed: str) -> None:
    """Another process with another hash seed computes the same content hash."""
    program = (
        "import importlib.util, sys\n"
        "spec = importlib.util.spec_from_file_location('described', sys.argv[1])\n"
        "described = importlib.util.module_from_spec(spec)\n"
        "sys.modules['described'] = described\n"
        "spec.loader.exec_module(described)\n"
        "print(described.Dictionary('urbanwatch', [described.THERMAL, described.POWER]).content_hash)\n"
    )
    environment = os.environ | {"PYTHONHASHSEED": seed}
    here = Path(__file__)
    result = subprocess.run(
        [sys.executable, "-c", program, str(here)],
        env=environment,
        cwd=here.parents[4],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == dictionary.content_hash
