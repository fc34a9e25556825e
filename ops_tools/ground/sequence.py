"""Which packets of one APID are missing, by their sequence counts.

What is sent at once counts forward; what was recorded on board is played back later and fills the gaps.
"""

from __future__ import annotations

import msgspec

from tlm_cmd.packets.spacepacket import SEQUENCE_MODULO

MAX_RANGES = 128
"""Gaps remembered per APID; the oldest is forgotten first, its packets stay counted as missing."""


class SequenceState(msgspec.Struct):
    """The memory of a `SequenceTracker`.

    Attributes:
        expected: count of the next packet, -1 before the first one.
        newest_ns: time of the newest packet sent at once.
        ranges: counts not received yet, as (first, how many), the oldest first.
        received: packets taken.
        gaps: times that packets were missing in front of another.
        missing: packets that have not come.
        recovered: recorded packets that filled a gap.
        late: packets sent at once that filled a gap, having been overtaken.
        unmatched: recorded packets that filled none: repeated, or from before the first one.
        restarts: times that the count jumped as it does when its sender restarts.
    """

    expected: int = -1
    newest_ns: int = 0
    ranges: list[tuple[int, int]] = []
    received: int = 0
    gaps: int = 0
    missing: int = 0
    recovered: int = 0
    late: int = 0
    unmatched: int = 0
    restarts: int = 0


class SequenceTracker:
    """Follows the counts of one APID.

    ``period_ns`` is how often its packets are sent, 0 when on occasion: if more seem to be missing than fit into the
    time between two packets, the sender has restarted its count. Packets that are not ``ordered`` take several ways, on
    which they may overtake each other: one that fills a gap is late, and no longer missing.
    """

    def __init__(self, period_ns: int = 0, *, ordered: bool = True) -> None:
        self._shortest_ns = period_ns // 2
        self._ordered = ordered
        self.state = SequenceState()

    def take(self, sequence: int, time_ns: int, *, recorded: bool = False) -> int:
        """Take the next packet and return how many are missing in front of it."""
        state = self.state
        state.received += 1
        if recorded:
            self._fill(sequence)
            return 0
        if not self._ordered and sequence != state.expected and self._has_filled(sequence):
            state.late += 1
            return 0
        gap = 0
        if sequence != state.expected and state.expected >= 0:
            gap = self._jump(sequence, time_ns)
        state.expected = (sequence + 1) % SEQUENCE_MODULO
        state.newest_ns = time_ns
        return gap

    def _jump(self, sequence: int, time_ns: int) -> int:
        state = self.state
        gap = (sequence - state.expected) % SEQUENCE_MODULO
        if self._is_restart(gap, time_ns):
            state.restarts += 1
            state.ranges.clear()
            return 0
        state.gaps += 1
        state.missing += gap
        if len(state.ranges) == MAX_RANGES:
            del state.ranges[0]
        state.ranges.append((state.expected, gap))
        return gap

    def _is_restart(self, gap: int, time_ns: int) -> bool:
        if self._shortest_ns:
            return gap * self._shortest_ns > time_ns - self.state.newest_ns
        return gap > SEQUENCE_MODULO // 2

    def _fill(self, sequence: int) -> None:
        if self._has_filled(sequence):
            self.state.recovered += 1
        else:
            self.state.unmatched += 1

    def _has_filled(self, sequence: int) -> bool:
        """Take a count off the ones that are missing; whether it was among those remembered."""
        state = self.state
        for index, (first, count) in enumerate(state.ranges):
            before = (sequence - first) % SEQUENCE_MODULO
            if before < count:
                after = ((sequence + 1) % SEQUENCE_MODULO, count - before - 1)
                state.ranges[index : index + 1] = [part for part in ((first, before), after) if part[1]]
                state.missing -= 1
                return True
        return False
