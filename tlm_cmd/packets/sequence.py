"""The sequence counts of packets, per APID: given out by a sender, watched by a receiver (CCSDS 133.0-B-2, 4.1.3.4.3).

A count has 14 bits and wraps, so no count is before another one: it is a little ahead of the newest one, or a little
behind. What wraps is in order, and what comes again or late is not a loss of sixteen thousand packets.
"""

from enum import StrEnum, unique

import msgspec

from tlm_cmd.errors import check_range
from tlm_cmd.packets.spacepacket import IDLE_APID, MAX_APID, SEQUENCE_MODULO

LATE_WINDOW = 64
"""How far behind the newest count a packet can be late or repeated; further behind, its sender has begun anew."""
_MAX_GAP = SEQUENCE_MODULO // 2
_WINDOW_BITS = (1 << LATE_WINDOW) - 1


class SequenceCountersState(msgspec.Struct):
    """The memory of `SequenceCounters`."""

    next_counts: dict[int, int] = msgspec.field(default_factory=dict)
    """Count of the next packet of each APID that has sent any; at most one entry per APID."""


class SequenceCounters:
    """Gives out sequence counts, one after the other for each APID, beginning with 0."""

    def __init__(self) -> None:
        self.state = SequenceCountersState()

    def next(self, apid: int) -> int:
        """Return the count for the next packet of an APID, 0 to 16 383.

        Raises:
            FieldRangeError: the APID is not in 0 to 2046; idle packets need no count.
        """
        check_range("APID", apid, 0, MAX_APID)
        counts = self.state.next_counts
        count = counts.get(apid, 0)
        counts[apid] = (count + 1) % SEQUENCE_MODULO
        return count


@unique
class Arrival(StrEnum):
    """What the count of a packet tells; each value but the last is the name of its counter in `ArrivalCounters`."""

    FIRST = "first"
    """The first packet of its APID."""
    IN_ORDER = "in_order"
    AFTER_GAP = "after_gap"
    """Packets between the newest one and this one have not come, or not yet."""
    LATE = "late"
    """It belongs before the newest one and had not come yet."""
    REPEATED = "repeated"
    """A packet with this count was among the last ones."""
    RESTARTED = "restarted"
    """Far from the newest one: the sender has begun to count anew."""
    IDLE = "idle"
    """An idle packet; its count means nothing."""


class ArrivalCounters(msgspec.Struct):
    """What the packets of one APID were: ``packets = first + in_order + after_gap + late + repeated + restarted``."""

    packets: int = 0
    first: int = 0
    in_order: int = 0
    after_gap: int = 0
    late: int = 0
    repeated: int = 0
    restarted: int = 0
    missing: int = 0
    """Packets that have not come; a late one takes itself off."""


class ArrivalState(msgspec.Struct):
    """What is remembered of one APID."""

    newest: int
    """The count that is furthest ahead."""
    arrived: int = 1
    """A bit for each of the last 64 counts, the newest one in the lowest: whether it has come."""
    watched: int = 1
    """How many of those bits are since the first packet or the last restart."""
    counters: ArrivalCounters = msgspec.field(default_factory=ArrivalCounters)


class GapDetectorState(msgspec.Struct):
    """The memory of a `GapDetector`; at most one entry per APID."""

    apids: dict[int, ArrivalState] = msgspec.field(default_factory=dict)
    idle_packets: int = 0


class GapDetector:
    """Tells from sequence counts which packets are missing, late or repeated, per APID. It never raises.

    A count up to 64 behind the newest one is late or repeated; one less than 8192 ahead leaves a gap; anything else
    is a restart. A restart at a count that is just ahead looks like a loss, which no receiver can tell apart.
    """

    def __init__(self) -> None:
        self.state = GapDetectorState()

    @property
    def missing(self) -> int:
        """Packets that have not come, over all APIDs."""
        return sum(found.counters.missing for found in self.state.apids.values())

    def note(self, apid: int, count: int) -> Arrival:
        """Take the APID and the count of the next packet and return what the count tells."""
        apid, count = apid & IDLE_APID, count % SEQUENCE_MODULO
        if apid == IDLE_APID:
            self.state.idle_packets += 1
            return Arrival.IDLE
        found = self.state.apids.get(apid)
        if found is None:
            found = self.state.apids[apid] = ArrivalState(newest=count)
            arrival = Arrival.FIRST
        else:
            arrival = _place(found, count)
        found.counters.packets += 1
        setattr(found.counters, arrival.value, getattr(found.counters, arrival.value) + 1)
        return arrival


def _place(found: ArrivalState, count: int) -> Arrival:
    """Tell what a count is, and remember that it has come."""
    ahead = (count - found.newest) % SEQUENCE_MODULO
    behind = -ahead % SEQUENCE_MODULO
    if behind < LATE_WINDOW:
        if found.arrived >> behind & 1:
            return Arrival.REPEATED
        found.arrived |= 1 << behind
        found.counters.missing -= behind < found.watched
        return Arrival.LATE
    found.newest = count
    if ahead > _MAX_GAP:
        found.arrived = found.watched = 1
        return Arrival.RESTARTED
    found.arrived = (found.arrived << ahead | 1) & _WINDOW_BITS
    found.watched = min(found.watched + ahead, LATE_WINDOW)
    found.counters.missing += ahead - 1
    return Arrival.IN_ORDER if ahead == 1 else Arrival.AFTER_GAP
