"""The verdicts that a process owes: on commands that it has no room for, and on those that its predecessor executed."""

from __future__ import annotations

from collections.abc import Callable

from flightsw.bus.overflow import Loss
from flightsw.bus.requests import Passage, Request
from flightsw.runtime.absent import AbsentApp
from flightsw.runtime.container import AppContainer
from flightsw.runtime.host import Host
from flightsw.runtime.journal import Execution, Journal
from flightsw.runtime.verification import ENDED_WITHIN, TOLD_AGAIN


class VerdictsOwed:
    """Gives them, each in the name of the app that the command was for, or of who stands in for it.

    Args:
        host: the apps.
        journal: what the process's earlier lives have executed.
        is_far: whether a process, by its number, runs on another computer: nobody knows yet what it listens to.
    """

    def __init__(self, host: Host, journal: Journal, is_far: Callable[[int], bool]) -> None:
        self._host = host
        self._journal = journal
        self._is_far = is_far
        self._reasons: dict[Execution, str] = {}

    def refuse(self, request: Request, refusal: Loss) -> None:
        """Answer a command that an app here had no room for, or that a process gone for good will never answer."""
        present = self._host.lives.present()
        for apid in (request.id.apid, request.id.source):
            app = self._host.dictionary.app_of(apid)
            if app in present:
                break
        else:
            app = next(iter(present))
        present[app].not_taken(request, refusal.reason)

    def report_death(self) -> None:
        """Give the verdict on the command with which the predecessor died; a far sender gets it when it listens."""
        execution = self._journal.state.executing
        owner = self._owner(execution) if execution is not None else None
        if execution is not None and owner is not None:
            ended = owner.died(execution)
            reason = TOLD_AGAIN if ended is execution else ENDED_WITHIN
            owner.report_again(ended, reason)
            if ended.passage is not None and self._is_far(ended.passage.sender):
                self._journal.inherit(ended)
                self._reasons[ended] = reason
            self._journal.executing(ended)

    def report_behind(self, settled: Passage) -> None:
        """Report the verdicts again that the predecessor had given, and of which the sender knows nothing yet."""
        for execution in self._journal.verdicts_behind(settled):
            owner = self._owner(execution)
            if owner is not None:
                owner.report_again(execution, self._reasons.get(execution, TOLD_AGAIN))

    def _owner(self, execution: Execution) -> AppContainer | AbsentApp | None:
        app = self._host.dictionary.app_of(execution.ticket.apid) or ""
        return self._host.lives.present().get(app)
