"""The bus of one process: routes by message id, direct dispatch without copies."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from flightsw.bus.inbox import Destination, DropReason, InboxLimits, Mailbox, Receiver, Subscription
from flightsw.bus.ledger import Ledger, account_of
from flightsw.errors import FlightSoftwareError
from tlm_cmd.definition.message import Quality

MAX_DELIVERIES_PER_DISPATCH = 1_000_000
DEFAULT_MESSAGE_LIMIT = 64

Tap = Callable[[int, object], None]


class DispatchLoopError(FlightSoftwareError):
    """Apps kept answering each other without end within one dispatch."""


class Refusal(msgspec.Struct, frozen=True):
    """A destination that did not get a message, and why."""

    owner: str
    reason: DropReason


class Route:
    """Everyone who gets one message.

    Attributes:
        sent: how often it was sent.
        offered: sent x destinations at the time.
    """

    __slots__ = ("destinations", "offered", "sent")

    def __init__(self) -> None:
        self.destinations: tuple[Destination, ...] = ()
        self.sent = 0
        self.offered = 0


class Bus:
    """Carries messages to the mailboxes of its apps and to links.

    Attributes:
        tap: called with every message sent, before it is routed; for recording and checking. What it raises reaches
            the sender, and the message is not sent.
        unrouted: messages sent while nobody was subscribed, by message id.
    """

    def __init__(self) -> None:
        self._routes: dict[int, Route] = {}
        self._mailboxes: dict[str, Mailbox] = {}
        self._ready: deque[Mailbox] = deque()
        self._retired = Ledger()
        self._dispatching = False
        self.tap: Tap | None = None
        self.unrouted: dict[int, int] = {}

    # ---------------------------------------------------------------- who gets what

    def open_mailbox(self, owner: str, limits: InboxLimits, receiver: Receiver) -> Mailbox:
        """Give an app its inboxes.

        Raises:
            FlightSoftwareError: the app has one already.
        """
        if owner in self._mailboxes:
            raise FlightSoftwareError(f"{owner} has a mailbox already")
        mailbox = Mailbox(owner, limits, self._ready, receiver)
        self._mailboxes[owner] = mailbox
        return mailbox

    def close_mailbox(self, owner: str) -> None:
        """Take an app off the bus; what waits for it is dropped and counted.

        Raises:
            FlightSoftwareError: the app has no mailbox.
        """
        mailbox = self._mailboxes.pop(owner, None)
        if mailbox is None:
            raise FlightSoftwareError(f"{owner} has no mailbox to close")
        mailbox.discard(DropReason.APP_RESTARTED)
        for _, destination in self.all_destinations():
            if isinstance(destination, Subscription) and destination.owner == owner:
                self.disconnect(destination)

    def subscribe(
        self, owner: str, message_id: int, quality: Quality, limit: int = DEFAULT_MESSAGE_LIMIT
    ) -> Subscription:
        """Deliver a message to an app; subscribing again returns the same subscription."""
        for destination in self.destinations(message_id):
            if destination.owner == owner and isinstance(destination, Subscription):
                destination.limit = limit
                return destination
        subscription = Subscription(message_id, self._mailboxes[owner], quality, limit)
        self.connect(subscription)
        return subscription

    def connect(self, destination: Destination) -> None:
        """Add a destination to its message's route."""
        route = self._routes.setdefault(destination.message_id, Route())
        route.destinations = (*route.destinations, destination)

    def disconnect(self, destination: Destination) -> None:
        """Take a destination off its message's route; its counts stay in the ledger. Nothing may wait there."""
        route = self._routes[destination.message_id]
        route.destinations = tuple(there for there in route.destinations if there is not destination)
        self._retired += account_of((destination,))

    def destinations(self, message_id: int) -> tuple[Destination, ...]:
        """Everyone who gets a message."""
        route = self._routes.get(message_id)
        return route.destinations if route else ()

    def all_destinations(self) -> list[tuple[int, Destination]]:
        """Every (message id, destination), for accounts in detail."""
        return [(message_id, there) for message_id, route in self._routes.items() for there in route.destinations]

    def subscribed_ids(self) -> list[int]:
        """Messages that apps here are subscribed to, ascending."""
        return sorted(
            message_id
            for message_id, route in self._routes.items()
            if any(isinstance(there, Subscription) for there in route.destinations)
        )

    # ---------------------------------------------------------------- carrying

    def send(self, message_id: int, message: object) -> tuple[Refusal, ...]:
        """Offer a message to everyone subscribed; never blocks.

        Returns:
            The destinations that did not get it, each with the reason; empty when all did.
        """
        if self.tap is not None:
            self.tap(message_id, message)
        route = self._routes.get(message_id)
        if route is None or not route.destinations:
            self.unrouted[message_id] = self.unrouted.get(message_id, 0) + 1
            return ()
        route.sent += 1
        route.offered += len(route.destinations)
        return _offer(route.destinations, message)

    def deliver_local(self, message_id: int, message: object) -> tuple[Refusal, ...]:
        """Offer a message from another process to the apps here, and to nobody else; returns who did not get it."""
        route = self._routes.get(message_id)
        local = [there for there in route.destinations if isinstance(there, Subscription)] if route else []
        if route is None or not local:
            self.unrouted[message_id] = self.unrouted.get(message_id, 0) + 1
            return ()
        route.offered += len(local)
        return _offer(local, message)

    def dispatch(self) -> int:
        """Hand out waiting messages until none is left; returns how many.

        Within a handler nothing happens: handlers run to completion, what waits is handed out behind them.

        Raises:
            DispatchLoopError: still not empty after MAX_DELIVERIES_PER_DISPATCH; what waits goes on waiting.
        """
        if self._dispatching:
            return 0
        self._dispatching = True
        ready, count = self._ready, 0
        try:
            while ready:
                if count >= MAX_DELIVERIES_PER_DISPATCH:
                    raise DispatchLoopError(f"{count} messages in one dispatch: two apps answer each other without end")
                count += ready.popleft().deliver_next()
        finally:
            self._dispatching = False
        return count

    # ---------------------------------------------------------------- accounting

    def ledger(self) -> Ledger:
        """The account of everything this bus was asked to carry."""
        sent = offered = unrouted = 0
        account = self._retired
        for route in self._routes.values():
            sent += route.sent
            offered += route.offered
            account += account_of(route.destinations)
        for count in self.unrouted.values():
            unrouted += count
        return account + Ledger(sent=sent, offered=offered, unrouted=unrouted)

    def high_water(self) -> dict[str, tuple[int, ...]]:
        """Most messages that ever waited, by app and quality class."""
        return {owner: tuple(inbox.high_water for inbox in box.inboxes) for owner, box in self._mailboxes.items()}


def _offer(destinations: Iterable[Destination], message: object) -> tuple[Refusal, ...]:
    refusals: tuple[Refusal, ...] = ()
    for destination in destinations:
        reason = destination.offer(message)
        if reason is not None:
            refusals = (*refusals, Refusal(destination.owner, reason))
    return refusals
