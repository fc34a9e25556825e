"""What holds for the interface of every app of the mission, so that an operator knows each after learning one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

import apps
from flightsw.app import App, WorkFailed
from flightsw.messages import APP_FUNCTION_CODES, FIRST_APP_EVENT, STANDARD_COMMANDS
from flightsw.mission import Mission
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.field_layout import FieldLayout, Kind
from tlm_cmd.definition.fields import Length, Number
from tlm_cmd.definition.layout import layout_of
from tlm_cmd.definition.message import Command, Event, Record, Telemetry

MISSION = Mission.load(Path(next(iter(apps.__path__))) / "missions/urbanwatch/mission.toml")
APPS = tuple(MISSION.file.apps)
SELF_EXPLAINING = re.compile(
    r"(name|reason|job|scene|target|octets|value|power_line|count|delivered|queued|completed|expired)$|.*_(fraction|octets)$"
)
"""Names that say what the field holds: numbers of numbered things, counts of what has happened, sizes and shares."""

CLOCK_IN_NAME = re.compile(
    r"(^|_)(monotonic|met|tai|utc|stcf)(_|$)|(^|_)(uncertainty|delta|slew|error|jump|offset|back)(_|$)"
)
"""Clocks, and words for differences between times."""


def messages(app: str) -> list[type[Record]]:
    """The messages of an app's own interface: commands, telemetry and events."""
    interface = next(each for each in MISSION.dictionary.apps if each.name == app)
    records: list[type[Record]] = [*interface.commands, *interface.telemetry, *interface.events]
    return [record for record in records if record.__module__.startswith(MISSION.file.apps[app].package)]


def tables(app: str) -> list[type[Record]]:
    """The records of an app's tables."""
    return [table.record for table in MISSION.app_class(app).tables.values()]


def fields(record: type[Record]) -> Iterator[tuple[str, FieldLayout]]:
    """Every field of a record and of the records in it, by name."""
    for field in layout_of(record).fields:
        yield f"{record.__name__}.{field.name}", field
        nested = field.record or (field.item.record if field.item else None)
        if nested is not None:
            yield from fields(nested.python_class)


def sample(field: FieldLayout) -> Any:  # noqa: ANN401, PLR0911 - a value of whatever kind the field is
    """A value that a field allows."""
    match field.kind:
        case Kind.INTEGER:
            return int(field.allowed.lowest) if field.allowed else 0
        case Kind.FLOAT:
            return (field.allowed.lowest + field.allowed.highest) / 2.0 if field.allowed else 0.0
        case Kind.BOOLEAN:
            return False
        case Kind.ENUMERATION:
            assert field.enumeration is not None
            return next(iter(field.enumeration))
        case Kind.TEXT:
            return ""
        case Kind.OCTETS:
            return bytes(field.extent.count) if isinstance(field.extent, Length) else b""
        case Kind.ARRAY:
            assert field.item is not None
            return (sample(field.item),) * (field.extent.count if isinstance(field.extent, Length) else 1)
        case Kind.RECORD:
            assert field.record is not None
            return sample_of(field.record.python_class)


def sample_of(record: type[Record]) -> Record:
    """A record of values that it allows."""
    return record(**{field.name: sample(field) for field in layout_of(record).fields})


@pytest.mark.parametrize("app", APPS)
def test_messages_survive_the_wire(app: str) -> None:
    """Every message and every table has a layout, and comes back from the wire as it was sent."""
    assert messages(app)
    for record in (*messages(app), *tables(app)):
        codec, message = codec_of(record), sample_of(record)
        assert codec.encode(codec.decode(codec.encode(message))) == codec.encode(message), record


@pytest.mark.parametrize("app", APPS)
def test_every_command_has_a_handler(app: str) -> None:
    """The app handles each command of its interface, and no command of another app."""
    commands = {record for record in messages(app) if issubclass(record, Command)}
    handled = {record for record in MISSION.app_class(app).handlers if issubclass(record, Command)}
    assert handled - set(STANDARD_COMMANDS) == commands


