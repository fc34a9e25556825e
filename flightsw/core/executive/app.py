"""The executive app: the face on the bus of what keeps the apps alive."""

from __future__ import annotations

from flightsw.app import App, Refused, every, handles
from flightsw.core.executive.messages import AppRestarted, ExecutiveStatus, RestartApp, RestartsExhausted
from flightsw.messages.bus import DropCount
from flightsw.runtime.supervision import Supervision
from tlm_cmd.packets.verification import FailureCode, shorten


class Executive(App):
    """Restarts apps by command, reports every restart, publishes the ledger."""

    @property
    def _supervision(self) -> Supervision:
        return self.container.surroundings.supervision

    @handles(RestartApp)
    def restart_app(self, command: RestartApp) -> None:
        """Restart one app; the restart itself is reported as an event."""
        known = [app.name for app in self.container.surroundings.dictionary.apps]
        if command.app not in known:
            raise Refused(f"no app {command.app!r}, there is {', '.join(known)}", FailureCode.BAD_ARGUMENT)
        self._supervision.request_restart(command.app, "by command")

    @every(seconds=0.5)
    def report_restarts(self) -> None:
        """Turn the keeper's notices into events."""
        for notice in self._supervision.take_notices():
            if notice.exhausted:
                self.event(RestartsExhausted(notice.app))
            else:
                self.event(AppRestarted(notice.app, shorten(notice.cause)))

    @every(seconds=10, offset=9.5)
    def report_status(self) -> None:
        """Publish the account of apps and bus."""
        account = self._supervision.account()
        ledger = account.ledger
        self.send(
            ExecutiveStatus(
                apps=account.apps,
                processes=account.processes,
                restarts=account.restarts,
                sent=ledger.sent,
                offered=ledger.offered,
                delivered=ledger.delivered,
                queued=ledger.queued,
                dropped=tuple(DropCount(reason.value, count) for reason, count in ledger.dropped.items()),
                unrouted=ledger.unrouted,
                ledger_closed=ledger.closed,
                slots_skipped=account.slots_skipped,
            )
        )
