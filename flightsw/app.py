"""The base of every flight app, and the words to write one with.

An app is one single-threaded actor: handlers run to completion and never block. It learns of the world only by
messages, time, tables and device replies; its memory is one declared struct, ``self.state``::

    class Thermal(App):
        setpoints = Table(HeaterSetpoints, file="setpoints.toml")
        state: ThermalState

        @handles(SetHeater)
        def set_heater(self, command: SetHeater) -> None:
            self.device(Heaters).switch(command.line, command.on)

        @every(seconds=1)
        def control(self) -> None: ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, get_type_hints

import msgspec

from flightsw.bus.overflow import Overflow, Reception
from flightsw.errors import FlightSoftwareError
from flightsw.messages.slots import MAX_ACTIVITIES, MAX_ACTIVITY_OCTETS
from flightsw.messages.tables import TableKind
from flightsw.services.tables.declaration import SharedTable, Table
from tlm_cmd.definition.message import Command, Event, Record, Telemetry
from tlm_cmd.packets.verification import FailureCode, RequestId

if TYPE_CHECKING:
    from flightsw.bus.overflow import Loss
    from flightsw.runtime.container import AppContainer
    from flightsw.services.spacecraft_time import SpacecraftTime

MAX_NAME_OCTETS = 32
"""Longest name of a table or a work: what the commands and events about them can carry."""

Handler = TypeVar("Handler", bound=Callable[..., Any])
Driver = TypeVar("Driver")
Request = TypeVar("Request", bound=msgspec.Struct)
Result = TypeVar("Result", bound=msgspec.Struct)


class Refused(FlightSoftwareError):  # noqa: N818 - a verdict, not a fault of the software
    """Raised by a handler to fail its command with a reason for the controller."""

    def __init__(self, reason: str, code: FailureCode = FailureCode.NOT_POSSIBLE_NOW) -> None:
        super().__init__(reason)
        self.reason, self.code = reason, code


class Ticket(msgspec.Struct, frozen=True):
    """A command that was accepted and will be completed or failed later; may be kept in the app's state."""

    source: int
    apid: int
    sequence: int
    function: int

    @classmethod
    def of(cls, request: RequestId) -> Ticket:
        """The ticket of a request."""
        return cls(request.source, request.apid, request.sequence, request.function)

    @property
    def request(self) -> RequestId:
        """The request as reports name it."""
        return RequestId(self.source, self.apid, self.sequence, self.function)


class WorkFailed(msgspec.Struct, frozen=True):
    """What an app gets instead of a result.

    Attributes:
        work: name of the work.
        key: what the app called this piece of work.
        reason: why there is no result.
    """

    work: str
    key: str
    reason: str


class Activity(msgspec.Struct, frozen=True):
    """A cyclic activity of an app class.

    Attributes:
        name: of the method.
        seconds: period.
        offset: seconds into the period.
        group: activities of one group, over all apps, can be switched together; empty for none.
    """

    name: str
    seconds: float
    offset: float
    group: str = ""


def handles(
    *records: type[Any], limit: int | None = None, overflow: Overflow = Overflow.REFUSE
) -> Callable[[Handler], Handler]:
    """Mark the handler of commands of this app, of telemetry or events of any one app, or of a work's results.

    Args:
        records: the classes that the method takes.
        limit: how many telemetry packets or events of these may wait at once; at most the inbox's depth has a meaning.
        overflow: what becomes of one for which there is no room.

    Raises:
        FlightSoftwareError: no class is named (the decorator needs parentheses), or the limit is below 1.
    """
    if not records or not all(isinstance(record, type) for record in records):
        raise FlightSoftwareError(f"@handles needs the classes that the method takes, found {records}")
    reception = _reception(limit, overflow)

    def mark(handler: Handler) -> Handler:
        handler.__dict__["handled_records"] = records
        handler.__dict__["reception"] = reception
        return handler

    return mark


