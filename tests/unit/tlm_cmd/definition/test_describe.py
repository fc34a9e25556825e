from __future__ import annotations

import json
from enum import IntEnum
from typing import Annotated, Any

import pytest

from tlm_cmd.definition.describe import describe_field, describe_record, wire_name
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
    Limits,
    Linear,
    Polynomial,
    Range,
    Tail,
    Unit,
    UpTo,
)
from tlm_cmd.definition.layout import layout_of
from tlm_cmd.definition.message import Record


class Mode(IntEnum):
    """Modes."""

    OFF = 0
    ON = 7


class Point(Record):
    """Where."""

    x: Annotated[float, F32, Unit("m"), "to the right"]


def described(annotation: Any) -> dict[str, Any]:  # noqa: ANN401 - any annotation
    """A field with the given annotation, without its name."""
    namespace = {"__annotations__": {"tested": annotation}, "__module__": __name__}
    record: type[Record] = type(Record)("Tested", (Record,), namespace)
    description = describe_field(layout_of(record).fields[0])
    assert description.pop("name") == "tested"
    json.dumps(description, allow_nan=False)
    return description


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Annotated[int, U8], {"kind": "integer", "wire": "u8"}),
        (Annotated[int, Bits(3)], {"kind": "integer", "wire": "bits(3)"}),
        (bool, {"kind": "boolean", "wire": "u8"}),
        (Mode, {"kind": "enumeration", "wire": "u8", "labels": {"0": "OFF", "7": "ON"}}),
        (
            Annotated[float, F32, Range(0, 5), Unit("V"), Limits(yellow=(1, 4), red=(0, 5)), "measured"],
            {
                "kind": "float",
                "wire": "f32",
                "range": [0, 5],
                "unit": "V",
                "yellow": [1, 4],
                "red": [0, 5],
                "description": "measured",
            },
        ),
        (Annotated[float, F32, Range(0, float("inf"))], {"kind": "float", "wire": "f32", "range": [0, None]}),
        (Annotated[float, I16, Linear(0.5, -4)], {"kind": "float", "wire": "i16", "calibration": [-4, 0.5]}),
        (
            Annotated[float, U16, Polynomial.of(1, 2, 3)],
            {"kind": "float", "wire": "u16", "calibration": [1, 2, 3]},
        ),
        (Annotated[str, Length(8)], {"kind": "text", "length": "8"}),
        (Annotated[str, UpTo(8)], {"kind": "text", "length": "up to 8"}),
        (Annotated[bytes, Tail(8)], {"kind": "octets", "length": "rest of the packet, up to 8"}),
        (
            Annotated[tuple[int, ...], U8, Length(3), "numbers"],
            {
                "kind": "array",
                "length": "3",
                "description": "numbers",
                "item": {"name": "item", "kind": "integer", "wire": "u8"},
            },
        ),
        (
            Point,
            {
                "kind": "record",
                "record": {
                    "class": "Point",
                    "description": "Where.",
                    "fields": [
                        {"name": "x", "kind": "float", "wire": "f32", "unit": "m", "description": "to the right"}
                    ],
                },
            },
        ),
    ],
)
def test_fields_as_plain_data(annotation: Any, expected: dict[str, Any]) -> None:  # noqa: ANN401 - any annotation
    """Everything that was declared is there, nothing else, and all of it can be said in JSON."""
    assert described(annotation) == expected


@pytest.mark.parametrize("wire", [U8, U16, U32, U64, I8, I16, I32, I64, F32, F64])
def test_every_wire_type_has_the_name_of_its_constant(wire: Any) -> None:  # noqa: ANN401 - any wire type
    """Documents call a wire type as the source does, in small letters."""
    annotation = Annotated[float if wire.is_float else int, wire]
    assert described(annotation)["wire"].upper() in {name for name, value in globals().items() if value is wire}


def test_structures_have_no_wire_type() -> None:
    """What is made of other fields has none of its own."""
    assert wire_name(layout_of(Point).fields[0]) == "f32"
    text = layout_of(type(Record)("T", (Record,), {"__annotations__": {"t": Annotated[str, UpTo(3)]}}))
    assert wire_name(text.fields[0]) is None


def test_records_as_plain_data() -> None:
    """A class is described by its name, its docstring and its fields."""

    class Undocumented(Record):
        on: bool

    assert describe_record(Undocumented) == {
        "class": "Undocumented",
        "description": "",
        "fields": [{"name": "on", "kind": "boolean", "wire": "u8"}],
    }
