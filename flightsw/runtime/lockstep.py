"""Lock-step: all apps in one process in virtual time, the same run for the same seed.

One queue orders everything by (time, priority, source, sequence); nothing waits for anything outside, except that a
piece of work is awaited at the virtual moment its result is due, and new code is tried when an app is reloaded.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flightsw.bus.requests import Request
from flightsw.clock import HostClock, VirtualClock
from flightsw.errors import FlightSoftwareError
from flightsw.mission import Mission
from flightsw.runtime.event_queue import (
    APPS_PRIORITY,
    GROUND_PRIORITY,
    PHYSICS_PRIORITY,
    Action,
    EventQueue,
)
from flightsw.runtime.host import DevicePorts, EventListener, Host
from flightsw.runtime.keeping.reset_record import ResetSubtype
from flightsw.runtime.lockstep_supervision import LockstepSupervision
from flightsw.runtime.lockstep_works import LockstepWorks
from flightsw.runtime.monitor import ExecutionMonitor
from flightsw.runtime.supervision import VehicleAccount
from flightsw.runtime.trace import TraceChain
from flightsw.services.key_safe import KeySafe
from flightsw.services.retained_memory import VirtualRetainedMemory
from flightsw.services.store import Store
from flightsw.services.tracer import Tracer, trace_document, trace_events
from tlm_cmd.definition.message import REPORTS, Command


class LockstepRuntime:
    """Flies a mission's apps in virtual time.

    Args:
        mission: what to fly.
        store: where checkpoints go.
        ports: the devices' ports.
        trace: where every message is recorded; a hash only by default.
        log: shows events to people.
        link_keys: has the keys of the radio links, if the mission protects them.

    Attributes:
        clock: the vehicle's time.
        host: the apps.
        queue: what happens next.
        retained: memory that a processor reset leaves as it is.
        observers: called with (vehicle time, message id, message) for everything sent on the bus.
    """

    def __init__(
        self,
        mission: Mission,
        store: Store,
        ports: DevicePorts,
        trace: TraceChain | None = None,
        log: EventListener = lambda _app, _event, _now_ns: None,
        link_keys: KeySafe | None = None,
    ) -> None:
        self.mission = mission
        self.clock = VirtualClock()
        self.queue = EventQueue()
        self.trace = trace or TraceChain()
        self.observers: list[Callable[[int, int, object], None]] = []
        self._waits = 0
        tracer = Tracer(HostClock.starting_now(), mission.file.time.minor_frame_ms * 1_000_000)
        self.supervision = LockstepSupervision(mission, self.clock, self.queue, store)
        self.retained = VirtualRetainedMemory()
        self.host = Host(
            mission,
            self.clock,
            store,
            ports,
            log,
            self.supervision,
            tuple(mission.file.apps),
            ExecutionMonitor(tracer),
            self.retained,
        )
        if link_keys is not None:
            self.host.key_safe = link_keys
        self.works = LockstepWorks(self.clock, self.queue, mission.worker_settings, self.host.work_done)
        self.host.works = self.works
        self.host.bus.tap = self._record
        self.supervision.host = self.host

    def start(self) -> None:
        """Boot: start every app when what it needs runs, and begin the cyclic activities."""
        self.host.arrange()
        self.host.schedule.begin(self.clock.now_ns())
        self.host.followers.on_frames_moved = self._schedule_frame
        self.supervision.begin()
        self._schedule_frame()

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

    # ---------------------------------------------------------------- what can befall it

    def restart(self, app: str, cause: str) -> None:
        """Let an app crash: it loses all but its checkpoint, and its policy says what follows, mostly a restart."""
        self.supervision.crashed(app, cause)

    def processor_reset(self, subtype: ResetSubtype, reason: str) -> None:
        """Reset the processor: every app ends in good order and starts again from what is stored; devices go on.

        Not within a handler.
        """
        self.supervision.reset(subtype, "", reason)

    def power_on_reset(self, reason: str) -> None:
        """Begin as when power comes on: nothing that was stored is kept. Not within a handler."""
        self.supervision.power_on_reset(reason)

    def account(self) -> VehicleAccount:
        """Figures over all apps; virtual time skips no slot."""
        return self.supervision.account()

    @property
    def restarts(self) -> int:
        """Apps restarted since the start."""
        return self.supervision.restarts

    # ---------------------------------------------------------------- tracing

    def trace_handlers(self) -> None:
        """Measure how long all handlers run, in host time; nothing that is sent depends on it."""
        for app in self.mission.file.apps:
            self.host.monitor.tracer.trace(app, on=True)

    def write_handler_trace(self, file: Path) -> None:
        """Write the newest runs of handlers as a trace file for Perfetto, the apps' processes side by side."""
        tracer, events = self.host.monitor.tracer, []
        for number, (process, apps) in enumerate(self.mission.processes().items(), 1):
            spans = [span for span in tracer.spans() if span.app in apps]
            events += trace_events(process, number, apps, spans)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(trace_document(events))

    # ---------------------------------------------------------------- time passes

    def close(self) -> None:
        """End what runs outside this process."""
        self.works.close()

    def _schedule_frame(self) -> None:
        """Wait for the next frame; whatever was waited for before no longer counts."""
        self._waits += 1
        wait, wake_ns = self._waits, self.host.schedule.wake_ns()
        if wake_ns is not None:
            self.queue.add(max(wake_ns, self.clock.now_ns()), APPS_PRIORITY, "apps", lambda: self._run_frame(wait))

    def _run_frame(self, wait: int) -> None:
        if wait == self._waits:
            self.host.run_slots()
            if wait == self._waits:
                self._schedule_frame()

    def _record(self, message_id: int, message: object) -> None:
        if isinstance(message, REPORTS):
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


__all__ = ["GROUND_PRIORITY", "PHYSICS_PRIORITY", "LockstepRuntime"]
