from __future__ import annotations

import math
from enum import IntEnum
from typing import Annotated, Any

import pytest

from tlm_cmd.definition.arguments import ArgumentError, build
from tlm_cmd.definition.fields import (
    F32,
    F64,
    I8,
    U8,
    U16,
    Bits,
    Length,
    Linear,
    Polynomial,
    Range,
    Tail,
    UpTo,
)
from tlm_cmd.definition.message import Command, Record
from tlm_cmd.definition.wire_values import FieldTypeError, LengthError, UnknownValueError
from tlm_cmd.errors import FieldRangeError, ProtocolError


class Mode(IntEnum):
    """Modes."""

    OFF = 0
    Warm = 1
    RUN = 16
    RUNNING = 16


class Point(Record):
    """Where."""

    x: Annotated[float, F32]
    y: Annotated[float, F32] = 0.0


class Submit(Command, code=3):
    """All kinds of arguments."""

    scene: Annotated[int, U16, "number of the scene"]
    value: Annotated[float, F64, Range(0, 10)] = 1.0
    urgent: bool = False
    mode: Mode = Mode.OFF
    flags: Annotated[int, Bits(3)] = 0
    name: Annotated[str, UpTo(8)] = ""
    key: Annotated[bytes, Length(2)] = b"\0\0"
    heat: Annotated[float, I8, Linear(0.5)] = 0.0
    curve: Annotated[float, U8, Polynomial.of(0, 0, 1)] = 0.0
    place: Point = Point(0.0)
    path: Annotated[tuple[Point, ...], UpTo(2)] = ()
    rest: Annotated[tuple[int, ...], U8, Tail(3)] = ()


class Noop(Command, code=0):
    """No arguments."""


def submitted(**values: object) -> Submit:
    """A command built with these arguments and scene 1."""
    return build(Submit, {"scene": 1} | values)


def test_defaults_are_filled_in() -> None:
    """What is not given has its default."""
    assert submitted() == Submit(1)
    assert build(Noop, {}) == Noop()


