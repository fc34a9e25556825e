"""Whole packets out of a stream of octets, as a serial line or a file gives them, and what else was in it.

A packet is told by its version and its length (CCSDS 133.0-B-2, 4.1.3): it has no marker.
"""

from collections.abc import Callable, Iterable
from enum import StrEnum, unique

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

MAX_SKIPS = 1_000_000
DEFAULT_MAX_SKIPS = 1000
"""Skipped runs that are kept, unless said otherwise."""


@unique
class SkipReason(StrEnum):
    """Why octets were skipped: what was wrong with the first of them as the start of a packet."""

    BAD_VERSION = "bad_version"
    """The packet version number is not 0."""
    TOO_LONG = "too_long"
    """The header declares a packet longer than allowed."""
    UNKNOWN_APID = "unknown_apid"
    """The APID is none of the expected ones."""
    REFUSED = "refused"
    """The whole packet was not acceptable, for instance by its checksum."""
    INCOMPLETE = "incomplete"
    """The stream ended, or was reset, before a packet was whole."""


class SkippedRun(msgspec.Struct):
    """Octets one behind the other that belong to no packet."""

    offset: int
    """Where the first of them stands in the stream."""
    octets: int
    reason: SkipReason


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
    unlisted_skips: int = 0
    """Skipped runs that the list had no room for."""


class SplitterState(msgspec.Struct):
    """The memory of a `PacketSplitter`."""

    counters: SplitterCounters = msgspec.field(default_factory=SplitterCounters)
    buffer: bytearray = msgspec.field(default_factory=bytearray)
    """The start of a packet not yet whole; shorter than the longest packet after each call."""
    needed: int = PRIMARY_HEADER_OCTETS
    """Octets the buffer must hold before anything can be decided."""
    synchronised: bool = True
    skips: list[SkippedRun] = msgspec.field(default_factory=list)
    """The skipped runs since they were last taken, the first ones if there were too many."""
    skip_end: int = -1
    """Where the newest skipped run ends in the stream, listed or not."""
    skip_listed: bool = False
    """Whether the newest skipped run is the last one of the list."""


class PacketSplitter:
    """Finds packets in a stream and finds them again after garbage.

    A header is plausible when its version is 0, its length at most ``max_packet_octets`` and its APID one of
    ``apids`` (None: any). Garbage that looks like a header holds the search up until the packet it announces is
    there, so a low ``max_packet_octets`` and few APIDs make for a quick recovery. ``accepts`` judges the whole
    packet, for instance by its checksum: if it refuses, the search goes on one octet later and nothing is lost.
    Octets that belong to no packet are skipped one at a time and counted; where they stood and why they were
    skipped is listed, up to ``max_skips`` runs. Idle packets are dropped and counted.

    The result depends on the octets only, never on how they were cut into chunks.
    """

    def __init__(
        self,
        *,
        apids: Iterable[int] | None = None,
        accepts: Callable[[bytes], bool] | None = None,
        max_packet_octets: int = MAX_PACKET_OCTETS,
        max_skips: int = DEFAULT_MAX_SKIPS,
    ) -> None:
        check_range("max packet octets", max_packet_octets, MIN_PACKET_OCTETS, MAX_PACKET_OCTETS)
        check_range("max skips", max_skips, 0, MAX_SKIPS)
        self.max_skips = max_skips
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
        offset, state.needed = self._scan(data, packets, is_end=False)
        state.buffer = bytearray(data[offset:])
        return packets

    def finish(self) -> list[bytes]:
        """Take the end of the stream and return the packets in what was held back.

        A header whose packet the end has cut was none, or its packet is lost: the search goes on one octet later.
        """
        state = self.state
        data = bytes(state.buffer)
        packets: list[bytes] = []
        offset, _ = self._scan(data, packets, is_end=True)
        state.buffer = bytearray(data[offset:])
        self.reset()
        return packets

    def _scan(self, data: bytes, packets: list[bytes], *, is_end: bool) -> tuple[int, int]:
        """Take the packets out of ``data``; return (octets used, octets that must be there to go on)."""
        offset = 0
        while len(data) - offset >= PRIMARY_HEADER_OCTETS:
            octets = self._plausible_octets(data, offset)
            is_cut = octets > len(data) - offset
            if is_cut and not is_end:
                return offset, octets
            if octets and not is_cut and self._take(data[offset : offset + octets], packets):
                offset += octets
            else:
                position = self.state.counters.octets - len(data) + offset
                self._note_skip(position, 1, self._reason(data, offset, octets, is_cut=is_cut))
                offset += 1
        return offset, PRIMARY_HEADER_OCTETS

    def reset(self) -> None:
        """Give up the packet in progress, for instance after a silence; its octets count as skipped."""
        state = self.state
        if state.buffer:
            self._note_skip(state.counters.octets - len(state.buffer), len(state.buffer), SkipReason.INCOMPLETE)
        state.buffer = bytearray()
        state.needed = PRIMARY_HEADER_OCTETS

    def take_skips(self) -> list[SkippedRun]:
        """Return the runs skipped since the last call, in order, and forget them.

        A run that is still growing then comes in two parts.
        """
        state = self.state
        skips, state.skips, state.skip_listed = state.skips, [], False
        state.skip_end = -1
        return skips

    def _reason(self, data: bytes, offset: int, octets: int, *, is_cut: bool) -> SkipReason:
        """Return why no packet stands at ``offset``, where one of ``octets`` octets might, or none if that is 0."""
        if octets:
            return SkipReason.INCOMPLETE if is_cut else SkipReason.REFUSED
        declared = declared_packet_octets(data, offset)
        if not declared:
            return SkipReason.BAD_VERSION
        return SkipReason.TOO_LONG if declared > self.max_packet_octets else SkipReason.UNKNOWN_APID

    def _note_skip(self, position: int, octets: int, reason: SkipReason) -> None:
        """Count skipped octets, and list them: with the run that they continue, or as a new one for ``reason``."""
        state = self.state
        state.counters.skipped_octets += octets
        state.synchronised = False
        if position != state.skip_end:
            state.skip_listed = len(state.skips) < self.max_skips
            if state.skip_listed:
                state.skips.append(SkippedRun(position, 0, reason))
            else:
                state.counters.unlisted_skips += 1
        state.skip_end = position + octets
        if state.skip_listed:
            state.skips[-1].octets += octets

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


def split_packets(
    octets: bytes,
    *,
    apids: Iterable[int] | None = None,
    accepts: Callable[[bytes], bool] | None = None,
    max_packet_octets: int = MAX_PACKET_OCTETS,
    max_skips: int = DEFAULT_MAX_SKIPS,
) -> tuple[list[bytes], list[SkippedRun]]:
    """Return the packets of a whole file, and what was skipped in it, by the rules of `PacketSplitter`.

    ``max_packet_octets`` is the longest packet that is believed, ``max_skips`` how many runs of octets are noted.

    Raises:
        FieldRangeError: a bound is out of range.
    """
    splitter = PacketSplitter(apids=apids, accepts=accepts, max_packet_octets=max_packet_octets, max_skips=max_skips)
    packets = splitter.feed(octets) + splitter.finish()
    return packets, splitter.take_skips()
