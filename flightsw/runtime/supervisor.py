"""Starts the processes of a flight from one warm process, watches them, and restarts those that die or hang.

It holds no ZeroMQ context and no app, so that a fork of it is a clean beginning with everything already imported.
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import msgspec

from flightsw.bus.inbox import DropReason
from flightsw.bus.ledger import Ledger
from flightsw.clock import HostClock
from flightsw.mission import Mission
from flightsw.runtime import control
from flightsw.runtime.process import ProcessRuntime, ProcessSettings
from flightsw.runtime.supervision import RestartNotice, VehicleAccount

NANOSECONDS = 1_000_000_000
HANG_AFTER_NS = 3 * NANOSECONDS
"""Host time without a heartbeat after which a process is ended."""
MAX_RESTARTS = 8
RESTART_WINDOW_NS = 60 * NANOSECONDS
POLL_S = 0.05
STOP_GRACE_NS = 2 * NANOSECONDS
EXECUTIVE = "executive"


class Child(msgspec.Struct):
    """One process.

    Attributes:
        name: in the mission.
        apps: of the process.
        pid: of its present incarnation, 0 when it is not running.
        epoch: incarnations so far.
        end: connection to it.
        prepared: its apps wait to be started.
        operational: its apps run.
        heard_ns: host time of its last message.
        ledger: its newest account.
        retired: accounts of earlier incarnations.
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
    operational: bool = False
    heard_ns: int = 0
    running_apps: int = 0
    slots_skipped: int = 0
    ledger: Ledger = Ledger()
    retired: Ledger = Ledger()
    restarted_ns: list[int] = []
    given_up: bool = False
    restart_cause: str = ""


