"""One process of a flight: a few apps, their slots in real time, links to the other processes, and the supervisor."""

from __future__ import annotations

import math
import socket
from pathlib import Path
from typing import Any

import msgspec
import zmq

from flightsw.app import Work, WorkFailed
from flightsw.bus.ledger import Ledger
from flightsw.bus.links import BusLinks
from flightsw.clock import HostClock
from flightsw.hal.nvm import DirectoryNvm
from flightsw.mission import Mission
from flightsw.runtime import control
from flightsw.runtime.device_ports import EmuPorts
from flightsw.runtime.host import Host
from flightsw.runtime.supervision import RestartNotice, VehicleAccount
from flightsw.runtime.worker_process import WorkerProcess
from flightsw.services.event_log import EventLog
from flightsw.services.slots import SlotCounters
from flightsw.services.store import Store

HEARTBEAT_HOST_NS = 200_000_000
LONGEST_WAIT_S = 0.1
NOTHING_KNOWN = VehicleAccount(0, 0, 0, Ledger(), 0)


class ProcessSettings(msgspec.Struct, frozen=True):
    """Everything that a process is told when it is started.

    Attributes:
        mission_file: the mission.
        name: the process's name in it.
        epoch: which incarnation, from 1.
        origin_ns: host time at which vehicle time is 0.
        speed: vehicle seconds per host second.
        run_folder: where sockets, checkpoints and logs are.
        devices: ZeroMQ address of the simulated devices.
    """

    mission_file: Path
    name: str
    epoch: int
    origin_ns: int
    speed: float
    run_folder: Path
    devices: str


def inbox_address(run_folder: Path, process: str) -> str:
    """Where a process's inbox is."""
    return f"ipc://{run_folder}/{process}.bus"


class ProcessWorks:
    """Long work of the apps here: worker processes, watched by the loop.

    Args:
        runtime: whose apps they serve.
    """

    def __init__(self, runtime: ProcessRuntime) -> None:
        self._runtime = runtime
        self._workers: dict[tuple[str, str], WorkerProcess] = {}
        self._deadlines: dict[tuple[str, str], list[int]] = {}

    def start(self, app: str, work: Work[Any, Any], request: msgspec.Struct, key: str, takes_ns: int) -> None:
        """Begin a piece of work; in real time it takes as long as it takes."""
        place = (app, work.name)
        if place not in self._workers:
            settings = self._runtime.host.mission.worker_settings(app)
            self._workers[place] = WorkerProcess(work, settings)
            self._deadlines[place] = []
        failure = self._workers[place].submit(request, key)
        if failure is not None:
            self._runtime.later.append((app, failure))
        else:
            limit_ns = round(work.time_limit_s * 1e9)
            self._deadlines[place].append(self._runtime.host_clock.now_ns() + limit_ns)

    def forget(self, app: str) -> None:
        """End the app's workers."""
        for place, worker in self._workers.items():
            if place[0] == app:
                worker.close()
                self._deadlines[place].clear()

    def file_numbers(self) -> list[int]:
        """What to wait on."""
        return [number for worker in self._workers.values() if (number := worker.fileno()) is not None]

    def collect(self) -> None:
        """Bring results to their apps; end workers that took too long."""
        now_ns = self._runtime.host_clock.now_ns()
        for place, worker in self._workers.items():
            results = worker.collect(0)
            deadlines = self._deadlines[place]
            if not results and deadlines and now_ns > deadlines[0]:
                results = worker.end(f"no result within {worker.work.time_limit_s} s")
            del deadlines[: len(results)]
            for result in results:
                self._runtime.later.append((place[0], result))

    def close(self) -> None:
        """End all workers."""
        for worker in self._workers.values():
            worker.close()


