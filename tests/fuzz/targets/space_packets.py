"""Space packets: header, splitting of streams, runs, segmented user data, sequence counts."""

from __future__ import annotations

from random import Random

import msgspec

from tests.fuzz.mutation import Field
from tests.fuzz.repairs import frame_crc, packet_length, packet_version
from tests.fuzz.target import ACCEPTED, Changes, MutatedTarget, Target, promise, promise_sum
from tlm_cmd.packets.cfs_header import build_command, build_telemetry
from tlm_cmd.packets.crc import crc16
from tlm_cmd.packets.packet_run import split_run
from tlm_cmd.packets.segmentation import UserDataReassembler, segment_user_data
from tlm_cmd.packets.sequence import GapDetector, SequenceCounters
from tlm_cmd.packets.spacepacket import SpacePacketHeader, idle_packet, is_idle_packet, is_whole_packet
from tlm_cmd.packets.splitter import PacketSplitter

HEADER_FIELDS = (Field(0, 1), Field(0, 2), Field(2, 1), Field(2, 2), Field(4, 2), Field(4, 1))
LONGEST = 300


def draw_packet(chance: Random) -> bytes:
    """A telemetry packet, a command or an idle packet."""
    kind, apid, count = chance.random(), chance.randrange(0x7FF), chance.randrange(16_384)
    if kind < 0.15:
        return idle_packet(chance.randint(7, 40))
    if kind < 0.4:
        return build_command(apid, count, chance.randrange(128), chance.randbytes(chance.randrange(60)))
    return build_telemetry(apid, count, chance.randrange(1 << 32), chance.randrange(1 << 16), chance.randbytes(20))


class HeaderTarget(MutatedTarget):
    """`SpacePacketHeader.unpack`: what is accepted packs to the same octets."""

    name = "space_packet_header"
    reaches = frozenset({ACCEPTED, "TooShortError Space Packet header", "WrongVersionError packet version"})

    def __init__(self, chance: Random) -> None:
        corpus = [draw_packet(chance)[: chance.choice((6, 7, 20))] for _ in range(40)]
        super().__init__(chance, corpus, HEADER_FIELDS, (packet_version,))

    def run(self, case: bytes) -> str:
        """Read a header."""
        header = SpacePacketHeader.unpack(case)
        promise(header.pack() == case[:6], what="the header packs to other octets")
        return ACCEPTED


class RunTarget(MutatedTarget):
    """`split_run`: each octet is of a packet, idle or malformed."""

    name = "packet_run"
    declared = ()
    reaches = frozenset({"whole", "malformed", "idle"})

    def __init__(self, chance: Random) -> None:
        corpus = [b"".join(draw_packet(chance) for _ in range(chance.randint(1, 4))) for _ in range(40)]
        super().__init__(chance, corpus, HEADER_FIELDS, (packet_version,))

    def run(self, case: bytes) -> str:
        """Split a run."""
        run = split_run(case, LONGEST)
        promise_sum("octets", len(case), run.packet_octets, run.idle_octets, run.malformed_octets)
        sound = all(is_whole_packet(packet) and not is_idle_packet(packet) for packet in run.packets)
        promise(sound and all(len(packet) <= LONGEST for packet in run.packets), what="what is given is no packet")
        if run.malformed_octets:
            return "malformed"
        return "idle" if run.idle_packets else "whole"


class SplitterTarget(MutatedTarget):
    """`PacketSplitter` on a stream that never ends, cut anywhere."""

    name = "packet_splitter"
    declared = ()
    reaches = frozenset({"packets", "nothing", "bad_version", "too_long", "refused", "unknown_apid"})
    most_state_octets = 4 * LONGEST

    def __init__(self, chance: Random) -> None:
        super().__init__(chance, [draw_packet(chance) for _ in range(40)], HEADER_FIELDS, (packet_length, frame_crc))
        apids = None if chance.random() < 0.5 else range(0x400)
        self.splitter = PacketSplitter(apids=apids, accepts=_accepts, max_packet_octets=LONGEST, max_skips=4)
        self.stream = b""
        self.fed = self.out = self.packets = self.skipped = 0

    def case(self) -> bytes:
        """The next piece of the stream."""
        while len(self.stream) < 400:
            self.stream += self.changed(self.mutator.pick(self.corpus))
        end = self.mutator.below(200)
        case, self.stream = self.stream[:end], self.stream[end:]
        return case

    def run(self, case: bytes) -> str:
        """Feed a piece."""
        self.fed += len(case)
        packets = self.splitter.feed(case)
        if self.mutator.below(500) == 0:
            packets += self.splitter.finish()
        sound = all(is_whole_packet(packet) and len(packet) <= LONGEST for packet in packets)
        promise(sound and not any(map(is_idle_packet, packets)), what="what is given is no packet")
        self.packets += len(packets)
        self.out += sum(map(len, packets))
        skips = self.splitter.take_skips()
        self.skipped += sum(skip.octets for skip in skips)
        if skips:
            return skips[0].reason.value
        return "packets" if packets else "nothing"

    def check(self) -> None:
        """Each octet is of a packet, idle, skipped, or waits."""
        state, counters = self.splitter.state, self.splitter.state.counters
        promise_sum("octets fed", counters.octets, self.fed)
        promise_sum("packets", counters.packets, self.packets)
        promise_sum("packet octets", counters.packet_octets, self.out)
        known = counters.packet_octets, counters.idle_octets, counters.skipped_octets
        promise_sum("octets", counters.octets, *known, len(state.buffer))
        promise(self.skipped <= counters.skipped_octets, what="more octets listed than skipped")
        if not counters.unlisted_skips:
            promise_sum("listed octets", counters.skipped_octets, self.skipped)

    def memory(self) -> msgspec.Struct:
        """The splitter's."""
        return self.splitter.state

    def restore(self, state: msgspec.Struct) -> None:
        """Go on with it."""
        assert isinstance(state, type(self.splitter.state))
        self.splitter.state = state


