"""Commands into the frames of one TC virtual channel, by multiplexer access point (CCSDS 232.0-B-4, section 4.3)."""

from collections.abc import Mapping

import msgspec

from tlm_cmd.errors import WrongValueError, check_range
from tlm_cmd.frames.packet_builder import DEFAULT_QUEUE_PACKETS, MAX_QUEUE_PACKETS
from tlm_cmd.frames.scheduler import ChannelScheduler, ChannelShare, SchedulerState
from tlm_cmd.frames.tc import MAX_FRAME_OCTETS, MAX_MAP_ID, SegmentFlags, SegmentHeader
from tlm_cmd.packets.spacepacket import MAX_PACKET_OCTETS, is_whole_packet


class MapParameters(msgspec.Struct, frozen=True, gc=False):
    """A multiplexer access point: what both ends must know of it, and what its sender must.

    Raises:
        FieldRangeError: a bound is out of range.
    """

    share: ChannelShare = ChannelShare()
    """What it may claim of the virtual channel; a turn is one frame."""
    packets: bool = True
    """Whether its data units are packets, of which one frame may hold several; else they are any octets."""
    max_unit_octets: int = MAX_PACKET_OCTETS
    """Longest data unit."""
    queue_units: int = DEFAULT_QUEUE_PACKETS
    """Data units that may wait."""

    def __post_init__(self) -> None:
        check_range("max unit octets", self.max_unit_octets, 1, MAX_PACKET_OCTETS)
        check_range("queue units", self.queue_units, 1, MAX_QUEUE_PACKETS)


class MapQueueCounters(msgspec.Struct):
    """What became of each data unit: ``offered = refused_full + refused_malformed + sent + waiting``."""

    offered: int = 0
    refused_full: int = 0
    refused_malformed: int = 0
    """Units that are empty or too long, or not exactly one packet where they must be."""
    sent: int = 0
    """Units whose last octet is in a segment."""
    segments: int = 0


class MapQueueState(msgspec.Struct):
    """What waits on one multiplexer access point."""

    counters: MapQueueCounters = msgspec.field(default_factory=MapQueueCounters)
    queue: list[bytes] = msgspec.field(default_factory=list)
    sent_octets: int = 0
    """Octets of the first unit that are in earlier segments."""


class MapMultiplexerState(msgspec.Struct):
    """The memory of a `MapMultiplexer`."""

    queues: dict[int, MapQueueState]
    scheduler: SchedulerState


class MapMultiplexer:
    """Makes the segments of one virtual channel, each the data of one frame, of data units queued per MAP.

    A unit that fits no frame goes in several segments, between which those of other MAPs may go. Packets that fit
    together go in one segment, without waiting for more to come.

    Args:
        maps: the multiplexer access points by their identifiers, 0 to 63.
        max_data_octets: room in a frame behind the segment header, see `tlm_cmd.frames.tc.max_data_octets`.

    Raises:
        FieldRangeError: an identifier or the room is out of range.
        WrongValueError: the quotas are more than 100 % together.
    """

    def __init__(self, maps: Mapping[int, MapParameters], max_data_octets: int) -> None:
        for map_id in maps:
            check_range("MAP id", map_id, 0, MAX_MAP_ID)
        check_range("segment octets", max_data_octets, 1, MAX_FRAME_OCTETS)
        self.maps = dict(maps)
        self.max_data_octets = max_data_octets
        self._scheduler = ChannelScheduler({map_id: parameters.share for map_id, parameters in maps.items()})
        self._state = MapMultiplexerState({map_id: MapQueueState() for map_id in maps}, self._scheduler.state)

    @property
    def state(self) -> MapMultiplexerState:
        """The memory of the multiplexer; set it to restore an earlier one of the same MAPs."""
        return self._state

    @state.setter
    def state(self, state: MapMultiplexerState) -> None:
        self._scheduler.state = state.scheduler
        self._state = state

    @property
    def waiting(self) -> int:
        """Data units not sent yet, over all MAPs; one that is sent in part counts."""
        return sum(len(queue.queue) for queue in self._state.queues.values())

    def enqueue(self, map_id: int, unit: bytes) -> bool:
        """Queue a data unit; False if it was refused, which is counted by reason in the MAP's state.

        Raises:
            WrongValueError: there is no such MAP.
        """
        parameters = self.maps.get(map_id)
        if parameters is None:
            raise WrongValueError("MAP id", map_id, f"one of {list(self.maps)}")
        queue = self._state.queues[map_id]
        queue.counters.offered += 1
        if len(queue.queue) >= parameters.queue_units:
            queue.counters.refused_full += 1
            return False
        well_formed = is_whole_packet(unit) if parameters.packets else bool(unit)
        if not well_formed or len(unit) > parameters.max_unit_octets:
            queue.counters.refused_malformed += 1
            return False
        queue.queue.append(unit)
        return True

    def next_segment(self) -> tuple[SegmentHeader, bytes] | None:
        """Return the segment header and the data of the next frame; None if nothing waits."""
        queues = self._state.queues
        map_id = self._scheduler.choose(lambda number: queues[number].queue)
        if map_id is None:
            return None
        queue = queues[map_id]
        queue.counters.segments += 1
        if queue.sent_octets or len(queue.queue[0]) > self.max_data_octets:
            return self._piece(map_id, queue)
        together = 1
        if self.maps[map_id].packets:
            together = self._fitting(queue.queue)
        data = b"".join(queue.queue[:together])
        del queue.queue[:together]
        queue.counters.sent += together
        return SegmentHeader(SegmentFlags.WHOLE, map_id), data

    def _fitting(self, units: list[bytes]) -> int:
        """Return how many of the first units fit together into one segment; the first one does."""
        octets = 0
        for number, unit in enumerate(units):
            octets += len(unit)
            if octets > self.max_data_octets:
                return number
        return len(units)

    def _piece(self, map_id: int, queue: MapQueueState) -> tuple[SegmentHeader, bytes]:
        """Return the next piece of the first unit, which does not fit into one segment."""
        unit, start = queue.queue[0], queue.sent_octets
        end = start + self.max_data_octets
        flags = SegmentFlags.MIDDLE if start else SegmentFlags.FIRST
        queue.sent_octets = end
        if end >= len(unit):
            flags = SegmentFlags.LAST
            queue.sent_octets = 0
            queue.counters.sent += 1
            del queue.queue[0]
        return SegmentHeader(flags, map_id), unit[start:end]
