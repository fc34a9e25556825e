from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Any, Optional

import pytest

from tlm_cmd.definition.fields import (
    F32,
    F64,
    I8,
    U8,
    U16,
    U32,
    U64,
    Bits,
    Length,
    Limits,
    Linear,
    Number,
    Polynomial,
    Range,
    Tail,
    Unit,
    UpTo,
)
from tlm_cmd.definition.layout import MAX_FIXED_ITEMS, DefinitionError, FieldLayout, Kind, layout_of
from tlm_cmd.definition.message import Record
from tlm_cmd.errors import ProtocolError


class Mode(IntEnum):
    """Modes."""

    OFF = 0
    ON = 7


class Big(IntEnum):
    """Values that need 16 bits."""

    HUGE = 300


class Negative(IntEnum):
    """A value below zero."""

    DOWN = -1


class Nothing(IntEnum):
    """No members."""


class Empty(Record):
    """No fields."""


class Point(Record):
    """Where."""

    x: Annotated[float, F32, Unit("m"), "to the right"]
    y: Annotated[float, F32, Unit("m"), "up"]


class Named(Record):
    """Ends with a variable part."""

    name: Annotated[str, UpTo(5)]


class Rest(Record):
    """Ends with a tail."""

    rest: Annotated[bytes, Tail(10)]


class Loop(Record):
    """Holds itself."""

    inner: Annotated[tuple[Loop, ...], UpTo(3)]


class Unresolved(Record):
    """Names a type that is nowhere."""

    inner: Missing  # type: ignore[name-defined]  # noqa: F821


class Meaningless(Record):
    """An annotation that cannot even be made."""

    width: Annotated[int, Bits(99)]


class Everything(Record):
    """Each kind of field."""

    count: Annotated[int, U16, Range(1, 10), Limits(yellow=(2, 9)), Unit("pieces"), "how many", "at most"]
    temperature: Annotated[float, I8, Linear(0.5, 10)]
    level: Annotated[float, F64]
    on: bool
    flag: Annotated[bool, Bits(1)]
    mode: Annotated[Mode, Bits(3)]
    other: Mode
    text: Annotated[str, Length(8)]
    data: Annotated[bytes, UpTo(300)]
    point: Point
    path: Annotated[tuple[Point, ...], UpTo(4)]
    levels: Annotated[tuple[Annotated[int, U8], ...], Length(3)]
    tail: Annotated[str, Tail(20)]


def record_of(**annotations: Any) -> type[Record]:  # noqa: ANN401 - any annotation
    """A record class with the given fields."""
    made: type[Record] = type(Record)("Tested", (Record,), {"__annotations__": annotations, "__module__": __name__})
    return made


def field(annotation: Any) -> FieldLayout:  # noqa: ANN401 - any annotation
    """The layout of a field with the given annotation."""
    return layout_of(record_of(tested=annotation)).fields[0]


def test_a_layout_says_what_the_class_says() -> None:
    """Kind, wire type, range, limits, unit, calibration and description of each field are there, in wire order."""
    layout = layout_of(Everything)
    fields = {field.name: field for field in layout.fields}
    assert (layout.name, layout.description) == ("Everything", "Each kind of field.")
    assert tuple(fields) == Everything.__struct_fields__
    assert [field.kind for field in layout.fields] == [
        Kind.INTEGER,
        Kind.FLOAT,
        Kind.FLOAT,
        Kind.BOOLEAN,
        Kind.BOOLEAN,
        Kind.ENUMERATION,
        Kind.ENUMERATION,
        Kind.TEXT,
        Kind.OCTETS,
        Kind.RECORD,
        Kind.ARRAY,
        Kind.ARRAY,
        Kind.TEXT,
    ]
    count = fields["count"]
    assert (count.wire, count.allowed, count.unit, count.description) == (
        U16,
        Range(1, 10),
        "pieces",
        "how many at most",
    )
    assert count.limits == Limits(yellow=(2, 9))
    assert fields["temperature"].calibration == Linear(0.5, 10)
    assert (fields["on"].wire, fields["flag"].wire, fields["other"].wire) == (U8, Bits(1), U8)
    assert (fields["mode"].enumeration, fields["mode"].labels) == (Mode, {0: "OFF", 7: "ON"})
    assert fields["point"].record == layout_of(Point)
    item = fields["path"].item
    assert item is not None
    assert (item.name, item.record) == ("item", layout_of(Point))
    assert layout_of(Everything) is layout


