"""Where messages wait for an app: one bounded inbox per quality class, so that no class can push out another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum, IntEnum, unique
from typing import Annotated, Protocol, assert_never

import msgspec

from tlm_cmd.definition.message import Quality

Receiver = Callable[[int, object], None]

MAX_DEPTH = 65_535
"""Deepest inbox; its high-water mark is reported in 16 bits."""
Depth = Annotated[int, msgspec.Meta(ge=1, le=MAX_DEPTH)]


@unique
class DropReason(Enum):
    """Why a destination did not get a message."""

    INBOX_FULL = "inbox full"
    MESSAGE_LIMIT = "message limit"
    NEWEST_DROPPED = "newest dropped"
    OLDEST_DROPPED = "oldest dropped"
    ROUTE_DISABLED = "route disabled"
    APP_RESTARTED = "app restarted"
    LINK_FULL = "link full"
    LINK_LOST = "link lost"
    MALFORMED = "malformed"


@unique
class Overflow(IntEnum):
    """What becomes of a message for which a subscription has no room; whatever it is, the sender is told.

    A flood of one message never pushes out another: ``DROP_OLDEST`` only makes room among messages of the same id.
    """

    REFUSE = 0
    """The sender keeps it, to send it again or to give it up: for commands, and for whoever looks at the losses."""
    DROP_NEWEST = 1
    """It is lost: for a record whose beginning matters."""
    DROP_OLDEST = 2
    """The one of its kind that waits longest is lost in its place: for state, of which the latest matters."""


class Reception(msgspec.Struct, frozen=True):
    """How one app takes one message.

    Attributes:
        limit: how many of it may wait at once, at least 1; None for what its quality class is given.
        overflow: what becomes of one for which there is no room.
    """

    limit: int | None = None
    overflow: Overflow = Overflow.REFUSE


class InboxLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many messages may wait, per quality class: 1 to ``MAX_DEPTH``.

    Attributes:
        commands: depth for commands.
        telemetry: depth for telemetry and events.
        bulk: depth for mass data.
    """

    commands: Depth = 64
    telemetry: Depth = 256
    bulk: Depth = 64

    def depth(self, quality: Quality) -> int:
        """The depth for one class."""
        return (self.commands, self.telemetry, self.bulk)[quality]


class Destination(Protocol):
    """One end of a route: a local inbox or a link to another process."""

    message_id: int
    owner: str
    enabled: bool
    queued: int
    delivered: int
    dropped: dict[DropReason, int]

    def offer(self, message: object) -> DropReason | None:
        """Take the message, or say why not."""
        ...


class Inbox:
    """A bounded queue of one quality class.

    Attributes:
        depth: most messages that may wait.
        queue: (subscription, message) in the order of arrival.
        high_water: most messages that ever waited.
    """

    __slots__ = ("depth", "high_water", "queue")

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.queue: deque[tuple[Subscription, object]] = deque()
        self.high_water = 0


class Mailbox:
    """The inboxes of one app, emptied commands first.

    Attributes:
        owner: the app's name.
        inboxes: by quality class.
        commands: the queue of the first of them.
        telemetry: the queue of the second.
        bulk: the queue of the third.
        ready: where a mailbox stands once for each message that waits in it.
        receiver: takes message ids and messages.
    """

    __slots__ = ("bulk", "commands", "inboxes", "owner", "ready", "receiver", "telemetry")

    def __init__(self, owner: str, limits: InboxLimits, ready: deque[Mailbox], receiver: Receiver) -> None:
        self.owner = owner
        self.inboxes = tuple(Inbox(limits.depth(quality)) for quality in Quality)
        self.commands, self.telemetry, self.bulk = (inbox.queue for inbox in self.inboxes)
        self.ready = ready
        self.receiver = receiver

    def discard(self, reason: DropReason) -> int:
        """Drop everything that waits, counted under ``reason``; returns how many."""
        count = 0
        for inbox in self.inboxes:
            for subscription, _ in inbox.queue:
                subscription.queued -= 1
                subscription.count_drop(reason)
                count += 1
            inbox.queue.clear()
        return count


class Subscription:
    """One app's interest in one message.

    Attributes:
        message_id: the message.
        owner: the app.
        overflow: what becomes of a message for which there is no room.
        queued: messages waiting now.
        delivered: messages handed to the app.
        dropped: messages lost here, by reason.
    """

    __slots__ = (
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
        self._room = limit  # the limit while the route is enabled, so that one comparison tells both

    @property
    def limit(self) -> int:
        """How many of this message may wait at once."""
        return self._limit

    @limit.setter
    def limit(self, limit: int) -> None:
        self._limit = limit
        self._room = limit if self._enabled else 0

    @property
    def enabled(self) -> bool:
        """Whether the message passes; a disabled route drops it, counted."""
        return self._enabled

    @enabled.setter
    def enabled(self, enabled: bool) -> None:
        self._enabled = enabled
        self._room = self._limit if enabled else 0

    @property
    def has_room(self) -> bool:
        """Whether one more would be taken, or the route is disabled."""
        return not self._enabled or (self.queued < self._limit and len(self._queue) < self._depth)

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
        return self.count_drop(self._without_room(message))

    def count_drop(self, reason: DropReason) -> DropReason:
        """Count one lost message."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
        return reason

    def _without_room(self, message: object) -> DropReason:
        """Decide which message is lost, and why."""
        if not self._enabled:
            return DropReason.ROUTE_DISABLED
        match self.overflow:
            case Overflow.DROP_NEWEST:
                return DropReason.NEWEST_DROPPED
            case Overflow.DROP_OLDEST if self.queued:
                self._forget_oldest()
                self._queue.append((self, message))
                return DropReason.OLDEST_DROPPED
            case Overflow.REFUSE | Overflow.DROP_OLDEST:
                return DropReason.MESSAGE_LIMIT if self.queued >= self._limit else DropReason.INBOX_FULL
            case _:
                assert_never(self.overflow)

    def _forget_oldest(self) -> None:
        """Take the message of this subscription that waits longest out of the inbox."""
        for position, (subscription, _) in enumerate(self._queue):
            if subscription is self:
                del self._queue[position]
                return
