"""Where the telemetry packets of a buffer are, by APID; what is no packet is passed over and reported."""

from __future__ import annotations

import struct
from binascii import crc_hqx
from collections.abc import Collection
from enum import StrEnum, unique

import msgspec
import numpy as np
from numpy.typing import NDArray

from tlm_cmd.packets.cfs_header import MIN_TELEMETRY_OCTETS
from tlm_cmd.packets.spacepacket import IDLE_APID, MIN_PACKET_OCTETS, PRIMARY_HEADER_OCTETS

MAX_REPORTED_SPANS = 1000
"""Skipped spans that are listed; all are counted."""

_HEADER = struct.Struct(">HHH")
_TELEMETRY_BITS = 0x0800
_UNSEGMENTED_BITS = 0xC000
_FIRST_STRIDE, _LONGEST_STRIDE = 32, 65_536
"""Packets of one kind in a row that are looked at together: few at first, twice as many after each success."""

_HEADER_WORDS = np.dtype([("identification", ">u2"), ("sequence", ">u2"), ("length", ">u2")])


@unique
class SkipReason(StrEnum):
    """Why octets belong to no packet."""

    NO_HEADER = "no_header"
    """No telemetry packet of this mission can begin here."""
    BAD_CHECKSUM = "bad_checksum"
    """A packet seems to begin here, but its packet error control is wrong."""
    CUT_SHORT = "cut_short"
    """A packet seems to begin here, but the buffer ends before it does."""


class SkippedSpan(msgspec.Struct, frozen=True, gc=False):
    """Octets in a row that belong to no packet, and why none could begin at the first of them."""

    offset: int
    octets: int
    reason: SkipReason


class PacketRun(msgspec.Struct, frozen=True, gc=False):
    """Packets of one APID and one length, one directly behind the other."""

    offset: int
    packet_octets: int
    count: int


class PacketIndex(msgspec.Struct):
    """The packets of a buffer: ``octets = packet_octets + idle_octets + skipped_octets``.

    Attributes:
        octets: length of the buffer.
        runs: the packets of each APID, in their order.
        packets, packet_octets: how many there are.
        idle_packets, idle_octets: packets of the idle APID; they are dropped.
        skipped_octets: what belongs to no packet, all reasons together.
        skips: how many spans were skipped, by the reason that each began with.
        spans: the first ``MAX_REPORTED_SPANS`` of them.
    """

    octets: int
    runs: dict[int, list[PacketRun]] = msgspec.field(default_factory=dict)
    packets: int = 0
    packet_octets: int = 0
    idle_packets: int = 0
    idle_octets: int = 0
    skipped_octets: int = 0
    skips: dict[SkipReason, int] = msgspec.field(default_factory=lambda: dict.fromkeys(SkipReason, 0))
    spans: list[SkippedSpan] = msgspec.field(default_factory=list)


def index_packets(buffer: bytes, apids: Collection[int] = (), *, check_crc: bool = True) -> PacketIndex:
    """Find the telemetry packets of a buffer (`tlm_cmd.packets.cfs_header` has their shape).

    Any header that could be one is believed until the packet error control behind it is wrong: packets may have any
    length, also ones that no definition has, and those are to be reported. So octets that were made for it, long
    headers one behind the other, cost a checksum over 64 KiB for each six of them, half a minute for a megabyte; what
    links and recorders damage costs no more than a few checksums for each damaged packet.

    Args:
        buffer: any octets.
        apids: the APIDs that occur; without the check of the packet error control, nothing else is taken for a packet.
        check_crc: whether a packet must have the right packet error control.
    """
    return _Indexer(buffer, apids, check_crc=check_crc).run()


