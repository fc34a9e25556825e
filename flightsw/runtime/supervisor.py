"""Starts the processes of a flight from one warm process, watches them, and restarts those that die or hang.

It holds no ZeroMQ context and no app, so that a fork of it is a clean beginning with everything already imported.
"""

from __future__ import annotations

import gc
import selectors
from collections.abc import Callable
from pathlib import Path
from typing import IO

from flightsw.bus.ledger import Ledger
from flightsw.clock import HostClock
from flightsw.mission import Mission
from flightsw.runtime import control
from flightsw.runtime.child import Child, LinkAccount, link_account
from flightsw.runtime.fork import fork
from flightsw.runtime.process import ProcessSettings
from flightsw.runtime.run_folder import take
from flightsw.runtime.supervision import RestartNotice, VehicleAccount

NANOSECONDS = 1_000_000_000
HANG_AFTER_S = 5.0
"""Host time without a heartbeat after which a process is ended; a driver may try a silent device for three seconds."""
START_WITHIN_S = 30.0
"""Host time that a process may take until its apps run."""
MAX_RESTARTS = 8
RESTART_WINDOW_NS = 60 * NANOSECONDS
POLL_S = 0.05
REST_GRACE_NS = 2 * NANOSECONDS
STOP_GRACE_NS = 2 * NANOSECONDS
EXECUTIVE_PACKAGE = "flightsw.core.executive"


