"""A round: one command to every app, finished when each has given its verdict. Pure."""

from __future__ import annotations

import msgspec

from flightsw.app import Ticket
from tlm_cmd.packets.verification import FailureCode, RequestId, VerificationReport


class Round(msgspec.Struct):
    """Commands that were sent on behalf of one.

    Attributes:
        ticket: the command that asked for it.
        deadline_ns: monotonic time at which waiting ends.
        waiting: what has no verdict yet, by app.
        refused: what came of those that have a bad one, by app.
    """

    ticket: Ticket
    deadline_ns: int
    waiting: dict[str, Ticket] = {}
    refused: dict[str, str] = {}

    def take(self, report: VerificationReport) -> bool:
        """Note a verdict; False when it is about no command of this round, or is none."""
        app = next((app for app, ticket in self.waiting.items() if _same(ticket, report.request)), None)
        if app is None or not report.stage.final:
            return False
        del self.waiting[app]
        if report.code is not FailureCode.NONE:
            self.refused[app] = report.reason
        return True

    def is_over(self, now_ns: int) -> bool:
        """Whether every app has answered, or waiting has ended."""
        return not self.waiting or now_ns >= self.deadline_ns

    def failure(self) -> tuple[FailureCode, str] | None:
        """Who did not answer, and who refused and why; None when all have done it."""
        parts = []
        if self.waiting:
            parts.append(f"no answer from {', '.join(self.waiting)}")
        parts += [f"{app}: {reason}" for app, reason in self.refused.items()]
        if not parts:
            return None
        return (FailureCode.APP_UNAVAILABLE if self.waiting else FailureCode.NOT_POSSIBLE_NOW), "; ".join(parts)


def _same(ticket: Ticket, request: RequestId) -> bool:
    return ticket == Ticket.of(request)
