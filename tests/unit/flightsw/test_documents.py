"""What does not fit in a document is named with its place and what would fit."""

from enum import Enum
from typing import Annotated, Any

import msgspec
import pytest

from flightsw.documents import DocumentError, convert


class Colour(Enum):
    """A closed set."""

    RED = "red"
    BLUE = "blue"


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something nested."""

    size: Annotated[int, msgspec.Meta(ge=1, le=9)]
    colour: Colour = Colour.RED


class Whole(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=4)]
    parts: tuple[Part, ...] = ()
    by_name: dict[Annotated[str, msgspec.Meta(pattern="^[a-z]+$")], Part] = {}
    weights: dict[str, Annotated[float, msgspec.Meta(gt=0.0, lt=2.0)]] = {}
    pair: tuple[int, Annotated[float, msgspec.Meta(ge=0.0)]] | None = None
    extra: Part | None = None


@pytest.mark.parametrize(
    ("document", "path", "key", "allowed"),
    [
        ({"name": "a", "foo": 1}, "", "foo", ("name", "parts", "by_name", "weights", "pair", "extra")),
        ({}, "", "name", ()),
        ({"name": ""}, "name", "", ("1 to 4 characters",)),
        ({"name": 3}, "name", "", ("1 to 4 characters",)),
        ({"name": "a", "parts": [{"size": 1}, {"size": 10}]}, "parts[1].size", "", ("1 to 9",)),
        ({"name": "a", "parts": [{"size": 1, "colour": "green"}]}, "parts[0].colour", "", ("red", "blue")),
        ({"name": "a", "parts": [{"siz": 1}]}, "parts[0]", "siz", ("size", "colour")),
        ({"name": "a", "parts": {"size": 1}}, "parts", "", ()),
        ({"name": "a", "by_name": {"x": {"size": 0}}}, "by_name.x.size", "", ("1 to 9",)),
        ({"name": "a", "by_name": {"X": {"size": 1}}}, "by_name.X", "", ()),
        ({"name": "a", "weights": {"x": 1.0, "y": float("nan")}}, "weights.y", "", ("above 0, below 2",)),
        ({"name": "a", "pair": [1, -1.0]}, "pair[1]", "", ("from 0",)),
        ({"name": "a", "pair": [1, 1.0, 2.0]}, "pair", "", ()),
        ({"name": "a", "extra": {"size": "x"}}, "extra.size", "", ("1 to 9",)),
        ({"name": "a", "extra": 3}, "extra", "", ()),
    ],
)
def test_the_place_and_what_is_allowed_are_named(
    document: dict[str, Any], path: str, key: str, allowed: tuple[str, ...]
) -> None:
    """Keys of mappings and numbers of items lead to the place; unions, closed sets and bounds say what would fit."""
    with pytest.raises(DocumentError) as caught:
        convert(document, Whole)
    assert (caught.value.path, caught.value.key, caught.value.allowed) == (path, key, allowed)
    assert str(caught.value).count("allowed are") == bool(allowed)


def test_what_fits_is_converted() -> None:
    """A right document gives the structure."""
    document = {"name": "ab", "parts": [{"size": 2, "colour": "blue"}], "pair": [1, 2.0], "weights": {"a": 1}}
    assert convert(document, Whole) == Whole("ab", (Part(2, Colour.BLUE),), {}, {"a": 1.0}, (1, 2.0))