class Supervisor:
    """Keeps the processes of one flight.

    Args:
        mission_file: the mission.
        run_folder: where sockets, checkpoints and logs are; created with mode 0700.
        devices: ZeroMQ address of the simulated devices.
        clock: vehicle time, shared with the simulator.
        on_notice: told about every restart.
        hang_after_s: host seconds without a heartbeat after which a process is ended.
        start_within_s: host seconds that a process may take until its apps run.
        max_restarts: restarts of one process within a minute; one more, and it is given up.
    """

    def __init__(
        self,
        mission_file: Path,
        run_folder: Path,
        devices: str,
        clock: HostClock,
        on_notice: Callable[[RestartNotice], None] = lambda _notice: None,
        *,
        hang_after_s: float = HANG_AFTER_S,
        start_within_s: float = START_WITHIN_S,
        max_restarts: int = MAX_RESTARTS,
    ) -> None:
        self._mission_file = mission_file
        self._mission = Mission.load(mission_file)
        self._run_folder = run_folder
        self._devices = devices
        self._clock = clock
        self._host_clock = HostClock(clock.origin_ns)
        self._on_notice = on_notice
        self._hang_after_ns = round(hang_after_s * NANOSECONDS)
        self._start_within_ns = round(start_within_s * NANOSECONDS)
        self._max_restarts = max_restarts
        self._children = {name: Child(name, apps) for name, apps in self._mission.processes().items()}
        self._selector: selectors.BaseSelector | None = None
        self._lock: IO[bytes] | None = None
        self._routes: dict[str, list[int]] = {}
        self._all_started = False
        self._restarts = 0
        self._next_account_ns = 0

    def start(self) -> None:
        """Import every app once, and start all processes.

        Raises:
            AddressError: the run folder's path is too long for sockets.
            RunFolderError: another flight uses the run folder.
        """
        self._lock = take(self._run_folder, self._children)
        self._selector = selectors.DefaultSelector()
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
        """Process ids by process name; 0 for one that does not run."""
        return {child.name: child.pid for child in self._children.values()}

    @property
    def epochs(self) -> dict[str, int]:
        """Incarnations by process name."""
        return {child.name: child.epoch for child in self._children.values()}

    @property
    def given_up(self) -> tuple[str, ...]:
        """Processes that failed too often and stay ended until the restart of one of their apps is commanded."""
        return tuple(child.name for child in self._children.values() if child.given_up)

    def account(self) -> VehicleAccount:
        """Figures over all processes, as of their newest heartbeats."""
        apps = skipped = processes = 0
        ledger = Ledger()
        for child in self._children.values():
            processes += child.pid != 0
            apps += child.running_apps
            skipped += child.slots_skipped + child.retired_slots_skipped
            ledger += child.account()
        return VehicleAccount(apps, processes, self._restarts, ledger, skipped)

    def links(self) -> dict[tuple[str, str], LinkAccount]:
        """What became of the packets between each two processes, by (sender, receiver); as of their heartbeats."""
        children = self._children.values()
        return {
            (sender.name, receiver.name): link_account(sender, receiver)
            for sender in children
            for receiver in children
            if sender is not receiver
        }

    def poll(self, timeout_s: float = POLL_S) -> None:
        """Hear the processes, wait at most ``timeout_s`` for the first; mend what has died or hangs."""
        self._select(timeout_s, self._hear)
        now_ns = self._host_clock.now_ns()
        for child in self._children.values():
            limit_ns = self._hang_after_ns if child.operational else self._start_within_ns
            if child.pid and now_ns - child.heard_ns > limit_ns:
                self._bury(child, "no heartbeat" if child.operational else "did not start in time")
        if now_ns >= self._next_account_ns:
            self._next_account_ns = now_ns + NANOSECONDS // 2
            self._tell_executive(control.Account(self.account()))

    def rest(self) -> bool:
        """Let no app begin anything more, and wait a moment until nothing is under way between processes.

        Returns:
            Whether every link between running processes conserves: what was offered has arrived, or is counted as
            lost at both ends.
        """
        self._send_to_all(control.Rest())
        return self._hear_until(self._links_conserve, REST_GRACE_NS)

    def stop(self) -> None:
        """End all processes in good order, and by force what does not end in time; stopping twice is harmless."""
        if self._selector is None:
            return
        self.rest()
        self._send_to_all(control.Stop())
        self._hear_until(lambda: not any(child.end for child in self._children.values()), STOP_GRACE_NS)
        for child in self._children.values():
            self._disconnect(child)
            if child.pid:
                child.reaped()
        self._selector.close()
        self._selector = None
        gc.unfreeze()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    # ---------------------------------------------------------------- what processes say

    def _select(self, timeout_s: float, hear: Callable[[Child], None]) -> None:
        if self._selector is not None:
            for key, _ in self._selector.select(timeout_s):
                hear(key.data)

    def _hear(self, child: Child) -> None:
        if child.end is None:
            return
        try:
            while (message := control.receive_from_process(child.end)) is not None:
                child.heard_ns = self._host_clock.now_ns()
                self._take(child, message)
        except EOFError:
            self._bury(child, "")

    def _links_conserve(self) -> bool:
        running = [name for name, child in self._children.items() if child.end is not None]
        return all(
            account.closed
            for (sender, receiver), account in self.links().items()
            if sender in running and receiver in running
        )

    def _hear_until(self, reached: Callable[[], bool], grace_ns: int) -> bool:
        """Take the last accounts of the processes, until something is so, or the grace has passed; whether it is so."""
        deadline_ns = self._host_clock.now_ns() + grace_ns
        while not reached():
            if self._host_clock.now_ns() > deadline_ns:
                return False
            self._select(POLL_S, self._hear_last)
        return True

    def _hear_last(self, child: Child) -> None:
        if child.end is None:
            return
        try:
            while (message := control.receive_from_process(child.end)) is not None:
                if isinstance(message, control.Heartbeat):
                    _note(child, message)
        except EOFError:
            self._disconnect(child)

    def _take(self, child: Child, message: control.FromProcess) -> None:
        match message:
            case control.Prepared(message_ids):
                child.prepared = True
                self._routes[child.name] = message_ids
                self._start_prepared()
            case control.Operational(apps):
                child.operational = True
                child.running_apps = apps
                self._next_account_ns = 0
                self._report_restart(child)
            case control.Heartbeat():
                _note(child, message)
            case control.RestartRequest(app, cause):
                self._restart_app(app, cause)
            case control.AppRestartDone(app, cause, message_ids):
                self._restarts += 1
                self._routes[child.name] = message_ids
                self._send_to_all(control.Routes(self._routes))
                self._tell(RestartNotice(app, cause))

    # ---------------------------------------------------------------- processes come and go

    def _spawn(self, child: Child) -> None:
        settings = ProcessSettings(
            mission_file=self._mission_file,
            name=child.name,
            epoch=child.epoch + 1,
            origin_ns=self._clock.origin_ns,
            speed=self._clock.speed,
            run_folder=self._run_folder,
            devices=self._devices,
            heard=child.heard(),
        )
        ours = [*(each.end for each in self._children.values()), self._selector]
        pid, end = fork(settings, [each for each in ours if each is not None])
        child.born(pid, end, self._host_clock.now_ns())
        if self._selector is not None:
            self._selector.register(end, selectors.EVENT_READ, child)

    def _start_prepared(self) -> None:
        """Start what waits for it: at first all processes together, later ones as they come."""
        if not self._all_started and not all(child.prepared or child.given_up for child in self._children.values()):
            return
        self._all_started = True
        self._send_to_all(control.Routes(self._routes))
        for child in self._children.values():
            if child.end is not None and child.prepared and not child.started:
                child.started = control.send(child.end, control.Start())

    def _bury(self, child: Child, cause: str) -> None:
        """Settle the account of a process that has ended or must, and start its successor unless it failed too often.

        Args:
            child: the process.
            cause: why it must end; empty when it has.
        """
        self._disconnect(child)
        ended = child.reaped()
        child.restart_cause = cause or f"process ended, {ended}"
        now_ns = self._host_clock.now_ns()
        child.restarted_ns = [at for at in child.restarted_ns if now_ns - at < RESTART_WINDOW_NS] + [now_ns]
        if len(child.restarted_ns) > self._max_restarts:
            child.given_up = True
            self._routes[child.name] = []
            self._send_to_all(control.Routes(self._routes))
            self._report_restart(child)
            self._start_prepared()
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
        """Have one app restarted within its process; a process that was given up gets another chance."""
        for child in self._children.values():
            if app not in child.apps:
                continue
            if child.given_up:
                child.restarted_ns.clear()
                child.restart_cause = cause
                self._restarts += len(child.apps)
                self._spawn(child)
            elif child.operational and child.end is not None:
                control.send(child.end, control.RestartApp(app, cause))

    def _disconnect(self, child: Child) -> None:
        if child.end is not None:
            if self._selector is not None:
                self._selector.unregister(child.end)
            child.end.close()
            child.end = None

    # ---------------------------------------------------------------- telling

    def _tell(self, notice: RestartNotice) -> None:
        self._on_notice(notice)
        self._tell_executive(control.Notice(notice))

    def _tell_executive(self, message: control.FromSupervisor) -> None:
        for child in self._children.values():
            packages = [self._mission.file.apps[app].package for app in child.apps]
            if EXECUTIVE_PACKAGE in packages and child.end is not None:
                control.send(child.end, message)

    def _send_to_all(self, message: control.FromSupervisor) -> None:
        for child in self._children.values():
            if child.end is not None:
                control.send(child.end, message)


def _note(child: Child, heartbeat: control.Heartbeat) -> None:
    """Keep the newest account of a process."""
    child.running_apps, child.slots_skipped = heartbeat.apps, heartbeat.slots_skipped
    child.ledger, child.offered, child.arrivals = heartbeat.ledger, heartbeat.offered, heartbeat.arrivals
