"""The bus's account: every message offered to a destination was delivered, still waits, or is counted as dropped."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from flightsw.bus.inbox import Destination
from flightsw.bus.overflow import DropReason


class Ledger(msgspec.Struct, frozen=True):
    """Totals over any number of routes.

    Attributes:
        sent: messages sent.
        offered: sent x destinations.
        delivered: handed to their receiver.
        queued: waiting now.
        dropped: lost, by reason.
        unrouted: sent while nobody was subscribed; they had no destination and are not lost.
    """

    sent: int = 0
    offered: int = 0
    delivered: int = 0
    queued: int = 0
    dropped: dict[DropReason, int] = {}
    unrouted: int = 0

    @property
    def lost(self) -> int:
        """All drops together."""
        total = 0
        for count in self.dropped.values():
            total += count
        return total

    @property
    def closed(self) -> bool:
        """Whether every message offered is accounted for."""
        return self.offered == self.delivered + self.queued + self.lost

    def __add__(self, other: Ledger) -> Ledger:
        """The account of two buses, or of two parts of one."""
        dropped = dict(self.dropped)
        for reason, count in other.dropped.items():
            dropped[reason] = dropped.get(reason, 0) + count
        return Ledger(
            sent=self.sent + other.sent,
            offered=self.offered + other.offered,
            delivered=self.delivered + other.delivered,
            queued=self.queued + other.queued,
            dropped=dropped,
            unrouted=self.unrouted + other.unrouted,
        )


def account_of(destinations: Iterable[Destination]) -> Ledger:
    """What the receiving ends say; the sending side's ``sent`` and ``offered`` are counted apart from them."""
    delivered = queued = 0
    dropped: dict[DropReason, int] = {}
    for destination in destinations:
        delivered += destination.delivered
        queued += destination.queued
        for reason, count in destination.dropped.items():
            dropped[reason] = dropped.get(reason, 0) + count
    return Ledger(delivered=delivered, queued=queued, dropped=dropped)
