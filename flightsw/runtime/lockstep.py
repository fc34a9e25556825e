"""Lock-step: all apps in one process in virtual time, the same run for the same seed.

One queue orders everything by (time, priority, source, sequence); nothing waits for anything outside, except that a
piece of work is awaited at the virtual moment its result is due.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

import msgspec

from flightsw.app import Work
from flightsw.bus.requests import Request
from flightsw.clock import VirtualClock
from flightsw.errors import FlightSoftwareError
from flightsw.mission import Mission
from flightsw.runtime.host import DevicePorts, Host
from flightsw.runtime.supervision import RestartNotice, VehicleAccount
from flightsw.runtime.trace import TraceChain
from flightsw.runtime.worker_process import WorkerProcess
from flightsw.services.store import Store
from tlm_cmd.definition.message import Command, Event, Telemetry

Action = Callable[[], None]

PHYSICS_PRIORITY = 0
WORK_PRIORITY = 1
APPS_PRIORITY = 2
GROUND_PRIORITY = 3


class EventQueue:
    """Actions in the order of (time, priority, source, sequence)."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, str, int, Action]] = []
        self._sequence = 0

    def add(self, time_ns: int, priority: int, source: str, action: Action) -> None:
        """Schedule an action."""
        heapq.heappush(self._heap, (time_ns, priority, source, self._sequence, action))
        self._sequence += 1

    @property
    def next_ns(self) -> int | None:
        """Time of the next action, None when there is none."""
        return self._heap[0][0] if self._heap else None

    def pop(self) -> Action:
        """Take the next action."""
        return heapq.heappop(self._heap)[4]


class _Line:
    """The pieces of one work of one incarnation of an app, in the order in which they were started."""

    def __init__(self, worker: WorkerProcess) -> None:
        self.worker = worker
        self.started = 0
        self._finished = 0
        self._results: dict[int, msgspec.Struct] = {}

    def result(self, number: int) -> msgspec.Struct:
        """The result of piece ``number``; waits for it and for those before it."""
        while number not in self._results:
            for result in self.worker.await_results():
                self._results[self._finished] = result
                self._finished += 1
        return self._results.pop(number)


class LockstepWorks:
    """Long work in virtual time: begun at once in a worker process, delivered when the app's estimate says so."""

    def __init__(self, runtime: LockstepRuntime) -> None:
        self._runtime = runtime
        self._lines: dict[tuple[str, str], _Line] = {}

    def start(self, app: str, work: Work[Any, Any], request: msgspec.Struct, key: str, takes_ns: int) -> None:
        """Begin a piece of work; its result is due ``takes_ns`` from now."""
        place = (app, work.name)
        line = self._lines.get(place)
        if line is None:
            settings = self._runtime.mission.worker_settings(app)
            line = self._lines[place] = _Line(WorkerProcess(work, settings))
        failure = line.worker.submit(request, key)
        number = line.started
        line.started += failure is None

        def deliver() -> None:
            if self._lines.get(place) is line:  # else the app was restarted meanwhile and knows nothing of it
                self._runtime.host.work_done(app, line.result(number) if failure is None else failure)

        self._runtime.queue.add(self._runtime.clock.now_ns() + takes_ns, WORK_PRIORITY, app, deliver)

    def forget(self, app: str) -> None:
        """End the app's workers; what they were doing is never delivered."""
        for place in [place for place in self._lines if place[0] == app]:
            self._lines.pop(place).worker.close()

    def close(self) -> None:
        """End all workers."""
        for line in self._lines.values():
            line.worker.close()
        self._lines.clear()


