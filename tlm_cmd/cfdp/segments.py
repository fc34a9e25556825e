"""Which parts of a file are there, or are yet to be sent: what NAK PDUs ask for (CCSDS 727.0-B-5, 4.6.4)."""

from bisect import bisect_left, bisect_right

import msgspec

Part = tuple[int, int]
"""Where a part of the file starts, and the place behind its last octet."""


class Segments(msgspec.Struct):
    """Parts of a file, joined where they touch and in order.

    Adding at the end costs the same however many parts there are; elsewhere their number is searched by halves.
    """

    starts: list[int] = msgspec.field(default_factory=list)
    ends: list[int] = msgspec.field(default_factory=list)

    @property
    def extent(self) -> int:
        """The place behind the last octet of the last part, 0 if there is none."""
        return self.ends[-1] if self.ends else 0

    @property
    def contiguous(self) -> int:
        """How many octets are there from the start of the file without a gap."""
        return self.ends[0] if self.starts and self.starts[0] == 0 else 0

    @property
    def octets(self) -> int:
        """How many octets are there in all."""
        return sum(self.ends) - sum(self.starts)

    def covers(self, size: int) -> bool:
        """Whether a file of this size is there as a whole."""
        return self.contiguous >= size

    def touches(self, start: int, end: int) -> bool:
        """Whether a part from ``start`` to before ``end`` [octets of the file] would become one with another."""
        return bisect_left(self.ends, start) < bisect_right(self.starts, end)

    def add(self, start: int, end: int) -> None:
        """Add a part; where it lies over others they become one.

        Args:
            start: where it starts.
            end: the place behind its last octet; nothing is added unless it lies behind ``start``.
        """
        if end <= start:
            return
        starts, ends = self.starts, self.ends
        first = bisect_left(ends, start)
        last = bisect_right(starts, end)
        if first < last:
            start, end = min(start, starts[first]), max(end, ends[last - 1])
        starts[first:last] = [start]
        ends[first:last] = [end]

    def take_first(self, most: int) -> Part:
        """Remove at most so many octets from the start of the first part and return where they were.

        There must be a part.
        """
        start, end = self.starts[0], self.ends[0]
        if end - start > most:
            end = start + most
            self.starts[0] = end
        else:
            del self.starts[0], self.ends[0]
        return start, end

    def gaps(self, start: int, end: int, most: int) -> list[Part]:
        """Return what is missing from ``start`` to before ``end`` [octets], in order, at most ``most`` parts."""
        found: list[Part] = []
        place = start
        for index in range(bisect_right(self.ends, start), len(self.starts)):
            if place >= end or len(found) >= most:
                return found
            if self.starts[index] > place:
                found.append((place, min(self.starts[index], end)))
            place = self.ends[index]
        if place < end and len(found) < most:
            found.append((place, end))
        return found

    def clear(self) -> None:
        """Forget all parts."""
        self.starts.clear()
        self.ends.clear()
