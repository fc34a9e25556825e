"""One app's interest in one message: how many may wait, what becomes of more, and what became of all."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, assert_never

from flightsw.bus.overflow import MAX_BACKLOG, DropReason, Overflow
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
        queued: messages waiting now, in the inbox and in front of it.
        delivered: messages handed to the app.
        dropped: messages lost here, by reason.
    """

    __slots__ = (
        "_backlog",
        "_depth",
        "_enabled",
        "_inbox",
        "_limit",
        "_mailbox",
        "_queue",
        "_ready",
        "_room",
        "delivered",
        "dropped",
        "message_id",
        "overflow",
        "owner",
        "queued",
    )

    def __init__(
        self, message_id: int, mailbox: Mailbox, quality: Quality, limit: int, overflow: Overflow = Overflow.REFUSE
    ) -> None:
        self.message_id = message_id
        self.owner = mailbox.owner
        self.overflow = overflow
        self.queued = 0
        self.delivered = 0
        self.dropped: dict[DropReason, int] = {}
        self._mailbox = mailbox
        self._inbox = mailbox.inboxes[quality]
        self._queue, self._depth = self._inbox.queue, self._inbox.depth
        self._ready = mailbox.ready.append
        self._limit, self._enabled = limit, True
        self._backlog: deque[object] = deque()
        self._room = limit  # 0 while nothing may enter the inbox for another reason, so that one comparison tells all

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

    def offer(self, message: object) -> DropReason | None:
        """Queue the message; what was lost for want of room is counted, and the reason returned."""
        queue = self._queue
        waiting = len(queue)
        if self.queued < self._room and waiting < self._depth:
            self.queued += 1
            queue.append((self, message))
            self._ready(self._mailbox)
            if waiting >= self._inbox.high_water:
                self._inbox.high_water = waiting + 1
            return None
        reason = self._without_room(message)
        return None if reason is None else self.count_drop(reason)

    def let_in(self) -> None:
        """Move what waits in front of the inbox into it, as far as there is room."""
        backlog, queue = self._backlog, self._queue
        while backlog and self.queued - len(backlog) < self._limit and len(queue) < self._depth:
            queue.append((self, backlog.popleft()))
            self._ready(self._mailbox)
        self._inbox.high_water = max(self._inbox.high_water, len(queue))
        if not backlog:
            self._mailbox.backlogged.pop(self, None)
            self._set_room()

    def discard_backlog(self, reason: DropReason) -> list[Request]:
        """Drop what waits in front of the inbox, counted under ``reason``; returns the commands among it, in order."""
        discarded, self._backlog = self._backlog, deque()
        for _ in discarded:
            self.count_drop(reason)
        self.queued -= len(discarded)
        self.let_in()
        return [message for message in discarded if isinstance(message, Request)]

    def count_drop(self, reason: DropReason) -> DropReason:
        """Count one lost message."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
        return reason

    def _set_room(self) -> None:
        self._room = self._limit if self._enabled and not self._backlog else 0

    def _without_room(self, message: object) -> DropReason | None:
        """Decide which message is lost, and why; None when it may wait in front of the inbox."""
        if not self._enabled:
            return DropReason.ROUTE_DISABLED
        match self.overflow:
            case Overflow.DROP_NEWEST:
                return DropReason.NEWEST_DROPPED
            case Overflow.DROP_OLDEST if self.queued:
                self._forget_oldest()
                self._queue.append((self, message))
                return DropReason.OLDEST_DROPPED
            case Overflow.WAIT if len(self._backlog) < MAX_BACKLOG:
                self._backlog.append(message)
                self.queued += 1
                self._set_room()
                self._mailbox.backlogged[self] = None
                return None
            case Overflow.REFUSE | Overflow.DROP_OLDEST | Overflow.WAIT:
                return DropReason.MESSAGE_LIMIT if self.queued >= self._limit else DropReason.INBOX_FULL
            case _:
                assert_never(self.overflow)

    def _forget_oldest(self) -> None:
        """Take the message of this subscription that waits longest out of the inbox."""
        for position, (subscription, _) in enumerate(self._queue):
            if subscription is self:
                del self._queue[position]
                return
