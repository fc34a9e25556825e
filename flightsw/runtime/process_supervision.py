"""What keeps the apps alive, as the executive app of a process sees it: the supervisor at the other end of a socket."""

from __future__ import annotations

import socket

from flightsw.app import Ticket
from flightsw.bus.ledger import Ledger
from flightsw.runtime import control
from flightsw.runtime.keeping.reset_record import ResetRecord
from flightsw.runtime.supervision import AppRequest, Notice, ProcessLinks, VehicleAccount

MAX_NOTICES = 256
"""Notices that wait for the executive app; of more, the oldest are dropped."""


class ProcessSupervision:
    """Passes wishes on, and keeps what is told; implements ``Supervision``.

    Args:
        end: connection to the supervisor.
        pace: vehicle seconds per host second.

    Attributes:
        pace: vehicle seconds per host second.
        lost: notices dropped because nobody took them.
    """

    def __init__(self, end: socket.socket, pace: float) -> None:
        self.pace = pace
        self.lost = 0
        self._end = end
        self._notices: list[Notice] = []
        self._account = VehicleAccount(0, 0, 0, Ledger(), 0)
        self._record = ResetRecord()

    # ---------------------------------------------------------------- from the supervisor

    def hear(self, notices: list[Notice]) -> None:
        """Keep what has happened for the executive app."""
        self._notices += notices
        excess = max(0, len(self._notices) - MAX_NOTICES)
        del self._notices[:excess]
        self.lost += excess

    def know(self, account: VehicleAccount, record: ResetRecord) -> None:
        """Keep the newest figures."""
        self._account, self._record = account, record

    # ---------------------------------------------------------------- to the supervisor

    def tell_failing(self, app: str, cause: str) -> None:
        """Handlers of an app fail again and again."""
        control.send(self._end, control.AppFailing(app, cause))

    def request(self, request: AppRequest) -> None:
        """Have something done with an app."""
        control.send(self._end, control.Wanted(request))

    def request_reset(self, ticket: Ticket, *, power_on: bool) -> None:
        """Have the processor reset."""
        control.send(self._end, control.ResetWanted(ticket, power_on))

    def clear_log(self) -> None:
        """Empty the exception and reset log."""
        self._record.clear_log()
        control.send(self._end, control.ClearLog())

    def forget_resets(self) -> None:
        """Count processor resets anew."""
        self._record.forget_resets()
        control.send(self._end, control.ForgetResets())

    # ---------------------------------------------------------------- for the executive app

    def take_notices(self) -> list[Notice]:
        """What has happened since the last call."""
        notices, self._notices = self._notices, []
        return notices

    def account(self) -> VehicleAccount:
        """The latest figures over all processes."""
        return self._account

    def process_links(self) -> dict[str, ProcessLinks]:
        """The latest figures of the links of each process."""
        return self._account.links

    def record(self) -> ResetRecord:
        """The exception and reset log, as of lately."""
        return self._record
