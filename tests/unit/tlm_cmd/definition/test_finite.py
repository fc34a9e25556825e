"""Infinities and NaNs are found wherever they are."""

import math
from typing import Annotated

from tlm_cmd.definition.fields import F32, F64, U8, Length, Range, UpTo
from tlm_cmd.definition.finite import not_finite
from tlm_cmd.definition.message import Record


class Point(Record):
    """Where."""

    x: Annotated[float, F32]
    n: Annotated[int, U8] = 0


class Everything(Record):
    """Numbers at every depth."""

    plain: Annotated[float, F64]
    bounded: Annotated[float, F64, Range(0, math.inf)]
    three: Annotated[tuple[Annotated[float, F32], ...], Length(3)]
    point: Point
    path: Annotated[tuple[Point, ...], UpTo(4)]
    name: Annotated[str, UpTo(9)] = "nan"


def test_a_message_of_finite_numbers_has_none() -> None:
    """Texts and integers are no numbers that could be infinite; a range that ends nowhere is a wish."""
    message = Everything(1.0, math.inf, (1.0, 2.0, 3.0), Point(0.0), (Point(1.0),))
    assert list(not_finite(message)) == []


def test_each_is_named_by_its_path() -> None:
    """Nested structures and items are led to."""
    message = Everything(math.inf, 0.0, (1.0, -math.inf, 3.0), Point(math.inf), (Point(1.0), Point(math.inf)), "x")
    assert list(not_finite(message)) == [
        ("plain", math.inf),
        ("three[1]", -math.inf),
        ("point.x", math.inf),
        ("path[1].x", math.inf),
    ]
    assert [path for path, _ in not_finite(Point(math.nan))] == ["x"]
