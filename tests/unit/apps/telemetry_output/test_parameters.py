from __future__ import annotations

from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.telemetry_output.packet_choice import ChoiceError
from apps.telemetry_output.parameters import values_of, wanted
from tlm_cmd.definition.dictionary import AppInterface, Dictionary
from tlm_cmd.definition.fields import I16, U8, U16, Bits, Length, Linear, UpTo
from tlm_cmd.definition.message import Record, Telemetry
from tlm_cmd.packets.pus.service_20_parameters import ParameterValues


class Inner(Record):
    """A structure of variable length."""

    name: Annotated[str, UpTo(300)]
    number: Annotated[int, U8]


class Mixed(Telemetry, period_s=2):
    """Fields of all kinds."""

    temperatures: Annotated[tuple[Annotated[float, I16, Linear(0.01)], ...], UpTo(5)]
    count: Annotated[int, U16]
    text: Annotated[str, UpTo(20)]
    inner: Inner
    several: Annotated[tuple[Inner, ...], UpTo(3)]
    pair: Annotated[tuple[Annotated[int, U8], ...], Length(2)]
    on: bool
    low: Annotated[int, Bits(3)]
    high: Annotated[int, Bits(5)]
    behind: Annotated[int, U8]


class Occasional(Telemetry):
    """Made on occasion."""

    number: Annotated[int, U8]


APID, MIXED = 0x100, 0x0100
DICTIONARY = Dictionary("m", [AppInterface("app", APID, (), (Mixed, Occasional))])
INNERS = st.builds(Inner, st.text("aä€", max_size=20), st.integers(0, 255))
MESSAGES = st.builds(
    Mixed,
    st.lists(st.floats(-300, 300), max_size=5).map(tuple),
    st.integers(0, 65_535),
    st.text("aä", max_size=10),
    INNERS,
    st.lists(INNERS, max_size=3).map(tuple),
    st.tuples(st.integers(0, 255), st.integers(0, 255)),
    st.booleans(),
    st.integers(0, 7),
    st.integers(0, 31),
    st.integers(0, 255),
)


@given(MESSAGES)
def test_values_are_found_behind_fields_of_any_length(message: Mixed) -> None:
    """Each parameter is reported with the value that the message has, wherever it stands."""
    values = values_of(message, (MIXED + 6, MIXED + 1, MIXED + 5))
    assert ParameterValues(3, values).values({0x106: 1, 0x101: 2, 0x105: 2}.__getitem__) == (
        (0x106, bytes([message.on])),
        (0x101, message.count.to_bytes(2, "big")),
        (0x105, bytes(message.pair)),
    )


def test_what_is_wanted() -> None:
    """Parameters of one periodic packet can be wanted, for three of its periods."""
    found = wanted(DICTIONARY, APID, (MIXED + 1, MIXED + 6))
    assert (found.apid, found.patience_ns) == (APID + 1, 6_000_000_000)


@pytest.mark.parametrize("place", [0, 2, 3, 4, 7, 8, 9, 10, 255])
def test_fields_that_are_no_parameters(place: int) -> None:
    """Fields of variable length, bit fields and what stands behind them are none."""
    with pytest.raises(ChoiceError, match="is no parameter"):
        wanted(DICTIONARY, APID, (MIXED + 1, MIXED + place))


@pytest.mark.parametrize(
    ("parameters", "words"),
    [((), "of 0 packets"), ((0x0101, 0x0201), "of 2 packets"), ((0x0200,), "periodically"), ((0x0301,), "no packet 3")],
)
def test_packets_that_cannot_be_wanted(parameters: tuple[int, ...], words: str) -> None:
    """None, several, one made on occasion and one that is not there are refused."""
    with pytest.raises(ChoiceError, match=words):
        wanted(DICTIONARY, APID, parameters)