class _Indexer:
    """Walks from packet to packet; where one kind follows itself, it takes many at once."""

    def __init__(self, buffer: bytes, apids: Collection[int], *, check_crc: bool) -> None:
        self._buffer = buffer
        self._view = memoryview(buffer)
        self._array = np.frombuffer(buffer, np.uint8)
        self._check_crc = check_crc
        candidates = range(IDLE_APID) if check_crc else apids
        self._identifications = frozenset(_TELEMETRY_BITS | apid for apid in candidates)
        self._index = PacketIndex(len(buffer))
        self._skip_begin = 0
        self._skip_reason: SkipReason | None = None

    def run(self) -> PacketIndex:
        index, end, offset = self._index, len(self._buffer), 0
        while end - offset >= MIN_PACKET_OCTETS:
            identification, sequence, length = _HEADER.unpack_from(self._buffer, offset)
            octets = length + MIN_PACKET_OCTETS
            refusal = self._refusal(identification, sequence, offset, octets)
            if refusal is not None:
                self._skip(offset, refusal)
                offset += 1
                continue
            self._end_skip(offset)
            if identification == IDLE_APID:
                index.idle_packets += 1
                index.idle_octets += octets
                offset += octets
            else:
                count = self._row(offset, identification, octets)
                index.runs.setdefault(identification & IDLE_APID, []).append(PacketRun(offset, octets, count))
                index.packets += count
                index.packet_octets += count * octets
                offset += count * octets
        if offset < end:
            self._skip(offset, SkipReason.CUT_SHORT)
        self._end_skip(end)
        return index

    def _refusal(self, identification: int, sequence: int, offset: int, octets: int) -> SkipReason | None:
        """Why no packet begins at ``offset``, None if one does."""
        if identification == IDLE_APID:
            return None if self._may_begin(offset + octets) else SkipReason.NO_HEADER
        if identification not in self._identifications or sequence < _UNSEGMENTED_BITS or octets < MIN_TELEMETRY_OCTETS:
            return SkipReason.NO_HEADER
        if offset + octets > len(self._buffer):
            return SkipReason.CUT_SHORT
        if self._check_crc and crc_hqx(self._view[offset : offset + octets], 0xFFFF):
            return SkipReason.BAD_CHECKSUM
        return None

    def _may_begin(self, offset: int) -> bool:
        """Whether a packet can begin at ``offset``, or the buffer ends: nothing else confirms an idle packet."""
        identification = int.from_bytes(self._buffer[offset : offset + 2], "big")
        is_known = identification == IDLE_APID or identification in self._identifications
        return is_known or offset == len(self._buffer)

    def _row(self, offset: int, identification: int, octets: int) -> int:
        """How many packets like the one at ``offset`` follow directly on one another, itself included."""
        count, stride = 1, _FIRST_STRIDE
        while True:
            begin = offset + count * octets
            room = (len(self._buffer) - begin) // octets
            if room < 1 or self._buffer[begin : begin + 2] != identification.to_bytes(2, "big"):
                return count
            tried = min(stride, room)
            taken = self._alike(begin, identification, octets, tried)
            count += taken
            if taken < tried:
                return count
            stride = min(2 * stride, _LONGEST_STRIDE)

    def _alike(self, begin: int, identification: int, octets: int, tried: int) -> int:
        """How many of the next ``tried`` packets are of the same kind and length, up to the first that is not."""
        rows = self._array[begin : begin + tried * octets].reshape(tried, octets)
        words = rows[:, :PRIMARY_HEADER_OCTETS].view(_HEADER_WORDS)[:, 0]
        alike = (
            (words["identification"] == identification)
            & (words["length"] == octets - MIN_PACKET_OCTETS)
            & (words["sequence"] >= _UNSEGMENTED_BITS)
        )
        taken = tried if alike.all() else int(alike.argmin())
        return self._checked(begin, octets, taken) if self._check_crc else taken

    def _checked(self, begin: int, octets: int, taken: int) -> int:
        """How many of ``taken`` packets have the right packet error control, up to the first that has not."""
        packets = struct.iter_unpack(f"{octets}s", self._view[begin : begin + taken * octets])
        for number, (packet,) in enumerate(packets):
            if crc_hqx(packet, 0xFFFF):
                return number
        return taken

    def _skip(self, offset: int, reason: SkipReason) -> None:
        if self._skip_reason is None:
            self._skip_begin, self._skip_reason = offset, reason

    def _end_skip(self, offset: int) -> None:
        if self._skip_reason is None:
            return
        index, octets = self._index, offset - self._skip_begin
        index.skipped_octets += octets
        index.skips[self._skip_reason] += 1
        if len(index.spans) < MAX_REPORTED_SPANS:
            index.spans.append(SkippedSpan(self._skip_begin, octets, self._skip_reason))
        self._skip_reason = None


def positions_of(runs: list[PacketRun]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The offset and the length [octets] of each packet of some runs."""
    offsets, octets, counts = (
        np.fromiter((getattr(run, name) for run in runs), np.int64, len(runs))
        for name in ("offset", "packet_octets", "count")
    )
    lengths = np.repeat(octets, counts)
    within = np.arange(len(lengths)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(offsets, counts) + within * lengths, lengths