def test_annotations_of_an_array_are_those_of_its_items() -> None:
    """Unit, range and wire type may stand outside of the tuple."""
    outside = field(Annotated[tuple[int, ...], U16, Length(3), Range(0, 9), Unit("A"), "currents"])
    inside = field(Annotated[tuple[Annotated[int, U16, Range(0, 9), Unit("A")], ...], Length(3), "currents"])
    assert outside == inside
    assert outside.item is not None
    assert (outside.item.unit, outside.unit, outside.description) == ("A", "", "currents")


@pytest.mark.parametrize(
    ("fields", "fixed", "bounds", "leaves"),
    [
        ({}, 0, (0, 0), 0),
        ({"a": Annotated[int, U16]}, 2, (2, 2), 1),
        ({"a": Annotated[int, Bits(1)]}, 1, (1, 1), 1),
        ({"a": Annotated[int, Bits(4)], "b": Annotated[int, Bits(5)]}, 2, (2, 2), 2),
        ({"a": Annotated[int, Bits(4)], "b": bool, "c": Annotated[int, Bits(5)]}, 3, (3, 3), 3),
        ({"a": Point, "b": Annotated[int, Bits(8)]}, 9, (9, 9), 3),
        ({"a": Annotated[str, Length(7)]}, 7, (7, 7), 1),
        ({"a": Annotated[str, UpTo(255)]}, None, (1, 256), 1),
        ({"a": Annotated[str, UpTo(256)]}, None, (2, 258), 1),
        ({"a": Annotated[str, Tail(9)]}, None, (0, 9), 1),
        ({"a": Annotated[tuple[Point, ...], Length(3)]}, 24, (24, 24), 6),
        ({"a": Annotated[tuple[Point, ...], UpTo(3)]}, None, (1, 25), 1),
        ({"a": Annotated[tuple[Point, ...], Tail(3)]}, None, (0, 24), 1),
        ({"a": Annotated[tuple[Named, ...], Length(3)]}, None, (3, 18), 3),
        ({"a": Annotated[tuple[Named, ...], UpTo(3)]}, None, (1, 19), 1),
        ({"a": Named, "b": Annotated[int, U8]}, None, (2, 7), 2),
        ({"a": Empty, "b": Annotated[int, U8]}, 1, (1, 1), 1),
        ({"a": Annotated[int, U8], "b": Rest}, None, (1, 11), 2),
    ],
)
def test_sizes(fields: dict[str, Any], fixed: int | None, bounds: tuple[int, int], leaves: int) -> None:
    """Fewest and most octets follow from the fields; bit groups fill whole octets."""
    layout = layout_of(record_of(**fields))
    assert (layout.fixed_octets, layout.octet_bounds) == (fixed, bounds)
    assert sum(field.leaves for field in layout.fields) == leaves


