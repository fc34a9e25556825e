"""Values at the very ends of what a definition allows, and arrays without any."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Annotated, Any

import pytest

from tlm_cmd.bulk.columns import Ragged
from tlm_cmd.bulk.decoding import PacketRefusal, decode_packets
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.dictionary import AppInterface, Dictionary
from tlm_cmd.definition.fields import F64, I8, I16, I32, I64, U64, Length, Range, UpTo
from tlm_cmd.definition.message import Record, Telemetry
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.cfs_header import build_telemetry


class Far(IntEnum):
    """Values that a float cannot tell from their neighbours."""

    NEAR = 1
    END = 2**64 - 2


def packet_of(annotation: Any) -> type[Telemetry]:  # noqa: ANN401 - any annotation
    """A packet with one field."""
    namespace = {"__annotations__": {"field": annotation}, "__module__": __name__}
    made: type[Telemetry] = type(Record)("Tested", (Telemetry,), namespace)
    return made


def accepts_in_bulk(packet: type[Telemetry], payload: bytes) -> bool:
    """Whether bulk decoding makes a row of a packet."""
    dictionary = Dictionary("m", [AppInterface("app", 0x100, (), (packet,))])
    decoded = decode_packets(dictionary, build_telemetry(0x101, 0, 0, 0, payload))
    return decoded.refused[PacketRefusal.BAD_CONTENT] == 0 and len(decoded.packets["APP.TESTED"]) == 1


def accepts_alone(packet: type[Telemetry], payload: bytes) -> bool:
    """Whether the scalar decoder accepts it."""
    try:
        codec_of(packet).decode(payload)
    except ProtocolError:
        return False
    return True


@pytest.mark.parametrize(
    ("annotation", "code", "allowed", "refused"),
    [
        (Annotated[bool, I8], "b", (0, 1), (-1, -2, 2, -128, 127)),
        (Annotated[bool, I16], "h", (0, 1), (-1, 2, 256)),
        (Annotated[bool, I32], "i", (0, 1), (-1, 2, -(2**31))),
        (Annotated[bool, I64], "q", (0, 1), (-1, 2, -(2**63))),
        (Annotated[Far, U64], "Q", (1, 2**64 - 2), (0, 2, 2**64 - 1, 2**64 - 3)),
        (Annotated[float, F64, Range(2**53 + 1, 2**60)], "d", (2.0**53 + 2, 2.0**60), (2.0**53, 2.0**60 + 256)),
        (Annotated[float, F64, Range(-(2**60), -(2**53) - 1)], "d", (-(2.0**53) - 2, -(2.0**60)), (-(2.0**53),)),
        (Annotated[float, F64, Range(0.1, 0.7)], "d", (0.1, 0.7), (0.09999999999999999, 0.7000000000000001)),
    ],
)
def test_the_ends_are_the_same_in_bulk(
    annotation: Any,  # noqa: ANN401 - any annotation
    code: str,
    allowed: tuple[float, ...],
    refused: tuple[float, ...],
) -> None:
    """What is next to an allowed value is refused, however large both are."""
    packet = packet_of(annotation)
    for value in allowed + refused:
        payload = struct.pack(f">{code}", value)
        assert accepts_alone(packet, payload) is (value in allowed), value
        assert accepts_in_bulk(packet, payload) is (value in allowed), value


class Node(Record):
    """Values of which each could be refused."""

    switched: Annotated[tuple[bool, ...], Length(2)]
    names: Annotated[tuple[Annotated[str, Length(3)], ...], Length(2)]


def test_an_array_without_items_has_none_that_could_be_refused() -> None:
    """A packet whose array of structures is empty gives its row."""
    packet = packet_of(Annotated[tuple[Node, ...], UpTo(4)])
    dictionary = Dictionary("m", [AppInterface("app", 0x100, (), (packet,))])
    columns = decode_packets(dictionary, build_telemetry(0x101, 0, 0, 0, b"\0")).packets["APP.TESTED"]
    for name in ("field.switched", "field.names"):
        column = columns.raw[name]
        assert isinstance(column, Ragged)
        assert column.counts.tolist() == [0]
