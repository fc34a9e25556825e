"""An app's end of the bus: what it is subscribed to, what became of it, and switching single routes off."""

from __future__ import annotations

from typing import Annotated

from flightsw.bus.overflow import Overflow
from tlm_cmd.definition.fields import U16, U64, Length, UpTo
from tlm_cmd.definition.message import Command, Event, Record, Severity, Telemetry

MAX_SUBSCRIPTIONS_REPORTED = 1024


class EnableRoute(Command, code=96):
    """Let one message reach the app, or drop it on the way, counted; its own commands always reach it."""

    message_id: Annotated[int, U16, "0x0800 + APID"]
    enabled: bool


class ReportMailbox(Command, code=97):
    """Publish a MailboxReport."""


class DropCount(Record):
    """Messages lost for one reason."""

    reason: Annotated[str, UpTo(24)]
    count: Annotated[int, U64]


class InboxAccount(Record):
    """One inbox."""

    depth: Annotated[int, U16, "most messages that may wait"]
    waiting: Annotated[int, U16, "messages waiting now"]
    high_water: Annotated[int, U16, "most messages that ever waited"]


class SubscriptionAccount(Record):
    """One message that the app gets."""

    message_id: Annotated[int, U16]
    enabled: bool
    overflow: Overflow
    limit: Annotated[int, U16, "how many may wait at once"]
    waiting: Annotated[int, U16, "how many wait now"]
    delivered: Annotated[int, U64, "since the app started"]
    lost: Annotated[int, U64, "since the app started, for whatever reason"]


class MailboxReport(Telemetry):
    """What the app is subscribed to, and what became of every message that was offered to it since it started."""

    inboxes: Annotated[tuple[InboxAccount, ...], Length(3), "commands, telemetry, bulk"]
    lost: Annotated[tuple[DropCount, ...], UpTo(16), "over all subscriptions"]
    subscriptions: Annotated[tuple[SubscriptionAccount, ...], UpTo(MAX_SUBSCRIPTIONS_REPORTED)]


class RouteSwitched(Event, code=17, severity=Severity.INFO, text="route {message_id:#06x} enabled: {enabled}"):
    """A route to the app was enabled or disabled."""

    message_id: Annotated[int, U16]
    enabled: bool
