"""One process of a flight as its supervisor sees it: its life, and its accounts over all incarnations."""

from __future__ import annotations

import os
import signal
import socket

import msgspec

from flightsw.bus.arrivals import Arrivals
from flightsw.bus.ledger import Ledger
from flightsw.bus.link_counters import LinkCounters
from flightsw.bus.outgoing import Offered
from flightsw.bus.overflow import DropReason
from flightsw.runtime.control import Heartbeat
from flightsw.runtime.supervision import AppFigures, AppState, LinkAccount


class Child(msgspec.Struct):
    """One process.

    Attributes:
        name: in the mission.
        apps: of the process.
        pid: of its present incarnation, 0 when it is not running.
        epoch: incarnations so far.
        end: connection to it.
        prepared: its apps wait to be started.
        started: it was told to begin with its work.
        starting: apps that were told to start and have not answered.
        states: how each app is.
        absent: apps that are not to run, and why.
        heard_ns: host time of its last message.
        heartbeat_ns: vehicle time of its last heartbeat.
        figures: how each app is doing, by its newest account.
        advanced_ns: vehicle time at which each app was last seen to have run a slot or handled a message.
        slots_skipped: by its newest account.
        slots_overrun: by its newest account.
        ledger: its newest account.
        offered: what it, or while it does not run its last incarnation, gave to each link, by receiving process.
        arrivals: what came to it, by sending process.
        link_counters: what its links have met.
        retired: accounts of earlier incarnations.
        retired_slots_skipped: of earlier incarnations.
        retired_slots_overrun: of earlier incarnations.
        retired_arrivals: of earlier incarnations.
        restart_causes: why apps were restarted, until they run again and the executive app is told.
    """

    name: str
    apps: tuple[str, ...]
    pid: int = 0
    epoch: int = 0
    end: socket.socket | None = None
    prepared: bool = False
    started: bool = False
    starting: dict[str, None] = {}
    states: dict[str, AppState] = {}
    absent: dict[str, str] = {}
    heard_ns: int = 0
    heartbeat_ns: int = 0
    figures: dict[str, AppFigures] = {}
    advanced_ns: dict[str, int] = {}
    slots_skipped: int = 0
    slots_overrun: int = 0
    ledger: Ledger = Ledger()
    offered: dict[str, Offered] = {}
    arrivals: dict[str, Arrivals] = {}
    link_counters: LinkCounters = msgspec.field(default_factory=LinkCounters)
    retired: Ledger = Ledger()
    retired_slots_skipped: int = 0
    retired_slots_overrun: int = 0
    retired_arrivals: dict[str, Arrivals] = {}
    restart_causes: dict[str, str] = {}

    @property
    def steady(self) -> bool:
        """Whether it takes orders: it has started its apps, and none of them is just being started."""
        return self.end is not None and self.started and not self.starting

    @property
    def wanted(self) -> bool:
        """Whether it is to run: some app of it is, or was stopped and its commands are to be rejected."""
        return any(app not in self.absent or self.states[app] is AppState.STOPPED for app in self.apps)

    def born(self, pid: int, end: socket.socket, now_ns: int) -> None:
        """A new incarnation begins."""
        self.pid, self.end, self.heard_ns = pid, end, now_ns
        self.epoch += 1
        self.offered = {}
        self.starting = {}
        self.prepared = self.started = False

    def reaped(self) -> str:
        """End the process if it still lives, wait for its end, settle its account; returns how it ended."""
        os.kill(self.pid, signal.SIGKILL)  # before it is reaped its number belongs to nobody else
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        self.starting = {}
        self.prepared = self.started = False
        self.retired += _settled(self.ledger)
        self.retired_slots_skipped += self.slots_skipped
        self.retired_slots_overrun += self.slots_overrun
        self.retired_arrivals = self.heard()
        self.figures = {}
        self.ledger, self.slots_skipped, self.slots_overrun, self.arrivals = Ledger(), 0, 0, {}
        if os.WIFSIGNALED(status):
            return signal.Signals(os.WTERMSIG(status)).name
        return f"status {os.WEXITSTATUS(status)}"

    def note(self, heartbeat: Heartbeat, now_ns: int) -> None:
        """Keep the newest account of the process; ``now_ns`` is vehicle time."""
        self.heartbeat_ns = now_ns
        for app, figures in heartbeat.apps.items():
            before = self.figures.get(app)
            if before is None or (before.cycles, before.handlers) != (figures.cycles, figures.handlers):
                self.advanced_ns[app] = now_ns
        self.figures = heartbeat.apps
        self.slots_skipped, self.slots_overrun = heartbeat.slots_skipped, heartbeat.slots_overrun
        self.ledger, self.offered, self.arrivals = heartbeat.ledger, heartbeat.offered, heartbeat.arrivals
        self.link_counters = heartbeat.link_counters

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
