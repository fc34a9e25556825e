"""Holds one app and gives it everything it does not write itself.

Command verification, counters, housekeeping, events, tables, checkpoints: the same in every runtime, because both use
this container.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from flightsw.app import App, Refused, Ticket, Work, WorkFailed
from flightsw.bus.inbox import InboxLimits
from flightsw.bus.overflow import DropReason, Loss
from flightsw.bus.requests import Request
from flightsw.bus.subscription import Subscription
from flightsw.errors import FlightSoftwareError
from flightsw.messages.life import AppHousekeeping, AppStarted, CheckpointLost, HandlerFailed, StartFailed, WorkLost
from flightsw.mission_events import EventEntry
from flightsw.runtime.activities import Activities
from flightsw.runtime.checkpoints import CheckpointKeeper, ContainerState, new_state
from flightsw.runtime.event_reporter import EventReporter
from flightsw.runtime.handler_runs import HandlerRuns
from flightsw.runtime.journal import Execution
from flightsw.runtime.shared_tables import SharedTables
from flightsw.runtime.standard.commands import standard_handlers
from flightsw.runtime.subscriptions import Subscriptions
from flightsw.runtime.surroundings import Surroundings
from flightsw.runtime.tables import TableKeeper
from flightsw.runtime.verification import TOLD_AGAIN, Verification
from flightsw.services.events import EventFilter
from tlm_cmd.definition.dictionary import COMMAND_MESSAGE_ID
from tlm_cmd.definition.message import Command, Event, Telemetry
from tlm_cmd.packets.spacepacket import SEQUENCE_MODULO
from tlm_cmd.packets.verification import FailureCode, RequestId, shorten

Driver = TypeVar("Driver")

MAX_HANDLER_NAME = 48
SEQUENCE_GAP = SEQUENCE_MODULO // 4
"""Sequence counts left out after a restart: commands sent behind the last checkpoint have used some."""
DEFAULT_EVENTS = EventEntry()
_MAX_U32 = 2**32 - 1
_NOT_TAKEN = {
    DropReason.INBOX_FULL: FailureCode.INBOX_FULL,
    DropReason.MESSAGE_LIMIT: FailureCode.INBOX_FULL,
    DropReason.MALFORMED: FailureCode.BAD_ARGUMENT,
}


class AppContainer:
    """One app with its mailbox, counters, tables and memory.

    Attributes:
        name: the app's name in the mission.
        app: the app.
        tables: the app's table buffers, by name.
        table_keeper: activates, stores and reports them.
        shared_tables: tables of other apps that this one reads.
        state: the framework's memory of it.
        mailbox: where its messages wait.
        events: reports its events.
        activities: its cyclic work.
        running: False before start, when the app's start failed, and behind stop.
        condition: why it does not run, for those whose commands are rejected.
        surroundings: the process it lives in.
        runs: what has run.
    """

    def __init__(
        self,
        name: str,
        app_class: type[App],
        surroundings: Surroundings,
        limits: InboxLimits,
        events: EventEntry = DEFAULT_EVENTS,
    ) -> None:
        self.name = name
        self.app_class = app_class
        self.running = False
        self.condition = "has not started yet"
        self.state = ContainerState()
        self.surroundings = surroundings
        self._bus = surroundings.bus
        self._dictionary = surroundings.dictionary
        self._apid = surroundings.dictionary.apid_of(name)
        self._telemetry_ids: dict[type[Telemetry], int] = {}
        self.table_keeper = TableKeeper(self)
        self.tables = self.table_keeper.buffers
        self.shared_tables = SharedTables(self)
        self.events = EventReporter(self, events)
        self.app = app_class(self)
        self.app.state = new_state(app_class)
        self.activities = Activities(self)
        self._keeper = CheckpointKeeper(self)
        self._restored = False
        self.runs = HandlerRuns(name, surroundings)
        self._standard = standard_handlers(self)
        self._verification = Verification(self)
        self._subscriptions = Subscriptions(name, self.app, self._dictionary)
        self.mailbox = self._bus.open_mailbox(name, limits, self.receive)
        self._limits = limits

    # ---------------------------------------------------------------- life

    def prepare(self) -> None:
        """Restore the app's memory and subscribe it; all apps of a vehicle are prepared before the first one starts."""
        self._restored = self._keeper.restore()
        self.table_keeper.restore()
        if self._restored:
            self.state.sequence = (self.state.sequence + SEQUENCE_GAP) % SEQUENCE_MODULO
        self.activities.restore()
        self._subscriptions.make(self._bus, self._limits, self.shared_tables.message_ids)
        for subscription in self.subscriptions():
            subscription.enabled = subscription.message_id not in self.state.disabled_routes

    def start(self) -> None:
        """Run the app's ``start``; until then, and if it fails, the app gets nothing."""
        if self._keeper.corrupt is not None:
            self.report(self._keeper.corrupt)
        for problem in self._keeper.problems:
            self.report(CheckpointLost(shorten(problem)))
        if not self._restored:
            self._verification.fail_all(FailureCode.APP_UNAVAILABLE, "the app lost its memory")
        error = self.runs.guard("start", self.app.start)
        if error is not None:
            self.condition = "could not start"
            self.report(StartFailed(shorten(f"{type(error).__name__}: {error}")))
            return
        self.running = True
        self.report(AppStarted(min(self.state.restarts, 65_535), self._restored))
        self.table_keeper.started()
        self.shared_tables.ask()
        self.activities.report()
        self.checkpoint()

    def stop(self) -> list[Request]:
        """Take the app off the bus; what waits for it is dropped and counted, and its stored memory stays as it is.

        Returns:
            The commands among it, in order; somebody has to answer for them.
        """
        self.running = False
        return self._bus.close_mailbox(self.name)

    def checkpoint(self) -> None:
        """Store the app's memory if it changed and the app runs; when that fails the app goes on with the old one."""
        if self.running:
            self._keeper.save()

    # ---------------------------------------------------------------- what comes in

    def subscriptions(self) -> list[Subscription]:
        """What the app gets, with the accounts of it, in the order of subscription."""
        return self._bus.subscriptions(self.name)

    def receive(self, message_id: int, message: object) -> None:
        """Hand a message to its handler; whatever that raises is counted and reported, and the app goes on."""
        if type(message) is Request:
            self._execute(message)
        elif self.running:
            self.state.messages += 1
            if message_id in self.shared_tables.message_ids:
                self.shared_tables.hear(message_id, message)
            handler = self._subscriptions.handler(message_id, message)
            if handler is not None:
                self._run(handler, message)

    def run_activity(self, name: str) -> None:
        """Run a cyclic activity."""
        if self.running:
            self.state.activities += 1
            error = self.runs.activity(name, getattr(self.app, name))
            if error is not None:
                self._handler_failed(name, error)

    def work_done(self, result: msgspec.Struct) -> None:
        """Hand a work's result, or WorkFailed, to its handler."""
        if isinstance(result, WorkFailed):
            self.report(WorkLost(result.work, shorten(result.reason)))
        method = self.app_class.handlers.get(type(result))
        if method is not None:
            self._run(getattr(self.app, method), result)

    def _run(self, handler: Callable[..., object], message: object) -> None:
        name = type(message).__name__
        error = self.runs.handler(name, handler, message)
        if error is not None:
            self._handler_failed(name, error)

    def _execute(self, request: Request) -> None:
        if not self.running:
            self._verification.turn_away(request, FailureCode.APP_UNAVAILABLE, f"{self.name} {self.condition}")
            return
        self.state.messages += 1
        command = request.command
        method = self.app_class.handlers.get(type(command))
        handler = self._standard.get(type(command)) if method is None else getattr(self.app, method)
        if handler is None:
            self._verification.turn_away(request, FailureCode.UNKNOWN_FUNCTION, f"{self.name} has no handler for it")
            return
        self._verification.begin(request)
        name = type(command).__name__
        error = self.runs.handler(name, handler, command)
        if error is None:
            self._verification.end()
        elif isinstance(error, Refused):
            self._verification.end_badly(error.code, error.reason)
        else:
            self._handler_failed(name, error)
            self._verification.end_badly(FailureCode.HANDLER_FAILED, f"{type(error).__name__}: {error}")
        self.checkpoint()
        self.surroundings.executing(None)

    def died(self, execution: Execution) -> Execution:
        """The process died while it executed a command of this app; returns it with its verdict, not yet reported."""
        execution = self._verification.died(execution)
        self.checkpoint()
        return execution

    def report_again(self, execution: Execution, reason: str = TOLD_AGAIN) -> None:
        """Report the verdict on a command that an earlier life of the process has executed."""
        self._verification.report_again(execution, reason)

    def _handler_failed(self, handler: str, error: Exception) -> None:
        self.state.errors += 1
        name = handler.encode()[:MAX_HANDLER_NAME].decode(errors="ignore")
        self.report(HandlerFailed(name, shorten(f"{type(error).__name__}: {error}")))

    # ---------------------------------------------------------------- what becomes of commands

    def defer(self) -> Ticket:
        """Keep the command now handled open."""
        return self._verification.defer()

    def progress(self, ticket: Ticket, percent: int) -> None:
        """Report progress of a deferred command."""
        self._verification.progress(ticket, percent)

    def adopt(self, ticket: Ticket) -> None:
        """Keep a command open that was deferred in an earlier life, if the memory of that was lost."""
        self._verification.adopt(ticket)

    def complete(self, ticket: Ticket) -> None:
        """Report a deferred command's completion."""
        self._verification.complete(ticket)

    def fail(self, ticket: Ticket, code: FailureCode, reason: str) -> None:
        """Report a deferred command's failure."""
        self._verification.fail(ticket, code, reason)

    def settle(self, request: RequestId, refused: Refused | None = None) -> None:
        """Report a command that the app has executed without the bus, or why it has not."""
        self._verification.settle(request, refused)

    def reject(self, request: RequestId, code: FailureCode, reason: str) -> None:
        """Report a command that never reached its app."""
        self._verification.refuse(request, code, reason)

    # ---------------------------------------------------------------- what goes out

    def now_ns(self) -> int:
        """Vehicle time."""
        return self.surroundings.now_ns()

    def met_ns(self) -> int:
        """Mission elapsed time."""
        return self.surroundings.time.met_ns(self.surroundings.now_ns())

    def publish(self, packet: Telemetry) -> tuple[Loss, ...]:
        """Send telemetry of this app; returns what was lost by it in this process."""
        message_id = self._telemetry_ids.get(type(packet))
        if message_id is None:
            message_id = self._dictionary.telemetry_of(self.name, type(packet)).message_id
            self._telemetry_ids[type(packet)] = message_id
        losses = self._bus.send(message_id, packet)
        self.state.refused_sends += len(losses)
        return losses

    def report(self, event: Event) -> None:
        """Send an event of this app, unless a filter holds it back."""
        self.events.report(event)

    @property
    def filter(self) -> EventFilter:
        """Decides which of the app's events are sent."""
        return self.events.filter

    def request(self, app: str, command: Command) -> Ticket:
        """Send a command to another app; returns what its verification reports are about."""
        request = self.new_request(app, command)
        self.forward(request)
        return Ticket.of(request.id)

    def new_request(self, app: str, command: Command) -> Request:
        """A request of this app to another one, with the next sequence count; ``forward`` sends it."""
        entry = self._dictionary.command_of(app, type(command))
        sequence = self.state.sequence
        self.state.sequence = (sequence + 1) % SEQUENCE_MODULO
        return Request(RequestId(self._apid, entry.apid, sequence, entry.code), command)

    def forward(self, request: Request) -> None:
        """Put a request on the bus; reject it when its app cannot take it."""
        message_id = COMMAND_MESSAGE_ID | request.id.apid
        nobody = not self._bus.destinations(message_id)
        for refusal in self._bus.send(message_id, request):
            self.not_taken(request, refusal.reason)
        if nobody:
            self.reject(request.id, FailureCode.APP_UNAVAILABLE, "no app takes this command now")

    def not_taken(self, request: Request, reason: DropReason) -> None:
        """Report a command that was dropped on its way to its app."""
        code = _NOT_TAKEN.get(reason, FailureCode.APP_UNAVAILABLE)
        app = self._dictionary.app_of(request.id.apid)
        self.reject(request.id, code, f"{app}: {reason.value}")

    def device(self, driver: type[Driver], name: str | None) -> Driver:
        """The driver object of a device."""
        return self.surroundings.device(self.name, driver, name)

    def start_work(self, work: Work[Any, Any], request: msgspec.Struct, key: str, takes_s: float) -> None:
        """Hand work to the app's worker.

        Raises:
            FlightSoftwareError: ``takes_s`` is negative.
        """
        if not takes_s >= 0:
            raise FlightSoftwareError(f"work {work.name} takes {takes_s} s; it must be 0 or more")
        self.surroundings.start_work(self.name, work, request, key, round(takes_s * 1e9))

    # ---------------------------------------------------------------- housekeeping

    def housekeeping(self) -> None:
        """Publish the app's counters, store its memory, and ask for shared tables that have not come.

        In front goes how many events were squelched since that was last said.
        """
        self.events.report_suppressed()
        state, events = self.state, self.filter.state
        self.publish(
            AppHousekeeping(
                accepted=state.accepted & _MAX_U32,
                completed=state.completed & _MAX_U32,
                failed=state.failed & _MAX_U32,
                errors=state.errors & _MAX_U32,
                events=events.sent,
                events_disabled=events.disabled,
                events_filtered=events.filtered,
                events_squelched=events.squelched,
                events_unlogged=state.events_unlogged,
                event_lines_lost=state.event_lines_lost,
                messages=state.messages & _MAX_U32,
                activities=state.activities & _MAX_U32,
                refused_sends=state.refused_sends & _MAX_U32,
                restarts=min(state.restarts, 65_535),
                store_faults=min(state.store_faults, 65_535),
                inbox_high_water=tuple(inbox.high_water for inbox in self.mailbox.inboxes),
            )
        )
        self.checkpoint()
        if self.running:
            self.shared_tables.ask()
