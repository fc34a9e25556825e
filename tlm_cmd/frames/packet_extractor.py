"""The frames of one virtual channel into packets (CCSDS 132.0-B-3, 4.3.2; 732.0-B-4, 4.3.2)."""

import msgspec

from tlm_cmd.errors import check_range
from tlm_cmd.frames.pointers import NO_PACKET_START, ONLY_IDLE_DATA
from tlm_cmd.packets.spacepacket import (
    MAX_PACKET_OCTETS,
    MIN_PACKET_OCTETS,
    PRIMARY_HEADER_OCTETS,
    declared_packet_octets,
    is_idle_packet,
    sequence_gap,
)

TM_COUNT_MODULO = 256
"""Where the count of a TM virtual channel wraps."""


class ExtractorCounters(msgspec.Struct):
    """What became of each octet: ``octets = packet_octets + idle_octets + dropped_octets + partial``."""

    frames: int = 0
    idle_frames: int = 0
    """Frames of only idle data; their octets are not counted."""
    lost_frames: int = 0
    """Frames missing by the frame count, which cannot tell a loss of as many as it counts to."""
    gaps: int = 0
    """Times the frame count was not the expected one."""
    count_jumps: int = 0
    """Gaps too wide to be a loss: the sender began anew, or a frame came late or twice. No lost frame is counted."""
    octets: int = 0
    packets: int = 0
    packet_octets: int = 0
    idle_packets: int = 0
    idle_octets: int = 0
    dropped_octets: int = 0
    broken_packets: int = 0
    """Packets given up after their start had arrived."""
    pointer_errors: int = 0
    """Frames whose first header pointer contradicts the packets."""
    oversize: int = 0
    """Headers that declare a packet longer than the channel allows."""
    bad_versions: int = 0
    """Headers with a version other than 0."""


class ExtractorState(msgspec.Struct):
    """The memory of a `PacketExtractor`."""

    counters: ExtractorCounters = msgspec.field(default_factory=ExtractorCounters)
    expected_count: int | None = None
    """Frame count of the next frame; None before the first one."""
    synchronised: bool = False
    """Whether the place where the next packet starts is known."""
    partial: bytes = b""
    """The start of a packet that goes on in the next frame; at most the longest packet, less one octet."""


class PacketExtractor:
    """Takes the frames of one virtual channel in order and returns their packets.

    After a lost frame, or a header that cannot be right, it drops the packet in progress and goes on where the
    next first header pointer says. Idle packets are dropped before they count as packets. Nothing raises.

    Args:
        max_packet_octets: a header that declares more is not believed.
        count_modulo: where the frame count wraps: 256 for TM, 2^24 for AOS, 2^28 with the frame count cycle.
        max_gap: the most frames that a gap in the count may stand for; None if any gap is a loss.
    """

    def __init__(
        self,
        max_packet_octets: int = MAX_PACKET_OCTETS,
        *,
        count_modulo: int = TM_COUNT_MODULO,
        max_gap: int | None = None,
    ) -> None:
        check_range("max packet octets", max_packet_octets, MIN_PACKET_OCTETS, MAX_PACKET_OCTETS)
        self.max_packet_octets = max_packet_octets
        self.count_modulo = count_modulo
        self.max_gap = count_modulo if max_gap is None else max_gap
        self.state = ExtractorState()

    def extract(self, count: int, pointer: int, zone: bytes) -> list[bytes]:
        """Take the next frame and return the packets that end in it.

        Args:
            count: of the virtual channel's frames.
            pointer: the first header pointer.
            zone: the data of a TM frame, or the packet zone of an AOS frame.
        """
        state, counters = self.state, self.state.counters
        counters.frames += 1
        if count != state.expected_count and state.expected_count is not None:
            self._note_gap(count)
        state.expected_count = (count + 1) % self.count_modulo
        if pointer == ONLY_IDLE_DATA:
            counters.idle_frames += 1
            return []
        packets: list[bytes] = []
        counters.octets += len(zone)
        starts_none = pointer == NO_PACKET_START
        head = zone if starts_none else zone[:pointer]
        if not state.synchronised:
            counters.dropped_octets += len(head)
        elif head or state.partial:
            self._continue(head, packets, ends_here=not starts_none)
        if not starts_none:
            state.synchronised = True
            self._walk(zone, pointer, packets)
        counters.packets += len(packets)
        counters.packet_octets += sum(map(len, packets))
        return packets

    def _note_gap(self, count: int) -> None:
        """Count the frames that are missing in front of this one and drop what they break."""
        state = self.state
        missing = sequence_gap(state.expected_count or 0, count, self.count_modulo)
        state.counters.gaps += 1
        if missing > self.max_gap:
            state.counters.count_jumps += 1
        else:
            state.counters.lost_frames += missing
        self._lose(b"")

    def _continue(self, head: bytes, packets: list[bytes], *, ends_here: bool) -> None:
        """Add ``head`` to the packet in progress, which ends with it if ``ends_here``."""
        state = self.state
        if not state.partial:
            state.counters.pointer_errors += 1
            self._lose(head)
            return
        partial = state.partial + head
        octets = PRIMARY_HEADER_OCTETS
        if len(partial) >= PRIMARY_HEADER_OCTETS:
            octets = declared_packet_octets(partial)
            if not 0 < octets <= self.max_packet_octets:
                self._refuse_header(octets, head)
                return
        if len(partial) == octets:
            state.partial = b""
            if not self._drop_if_idle(partial, 0, octets):
                packets.append(partial)
        elif len(partial) > octets or ends_here:
            state.counters.pointer_errors += 1
            self._lose(head)
        else:
            state.partial = partial

    def _walk(self, zone: bytes, offset: int, packets: list[bytes]) -> None:
        """Take the packets from ``offset`` on, where one starts."""
        end, longest = len(zone), self.max_packet_octets
        last_header = end - PRIMARY_HEADER_OCTETS
        while offset <= last_header:
            octets = declared_packet_octets(zone, offset)
            if not 0 < octets <= longest:
                self._refuse_header(octets, zone[offset:])
                return
            following = offset + octets
            if following > end:
                break
            if not self._drop_if_idle(zone, offset, octets):
                packets.append(zone[offset:following])
            offset = following
        self.state.partial = zone[offset:]

    def _refuse_header(self, octets: int, rest: bytes) -> None:
        """Count why a header that declares ``octets`` cannot be right, and drop the rest of the data with it."""
        if octets:
            self.state.counters.oversize += 1
        else:
            self.state.counters.bad_versions += 1
        self._lose(rest)

    def _drop_if_idle(self, data: bytes, offset: int, octets: int) -> bool:
        """Count the packet at ``offset`` if it is an idle one; False if it is not."""
        if not is_idle_packet(data, offset):
            return False
        self.state.counters.idle_packets += 1
        self.state.counters.idle_octets += octets
        return True

    def _lose(self, octets: bytes) -> None:
        """Drop ``octets`` and the packet in progress, and wait for the next first header pointer."""
        state, counters = self.state, self.state.counters
        counters.dropped_octets += len(octets) + len(state.partial)
        counters.broken_packets += bool(state.partial)
        state.partial = b""
        state.synchronised = False
