from __future__ import annotations

import json
import re
from enum import IntEnum
from itertools import pairwise
from typing import Annotated

import pytest

from tlm_cmd.definition.dictionary import AppInterface, Dictionary
from tlm_cmd.definition.document import as_json, as_markdown
from tlm_cmd.definition.fields import (
    F32,
    I16,
    U8,
    U16,
    U32,
    Bits,
    Length,
    Limits,
    Linear,
    Polynomial,
    Range,
    Tail,
    Unit,
    UpTo,
)
from tlm_cmd.definition.message import Command, Event, Quality, Record, Severity, Telemetry


class Line(IntEnum):
    """Heater lines."""

    PANEL = 0
    TANK = 1


class Point(Record):
    """Where."""

    x: Annotated[float, F32, Unit("m"), "to the right"]
    y: Annotated[float, F32, Unit("m"), Range(0, float("inf"))]


class Noop(Command, code=0):
    """Do nothing but answer."""


class SetHeater(Command, code=2, hazardous=True):
    """Switch one heater line.

    Stays so | while < 0 degC.
    """

    line: Line
    level: Annotated[float, U8, Linear(0.5, 10), Range(20, 50), Unit("W"), "power"]
    place: Point
    on: bool = False
    mode: Line = Line.TANK
    flags: Annotated[int, Bits(3)] = 5
    gain: Annotated[float, F32] = 0.1
    name: Annotated[str, UpTo(8)] = ""
    label: Annotated[str, Length(4)] = "tank"
    key: Annotated[bytes, Length(2)] = b"\x01\xff"
    path: Annotated[tuple[Point, ...], UpTo(2), "way points"] = ()
    rest: Annotated[tuple[int, ...], U16, Tail(3), Unit("K")] = (1, 2)


class ThermalHk(Telemetry, period_s=0.5):
    """Temperatures."""

    board: Annotated[float, I16, Linear(0.01), Unit("degC"), Limits(yellow=(-10, 70), red=(-20, 85)), "hottest"]
    flow: Annotated[float, U16, Polynomial.of(1, 0.5, 0, 0.25)]
    count: Annotated[int, U32, Limits(red=(0, 3))]


class Picture(Telemetry, quality=Quality.BULK):
    """A part of an image."""

    data: Annotated[bytes, UpTo(100)]


class HeaterStuck(Event, code=40, severity=Severity.CRITICAL, text="{line} stuck"):
    """Does not switch."""

    line: Line
    seconds: Annotated[int, U16, Unit("s")]


class Ready(Event, code=41, text="ready"):
    """Well."""


THERMAL = AppInterface("thermal", 0x100, (Noop, SetHeater), (Picture, ThermalHk), (Ready, HeaterStuck))
POWER = AppInterface("power", 0x110, (Noop,), (Picture,), (Ready,))


@pytest.fixture
def mission() -> Dictionary:
    """A mission of two apps that share some of their messages."""
    return Dictionary("urbanwatch", [THERMAL, POWER])


def section(markdown: str, title: str) -> list[str]:
    """The lines of a section, up to the next title."""
    lines = markdown.split("\n")
    start = lines.index(title) + 1
    length = next((index for index, line in enumerate(lines[start:]) if line.startswith("#")), len(lines))
    return [line for line in lines[start : start + length] if line]


def test_json_holds_the_whole_dictionary(mission: Dictionary) -> None:
    """The document is valid JSON, complete, and has the hash that covers the rest."""
    document = json.loads(as_json(mission))
    assert document.pop("content_hash") == mission.content_hash
    assert document == json.loads(json.dumps(mission.document()))
    assert [entry["name"] for entry in document["commands"]] == ["THERMAL.NOOP", "THERMAL.SET_HEATER", "POWER.NOOP"]
    assert "Infinity" not in as_json(mission)


def test_documents_are_the_same_each_time(mission: Dictionary) -> None:
    """Two dictionaries of the same apps give the same texts, ending with one newline."""
    again = Dictionary("urbanwatch", [THERMAL, POWER])
    for write in (as_json, as_markdown):
        assert write(mission) == write(again)
        assert re.search(r"[^\n]\n\Z", write(mission))


def test_the_reference_begins_with_the_apps(mission: Dictionary) -> None:
    """Numbers, content hash and a table of the apps come first."""
    lines = section(as_markdown(mission), "# Commands, telemetry and events of urbanwatch")
    assert lines[0] == f"2 apps, 3 commands, 3 telemetry packets, 3 events. Content hash `{mission.content_hash}`."
    assert lines[-2:] == ["| [thermal](#thermal) | 0x100 |", "| [power](#power) | 0x110 |"]


def test_what_every_app_has_is_said_once(mission: Dictionary) -> None:
    """Shared messages stand in a section of their own, with APIDs relative to the app, and in no other."""
    markdown = as_markdown(mission)
    assert section(markdown, "### Commands of every app")[2:] == ["| 0 | `THERMAL.NOOP` | Do nothing but answer. |"]
    assert section(markdown, "### Telemetry of every app")[2:] == [
        "| the app's + 1 | `THERMAL.PICTURE` | on occasion, bulk | 1 to 101 | A part of an image. |"
    ]
    assert section(markdown, "### Events of every app")[2:] == ["| 41 | `THERMAL.READY` | INFO | ready | Well. |"]
    assert markdown.count("NOOP") == 1
    assert section(markdown, "## power") == []


