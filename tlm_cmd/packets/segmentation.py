"""User data longer than a packet, over several packets and back (CCSDS 133.0-B-2, 4.1.3.4.2: the sequence flags).

The pieces of one unit of user data have consecutive sequence counts: the first one's flags say first, the last one's
last, those between them continuation. A unit that fits into one packet is unsegmented.
"""

from typing import assert_never

import msgspec

from tlm_cmd.errors import check_range
from tlm_cmd.packets.sequence import SequenceCounters
from tlm_cmd.packets.spacepacket import (
    IDLE_APID,
    MAX_PACKET_OCTETS,
    MIN_PACKET_OCTETS,
    PRIMARY_HEADER_OCTETS,
    SEQUENCE_MODULO,
    PacketType,
    SequenceFlags,
    SpacePacketHeader,
    is_whole_packet,
)

MAX_USER_DATA_OCTETS = 1 << 30
"""Longest unit of user data; the standard has no bound."""
DEFAULT_MAX_UNIT_OCTETS = 1 << 20
DEFAULT_MAX_OPEN = 64
"""APIDs with a unit in progress, unless said otherwise."""


def segment_user_data(
    data: bytes,
    counters: SequenceCounters,
    *,
    apid: int,
    packet_type: PacketType = PacketType.TELEMETRY,
    secondary_header: bytes = b"",
    max_packet_octets: int = MAX_PACKET_OCTETS,
) -> list[bytes]:
    """Return the packets that carry a unit of user data.

    Args:
        data: the unit; one octet at least.
        counters: gives each packet its sequence count.
        apid: of all packets, 0 to 2046.
        packet_type: of all packets.
        secondary_header: stands in every packet, if there is one: its flag must be the same in all packets of an APID.
        max_packet_octets: longest packet, headers included.

    Raises:
        FieldRangeError: there are no data or more than a gibibyte, no room for them in a packet, or the APID is
            out of range.
    """
    check_range("user data octets", len(data), 1, MAX_USER_DATA_OCTETS)
    check_range("max packet octets", max_packet_octets, MIN_PACKET_OCTETS + len(secondary_header), MAX_PACKET_OCTETS)
    room = max_packet_octets - PRIMARY_HEADER_OCTETS - len(secondary_header)
    packets = []
    for start in range(0, len(data), room):
        piece = data[start : start + room]
        is_last = start + room >= len(data)
        if start:
            flags = SequenceFlags.LAST if is_last else SequenceFlags.CONTINUATION
        else:
            flags = SequenceFlags.UNSEGMENTED if is_last else SequenceFlags.FIRST
        header = SpacePacketHeader(
            packet_type,
            bool(secondary_header),
            apid,
            flags,
            counters.next(apid),
            len(secondary_header) + len(piece),
        )
        packets.append(b"".join((header.pack(), secondary_header, piece)))
    return packets


class ReassemblyCounters(msgspec.Struct):
    """What became of each packet and of each octet of user data, secondary headers aside.

    ``octets = unit_octets + dropped_octets + partial``, the latter over all APIDs. Each time something is dropped,
    one of the reasons counts.
    """

    packets: int = 0
    idle_packets: int = 0
    malformed: int = 0
    """Octets that are not exactly one packet, or one too short for its secondary header; they count no octets."""
    octets: int = 0
    units: int = 0
    unit_octets: int = 0
    dropped_octets: int = 0
    without_start: int = 0
    """Pieces whose first piece never came, or was dropped."""
    gaps: int = 0
    """Units dropped because a piece between two others is missing."""
    unfinished: int = 0
    """Units dropped because another one began before their end."""
    oversize: int = 0
    """Units dropped because they grew too long."""
    repeated: int = 0
    """Pieces dropped because they had come before."""
    too_many_open: int = 0
    """Units dropped because too many APIDs had one in progress: each time the one that began first."""


class PartialUnit(msgspec.Struct):
    """A unit in progress."""

    next_count: int
    data: bytearray
    secondary_header: bytes


class ReassemblerState(msgspec.Struct):
    """The memory of a `UserDataReassembler`."""

    counters: ReassemblyCounters = msgspec.field(default_factory=ReassemblyCounters)
    partial: dict[int, PartialUnit] = msgspec.field(default_factory=dict)
    """Units in progress by their APID, in the order in which they began."""


class UserData(msgspec.Struct, frozen=True, gc=False):
    """A whole unit of user data."""

    apid: int
    secondary_header: bytes
    """That of its first packet; empty if there is none."""
    data: bytes


