"""The receiving ends of a process: which incarnation of which peer a batch is from, what was lost, what is next.

Pure: sockets and messages are elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from flightsw.bus.arrivals import Arrivals
from flightsw.bus.batches import BatchError, BatchHeader
from flightsw.bus.ledger import Ledger
from flightsw.bus.overflow import DropReason
from flightsw.bus.requests import Passage


class Contact(msgspec.Struct, frozen=True):
    """Who a batch is from.

    Attributes:
        sender: the process.
        arrivals: the account of its incarnation, the batch taken into it.
        newest: whether it is the newest incarnation; the last of a dead one may come behind the first of its successor.
        begun_anew: whether this is the first batch of a further incarnation.
        settled: in the first batch from this process that this one hears, the last of its commands that it knows to be
            dealt with; else None.
    """

    sender: str
    arrivals: Arrivals
    newest: bool
    begun_anew: bool
    settled: Passage | None


class Incoming:
    """The accounts of all peers.

    Args:
        name: this process.
        processes: all processes of the vehicle, in mission order.
        heard: what this process's predecessor had heard of the others.
        done: the last command of each other process that the predecessor had dealt with, by number of the process.

    Attributes:
        arrivals: of the newest incarnation, by sending process.
    """

    def __init__(
        self, name: str, processes: tuple[str, ...], heard: Mapping[str, Arrivals], done: Mapping[int, Passage]
    ) -> None:
        self.arrivals = {
            peer: there.successor(self._done_before(done, processes.index(peer), there.series))
            for peer, there in heard.items()
        }
        self._name = name
        self._processes = processes
        self._done = done
        self._former: dict[str, Arrivals] = {}
        self._retired = Ledger()
        self._met: dict[str, None] = {}
        self._confirmed: dict[int, Passage] = {}

    def take(self, header: BatchHeader) -> Contact:
        """Take a batch into account.

        Raises:
            BatchError: it is from nobody, or its counts cannot be true.
        """
        if header.source >= len(self._processes) or self._processes[header.source] == self._name:
            raise BatchError(f"batch of process {header.source}, which is no other process of this vehicle")
        sender = self._processes[header.source]
        before = self.arrivals.get(sender)
        begins = before is None or header.epoch > before.epoch
        arrivals = self._begin(sender, header) if begins else self._account(sender, header)
        if not arrivals.take(header):
            raise BatchError(f"{sender} says {header}, and had said {arrivals}")
        newest = arrivals is self.arrivals[sender]
        settled = None
        if newest and sender not in self._met:
            self._met[sender] = None
            settled = Passage(header.source, header.series, header.settled)
        return Contact(sender, arrivals, newest, begins and header.epoch > 1, settled)

    def taken(self) -> list[Passage]:
        """The last command on the bus of each process of which one was put there since the last ``confirm``."""
        last = [
            Passage(self._processes.index(sender), arrivals.series, arrivals.commands)
            for sender, arrivals in self.arrivals.items()
            if sender in self._met
        ]
        return [passage for passage in last if passage.number and self._confirmed.get(passage.sender) != passage]

    def confirm(self) -> list[Passage]:
        """All commands on the bus have been dealt with; returns the last of each process that has to be told."""
        passages = self.taken()
        for passage in passages:
            self._confirmed[passage.sender] = passage
        return passages

    def ledger(self) -> Ledger:
        """Losses on the way here, which no sender has counted, and packets that could not be read."""
        account = self._retired
        for arrivals in (*self.arrivals.values(), *self._former.values()):
            account += _losses(arrivals)
        return account

    def _begin(self, sender: str, header: BatchHeader) -> Arrivals:
        """A new account, for a new incarnation of the sender."""
        if sender in self._former:
            self._retired += _losses(self._former.pop(sender))
        before = self.arrivals.get(sender)
        if before is not None:
            self._former[sender] = before
        if before is not None and before.series == header.series:
            commands = before.commands
        else:
            commands = self._done_before(self._done, header.source, header.series)
        self.arrivals[sender] = Arrivals(header.epoch, header.series, commands=commands)
        return self.arrivals[sender]

    def _account(self, sender: str, header: BatchHeader) -> Arrivals:
        """The account of an incarnation that was heard before."""
        for arrivals in (self.arrivals[sender], self._former.get(sender)):
            if arrivals is not None and arrivals.epoch == header.epoch:
                return arrivals
        raise BatchError(f"batch of incarnation {header.epoch} of {sender}, which ended long ago")

    @staticmethod
    def _done_before(done: Mapping[int, Passage], sender: int, series: int) -> int:
        """Number of the last command of a sender that this process's predecessor had dealt with."""
        last = done.get(sender)
        return last.number if last is not None and last.series == series else 0


def _losses(arrivals: Arrivals) -> Ledger:
    dropped = {DropReason.LINK_LOST: arrivals.lost_on_the_way, DropReason.MALFORMED: arrivals.malformed}
    return Ledger(
        offered=arrivals.lost_on_the_way + arrivals.malformed,
        dropped={reason: count for reason, count in dropped.items() if count},
    )
