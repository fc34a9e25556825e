"""Arrays without values to look at in bulk."""

from __future__ import annotations

from typing import Annotated, Any

from tlm_cmd.bulk.columns import Ragged
from tlm_cmd.bulk.decoding import decode_packets
from tlm_cmd.definition.dictionary import AppInterface, Dictionary
from tlm_cmd.definition.fields import Length, UpTo
from tlm_cmd.definition.message import Record, Telemetry
from tlm_cmd.packets.cfs_header import build_telemetry


def packet_of(annotation: Any) -> type[Telemetry]:  # noqa: ANN401 - any annotation
    """A packet with one field."""
    namespace = {"__annotations__": {"field": annotation}, "__module__": __name__}
    made: type[Telemetry] = type(Record)("Tested", (Telemetry,), namespace)
    return made


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