@pytest.mark.parametrize("app", APPS)
def test_every_handler_has_something_to_handle(app: str) -> None:
    """What an app handles is sent by exactly one app of the mission, or is the result of its own work."""
    app_class, dictionary = MISSION.app_class(app), MISSION.dictionary
    results = [WorkFailed, *(work.result for work in app_class.works.values())]
    for record in app_class.handlers:
        if issubclass(record, Telemetry | Event):
            assert len(dictionary.apps_declaring(record)) == 1, record
        elif not issubclass(record, Command):
            assert record in results, record
    for packet in app_class.collectors:
        assert dictionary.apps_declaring(packet), packet


@pytest.mark.parametrize("app", APPS)
def test_codes_are_the_apps_own(app: str) -> None:
    """Function and event codes keep clear of those that belong to the framework."""
    for record in messages(app):
        if issubclass(record, Command):
            assert record.code in APP_FUNCTION_CODES
        elif issubclass(record, Event):
            assert record.code >= FIRST_APP_EVENT


@pytest.mark.parametrize("app", APPS)
def test_tables_load(app: str) -> None:
    """Every table file of the mission is accepted, and its binary image is its content."""
    for table in MISSION.app_class(app).tables.values():
        record: type[Record] = table.record
        buffer = table.open(app, MISSION.table_folder(app))
        image = buffer.image
        buffer.restore(image, buffer.origin)
        assert buffer.image == codec_of(record).encode(buffer.active) == image


@pytest.mark.parametrize("app", APPS)
def test_no_table_file_is_left_over(app: str) -> None:
    """Every file in an app's table folder belongs to one of its tables."""
    folder = MISSION.table_folder(app)
    found = {path.name for path in folder.iterdir()} if folder.exists() else set()
    assert found == {table.file for table in MISSION.app_class(app).tables.values()}


@pytest.mark.parametrize("app", APPS)
def test_event_texts(app: str) -> None:
    """Every event has a text for people, which can be filled in and tells each of its fields."""
    for record in messages(app):
        if issubclass(record, Event):
            event = sample_of(record)
            assert isinstance(event, Event)
            assert event.describe()
            named = {re.split(r"[.\[]", name)[0] for _, name, _, _ in Formatter().parse(record.text) if name}
            assert named == set(record.__struct_fields__), record


@pytest.mark.parametrize("app", APPS)
def test_everything_is_documented(app: str) -> None:
    """Every message and table, every handler and the app itself say in a sentence what they are."""
    app_class = MISSION.app_class(app)
    for record in (*messages(app), *tables(app)):
        assert (vars(record)["__doc__"] or "").strip().endswith("."), record
    methods = [getattr(app_class, name) for name in {*app_class.handlers.values(), *app_class.collectors.values()}]
    methods += [getattr(app_class, activity.name) for activity in app_class.activities]
    for documented in (app_class, *methods):
        assert (documented.__doc__ or "").strip(), documented
    assert app_class.__doc__ != App.__doc__


@pytest.mark.parametrize("app", APPS)
def test_fields_explain_themselves(app: str) -> None:
    """Every number and text of commands, telemetry and tables has a unit, a description or a name that says it all."""
    mute = [
        name
        for record in (*messages(app), *tables(app))
        if not issubclass(record, Event)
        for name, field in fields(record)
        if field.kind in (Kind.INTEGER, Kind.FLOAT, Kind.TEXT)
        if not field.unit and not field.description and not SELF_EXPLAINING.match(field.name)
    ]
    assert mute == []


@pytest.mark.parametrize("app", APPS)
def test_times_say_which_clock_they_are(app: str) -> None:
    """A time too long for 32 bits counts from an epoch: its name, or a field beside it, says by which clock."""
    found = {name: field for record in messages(app) for name, field in fields(record)}
    nameless = [
        name
        for name, field in found.items()
        if field.unit in {"s", "ms", "us", "ns"} and isinstance(field.wire, Number) and field.wire.octets > 4
        if not CLOCK_IN_NAME.search(field.name) and f"{name.partition('.')[0]}.clock" not in found
    ]
    assert nameless == []