class LockstepRuntime:
    """Flies a mission's apps in virtual time.

    Args:
        mission: what to fly.
        store: where checkpoints go.
        ports: the devices' ports.
        trace: where every message is recorded; a hash only by default.
        log: shows events to people.

    Attributes:
        clock: the vehicle's time.
        host: the apps.
        queue: what happens next.
        observers: called with (vehicle time, message id, message) for everything sent on the bus.
    """

    def __init__(
        self,
        mission: Mission,
        store: Store,
        ports: DevicePorts,
        trace: TraceChain | None = None,
        log: Callable[[str, Event, int], None] = lambda _app, _event, _now_ns: None,
    ) -> None:
        self.mission = mission
        self.clock = VirtualClock()
        self.queue = EventQueue()
        self.trace = trace or TraceChain()
        self.observers: list[Callable[[int, int, object], None]] = []
        self.restarts = 0
        self._notices: list[RestartNotice] = []
        self.host = Host(mission, self.clock, store, ports, log, self)
        self.works = LockstepWorks(self)
        self.host.works = self.works
        self.host.bus.tap = self._record

    def start(self) -> None:
        """Start every app in mission order and begin its cyclic activities."""
        for name in self.mission.file.apps:
            self.host.add(name)
        self.host.start()
        self._slots = self.host.slots()
        self._schedule_frame(0)

    def every(self, period_ns: int, priority: int, source: str, action: Action) -> None:
        """Run something outside the flight software periodically: physics, ground, a recorder.

        Raises:
            FlightSoftwareError: the period is not positive.
        """
        if period_ns <= 0:
            raise FlightSoftwareError(f"period of {source} must be above 0, got {period_ns} ns")

        def run() -> None:
            action()
            self.queue.add(self.clock.now_ns() + period_ns, priority, source, run)

        self.queue.add(self.clock.now_ns(), priority, source, run)

    def run_until(self, end_ns: int) -> None:
        """Let time pass up to ``end_ns``, exclusive: what is due then runs in the next call."""
        queue = self.queue
        while (next_ns := queue.next_ns) is not None and next_ns < end_ns:
            self.clock.advance_to(next_ns)
            queue.pop()()
        self.clock.advance_to(end_ns)

    def restart(self, app: str, cause: str) -> None:
        """Let an app crash: it loses all but its checkpoint and comes back at once."""
        self.restarts += 1
        self._notices.append(RestartNotice(app, cause))
        self.host.restart(app)
        self.host.bus.dispatch()

    # ---------------------------------------------------------------- what the executive app sees

    def request_restart(self, app: str, cause: str) -> None:
        """Restart an app as soon as no handler runs."""
        self.queue.add(self.clock.now_ns(), APPS_PRIORITY, app, lambda: self.restart(app, cause))

    def take_notices(self) -> list[RestartNotice]:
        """Restarts since the last call."""
        notices, self._notices = self._notices, []
        return notices

    def account(self) -> VehicleAccount:
        """Figures over all apps; virtual time skips no slot."""
        running = [container for container in self.host.containers.values() if container.running]
        return VehicleAccount(len(running), 1, self.restarts, self.host.bus.ledger(), 0)

    # ---------------------------------------------------------------- time passes

    def close(self) -> None:
        """End what runs outside this process."""
        self.works.close()

    def _schedule_frame(self, earliest: int) -> None:
        frame = self._slots.next_busy_frame(earliest)
        if frame is not None:
            time_ns = frame * self._slots.minor_frame_ns
            self.queue.add(time_ns, APPS_PRIORITY, "apps", lambda: self._run_frame(frame))

    def _run_frame(self, frame: int) -> None:
        self.host.run(self._slots.due(frame))
        self._schedule_frame(frame + 1)

    def _record(self, message_id: int, message: object) -> None:
        if isinstance(message, Telemetry | Event):
            data = self.host.dictionary.encode_payload(message)
        elif isinstance(message, Request):
            command: Command = message.command
            data = bytes((command.code,)) + self.host.dictionary.encode_payload(command)
        else:
            return
        now_ns = self.clock.now_ns()
        self.trace.add(now_ns, message_id, data)
        for observer in self.observers:
            observer(now_ns, message_id, message)