class Supervisor:
    """Keeps the processes of one flight.

    Args:
        mission_file: the mission.
        run_folder: where sockets, checkpoints and logs are; created with mode 0700.
        devices: ZeroMQ address of the simulated devices.
        clock: vehicle time, shared with the simulator.
        on_notice: told about every restart.
    """

    def __init__(
        self,
        mission_file: Path,
        run_folder: Path,
        devices: str,
        clock: HostClock,
        on_notice: Callable[[RestartNotice], None] = lambda _notice: None,
    ) -> None:
        self._mission_file = mission_file
        self._mission = Mission.load(mission_file)
        self._run_folder = run_folder
        self._devices = devices
        self._clock = clock
        self._host_clock = HostClock(clock.origin_ns)
        self._on_notice = on_notice
        self._selector = selectors.DefaultSelector()
        self._children = {name: Child(name, apps) for name, apps in self._mission.processes().items()}
        self._routes: dict[str, list[int]] = {}
        self._restarts = 0
        self._next_account_ns = 0

    def start(self) -> None:
        """Import every app once, and start all processes."""
        self._run_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for app in self._mission.file.apps:
            self._mission.app_class(app)
        gc.collect()
        gc.freeze()
        for child in self._children.values():
            self._spawn(child)

    @property
    def operational(self) -> bool:
        """Whether the apps of all processes run."""
        return all(child.operational for child in self._children.values())

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by process name."""
        return {child.name: child.pid for child in self._children.values()}

    @property
    def epochs(self) -> dict[str, int]:
        """Incarnations by process name."""
        return {child.name: child.epoch for child in self._children.values()}

    def account(self) -> VehicleAccount:
        """Figures over all processes, as of their newest heartbeats."""
        apps = skipped = processes = 0
        ledger = Ledger()
        for child in self._children.values():
            processes += child.pid != 0
            apps += child.running_apps
            skipped += child.slots_skipped
            ledger += child.ledger + child.retired
        return VehicleAccount(apps, processes, self._restarts, ledger, skipped)

    def poll(self, timeout_s: float = POLL_S) -> None:
        """Hear the processes, wait at most ``timeout_s`` for the first; mend what has died or hangs."""
        for key, _ in self._selector.select(timeout_s):
            self._hear(key.data)
        now_ns = self._host_clock.now_ns()
        for child in self._children.values():
            if child.pid and now_ns - child.heard_ns > HANG_AFTER_NS:
                os.kill(child.pid, signal.SIGKILL)
                self._bury(child, "no heartbeat")
        if now_ns >= self._next_account_ns:
            self._next_account_ns = now_ns + NANOSECONDS // 2
            self._tell_executive(control.Account(self.account()))

    def stop(self) -> None:
        """End all processes in good order, and by force what does not end in time."""
        for child in self._children.values():
            if child.end is not None:
                control.send(child.end, control.Stop())
        deadline_ns = self._host_clock.now_ns() + STOP_GRACE_NS
        for child in self._children.values():
            self._await_end(child, deadline_ns)
            self._disconnect(child)
        self._selector.close()

    # ---------------------------------------------------------------- processes

    def _spawn(self, child: Child) -> None:
        ours, theirs = control.pair()
        child.epoch += 1
        settings = ProcessSettings(
            mission_file=self._mission_file,
            name=child.name,
            epoch=child.epoch,
            origin_ns=self._clock.origin_ns,
            speed=self._clock.speed,
            run_folder=self._run_folder,
            devices=self._devices,
        )
        pid = os.fork()
        if pid == 0:
            _live(settings, theirs, [each.end for each in self._children.values() if each.end], ours)
        theirs.close()
        child.pid, child.end = pid, ours
        child.prepared = child.operational = False
        child.heard_ns = self._host_clock.now_ns()
        self._selector.register(ours, selectors.EVENT_READ, child)

    def _hear(self, child: Child) -> None:
        if child.end is None:
            return
        try:
            while (message := control.receive_from_process(child.end)) is not None:
                child.heard_ns = self._host_clock.now_ns()
                self._take(child, message)
        except EOFError:
            self._bury(child, "process ended")

    def _take(self, child: Child, message: control.FromProcess) -> None:
        match message:
            case control.Prepared(message_ids):
                child.prepared = True
                self._routes[child.name] = message_ids
                self._start_when_prepared()
            case control.Operational(apps):
                child.operational = True
                child.running_apps = apps
                self._report_restart(child)
            case control.Heartbeat(apps, ledger, slots_skipped):
                child.running_apps, child.ledger, child.slots_skipped = apps, ledger, slots_skipped
            case control.RestartRequest(app, cause):
                self._restart_app(app, cause)
            case control.AppRestartDone(app, cause):
                self._restarts += 1
                self._tell(RestartNotice(app, cause))

    def _start_when_prepared(self) -> None:
        """At first all processes start together; later ones find the others running."""
        if not all(child.prepared or child.given_up for child in self._children.values()):
            return
        for child in self._children.values():
            if child.end is not None:
                control.send(child.end, control.Routes(self._routes))
        for child in self._children.values():
            if child.end is not None and not child.operational:
                control.send(child.end, control.Start())

    def _bury(self, child: Child, cause: str) -> None:
        """Settle the account of a dead process, and start its successor unless it failed too often."""
        self._disconnect(child)
        _reap(child.pid)
        child.pid = 0
        child.running_apps = 0
        child.retired += _settled(child.ledger)
        child.ledger = Ledger()
        now_ns = self._host_clock.now_ns()
        child.restarted_ns = [at for at in child.restarted_ns if now_ns - at < RESTART_WINDOW_NS] + [now_ns]
        child.given_up = len(child.restarted_ns) > MAX_RESTARTS
        child.restart_cause = cause
        if child.given_up:
            self._report_restart(child)
        else:
            self._restarts += len(child.apps)
            self._spawn(child)

    def _report_restart(self, child: Child) -> None:
        """Tell of a restart once the apps run again: only then can the link carry the news of its own."""
        if child.restart_cause:
            for app in child.apps:
                self._tell(RestartNotice(app, child.restart_cause, child.given_up))
            child.restart_cause = ""

    def _restart_app(self, app: str, cause: str) -> None:
        for child in self._children.values():
            if app in child.apps and child.end is not None:
                control.send(child.end, control.RestartApp(app, cause))

    def _tell(self, notice: RestartNotice) -> None:
        self._on_notice(notice)
        self._tell_executive(control.Notice(notice))

    def _tell_executive(self, message: control.FromSupervisor) -> None:
        for child in self._children.values():
            if EXECUTIVE in child.apps and child.end is not None:
                control.send(child.end, message)

    def _disconnect(self, child: Child) -> None:
        if child.end is not None:
            self._selector.unregister(child.end)
            child.end.close()
            child.end = None

    def _await_end(self, child: Child, deadline_ns: int) -> None:
        while child.pid and child.end is not None:
            if self._host_clock.now_ns() > deadline_ns:
                os.kill(child.pid, signal.SIGKILL)
                break
            for key, _ in self._selector.select(POLL_S):
                self._drain_until_end(key.data)
        if child.pid:
            _reap(child.pid)
            child.pid = 0

    def _drain_until_end(self, child: Child) -> None:
        if child.end is None:
            return
        try:
            while control.receive_from_process(child.end) is not None:
                continue
        except EOFError:
            self._disconnect(child)


def _settled(ledger: Ledger) -> Ledger:
    """The last account of a dead process: what waited there is lost."""
    dropped = dict(ledger.dropped)
    if ledger.queued:
        dropped[DropReason.APP_RESTARTED] = dropped.get(DropReason.APP_RESTARTED, 0) + ledger.queued
    return msgspec.structs.replace(ledger, queued=0, dropped=dropped)


def _reap(pid: int) -> None:
    if pid:
        os.waitpid(pid, 0)


def _live(settings: ProcessSettings, end: socket.socket, others: list[socket.socket], ours: socket.socket) -> None:
    """The life of a forked process; never returns."""
    status = 1
    try:
        for other in (*others, ours):
            other.close()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN if number == signal.SIGINT else signal.SIG_DFL)
        ProcessRuntime(settings, end).run()
        status = 0
    except BaseException:  # noqa: BLE001 - the last line of a process: say why it ends
        traceback.print_exc(file=sys.stderr)
    finally:
        os._exit(status)
