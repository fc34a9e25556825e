"""Stands in for an app that does not run: rejects its commands with the reason, so that none goes without verdict."""

from __future__ import annotations

from flightsw.bus.inbox import InboxLimits
from flightsw.bus.overflow import DropReason, Loss, Overflow
from flightsw.bus.requests import Request
from flightsw.runtime.checkpoints import ContainerState
from flightsw.runtime.journal import Execution
from flightsw.runtime.surroundings import Surroundings
from flightsw.runtime.verification import TOLD_AGAIN, Verification
from tlm_cmd.definition.dictionary import COMMAND_MESSAGE_ID, TELEMETRY_MESSAGE_ID
from tlm_cmd.definition.message import Event, Quality, Telemetry
from tlm_cmd.packets.verification import FailureCode


class AbsentApp:
    """The place of an app that was stopped, given up, or could not even be made.

    Args:
        name: the app's name in the mission.
        surroundings: the process it would live in.
        limits: of its inboxes.
        reason: why it does not run, such as "is stopped by command".

    Attributes:
        reason: why it does not run.
        state: counters; they end with the stand-in.
    """

    def __init__(self, name: str, surroundings: Surroundings, limits: InboxLimits, reason: str) -> None:
        self.name = name
        self.reason = reason
        self.state = ContainerState()
        self.surroundings = surroundings
        apid = surroundings.dictionary.apid_of(name)
        self._event_id = TELEMETRY_MESSAGE_ID | apid
        self._verification = Verification(self)
        self._bus = surroundings.bus
        self._bus.open_mailbox(name, limits, self._receive)
        self._bus.subscribe(name, COMMAND_MESSAGE_ID | apid, Quality.COMMAND, limits.commands, Overflow.WAIT)

    def close(self) -> list[Request]:
        """Make room for the app; returns the commands that were not answered yet."""
        return self._bus.close_mailbox(self.name)

    def not_taken(self, request: Request, reason: DropReason) -> None:
        """Report a command that was dropped on its way to the app."""
        self._verification.refuse(request.id, FailureCode.APP_UNAVAILABLE, f"{self.name}: {reason.value}")

    def died(self, execution: Execution) -> Execution:
        """The process died while it executed a command of the app; returns it with its verdict, not yet reported."""
        return self._verification.died(execution)

    def report_again(self, execution: Execution, reason: str = TOLD_AGAIN) -> None:
        """Report the verdict on a command that an earlier life of the process has executed."""
        self._verification.report_again(execution, reason)

    def publish(self, packet: Telemetry) -> tuple[Loss, ...]:
        """Send telemetry in the app's name; returns what was lost by it in this process."""
        message_id = self.surroundings.dictionary.telemetry_of(self.name, type(packet)).message_id
        return self._bus.send(message_id, packet)

    def report(self, event: Event) -> None:
        """Send an event in the app's name."""
        self._bus.send(self._event_id, event)
        self.surroundings.log(self.name, event)

    def _receive(self, _message_id: int, message: object) -> None:
        if isinstance(message, Request):
            self._verification.turn_away(message, FailureCode.APP_UNAVAILABLE, f"{self.name} {self.reason}")
