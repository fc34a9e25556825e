"""The bus of one process: routes by message id, direct dispatch without copies."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from flightsw.bus.inbox import Destination, InboxLimits, Link, Mailbox, Receiver
from flightsw.bus.ledger import Ledger, account_of
from flightsw.bus.overflow import DropReason, Loss, Overflow
from flightsw.bus.requests import Request
from flightsw.bus.subscription import Subscription, offer_to_apps
from flightsw.errors import FlightSoftwareError
from tlm_cmd.definition.message import Quality

DELIVERIES_PER_BREATH = 64
MAX_DELIVERIES_PER_DISPATCH = 15_625 * DELIVERIES_PER_BREATH
"""Looked at with each breath, so it is a multiple."""
DEFAULT_MESSAGE_LIMIT = 64

Tap = Callable[[int, object], None]


class DispatchLoopError(FlightSoftwareError):
    """Apps kept answering each other without end within one dispatch."""


class Route:
    """Everyone who gets one message.

    Attributes:
        destinations: all of them, in the order in which they were connected.
        subscriptions: those that are apps here.
        links: the others.
        sent: how often it was sent.
    """

    __slots__ = ("_offered_before", "_sent_before", "destinations", "links", "sent", "subscriptions")

    def __init__(self) -> None:
        self.destinations: tuple[Subscription | Link, ...] = ()
        self.subscriptions: tuple[Subscription, ...] = ()
        self.links: tuple[Link, ...] = ()
        self.sent = 0
        self._sent_before = 0
        self._offered_before = 0

    @property
    def offered(self) -> int:
        """Sent x destinations, each sending with the destinations of its time; and what came from other processes."""
        return self._offered_before + (self.sent - self._sent_before) * len(self.destinations)

    def change(self, destinations: tuple[Subscription | Link, ...]) -> None:
        """Have other destinations from now on."""
        self._offered_before, self._sent_before = self.offered, self.sent
        self.destinations = destinations
        self.subscriptions = tuple(there for there in destinations if isinstance(there, Subscription))
        self.links = tuple(there for there in destinations if not isinstance(there, Subscription))

    def offered_locally(self) -> None:
        """Count a message from another process, which is only for the apps here."""
        self._offered_before += len(self.subscriptions)


class Bus:
    """Carries messages to the mailboxes of its apps and to links.

    Attributes:
        tap: called with every message sent, before it is routed; for recording and checking. What it raises reaches
            the sender, and the message is not sent.
        on_breath: called behind every ``DELIVERIES_PER_BREATH`` deliveries of one dispatch, between two handlers; for
            what must not wait until a burst has been worked off.
        unrouted: messages sent while nobody was subscribed, by message id.
    """

    def __init__(self) -> None:
        self._routes: dict[int, Route] = {}
        self._mailboxes: dict[str, Mailbox] = {}
        self._ready: deque[Mailbox] = deque()
        self._backlogged: dict[Subscription, None] = {}
        self._retired = Ledger()
        self._dispatching = False
        self.tap: Tap | None = None
        self.on_breath: Callable[[], None] = lambda: None
        self.unrouted: dict[int, int] = {}

    # ---------------------------------------------------------------- who gets what

    def open_mailbox(self, owner: str, limits: InboxLimits, receiver: Receiver) -> Mailbox:
        """Give an app its inboxes.

        Raises:
            FlightSoftwareError: the app has one already.
        """
        if owner in self._mailboxes:
            raise FlightSoftwareError(f"{owner} has a mailbox already")
        mailbox = Mailbox(owner, limits, self._ready, self._backlogged, receiver)
        self._mailboxes[owner] = mailbox
        return mailbox

    def close_mailbox(self, owner: str) -> list[Request]:
        """Take an app off the bus; what waits for it is dropped and counted.

        Returns:
            The commands among it, which somebody has to answer for, in order.

        Raises:
            FlightSoftwareError: the app has no mailbox.
        """
        mailbox = self._mailboxes.pop(owner, None)
        if mailbox is None:
            raise FlightSoftwareError(f"{owner} has no mailbox to close")
        discarded = mailbox.discard(DropReason.APP_RESTARTED)
        for subscription in self.subscriptions(owner):
            discarded += subscription.discard_backlog(DropReason.APP_RESTARTED)
            self.disconnect(subscription)
        return discarded

    def owners(self) -> tuple[str, ...]:
        """Apps that have a mailbox."""
        return tuple(self._mailboxes)

    def subscribe(
        self,
        owner: str,
        message_id: int,
        quality: Quality,
        limit: int = DEFAULT_MESSAGE_LIMIT,
        overflow: Overflow = Overflow.REFUSE,
    ) -> Subscription:
        """Deliver a message to an app; subscribing again returns the same subscription, with the new limit and policy.

        Args:
            owner: the app.
            message_id: the message.
            quality: in which of its inboxes it waits.
            limit: how many of this message may wait at once, at least 1.
            overflow: what becomes of a message for which there is no room.
        """
        for destination in self.destinations(message_id):
            if destination.owner == owner and isinstance(destination, Subscription):
                destination.limit, destination.overflow = limit, overflow
                return destination
        subscription = Subscription(message_id, self._mailboxes[owner], quality, limit, overflow)
        self.connect(subscription)
        return subscription

    def subscriptions(self, owner: str) -> list[Subscription]:
        """What an app is subscribed to."""
        return [there for route in self._routes.values() for there in route.subscriptions if there.owner == owner]

    def connect(self, destination: Subscription | Link) -> None:
        """Add a destination to its message's route."""
        route = self._routes.setdefault(destination.message_id, Route())
        route.change((*route.destinations, destination))

    def disconnect(self, destination: Subscription | Link) -> None:
        """Take a destination off its message's route; its counts stay in the ledger. Nothing may wait there."""
        route = self._routes[destination.message_id]
        route.change(tuple(there for there in route.destinations if there is not destination))
        self._retired += account_of((destination,))

    def destinations(self, message_id: int) -> tuple[Subscription | Link, ...]:
        """Everyone who gets a message."""
        route = self._routes.get(message_id)
        return route.destinations if route else ()

    def all_destinations(self) -> list[tuple[int, Destination]]:
        """Every (message id, destination), for accounts in detail."""
        return [(message_id, there) for message_id, route in self._routes.items() for there in route.destinations]

    def subscribed_ids(self) -> list[int]:
        """Messages that apps here are subscribed to, ascending."""
        return sorted(message_id for message_id, route in self._routes.items() if route.subscriptions)

    # ---------------------------------------------------------------- carrying

    def send(self, message_id: int, message: object) -> tuple[Loss, ...]:
        """Offer a message to everyone subscribed; never blocks.

        Returns:
            What was lost, destination by destination; empty when all have taken it and lost nothing else.
        """
        if self.tap is not None:
            self.tap(message_id, message)
        route = self._routes.get(message_id)
        if route is None or not route.destinations:
            self.unrouted[message_id] = self.unrouted.get(message_id, 0) + 1
            return ()
        route.sent += 1
        losses = offer_to_apps(route.subscriptions, message) if route.subscriptions else ()
        return _offer_to_links(route.links, message, losses) if route.links else losses

    def deliver_local(self, message_id: int, message: object) -> tuple[Loss, ...]:
        """Offer a message from another process to the apps here, and to nobody else; returns what was lost."""
        route = self._routes.get(message_id)
        if route is None or not route.subscriptions:
            self.unrouted[message_id] = self.unrouted.get(message_id, 0) + 1
            return ()
        route.offered_locally()
        return offer_to_apps(route.subscriptions, message)

    def dispatch(self) -> int:
        """Hand out waiting messages until none is left; returns how many.

        Apps take their turns in the order in which something came for them; in its turn an app is handed as many
        messages as waited for it when the turn began, commands first.

        Within a handler nothing happens: handlers run to completion, what waits is handed out behind them. What waits
        in front of a full inbox comes in when all else is handed out: a burst of commands is worked off a part at a
        time, with everything that follows from each part.

        Raises:
            DispatchLoopError: still not empty after MAX_DELIVERIES_PER_DISPATCH; what waits goes on waiting.
        """
        if self._dispatching:
            return 0
        self._dispatching = True
        ready, count, breath = self._ready, 0, DELIVERIES_PER_BREATH
        next_ready = ready.popleft
        try:
            while ready or self._let_in():
                mailbox = next_ready()
                commands, telemetry, bulk = mailbox.commands, mailbox.telemetry, mailbox.bulk
                receive = mailbox.receiver
                try:
                    for _ in range(len(commands) + len(telemetry) + len(bulk)):
                        if count == breath:
                            self._breathe(count)
                            breath += DELIVERIES_PER_BREATH
                        queue = commands or telemetry or bulk
                        if not queue:  # the mailbox was closed within its turn
                            break
                        subscription, message = queue.popleft()
                        subscription.delivered += 1
                        count += 1
                        receive(subscription.message_id, message)
                finally:
                    mailbox.leave_line()
        finally:
            self._dispatching = False
        return count

    def _breathe(self, count: int) -> None:
        if count >= MAX_DELIVERIES_PER_DISPATCH:
            raise DispatchLoopError(f"{count} messages in one dispatch: apps answer each other or themselves for ever")
        self.on_breath()

    def _let_in(self) -> bool:
        """Fill inboxes with what waits in front of them; whether anything did."""
        for subscription in tuple(self._backlogged):
            subscription.let_in()
        return bool(self._ready)

    # ---------------------------------------------------------------- accounting

    def ledger(self) -> Ledger:
        """The account of everything this bus was asked to carry."""
        sent = offered = unrouted = 0
        for route in self._routes.values():
            sent += route.sent
            offered += route.offered
        for count in self.unrouted.values():
            unrouted += count
        received = account_of(there for route in self._routes.values() for there in route.destinations)
        return self._retired + received + Ledger(sent=sent, offered=offered, unrouted=unrouted)

    def high_water(self) -> dict[str, tuple[int, ...]]:
        """Most messages that ever waited, by app and quality class."""
        return {owner: tuple(inbox.high_water for inbox in box.inboxes) for owner, box in self._mailboxes.items()}


def _offer_to_links(links: Iterable[Link], message: object, losses: tuple[Loss, ...]) -> tuple[Loss, ...]:
    for link in links:
        reason = link.offer(message)
        if reason is not None:
            losses = (*losses, Loss(link.owner, reason))
    return losses
