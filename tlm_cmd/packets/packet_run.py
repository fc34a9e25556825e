"""Several packets one behind the other, and nothing else, as a frame or a file may hold them (CCSDS 133.0-B-2, 4.1)."""

import msgspec

from tlm_cmd.packets.spacepacket import (
    MAX_PACKET_OCTETS,
    PRIMARY_HEADER_OCTETS,
    declared_packet_octets,
    is_idle_packet,
)


class PacketRun(msgspec.Struct, frozen=True, gc=False):
    """What a run of packets held: ``octets = packet_octets + idle_octets + malformed_octets``."""

    packets: tuple[bytes, ...]
    """Its packets in order, idle ones aside."""
    idle_packets: int
    idle_octets: int
    malformed_octets: int
    """Octets at the end where no packet can start, or none that is whole; nothing behind them is believed."""

    @property
    def packet_octets(self) -> int:
        """Length of the packets together."""
        return sum(map(len, self.packets))


def split_run(octets: bytes, max_packet_octets: int = MAX_PACKET_OCTETS) -> PacketRun:
    """Return the packets that ``octets`` consist of; nothing raises.

    A stream with gaps and garbage in it is for `tlm_cmd.packets.splitter`.
    """
    packets = []
    offset = idle_packets = idle_octets = 0
    while offset < len(octets):
        left = len(octets) - offset
        length = declared_packet_octets(octets, offset) if left >= PRIMARY_HEADER_OCTETS else 0
        if not 0 < length <= min(left, max_packet_octets):
            break
        if is_idle_packet(octets, offset):
            idle_packets += 1
            idle_octets += length
        else:
            packets.append(octets[offset : offset + length])
        offset += length
    return PacketRun(tuple(packets), idle_packets, idle_octets, len(octets) - offset)