def _accepts(packet: bytes) -> bool:
    return packet[0] & 0x10 != 0 or crc16(packet) == 0


class ReassemblerTarget(MutatedTarget):
    """`UserDataReassembler` on segmented packets, some of which are changed, lost or repeated."""

    name = "user_data_reassembler"
    declared = ()
    reaches = frozenset(
        {"units", "malformed", "without_start", "gaps", "unfinished", "oversize", "repeated", "too_many_open", "held"}
    )
    most_state_octets = 4 * 700 + 1000

    def __init__(self, chance: Random) -> None:
        self.counts = SequenceCounters()
        self.reassembler = UserDataReassembler(secondary_header_octets=4, max_unit_octets=600, max_open=3)
        self.changes = Changes(
            self.reassembler.state.counters,
            [
                "oversize",
                "too_many_open",
                "gaps",
                "unfinished",
                "repeated",
                "without_start",
                "units",
                "malformed",
                "idle_packets",
            ],
            "held",
        )
        self.packets: list[bytes] = []
        super().__init__(chance, self._unit(chance), HEADER_FIELDS, (packet_version, packet_length))
        self.cases = 0

    def _unit(self, chance: Random) -> list[bytes]:
        return segment_user_data(
            chance.randbytes(chance.choice((20, 150, 400, 700))),
            self.counts,
            apid=chance.choice((1, 2, 3, 4, 5)),
            secondary_header=chance.choice((b"", b"time")),
            max_packet_octets=100,
        )

    def case(self) -> bytes:
        """The next packet of one of the units under way."""
        while len(self.packets) < 6:
            self.packets += self._unit(self.chance)
        kind = self.chance.random()
        if kind < 0.1:
            return self.changed(self.packets[0])
        return self.packets.pop(self.mutator.below(6) if kind < 0.2 else 0) if kind < 0.92 else self.packets[0]

    def run(self, case: bytes) -> str:
        """Take a packet."""
        self.cases += 1
        self.reassembler.add(case)
        return self.changes.outcome()

    def check(self) -> None:
        """Each octet of user data is of a unit, dropped, or waits."""
        state, counters = self.reassembler.state, self.reassembler.state.counters
        promise_sum("packets", counters.packets, self.cases)
        waiting = sum(len(unit.data) for unit in state.partial.values())
        promise_sum("octets", counters.octets, counters.unit_octets, counters.dropped_octets, waiting)

    def memory(self) -> msgspec.Struct:
        """The reassembler's."""
        return self.reassembler.state

    def restore(self, state: msgspec.Struct) -> None:
        """Go on with it."""
        assert isinstance(state, type(self.reassembler.state))
        self.reassembler.state = state
        self.changes = Changes(state.counters, self.changes.names, "held")


class GapTarget(Target):
    """`GapDetector` on counts near the newest one, and far from it."""

    name = "gap_detector"
    declared = ()
    reaches = frozenset({"first", "in_order", "after_gap", "late", "repeated", "restarted", "idle"})
    share = 3
    most_state_octets = 4000

    def __init__(self, chance: Random) -> None:
        super().__init__(chance)
        self.detector = GapDetector()
        self.newest, self.cases = 0, 0

    def case(self) -> bytes:
        """An APID and a count."""
        chance = self.chance
        step = chance.choice((1, 1, 1, 2, 3, 0, -1, -5, -63, -64, -65, 8191, 8192, 8193, chance.randrange(16_384)))
        self.newest = (self.newest + step) % 16_384
        return chance.choice((1, 2, 3, 2047)).to_bytes(2, "big") + self.newest.to_bytes(2, "big")

    def run(self, case: bytes) -> str:
        """Note a packet."""
        self.cases += 1
        return self.detector.note(int.from_bytes(case[:2], "big"), int.from_bytes(case[2:], "big")).value

    def check(self) -> None:
        """Each packet is one of the kinds."""
        state = self.detector.state
        seen = [found.counters for found in state.apids.values()]
        promise_sum("packets", self.cases, state.idle_packets, *(counters.packets for counters in seen))
        for counters in seen:
            kinds = counters.first, counters.in_order, counters.after_gap, counters.late, counters.repeated
            promise_sum("kinds", counters.packets, *kinds, counters.restarted)
            promise(counters.missing >= 0, what="fewer than none missing")

    def memory(self) -> msgspec.Struct:
        """The detector's."""
        return self.detector.state

    def restore(self, state: msgspec.Struct) -> None:
        """Go on with it."""
        assert isinstance(state, type(self.detector.state))
        self.detector.state = state


TARGETS: tuple[type[Target], ...] = (HeaderTarget, RunTarget, SplitterTarget, ReassemblerTarget, GapTarget)
