"""One app's interest in one message: how many may wait, what becomes of more, and what became of all."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, assert_never

from flightsw.bus.overflow import MAX_BACKLOG, DropReason, Loss, Overflow
from flightsw.bus.requests import Request
from tlm_cmd.definition.message import Quality

if TYPE_CHECKING:
    from flightsw.bus.inbox import Mailbox


class Subscription:
    """One app's interest in one message.

    Attributes:
        message_id: the message.
        owner: the app.
        overflow: what becomes of a message for which there is no room.
        taken: messages that were queued; without those that were dropped again.
        delivered: messages handed to the app.
        dropped: messages lost here, by reason.
    """

    __slots__ = (
        "_backlog",
        "_enabled",
        "_limit",
        "delivered",
        "depth",
        "dropped",
        "inbox",
        "mailbox",
        "message_id",
        "overflow",
        "owner",
        "queue",
        "room",
        "taken",
    )

    def __init__(
        self, message_id: int, mailbox: Mailbox, quality: Quality, limit: int, overflow: Overflow = Overflow.REFUSE
    ) -> None:
        self.message_id = message_id
        self.owner = mailbox.owner
        self.overflow = overflow
        self.taken = 0
        self.delivered = 0
        self.dropped: dict[DropReason, int] = {}
        self.mailbox = mailbox
        self.inbox = mailbox.inboxes[quality]
        self.queue, self.depth = self.inbox.queue, self.inbox.depth
        self._limit, self._enabled = limit, True
        self._backlog: deque[object] = deque()
        self.room = limit  # 0 while nothing may enter the inbox for another reason, so that one comparison tells all

    @property
    def limit(self) -> int:
        """How many of this message may wait at once."""
        return self._limit

    @limit.setter
    def limit(self, limit: int) -> None:
        self._limit = limit
        self._set_room()

    @property
    def enabled(self) -> bool:
        """Whether the message passes; a disabled route drops it, counted."""
        return self._enabled

    @enabled.setter
    def enabled(self, enabled: bool) -> None:
        self._enabled = enabled
        self._set_room()

    @property
    def queued(self) -> int:
        """Messages waiting now, in the inbox and in front of it."""
        return self.taken - self.delivered

    def let_in(self) -> None:
        """Move what waits in front of the inbox into it, as far as there is room."""
        backlog, queue = self._backlog, self.queue
        while backlog and self.queued - len(backlog) < self._limit and len(queue) < self.depth:
            queue.append((self, backlog.popleft()))
            self.mailbox.join_line()
        self.inbox.high_water = max(self.inbox.high_water, len(queue))
        if not backlog:
            self.mailbox.backlogged.pop(self, None)
            self._set_room()

    def discard_backlog(self, reason: DropReason) -> list[Request]:
        """Drop what waits in front of the inbox, counted under ``reason``; returns the commands among it, in order."""
        discarded, self._backlog = self._backlog, deque()
        for _ in discarded:
            self.count_drop(reason)
        self.taken -= len(discarded)
        self.let_in()
        return [message for message in discarded if isinstance(message, Request)]

    def count_drop(self, reason: DropReason) -> DropReason:
        """Count one lost message."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
        return reason

    def _set_room(self) -> None:
        self.room = self._limit if self._enabled and not self._backlog else 0

    def offer_without_room(self, message: object) -> DropReason | None:
        """Decide which message is lost, count it and say why; None when it may wait in front of the inbox."""
        reason = self._judge(message)
        return None if reason is None else self.count_drop(reason)

    def _judge(self, message: object) -> DropReason | None:
        if not self._enabled:
            return DropReason.ROUTE_DISABLED
        match self.overflow:
            case Overflow.DROP_NEWEST:
                return DropReason.NEWEST_DROPPED
            case Overflow.DROP_OLDEST if self.queued:
                self._forget_oldest()
                self.queue.append((self, message))
                return DropReason.OLDEST_DROPPED
            case Overflow.WAIT if len(self._backlog) < MAX_BACKLOG:
                self._backlog.append(message)
                self.taken += 1
                self._set_room()
                self.mailbox.backlogged[self] = None
                return None
            case Overflow.REFUSE | Overflow.DROP_OLDEST | Overflow.WAIT:
                return DropReason.MESSAGE_LIMIT if self.queued >= self._limit else DropReason.INBOX_FULL
            case _:
                assert_never(self.overflow)

    def _forget_oldest(self) -> None:
        """Take the message of this subscription that waits longest out of the inbox."""
        for position, (subscription, _) in enumerate(self.queue):
            if subscription is self:
                del self.queue[position]
                return


def offer_to_apps(subscriptions: Iterable[Subscription], message: object) -> tuple[Loss, ...]:
    """Queue a message for each app that wants it; returns what was lost for want of room.

    The busiest path of the bus: one call for each message, whoever gets it.
    """
    losses: tuple[Loss, ...] = ()
    for subscription in subscriptions:
        queue = subscription.queue
        waiting = len(queue)
        if subscription.taken - subscription.delivered < subscription.room and waiting < subscription.depth:
            subscription.taken += 1
            queue.append((subscription, message))
            if not subscription.mailbox.in_line:
                subscription.mailbox.join_line()
            if waiting >= subscription.inbox.high_water:
                subscription.inbox.high_water = waiting + 1
        else:
            reason = subscription.offer_without_room(message)
            if reason is not None:
                losses = (*losses, Loss(subscription.owner, reason))
    return losses
