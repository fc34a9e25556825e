from enum import IntEnum, unique
from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flightsw.mission import Mission
from flightsw.mission_file import MISSION_FILE
from flightsw.services.tables.content import TableRules
from ops_tools.reference_mission import reference_mission
from ops_tools.tables.sources import all_tables, check_source, mission_source, rules_of
from ops_tools.tables.toml_text import as_toml
from tlm_cmd.definition.fields import F32, F64, I16, U8, U32, Bits, Length, Linear, UpTo
from tlm_cmd.definition.message import Record

MISSION = Mission.load(reference_mission() / MISSION_FILE)


@unique
class Colour(IntEnum):
    """A choice."""

    RED = 1
    BLUE = 2


class Inner(Record):
    """A structure in a structure."""

    flag: Annotated[int, Bits(3)]
    rest: Annotated[int, Bits(5)]


class Point(Record):
    """A structure."""

    x: Annotated[float, F32]
    colour: Colour
    inner: Inner


class Everything(Record):
    """A field of each kind."""

    first: Point
    number: Annotated[int, U32]
    exact: Annotated[float, F64]
    level: Annotated[float, I16, Linear(0.01)]
    on: bool
    text: Annotated[str, UpTo(40)]
    octets: Annotated[bytes, UpTo(8)]
    numbers: Annotated[tuple[Annotated[int, U8], ...], UpTo(4)]
    points: Annotated[tuple[Point, ...], UpTo(3)]
    pair: Annotated[tuple[Annotated[float, F32], ...], Length(2)]


RULES = TableRules("app", "everything", Everything, None)

POINTS = st.builds(
    Point,
    st.floats(width=32, allow_nan=False, allow_infinity=False),
    st.sampled_from(Colour),
    st.builds(Inner, st.integers(0, 7), st.integers(0, 31)),
)
CONTENTS = st.builds(
    Everything,
    POINTS,
    st.integers(0, 2**32 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**15), 2**15 - 1).map(lambda raw: raw * 0.01),
    st.booleans(),
    st.text(max_size=10).filter(lambda text: len(text.encode(errors="replace")) <= 40 and text.isprintable()),
    st.binary(max_size=8),
    st.lists(st.integers(0, 255), max_size=4).map(tuple),
    st.lists(POINTS, max_size=3).map(tuple),
    st.tuples(
        st.floats(width=32, allow_nan=False, allow_infinity=False),
        st.floats(width=32, allow_nan=False, allow_infinity=False),
    ),
)


@settings(max_examples=150, deadline=None)
@given(content=CONTENTS)
def test_text_makes_the_same_image_again(content: Everything) -> None:
    """Whatever the content, its text builds the image that it came from."""
    image = RULES.image_of(content)
    assert RULES.image_of(RULES.parse(as_toml(RULES.accept(image)), "text")) == image


@pytest.mark.parametrize(("app", "name"), list(all_tables(MISSION)))
def test_every_table_of_the_mission_is_shown_and_built_again(app: str, name: str) -> None:
    """The text of each image builds it again."""
    table = check_source(rules_of(MISSION, app, name), mission_source(MISSION, app, name))
    assert table.rules.image_of(table.rules.parse(as_toml(table.content), "text")) == table.image


def test_numbers_are_short() -> None:
    """A number has the digits that its wire type can tell apart, and is a number of TOML."""
    content = Everything(
        Point(0.1, Colour.BLUE, Inner(1, 2)),
        7,
        1.0,
        0.07,
        on=True,
        text='"\x7f',
        octets=b"\x01",
        numbers=(),
        points=(),
        pair=(-1e-30, 1e30),
    )
    assert as_toml(RULES.accept(RULES.image_of(content))) == (
        'number = 7\nexact = 1.0\nlevel = 0.07\non = true\ntext = "\\"\\u007f"\noctets = "01"\nnumbers = []\n'
        "points = []\npair = [-1e-30, 1e+30]\n\n"
        '[first]\nx = 0.1\ncolour = "BLUE"\ninner = { flag = 1, rest = 2 }\n'
    )
