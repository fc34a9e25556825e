"""What became of each command, reported stage by stage; each command gets exactly one verdict."""

from __future__ import annotations

from typing import Protocol

from flightsw.app import Refused, Ticket
from flightsw.errors import FlightSoftwareError
from flightsw.messages import CommandFailed
from flightsw.runtime.checkpoints import ContainerState
from tlm_cmd.definition.message import Event, Telemetry
from tlm_cmd.packets.verification import FailureCode, RequestId, Stage, VerificationReport, shorten

MAX_OPEN_COMMANDS = 256
"""Commands of one app that may wait for their verdict; deferring one more refuses it."""


class Reporter(Protocol):
    """The app on whose behalf is reported."""

    state: ContainerState

    def publish(self, packet: Telemetry) -> None:
        """Send telemetry of the app."""
        ...

    def report(self, event: Event) -> None:
        """Send an event of the app."""
        ...


class Verification:
    """Reports about the commands of one app; what is open is part of the app's stored memory."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._handled: Ticket | None = None
        self._deferred = False

    # ---------------------------------------------------------------- the command that is handled now

    def begin(self, request: RequestId) -> None:
        """A handler is about to run."""
        self._handled, self._deferred = Ticket.of(request), False
        self._reporter.state.accepted += 1
        self._report(request, Stage.ACCEPTED)

    def defer(self) -> Ticket:
        """Keep the command open behind the end of its handler.

        Raises:
            FlightSoftwareError: no command is being handled.
            Refused: ``MAX_OPEN_COMMANDS`` are open already.
        """
        ticket = self._handled
        if ticket is None:
            raise FlightSoftwareError("defer() outside a command handler")
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
        ticket, self._handled = self._handled, None
        if ticket is not None and not self._deferred:
            self._completed(ticket)

    def end_badly(self, code: FailureCode, reason: str) -> None:
        """The handler has raised: the command failed, unless the handler itself gave the verdict before."""
        ticket, self._handled = self._handled, None
        if ticket is not None and (not self._deferred or self._take(ticket)):
            self._failed(ticket, code, reason)

    # ---------------------------------------------------------------- commands that were deferred

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

    # ---------------------------------------------------------------- commands that no handler saw

    def refuse(self, request: RequestId, code: FailureCode, reason: str) -> None:
        """Report a command that never reached a handler."""
        self._reporter.state.failed += 1
        self._reporter.report(CommandFailed(request.function, shorten(reason)))
        self._report(request, Stage.REJECTED, code=code, reason=reason)

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
        self._reporter.state.failed += 1
        self._reporter.report(CommandFailed(ticket.function, shorten(reason)))
        self._report(ticket.request, Stage.FAILED, code=code, reason=reason)

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
