"""One process of a flight: a few apps, their slots in real time, links to the other processes, and the supervisor."""

from __future__ import annotations

import math
import socket
from functools import partial
from pathlib import Path

import msgspec
import zmq

from flightsw.bus.arrivals import Arrivals
from flightsw.bus.far import FarLinks
from flightsw.bus.links import BusLinks
from flightsw.bus.outbox import Outbox
from flightsw.clock import HostClock
from flightsw.hal.nvm import DirectoryNvm
from flightsw.messages.store import JournalNotWritten
from flightsw.mission import Mission
from flightsw.runtime import control
from flightsw.runtime.device_ports import EmuPorts
from flightsw.runtime.host import Host
from flightsw.runtime.journal import Journal
from flightsw.runtime.keeping.status_page import StatusPage
from flightsw.runtime.monitor import ExecutionMonitor
from flightsw.runtime.process_supervision import ProcessSupervision
from flightsw.runtime.process_works import ProcessWorks
from flightsw.runtime.run_folder import (
    LASTING_FOLDER,
    LINK_KEYS_FILE,
    RETAINED_FOLDER,
    SECURITY_FOLDER,
    STORE_FOLDER,
    TRACE_FOLDER,
    inbox_address,
    status_page,
    table_memory,
)
from flightsw.runtime.supervision import AppAction
from flightsw.runtime.verdicts_owed import VerdictsOwed
from flightsw.services.event_lines import EventLines
from flightsw.services.key_safe import FileKeySafe
from flightsw.services.link_security import SecurityProfile
from flightsw.services.retained_memory import FolderRetainedMemory
from flightsw.services.store import Store
from flightsw.services.tracer import Tracer
from tlm_cmd.definition.message import Event
from tlm_cmd.packets.verification import shorten

HEARTBEAT_HOST_NS = 200_000_000
ANNOUNCE_HOST_NS = 1_000_000_000
"""Host time between two words to the peers about how much was offered to them."""
CONNECT_LIMIT_S = 0.5
"""Host time that a start waits for each peer to listen; what is sent to one that does not is lost, and counted."""
LONGEST_WAIT_S = 0.1
BATCHES_PER_FLUSH = 16
"""Batches worked off before what follows from them leaves, unless it fills batches of its own."""
MAX_BATCHES_PER_TURN = 256
"""Batches taken before slots and the supervisor get their turn."""


class ProcessSettings(msgspec.Struct, frozen=True):
    """Everything that a process is told when it is started.

    Attributes:
        mission: what is flown, as the supervisor has read it: a process that starts anew has no time to read it again.
        name: the process's name in it.
        epoch: which incarnation, from 1.
        origin_ns: host time at which vehicle time is 0.
        speed: vehicle seconds per host second.
        run_folder: where sockets, checkpoints and logs are.
        devices: ZeroMQ address of the simulated devices.
        heard: what its predecessor had heard of the other processes.
        absent: apps of it that are not to run, and why.
        trace_all: whether handlers are measured from the first one on.
        far: links to processes on other computers.
    """

    mission: Mission
    name: str
    epoch: int
    origin_ns: int
    speed: float
    run_folder: Path
    devices: str
    heard: dict[str, Arrivals] = {}
    absent: dict[str, str] = {}
    trace_all: bool = False
    far: FarLinks | None = None