class ProcessRuntime:
    """The loop of one process.

    Args:
        settings: what the supervisor says.
        end: connection to the supervisor.

    Attributes:
        host: the apps.
        later: results that wait to be handed to their apps.
        host_clock: host time, for what has to do with the host.
    """

    def __init__(self, settings: ProcessSettings, end: socket.socket) -> None:
        mission = Mission.load(settings.mission_file)
        self.clock = HostClock(settings.origin_ns, settings.speed)
        self.host_clock = HostClock(settings.origin_ns)
        self.later: list[tuple[str, msgspec.Struct | WorkFailed]] = []
        self._settings = settings
        self._end = end
        self._ports = EmuPorts(settings.devices)
        self._event_log = EventLog(settings.run_folder / f"{settings.name}.events.jsonl")
        store = Store(DirectoryNvm(settings.run_folder / "store" / settings.name))
        self.host = Host(mission, self.clock, store, self._ports, self._event_log.write, self)
        self._works = ProcessWorks(self)
        self.host.works = self._works
        for app in mission.processes()[settings.name]:
            self.host.add(app)
        self._links = BusLinks(
            self.host.bus,
            mission.dictionary,
            settings.name,
            tuple(mission.processes()),
            settings.epoch,
            lambda process: inbox_address(settings.run_folder, process),
            lambda: self.host.time.header_time(self.clock.now_ns()),
        )
        self._slots = self.host.slots()
        self._counters = SlotCounters()
        self._last_frame = self.clock.now_ns() // self._slots.minor_frame_ns
        self._started = False
        self._stopping = False
        self._next_heartbeat_ns = 0
        self._notices: list[RestartNotice] = []
        self._account = NOTHING_KNOWN

    # ---------------------------------------------------------------- the loop

    def run(self) -> None:
        """Live until the supervisor says stop or is gone."""
        control.send(self._end, control.Prepared(self.host.bus.subscribed_ids()))
        try:
            while not self._stopping:
                self._wait()
                self._hear_supervisor()
                if self._started:
                    self._links.drain()
                    self.host.bus.dispatch()
                    self._works.collect()
                    self._hand_over_results()
                    self._run_slots()
                self._links.flush()
                self._beat()
        finally:
            self._close()

    def _wait(self) -> None:
        frame = self._slots.next_busy_frame(self._last_frame + 1) if self._started else None
        wait_s = LONGEST_WAIT_S
        if frame is not None:
            wait_s = min(wait_s, self.clock.host_seconds_until(frame * self._slots.minor_frame_ns))
        poller = zmq.Poller()
        poller.register(self._links.inbox, zmq.POLLIN)
        poller.register(self._end.fileno(), zmq.POLLIN)
        for number in self._works.file_numbers():
            poller.register(number, zmq.POLLIN)
        poller.poll(math.ceil(wait_s * 1000))

    def _run_slots(self) -> None:
        now_ns = self.clock.now_ns()
        catch_up = self._slots.catch_up(now_ns, self._last_frame)
        self._counters.count(catch_up)
        self._last_frame = max(self._last_frame, now_ns // self._slots.minor_frame_ns)
        for frame in catch_up.frames:
            self.host.run(self._slots.due(frame))
            self._links.flush()
            self._beat()

    def _hand_over_results(self) -> None:
        results, self.later = self.later, []
        for app, result in results:
            self.host.work_done(app, result)

    def _beat(self) -> None:
        now_ns = self.host_clock.now_ns()
        if now_ns >= self._next_heartbeat_ns:
            self._next_heartbeat_ns = now_ns + HEARTBEAT_HOST_NS
            running = [container for container in self.host.containers.values() if container.running]
            ledger = self.host.bus.ledger() + self._links.ledger()
            control.send(self._end, control.Heartbeat(len(running), ledger, self._counters.skipped))

    def _close(self) -> None:
        self._works.close()
        self._links.close()
        self._ports.close()
        self._event_log.close()

    # ---------------------------------------------------------------- the supervisor

    def _hear_supervisor(self) -> None:
        try:
            while (message := control.receive_from_supervisor(self._end)) is not None:
                self._obey(message)
        except EOFError:
            self._stopping = True

    def _obey(self, message: control.FromSupervisor) -> None:
        match message:
            case control.Routes(message_ids):
                self._links.set_routes(message_ids)
            case control.Start():
                self.host.start()
                self._last_frame = self.clock.now_ns() // self._slots.minor_frame_ns
                self._started = True
                control.send(self._end, control.Operational(len(self.host.containers)))
            case control.RestartApp(app, cause):
                self.host.restart(app)
                self.host.bus.dispatch()
                control.send(self._end, control.AppRestartDone(app, cause))
            case control.Notice(notice):
                self._notices.append(notice)
            case control.Account(account):
                self._account = account
            case control.Stop():
                for container in self.host.containers.values():
                    container.checkpoint()
                self._stopping = True

    # ---------------------------------------------------------------- what the executive app sees

    def request_restart(self, app: str, cause: str) -> None:
        """Ask the supervisor to have an app restarted."""
        control.send(self._end, control.RestartRequest(app, cause))

    def take_notices(self) -> list[RestartNotice]:
        """Restarts since the last call."""
        notices, self._notices = self._notices, []
        return notices

    def account(self) -> VehicleAccount:
        """The latest figures over all processes."""
        return self._account
