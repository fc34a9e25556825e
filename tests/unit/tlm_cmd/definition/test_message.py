from enum import IntEnum
from typing import Annotated, Any

import msgspec
import pytest

from tlm_cmd.definition.fields import U8, UpTo
from tlm_cmd.definition.message import (
    Command,
    Event,
    Quality,
    Record,
    Severity,
    ShortEvent,
    Telemetry,
    screaming_snake,
)


class Mode(IntEnum):
    """Modes."""

    IDLE = 0
    RUNNING = 3


class SetHeater(Command, code=2, hazardous=True):
    """Switch one heater line."""

    line: Annotated[int, U8]
    on: bool = False


class ModeChanged(Event, code=40, severity=Severity.ERROR, text="{old} to {mode}, step {step:03d}"):
    """The mode changed."""

    old: Mode
    mode: Mode
    step: Annotated[int, U8]


class Pixels(Telemetry, quality=Quality.BULK):
    """Mass data."""


class Status(Telemetry, period_s=10):
    """How it is."""


def test_class_keywords_become_class_attributes() -> None:
    """What is said of a class in its declaration can be read from it; the rest has defaults."""
    assert (SetHeater.code, SetHeater.hazardous, SetHeater.secret) == (2, True, False)
    assert (ModeChanged.code, ModeChanged.severity) == (40, Severity.ERROR)
    assert (Pixels.quality, Pixels.period_s) == (Quality.BULK, None)
    assert (Status.quality, Status.period_s) == (Quality.TELEMETRY, 10)


def test_messages_are_values() -> None:
    """Messages are frozen, compare by content and can be hashed."""
    message = SetHeater(1, on=True)
    assert message == SetHeater(line=1, on=True)
    assert hash(message) == hash(SetHeater(1, True))
    assert message != SetHeater(1)
    with pytest.raises(AttributeError):
        message.line = 2  # type: ignore[misc]


def test_messages_are_not_tracked_by_the_garbage_collector() -> None:
    """Millions of messages cost no collection, because they cannot refer back to themselves."""
    assert SetHeater.__struct_config__.gc is False
    assert SetHeater.__struct_config__.frozen is True


@pytest.mark.parametrize(
    ("base", "keywords", "problem"),
    [
        (Telemetry, {"code": 2}, "class Odd: keyword code is not allowed, allowed are period_s, quality"),
        (Command, {"severity": 2}, "allowed are code, hazardous"),
        (Event, {"period_s": 2}, "allowed are code, severity, text"),
        (Record, {"code": 2}, "allowed are none"),
        (Record, {"kw_only": True}, "keyword kw_only is not allowed"),
        (Command, {"frozen": False}, "keyword frozen is not allowed"),
        (Command, {"tag": True, "array_like": True}, "keyword tag, array_like is not allowed"),
    ],
)
def test_other_keywords_are_refused(base: type[Record], keywords: dict[str, Any], problem: str) -> None:
    """A keyword of another kind of message, or one that changes the wire order, is refused with what is allowed."""
    with pytest.raises(TypeError, match=problem):
        type(Record)("Odd", (base,), {"__module__": __name__}, **keywords)


def test_keywords_are_inherited() -> None:
    """A class derived from a message has its keywords and can say more."""

    class Base(Command, code=5):
        """A base."""

        line: Annotated[int, U8]

    class Derived(Base, hazardous=True):
        """More of it."""

        more: Annotated[int, U8]

    assert (Derived.code, Derived.hazardous, Base.hazardous) == (5, True, False)
    assert Derived.__struct_fields__ == ("line", "more")


def test_events_read_as_text() -> None:
    """The fields stand in the text, enumerations by their names, numbers as the format says."""
    assert ModeChanged(Mode.IDLE, Mode.RUNNING, 7).describe() == "IDLE to RUNNING, step 007"


def test_arrays_and_records_in_events_read_as_text() -> None:
    """Items one behind the other, records by their fields, nothing as none; a text may still choose one item."""

    class Setting(Record):
        """One of several."""

        event: Annotated[int, U8]
        mode: Mode

    class Settings(Event, code=41, text="{settings} ({modes[0]:d}; {modes})"):
        """Several."""

        settings: Annotated[tuple[Setting, ...], UpTo(3)]
        modes: Annotated[tuple[Mode, ...], UpTo(3)]

    some = Settings((Setting(1, Mode.IDLE), Setting(2, Mode.RUNNING)), (Mode.RUNNING, Mode.IDLE))
    assert some.describe() == "event 1, mode IDLE; event 2, mode RUNNING (3; RUNNING; IDLE)"
    assert Settings((), (Mode.IDLE,)).describe() == "none (0; IDLE)"


def test_an_event_in_the_short_form_reads_with_gaps() -> None:
    """What a person reads still says what happened, and shows where fields are missing."""
    short = ShortEvent(ModeChanged)
    assert (short.severity, short.describe()) == (Severity.ERROR, "… to …, step …")


def test_messages_travel_between_processes() -> None:
    """Msgpack carries a message and gives an equal one."""
    message = ModeChanged(Mode.IDLE, Mode.RUNNING, 7)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=ModeChanged) == message


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SetHeater", "SET_HEATER"),
        ("ThermalHk", "THERMAL_HK"),
        ("HKData", "HK_DATA"),
        ("NOOP", "NOOP"),
        ("Mode2Changed", "MODE2_CHANGED"),
        ("A", "A"),
        ("already_snake", "ALREADY_SNAKE"),
    ],
)
def test_names_as_a_controller_types_them(name: str, expected: str) -> None:
    """Words are parted at capital letters, abbreviations stay whole."""
    assert screaming_snake(name) == expected
