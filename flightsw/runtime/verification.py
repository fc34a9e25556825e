"""What became of each command, reported stage by stage; each command gets exactly one verdict."""

from __future__ import annotations

from typing import Protocol

import msgspec

from flightsw.app import Refused, Ticket
from flightsw.bus.overflow import Loss
from flightsw.bus.requests import Request
from flightsw.errors import FlightSoftwareError
from flightsw.messages.life import CommandFailed
from flightsw.runtime.checkpoints import ContainerState
from flightsw.runtime.journal import Execution
from flightsw.runtime.surroundings import Surroundings
from tlm_cmd.definition.message import Event, Telemetry
from tlm_cmd.packets.verification import FailureCode, RequestId, Stage, VerificationReport, shorten

MAX_OPEN_COMMANDS = 256
"""Commands of one app that may wait for their verdict; deferring one more refuses it."""
ENDED_WITHIN = "the app's process ended while it was executed"
TOLD_AGAIN = "reported again after a restart"


class Reporter(Protocol):
    """The app on whose behalf is reported."""

    state: ContainerState
    surroundings: Surroundings

    def publish(self, packet: Telemetry) -> tuple[Loss, ...]:
        """Send telemetry of the app; returns what was lost by it in this process."""
        ...

    def report(self, event: Event) -> None:
        """Send an event of the app."""
        ...


