"""The apps of one process: their containers on one bus, their slots, devices, store and workers.

Both runtimes are built on it: lock-step holds one host with all apps, the process runtime one host per process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import msgspec

from flightsw.app import Work
from flightsw.bus.router import Bus
from flightsw.clock import Clock
from flightsw.hal.ports import NonVolatileMemory
from flightsw.hal.sim import MemoryNvm
from flightsw.mission import DeviceEntry, Mission, MissionError
from flightsw.runtime.activities import HOUSEKEEPING
from flightsw.runtime.app_lives import AppLives
from flightsw.runtime.container import AppContainer
from flightsw.runtime.followers import Followers
from flightsw.runtime.journal import Execution
from flightsw.runtime.monitor import ExecutionMonitor
from flightsw.runtime.supervision import Supervision, WorkerFigures
from flightsw.services.frames import FrameClock
from flightsw.services.key_safe import KeySafe, NoKeySafe
from flightsw.services.link_security import LinkSecurity
from flightsw.services.retained_memory import RetainedMemory
from flightsw.services.schedule import Schedule
from flightsw.services.slots import Slot, SlotTable
from flightsw.services.spacecraft_time import SpacecraftTime, parse_utc
from flightsw.services.store import Recalled, Store
from flightsw.services.tracer import trace_document, trace_events
from tlm_cmd.definition.message import Event
from tlm_cmd.sdls.association import AssociationParameters

Driver = TypeVar("Driver")

EventListener = Callable[[str, Event, int], bool | None]
"""Shows an event of an app, at a vehicle time, to people; False when it could not."""

TABLE_MEMORY_OCTETS = 1024 * 1024
"""Octets of all table files of one app that are not the mission's."""
NANOSECONDS = 1_000_000_000


class DevicePorts(Protocol):
    """Opens the ports of a back end: simulator in process, simulator in another process, hardware."""

    def open(self, entry: DeviceEntry) -> object:
        """The port that a device hangs on."""
        ...


class WorkPool(Protocol):
    """Runs long work outside the flight process and brings results back to the host."""

    def start(self, app: str, work: Work[Any, Any], request: msgspec.Struct, key: str, takes_ns: int) -> None:
        """Begin a piece of work."""
        ...

    def forget(self, app: str) -> None:
        """Drop what an app had begun; it is gone."""
        ...

    def workers(self, app: str) -> tuple[WorkerFigures, ...]:
        """The workers of an app."""
        ...


