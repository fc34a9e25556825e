"""ccsdspy reads our packets of fixed length by definitions made of our XTCE."""

from __future__ import annotations

import io
from random import Random

import pytest

from flightsw.mission import Mission
from ops_tools.cli_commands.dictionary import default_mission
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.packets.cfs_header import build_telemetry
from tlm_cmd.packets.spacepacket import PRIMARY_HEADER_OCTETS
from tlm_cmd.xtce.database import PacketType, XtceDatabase
from tlm_cmd.xtce.export import Form, export
from tlm_cmd.xtce.model import FloatEncoding, IntegerEncoding, IntegerForm, ScalarType
from tlm_cmd.xtce.packet_model import ParameterEntry
from tlm_cmd.xtce.structures import entries_of

ccsdspy = pytest.importorskip("ccsdspy")

PACKETS = 40
"""Of each kind."""
HEADER_FIELDS = 7
"""Fields of the primary header, which ccsdspy knows by itself."""


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    """The dictionary of the reference mission."""
    return Mission.load(default_mission()).dictionary


def fields_of(database: XtceDatabase, packet: PacketType) -> list[tuple[str, str, int]]:
    """Name, kind and width of each field behind the primary header, in the words of ccsdspy."""
    fields = []
    for entry in entries_of(packet.name, database.containers)[HEADER_FIELDS:]:
        assert isinstance(entry, ParameterEntry)
        kind = entry.parameter.type
        assert isinstance(kind, ScalarType)
        match kind.encoding:
            case IntegerEncoding(bits, IntegerForm.UNSIGNED):
                fields.append((entry.parameter.name, "uint", bits))
            case IntegerEncoding(bits):
                fields.append((entry.parameter.name, "int", bits))
            case FloatEncoding(bits):
                fields.append((entry.parameter.name, "float", bits))
            case encoding:
                size = getattr(encoding, "size", None)
                assert size is not None and size.fixed is not None  # noqa: PT018 - both or neither
                fields.append((entry.parameter.name, "str", size.fixed))
    return fields


def test_packets_of_fixed_length_are_read_with_the_same_values(dictionary: Dictionary) -> None:
    """The raw values of each field, for every telemetry packet of the mission whose length never varies."""
    database, random, compared = XtceDatabase(export(dictionary, Form.PLAIN).text.encode()), Random(7), 0
    for entry in dictionary.telemetry.values():
        octets = entry.codec.layout.fixed_octets
        if octets is None:
            continue
        packets = []
        while len(packets) < PACKETS:
            payload = random.randbytes(octets)
            packet = build_telemetry(entry.apid, len(packets), random.randrange(2**32), 7, payload)
            packets.append(packet)
        found = database.packets[f"/urbanwatch/{entry.name.replace('.', '_')}"]
        fields = fields_of(database, found)
        assert PRIMARY_HEADER_OCTETS * 8 + sum(width for _, _, width in fields) == 8 * len(packets[0])
        definition = ccsdspy.FixedLength([ccsdspy.PacketField(name, kind, width) for name, kind, width in fields])
        theirs = definition.load(io.BytesIO(b"".join(packets)))
        for number, packet in enumerate(packets):
            ours = found.decode_raw(packet)
            for name, kind, _ in fields:
                value, expected = theirs[name][number], getattr(ours, name)
                if kind == "str":  # numpy drops the zeros at the end of such a field
                    assert bytes(value) == expected.rstrip(b"\0"), f"{entry.name}: {name}"
                else:
                    assert value == expected or value != value, f"{entry.name}: {name}"  # noqa: PLR0124 - a NaN
                compared += 1
    assert compared > 5_000
