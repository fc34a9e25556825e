"""Packets out of the frames of a virtual channel, and out of the segments of multiplexer access points."""

from __future__ import annotations

from random import Random

import msgspec

from tests.fuzz.mutation import Field, Mutator
from tests.fuzz.target import Changes, Target, promise, promise_sum
from tests.fuzz.targets.space_packets import HEADER_FIELDS, draw_packet
from tlm_cmd.frames.map_demultiplexer import MapDemultiplexer
from tlm_cmd.frames.map_multiplexer import MapMultiplexer, MapParameters
from tlm_cmd.frames.multiplexer import channels_by_priority
from tlm_cmd.frames.packet_extractor import PacketExtractor
from tlm_cmd.frames.tc import SegmentHeader
from tlm_cmd.frames.tm import TmFrame
from tlm_cmd.frames.tm_multiplexer import TmMultiplexer

LONGEST = 200
_HEAD_OCTETS = 4


class ExtractorTarget(Target):
    """`PacketExtractor`: frames of a real sender; counts, pointers and packets changed, frames lost and repeated."""

    name = "packet_extractor"
    declared = ()
    reaches = frozenset({"packets", "pointer_errors", "oversize", "bad_versions", "gaps", "idle_frames", "held"})
    share = 20
    most_state_octets = LONGEST + 600

    def __init__(self, chance: Random) -> None:
        super().__init__(chance)
        self.octets = chance.choice((20, 60, 150))
        channels = channels_by_priority((0,), max_packet_octets=LONGEST)
        self.sender = TmMultiplexer(1, self.octets, channels, ocf=False)
        self.mutator = Mutator(chance, [chance.randbytes(60)], (Field(0, 2), Field(2, 2), *_behind_head(chance)))
        self.extractor = PacketExtractor(LONGEST, max_gap=chance.choice((None, 20)))
        names = ["pointer_errors", "oversize", "bad_versions", "packets", "gaps", "idle_frames", "idle_packets"]
        self.changes = Changes(self.extractor.state.counters, names, "held")
        self.newest = bytes(5)
        self.frames = self.out = self.packets = 0

    def case(self) -> bytes:
        """Count (2 octets), first header pointer (2), zone."""
        draw = self.chance.random()
        if draw < 0.03:
            return self.newest
        for _ in range(2 if draw < 0.06 else 1):
            if self.chance.random() < 0.8:
                self.sender.enqueue(0, draw_packet(self.chance))
            frame = TmFrame.unpack(self.sender.next_frame(), self.octets)
        head = frame.virtual_channel_count.to_bytes(2, "big") + frame.first_header_pointer.to_bytes(2, "big")
        self.newest = head + frame.data
        return self.mutator.mutate(self.newest) if self.chance.random() < 0.4 else self.newest

    def run(self, case: bytes) -> str:
        """Take a frame; what is too short for one has the count and the pointer 0."""
        self.frames += 1
        head = case[:_HEAD_OCTETS].ljust(_HEAD_OCTETS, b"\0")
        packets = self.extractor.extract(head[1], (head[2] << 8 | head[3]) & 0x7FF, case[_HEAD_OCTETS:])
        promise(all(7 <= len(packet) <= LONGEST for packet in packets), what="a packet that is too short or too long")
        self.packets += len(packets)
        self.out += sum(map(len, packets))
        return self.changes.outcome()

    def check(self) -> None:
        """Each octet is of a packet, idle, dropped, or waits."""
        state, counters = self.extractor.state, self.extractor.state.counters
        promise_sum("frames", counters.frames, self.frames)
        promise_sum("packets", counters.packets, self.packets)
        promise_sum("packet octets", counters.packet_octets, self.out)
        known = counters.packet_octets, counters.idle_octets, counters.dropped_octets
        promise_sum("octets", counters.octets, *known, len(state.partial))

    def memory(self) -> msgspec.Struct:
        """The extractor's."""
        return self.extractor.state

    def restore(self, state: msgspec.Struct) -> None:
        """Go on with it."""
        assert isinstance(state, type(self.extractor.state))
        self.extractor.state = state
        self.changes = Changes(state.counters, self.changes.names, "held")


