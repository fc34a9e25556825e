"""Bulk decoding and the scalar decoder say the same of every class that can be declared, not only of a mission's."""

from __future__ import annotations

from enum import IntEnum
from random import Random
from typing import Annotated, Any

import pytest

from tests.unit.tlm_cmd.bulk.both_decoders import compare, random_packets
from tlm_cmd.bulk.decoding import decode_packets
from tlm_cmd.definition.dictionary import AppInterface, Dictionary
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
    Linear,
    Polynomial,
    Range,
    Tail,
    UpTo,
)
from tlm_cmd.definition.message import Record, Telemetry


class Mode(IntEnum):
    """Modes."""

    OFF = 0
    ON = 7
    FAULT = 200


class Signed(IntEnum):
    """Values on both sides of nothing."""

    DOWN = -1
    UP = 2**53


class Far(IntEnum):
    """Values that a float cannot tell from their neighbours."""

    NEAR = 1
    MIDDLE = 2**53
    END = 2**64 - 2


SCALARS: list[Any] = [
    *(Annotated[int, wire] for wire in (U8, U16, U32, U64, I8, I16, I32, I64)),
    *(Annotated[float, wire] for wire in (F32, F64)),
    *(Annotated[bool, wire] for wire in (U8, U16, I8, I64)),
    Annotated[int, U64, Range(0, 2.0**63)],
    Annotated[int, I64, Range(-(2**53) - 1, 2**53 + 1)],
    Annotated[int, I16, Range(2.5, float("inf"))],
    Annotated[float, F32, Range(0.1, 0.7)],
    Annotated[float, F64, Range(2**53 + 1, 2**60)],
    Annotated[float, F64, Range(-float("inf"), -(2**53) - 1)],
    Annotated[float, U8, Linear(2)],
    Annotated[float, U8, Linear(1000)],
    Annotated[float, I16, Linear(4, 100)],
    Annotated[float, U32, Linear(-3, 7), Range(-(10**9), 0)],
    Annotated[float, I16, Linear(0.1), Range(-5, 5.04)],
    Annotated[float, U32, Polynomial.of(0, 2**33)],
    Annotated[float, U16, Polynomial.of(1, 0, 3)],
    Annotated[float, U8, Polynomial.of(5, -1)],
    Mode,
    Annotated[Mode, U32],
    Annotated[Signed, I64],
    Annotated[Far, U64],
]
BIT_FIELDS: list[Any] = [
    Annotated[bool, Bits(1)],
    Annotated[bool, Bits(2)],
    Annotated[int, Bits(5), Range(2.5, 20)],
    Annotated[int, Bits(9)],
    Annotated[int, Bits(32)],
    Annotated[Mode, Bits(8)],
    Annotated[Mode, Bits(11)],
]
EXTENTS = [Length(1), Length(2), Length(13), UpTo(3), UpTo(300)]


def random_value(draw: Random, depth: int) -> Any:  # noqa: ANN401 - an annotation
    """An annotation of a field that can stand anywhere."""
    kind = draw.choice(("scalar", "scalar", "bits", "octets", "array", "record") if depth else ("scalar", "octets"))
    match kind:
        case "scalar":
            return draw.choice(SCALARS)
        case "bits":
            return draw.choice(BIT_FIELDS)
        case "octets":
            return Annotated[draw.choice((str, bytes)), draw.choice(EXTENTS)]
        case "array":
            return Annotated[tuple[random_item(draw, depth - 1), ...], draw.choice(EXTENTS)]
        case _:
            return random_class(draw, Record, depth - 1)


def random_item(draw: Random, depth: int) -> Any:  # noqa: ANN401 - an annotation
    """An annotation of an item of an array."""
    return random_class(draw, Record, depth) if depth and draw.random() < 0.6 else random_value(draw, 0)


def random_class(draw: Random, base: type[Record], depth: int, number: int = 0) -> Any:  # noqa: ANN401 - a class
    """A class with one to five fields; of a packet, the last one may go on to the end of it."""
    fields = [random_value(draw, depth) for _ in range(draw.randint(1, 5))]
    if base is Telemetry and draw.random() < 0.3:
        tail = Tail(draw.choice((4, 40)))
        fields.append(draw.choice((Annotated[tuple[random_item(draw, depth), ...], tail], Annotated[str, tail])))
    annotations = {f"f{index}": annotation for index, annotation in enumerate(fields)}
    name = f"{base.__name__}{number}"
    return type(Record)(name, (base,), {"__annotations__": annotations, "__module__": __name__, "__doc__": "Drawn."})


@pytest.mark.untraced
@pytest.mark.parametrize("seed", range(40))
def test_both_decoders_agree_on_classes_at_random(seed: int) -> None:
    """For packets of six random classes, both give the same values, and refuse the same with the same words."""
    draw = Random(seed)
    telemetry = tuple(random_class(draw, Telemetry, 3, number) for number in range(6))
    dictionary = Dictionary("drawn", [AppInterface("app", 0x100, (), telemetry)])
    packets = random_packets(dictionary, draw, 150, spoilt=0.2)
    accepted, refused = compare(dictionary, packets, decode_packets(dictionary, b"".join(packets)))
    assert accepted + refused == len(packets)
    assert accepted > 0
