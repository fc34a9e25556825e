"""Holds one app and gives it everything it does not write itself.

Command verification, counters, housekeeping, events, tables, checkpoints: the same in every runtime, because both use
this container.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from flightsw.app import App, Refused, Ticket, Work, WorkFailed
from flightsw.bus.inbox import InboxLimits
from flightsw.bus.requests import Request
from flightsw.bus.router import Bus
from flightsw.errors import FlightSoftwareError
from flightsw.messages import (
    AppHousekeeping,
    AppStarted,
    CheckpointLost,
    CommandFailed,
    EventsSuppressed,
    HandlerFailed,
    StartFailed,
    WorkLost,
)
from flightsw.mission_links import MissionLinks
from flightsw.runtime.standard_commands import StandardCommands
from flightsw.runtime.supervision import Supervision
from flightsw.services.events import Decision, EventFilter, EventFilterState
from flightsw.services.spacecraft_time import SpacecraftTime
from flightsw.services.tables import TableBuffer, TableError
from tlm_cmd.definition.dictionary import COMMAND_MESSAGE_ID, TELEMETRY_MESSAGE_ID, Dictionary, TelemetryEntry
from tlm_cmd.definition.message import Command, Event, Quality, Telemetry
from tlm_cmd.packets.verification import FailureCode, RequestId, Stage, VerificationReport, shorten

Driver = TypeVar("Driver")

MAX_HANDLER_NAME = 48
SEQUENCE_MODULO = 16_384


class Surroundings(Protocol):
    """What a container needs of the process it lives in."""

    dictionary: Dictionary
    bus: Bus
    version: str
    time: SpacecraftTime
    links: MissionLinks

    def now_ns(self) -> int:
        """Vehicle time."""
        ...

    def table_folder(self, app: str) -> Path:
        """Where the app's table files are."""
        ...

    def device(self, app: str, driver: type[Driver], name: str | None) -> Driver:
        """The driver object of a device."""
        ...

    def load_checkpoint(self, app: str) -> bytes | None:
        """The app's stored memory."""
        ...

    def save_checkpoint(self, app: str, data: bytes) -> None:
        """Store an app's memory."""
        ...

    def start_work(self, app: str, work: Work[Any, Any], request: msgspec.Struct, key: str, takes_ns: int) -> None:
        """Hand work to the app's worker."""
        ...

    def log(self, app: str, event: Event) -> None:
        """Show an event to people."""
        ...

    @property
    def supervision(self) -> Supervision:
        """The vehicle's process keeper."""
        ...


class ContainerState(msgspec.Struct):
    """The framework's own memory of one app; stored with the app's.

    Attributes:
        tables: images of tables that were activated by command, by name.
        sequence: sequence count of the next command that this app sends.
    """

    accepted: int = 0
    completed: int = 0
    failed: int = 0
    errors: int = 0
    events: int = 0
    messages: int = 0
    activities: int = 0
    refused_sends: int = 0
    sequence: int = 0
    restarts: int = 0
    tables: dict[str, bytes] = {}
    filter: EventFilterState = msgspec.field(default_factory=EventFilterState)


class _Checkpoint(msgspec.Struct):
    container: ContainerState
    app: msgspec.Raw


