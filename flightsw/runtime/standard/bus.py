"""An app's end of the bus, by command: routes switched, the mailbox reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flightsw.app import Refused
from flightsw.bus.inbox import Inbox
from flightsw.bus.ledger import account_of
from flightsw.bus.subscription import Subscription
from flightsw.messages.bus import (
    DropCount,
    EnableRoute,
    InboxAccount,
    MailboxReport,
    ReportMailbox,
    RouteSwitched,
    SubscriptionAccount,
)
from tlm_cmd.definition.dictionary import COMMAND_MESSAGE_ID
from tlm_cmd.definition.message import Command
from tlm_cmd.packets.verification import FailureCode

if TYPE_CHECKING:
    from flightsw.runtime.container import AppContainer


class BusCommands:
    """Works on the mailbox of an app.

    Attributes:
        handlers: by command class.
    """

    def __init__(self, container: AppContainer) -> None:
        self._container = container
        self.handlers: dict[type[Command], Callable[[Any], None]] = {
            EnableRoute: self._enable_route,
            ReportMailbox: self._report_mailbox,
        }

    def _enable_route(self, command: EnableRoute) -> None:
        subscription = self._subscription(command.message_id)
        subscription.enabled = command.enabled
        disabled = self._container.state.disabled_routes
        disabled[:] = [message_id for message_id in disabled if message_id != command.message_id]
        if not command.enabled:
            disabled.append(command.message_id)
        self._container.report(RouteSwitched(command.message_id, command.enabled))

    def _subscription(self, message_id: int) -> Subscription:
        mine = {there.message_id: there for there in self._container.subscriptions()}
        if message_id not in mine or message_id & COMMAND_MESSAGE_ID == COMMAND_MESSAGE_ID:
            others = [f"0x{other:04x}" for other in mine if other & COMMAND_MESSAGE_ID != COMMAND_MESSAGE_ID]
            raise Refused(
                f"no route 0x{message_id:04x} to switch, there is {', '.join(others) or 'none'}",
                FailureCode.BAD_ARGUMENT,
            )
        return mine[message_id]

    def _report_mailbox(self, _: ReportMailbox) -> None:
        subscriptions = self._container.subscriptions()
        lost = account_of(subscriptions).dropped
        self._container.publish(
            MailboxReport(
                inboxes=tuple(map(_inbox, self._container.mailbox.inboxes)),
                lost=tuple(DropCount(reason.value, count) for reason, count in lost.items()),
                subscriptions=tuple(map(_account, subscriptions)),
            )
        )


def _inbox(inbox: Inbox) -> InboxAccount:
    return InboxAccount(inbox.depth, len(inbox.queue), inbox.high_water)


def _account(subscription: Subscription) -> SubscriptionAccount:
    return SubscriptionAccount(
        message_id=subscription.message_id,
        enabled=subscription.enabled,
        overflow=subscription.overflow,
        limit=subscription.limit,
        waiting=subscription.queued,
        delivered=subscription.delivered,
        lost=account_of((subscription,)).lost,
    )
