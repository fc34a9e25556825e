"""One app in a container, with surroundings that the test can spoil, and worker entry points."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

from flightsw.app import App, Refused, Table, Ticket, Work, collects, every, handles
from flightsw.bus.inbox import InboxLimits
from flightsw.bus.requests import Request
from flightsw.bus.router import Bus
from flightsw.hal.sim import MemoryNvm
from flightsw.messages import STANDARD_COMMANDS, STANDARD_EVENTS, STANDARD_TELEMETRY
from flightsw.messages.life import AppHousekeeping
from flightsw.mission_file import AppEntry
from flightsw.mission_life import ExecutiveEntry
from flightsw.mission_links import MissionLinks
from flightsw.runtime.container import AppContainer
from flightsw.runtime.journal import Execution
from flightsw.runtime.monitor import ExecutionMonitor
from flightsw.services.frames import FrameClock
from flightsw.services.retained_memory import RetainedMemory, VirtualRetainedMemory
from flightsw.services.schedule import Schedule
from flightsw.services.slots import SlotTable
from flightsw.services.spacecraft_time import SpacecraftTime
from flightsw.services.store import Recalled
from tlm_cmd.definition.dictionary import AppInterface, Dictionary
from tlm_cmd.definition.fields import U8, UpTo
from tlm_cmd.definition.message import Command, Event, Record, Severity, Telemetry
from tlm_cmd.link.parameters import LinkParameters
from tlm_cmd.packets.verification import GROUND, FailureCode, RequestId, VerificationReport


class Do(Command, code=2):
    """Run what the test has put into the app."""


class Unhandled(Command, code=3):
    """No handler."""


class Value(Telemetry):
    """A packet."""

    value: Annotated[int, U8]


class Noted(Event, code=40, severity=Severity.INFO, text="{what}"):
    """An event."""

    what: Annotated[str, UpTo(20)]


class Other(Event, code=41, severity=Severity.INFO, text="other"):
    """An event that no handler takes."""


class Undeclared(Event, code=42, severity=Severity.INFO, text="undeclared"):
    """An event of nobody."""


class Rule(Record):
    """A table."""

    limit: Annotated[int, U8]


class Task(msgspec.Struct):
    """A request of a work."""

    value: Any = 0


class Result(msgspec.Struct):
    """A result of a work."""

    value: int


class Memory(msgspec.Struct):
    """An app's memory."""

    count: int = 0
    tickets: list[Ticket] = []
    anything: Any = None


class Probe(App):
    """An app whose handlers do what the test says."""

    rule = Table(Rule, file="rule.toml")
    labour = Work("module:entry", Task, Result, time_limit_s=5)
    state: Memory
    asked_for: tuple[int, ...] = ()
    start_error: Exception | None = None

    def __init__(self, container: AppContainer) -> None:
        super().__init__(container)
        self.seen: list[Any] = []
        self.action: Callable[[Probe], object] = lambda _app: None

    def subscriptions(self) -> tuple[int, ...]:
        """What the test says."""
        return self.asked_for

    def start(self) -> None:
        """Start, or fail to."""
        if self.start_error is not None:
            raise self.start_error

    def received(self, message_id: int, message: object) -> None:
        """Note it."""
        self.seen.append((message_id, message))

    @handles(Do)
    def do(self, command: Do) -> None:
        """Run the action."""
        self.state.count += 1
        self.action(self)

    @handles(Noted)
    def note(self, event: Noted) -> None:
        """Note it."""
        self.seen.append(event)
        self.action(self)

    @handles(Result)
    def take(self, result: Result) -> None:
        """Note it."""
        self.seen.append(result)
        self.action(self)

    @collects(AppHousekeeping)
    def collect(self, sender: str, packet: AppHousekeeping) -> None:
        """Note who sent it."""
        self.seen.append(sender)

    @every(seconds=1)
    def tick(self) -> None:
        """Run the action."""
        self.action(self)


def interface(name: str, apid: int, *, own: bool) -> AppInterface:
    """The interface of the app under test, or of another."""
    commands: tuple[type[Command], ...] = STANDARD_COMMANDS + ((Do, Unhandled) if own else ())
    telemetry: tuple[type[Telemetry], ...] = STANDARD_TELEMETRY + ((Value,) if own else ())
    events: tuple[type[Event], ...] = STANDARD_EVENTS + (() if own else (Noted, Other))
    return AppInterface(name, apid, commands, telemetry, events)


