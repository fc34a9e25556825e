"""What a file makes the loader do grows with the file, or with what the file stands for, and not with its square."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tlm_cmd.definition.generated import GeneratedSource
from tlm_cmd.xtce import budget
from tlm_cmd.xtce.budget import fewest_bits
from tlm_cmd.xtce.database import XtceDatabase
from tlm_cmd.xtce.errors import XtceError
from tlm_cmd.xtce.model import AggregateType, Amount, ArrayType, DataType, IntegerEncoding, Nature, ScalarType
from tlm_cmd.xtce.number_run import NumberRun
from tlm_cmd.xtce.structures import DistinctNames, structure
from tlm_cmd.xtce.values import Piece

Document = Callable[..., bytes]


@contextmanager
def at_most(calls: int) -> Iterator[None]:
    """Let so many functions be called, and raise at the next."""
    left = [calls]

    def count(_frame: object, event: str, _argument: object) -> None:
        if event == "call":
            left[0] -= 1
            if left[0] < 0:
                raise AssertionError(f"more than {calls} calls")

    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(None)


def test_a_type_is_measured_once_however_often_others_hold_it() -> None:
    """Ten members of ten members and so on, 14 deep, are as many types as they are deep."""
    kind: DataType = ScalarType(name="u8", nature=Nature.INTEGER, encoding=IntegerEncoding(8))
    for level in range(14):
        kind = AggregateType(f"a{level}", tuple((f"m{at}", kind) for at in range(10)))
    with at_most(calls=1000):
        assert fewest_bits(ArrayType("many", kind, Amount(intercept=3))) == 24


def test_an_array_of_very_many_values_ends_at_the_bound(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether its items take room is known without looking at each value of one."""
    monkeypatch.setattr(budget.Budget.__init__, "__defaults__", (1000,))
    types, inner = "", "u8"
    for level in range(14):
        members = "".join(f'<Member name="m{at}" typeRef="{inner}"/>' for at in range(10))
        types += f'<AggregateParameterType name="l{level}"><MemberList>{members}</MemberList></AggregateParameterType>'
        inner = f"l{level}"
    types += (
        f'<ArrayParameterType name="many" arrayTypeRef="{inner}"><DimensionList><Dimension><StartingIndex>'
        "<FixedValue>0</FixedValue></StartingIndex><EndingIndex><FixedValue>100</FixedValue></EndingIndex></Dimension>"
        "</DimensionList></ArrayParameterType>"
    )
    data = document(types, "v:many", "v")
    with at_most(calls=100_000), pytest.raises(XtceError, match="is one more than the 1000 values"):
        XtceDatabase(data)


class Watched(list[Any]):
    """A list that counts the items that are taken out of it."""

    taken = 0

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401 - an index or a slice
        found = super().__getitem__(index)
        self.taken += len(found) if isinstance(index, slice) else 1
        return found


def test_each_number_of_a_run_is_looked_at_a_few_times() -> None:
    """However many there are in one row."""
    pieces = Watched(Piece(12 * number, IntegerEncoding(12)) for number in range(2000))
    run = NumberRun(GeneratedSource("p"))
    run._pieces = pieces
    run.emit("start", "p")
    assert all(piece.expression for piece in list.__iter__(pieces))
    assert pieces.taken < 5 * len(pieces)


class Spelled(str):
    """A name that counts how often something is put behind it."""

    __slots__ = ()
    times = 0

    def __format__(self, how: str) -> str:
        Spelled.times += 1
        return super().__format__(how)


def test_a_name_is_numbered_on_from_the_last_one() -> None:
    """The thousandth of equal names is found at once, also where some numbers are given away already."""
    Spelled.times, names = 0, DistinctNames()
    assert [names.give(name) for name in ("x_2", "x_4")] == ["x_2", "x_4"]
    assert [names.give(Spelled("x")) for _ in range(4)] == ["x", "x_3", "x_5", "x_6"]
    given = {names.give(Spelled("x")) for _ in range(1000)}
    assert len(given) == 1000
    assert Spelled.times <= 1010


def test_names_that_become_the_same_identifier_stay_short() -> None:
    """They are numbered; a keyword gets a stroke first."""
    fields = tuple(f"x{chr(0x2200 + number)}" for number in range(600))
    assert structure("p", fields).__struct_fields__ == ("x_", *(f"x__{number}" for number in range(2, 601)))
    assert structure("p", ("a-b", "a_b", "a+b", "class", "class_", "__x", "1")).__struct_fields__ == (
        ("a_b", "a_b_2", "a_b_3", "class_", "class__2", "p___x", "p_1")
    )
