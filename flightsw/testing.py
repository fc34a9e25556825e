"""A bench for one app: the app alone on a bus in virtual time, with whatever devices the test gives it.

For the tests of apps, in this project and in yours::

    bench = Bench("apps.thermal", devices={Heaters: FakeHeaters()}, tables=folder)
    bench.start()
    verdict = bench.command(SetHeater(heater=2, control=HeaterControl.ON))
    bench.advance(seconds=5)
    assert bench.latest(ThermalStatus).heaters_on == 0b100

Everything is synchronous: when a call returns, all that follows from it has happened. Nothing runs outside: work that
the app begins is only noted, and its result is what the test brings with ``deliver_result``. Events and packets pass
the same checks as in flight, so a value outside its definition fails the handler that sends it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from flightsw.app import App, Ticket, Work
from flightsw.bus.inbox import InboxLimits
from flightsw.bus.ledger import Ledger
from flightsw.bus.requests import Request
from flightsw.bus.router import Bus
from flightsw.clock import VirtualClock
from flightsw.errors import FlightSoftwareError
from flightsw.hal.ports import NonVolatileMemory
from flightsw.hal.sim import MemoryNvm
from flightsw.mission import AppEntry, Mission, MissionFile, ReadMission, TimeEntry
from flightsw.mission_links import MissionLinks, key_plan
from flightsw.runtime.container import AppContainer
from flightsw.runtime.journal import Execution
from flightsw.runtime.keeping.reset_record import ResetRecord
from flightsw.runtime.monitor import ExecutionMonitor
from flightsw.runtime.supervision import (
    AppAccount,
    AppRequest,
    AppState,
    Notice,
    ProcessLinks,
    Supervision,
    VehicleAccount,
)
from flightsw.services.frames import FrameClock
from flightsw.services.key_safe import KeySafe, MemoryKeySafe
from flightsw.services.link_security import LinkSecurity
from flightsw.services.retained_memory import RetainedMemory, VirtualRetainedMemory
from flightsw.services.schedule import Schedule
from flightsw.services.slots import Slot, SlotTable
from flightsw.services.spacecraft_time import SpacecraftTime, parse_utc
from flightsw.services.store import Recalled, Store
from flightsw.services.time_quality import ClockSource, ClockState, TimeQuality
from tlm_cmd.definition.dictionary import COMMAND_MESSAGE_ID, TELEMETRY_MESSAGE_ID
from tlm_cmd.definition.message import Command, Event, Record, Telemetry
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.packets.profile import ProfileName
from tlm_cmd.packets.verification import GROUND, RequestId, VerificationReport
from tlm_cmd.sdls.association import AssociationParameters
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

Driver = TypeVar("Driver")
Message = TypeVar("Message", bound=Record)

MINOR_FRAME_NS = 100_000_000


class StartedWork(msgspec.Struct, frozen=True):
    """A piece of work that the app has begun."""

    work: str
    request: msgspec.Struct
    key: str
    takes_ns: int


class Bench:
    """One app on its own.

    Args:
        package: the app's package, with ``messages`` and ``app`` modules; the app is called like its last part.
        others: packages of apps whose messages it handles or whose commands it sends; only their messages are used.
        devices: device doubles by driver class, or by (driver class, name).
        tables: folder with the app's table files; the current one when none is given.
        start_ns: vehicle time at the beginning.
        packets: profile of the packets on the links.

    Attributes:
        container: what holds the app; ``container.state`` are its counters.
        clock: vehicle time, which only ``advance`` moves.
        bus: carries the messages.
        commands: commands that the app has sent to others, oldest first. Nobody executes them; the app sees them
            rejected unless the test opens a mailbox on ``bus`` for the app that they are for.
        security_store: what no reset erases of the security of the links.
        lasting: what no reset erases of anything else.
        key_safe: has the keys of the links; unless a test gives one, keys for simulations when they are asked for.
        table_files: memory of table files, for LOAD_TABLE_FILE and DUMP_TABLE_FILE.
        works: work that the app has begun, oldest first.
        logged: events as people would see them, each behind the app's name.
        retained: memory that a processor reset leaves as it is.
        requests: what an executive under test wanted done with apps.
        resets_requested: resets that it wanted: the command, and whether as at power-on.
        notices: what an executive under test is told next; the test puts it there.
        reset_record: what an executive under test finds as the exception and reset log.
        app_state: how the app under test is said to be.

    Raises:
        FlightSoftwareError: two packages have the same last part.
        MissionError: a package has no ``messages`` or no ``app`` module.
        TableError: a table file is missing, or its content is not allowed.
    """

    def __init__(
        self,
        package: str,
        *,
        others: tuple[str, ...] = (),
        devices: Mapping[Any, object] | None = None,
        tables: Path | None = None,
        start_ns: int = 0,
        packets: ProfileName = ProfileName.CFS,
    ) -> None:
        self._mission = _mission_of((package, *others), packets)
        file = self._mission.file
        self._name = _app_name(package)
        self._devices = dict(devices or {})
        self._tables = tables or Path()
        self._stored: dict[str, bytes] = {}
        self._sequence = 0
        self._is_started = False
        self.schedule = Schedule(SlotTable(MINOR_FRAME_NS, ()), FrameClock(MINOR_FRAME_NS))
        self.schedule.begin(start_ns)
        self.clock = VirtualClock(start_ns)
        self.bus = Bus()
        self.bus.tap = self._record
        self.dictionary = self._mission.dictionary
        self.packets = self._mission.packets
        self.table_files = MemoryNvm()
        self.security_store = Store(MemoryNvm())
        self.lasting = Store(MemoryNvm())
        self.key_safe: KeySafe | None = None
        self.version = file.version
        self.links = file.links
        self.retained: RetainedMemory = VirtualRetainedMemory()
        self.time = SpacecraftTime()
        self.time.set_utc(0, parse_utc(file.time.epoch_utc))
        self.time.quality = TimeQuality(ClockState.VALID, ClockSource.INTERNAL, 0)
        self.supervision: Supervision = self
        self.commands: list[Command] = []
        self.works: list[StartedWork] = []
        self.logged: list[str] = []
        self.monitor = ExecutionMonitor()
        self.apps = file.apps
        self.executive_limits = file.executive
        self.housekeeping_s = file.time.housekeeping_s
        self.requests: list[AppRequest] = []
        self.resets_requested: list[tuple[Ticket, bool]] = []
        self.notices: list[Notice] = []
        self.reset_record = ResetRecord()
        self.app_state = AppState.RUNNING
        self.pace = 1.0
        self._sent: list[Telemetry | Event] = []
        self.container = self._contain()

    # ---------------------------------------------------------------- driving the app

    @property
    def app(self) -> App:
        """The app under test."""
        return self.container.app

    def start(self) -> None:
        """Start the app; it may fail to, which is an event, and then it handles nothing."""
        self.schedule.table = SlotTable(
            MINOR_FRAME_NS,
            [
                Slot.every(self._name, activity.name, activity.seconds, activity.offset, MINOR_FRAME_NS)
                for activity in self.container.app_class.activities
            ],
        )
        self.container.prepare()
        self.container.start()
        self.bus.dispatch()
        self._is_started = True

    def restart(self) -> None:
        """Let the app crash and come back from its checkpoint; the bench remembers what was sent before."""
        self.container.stop()
        self.container = self._contain()
        self.start()

    def command(self, command: Command) -> VerificationReport:
        """Send the app a command as the ground would; returns the last report about it.

        Raises:
            DictionaryError: the app declares no such command.
            FlightSoftwareError: the bench was not started.
        """
        self._started()
        entry = self.dictionary.command_of(self._name, type(command))
        request = RequestId(GROUND, entry.apid, self._sequence, entry.code)
        self._sequence += 1
        self.bus.send(entry.message_id, Request(request, command))
        self.bus.dispatch()
        return self.reports(request)[-1]

    def deliver(self, packet: Telemetry | Event, sender: str | None = None) -> None:
        """Send the app a packet or an event as another app would.

        Args:
            packet: what is sent.
            sender: name of the app that sends it; the first that declares it when not given.

        Raises:
            FlightSoftwareError: no app of the bench declares it; add its package to ``others``.
        """
        senders = self.dictionary.apps_declaring(type(packet))
        if not senders:
            raise FlightSoftwareError(f"no app of the bench declares {type(packet).__name__}; add it to others")
        name = sender or senders[0]
        if isinstance(packet, Telemetry):
            message_id = self.dictionary.telemetry_of(name, type(packet)).message_id
        else:
            message_id = TELEMETRY_MESSAGE_ID | self.dictionary.apid_of(name)
        self.bus.send(message_id, packet)
        self.bus.dispatch()

    def deliver_result(self, result: msgspec.Struct) -> None:
        """Bring the app a work's result, or WorkFailed."""
        self.container.work_done(result)
        self.bus.dispatch()

    def advance(self, seconds: float) -> None:
        """Let time pass; cyclic activities run when they are due, those due at the very end in the next call.

        Raises:
            FlightSoftwareError: the bench was not started.
        """
        self._started()
        end = self.clock.now_ns() + round(seconds * 1e9)
        while (wake_ns := self.schedule.wake_ns()) is not None and wake_ns < end:
            self.clock.advance_to(max(self.clock.now_ns(), wake_ns))
            for frame in self.schedule.take(self.clock.now_ns()).frames:
                for slot in self.schedule.table.due(frame):
                    lag_ns = self.clock.now_ns() - self.schedule.frames.begin_ns(frame)
                    self.container.activities.run(slot.activity, lag_ns)
                    self.bus.dispatch()
        self.clock.advance_to(end)

    # ---------------------------------------------------------------- looking at it

    def sent(self, record: type[Message]) -> list[Message]:
        """Everything of one class that the app has sent, oldest first."""
        return [message for message in self._sent if isinstance(message, record)]

    def latest(self, record: type[Message]) -> Message:
        """The newest of one class.

        Raises:
            FlightSoftwareError: the app has sent none.
        """
        sent = self.sent(record)
        if not sent:
            raise FlightSoftwareError(f"{self._name} has sent no {record.__name__}")
        return sent[-1]

    def reports(self, request: RequestId) -> list[VerificationReport]:
        """What was reported about one request, oldest first."""
        return [report for report in self.sent(VerificationReport) if report.request == request]

    def ledger(self) -> Ledger:
        """The bus's account."""
        return self.bus.ledger()

    # ---------------------------------------------------------------- what the container needs

    def now_ns(self) -> int:
        """Vehicle time."""
        return self.clock.now_ns()

    def table_folder(self, app: str) -> Path:
        """The folder given to the bench."""
        return self._tables

    def table_memory(self, app: str) -> NonVolatileMemory:
        """The bench's own, empty at first."""
        return self.table_files

    def device(self, app: str, driver: type[Driver], name: str | None) -> Driver:
        """The test's device double."""
        key: object = (driver, name) if (driver, name) in self._devices else driver
        if key not in self._devices:
            raise FlightSoftwareError(f"{app} asks for {driver.__name__} {name or ''}, which the bench was not given")
        return cast("Driver", self._devices[key])

    def recall(self, entry: str) -> Recalled:
        """What was stored."""
        return Recalled(self._stored.get(entry))

    def store(self, entry: str, data: bytes) -> None:
        """Keep it."""
        self._stored[entry] = data

    def link_security(self, entry: str, associations: Sequence[AssociationParameters]) -> LinkSecurity:
        """The security of an app's end of a link, with keys for simulations; its memory is the bench's."""
        if self.key_safe is None:
            plan = key_plan(self.links)
            self.key_safe = MemoryKeySafe(
                derive_simulation_keys(0, plan.masters, plan.sessions, key_octets=plan.session_octets)
            )
        return LinkSecurity(self.key_safe, associations, self.security_store, entry)

    def start_work(self, app: str, work: Work[Any, Any], request: msgspec.Struct, key: str, takes_ns: int) -> None:
        """Remember the work."""
        self.works.append(StartedWork(work.name, request, key, takes_ns))

    def executing(self, execution: Execution | None) -> None:
        """Nothing: a bench does not die."""

    def log(self, app: str, event: Event) -> bool:
        """Remember the event's text."""
        self.logged.append(f"{app}: {event.describe()}")
        return True

    def failed_in_row(self, app: str, handler: str, count: int, error: Exception) -> None:
        """Nothing: nobody restarts the app of a bench."""

    def dump_trace(self, app: str) -> str:
        """A bench has no folder for traces."""
        return ""

    # ---------------------------------------------------------------- what an executive under test sees

    def request(self, request: AppRequest) -> None:
        """Remember the wish."""
        self.requests.append(request)

    def request_reset(self, ticket: Ticket, *, power_on: bool) -> None:
        """Remember the wish."""
        self.resets_requested.append((ticket, power_on))

    def record(self) -> ResetRecord:
        """The test's record."""
        return self.reset_record

    def clear_log(self) -> None:
        """Empty the log."""
        self.reset_record.clear_log()

    def forget_resets(self) -> None:
        """Count resets anew."""
        self.reset_record.forget_resets()

    def take_notices(self) -> list[Notice]:
        """The test's notices."""
        notices, self.notices = self.notices, []
        return notices

    def account(self) -> VehicleAccount:
        """The account of the bench."""
        now_ns = self.clock.now_ns()
        app = AppAccount(self._name, self.app_state, self.apps[self._name].process, heard_ns=now_ns, advanced_ns=now_ns)
        return VehicleAccount(1, 1, 0, self.bus.ledger(), 0, at_ns=now_ns, each=(app,))

    def process_links(self) -> dict[str, ProcessLinks]:
        """None: the bench is one process."""
        return {}

    def _started(self) -> None:
        if not self._is_started:
            raise FlightSoftwareError("the bench was not started; call start() first")

    def _contain(self) -> AppContainer:
        return AppContainer(self._name, self._mission.app_class(self._name), self, InboxLimits())

    def _record(self, message_id: int, message: object) -> None:
        if isinstance(message, Request):
            if message_id & COMMAND_MESSAGE_ID == COMMAND_MESSAGE_ID and message.id.source != GROUND:
                self.commands.append(message.command)
        elif isinstance(message, Telemetry | Event):
            self.dictionary.encode_payload(message)
            self._sent.append(message)


def _app_name(package: str) -> str:
    return package.rpartition(".")[2]


def _mission_of(packages: tuple[str, ...], packets: ProfileName) -> Mission:
    """A mission of these apps, each named like its package.

    Raises:
        FlightSoftwareError: two would have one name.
    """
    different = tuple(dict.fromkeys(packages))
    apps = {_app_name(each): AppEntry(each, 0x20 + 0x10 * index) for index, each in enumerate(different)}
    if len(apps) < len(different):
        raise FlightSoftwareError(f"packages {', '.join(different)}: two apps would have the same name")
    links = MissionLinks(LinkParameters(spacecraft_id=1))
    file = MissionFile("bench", "0", TimeEntry("2026-01-01T00:00:00Z"), links, apps, packets=packets)
    return Mission(ReadMission(file, (Path(),), (), dict.fromkeys(apps, Path())))