class Host:
    """Apps of one process.

    Attributes:
        mission: what is flown.
        bus: the process's bus.
        clock: the vehicle's time.
        time: spacecraft time, as the vehicle's timekeeper says.
        schedule: the cyclic schedule of the process.
        followers: what it follows of what others say.
        lives: the apps.
        members: names of all apps that belong here.
        monitor: told what runs.
        works: runs long work.
        retained: memory that a processor reset leaves as it is.
        on_executing: told what command is executed, and with None that its effect is stored.
        on_failing: told about an app of which a handler has failed too often in a row, and how.
        trace_folder: where traces are written by command; None when there is no such place.
        key_safe: has the keys of the radio links.
        security_store: what no reset erases of the security of the links.
        lasting: what no reset erases of anything else.
    """

    def __init__(
        self,
        mission: Mission,
        clock: Clock,
        store: Store,
        ports: DevicePorts,
        log: EventListener,
        supervision: Supervision,
        members: tuple[str, ...],
        monitor: ExecutionMonitor,
        retained: RetainedMemory,
    ) -> None:
        self.mission = mission
        self.dictionary = mission.dictionary
        self.packets = mission.packets
        self.version = mission.file.version
        self.clock = clock
        self._in_slots = False
        self.bus = Bus()
        self.links = mission.file.links
        self.time = SpacecraftTime()
        self.begin_time()
        minor_frame_ns = mission.file.time.minor_frame_ms * 1_000_000
        self.schedule = Schedule(SlotTable(minor_frame_ns, ()), FrameClock(minor_frame_ns))
        self.followers = Followers(self.bus, self.dictionary, store, self.time, self.schedule.frames, clock)
        self.apps = mission.file.apps
        self.executive_limits = mission.file.executive
        self.housekeeping_s = mission.file.time.housekeeping_s
        self.members = members
        self.monitor = monitor
        self.lives = AppLives(self)
        self.works: WorkPool | None = None
        self.on_executing: Callable[[Execution | None], None] = lambda _execution: None
        self.on_failing: Callable[[str, str], None] = lambda _app, _cause: None
        self.trace_folder: Path | None = None
        self.key_safe: KeySafe = NoKeySafe()
        self.security_store = Store(MemoryNvm())
        self.lasting = Store(MemoryNvm())
        self.supervision = supervision
        self.retained = retained
        self._store = store
        self._ports = ports
        self._log = log
        self._devices: dict[str, object] = {}
        self.open_table_memory: Callable[[str], NonVolatileMemory] = lambda _app: MemoryNvm(TABLE_MEMORY_OCTETS)
        self._table_memories: dict[str, NonVolatileMemory] = {}

    # ---------------------------------------------------------------- apps

    @property
    def containers(self) -> dict[str, AppContainer]:
        """The apps that are there, in mission order."""
        return self.lives.containers

    def add(self, app: str) -> AppContainer:
        """Create an app's container and subscribe it; ``lives.start`` starts it."""
        return self.lives.make(app)

    def begin_time(self) -> None:
        """Let spacecraft time begin at the mission's epoch, of which nobody vouches."""
        beginning = SpacecraftTime()
        beginning.set_utc(0, parse_utc(self.mission.file.time.epoch_utc))
        self.time.follow(beginning.correlation, beginning.leap_seconds, beginning.quality)

    def arrange(self) -> None:
        """Work out the slot table of the apps here; before any of them starts.

        Raises:
            SlotError: their activities make no slot table.
        """
        self.schedule.table = self._slots()

    def _slots(self) -> SlotTable:
        """The cyclic activities of the apps here, housekeeping included, as the slot table that runs them."""
        minor_ns = self.mission.file.time.minor_frame_ms * 1_000_000
        housekeeping_s = self.mission.file.time.housekeeping_s
        order = list(self.mission.file.apps)
        entries: list[Slot] = []
        for name in self.members:
            entries += [
                Slot.every(name, activity.name, activity.seconds, activity.offset, minor_ns)
                for activity in self.mission.app_class(name).activities
            ]
            period = housekeeping_s * NANOSECONDS // minor_ns
            entries.append(Slot(name, HOUSEKEEPING, period, order.index(name) % period))
        return SlotTable(minor_ns, entries)

    def run_slots(self, after_each: Callable[[], None] = lambda: None) -> None:
        """Run the activities that are due, and everything that follows from each, one after the other.

        Within a burst of messages, between two handlers, it may be called as well: then what follows waits its turn.
        Within an activity it does nothing.

        Args:
            after_each: called behind each of them.
        """
        if self._in_slots:
            return
        self._in_slots = True
        try:
            self._run_due(after_each)
        finally:
            self._in_slots = False

    def _run_due(self, after_each: Callable[[], None]) -> None:
        schedule = self.schedule
        due = schedule.take(self.now_ns())
        for slot, times in due.skipped:
            if slot.owner in self.containers:
                self.containers[slot.owner].activities.skip(slot.activity, times)
        now_ns, containers = self.clock.now_ns, self.containers
        for frame in due.frames:
            begin_ns = schedule.frames.begin_ns(frame)
            for slot in schedule.table.due(frame):
                container = containers.get(slot.owner)
                if container is None or not container.running:
                    continue
                container.runs.cycles += 1
                lag_ns = now_ns() - begin_ns
                count = container.activities.run(slot.activity, lag_ns)
                self.bus.dispatch()
                if count is not None:
                    container.activities.ended(count, lag_ns, now_ns() - begin_ns)
                after_each()

    # ---------------------------------------------------------------- what containers need

    def now_ns(self) -> int:
        """Vehicle time."""
        return self.clock.now_ns()

    def table_folder(self, app: str) -> Path:
        """Where an app's table files are."""
        return self.mission.table_folder(app)

    def table_memory(self, app: str) -> NonVolatileMemory:
        """Where files of an app's tables are loaded from and dumped to."""
        if app not in self._table_memories:
            self._table_memories[app] = self.open_table_memory(app)
        return self._table_memories[app]

    def device(self, app: str, driver: type[Driver], name: str | None) -> Driver:
        """The driver object of a device; one per device and process.

        Raises:
            MissionError: the mission has no such device, or several and none is named.
        """
        path = f"{driver.__module__}:{driver.__qualname__}"
        matching = [key for key, entry in self.mission.file.devices.items() if entry.driver == path]
        if name is not None:
            matching = [key for key in matching if key == name]
        if len(matching) != 1:
            wanted = f"a device {name!r} driven by {path}" if name else f"exactly one device driven by {path}"
            raise MissionError(f"{app} needs {wanted}; the mission has {', '.join(matching) or 'none'}")
        device = matching[0]
        if device not in self._devices:
            self._devices[device] = self._open(device)
        return cast("Driver", self._devices[device])

    def _open(self, device: str) -> object:
        return self.mission.driver_class(device)(self._ports.open(self.mission.file.devices[device]))

    def forget_devices(self) -> None:
        """Let go of all drivers; the next app that asks gets new ones."""
        self._devices.clear()

    def recall(self, entry: str) -> Recalled:
        """What the critical data store has of an entry."""
        return self._store.recall(entry)

    def store(self, entry: str, data: bytes) -> None:
        """Put an entry into the critical data store."""
        self._store.save(entry, data)

    def link_security(self, entry: str, associations: Sequence[AssociationParameters]) -> LinkSecurity:
        """The security of an app's end of a link."""
        return LinkSecurity(self.key_safe, associations, self.security_store, entry)

    def start_work(self, app: str, work: Work[Any, Any], request: msgspec.Struct, key: str, takes_ns: int) -> None:
        """Hand work to the pool."""
        if self.works is None:
            raise MissionError(f"{app} starts work {work.name!r}, but this runtime has no workers")
        self.works.start(app, work, request, key, takes_ns)

    def forget_works(self, app: str) -> None:
        """End the workers of an app."""
        if self.works is not None:
            self.works.forget(app)

    def workers(self, app: str) -> tuple[WorkerFigures, ...]:
        """The workers of an app."""
        return self.works.workers(app) if self.works is not None else ()

    def work_done(self, app: str, result: msgspec.Struct) -> None:
        """Bring a result back to its app."""
        container = self.containers.get(app)
        if container is not None and container.running:
            container.work_done(result)
            self.bus.dispatch()

    def executing(self, execution: Execution | None) -> None:
        """The handler of a command begins, or has ended with its verdict; with None its effect is stored."""
        self.on_executing(execution)

    def failed_in_row(self, app: str, handler: str, count: int, error: Exception) -> None:
        """A handler has raised, for so many times without ever succeeding in between."""
        if count % self.mission.file.apps[app].max_failures_in_row == 0:
            self.on_failing(app, f"{handler} failed {count} times in a row: {type(error).__name__}: {error}")

    def dump_trace(self, app: str) -> str:
        """Write the traced runs of an app's handlers into the folder for traces; returns the file's name."""
        if self.trace_folder is None:
            return ""
        file = self.trace_folder / f"{app}.trace.json"
        processes = self.mission.processes()
        process = self.mission.file.apps[app].process
        number = list(processes).index(process) + 1
        events = trace_events(process, number, processes[process], self.monitor.tracer.spans(app))
        self.trace_folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(trace_document(events))
        return file.name

    def log(self, app: str, event: Event) -> bool:
        """Show an event to people; False when that was not possible."""
        return self._log(app, event, self.now_ns()) is not False