def collects(
    record: type[Telemetry], *, limit: int | None = None, overflow: Overflow = Overflow.REFUSE
) -> Callable[[Handler], Handler]:
    """Mark the handler of a packet that many apps send; it is called with the sender's name and the packet.

    Args:
        record: the class of the packet.
        limit: how many of one sender may wait at once; at most the inbox's depth has a meaning.
        overflow: what becomes of one for which there is no room.

    Raises:
        FlightSoftwareError: the limit is below 1.
    """
    reception = _reception(limit, overflow)

    def mark(handler: Handler) -> Handler:
        handler.__dict__["collected_record"] = record
        handler.__dict__["reception"] = reception
        return handler

    return mark


def _reception(limit: int | None, overflow: Overflow) -> Reception:
    if limit is not None and limit < 1:
        raise FlightSoftwareError(f"limit is {limit}, it must be at least 1")
    return Reception(limit, overflow)


def every(seconds: float, offset: float = 0.0, group: str = "") -> Callable[[Handler], Handler]:
    """Mark a cyclic activity: runs each ``seconds``, ``offset`` seconds into the period.

    It can be switched off and on by command, by its name or with all others of its ``group``. Give no group to what
    protects the vehicle.

    Raises:
        FlightSoftwareError: the group's name is longer than commands can carry.
    """
    if len(group.encode()) > MAX_NAME_OCTETS:
        raise FlightSoftwareError(f"activity group {group!r}: at most {MAX_NAME_OCTETS} octets fit its commands")

    def mark(handler: Handler) -> Handler:
        handler.__dict__["activity"] = Activity(handler.__name__, seconds, offset, group)
        return handler

    return mark


class Work(Generic[Request, Result]):
    """Declares long work that a worker process does; the result comes back as a message to the handler of its type.

    Args:
        entry: ``module:function`` called once in the worker with the mission's settings for this app; returns the
            function from request to result.
        request: class of the requests.
        result: class of the results.
        time_limit_s: host seconds for one piece of work, from when the worker is free for it; then the worker is ended
            and the work failed. The first one includes starting the worker.
    """

    def __init__(self, entry: str, request: type[Request], result: type[Result], time_limit_s: float) -> None:
        self.entry = entry
        self.request = request
        self.result = result
        self.time_limit_s = time_limit_s
        self.name = ""

    def __set_name__(self, owner: type[Any], name: str) -> None:
        """Learn the name that events use."""
        self.name = name


class NoState(msgspec.Struct):
    """The memory of an app that needs none."""


