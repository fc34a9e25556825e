"""Where messages wait for an app: one bounded inbox per quality class, so that no class can push out another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Protocol

import msgspec

from flightsw.bus.overflow import DropReason
from flightsw.bus.requests import Request
from tlm_cmd.definition.message import Quality

if TYPE_CHECKING:
    from flightsw.bus.subscription import Subscription

Receiver = Callable[[int, object], None]

MAX_DEPTH = 65_535
"""Deepest inbox; its high-water mark is reported in 16 bits."""
Depth = Annotated[int, msgspec.Meta(ge=1, le=MAX_DEPTH)]


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
    delivered: int
    dropped: dict[DropReason, int]

    @property
    def queued(self) -> int:
        """Messages that wait there now."""
        ...


class Link(Destination, Protocol):
    """A way out of this process."""

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
        ready: the line of mailboxes in which something waits.
        in_line: whether this one stands there.
        backlogged: where a subscription stands while messages wait in front of its inbox.
        receiver: takes message ids and messages.
    """

    __slots__ = ("backlogged", "bulk", "commands", "in_line", "inboxes", "owner", "ready", "receiver", "telemetry")

    def __init__(
        self,
        owner: str,
        limits: InboxLimits,
        ready: deque[Mailbox],
        backlogged: dict[Subscription, None],
        receiver: Receiver,
    ) -> None:
        self.owner = owner
        self.inboxes = tuple(Inbox(limits.depth(quality)) for quality in Quality)
        self.commands, self.telemetry, self.bulk = (inbox.queue for inbox in self.inboxes)
        self.ready = ready
        self.in_line = False
        self.backlogged = backlogged
        self.receiver = receiver

    def join_line(self) -> None:
        """Stand in line, for something waits."""
        if not self.in_line:
            self.in_line = True
            self.ready.append(self)

    def leave_line(self) -> None:
        """Its turn is over; when something waits again, it stands at the end of the line."""
        self.in_line = bool(self.commands or self.telemetry or self.bulk)
        if self.in_line:
            self.ready.append(self)

    def discard(self, reason: DropReason) -> list[Request]:
        """Drop everything that waits, counted under ``reason``; returns the commands among it, in order."""
        requests = []
        for inbox in self.inboxes:
            for subscription, message in inbox.queue:
                subscription.taken -= 1
                subscription.count_drop(reason)
                if isinstance(message, Request):
                    requests.append(message)
            inbox.queue.clear()
        return requests
