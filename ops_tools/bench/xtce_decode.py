"""Decoding by an imported XTCE file, beside space-packet-parser with the same file and the same packets."""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable, Sequence
from random import Random
from typing import Annotated, Any

from flightsw.errors import FlightSoftwareError
from flightsw.mission import Mission
from ops_tools.bench.effort import Effort, cpu_seconds
from ops_tools.bench.figures import Better, Figure, figure
from ops_tools.reference_mission import reference_mission
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.entries import AppInterface
from tlm_cmd.definition.fields import F32, I16, U8, U16, U32, Linear
from tlm_cmd.definition.message import Telemetry
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.cfs_header import build_telemetry
from tlm_cmd.xtce.database import XtceDatabase
from tlm_cmd.xtce.export import Form, export

PEER = "space-packet-parser"
PACKETS = 20_000
PEER_PACKETS = 400
MUST, AIM = 30, 100


class TwentyFields(Telemetry):
    """A housekeeping packet of 20 fields: counters, currents, temperatures."""

    a0: Annotated[int, U8]
    a1: Annotated[int, U16]
    a2: Annotated[int, U32]
    a3: Annotated[float, F32]
    a4: Annotated[float, I16, Linear(0.01)]
    b0: Annotated[int, U8]
    b1: Annotated[int, U16]
    b2: Annotated[int, U32]
    b3: Annotated[float, F32]
    b4: Annotated[float, I16, Linear(0.01)]
    c0: Annotated[int, U8]
    c1: Annotated[int, U16]
    c2: Annotated[int, U32]
    c3: Annotated[float, F32]
    c4: Annotated[float, I16, Linear(0.01)]
    d0: Annotated[int, U8]
    d1: Annotated[int, U16]
    d2: Annotated[int, U32]
    d3: Annotated[float, F32]
    d4: Annotated[float, I16, Linear(0.01)]


def measure(effort: Effort) -> list[Figure]:
    """How often as fast: the file of the reference mission with its telemetry, and a file of one packet of 20 fields.

    Raises:
        FlightSoftwareError: space-packet-parser is not installed.
    """
    mission = Mission.load(reference_mission() / "mission.toml").dictionary
    alone = Dictionary("alone", [AppInterface("app", 0x20, telemetry=(TwentyFields,))])
    found: list[Figure] = []
    for dictionary, what in ((mission, "reference mission, all fixed packets"), (alone, "one packet of 20 fields")):
        ratios, ours, theirs = _compare(dictionary, effort)
        found += [
            figure(("tlm.xtce", f"{what}: times as fast"), "x", ratios, Better.HIGHER, must=MUST, aim=AIM),
            figure(("tlm.xtce", what), "pkt/s", ours, Better.HIGHER, reference=(PEER, theirs)),
        ]
    return found


def _compare(dictionary: Dictionary, effort: Effort) -> tuple[list[float], list[float], list[float]]:
    """Ratios, our rates and those of the peer, one of each per run."""
    document = export(dictionary, Form.PLAIN).text.encode()
    database, parse = XtceDatabase(document), _peer(document)
    packets = _packets(dictionary)
    for packet in packets:  # the same values, or there is nothing to compare
        _, message = database.decode(packet)
        names = message.__struct_fields__
        if {name: getattr(message, name) for name in names} != dict(parse(packet)):
            raise FlightSoftwareError(f"{PEER} reads other values than we do in {type(message).__name__}")
    ours, theirs = [], []
    for _ in range(effort.runs):
        ours.append(_rate(database.decode, packets, effort.count(PACKETS)))
        theirs.append(_rate(parse, packets, effort.count(PEER_PACKETS)))
    return [one / other for one, other in zip(ours, theirs, strict=True)], ours, theirs


def _rate(decode: Callable[[bytes], object], packets: Sequence[bytes], count: int) -> float:
    """Packets per second of processor time."""
    batch = [packets[number % len(packets)] for number in range(count)]

    def work() -> None:
        for packet in batch:
            decode(packet)

    return count / cpu_seconds(work)


def _packets(dictionary: Dictionary) -> list[bytes]:
    """A packet of each kind that has a fixed length and may hold nothing but zeros."""
    random, packets = Random(1), []
    for entry in dictionary.telemetry.values():
        octets = entry.codec.layout.fixed_octets
        if octets is None:
            continue
        payload = bytes(octets)
        try:
            entry.codec.decode(payload)
        except ProtocolError:
            continue
        packets.append(build_telemetry(entry.apid, random.randrange(1 << 14), random.randrange(1 << 32), 0, payload))
    return packets


def _peer(document: bytes) -> Callable[[bytes], Any]:
    try:
        definitions = importlib.import_module("space_packet_parser.xtce.definitions")
    except ImportError as error:
        raise FlightSoftwareError(f"the benchmark tlm.xtce needs {PEER}: {error}") from error
    parse: Callable[[bytes], Any] = definitions.XtcePacketDefinition.from_xtce(io.BytesIO(document)).parse_bytes
    return parse
