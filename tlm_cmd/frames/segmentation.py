"""Long packets over several TC frames, and back (CCSDS 232.0-B-4, 4.1.3.2.2: the flags of the segment header)."""

from typing import assert_never

import msgspec

from tlm_cmd.errors import check_range
from tlm_cmd.frames.tc import MAX_FRAME_OCTETS, SegmentFlags
from tlm_cmd.packets.spacepacket import MAX_PACKET_OCTETS


def cut_into_segments(unit: bytes, max_octets: int) -> list[tuple[SegmentFlags, bytes]]:
    """Cut a service data unit into pieces of at most ``max_octets`` octets, each with the flags it travels under.

    Raises:
        FieldRangeError: the unit is empty or longer than the longest packet, or ``max_octets`` fits no frame.
    """
    check_range("segment octets", max_octets, 1, MAX_FRAME_OCTETS)
    check_range("service data unit octets", len(unit), 1, MAX_PACKET_OCTETS)
    pieces = [unit[start : start + max_octets] for start in range(0, len(unit), max_octets)]
    if len(pieces) == 1:
        return [(SegmentFlags.WHOLE, unit)]
    flags = [SegmentFlags.FIRST, *[SegmentFlags.MIDDLE] * (len(pieces) - 2), SegmentFlags.LAST]
    return list(zip(flags, pieces, strict=True))


class AssemblerCounters(msgspec.Struct):
    """What became of each octet: ``octets = unit_octets + dropped_octets + partial``."""

    octets: int = 0
    units: int = 0
    unit_octets: int = 0
    dropped_units: int = 0
    """Units given up: a piece was missing, or they grew too long."""
    dropped_octets: int = 0


class AssemblerState(msgspec.Struct):
    """The memory of a `SegmentAssembler`."""

    counters: AssemblerCounters = msgspec.field(default_factory=AssemblerCounters)
    partial: bytes = b""
    """The pieces so far; empty when no unit is in progress."""


class SegmentAssembler:
    """Puts the pieces of one MAP together again.

    A unit whose first or last piece is missing is dropped and counted. A missing middle piece cannot be seen here;
    whoever reads the unit finds its length wrong.
    """

    def __init__(self, max_unit_octets: int = MAX_PACKET_OCTETS) -> None:
        self.max_unit_octets = max_unit_octets
        self.state = AssemblerState()

    def add(self, flags: SegmentFlags, piece: bytes) -> bytes | None:
        """Take the next piece, which is not empty, and return the unit that it completes, if it does."""
        self.state.counters.octets += len(piece)
        match flags:
            case SegmentFlags.WHOLE:
                self._drop_partial()
                return self._complete(piece)
            case SegmentFlags.FIRST:
                self._drop_partial()
                self.state.partial = piece
                if len(piece) > self.max_unit_octets:
                    self._drop_partial()
                return None
            case SegmentFlags.MIDDLE | SegmentFlags.LAST:
                return self._continue(piece, last=flags is SegmentFlags.LAST)
            case _:
                assert_never(flags)

    def _continue(self, piece: bytes, *, last: bool) -> bytes | None:
        state = self.state
        started = bool(state.partial)
        state.partial += piece
        if not started or len(state.partial) > self.max_unit_octets:
            self._drop_partial()
            return None
        if not last:
            return None
        unit, state.partial = state.partial, b""
        return self._complete(unit)

    def _complete(self, unit: bytes) -> bytes:
        self.state.counters.units += 1
        self.state.counters.unit_octets += len(unit)
        return unit

    def _drop_partial(self) -> None:
        if self.state.partial:
            self.state.counters.dropped_units += 1
            self.state.counters.dropped_octets += len(self.state.partial)
            self.state.partial = b""