class World:
    """Everything around one container, recorded."""

    def __init__(self, folder: Path) -> None:
        self.dictionary = Dictionary("test", [interface("probe", 0x20, own=True), interface("other", 0x30, own=False)])
        self.bus = Bus()
        self.bus.tap = self._record
        self.version = "1"
        self.time = SpacecraftTime()
        self.schedule = Schedule(SlotTable(100_000_000, ()), FrameClock(100_000_000))
        self.links = MissionLinks(LinkParameters(spacecraft_id=1))
        self.folder = folder
        self.stored: dict[str, bytes] = {}
        self.table_files = MemoryNvm()
        self.corrupt: dict[str, int] = {}
        self.executions: list[Execution | None] = []
        self.started: list[tuple[str, object, str, int]] = []
        self.sent: list[Any] = []
        self.trouble: Exception | None = None
        self.supervision: Any = None
        self.monitor = ExecutionMonitor()
        self.apps: dict[str, AppEntry] = {}
        self.executive_limits = ExecutiveEntry()
        self.housekeeping_s = 10
        self.failing: list[tuple[str, int]] = []
        self.retained: RetainedMemory = VirtualRetainedMemory()
        self.readable = True
        self.app_class: type[Probe] = Probe
        self.container = self.contain()

    @property
    def app(self) -> Probe:
        """The app under test."""
        app = self.container.app
        assert isinstance(app, Probe)
        return app

    def contain(self) -> AppContainer:
        """A container, not yet prepared."""
        return AppContainer("probe", self.app_class, self, InboxLimits())

    def start(self) -> World:
        """Start the app."""
        self.container.prepare()
        self.container.start()
        self.bus.dispatch()
        return self

    def restart(self, app_class: type[Probe] | None = None) -> World:
        """Let the app die and come back, perhaps as a newer version of itself."""
        self.container.stop()
        self.app_class = app_class or self.app_class
        self.container = self.contain()
        return self.start()

    def request(self, command: Command, sequence: int = 0) -> RequestId:
        """Send the app a command."""
        entry = self.dictionary.command_of("probe", type(command))
        request = RequestId(GROUND, entry.apid, sequence, entry.code)
        self.bus.send(entry.message_id, Request(request, command))
        self.bus.dispatch()
        return request

    def do(self, action: Callable[[Probe], object], sequence: int = 0) -> list[VerificationReport]:
        """Have the app run something as a command; returns what was reported about it."""
        self.app.action = action
        request = self.request(Do(), sequence)
        return self.reports(request)

    def reports(self, request: RequestId) -> list[VerificationReport]:
        """What was reported about a request."""
        return [each for each in self.of(VerificationReport) if each.request == request]

    def of(self, record: type[Any]) -> list[Any]:
        """Everything of one class that was sent."""
        return [each for each in self.sent if isinstance(each, record)]

    def now_ns(self) -> int:
        """No time passes."""
        return 0

    def table_folder(self, app: str) -> Path:
        """One folder for all."""
        return self.folder

    def table_memory(self, app: str) -> MemoryNvm:
        """One for all."""
        return self.table_files

    def device(self, app: str, driver: type[Any], name: str | None) -> Any:  # noqa: ANN401 - what was asked for
        """What was asked for, as it was."""
        return (app, driver, name)

    def recall(self, entry: str) -> Recalled:
        """What was stored, if the store is well."""
        if isinstance(self.trouble, OSError):
            raise self.trouble
        return Recalled(self.stored.get(entry), self.corrupt.get(entry, 0))

    def store(self, entry: str, data: bytes) -> None:
        """Store, if the store is well."""
        if self.trouble is not None:
            raise self.trouble
        self.stored[entry] = data

    def start_work(self, app: str, work: Work[Any, Any], request: msgspec.Struct, key: str, takes_ns: int) -> None:
        """Note it."""
        self.started.append((work.name, request, key, takes_ns))

    def executing(self, execution: Execution | None) -> None:
        """Note it."""
        self.executions.append(execution)

    def failed_in_row(self, app: str, handler: str, count: int, error: Exception) -> None:
        """Note it."""
        self.failing.append((handler, count))

    def dump_trace(self, app: str) -> str:
        """No folder."""
        return ""

    def log(self, app: str, event: Event) -> bool:
        """Nobody reads it."""
        return self.readable

    def _record(self, _message_id: int, message: object) -> None:
        if isinstance(message, Telemetry | Event):
            self.dictionary.encode_payload(message)
            self.sent.append(message)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A container with everything around it, not started."""
    (tmp_path / "rule.toml").write_text("limit = 1\n")
    return World(tmp_path)


__all__ = ["FailureCode", "Refused", "World"]