def test_a_single_app_has_all_its_own() -> None:
    """With one app there is nothing to share."""
    markdown = as_markdown(Dictionary("urbanwatch", [THERMAL]))
    assert "## Every app" not in markdown
    assert len(section(markdown, "### Commands of thermal")) == 4


def test_messages_at_different_places_are_not_shared() -> None:
    """A packet that every app has, but not at the same APID behind its own, stays with each app."""
    other = AppInterface("power", 0x110, (Noop,), (ThermalHk, Picture), (Ready,))
    markdown = as_markdown(Dictionary("urbanwatch", [THERMAL, other]))
    assert "### Telemetry of every app" not in markdown
    assert "| 0x112 | `POWER.PICTURE` |" in markdown


def test_commands_are_shown_with_their_arguments(mission: Dictionary) -> None:
    """Code, hazard and meaning in one table; type, unit, range, default and meaning of each argument in another."""
    markdown = as_markdown(mission)
    assert section(markdown, "### Commands of thermal") == [
        "| code | command | arming | meaning |",
        "| --- | --- | --- | --- |",
        "| 2 | `THERMAL.SET_HEATER` | **hazardous** | Switch one heater line. Stays so \\| while &lt; 0 degC. |",
    ]
    assert section(markdown, "#### THERMAL.SET_HEATER") == [
        "| argument | type | unit | range | default | meaning |",
        "| --- | --- | --- | --- | --- | --- |",
        "| `line` | u8: 0 PANEL, 1 TANK |  |  |  |  |",
        "| `level` | u8, steps of 0.5, 0 is 10 | W | 20 to 50 |  | power |",
        "| `place` | Point |  |  |  |  |",
        "| `place.x` | f32 | m |  |  | to the right |",
        "| `place.y` | f32 | m | 0 to inf |  |  |",
        "| `on` | u8: 0 false, 1 true |  |  | false |  |",
        "| `mode` | u8: 0 PANEL, 1 TANK |  |  | TANK |  |",
        "| `flags` | bits(3) |  | 0 to 7 | 5 |  |",
        "| `gain` | f32 |  |  | 0.1 |  |",
        "| `name` | text, up to 8 octets |  |  | empty |  |",
        "| `label` | text, 4 octets |  |  | tank |  |",
        "| `key` | 2 octets |  |  | 01 ff |  |",
        "| `path` | up to 2 of Point |  |  | empty | way points |",
        "| `path[].x` | f32 | m |  |  | to the right |",
        "| `path[].y` | f32 | m | 0 to inf |  |  |",
        "| `rest` | the rest, up to 3 of u16 | K | 0 to 65535 | (1, 2) |  |",
    ]


def test_telemetry_is_shown_with_its_limits(mission: Dictionary) -> None:
    """APID, period and size in one table; type, unit, range and both limits of each field in another."""
    markdown = as_markdown(mission)
    assert section(markdown, "### Telemetry of thermal")[2:] == [
        "| 0x102 | `THERMAL.THERMAL_HK` | every 0.5 s | 8 | Temperatures. |"
    ]
    assert section(markdown, "#### THERMAL.THERMAL_HK") == [
        "| field | type | unit | range | yellow limits | red limits | meaning |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| `board` | i16, steps of 0.01 | degC | -327.68 to 327.67 | -10 to 70 | -20 to 85 | hottest |",
        "| `flow` | u16 as x: 1 + 0.5 x + 0.25 x^3 |  | 1 to 7.036552303e+13 |  |  |  |",
        "| `count` | u32 |  | 0 to 4294967295 |  | 0 to 3 |  |",
    ]


def test_events_are_shown_with_severity_and_text(mission: Dictionary) -> None:
    """One row for each event, its fields in short."""
    assert section(as_markdown(mission), "### Events of thermal") == [
        "| code | event | severity | text | meaning | fields |",
        "| --- | --- | --- | --- | --- | --- |",
        (
            "| 40 | `THERMAL.HEATER_STUCK` | CRITICAL | {line} stuck | Does not switch. "
            "| `line` u8: 0 PANEL, 1 TANK; `seconds` u16 in s |"
        ),
    ]


def test_an_empty_mission_has_a_reference() -> None:
    """No apps, no tables, no error."""
    markdown = as_markdown(Dictionary("empty", []))
    assert markdown.startswith("# Commands, telemetry and events of empty\n\n0 apps, 0 commands")
    assert "|" not in markdown
    assert json.loads(as_json(Dictionary("empty", [])))["apps"] == []


def test_every_table_is_rectangular(mission: Dictionary) -> None:
    """Whatever stands in a cell, no row has more or fewer cells than its head."""
    widths = [
        len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0 for line in as_markdown(mission).split("\n")
    ]
    assert all(before in (0, after) or after == 0 for before, after in pairwise(widths))
