"""Columns whose rows have different lengths, and what people read of them."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Annotated

import numpy as np
import pytest

from tlm_cmd.bulk.columns import PacketColumns, Ragged, join_rows, keep_rows, order_rows
from tlm_cmd.bulk.decoding import decode_packets
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.dictionary import AppInterface, Dictionary
from tlm_cmd.definition.fields import I16, U8, U32, Length, Limits, Linear, Polynomial, UpTo
from tlm_cmd.definition.message import Telemetry
from tlm_cmd.packets.cfs_header import build_telemetry

WORDS = Ragged(np.frombuffer(b"onetwothreefour", np.uint8), np.array([0, 3, 6, 11, 15]))
NESTED = Ragged(WORDS, np.array([0, 1, 1, 4]))


def words(column: Ragged) -> list[bytes]:
    """The rows as octets."""
    return [np.asarray(column[row]).tobytes() for row in range(len(column))]


def test_rows_are_reached_by_number_from_either_end() -> None:
    """A row is what lies between its starts; a number outside raises."""
    assert words(WORDS) == [b"one", b"two", b"three", b"four"]
    assert np.asarray(WORDS[-1]).tobytes() == b"four"
    with pytest.raises(IndexError):
        WORDS[4]


def test_a_row_of_rows_is_ragged_itself() -> None:
    """Nested rows keep their items together."""
    row = NESTED[2]
    assert isinstance(row, Ragged)
    assert words(row) == [b"two", b"three", b"four"]
    assert len(NESTED[1]) == 0


def test_rows_can_be_chosen_joined_and_ordered_at_any_depth() -> None:
    """What belongs to a row goes where the row goes."""
    kept = keep_rows(NESTED, np.array([True, False, True]))
    assert isinstance(kept, Ragged)
    assert kept.counts.tolist() == [1, 3]
    joined = join_rows([kept, NESTED])
    assert isinstance(joined, Ragged)
    assert joined.counts.tolist() == [1, 3, 1, 0, 3]
    ordered = order_rows(joined, np.array([1, 0, 3, 2, 4]))
    assert isinstance(ordered, Ragged)
    first = ordered[0]
    assert isinstance(first, Ragged)
    assert words(first) == [b"two", b"three", b"four"]
    assert ordered.counts.tolist() == [3, 1, 0, 1, 3]


class Lamp(IntEnum):
    """Lamp."""

    DARK = 0
    LIT = 1


class Report(Telemetry):
    """A report."""

    lamp: Lamp
    ready: bool
    board: Annotated[float, I16, Linear(0.5, -10), Limits(red=(-20, 85))]
    name: Annotated[str, Length(6)]
    note: Annotated[str, UpTo(9)]
    key: Annotated[bytes, Length(2)]


@pytest.fixture
def columns() -> PacketColumns:
    """Two reports."""
    dictionary = Dictionary("m", [AppInterface("app", 0x100, (), (Report,))])
    codec = dictionary.packet("APP.REPORT").codec
    reports = [Report(Lamp.LIT, True, 2.5, "one", "é", b"\0\1"), Report(Lamp.DARK, False, -10.0, "second", "", b"ab")]
    return decode_packets(
        dictionary, b"".join(build_telemetry(0x101, n, 0, 0, codec.encode(each)) for n, each in enumerate(reports))
    ).packets["APP.REPORT"]


def test_values_are_read_raw_calibrated_and_by_name(columns: PacketColumns) -> None:
    """Raw numbers as they travelled, engineering values in their units, names of enumerations, texts, octets."""
    assert np.asarray(columns.raw["board"]).tolist() == [25, 0]
    assert np.asarray(columns.engineering("board")).tolist() == [2.5, -10.0]
    assert np.asarray(columns.engineering("ready")).tolist() == [True, False]
    assert columns.labels("lamp") == ["LIT", "DARK"]
    assert columns.texts("name") == ["one", "second"]
    assert columns.texts("note") == ["é", ""]
    assert columns.octets("key") == [b"\0\1", b"ab"]


class Whole(Telemetry):
    """Calibrations of whole numbers, on wire types that the engineering values do not fit."""

    double: Annotated[float, U8, Linear(2)]
    thousand: Annotated[float, U8, Linear(1000)]
    shifted: Annotated[float, I16, Linear(4, 100)]
    large: Annotated[float, U32, Polynomial.of(0, 2**33)]


@pytest.mark.parametrize("raw", [(0xA4, 0x48, 32_767, 2**32 - 1), (255, 255, -32_768, 3), (0, 0, 0, 0)])
def test_calibrations_of_whole_numbers_give_the_floats_of_the_scalar_decoder(raw: tuple[int, ...]) -> None:
    """Engineering values are floats of full width, however narrow the raw ones are."""
    dictionary = Dictionary("m", [AppInterface("app", 0x100, (), (Whole,))])
    payload = struct.pack(">BBhI", *raw)
    columns = decode_packets(dictionary, build_telemetry(0x101, 0, 0, 0, payload)).packets["APP.WHOLE"]
    alone = codec_of(Whole).decode(payload)
    for field in Whole.__struct_fields__:
        column = np.asarray(columns.engineering(field))
        assert column.dtype == np.float64
        assert type(getattr(alone, field)) is float
        assert column.tolist() == [getattr(alone, field)]


@pytest.mark.parametrize(("method", "field"), [("labels", "board"), ("texts", "key"), ("octets", "board")])
def test_a_field_of_another_kind_is_refused(columns: PacketColumns, method: str, field: str) -> None:
    """Names, texts and octets are only there for fields that have them."""
    with pytest.raises(KeyError):
        getattr(columns, method)(field)