class UserDataReassembler:
    """Puts the user data of segmented packets together again, for each APID. It never raises.

    Args:
        secondary_header_octets: length of the secondary header of packets that have one.
        max_unit_octets: longest unit.
        max_open: most APIDs that may have a unit in progress; so memory is bounded by the product of both. When one
            more begins, the one that began first is dropped: the end of it may never come.

    Raises:
        FieldRangeError: a bound is less than 1 or too high.
    """

    def __init__(
        self,
        *,
        secondary_header_octets: int = 0,
        max_unit_octets: int = DEFAULT_MAX_UNIT_OCTETS,
        max_open: int = DEFAULT_MAX_OPEN,
    ) -> None:
        check_range("secondary header octets", secondary_header_octets, 0, MAX_PACKET_OCTETS)
        check_range("max unit octets", max_unit_octets, 1, MAX_USER_DATA_OCTETS)
        check_range("max open units", max_open, 1, IDLE_APID)
        self.secondary_header_octets = secondary_header_octets
        self.max_unit_octets = max_unit_octets
        self.max_open = max_open
        self.state = ReassemblerState()

    def add(self, packet: bytes) -> UserData | None:
        """Take the next packet and return the unit that it completes, if it does."""
        counters = self.state.counters
        counters.packets += 1
        if not is_whole_packet(packet):
            counters.malformed += 1
            return None
        apid = (packet[0] << 8 | packet[1]) & IDLE_APID
        if apid == IDLE_APID:
            counters.idle_packets += 1
            return None
        start = PRIMARY_HEADER_OCTETS + self.secondary_header_octets * (packet[0] >> 3 & 1)
        if start >= len(packet):
            counters.malformed += 1
            return None
        secondary, piece = packet[PRIMARY_HEADER_OCTETS:start], packet[start:]
        counters.octets += len(piece)
        control = packet[2] << 8 | packet[3]
        return self._place(apid, SequenceFlags(control >> 14), control % SEQUENCE_MODULO, secondary, piece)

    def _place(self, apid: int, flags: SequenceFlags, count: int, secondary: bytes, piece: bytes) -> UserData | None:
        match flags:
            case SequenceFlags.UNSEGMENTED:
                self._drop_unfinished(apid)
                return self._complete(apid, secondary, piece)
            case SequenceFlags.FIRST:
                self._drop_unfinished(apid)
                self._begin(apid, count, secondary, piece)
                return None
            case SequenceFlags.CONTINUATION | SequenceFlags.LAST:
                return self._continue(apid, count, piece, is_last=flags is SequenceFlags.LAST)
            case _:
                assert_never(flags)

    def _begin(self, apid: int, count: int, secondary: bytes, piece: bytes) -> None:
        counters = self.state.counters
        if len(piece) > self.max_unit_octets:
            counters.oversize += 1
            counters.dropped_octets += len(piece)
            return
        if len(self.state.partial) >= self.max_open:
            counters.too_many_open += 1
            self._drop(next(iter(self.state.partial)))
        self.state.partial[apid] = PartialUnit((count + 1) % SEQUENCE_MODULO, bytearray(piece), secondary)

    def _continue(self, apid: int, count: int, piece: bytes, *, is_last: bool) -> UserData | None:
        counters, unit = self.state.counters, self.state.partial.get(apid)
        if unit is None:
            counters.without_start += 1
            counters.dropped_octets += len(piece)
            return None
        if count == (unit.next_count - 1) % SEQUENCE_MODULO:
            counters.repeated += 1
            counters.dropped_octets += len(piece)
            return None
        unit.data += piece
        if count != unit.next_count:
            counters.gaps += 1
            self._drop(apid)
            return None
        if len(unit.data) > self.max_unit_octets:
            counters.oversize += 1
            self._drop(apid)
            return None
        unit.next_count = (count + 1) % SEQUENCE_MODULO
        if not is_last:
            return None
        del self.state.partial[apid]
        return self._complete(apid, unit.secondary_header, bytes(unit.data))

    def _complete(self, apid: int, secondary: bytes, data: bytes) -> UserData | None:
        counters = self.state.counters
        if len(data) > self.max_unit_octets:
            counters.oversize += 1
            counters.dropped_octets += len(data)
            return None
        counters.units += 1
        counters.unit_octets += len(data)
        return UserData(apid, secondary, data)

    def _drop_unfinished(self, apid: int) -> None:
        if apid in self.state.partial:
            self.state.counters.unfinished += 1
            self._drop(apid)

    def _drop(self, apid: int) -> None:
        self.state.counters.dropped_octets += len(self.state.partial.pop(apid).data)