class AppContainer:
    """One app with its mailbox, counters, tables and memory.

    Attributes:
        name: the app's name in the mission.
        tables: the app's table buffers, by name.
        state: the framework's memory of it.
        running: False before start and when the app's start failed.
        surroundings: the process it lives in.
    """

    def __init__(self, name: str, app_class: type[App], surroundings: Surroundings, limits: InboxLimits) -> None:
        self.name = name
        self.app_class = app_class
        self.running = False
        self.state = ContainerState()
        self.surroundings = surroundings
        self._bus = surroundings.bus
        self._dictionary = surroundings.dictionary
        self._apid = surroundings.dictionary.apid_of(name)
        self._event_id = TELEMETRY_MESSAGE_ID | self._apid
        self._mailbox = self._bus.open_mailbox(name, limits, self.receive)
        self._telemetry_ids: dict[type[Telemetry], int] = {}
        self._handlers: dict[int, Callable[[Any], None]] = {}
        self._collectors: dict[int, tuple[Callable[[str, Any], None], str]] = {}
        self._request: RequestId | None = None
        self._deferred = False
        self._saved = b""
        self.tables: dict[str, TableBuffer[Any]] = {
            table.name: table.open(surroundings.table_folder(name)) for table in app_class.tables.values()
        }
        self.filter = EventFilter(self.state.filter)
        self.app = app_class(self)
        self.app.state = app_class.state_class()()
        self._standard = StandardCommands(self).handlers

    # ---------------------------------------------------------------- life

    def prepare(self) -> None:
        """Subscribe the app; every app of the vehicle is prepared before the first one starts."""
        self._bus.subscribe(self.name, COMMAND_MESSAGE_ID | self._apid, Quality.COMMAND)
        for record, method in self.app_class.handlers.items():
            if issubclass(record, Telemetry | Event):
                self._subscribe_to(record, getattr(self.app, method))
        for packet, method in self.app_class.collectors.items():
            for sender in self._dictionary.apps_declaring(packet):
                entry = self._dictionary.telemetry_of(sender, packet)
                self._collectors[entry.message_id] = (getattr(self.app, method), sender)
                self._subscribe(entry.message_id)
        for message_id in self.app.subscriptions():
            self._subscribe(message_id)

    def start(self) -> None:
        """Restore the app's memory and run its ``start``."""
        stored = self.surroundings.load_checkpoint(self.name)
        restored = stored is not None and self._restore(stored)
        if stored is not None:
            self.state.restarts += 1
        try:
            self.app.start()
        except Exception as error:  # noqa: BLE001 - a fault domain: whatever an app raises stays here
            self.report(StartFailed(shorten(f"{type(error).__name__}: {error}")))
            return
        self.running = True
        self.report(AppStarted(min(self.state.restarts, 65_535), restored))
        self.checkpoint()

    def stop(self) -> None:
        """Take the app off the bus; what waits for it is dropped and counted."""
        self.running = False
        self._bus.close_mailbox(self.name)

    def checkpoint(self) -> None:
        """Store the app's memory if it changed."""
        data = msgspec.msgpack.encode(_Checkpoint(self.state, msgspec.Raw(msgspec.msgpack.encode(self.app.state))))
        if data != self._saved:
            self.surroundings.save_checkpoint(self.name, data)
            self._saved = data

    def _restore(self, stored: bytes) -> bool:
        try:
            checkpoint = msgspec.msgpack.decode(stored, type=_Checkpoint)
            state = msgspec.msgpack.decode(checkpoint.app, type=self.app_class.state_class())
            for table, image in checkpoint.container.tables.items():
                self.tables[table].restore(image)
        except (msgspec.MsgspecError, TableError, KeyError) as error:
            self.report(CheckpointLost(shorten(str(error))))
            return False
        self.state = checkpoint.container
        self.filter = EventFilter(self.state.filter)
        self.app.state = state
        return True

    def _subscribe_to(self, record: type[Telemetry | Event], handler: Callable[[Any], None]) -> None:
        senders = self._dictionary.apps_declaring(record)
        if len(senders) != 1:
            raise FlightSoftwareError(
                f"{self.name} handles {record.__name__}, which {', '.join(senders) or 'no app'} declares; "
                "exactly one must (use @collects for a packet of many apps)"
            )
        if issubclass(record, Telemetry):
            entry = self._dictionary.telemetry_of(senders[0], record)
            self._handlers[entry.message_id] = handler
            self._bus.subscribe(self.name, entry.message_id, record.quality)
        else:
            self._subscribe(TELEMETRY_MESSAGE_ID | self._dictionary.apid_of(senders[0]))

    # ---------------------------------------------------------------- what comes in

    def receive(self, message_id: int, message: object) -> None:
        """Hand a message to its handler; whatever that raises is counted and reported, and the app goes on."""
        self.state.messages += 1
        if type(message) is Request:
            self._execute(message)
            return
        try:
            if message_id in self._handlers:
                self._handlers[message_id](message)
            elif message_id in self._collectors:
                collector, sender = self._collectors[message_id]
                collector(sender, message)
            elif isinstance(message, Event) and type(message) in self.app_class.handlers:
                getattr(self.app, self.app_class.handlers[type(message)])(message)
            else:
                self.app.received(message_id, message)
        except Exception as error:  # noqa: BLE001 - a fault domain
            self._handler_failed(type(message).__name__, error)

    def run_activity(self, name: str) -> None:
        """Run a cyclic activity."""
        self.state.activities += 1
        try:
            getattr(self.app, name)()
        except Exception as error:  # noqa: BLE001 - a fault domain
            self._handler_failed(name, error)

    def work_done(self, result: msgspec.Struct) -> None:
        """Hand a work's result, or WorkFailed, to its handler."""
        if isinstance(result, WorkFailed):
            self.report(WorkLost(result.work, shorten(result.reason)))
        try:
            method = self.app_class.handlers.get(type(result))
            if method is not None:
                getattr(self.app, method)(result)
        except Exception as error:  # noqa: BLE001 - a fault domain
            self._handler_failed(type(result).__name__, error)

    def _execute(self, request: Request) -> None:
        command = request.command
        method = self.app_class.handlers.get(type(command))
        handler = self._standard.get(type(command)) if method is None else getattr(self.app, method)
        if handler is None:
            self._refuse(request.id, FailureCode.UNKNOWN_FUNCTION, f"{self.name} has no handler for it")
            return
        self.state.accepted += 1
        self._verify(request.id, Stage.ACCEPTED)
        self._request, self._deferred = request.id, False
        try:
            handler(command)
        except Refused as refusal:
            self.fail(Ticket.of(request.id), refusal.code, refusal.reason)
        except Exception as error:  # noqa: BLE001 - a fault domain
            self._handler_failed(type(command).__name__, error)
            self.fail(Ticket.of(request.id), FailureCode.HANDLER_FAILED, f"{type(error).__name__}: {error}")
        else:
            if not self._deferred:
                self.complete(Ticket.of(request.id))
        finally:
            self._request = None
            self.checkpoint()

    def _handler_failed(self, handler: str, error: Exception) -> None:
        self.state.errors += 1
        self.report(HandlerFailed(handler[:MAX_HANDLER_NAME], shorten(f"{type(error).__name__}: {error}")))

    # ---------------------------------------------------------------- verification

    def defer(self) -> Ticket:
        """Keep the command now handled open."""
        if self._request is None:
            raise FlightSoftwareError("defer() outside a command handler")
        self._deferred = True
        self._verify(self._request, Stage.STARTED)
        return Ticket.of(self._request)

    def progress(self, ticket: Ticket, percent: int) -> None:
        """Report progress of a deferred command."""
        self._verify(ticket.request, Stage.PROGRESS, percent=percent)

    def complete(self, ticket: Ticket) -> None:
        """Report a command's completion."""
        self.state.completed += 1
        self._verify(ticket.request, Stage.COMPLETED, percent=100)

    def fail(self, ticket: Ticket, code: FailureCode, reason: str) -> None:
        """Report a command's failure."""
        self.state.failed += 1
        self.report(CommandFailed(ticket.function, shorten(reason)))
        self._verify(ticket.request, Stage.FAILED, code=code, reason=reason)

    def _refuse(self, request: RequestId, code: FailureCode, reason: str) -> None:
        self.state.failed += 1
        self.report(CommandFailed(request.function, shorten(reason)))
        self._verify(request, Stage.REJECTED, code=code, reason=reason)

    def _verify(
        self,
        request: RequestId,
        stage: Stage,
        *,
        code: FailureCode = FailureCode.NONE,
        reason: str = "",
        percent: int = 0,
    ) -> None:
        self.publish(VerificationReport(request, stage, code, percent, shorten(reason)))

    def reject(self, request: RequestId, code: FailureCode, reason: str) -> None:
        """Report a command that never reached its app."""
        self._refuse(request, code, reason)

    # ---------------------------------------------------------------- what goes out

    def now_ns(self) -> int:
        """Vehicle time."""
        return self.surroundings.now_ns()

    def publish(self, packet: Telemetry) -> None:
        """Send telemetry of this app."""
        message_id = self._telemetry_ids.get(type(packet))
        if message_id is None:
            message_id = self._dictionary.telemetry_of(self.name, type(packet)).message_id
            self._telemetry_ids[type(packet)] = message_id
        self.state.refused_sends += len(self._bus.send(message_id, packet))

    def report(self, event: Event) -> None:
        """Send an event of this app, unless a filter holds it back."""
        match self.filter.decide(event.code, event.severity, self.now_ns()):
            case Decision.PASS:
                suppressed = self.filter.take_suppressed()
                if suppressed:
                    self._emit(EventsSuppressed(suppressed))
                self._emit(event)
            case _:
                return

    def _emit(self, event: Event) -> None:
        self.state.events += 1
        self.surroundings.log(self.name, event)
        self.state.refused_sends += len(self._bus.send(self._event_id, event))

    def request(self, app: str, command: Command) -> None:
        """Send a command to another app."""
        entry = self._dictionary.command_of(app, type(command))
        sequence = self.state.sequence
        self.state.sequence = (sequence + 1) % SEQUENCE_MODULO
        self.forward(Request(RequestId(self._apid, entry.apid, sequence, entry.code), command))

    def forward(self, request: Request) -> None:
        """Put a request on the bus; reject it when its app cannot take it."""
        message_id = COMMAND_MESSAGE_ID | request.id.apid
        if not self._bus.destinations(message_id):
            self._refuse(request.id, FailureCode.APP_UNAVAILABLE, "no app takes this command now")
            return
        for refusal in self._bus.send(message_id, request):
            self._refuse(request.id, FailureCode.INBOX_FULL, f"{refusal.owner}: {refusal.reason.value}")

    def _subscribe(self, message_id: int) -> None:
        entry = self._dictionary.telemetry_by_apid(message_id & 0x7FF)
        quality = entry.record.quality if isinstance(entry, TelemetryEntry) else Quality.TELEMETRY
        self._bus.subscribe(self.name, message_id, quality)

    def device(self, driver: type[Driver], name: str | None) -> Driver:
        """The driver object of a device."""
        return self.surroundings.device(self.name, driver, name)

    def start_work(self, work: Work[Any, Any], request: msgspec.Struct, key: str, takes_s: float) -> None:
        """Hand work to the app's worker."""
        self.surroundings.start_work(self.name, work, request, key, round(takes_s * 1e9))

    # ---------------------------------------------------------------- housekeeping

    def housekeeping(self) -> None:
        """Publish the app's counters and store its memory."""
        state = self.state
        self.publish(
            AppHousekeeping(
                accepted=state.accepted,
                completed=state.completed,
                failed=state.failed,
                errors=state.errors,
                events=state.events,
                events_suppressed=self.filter.suppressed_total,
                messages=state.messages & 0xFFFF_FFFF,
                activities=state.activities & 0xFFFF_FFFF,
                refused_sends=state.refused_sends,
                restarts=min(state.restarts, 65_535),
                inbox_high_water=tuple(inbox.high_water for inbox in self._mailbox.inboxes),
            )
        )
        self.checkpoint()
