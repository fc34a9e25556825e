"""What is lost when there is no room, and how it is called in every account."""

from __future__ import annotations

from enum import Enum, IntEnum, unique

import msgspec

MAX_BACKLOG = 16_384
"""Messages of one subscription that may wait in front of its inbox: as many commands as sequence counts tell apart."""


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
    WAIT = 3
    """It waits in front of the inbox, and all behind it, up to ``MAX_BACKLOG``, then it is refused: for commands."""


class Reception(msgspec.Struct, frozen=True):
    """How one app takes one message.

    Attributes:
        limit: how many of it may wait at once, at least 1; None for what its quality class is given.
        overflow: what becomes of one for which there is no room.
    """

    limit: int | None = None
    overflow: Overflow = Overflow.REFUSE


class Loss(msgspec.Struct, frozen=True):
    """A destination at which a message was lost, and why.

    With ``OLDEST_DROPPED`` it is an older message that was lost, in favour of the one sent; else it is the one sent.
    """

    owner: str
    reason: DropReason
