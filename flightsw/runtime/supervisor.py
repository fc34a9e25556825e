"""Starts the processes of a flight from one warm process, watches them, and mends what dies, hangs or fails.

It holds no ZeroMQ context and no app, so that a fork of it is a clean beginning with everything already imported.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import IO

from flightsw.app import Ticket
from flightsw.clock import HostClock
from flightsw.hal.nvm import DirectoryNvm
from flightsw.mission import Mission
from flightsw.runtime import control
from flightsw.runtime.child import Child
from flightsw.runtime.far_ways import FarWays
from flightsw.runtime.fleet import POLL_S, Fleet
from flightsw.runtime.keeping.boot import Boot
from flightsw.runtime.keeping.keeper import Keeper
from flightsw.runtime.keeping.reload import CodeOnDisk
from flightsw.runtime.keeping.reset_record import ResetSubtype
from flightsw.runtime.news import NewsDesk
from flightsw.runtime.repair import Repair
from flightsw.runtime.requests import Requests
from flightsw.runtime.run_folder import STORE_FOLDER, forget_all, take
from flightsw.runtime.starting import Starting
from flightsw.runtime.supervision import AppState, LinkAccount, Notice, RequestDone, VehicleAccount
from flightsw.runtime.warm_up import warm_up
from flightsw.services.store import Store

NANOSECONDS = 1_000_000_000
REST_GRACE_NS = 2 * NANOSECONDS
STOP_GRACE_NS = 2 * NANOSECONDS
START_AGAIN_NS = 1 * NANOSECONDS
"""Host time that an app which could not start is left alone before it is tried again."""


class _DueReset:
    """A processor reset that is carried out between two polls."""

    def __init__(self, subtype: ResetSubtype, app: str, reason: str, ticket: Ticket | None, *, power_on: bool) -> None:
        self.subtype, self.app, self.reason, self.ticket = subtype, app, reason, ticket
        self.power_on = power_on


class Supervisor:
    """Keeps the processes of one flight.

    Args:
        mission_file: the mission.
        run_folder: where sockets, checkpoints and logs are; created with mode 0700.
        devices: ZeroMQ address of the simulated devices.
        clock: vehicle time, shared with the simulator.
        on_notice: told about everything that the executive app is told.
        trace_all: whether all handlers are measured, and traces written when their processes end.
        host: the computer on which this is, when the mission has several.
        keys_folder: with the keys for links to the others.

    Attributes:
        mission: what is flown.
        apps: the apps on this computer.
        fleet: the processes.
        keeper: decides about failures and resets.
        starting: brings apps up.
        news: what the executive app is told.
    """

    def __init__(
        self,
        mission_file: Path,
        run_folder: Path,
        devices: str,
        clock: HostClock,
        on_notice: Callable[[Notice], None] = lambda _notice: None,
        *,
        trace_all: bool = False,
        host: str = "",
        keys_folder: Path | None = None,
    ) -> None:
        self.mission = Mission.load(mission_file)
        self.clock = clock
        self.host_clock = HostClock(clock.origin_ns)
        self.apps = self.mission.apps_on(host)
        members = self.mission.computers.processes_on(host)
        processes = {name: apps for name, apps in self.mission.processes().items() if name in members}
        self.fleet = Fleet(processes, self.host_clock, clock)
        self.news = NewsDesk(self, on_notice)
        self._mission_file = mission_file
        self._run_folder = run_folder
        self._far = FarWays(self.mission.computers, host, keys_folder)
        self.starting = Starting(self, run_folder, devices, self._far, trace_all=trace_all)
        self._lock: IO[bytes] | None = None
        self._resting = False
        self._due_reset: _DueReset | None = None
        self._cold = list(self.apps)

    # ---------------------------------------------------------------- the flight

    def start(self, cause: ResetSubtype = ResetSubtype.POWER_CYCLE, reason: str = "") -> None:
        """Start all processes, each as soon as its apps are imported, so that one comes up while the next is loaded.

        Args:
            cause: what has reset the computer, as far as its hardware can tell.
            reason: for people.

        Raises:
            AddressError: the run folder's path is too long for sockets.
            RunFolderError: another flight uses the run folder.
        """
        self._lock = take(self._run_folder, self.fleet.children)
        self.fleet.count_from(self._far.first_epoch(self._run_folder))
        self.keeper = self._open_keeper()
        self.keeper.booted(cause, reason, self.clock.now_ns())
        self.starting.begin()
        self.requests = Requests(self, self._mission_file, CodeOnDisk(self.mission))
        self.repair = Repair(self, self._run_folder)

    def poll(self, timeout_s: float = POLL_S) -> None:
        """Hear the processes, wait at most ``timeout_s`` for the first; mend what has died or hangs."""
        for what in self.fleet.select(timeout_s):
            if isinstance(what, Child):
                self._hear(what)
            else:
                self.requests.take_trial(what)
        self.requests.check()
        self.repair.check()
        self.starting.admit()
        if self._due_reset is not None:
            self._reset(self._due_reset)
        self.news.tell()
        self.keeper.save_notes()
        if self._cold and self.settled:
            warm_up(self.mission.app_class(self._cold.pop()))
            gc.freeze()

    def rest(self) -> bool:
        """Let no app begin anything more, and wait a moment until nothing is under way between processes.

        Returns:
            Whether every link between running processes conserves: what was offered has arrived, or is counted as
            lost at both ends.
        """
        self._resting = True
        self.fleet.tell_all(control.Rest())
        return self.fleet.hear_until(self.fleet.conserves, REST_GRACE_NS)

    def stop(self) -> None:
        """End all processes in good order, and by force what does not end in time; stopping twice is harmless."""
        if self._lock is None:
            return
        self._end_processes()
        self.requests.close()
        self.keeper.ended()
        self.fleet.close()
        gc.unfreeze()
        self._lock.close()
        self._lock = None

    def _end_processes(self) -> None:
        self.rest()
        self.fleet.tell_all(control.Stop())
        self.fleet.hear_until(lambda: not any(child.end for child in self.fleet), STOP_GRACE_NS)
        for child in self.fleet:
            self.fleet.disconnect(child)
            if child.pid:
                child.reaped()

    def _open_keeper(self) -> Keeper:
        store = Store(DirectoryNvm(self._run_folder / STORE_FOLDER / "supervisor"))
        return Keeper(self.apps, self.mission.file.executive, store)

    # ---------------------------------------------------------------- how it is going

    @property
    def operational(self) -> bool:
        """Whether every app runs, except those that were stopped by command."""
        fine = (AppState.RUNNING, AppState.STOPPED)
        return all(state in fine for child in self.fleet for state in child.states.values())

    @property
    def settled(self) -> bool:
        """Whether no process is coming up or going down."""
        return all(child.steady or not child.wanted for child in self.fleet)

    @property
    def resting(self) -> bool:
        """Whether apps were told to begin nothing more."""
        return self._resting

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by process name; 0 for one that does not run."""
        return {child.name: child.pid for child in self.fleet}

    @property
    def epochs(self) -> dict[str, int]:
        """Incarnations by process name."""
        return {child.name: child.epoch for child in self.fleet}

    @property
    def given_up(self) -> tuple[str, ...]:
        """Processes of which no app is to run any more, until the start of one of them is commanded."""
        return tuple(child.name for child in self.fleet if not child.wanted)

    @property
    def boot(self) -> Boot:
        """The present boot."""
        return self.starting.boot

    @property
    def restarts(self) -> int:
        """Apps restarted since the start."""
        return self.starting.restarts

    def account(self) -> VehicleAccount:
        """Figures over all processes, as of their newest heartbeats."""
        return self.news.account()

    def links(self) -> dict[tuple[str, str], LinkAccount]:
        """What became of the packets between each two processes, by (sender, receiver); as of their heartbeats."""
        return self.fleet.links()

    # ---------------------------------------------------------------- what processes say

    def _hear(self, child: Child) -> None:
        while child.end is not None:
            try:
                message = control.receive_from_process(child.end)
            except EOFError:
                break
            if message is None:
                return
            child.heard_ns = self.host_clock.now_ns()
            self._take(child, message)
        if child.pid:
            self.repair.died(child)

    def _take(self, child: Child, message: control.FromProcess) -> None:
        match message:
            case control.Prepared(message_ids):
                self.starting.prepared(child, message_ids)
            case control.AppChanged():
                self.starting.changed(child, message)
            case control.AppFailing(app, cause):
                if not self.requests.orders.pending(app):
                    self.repair.failed(app, cause)
            case control.Heartbeat():
                child.note(message, self.clock.now_ns())
            case control.Wanted(request):
                self.requests.take(request)
            case control.ResetWanted(ticket, power_on):
                self.reset(ResetSubtype.COMMAND, "", "by command", ticket, power_on=power_on)
            case control.ClearLog():
                self.keeper.clear_log()
            case control.ForgetResets():
                self.keeper.forget_resets()

    # ---------------------------------------------------------------- resets

    def reset(
        self, subtype: ResetSubtype, app: str, reason: str, ticket: Ticket | None = None, *, power_on: bool = False
    ) -> None:
        """Have the processor reset as soon as everything heard was dealt with.

        Args:
            subtype: what has caused it.
            app: that has caused it, empty when none has.
            reason: for people.
            ticket: the command that asked for it; it is completed behind the reset.
            power_on: whether nothing that was stored is kept.
        """
        if self._due_reset is None:
            self._due_reset = _DueReset(subtype, app, reason, ticket, power_on=power_on)

    def _reset(self, due: _DueReset) -> None:
        self._due_reset = None
        self._end_processes()
        self.requests.forget()
        self.repair.forget()
        self.news.forget()
        now_ns = self.clock.now_ns()
        if due.power_on:
            forget_all(self._run_folder)
            self.keeper = self._open_keeper()
            self.keeper.power_on_reset(due.reason, now_ns)
        else:
            self.keeper.reset(due.subtype, due.app, due.reason, now_ns)
        if due.ticket is not None:
            self.news.add(RequestDone(due.ticket))
        self._resting = False
        self.starting.begin()