@pytest.mark.parametrize(
    ("argument", "given", "expected"),
    [
        ("scene", 7, 7),
        ("scene", "7", 7),
        ("scene", " 007 ", 7),
        ("scene", "0x10", 16),
        ("scene", "0b11", 3),
        ("scene", "1_000", 1000),
        ("value", 3, 3.0),
        ("value", "3.5", 3.5),
        ("value", "1e-3", 0.001),
        ("urgent", True, True),
        ("urgent", "on", True),
        ("urgent", "No", False),
        ("mode", Mode.RUN, Mode.RUN),
        ("mode", 16, Mode.RUN),
        ("mode", "16", Mode.RUN),
        ("mode", "run", Mode.RUN),
        ("mode", "RUNNING", Mode.RUN),
        ("mode", "warm", Mode.Warm),
        ("flags", 7, 7),
        ("name", "scene é", "scene é"),
        ("key", b"ab", b"ab"),
        ("key", bytearray(b"ab"), b"ab"),
        ("key", "61 62", b"ab"),
        ("key", "0x6162", b"ab"),
        ("heat", -64, -64.0),
        ("heat", 63.5, 63.5),
        ("heat", 63.7, 63.7),
        ("heat", 0.1, 0.1),
        ("curve", 65_025.0, 65_025.0),
        ("place", {"x": "1", "y": 2}, Point(1.0, 2.0)),
        ("place", Point(3.0), Point(3.0)),
        ("path", [{"x": 1}, Point(2.0)], (Point(1.0), Point(2.0))),
        ("rest", ["1", 2], (1, 2)),
        ("rest", (), ()),
    ],
)
def test_arguments_may_be_written_as_people_do(argument: str, given: object, expected: object) -> None:
    """Numbers, booleans and enumerations as text, structures as mappings and lists."""
    found = getattr(submitted(**{argument: given}), argument)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("argument", "given", "error", "problem"),
    [
        ("scene", 1.0, FieldTypeError, "expected integer"),
        ("scene", True, FieldTypeError, "expected integer"),
        ("scene", "\u0661", FieldTypeError, "expected integer"),
        ("value", "\u0661", FieldTypeError, "expected number"),
        ("scene", "seven", FieldTypeError, "'seven' of type str, expected integer"),
        ("scene", None, FieldTypeError, "expected integer"),
        ("scene", 65_536, FieldRangeError, "Submit.scene is 65536, allowed are 0 to 65535"),
        ("scene", "-1", FieldRangeError, "Submit.scene is -1, allowed are 0 to 65535"),
        ("value", 10.5, FieldRangeError, "Submit.value is 10.5, allowed are 0 to 10"),
        ("value", True, FieldTypeError, "expected number"),
        ("value", "much", FieldTypeError, "expected number"),
        ("value", "nan", FieldTypeError, "expected number"),
        ("value", math.nan, FieldTypeError, "expected number"),
        ("value", 10**400, FieldTypeError, "expected number"),
        ("value", None, FieldTypeError, "expected number"),
        ("value", math.inf, FieldRangeError, "allowed are 0 to 10"),
        ("urgent", 1, FieldTypeError, r"expected boolean \(true or false\)"),
        ("urgent", "perhaps", FieldTypeError, "expected boolean"),
        ("mode", 3, UnknownValueError, r"Submit.mode is 3, allowed are OFF \(0\), Warm \(1\), RUN \(16\)"),
        ("mode", "walk", UnknownValueError, "'walk', allowed are"),
        ("mode", False, UnknownValueError, "False, allowed are"),
        ("mode", 16.0, UnknownValueError, "allowed are"),
        ("mode", None, UnknownValueError, "allowed are"),
        ("flags", 8, FieldRangeError, "allowed are 0 to 7"),
        ("name", "much too long", LengthError, "Submit.name has length 13, allowed is 0 to 8"),
        ("name", 5, FieldTypeError, "expected text"),
        ("key", "6", FieldTypeError, r"expected octets \(hexadecimal\)"),
        ("key", 5, FieldTypeError, "expected octets"),
        ("key", b"abc", LengthError, "exactly 2"),
        ("heat", 63.8, FieldRangeError, r"Submit.heat is 63.8, allowed are -64.0 to 63.5"),
        ("heat", -64.3, FieldRangeError, "allowed are -64.0 to 63.5"),
        ("heat", math.inf, FieldRangeError, "allowed are -64.0 to 63.5"),
        ("curve", 70_000, FieldRangeError, "allowed are 0.0 to 65025.0"),
        ("curve", -1, FieldRangeError, "allowed are 0.0 to 65025.0"),
        ("place", 5, FieldTypeError, "Submit.place is 5 of type int, expected record"),
        ("place", Noop(), FieldTypeError, "expected record"),
        ("place", {"x": "far"}, FieldTypeError, "Submit.place.x|Point.x"),
        ("place", {}, ArgumentError, "Point needs the argument 'x'"),
        ("path", [{"x": 1}] * 3, LengthError, "Submit.path has length 3, allowed is 0 to 2"),
        ("path", "points", FieldTypeError, "expected array"),
        ("rest", [1, 256], FieldRangeError, r"Submit.rest\[1\] is 256"),
        ("rest", [1, "x"], FieldTypeError, r"Submit.rest\[1\] is 'x'"),
    ],
)
def test_other_arguments_are_refused(argument: str, given: object, error: type[ProtocolError], problem: str) -> None:
    """The error names the argument, what was given, and what is allowed."""
    with pytest.raises(error, match=problem):
        submitted(**{argument: given})


def test_a_missing_argument_is_named_with_its_meaning() -> None:
    """The controller reads which argument is missing and what it stands for."""
    with pytest.raises(
        ArgumentError, match="Submit needs the argument 'scene': number of the scene; it has scene, "
    ) as caught:
        build(Submit, {})
    assert (caught.value.record, caught.value.argument) == ("Submit", "scene")


@pytest.mark.parametrize(
    ("record", "name", "problem"),
    [
        (Submit, "sceen", "Submit has no argument 'sceen', it has scene, value, .*; did you mean scene?"),
        (Submit, "zzz", "Submit has no argument 'zzz', it has scene, .*, rest$"),
        (Noop, "scene", "Noop has no argument 'scene', it has none$"),
    ],
)
def test_an_unknown_argument_is_refused_with_those_known(record: type[Record], name: str, problem: str) -> None:
    """The nearest name is suggested when there is one."""
    values: dict[str, Any] = {"scene": 1, name: 5} if record is Submit else {name: 5}
    with pytest.raises(ArgumentError, match=problem):
        build(record, values)
