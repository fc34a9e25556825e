"""Whole packets out of a stream of octets, as a serial line or a file gives them."""

from collections.abc import Callable, Iterable

import msgspec

from tlm_cmd.errors import check_range
from tlm_cmd.packets.spacepacket import (
    IDLE_APID,
    MAX_PACKET_OCTETS,
    MIN_PACKET_OCTETS,
    PRIMARY_HEADER_OCTETS,
    declared_packet_octets,
    is_idle_packet,
)


class SplitterCounters(msgspec.Struct):
    """What became of each octet: ``octets = packet_octets + idle_octets + skipped_octets + buffered``."""

    octets: int = 0
    packets: int = 0
    packet_octets: int = 0
    idle_packets: int = 0
    idle_octets: int = 0
    skipped_octets: int = 0
    resyncs: int = 0
    """Times a packet was found again after octets had been skipped."""


class SplitterState(msgspec.Struct):
    """The memory of a `PacketSplitter`."""

    counters: SplitterCounters = msgspec.field(default_factory=SplitterCounters)
    buffer: bytearray = msgspec.field(default_factory=bytearray)
    """The start of a packet not yet whole; shorter than the longest packet after each call."""
    needed: int = PRIMARY_HEADER_OCTETS
    """Octets the buffer must hold before anything can be decided."""
    synchronised: bool = True


class PacketSplitter:
    """Finds packets in a stream and finds them again after garbage.

    A header is plausible when its version is 0, its length at most ``max_packet_octets`` and its APID one of
    ``apids`` (None: any). Garbage that looks like a header holds the search up until the packet it announces is
    there, so a low ``max_packet_octets`` and few APIDs make for a quick recovery. ``accepts`` judges the whole
    packet, for instance by its checksum: if it refuses, the search goes on one octet later and nothing is lost.
    Octets that belong to no packet are skipped one at a time and counted. Idle packets are dropped and counted.

    The result depends on the octets only, never on how they were cut into chunks.
    """

    def __init__(
        self,
        *,
        apids: Iterable[int] | None = None,
        accepts: Callable[[bytes], bool] | None = None,
        max_packet_octets: int = MAX_PACKET_OCTETS,
    ) -> None:
        check_range("max packet octets", max_packet_octets, MIN_PACKET_OCTETS, MAX_PACKET_OCTETS)
        self.max_packet_octets = max_packet_octets
        self.apids = None if apids is None else frozenset(apids) | {IDLE_APID}
        self.accepts = accepts
        self.state = SplitterState()

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next octets of the stream and return the packets that they complete."""
        state = self.state
        state.counters.octets += len(chunk)
        data = chunk
        if state.buffer:
            state.buffer += chunk
            if len(state.buffer) < state.needed:
                return []
            data = bytes(state.buffer)
        packets: list[bytes] = []
        offset = 0
        needed = PRIMARY_HEADER_OCTETS
        while len(data) - offset >= PRIMARY_HEADER_OCTETS:
            octets = self._plausible_octets(data, offset)
            if octets > len(data) - offset:
                needed = octets
                break
            if octets and self._take(data[offset : offset + octets], packets):
                offset += octets
            else:
                state.counters.skipped_octets += 1
                state.synchronised = False
                offset += 1
        state.buffer = bytearray(data[offset:])
        state.needed = needed
        return packets

    def reset(self) -> None:
        """Give up the packet in progress, for instance after a silence; its octets count as skipped."""
        state = self.state
        if state.buffer:
            state.counters.skipped_octets += len(state.buffer)
            state.synchronised = False
        state.buffer = bytearray()
        state.needed = PRIMARY_HEADER_OCTETS

    def _plausible_octets(self, data: bytes, offset: int) -> int:
        """Return the length of the packet whose header may stand at ``offset``, 0 if none can."""
        octets = declared_packet_octets(data, offset)
        if octets > self.max_packet_octets:
            return 0
        if self.apids is not None and int.from_bytes(data[offset : offset + 2], "big") & 0x7FF not in self.apids:
            return 0
        return octets

    def _take(self, packet: bytes, packets: list[bytes]) -> bool:
        """Count a whole packet and keep it unless it is idle; return False if it is not acceptable."""
        counters = self.state.counters
        if is_idle_packet(packet):
            counters.idle_packets += 1
            counters.idle_octets += len(packet)
        elif self.accepts is None or self.accepts(packet):
            counters.packets += 1
            counters.packet_octets += len(packet)
            packets.append(packet)
        else:
            return False
        if not self.state.synchronised:
            counters.resyncs += 1
            self.state.synchronised = True
        return True