def _behind_head(chance: Random) -> list[Field]:
    """The fields of a packet header that may stand anywhere in a zone."""
    at = _HEAD_OCTETS + chance.randrange(10)
    return [Field(at + field.offset, field.octets) for field in HEADER_FIELDS]


class MapTarget(Target):
    """`MapDemultiplexer`: segments of a real sender, their headers and data changed, some lost, some repeated."""

    name = "map_demultiplexer"
    declared = ()
    reaches = frozenset({"given", "held", "unknown MAP", "malformed", "dropped"})
    most_state_octets = 3 * LONGEST + 1500

    def __init__(self, chance: Random) -> None:
        super().__init__(chance)
        maps = {
            1: MapParameters(max_unit_octets=LONGEST),
            2: MapParameters(max_unit_octets=LONGEST, packets=False),
            9: MapParameters(max_unit_octets=50),
        }
        self.sender = MapMultiplexer(maps, 40)
        self.demultiplexer = MapDemultiplexer(maps)
        self.mutator = Mutator(chance, [chance.randbytes(40)], (Field(0, 1), Field(1, 2), Field(5, 2)))
        self.newest = bytes(5)
        self.segments = self.octets = 0

    def case(self) -> bytes:
        """A segment header and its data."""
        draw = self.chance.random()
        if draw < 0.03:
            return self.newest
        for _ in range(2 if draw < 0.1 else 1):
            segment = self.sender.next_segment()
            while segment is None:
                packet = draw_packet(self.chance) + (draw_packet(self.chance) if self.chance.random() < 0.1 else b"")
                self.sender.enqueue(self.chance.choice((1, 2, 9)), packet)
                segment = self.sender.next_segment()
        self.newest = segment[0].pack() + segment[1]
        return self.mutator.mutate(self.newest) if self.chance.random() < 0.4 else self.newest

    def run(self, case: bytes) -> str:
        """Take a segment, which has data."""
        case = case if len(case) > 1 else b"\xc1\0"
        segment = SegmentHeader.unpack(case)
        self.segments += 1
        self.octets += len(case) - 1
        state = self.demultiplexer.state
        found = state.maps.get(segment.map_id)
        if found is None:
            self.demultiplexer.receive(segment, case[1:])
            return "unknown MAP"
        before = found.counters.malformed, found.assembler.counters.dropped_units
        given = self.demultiplexer.receive(segment, case[1:])
        if found.counters.malformed != before[0]:
            return "malformed"
        if found.assembler.counters.dropped_units != before[1]:
            return "dropped"
        return "given" if given else "held"

    def check(self) -> None:
        """Each octet is of a unit, dropped, of no MAP, or waits; each octet of a unit is of a packet or not."""
        state = self.demultiplexer.state
        promise_sum("segments", state.segments, self.segments)
        taken = [found.assembler.counters.octets for found in state.maps.values()]
        promise_sum("octets", self.octets, state.unknown_map_octets, *taken)
        for map_id, found in state.maps.items():
            counters, assembler = found.counters, found.assembler
            pieces = assembler.counters
            promise_sum("assembled", pieces.octets, pieces.unit_octets, pieces.dropped_octets, len(assembler.partial))
            if self.demultiplexer.maps[map_id].packets:
                known = counters.packet_octets, counters.idle_octets, counters.malformed_octets
                promise_sum("unit octets", pieces.unit_octets, *known)

    def memory(self) -> msgspec.Struct:
        """The demultiplexer's."""
        return self.demultiplexer.state

    def restore(self, state: msgspec.Struct) -> None:
        """Go on with it."""
        assert isinstance(state, type(self.demultiplexer.state))
        self.demultiplexer.state = state


TARGETS: tuple[type[Target], ...] = (ExtractorTarget, MapTarget)