class Verification:
    """Reports about the commands of one app; what is open is part of the app's stored memory."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._handled: Execution | None = None
        self._deferred = False

    # ---------------------------------------------------------------- the command that is handled now

    def begin(self, request: Request) -> None:
        """A handler is about to run."""
        state = self._reporter.state
        state.accepted += 1
        state.executed += 1
        self._handled = Execution(Ticket.of(request.id), request.passage, state.executed)
        self._deferred = False
        self._reporter.surroundings.executing(self._handled)
        self._report(request.id, Stage.ACCEPTED)

    def defer(self) -> Ticket:
        """Keep the command open behind the end of its handler.

        Raises:
            FlightSoftwareError: no command is being handled.
            Refused: ``MAX_OPEN_COMMANDS`` are open already.
        """
        if self._handled is None:
            raise FlightSoftwareError("defer() outside a command handler")
        ticket = self._handled.ticket
        open_tickets = self._reporter.state.open
        if not self._deferred:
            if len(open_tickets) >= MAX_OPEN_COMMANDS:
                raise Refused(f"{MAX_OPEN_COMMANDS} commands are open already")
            self._deferred = True
            open_tickets.append(ticket)
            self._report(ticket.request, Stage.STARTED)
        return ticket

    def end(self) -> None:
        """The handler has returned: the command is completed, unless it was deferred."""
        if self._deferred:
            self._ended(None)
        else:
            self._completed(self._ended(Stage.COMPLETED))

    def end_badly(self, code: FailureCode, reason: str) -> None:
        """The handler has raised: the command failed, unless the handler itself gave the verdict before."""
        ticket = self._ended(None if self._deferred else Stage.FAILED, code)
        if not self._deferred or self._take(ticket):
            self._failed(ticket, code, reason)

    def _ended(self, stage: Stage | None, code: FailureCode = FailureCode.NONE) -> Ticket:
        """Remember what became of the command just handled; returns its ticket."""
        execution, self._handled = self._handled, None
        if execution is None:
            raise FlightSoftwareError("no command is being handled")
        ended = msgspec.structs.replace(execution, stage=stage or Stage.STARTED, code=code)
        self._reporter.surroundings.executing(ended)
        return execution.ticket

    # ---------------------------------------------------------------- commands that were deferred

    def adopt(self, ticket: Ticket) -> None:
        """Take a command of an earlier life as open, unless it is: what it asked for came with a loss of memory."""
        open_tickets = self._reporter.state.open
        if ticket not in open_tickets and len(open_tickets) < MAX_OPEN_COMMANDS:
            open_tickets.append(ticket)

    def progress(self, ticket: Ticket, percent: int) -> None:
        """Say how much of a deferred command is done."""
        if ticket not in self._reporter.state.open:
            raise _not_open(ticket)
        self._report(ticket.request, Stage.PROGRESS, percent=percent)

    def complete(self, ticket: Ticket) -> None:
        """Finish a deferred command well."""
        if not self._take(ticket):
            raise _not_open(ticket)
        self._completed(ticket)

    def fail(self, ticket: Ticket, code: FailureCode, reason: str) -> None:
        """Finish a deferred command badly."""
        if not self._take(ticket):
            raise _not_open(ticket)
        self._failed(ticket, code, reason)

    def fail_all(self, code: FailureCode, reason: str) -> None:
        """Finish every open command badly; nobody remembers them."""
        for ticket in tuple(self._reporter.state.open):
            self.fail(ticket, code, reason)

    # ---------------------------------------------------------------- after a death of the process

    def died(self, execution: Execution) -> Execution:
        """The process died with this command: in its handler, or before its effect was known to be stored.

        Returns:
            The command with its verdict, for ``report_again``.
        """
        if execution.stage and execution.number <= self._reporter.state.executed:
            return execution
        self._count_failed(execution.ticket, ENDED_WITHIN)
        return msgspec.structs.replace(execution, stage=Stage.FAILED, code=FailureCode.HANDLER_FAILED)

    def report_again(self, execution: Execution, reason: str = TOLD_AGAIN) -> None:
        """Report a verdict that has not left, or may not have."""
        stage, code = Stage(execution.stage), FailureCode(execution.code)
        if stage.final:
            self._report(execution.ticket.request, stage, code=code, reason=reason)

    # ---------------------------------------------------------------- commands that no handler saw

    def settle(self, request: RequestId, refused: Refused | None) -> None:
        """Report a command that was executed before the bus, or refused there: accepted, and its verdict."""
        self._reporter.state.accepted += 1
        self._report(request, Stage.ACCEPTED)
        if refused is None:
            self._completed(Ticket.of(request))
        else:
            self._failed(Ticket.of(request), refused.code, refused.reason)

    def refuse(self, request: RequestId, code: FailureCode, reason: str) -> None:
        """Report a command that never reached a handler."""
        self._reporter.state.failed += 1
        self._reporter.report(CommandFailed(request.function, shorten(reason)))
        self._report(request, Stage.REJECTED, code=code, reason=reason)

    def turn_away(self, request: Request, code: FailureCode, reason: str) -> None:
        """Report a command that came to where its app should be, and was not handled; no handler runs meanwhile.

        Its verdict is remembered like that of one that was handled, in case the process dies before the report leaves.
        """
        executing = self._reporter.surroundings.executing
        if request.passage is not None:
            executing(Execution(Ticket.of(request.id), request.passage, 0, Stage.REJECTED, code))
        self.refuse(request.id, code, reason)
        if request.passage is not None:
            executing(None)

    # ---------------------------------------------------------------- inside

    def _take(self, ticket: Ticket) -> bool:
        """Take a command off the open ones; False when it is none of them."""
        open_tickets = self._reporter.state.open
        if ticket not in open_tickets:
            return False
        open_tickets.remove(ticket)
        return True

    def _completed(self, ticket: Ticket) -> None:
        self._reporter.state.completed += 1
        self._report(ticket.request, Stage.COMPLETED, percent=100)

    def _failed(self, ticket: Ticket, code: FailureCode, reason: str) -> None:
        self._count_failed(ticket, reason)
        self._report(ticket.request, Stage.FAILED, code=code, reason=reason)

    def _count_failed(self, ticket: Ticket, reason: str) -> None:
        self._reporter.state.failed += 1
        self._reporter.report(CommandFailed(ticket.function, shorten(reason)))

    def _report(
        self,
        request: RequestId,
        stage: Stage,
        *,
        code: FailureCode = FailureCode.NONE,
        reason: str = "",
        percent: int = 0,
    ) -> None:
        self._reporter.publish(VerificationReport(request, stage, code, percent, shorten(reason)))


def _not_open(ticket: Ticket) -> FlightSoftwareError:
    return FlightSoftwareError(
        f"command {ticket.function} with sequence count {ticket.sequence} is not open; it has its verdict, or was "
        "never deferred"
    )