class ProcessRuntime:
    """The loop of one process.

    Args:
        settings: what the supervisor says.
        end: connection to the supervisor.

    Attributes:
        clock: vehicle time.
        host_clock: host time, for what has to do with the host.
        host: the apps.
    """

    def __init__(self, settings: ProcessSettings, end: socket.socket) -> None:
        self.clock = HostClock(settings.origin_ns, settings.speed)
        self.host_clock = HostClock(settings.origin_ns)
        self._settings = settings
        self._end = end
        self._processes = tuple(settings.mission.processes())
        self._page = StatusPage(status_page(settings.run_folder, settings.name))
        self._ports = EmuPorts(settings.devices)
        self._event_lines = EventLines(settings.run_folder / f"{settings.name}.events.jsonl")
        self._supervision = ProcessSupervision(end, settings.speed)
        self._journal = Journal(settings.run_folder / f"{settings.name}.journal")
        self._works = ProcessWorks(settings.mission.worker_settings)
        self.host = self._open_host()
        self._verdicts = VerdictsOwed(self.host, self._journal, self._is_far)
        self._outbox = Outbox(
            settings.run_folder / f"{settings.name}.outbox", self._processes, settings.origin_ns + settings.epoch
        )
        self._links = self._open_links()
        self.host.bus.tap = self._links.check
        self.host.bus.on_breath = self._in_burst
        self._connected = self._started = False
        self._resting = self._stopping = self._stop_wanted = False
        self._journal_failing = False
        self._reported: control.Heartbeat | None = None
        self._next_heartbeat_ns = 0
        self._next_announcement_ns = 0

    def _open_host(self) -> Host:
        """The apps, made and not started."""
        settings, mission = self._settings, self._settings.mission
        members = mission.processes()[settings.name]
        tracer = Tracer(self.host_clock, mission.file.time.minor_frame_ms * 1_000_000)
        for app in members if settings.trace_all else ():
            tracer.trace(app, on=True)
        host = Host(
            mission,
            self.clock,
            Store(DirectoryNvm(settings.run_folder / STORE_FOLDER / settings.name)),
            self._ports,
            self._show,
            self._supervision,
            members,
            ExecutionMonitor(tracer, self._page, tells_host_time=True),
            FolderRetainedMemory(settings.run_folder / RETAINED_FOLDER),
        )
        host.open_table_memory = partial(table_memory, settings.run_folder)
        host.trace_folder = settings.run_folder / TRACE_FOLDER
        host.key_safe = FileKeySafe(
            settings.run_folder / LINK_KEYS_FILE,
            allow_simulation=mission.file.security.profile is not SecurityProfile.FLIGHT,
        )
        host.security_store = Store(DirectoryNvm(settings.run_folder / SECURITY_FOLDER))
        host.lasting = Store(DirectoryNvm(settings.run_folder / LASTING_FOLDER))
        host.on_failing = self._supervision.tell_failing
        host.on_executing = self._journal.executing
        host.works = self._works
        host.arrange()
        for app in members:
            if app in settings.absent:
                host.lives.leave_out(app, settings.absent[app])
            else:
                host.add(app)
        return host

    def _open_links(self) -> BusLinks:
        """The ways to all other processes."""
        settings = self._settings
        return BusLinks(
            self.host.bus,
            settings.mission.dictionary,
            settings.name,
            self._processes,
            settings.epoch,
            lambda process: inbox_address(settings.run_folder, process),
            outbox=self._outbox,
            far=settings.far,
            heard=settings.heard,
            done=self._journal.state.done,
            on_refused=self._verdicts.refuse,
            on_met=self._verdicts.report_behind,
            on_settled=self._journal.settled,
        )

    # ---------------------------------------------------------------- the loop

    def run(self) -> None:
        """Live until the supervisor says stop or is gone."""
        self._links.say_wants()
        control.send(self._end, control.Prepared(self.host.bus.subscribed_ids()))
        try:
            while not self._stopping:
                self._wait()
                self._hear_supervisor()
                if self._stop_wanted:
                    self._end_well()
                if self._started:
                    self._receive()
                    self._report_journal()
                    if not self._resting:
                        self._hand_over_results()
                        self.host.run_slots(self._breathe)
                self._links.flush()
                self._beat()
        finally:
            self._close()

    def stop(self) -> None:
        """End in good order, as soon as no handler runs; may be called by a signal."""
        self._stop_wanted = True

    def _wait(self) -> None:
        wake_ns = self.host.schedule.wake_ns() if self._started else None
        wait_s = LONGEST_WAIT_S
        if wake_ns is not None:
            wait_s = min(wait_s, self.clock.host_seconds_until(wake_ns))
        poller = zmq.Poller()
        poller.register(self._links.inbox, zmq.POLLIN)
        poller.register(self._end.fileno(), zmq.POLLIN)
        if self._links.admission is not None:
            poller.register(self._links.admission.socket, zmq.POLLIN)
        for number in self._works.to_read():
            poller.register(number, zmq.POLLIN)
        for number in self._works.to_write():
            poller.register(number, zmq.POLLOUT)
        poller.poll(math.ceil(wait_s * 1000))

    def _receive(self) -> None:
        """Work off what has arrived, batch by batch: all that follows from one comes before the next."""
        for number in range(MAX_BATCHES_PER_TURN):
            if self._links.take_batch() is None:
                break
            self.host.bus.dispatch()
            self._journal.dealt_with(self._links.taken())
            self._links.confirm()
            if number % BATCHES_PER_FLUSH == BATCHES_PER_FLUSH - 1:
                self._links.flush()

    def _breathe(self) -> None:
        """Within a burst, or between two activities: let out what has come of it, and show that this process lives."""
        self._links.flush()
        self._beat()

    def _in_burst(self) -> None:
        """Between two handlers of a long burst: activities that are due do not wait for its end."""
        self._breathe()
        if self._started and not self._resting:
            self.host.run_slots(self._breathe)

    def _hand_over_results(self) -> None:
        for app, result in self._works.collect():
            self.host.work_done(app, result)

    def _beat(self) -> None:
        now_ns = self.host_clock.now_ns()
        if now_ns >= self._next_heartbeat_ns or (self._resting and self._heartbeat() != self._reported):
            self._next_heartbeat_ns = now_ns + HEARTBEAT_HOST_NS
            self._report()
        if now_ns >= self._next_announcement_ns:
            self._next_announcement_ns = now_ns + ANNOUNCE_HOST_NS
            self._links.announce()

    def _report(self) -> None:
        self._reported = self._heartbeat()
        control.send(self._end, self._reported)

    def _heartbeat(self) -> control.Heartbeat:
        return control.Heartbeat(
            apps={app: self.host.lives.figures(app) for app in self.host.members},
            ledger=self.host.bus.ledger() + self._links.ledger(),
            slots_skipped=self.host.schedule.counters.skipped,
            slots_overrun=self.host.schedule.counters.overruns,
            offered=self._links.offered(),
            arrivals={sender: msgspec.structs.replace(there) for sender, there in self._links.arrivals.items()},
            link_counters=self._links.counters(),
        )

    def _close(self) -> None:
        self._links.flush()
        self._report()
        self._works.close()
        self._links.close()
        self._outbox.close()
        self._ports.close()
        self._journal.close()
        self._event_lines.close()
        if self._settings.trace_all:
            for app in self.host.members:
                self.host.dump_trace(app)
        self._page.close()

    # ---------------------------------------------------------------- messages

    def _is_far(self, process: int) -> bool:
        far = self._settings.far
        return far is not None and self._processes[process] in far.peers

    def _show(self, app: str, event: Event, now_ns: int) -> bool:
        return self._event_lines.write(app, event, self.host.time, now_ns)

    # ---------------------------------------------------------------- the supervisor

    def _hear_supervisor(self) -> None:
        try:
            while (message := control.receive_from_supervisor(self._end)) is not None:
                self._obey(message)
        except EOFError:
            self._end_well()

    def _obey(self, message: control.FromSupervisor) -> None:
        match message:
            case control.Routes(message_ids):
                self._links.set_routes(message_ids)
            case control.Start(apps):
                self._start(apps)
            case control.Open(waiting):
                self._open(waiting)
            case control.Do(order, action, app):
                self._changed(app, self._do(action, app), order)
            case control.LeaveOut(app, reason):
                self.host.lives.leave_out(app, reason)
                self._changed(app, "", 0)
            case control.News(notices):
                self._supervision.hear(notices)
            case control.Account(account, record):
                self._supervision.know(account, record)
            case control.Rest():
                self._resting = True
                self._next_announcement_ns = 0
            case control.Stop():
                self._end_well()

    def _start(self, apps: list[str]) -> None:
        if not self._connected:
            self._connected = True
            self._links.wait_until_connected(CONNECT_LIMIT_S)
        for app in apps:
            self._changed(app, self.host.lives.start(app), 0)

    def _open(self, waiting: dict[str, str]) -> None:
        for app, condition in waiting.items():
            self.host.containers[app].condition = condition
        self.host.bus.dispatch()
        self._verdicts.report_death()
        self._links.flush()
        self._journal.executing(None)
        self.host.schedule.begin(self.clock.now_ns())
        self._started = True

    def _do(self, action: AppAction, app: str) -> str:
        """Do something with an app; returns why it could not be done."""
        lives = self.host.lives
        match action:
            case AppAction.STOP:
                lives.stop(app)
                problem = ""
            case AppAction.START | AppAction.RESTART:
                problem = lives.revive(app)
            case AppAction.RELOAD:
                problem = lives.reload(app)
        self.host.bus.dispatch()
        return problem

    def _changed(self, app: str, problem: str, order: int) -> None:
        container = self.host.containers.get(app)
        running = container is not None and container.running
        self._links.say_wants()
        ids = self.host.bus.subscribed_ids()
        control.send(self._end, control.AppChanged(app, running, problem, order, ids))

    def _report_journal(self) -> None:
        """Report once that the journal cannot be written, until it can again; the process's first app does."""
        if bool(self._journal.problem) != self._journal_failing:
            self._journal_failing = bool(self._journal.problem)
            if self._journal_failing:
                spokesman = next(iter(self.host.lives.present().values()))
                spokesman.state.store_faults += 1
                spokesman.report(JournalNotWritten(shorten(self._journal.problem)))

    def _end_well(self) -> None:
        for container in self.host.containers.values():
            container.checkpoint()
        self._stopping = True