@pytest.mark.parametrize(
    ("annotation", "problem"),
    [
        (int, "no wire type; add one of"),
        (float, "no wire type; add one of"),
        (Annotated[int, U8, U16], "contradicting annotations"),
        (Annotated[int, U8, Bits(3)], "contradicting annotations"),
        (Annotated[int, U8, Range(0, 1), Range(0, 2)], "contradicting annotations"),
        (Annotated[str, Length(3), UpTo(3)], "contradicting annotations"),
        (Annotated[float, U8, Linear(1), Polynomial.of(0, 1)], "contradicting annotations"),
        (Annotated[int, U8, 5], "5 is no annotation of a field"),
        (Annotated[int, U8, None], "None is no annotation"),
        (Annotated[int, U8, Length(3)], "means nothing here"),
        (Annotated[str, Length(3), U8], "means nothing here"),
        (Annotated[str, Length(3), Unit("V")], "means nothing here"),
        (Annotated[Mode, Range(0, 1)], "means nothing here"),
        (Annotated[Point, Unit("m")], "means nothing here"),
        (Annotated[tuple[Point, ...], Length(2), Unit("m")], "means nothing here"),
        (Annotated[float, U8], "a float travels as F32 or F64, or as an integer with"),
        (Annotated[float, Bits(3)], "a float travels as F32 or F64"),
        (Annotated[int, F32], "calibrations and F32 or F64 are for float fields"),
        (Annotated[int, U8, Linear(2)], "calibrations and F32 or F64 are for float fields"),
        (Annotated[bool, F32], "are for float fields"),
        (Annotated[bool, U8, Linear(2)], "are for float fields"),
        (Annotated[float, F32, Linear(2)], "integer wire type of at most 32 bits"),
        (Annotated[float, U64, Linear(2)], "integer wire type of at most 32 bits"),
        (Annotated[float, Bits(3), Linear(2)], "integer wire type of at most 32 bits"),
        (Annotated[float, U8, Polynomial.of(0, -100, 1)], "not strictly monotonic"),
        (Annotated[int, U8, Range(0, 256)], "more than the wire type carries, 0 to 255"),
        (Annotated[int, U8, Range(-1, 5)], "more than the wire type carries, 0 to 255"),
        (Annotated[int, Bits(3), Range(0, 8)], "more than the wire type carries, 0 to 7"),
        (Annotated[float, F32, Range(0, 1e39)], "more than the wire type carries"),
        (Annotated[float, U8, Linear(0.1), Range(0, 25.6)], "more than the wire type carries"),
        (Annotated[float, U8, Linear(-0.1), Range(-25.6, 0)], "more than the wire type carries"),
        (Annotated[int, U8, Range(0.2, 0.8)], "holds no integer"),
        (Annotated[int, Number("Z", 3, 0, 9)], "is no wire type; allowed are U8..U64"),
        (Annotated[Mode, Number("Z", 3, 0, 9)], "an enumeration travels as an integer"),
        (Annotated[float, U8, Linear(1e-20, 1.0)], "a float cannot tell its values apart over 0 to 255"),
        (Annotated[Mode, F32], "an enumeration travels as an integer"),
        (Annotated[Mode, Bits(2)], "does not fit the wire type, 0 to 3"),
        (Big, "does not fit the wire type, 0 to 255"),
        (Negative, "does not fit the wire type, 0 to 255"),
        (Nothing, "Nothing has no members"),
        (str, r"no length; add Length\(n\), UpTo\(n\) or Tail\(n\)"),
        (bytes, "no length; add"),
        (tuple[Annotated[int, U8], ...], "no length; add"),
        (
            Annotated[tuple[Annotated[int, U8], Annotated[int, U8]], Length(2)],
            r"an array is written tuple\[item, ...\]",
        ),
        (Annotated[tuple[()], Length(2)], "an array is written"),
        (Annotated[tuple[int, ...], Length(2)], "no wire type"),
        (Annotated[tuple[Annotated[int, U8], ...], Length(MAX_FIXED_ITEMS + 1)], "at most 256 items in a fixed array"),
        (Annotated[tuple[Annotated[int, Bits(3)], ...], Length(2)], "items cannot be bit fields"),
        (
            Annotated[tuple[Annotated[tuple[Annotated[int, U8], ...], Length(2)], ...], Length(2)],
            "items cannot be bit fields, arrays or end with a Tail",
        ),
        (Annotated[tuple[Rest, ...], Length(2)], "items cannot be bit fields, arrays or end with a Tail"),
        (Annotated[tuple[Annotated[str, Tail(3)], ...], Length(2)], "items cannot be bit fields, arrays or end with"),
        (Annotated[tuple[Empty, ...], UpTo(2)], "items must take at least one octet"),
        (list[int], "cannot travel; allowed are bool, int, float, str, bytes, IntEnum, tuple"),
        (dict, "dict cannot travel"),
        (Optional[int], "cannot travel"),  # noqa: UP045 - the old spelling as well
        (Any, "cannot travel"),
        (object, "object cannot travel"),
        (complex, "complex cannot travel"),
        (tuple, "tuple cannot travel"),
    ],
)
def test_definition_errors(annotation: Any, problem: str) -> None:  # noqa: ANN401 - any annotation
    """A field that cannot be laid out is refused with class, field and what to change."""
    with pytest.raises(DefinitionError, match=f"Tested.tested.*: .*{problem}") as caught:
        layout_of(record_of(tested=annotation))
    assert isinstance(caught.value, ProtocolError)
    assert caught.value.owner == "Tested"


