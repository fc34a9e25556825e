"""The frames of one TC virtual channel into commands, by multiplexer access point (CCSDS 232.0-B-4, section 4.4)."""

from collections.abc import Mapping

import msgspec

from tlm_cmd.errors import check_range
from tlm_cmd.frames.map_multiplexer import MapParameters
from tlm_cmd.frames.segmentation import AssemblerState, SegmentAssembler
from tlm_cmd.frames.tc import MAX_MAP_ID, SegmentHeader
from tlm_cmd.packets.packet_run import split_run


class MapCounters(msgspec.Struct):
    """What the data units of one MAP held, see also the counters of its assembler.

    For packets ``unit_octets = packet_octets + idle_octets + malformed_octets``, where ``unit_octets`` is the
    assembler's. Other data units only count here when they are malformed.
    """

    packets: int = 0
    packet_octets: int = 0
    idle_packets: int = 0
    idle_octets: int = 0
    malformed: int = 0
    """Units with a rest that was dropped because no whole packet starts there, and units that are too long."""
    malformed_octets: int = 0


class MapState(msgspec.Struct):
    """The memory of one multiplexer access point."""

    assembler: AssemblerState
    counters: MapCounters = msgspec.field(default_factory=MapCounters)


class MapDemultiplexerState(msgspec.Struct):
    """The memory of a `MapDemultiplexer`; each segment counts in its MAP or as unknown."""

    maps: dict[int, MapState]
    segments: int = 0
    unknown_map_segments: int = 0
    """Segments of a MAP that the channel does not have; they are dropped."""
    unknown_map_octets: int = 0


class MapDemultiplexer:
    """Takes the segments of one virtual channel and returns what they carried. It never raises.

    Each MAP puts its own pieces together; memory is bounded by the longest data unit of each.

    Raises:
        FieldRangeError: an identifier is out of range.
    """

    def __init__(self, maps: Mapping[int, MapParameters]) -> None:
        for map_id in maps:
            check_range("MAP id", map_id, 0, MAX_MAP_ID)
        self.maps = dict(maps)
        self._assemblers = {map_id: SegmentAssembler(parameters.max_unit_octets) for map_id, parameters in maps.items()}
        self._state = MapDemultiplexerState(
            {map_id: MapState(assembler.state) for map_id, assembler in self._assemblers.items()}
        )

    @property
    def state(self) -> MapDemultiplexerState:
        """The memory of the demultiplexer; set it to restore an earlier one of the same MAPs."""
        return self._state

    @state.setter
    def state(self, state: MapDemultiplexerState) -> None:
        for map_id, assembler in self._assemblers.items():
            assembler.state = state.maps[map_id].assembler
        self._state = state

    def receive(self, segment: SegmentHeader, data: bytes) -> tuple[bytes, ...]:
        """Take the data of the next frame and return the packets, or the data unit, that it completes."""
        state, map_id = self._state, segment.map_id
        state.segments += 1
        parameters = self.maps.get(map_id)
        if parameters is None:
            state.unknown_map_segments += 1
            state.unknown_map_octets += len(data)
            return ()
        unit = self._assemblers[map_id].add(segment.flags, data)
        if unit is None:
            return ()
        counters = state.maps[map_id].counters
        if not parameters.packets:
            if len(unit) <= parameters.max_unit_octets:
                return (unit,)
            counters.malformed += 1
            counters.malformed_octets += len(unit)
            return ()
        run = split_run(unit, parameters.max_unit_octets)
        counters.packets += len(run.packets)
        counters.packet_octets += run.packet_octets
        counters.idle_packets += run.idle_packets
        counters.idle_octets += run.idle_octets
        counters.malformed += run.malformed_octets > 0
        counters.malformed_octets += run.malformed_octets
        return run.packets
