"""Where messages wait for an app: one bounded inbox per quality class, so that no class can push out another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum, unique
from typing import Annotated, Protocol

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
    ROUTE_DISABLED = "route disabled"
    APP_RESTARTED = "app restarted"
    LINK_FULL = "link full"
    LINK_LOST = "link lost"
    MALFORMED = "malformed"


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
    """A bounded queue of one quality class."""

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
    """

    def __init__(self, owner: str, limits: InboxLimits, ready: deque[Mailbox], receiver: Receiver) -> None:
        self.owner = owner
        self.inboxes = tuple(Inbox(limits.depth(quality)) for quality in Quality)
        self.ready = ready
        self._receiver = receiver

    def deliver_next(self) -> bool:
        """Hand the next waiting message to the app; False when none waits, as in a mailbox that was closed."""
        for inbox in self.inboxes:
            if inbox.queue:
                subscription, message = inbox.queue.popleft()
                subscription.queued -= 1
                subscription.delivered += 1
                self._receiver(subscription.message_id, message)
                return True
        return False

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
        limit: how many of this message may wait at once.
        enabled: a disabled route drops, counted.
        queued: messages waiting now.
        delivered: messages handed to the app.
        dropped: messages lost here, by reason.
    """

    __slots__ = ("_inbox", "_mailbox", "delivered", "dropped", "enabled", "limit", "message_id", "owner", "queued")

    def __init__(self, message_id: int, mailbox: Mailbox, quality: Quality, limit: int) -> None:
        self.message_id = message_id
        self.owner = mailbox.owner
        self.limit = limit
        self.enabled = True
        self.queued = 0
        self.delivered = 0
        self.dropped: dict[DropReason, int] = {}
        self._mailbox = mailbox
        self._inbox = mailbox.inboxes[quality]

    def offer(self, message: object) -> DropReason | None:
        """Queue the message, or count why not."""
        inbox = self._inbox
        queue = inbox.queue
        if not self.enabled:
            return self.count_drop(DropReason.ROUTE_DISABLED)
        if self.queued >= self.limit:
            return self.count_drop(DropReason.MESSAGE_LIMIT)
        if len(queue) >= inbox.depth:
            return self.count_drop(DropReason.INBOX_FULL)
        self.queued += 1
        queue.append((self, message))
        inbox.high_water = max(inbox.high_water, len(queue))
        self._mailbox.ready.append(self._mailbox)
        return None

    def count_drop(self, reason: DropReason) -> DropReason:
        """Count one lost message."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
        return reason
