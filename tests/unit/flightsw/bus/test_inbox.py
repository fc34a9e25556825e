import msgspec
import pytest

from flightsw.bus.inbox import MAX_DEPTH, InboxLimits
from flightsw.bus.overflow import DropReason, Overflow
from flightsw.bus.router import Bus
from tlm_cmd.definition.message import Quality

LIMITS = InboxLimits(commands=2, telemetry=3, bulk=1)


def test_every_quality_has_a_depth_of_its_own() -> None:
    """The limits name one depth per class."""
    assert [LIMITS.depth(quality) for quality in Quality] == [2, 3, 1]


@pytest.mark.parametrize("depth", [0, -1, MAX_DEPTH + 1])
def test_depths_have_bounds(depth: int) -> None:
    """A mission file cannot ask for an inbox without room, nor for one that cannot be reported."""
    with pytest.raises(msgspec.ValidationError, match=r"at `\$\.bulk`"):
        msgspec.convert({"bulk": depth}, InboxLimits)


def test_commands_are_handed_out_first() -> None:
    """Whatever came before, a waiting command is next; within a class the order is kept."""
    bus, received = Bus(), []
    bus.open_mailbox("app", LIMITS, lambda _id, message: received.append(message))
    for message_id, quality in enumerate(Quality):
        bus.subscribe("app", message_id, quality)
    for message_id, message in ((2, "bulk"), (1, "tm 1"), (0, "cmd 1"), (1, "tm 2"), (0, "cmd 2")):
        assert bus.send(message_id, message) == ()
    assert bus.dispatch() == 5
    assert received == ["cmd 1", "cmd 2", "tm 1", "tm 2", "bulk"]
    assert bus.high_water() == {"app": (2, 2, 1)}


def test_no_class_pushes_out_another() -> None:
    """Telemetry that overflows leaves the room for commands and bulk alone."""
    bus = Bus()
    mailbox = bus.open_mailbox("app", LIMITS, lambda _id, _message: None)
    for message_id, quality in enumerate(Quality):
        bus.subscribe("app", message_id, quality)
    reasons = [refusal.reason for _ in range(5) for refusal in bus.send(1, "tm")]
    assert reasons == [DropReason.INBOX_FULL] * 2
    assert bus.send(0, "cmd") == bus.send(2, "bulk") == ()
    assert [len(inbox.queue) for inbox in mailbox.inboxes] == [1, 3, 1]


def test_one_message_cannot_fill_the_inbox() -> None:
    """Of one message only so many wait as its limit says; others still find room."""
    bus = Bus()
    bus.open_mailbox("app", LIMITS, lambda _id, _message: None)
    bus.subscribe("app", 1, Quality.TELEMETRY, limit=1)
    bus.subscribe("app", 2, Quality.TELEMETRY)
    assert [len(bus.send(1, "flood")) for _ in range(3)] == [0, 1, 1]
    assert bus.send(2, "other") == ()
    assert bus.ledger().dropped == {DropReason.MESSAGE_LIMIT: 2}


def test_a_disabled_route_drops_and_counts() -> None:
    """Nothing passes a disabled subscription, and nothing is forgotten."""
    bus, received = Bus(), []
    bus.open_mailbox("app", LIMITS, lambda _id, message: received.append(message))
    subscription = bus.subscribe("app", 1, Quality.TELEMETRY)
    subscription.enabled = False
    assert [refusal.reason for refusal in bus.send(1, "lost")] == [DropReason.ROUTE_DISABLED]
    subscription.enabled = True
    assert bus.send(1, "kept") == ()
    bus.dispatch()
    assert received == ["kept"]
    assert bus.ledger().closed


def overflowing(overflow: Overflow) -> tuple[list[object], list[DropReason]]:
    """Send five messages where two may wait; what was delivered, and what the sender was told."""
    bus, received = Bus(), []
    bus.open_mailbox("app", LIMITS, lambda _id, message: received.append(message))
    bus.subscribe("app", 1, Quality.TELEMETRY, limit=2, overflow=overflow)
    told = [loss.reason for number in range(5) for loss in bus.send(1, number)]
    assert bus.ledger().closed
    bus.dispatch()
    assert bus.ledger().closed
    assert bus.ledger().lost == len(told)
    return received, told


@pytest.mark.parametrize(
    ("overflow", "received", "reason"),
    [
        (Overflow.REFUSE, [0, 1], DropReason.MESSAGE_LIMIT),
        (Overflow.DROP_NEWEST, [0, 1], DropReason.NEWEST_DROPPED),
        (Overflow.DROP_OLDEST, [3, 4], DropReason.OLDEST_DROPPED),
    ],
)
def test_each_subscription_chooses_what_is_lost(overflow: Overflow, received: list[object], reason: DropReason) -> None:
    """The first or the last messages are kept, in order; the sender is told of every loss, and the ledger closes."""
    assert overflowing(overflow) == (received, [reason] * 3)


def test_the_oldest_of_another_message_is_never_dropped() -> None:
    """In a full inbox a message makes room among its own kind only; where there is none, it is refused."""
    bus, received = Bus(), []
    bus.open_mailbox("app", LIMITS, lambda message_id, message: received.append((message_id, message)))
    for message_id in (1, 2):
        bus.subscribe("app", message_id, Quality.TELEMETRY, overflow=Overflow.DROP_OLDEST)
    for number in range(3):
        bus.send(1, number)
    assert [loss.reason for loss in bus.send(2, "other")] == [DropReason.INBOX_FULL]
    assert [loss.reason for loss in bus.send(1, 3)] == [DropReason.OLDEST_DROPPED]
    assert bus.dispatch() == 3
    assert received == [(1, 1), (1, 2), (1, 3)]
    assert bus.ledger().closed


def test_a_disabled_route_drops_nothing_older() -> None:
    """What waited when the route was disabled is still delivered, also under DROP_OLDEST."""
    bus, received = Bus(), []
    bus.open_mailbox("app", LIMITS, lambda _id, message: received.append(message))
    subscription = bus.subscribe("app", 1, Quality.TELEMETRY, limit=1, overflow=Overflow.DROP_OLDEST)
    bus.send(1, "waits")
    subscription.enabled = False
    subscription.limit = 2
    assert [loss.reason for loss in bus.send(1, "lost")] == [DropReason.ROUTE_DISABLED]
    subscription.enabled = True
    assert bus.send(1, "fits the new limit") == ()
    bus.dispatch()
    assert received == ["waits", "fits the new limit"]
