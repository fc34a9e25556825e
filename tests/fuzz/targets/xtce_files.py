"""XTCE files of others: documents damaged as a careless editor would, and packets that meet what was made of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from random import Random

from tests.fuzz.mutation import Field, Mutator
from tests.fuzz.payloads import draw_payload
from tests.fuzz.repairs import frame_crc, packet_length
from tests.fuzz.target import ACCEPTED, VALID_SHARE, MutatedTarget, Target, promise
from tests.fuzz.targets.mission_packets import dictionary
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.entries import AppInterface
from tlm_cmd.definition.layout import layout_of
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.cfs_header import build_telemetry
from tlm_cmd.xtce.database import XtceDatabase
from tlm_cmd.xtce.export import export

APID = 0x40
_APPS = ("thermal", "power", "payload")
_VALUES = (
    "0",
    "-1",
    "1",
    "7",
    "64",
    "65",
    "65536",
    "99999999999999999999",
    "1e999",
    "nan",
    "",
    "u8",
    "true",
    "..",
    "/",
)
_PACKETS_PER_DOCUMENT = 6


@cache
def small_dictionary(app: str) -> Dictionary:
    """A part of one app of the reference mission: a whole one would take long to load."""
    found = next(each for each in dictionary().apps if each.name == app)
    return Dictionary("m", [AppInterface(app, APID, found.commands[:3], found.telemetry[:3], found.events[:3])])


@cache
def pieces_of(app: str) -> tuple[str, ...]:
    """The tags and texts of the document that describes it."""
    return tuple(re.split(r"(?<=>)", export(small_dictionary(app)).text))


def draw_packets(chance: Random, app: str, count: int) -> list[bytes]:
    """Packets that a document describes."""
    entries = list(small_dictionary(app).telemetry.values())
    drawn = [chance.choice(entries) for _ in range(count)]
    return [build_telemetry(each.apid, 1, 2, 3, draw_payload(layout_of(each.record), chance)) for each in drawn]


class DocumentTarget(Target):
    """`XtceDatabase`, then the decoders and encoders that it has made: nothing but declared errors, and no hang.

    An input is a document.
    """

    name = "xtce_document"
    reaches = frozenset({"XtceError", "loaded and decodes"})
    share = 1
    chunk = 40

    def __init__(self, chance: Random) -> None:
        super().__init__(chance)
        self.app = chance.choice(_APPS)
        self.pieces = pieces_of(self.app)
        self.mutator = Mutator(chance, ["".join(self.pieces[:40]).encode()])
        self.packets = draw_packets(chance, self.app, _PACKETS_PER_DOCUMENT)

    def case(self) -> bytes:
        """A document with tags and values that are exchanged, repeated, left out or made up."""
        pieces = list(self.pieces)
        if self.chance.random() < VALID_SHARE:
            return "".join(pieces).encode()
        for _ in range(self.chance.choice((1, 1, 2, 3, 8))):
            self._damage(pieces)
        data = "".join(pieces).encode()
        return self.mutator.mutate(data) if self.chance.random() < 0.1 else data

    def _damage(self, pieces: list[str]) -> None:
        chance = self.chance
        at, other = chance.randrange(len(pieces)), chance.randrange(len(pieces))
        kind = chance.random()
        if kind < 0.15:
            pieces[at] = pieces[other]
        elif kind < 0.25:
            del pieces[at]
        elif kind < 0.35:
            pieces.insert(at, pieces[other])
        elif kind < 0.7:
            pieces[at] = self._changed_value(pieces[at], pieces[other])
        elif kind < 0.85:
            pieces[at] = re.sub(r"\d+", lambda _: chance.choice(_VALUES), pieces[at], count=1)
        else:
            self._exchange(pieces, at)

    def _changed_value(self, piece: str, other: str) -> str:
        """Another value for one attribute: one of another tag, or an edge."""
        theirs: Sequence[str] = re.findall(r'"([^"]*)"', other) or _VALUES
        value = self.chance.choice(theirs if self.chance.random() < 0.6 else _VALUES)
        places = list(re.finditer(r'"[^"]*"', piece))
        if not places:
            return piece
        place = self.chance.choice(places)
        return f'{piece[: place.start()]}"{value}"{piece[place.end() :]}'

    def _exchange(self, pieces: list[str], at: int) -> None:
        """A whole element is put to the place of another."""
        end = min(len(pieces), at + self.chance.choice((2, 4, 8)))
        taken = pieces[at:end]
        del pieces[at:end]
        there = self.chance.randrange(len(pieces) + 1)
        pieces[there:there] = taken

    def run(self, case: bytes) -> str:
        """Load a document, then decode packets and encode commands by it."""
        database = XtceDatabase(case)
        decoded = 0
        for packet in self.packets:
            for octets in (packet, self.mutator.mutate(packet)):
                try:
                    database.decode(octets)
                except ProtocolError:
                    continue
                decoded += 1
        for encoder in database.encoders.values():
            try:
                encoder.encode({name: self.chance.choice((1, "x", b"x", True, 1.5, [])) for name in encoder.arguments})
            except ProtocolError:
                continue
        return "loaded and decodes" if decoded else "loaded"


@cache
def database(app: str) -> XtceDatabase:
    """The decoder of one app's packets, by its own file."""
    return XtceDatabase(export(small_dictionary(app)).text.encode())


class XtcePacketTarget(MutatedTarget):
    """`XtceDatabase.decode` of a sound file: raw and engineering values of the same packet."""

    name = "xtce_packets"
    reaches = frozenset({ACCEPTED, "UnknownPacketError"})
    share = 10

    def __init__(self, chance: Random) -> None:
        self.app = chance.choice(_APPS)
        fields = (Field(0, 2), Field(2, 2), Field(4, 2), *(Field(16 + at, 1) for at in range(6)))
        super().__init__(chance, draw_packets(chance, self.app, 60), fields, (packet_length, frame_crc))

    def run(self, case: bytes) -> str:
        """Decode a packet both as engineering and as raw values."""
        packet, message = database(self.app).decode(case)
        again, raw = database(self.app).decode_raw(case)
        promise(again is packet, what="another packet for raw values")
        promise(message.__struct_fields__ == raw.__struct_fields__, what="raw values have other names")
        return ACCEPTED


TARGETS: tuple[type[Target], ...] = (DocumentTarget, XtcePacketTarget)
