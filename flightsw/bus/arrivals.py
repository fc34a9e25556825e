"""The receiving end of a link: what has come from one incarnation of one peer, and what has not."""

from __future__ import annotations

import msgspec

from flightsw.bus.batches import BatchHeader


class Arrivals(msgspec.Struct):
    """What has come from one incarnation of one peer.

    When nothing is under way, ``offered`` of the sender is ``received + malformed + lost`` here.

    Attributes:
        epoch: the incarnation.
        series: identity of the numbers of its commands.
        offered: packets it has offered so far, by its own count.
        dropped: those of them that it dropped itself, by its own count.
        received: packets that arrived and could be read.
        malformed: packets that arrived and could not be read.
        lost: packets that did not arrive, those that the sender dropped included.
        lost_on_the_way: those that the sender knows nothing of.
        commands: number of the last command that was taken; commands are taken in order.
    """

    epoch: int
    series: int = 0
    offered: int = 0
    dropped: int = 0
    received: int = 0
    malformed: int = 0
    lost: int = 0
    lost_on_the_way: int = 0
    commands: int = 0

    def take(self, header: BatchHeader) -> bool:
        """Take a batch into account, its packets as malformed until ``read``; False when its count cannot be true."""
        gap, dropped = header.before - self.offered, header.dropped - self.dropped
        if gap < 0 or not 0 <= dropped <= gap:
            return False
        self.lost += gap
        self.lost_on_the_way += gap - dropped
        self.offered, self.dropped = header.before + header.count, header.dropped
        self.malformed += header.count
        self.commands = max(self.commands, header.settled)
        return True

    def read(self, count: int) -> None:
        """So many packets of the batch last taken could be read."""
        self.received += count
        self.malformed -= count

    def followed_by(self, later: Arrivals) -> Arrivals:
        """The account of two incarnations of the receiver, one after the other; only the newest sender's counts."""
        if later.epoch != self.epoch:
            return later
        return Arrivals(
            epoch=later.epoch,
            series=later.series,
            offered=later.offered,
            dropped=later.dropped,
            received=self.received + later.received,
            malformed=self.malformed + later.malformed,
            lost=self.lost + later.lost,
            lost_on_the_way=self.lost_on_the_way + later.lost_on_the_way,
            commands=later.commands,
        )

    def successor(self, commands: int) -> Arrivals:
        """Where the receiver's next incarnation goes on counting, and behind which command."""
        return Arrivals(self.epoch, self.series, self.offered, self.dropped, commands=commands)
