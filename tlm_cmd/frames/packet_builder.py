"""Packets into the frames of one virtual channel (CCSDS 132.0-B-3, 4.2.2; 732.0-B-4, 4.2.2)."""

import msgspec

from tlm_cmd.errors import check_range
from tlm_cmd.frames.pointers import NO_PACKET_START, ONLY_IDLE_DATA
from tlm_cmd.packets.spacepacket import (
    MAX_PACKET_OCTETS,
    MIN_PACKET_OCTETS,
    idle_packet,
    is_whole_packet,
)

DEFAULT_QUEUE_PACKETS = 1024
"""Packets that may wait per virtual channel unless said otherwise."""
MAX_QUEUE_PACKETS = 1_000_000


class BuilderCounters(msgspec.Struct):
    """What became of each packet: ``offered = refused_full + refused_malformed + sent + waiting``."""

    offered: int = 0
    refused_full: int = 0
    """Packets that found the queue full."""
    refused_malformed: int = 0
    """Octets that are not exactly one packet, or one too long: sent, they would break the packets behind them."""
    sent: int = 0
    """Packets whose last octet is in a frame."""
    frames: int = 0
    idle_octets: int = 0
    """Octets of idle packets that filled frames up."""
    most_waiting: int = 0
    """High-water mark of the queue [packets]."""


class BuilderState(msgspec.Struct):
    """The memory of a `PacketBuilder`."""

    counters: BuilderCounters = msgspec.field(default_factory=BuilderCounters)
    queue: list[bytes] = msgspec.field(default_factory=list)
    remainder: bytes = b""
    """The rest of a packet whose start is in an earlier frame."""
    remainder_is_idle: bool = False


class PacketBuilder:
    """Fills the packet zones of one virtual channel's frames with its packets, first in, first out.

    ``zone_octets`` is how many octets of packets a frame has room for: the data field of a TM frame, the packet zone
    of an M_PDU in an AOS frame. ``queue_packets`` bounds the packets waiting.

    Raises:
        FieldRangeError: a zone that the first header pointer cannot point into, or a bound out of range.
    """

    def __init__(
        self,
        zone_octets: int,
        queue_packets: int = DEFAULT_QUEUE_PACKETS,
        max_packet_octets: int = MAX_PACKET_OCTETS,
    ) -> None:
        check_range("packet zone octets", zone_octets, 1, ONLY_IDLE_DATA)
        check_range("queue packets", queue_packets, 1, MAX_QUEUE_PACKETS)
        check_range("max packet octets", max_packet_octets, MIN_PACKET_OCTETS, MAX_PACKET_OCTETS)
        self.max_packet_octets = max_packet_octets
        self.zone_octets = zone_octets
        self.queue_packets = queue_packets
        self.state = BuilderState()

    @property
    def waiting(self) -> int:
        """Packets not sent yet, including one whose start is in an earlier frame."""
        state = self.state
        return len(state.queue) + (1 if state.remainder and not state.remainder_is_idle else 0)

    def enqueue(self, packet: bytes) -> bool:
        """Put a packet at the end of the queue; False if it was refused, which is counted by reason."""
        state, counters = self.state, self.state.counters
        counters.offered += 1
        waiting = len(state.queue)
        if waiting >= self.queue_packets:
            counters.refused_full += 1
            return False
        if len(packet) > self.max_packet_octets or not is_whole_packet(packet):
            counters.refused_malformed += 1
            return False
        state.queue.append(packet)
        if waiting >= counters.most_waiting:
            counters.most_waiting = waiting + 1
        return True

    def next_zone(self) -> tuple[int, bytes]:
        """Return (first header pointer, packet zone) of the next frame.

        What the packets leave free is filled by one idle packet, which may end in a later frame: an idle packet
        has at least seven octets.
        """
        state, counters = self.state, self.state.counters
        counters.frames += 1
        room, started, idle_started = self.zone_octets, len(state.remainder), state.remainder_is_idle
        if started > room:
            zone, state.remainder = state.remainder[:room], state.remainder[room:]
            return NO_PACKET_START, zone
        pieces = [state.remainder]
        filled, taken = started, 0
        while filled < room and taken < len(state.queue):
            packet = state.queue[taken]
            pieces.append(packet)
            filled += len(packet)
            taken += 1
        del state.queue[:taken]
        if is_filled_up := filled < room:
            fill = idle_packet(max(room - filled, MIN_PACKET_OCTETS))
            counters.idle_octets += len(fill)
            pieces.append(fill)
        octets = b"".join(pieces)
        state.remainder, state.remainder_is_idle = octets[room:], is_filled_up
        is_last_cut = bool(state.remainder) and not is_filled_up
        counters.sent += taken - is_last_cut + (started > 0 and not idle_started)
        return (NO_PACKET_START if started == room else started), octets[:room]
