"""One process of a flight as its supervisor sees it: its life, and its accounts over all incarnations."""

from __future__ import annotations

import os
import signal
import socket

import msgspec

from flightsw.bus.arrivals import Arrivals
from flightsw.bus.ledger import Ledger
from flightsw.bus.outgoing import Offered
from flightsw.bus.overflow import DropReason


class LinkAccount(msgspec.Struct, frozen=True):
    """What became of the packets that one process gave to another.

    Attributes:
        offered: packets that the sender's present incarnation gave to the link, the dropped ones included.
        received: packets that arrived.
        malformed: packets that arrived and could not be read.
        lost: packets that did not arrive, those that the sender dropped included.
    """

    offered: int = 0
    received: int = 0
    malformed: int = 0
    lost: int = 0

    @property
    def closed(self) -> bool:
        """Whether nothing is under way and everything is accounted for."""
        return self.offered == self.received + self.malformed + self.lost


class Child(msgspec.Struct):
    """One process.

    Attributes:
        name: in the mission.
        apps: of the process.
        pid: of its present incarnation, 0 when it is not running.
        epoch: incarnations so far.
        end: connection to it.
        prepared: its apps wait to be started.
        started: it was told to start them.
        operational: its apps run.
        heard_ns: host time of its last message.
        running_apps: how many, by its newest account.
        slots_skipped: by its newest account.
        ledger: its newest account.
        offered: what it, or while it does not run its last incarnation, gave to each link, by receiving process.
        arrivals: what came to it, by sending process.
        retired: accounts of earlier incarnations.
        retired_slots_skipped: of earlier incarnations.
        retired_arrivals: of earlier incarnations.
        restarted_ns: host times of recent restarts.
        given_up: it failed too often.
        restart_cause: why it was restarted, until its apps run again and the executive app was told.
    """

    name: str
    apps: tuple[str, ...]
    pid: int = 0
    epoch: int = 0
    end: socket.socket | None = None
    prepared: bool = False
    started: bool = False
    operational: bool = False
    heard_ns: int = 0
    running_apps: int = 0
    slots_skipped: int = 0
    ledger: Ledger = Ledger()
    offered: dict[str, Offered] = {}
    arrivals: dict[str, Arrivals] = {}
    retired: Ledger = Ledger()
    retired_slots_skipped: int = 0
    retired_arrivals: dict[str, Arrivals] = {}
    restarted_ns: list[int] = []
    given_up: bool = False
    restart_cause: str = ""

    def born(self, pid: int, end: socket.socket, now_ns: int) -> None:
        """A new incarnation begins."""
        self.pid, self.end, self.heard_ns = pid, end, now_ns
        self.epoch += 1
        self.offered = {}
        self.prepared = self.started = self.operational = self.given_up = False

    def reaped(self) -> str:
        """End the process if it still lives, wait for its end, settle its account; returns how it ended."""
        os.kill(self.pid, signal.SIGKILL)  # before it is reaped its number belongs to nobody else
        _, status = os.waitpid(self.pid, 0)
        self.pid = self.running_apps = 0
        self.prepared = self.started = self.operational = False
        self.retired += _settled(self.ledger)
        self.retired_slots_skipped += self.slots_skipped
        self.retired_arrivals = self.heard()
        self.ledger, self.slots_skipped, self.arrivals = Ledger(), 0, {}
        if os.WIFSIGNALED(status):
            return signal.Signals(os.WTERMSIG(status)).name
        return f"status {os.WEXITSTATUS(status)}"

    def heard(self) -> dict[str, Arrivals]:
        """What all incarnations have heard of each other process."""
        heard = dict(self.retired_arrivals)
        for sender, arrivals in self.arrivals.items():
            heard[sender] = heard[sender].followed_by(arrivals) if sender in heard else arrivals
        return heard

    def account(self) -> Ledger:
        """The bus's account over all incarnations."""
        return self.ledger + self.retired


def link_account(sender: Child, receiver: Child) -> LinkAccount:
    """What became of the packets of the sender's present incarnation, by the newest accounts of both ends."""
    offered = sender.offered.get(receiver.name, Offered()).packets
    arrivals = receiver.heard().get(sender.name)
    if arrivals is None or arrivals.epoch != sender.epoch:
        return LinkAccount(offered)
    return LinkAccount(offered, arrivals.received, arrivals.malformed, arrivals.lost)


def _settled(ledger: Ledger) -> Ledger:
    """The last account of a dead process: what waited there is lost."""
    dropped = dict(ledger.dropped)
    if ledger.queued:
        dropped[DropReason.APP_RESTARTED] = dropped.get(DropReason.APP_RESTARTED, 0) + ledger.queued
    return msgspec.structs.replace(ledger, queued=0, dropped=dropped)
