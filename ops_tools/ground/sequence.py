"""Which packets of one APID are missing, by their sequence counts.

Packets arrive live or later from the on-board recorder, so a count behind the newest one may fill a gap. The packet's
time says whether it goes forward or back, since counts wrap at 16384 and have no order of their own.
"""

from __future__ import annotations

import msgspec

from tlm_cmd.packets.spacepacket import SEQUENCE_MODULO

MAX_RANGES = 128
"""Gaps remembered per APID; the oldest is forgotten first, its packets stay counted as missing."""


class SequenceState(msgspec.Struct):
    """The memory of a `SequenceTracker`; counts are unwrapped, the first packet has its own count.

    Attributes:
        first: count of the first packet.
        expected: count of the next packet, -1 before the first one.
        newest_ns: time of the newest packet.
        ranges: counts not received yet, as (first, behind the last), ascending.
        received: packets taken.
        gaps: times that packets were missing in front of a newer one.
        missing: packets that have not come.
        recovered: packets that came late and filled a gap.
        repeated: packets that came late and filled none.
        older: packets from before the first one.
        restarts: times that the count went back, as after a restart of its sender.
    """

    first: int = 0
    expected: int = -1
    newest_ns: int = 0
    ranges: list[tuple[int, int]] = []
    received: int = 0
    gaps: int = 0
    missing: int = 0
    recovered: int = 0
    repeated: int = 0
    older: int = 0
    restarts: int = 0


class SequenceTracker:
    """Follows the counts of one APID.

    ``period_ns`` is how often its packets are sent, 0 when on occasion: more packets than fit into the time between
    two of them cannot be missing, so the count was restarted.
    """

    def __init__(self, period_ns: int = 0) -> None:
        self._shortest_ns = period_ns // 2
        self.state = SequenceState()

    def take(self, sequence: int, time_ns: int) -> tuple[int, bool]:
        """Take the next packet; return how many are missing in front of it, and whether it comes late."""
        state = self.state
        state.received += 1
        expected = state.expected
        if time_ns < state.newest_ns:
            return self._late(sequence)
        if expected < 0:
            state.first = state.expected = expected = sequence
        gap = (sequence - expected) % SEQUENCE_MODULO
        if gap:
            if gap == SEQUENCE_MODULO - 1 and time_ns == state.newest_ns:
                return self._late(sequence)
            gap = self._forward(gap, sequence, time_ns)
        state.expected += gap + 1
        state.newest_ns = time_ns
        return gap, False

    def _forward(self, gap: int, sequence: int, time_ns: int) -> int:
        state = self.state
        if self._restarted(gap, time_ns):
            state.restarts += 1
            state.ranges.clear()
            state.first = state.expected = sequence
            return 0
        state.gaps += 1
        state.missing += gap
        if len(state.ranges) == MAX_RANGES:
            del state.ranges[0]
        state.ranges.append((state.expected, state.expected + gap))
        return gap

    def _restarted(self, gap: int, time_ns: int) -> bool:
        if self._shortest_ns:
            return gap * self._shortest_ns > time_ns - self.state.newest_ns
        return gap > SEQUENCE_MODULO // 2

    def _late(self, sequence: int) -> tuple[int, bool]:
        state = self.state
        newest = state.expected - 1
        count = newest - (newest - sequence) % SEQUENCE_MODULO
        if count < state.first:
            state.older += 1
        elif self._fill(count):
            state.recovered += 1
            state.missing -= 1
        else:
            state.repeated += 1
        return 0, True

    def _fill(self, count: int) -> bool:
        ranges = self.state.ranges
        for index, (start, end) in enumerate(ranges):
            if start <= count < end:
                ranges[index : index + 1] = [part for part in ((start, count), (count + 1, end)) if part[0] < part[1]]
                return True
        return False