@pytest.mark.parametrize(
    "annotation",
    [
        Annotated[int, U8, Range(0, 255)],
        Annotated[int, U32, Range(float("-inf"), float("inf"))],
        Annotated[int, Bits(3), Range(0, 7)],
        Annotated[float, F32, Range(-3.4e38, 3.4e38)],
        Annotated[float, F64, Range(-1e308, 1e308)],
        Annotated[float, U8, Linear(0.1), Range(0, 25.5)],
        Annotated[float, U8, Linear(-0.1, 3), Range(-22.5, 3)],
        Annotated[Mode, Bits(3)],
        Annotated[Big, U16],
        Annotated[Negative, I8],
        Annotated[tuple[Annotated[int, U8], ...], Length(MAX_FIXED_ITEMS)],
        Annotated[bool, I8],
        Annotated[bool, Bits(4), Limits(red=(1, 1))],
    ],
)
def test_what_just_fits_is_allowed(annotation: Any) -> None:  # noqa: ANN401 - any annotation
    """The bounds themselves are no error."""
    assert field(annotation).name == "tested"


@pytest.mark.parametrize("first", [Annotated[bytes, Tail(5)], Rest, Annotated[tuple[Point, ...], Tail(2)]])
def test_a_tail_is_last(first: Any) -> None:  # noqa: ANN401 - any annotation
    """Whatever takes the rest of the packet cannot be followed by a field, also when it is inside of a record."""
    with pytest.raises(DefinitionError, match=r"Tested\.first: a Tail can only be the last field"):
        layout_of(record_of(first=first, second=Annotated[int, U8]))
    assert layout_of(record_of(second=Annotated[int, U8], first=first)).fixed_octets is None


def test_a_record_cannot_hold_itself() -> None:
    """A type that would never end is refused by name."""
    with pytest.raises(DefinitionError, match=r"Loop.*: cannot hold itself, neither directly nor in Loop"):
        layout_of(Loop)


@pytest.mark.parametrize(
    ("record", "problem"), [(Unresolved, "'Missing' is not defined"), (Meaningless, r"Bits\(99\)")]
)
def test_annotations_that_cannot_be_read(record: type[Record], problem: str) -> None:
    """An unknown name or an impossible annotation is a definition error that names the class."""
    with pytest.raises(DefinitionError, match=f"{record.__name__}.*annotations cannot be read: .*{problem}"):
        layout_of(record)


@pytest.mark.parametrize("name", ["class", "None"])
def test_fields_have_names_that_can_be_written(name: str) -> None:
    """A word of the language is no field, however the class was made."""
    with pytest.raises(DefinitionError, match="is no name that a field can have") as caught:
        layout_of(record_of(**{name: Annotated[int, U8]}))
    assert caught.value.field == name