class App:
    """Base class; see the module's description for how to write one.

    Attributes:
        state: the app's whole memory, what checkpoints and replays keep. Annotate it with the app's own class.
    """

    activities: ClassVar[tuple[Activity, ...]] = ()
    handlers: ClassVar[dict[type[Any], str]] = {}
    collectors: ClassVar[dict[type[Telemetry], str]] = {}
    tables: ClassVar[dict[str, Table[Any]]] = {}
    shared_tables: ClassVar[dict[str, SharedTable[Any]]] = {}
    works: ClassVar[dict[str, Work[Any, Any]]] = {}

    state: Any

    def __init__(self, container: AppContainer) -> None:
        self.container = container

    def __init_subclass__(cls) -> None:
        """Gather what the class declares."""
        cls.activities, cls.handlers, cls.collectors, cls.tables, cls.works = (), {}, {}, {}, {}
        cls.shared_tables = {}
        for base in reversed(cls.__mro__):
            for name, member in vars(base).items():
                cls._gather(name, member)
        if len(cls.activities) >= MAX_ACTIVITIES:
            raise FlightSoftwareError(
                f"{cls.__name__}: {len(cls.activities)} activities, allowed are {MAX_ACTIVITIES - 1}"
            )

    @classmethod
    def _gather(cls, name: str, member: object) -> None:
        if isinstance(member, Table | Work):
            if len(name.encode()) > MAX_NAME_OCTETS:
                raise FlightSoftwareError(f"{cls.__name__}.{name}: at most {MAX_NAME_OCTETS} octets fit its commands")
            members: dict[str, Any] = cls.tables if isinstance(member, Table) else cls.works
            members[name] = member
        elif isinstance(member, SharedTable):
            cls.shared_tables[name] = member
        elif callable(member):
            for record in getattr(member, "handled_records", ()):
                cls._claim(cls.handlers, record, name)
            if hasattr(member, "collected_record"):
                cls._claim(cls.collectors, member.collected_record, name)
            if hasattr(member, "activity"):
                if len(name.encode()) > MAX_ACTIVITY_OCTETS:
                    raise FlightSoftwareError(
                        f"{cls.__name__}.{name}: at most {MAX_ACTIVITY_OCTETS} octets are allowed"
                    )
                others = (activity for activity in cls.activities if activity.name != name)
                cls.activities = (*others, member.activity)

    @classmethod
    def _claim(cls, methods: dict[type[Any], str], record: type[Any], name: str) -> None:
        """Note which method takes a class; a method may override its own name's, never another's."""
        if methods.setdefault(record, name) != name:
            raise FlightSoftwareError(f"{cls.__name__}: {methods[record]} and {name} both take {record.__name__}")

    @classmethod
    def state_class(cls) -> type[msgspec.Struct]:
        """The class of the app's memory."""
        declared = get_type_hints(cls)["state"]
        return NoState if declared is Any else declared

    # ---------------------------------------------------------------- for the app to override

    def subscriptions(self) -> Iterable[int]:
        """Ids of further messages to get, in ``received``; asked before any app of the vehicle starts."""
        return ()

    def start(self) -> None:
        """Called when the app starts, with tables open and memory restored."""

    def received(self, message_id: int, message: object) -> None:
        """Called with what ``subscriptions`` named and no handler takes; all events of an app have one id."""

    # ---------------------------------------------------------------- for the app to use

    @property
    def name(self) -> str:
        """The app's name in the mission."""
        return self.container.name

    @property
    def now_ns(self) -> int:
        """The vehicle's monotonic time."""
        return self.container.now_ns()

    @property
    def time(self) -> SpacecraftTime:
        """Mission elapsed time, TAI and UTC of ``now_ns``."""
        return self.container.surroundings.time

    def send(self, packet: Telemetry) -> tuple[Loss, ...]:
        """Publish telemetry; returns what was lost by it in this process, counted; empty when all is well."""
        return self.container.publish(packet)

    def event(self, event: Event) -> None:
        """Report that something happened."""
        self.container.report(event)

    def command(self, app: str, command: Command) -> Ticket:
        """Ask another app to do something; its verification reports are about the request of the ticket returned."""
        return self.container.request(app, command)

    def device(self, driver: type[Driver], name: str | None = None) -> Driver:
        """The device driven by a class; named when the mission has several."""
        return self.container.device(driver, name)

    def work(self, work: Work[Request, Any], request: Request, *, key: str, takes_s: float) -> None:
        """Start long work; work that was started before a restart of the app is forgotten.

        Args:
            work: one of the class's declared works.
            request: what to do.
            key: what the app calls it; failures carry it.
            takes_s: vehicle seconds after which a lock-step simulation delivers the result, 0 or more.

        Raises:
            FlightSoftwareError: ``takes_s`` is negative.
        """
        self.container.start_work(work, request, key, takes_s)

    def defer(self) -> Ticket:
        """Keep the command now handled open; finish it later, once, with ``complete`` or ``fail``."""
        return self.container.defer()

    def progress(self, ticket: Ticket, percent: int) -> None:
        """Report how much of a deferred command is done."""
        self.container.progress(ticket, percent)

    def complete(self, ticket: Ticket) -> None:
        """Finish a deferred command well."""
        self.container.complete(ticket)

    def fail(self, ticket: Ticket, reason: str, code: FailureCode = FailureCode.NOT_POSSIBLE_NOW) -> None:
        """Finish a deferred command badly."""
        self.container.fail(ticket, code, reason)

    def swap_tables(self) -> tuple[str, ...]:
        """Take the activated content of tables declared with ``swap_on_call``; returns the names of those taken."""
        return self.container.table_keeper.swap_waiting()

    def checkpoint(self) -> None:
        """Store the app's memory now, rather than behind the next command or housekeeping packet."""
        self.container.checkpoint()


__all__ = [
    "App",
    "Overflow",
    "Record",
    "Refused",
    "SharedTable",
    "Table",
    "TableKind",
    "Ticket",
    "Work",
    "WorkFailed",
    "collects",
    "every",
    "handles",
]
