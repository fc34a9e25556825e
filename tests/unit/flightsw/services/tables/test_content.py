import math
from pathlib import Path
from typing import Annotated

import pytest

from flightsw.messages.tables import TableKind
from flightsw.services.tables.content import TableError, TableRules, layout_hash
from flightsw.services.tables.declaration import Table
from tests.unit.flightsw.services.tables.gains import RULES, Gains, check
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.fields import F32, I16, U8, U16, Length, Limits, Linear, Range, Unit
from tlm_cmd.definition.message import Record


class Owner:
    """An app class."""

    gains = Table(Gains, file="gains.toml", check=check)


def test_a_table_is_read_from_toml(tmp_path: Path) -> None:
    """The declaration knows its name, its file and its rule."""
    (tmp_path / "gains.toml").write_text("first = 4\nrest = [5]\n")
    assert Owner.gains.name == "gains"
    table = Owner.gains.open("power", tmp_path)
    assert (table.active, table.origin.file, table.rules.app) == (Gains(4, (5,)), "gains.toml", "power")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("first = 4", "needs the argument 'rest'"),
        ("first = 4\nrest = [5]\nmore = 1", "no argument 'more'"),
        ("first = 101\nrest = []", "first is 101, allowed are 0 to 100"),
        ("first = 'x'\nrest = []", "first is 'x'"),
        ("first = [", "gains.toml: "),
        ("first = 7\nrest = []", "gains.toml: 7 is unlucky"),
        ("first = 99\nrest = []", "its rule failed"),
    ],
)
def test_a_table_file_is_checked(tmp_path: Path, content: str, problem: str) -> None:
    """The error names the file, the field and what is allowed."""
    (tmp_path / "gains.toml").write_text(content)
    with pytest.raises(TableError, match=f"table file .*{problem}"):
        Owner.gains.open("power", tmp_path)


class Moments(Record):
    """A table of numbers without a range."""

    inertia: Annotated[tuple[Annotated[float, F32], ...], Length(3)]


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_numbers_that_are_none_are_refused(tmp_path: Path, value: float) -> None:
    """From an image and from a file; no app could do anything with them."""
    rules = TableRules("power", "moments", Moments, None)
    image = codec_of(Moments).encode(Moments((1.0, value, 3.0)))
    with pytest.raises(TableError, match=rf"table moments: inertia\[1\] is {value}, allowed are finite numbers"):
        rules.accept(image)
    (tmp_path / "moments.toml").write_text(f"inertia = [1.0, {value}, 3.0]\n")
    with pytest.raises(TableError, match=r"moments\.toml"):
        rules.read(tmp_path / "moments.toml")


def test_a_table_file_must_be_there_and_readable(tmp_path: Path) -> None:
    """A missing file, a folder and octets that are no text are told apart."""
    with pytest.raises(TableError, match=r"table file .*gains\.toml is missing"):
        RULES.read(tmp_path / "gains.toml")
    with pytest.raises(TableError, match=r"table file .*directory"):
        RULES.read(tmp_path)
    (tmp_path / "gains.toml").write_bytes(b"\xff")
    with pytest.raises(TableError, match=r"table file .*utf-8"):
        RULES.read(tmp_path / "gains.toml")


def test_a_declaration_says_who_gives_the_content() -> None:
    """A dump-only table has a first content and no file, any other the other way round."""
    for wrong in (
        lambda: Table(Gains),
        lambda: Table(Gains, "gains.toml", initial=Gains(1, ())),
        lambda: Table(Gains, kind=TableKind.DUMP_ONLY),
        lambda: Table(Gains, "gains.toml", kind=TableKind.DUMP_ONLY, initial=Gains(1, ())),
    ):
        with pytest.raises(
            TableError, match="a table of Gains: a dump-only table has an initial content, others a file"
        ):
            wrong()


# -------------------------------------------------------------------- layouts


class Plain(Record):
    """A table."""

    level: Annotated[float, I16, Linear(0.01), Unit("V"), Range(0, 5), "a level"]


def test_a_layout_is_known_by_its_meaning() -> None:
    """Ranges, limits, words and the class's name may change; anything that changes what octets mean does not pass."""

    class Same(Record):
        """Another name, other words."""

        level: Annotated[float, I16, Linear(0.01), Unit("V"), Range(0, 6), Limits(red=(1, 4)), "the level"]

    class Scaled(Record):
        level: Annotated[float, I16, Linear(0.02), Unit("V")]

    class OtherUnit(Record):
        level: Annotated[float, I16, Linear(0.01), Unit("A")]

    class OtherType(Record):
        level: Annotated[float, U16, Linear(0.01), Unit("V")]

    class OtherName(Record):
        voltage: Annotated[float, I16, Linear(0.01), Unit("V")]

    class Longer(Record):
        level: Annotated[float, I16, Linear(0.01), Unit("V")]
        more: Annotated[int, U8]

    assert layout_hash(Plain) == layout_hash(Same)
    others = [layout_hash(other) for other in (Plain, Scaled, OtherUnit, OtherType, OtherName, Longer)]
    assert len(dict.fromkeys(others)) == len(others)


def test_a_layout_keeps_its_hash() -> None:
    """Images stay good over versions of this software: the hash of a layout is the same for ever."""
    assert layout_hash(Gains).hex() == "308043c3879e1db3"
