from functools import partial

import pytest

from flightsw.bus import router
from flightsw.bus.inbox import InboxLimits
from flightsw.bus.overflow import DropReason, Loss
from flightsw.bus.router import Bus, DispatchLoopError
from flightsw.errors import FlightSoftwareError
from tlm_cmd.definition.message import Quality

LIMITS = InboxLimits()
TM = Quality.TELEMETRY


class Elsewhere:
    """A destination that is no app here."""

    def __init__(self, message_id: int, owner: str) -> None:
        self.message_id, self.owner, self.enabled = message_id, owner, True
        self.queued, self.delivered = 0, 0
        self.dropped: dict[DropReason, int] = {}

    def offer(self, message: object) -> None:
        """Take everything."""
        self.delivered += 1


def test_every_subscriber_gets_the_same_object() -> None:
    """A message is not copied, and is handed to each subscriber once, in the order of subscription."""
    bus, received = Bus(), []
    for owner in ("b", "a"):
        bus.open_mailbox(owner, LIMITS, partial(lambda owner, _id, message: received.append((owner, message)), owner))
        bus.subscribe(owner, 5, TM)
    message = object()
    assert bus.send(5, message) == ()
    assert received == []
    assert bus.dispatch() == 2
    assert received == [("b", message), ("a", message)]
    assert (bus.ledger().sent, bus.ledger().offered) == (1, 2)


def test_subscribing_again_changes_only_the_limit() -> None:
    """The queue of a subscription is never replaced, and nothing is delivered twice."""
    bus, received = Bus(), []
    bus.open_mailbox("app", LIMITS, lambda _id, message: received.append(message))
    first = bus.subscribe("app", 5, TM)
    bus.send(5, "one")
    assert bus.subscribe("app", 5, TM, limit=7) is first
    assert first.limit == 7
    bus.send(5, "two")
    bus.dispatch()
    assert received == ["one", "two"]
    assert bus.subscribed_ids() == [5]


def test_a_message_nobody_wants_is_counted_apart() -> None:
    """It is neither offered nor lost; also after its last subscriber has left."""
    bus = Bus()
    bus.open_mailbox("app", LIMITS, lambda _id, _message: None)
    bus.subscribe("app", 5, TM)
    bus.send(6, "for nobody")
    bus.close_mailbox("app")
    bus.send(5, "too late")
    assert bus.deliver_local(5, "too late") == bus.deliver_local(7, "for nobody") == ()
    assert bus.unrouted == {6: 1, 5: 2, 7: 1}
    assert (bus.ledger().unrouted, bus.ledger().offered, bus.ledger().closed) == (4, 0, True)


def test_closing_a_mailbox_drops_what_waits() -> None:
    """What waited is lost to the restart and counted; the owner's next mailbox begins empty."""
    bus, received = Bus(), []
    for _ in range(2):
        bus.open_mailbox("app", LIMITS, lambda _id, message: received.append(message))
        bus.subscribe("app", 5, TM)
        bus.send(5, "waits")
        bus.close_mailbox("app")
    assert bus.dispatch() == 0  # the closed mailboxes are still in line, but hand nothing out
    assert received == []
    assert bus.ledger().dropped == {DropReason.APP_RESTARTED: 2}
    assert bus.ledger().closed
    assert bus.destinations(5) == ()


def test_closing_a_mailbox_leaves_links_alone() -> None:
    """A link to a process that is called like the app stays connected."""
    bus = Bus()
    link = Elsewhere(5, "power")
    bus.connect(link)
    bus.open_mailbox("power", LIMITS, lambda _id, _message: None)
    bus.subscribe("power", 5, TM)
    bus.close_mailbox("power")
    assert bus.destinations(5) == (link,)
    assert bus.all_destinations() == [(5, link)]
    bus.send(5, "goes out")
    assert link.delivered == 1
    bus.disconnect(link)
    assert bus.destinations(5) == ()
    assert bus.ledger().closed


def test_mailboxes_are_opened_once_and_closed_once() -> None:
    """An app has at most one mailbox; closing none is refused."""
    bus = Bus()
    bus.open_mailbox("app", LIMITS, lambda _id, _message: None)
    with pytest.raises(FlightSoftwareError, match="app has a mailbox already"):
        bus.open_mailbox("app", LIMITS, lambda _id, _message: None)
    bus.close_mailbox("app")
    with pytest.raises(FlightSoftwareError, match="app has no mailbox to close"):
        bus.close_mailbox("app")


def test_a_message_from_another_process_stays_here() -> None:
    """It is offered to apps, never sent on to links; refusals are told."""
    bus, received = Bus(), []
    link = Elsewhere(5, "there")
    bus.connect(link)
    bus.deliver_local(5, "for nobody here")
    bus.open_mailbox("app", InboxLimits(telemetry=1), lambda _id, message: received.append(message))
    bus.subscribe("app", 5, TM)
    assert bus.deliver_local(5, "in") == ()
    assert bus.deliver_local(5, "too much") == (Loss("app", DropReason.INBOX_FULL),)
    bus.dispatch()
    assert (received, link.delivered, bus.unrouted) == (["in"], 0, {5: 1})
    assert bus.ledger().closed


def test_what_the_tap_refuses_is_not_sent() -> None:
    """The tap sees every message first; its error reaches the sender, and no subscriber sees the message."""
    bus, received, seen = Bus(), [], []

    def tap(message_id: int, message: object) -> None:
        seen.append((message_id, message))
        if message == "bad":
            raise ValueError("bad")

    bus.tap = tap
    bus.open_mailbox("app", LIMITS, lambda _id, message: received.append(message))
    bus.subscribe("app", 5, TM)
    bus.send(5, "good")
    with pytest.raises(ValueError, match="bad"):
        bus.send(5, "bad")
    bus.dispatch()
    assert (received, seen) == (["good"], [(5, "good"), (5, "bad")])
    assert bus.ledger().closed


def test_handlers_run_to_completion() -> None:
    """What a handler sends is handed out behind it, even if it asks for a dispatch."""
    bus, order = Bus(), []

    def receive(_id: int, message: object) -> None:
        order.append(f"begin {message}")
        if message == 1:
            bus.send(5, 2)
            assert bus.dispatch() == 0
        order.append(f"end {message}")

    bus.open_mailbox("app", LIMITS, receive)
    bus.subscribe("app", 5, TM)
    bus.send(5, 1)
    assert bus.dispatch() == 2
    assert order == ["begin 1", "end 1", "begin 2", "end 2"]


def test_a_receiver_that_raises_leaves_the_bus_usable() -> None:
    """The error passes through; what waits is handed out by the next dispatch."""
    bus, received = Bus(), []

    def receive(_id: int, message: object) -> None:
        received.append(message)
        if message == "bad":
            raise KeyError("receiver")

    bus.open_mailbox("app", LIMITS, receive)
    bus.subscribe("app", 5, TM)
    bus.send(5, "bad")
    bus.send(5, "good")
    with pytest.raises(KeyError):
        bus.dispatch()
    assert bus.dispatch() == 1
    assert received == ["bad", "good"]
    assert bus.ledger().closed


def test_an_endless_dialogue_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dispatch that never comes to an end is stopped at its bound; the ledger closes, and the bus goes on."""
    monkeypatch.setattr(router, "MAX_DELIVERIES_PER_DISPATCH", 128)
    bus = Bus()
    answering = True

    def answer(message_id: int, message: object) -> None:
        if answering:
            bus.send(11 - message_id, message)

    for owner, message_id in (("ping", 5), ("pong", 6)):
        bus.open_mailbox(owner, LIMITS, answer)
        bus.subscribe(owner, message_id, TM)
    bus.send(5, "ball")
    with pytest.raises(DispatchLoopError, match="128 messages in one dispatch"):
        bus.dispatch()
    ledger = bus.ledger()
    assert (ledger.delivered, ledger.queued, ledger.closed) == (128, 1, True)
    answering = False
    assert bus.dispatch() == 1
    assert bus.ledger().queued == 0


def test_a_burst_is_interrupted_between_handlers() -> None:
    """Whoever must not wait for the end of a burst gets a turn behind every so many deliveries."""
    bus, order = Bus(), []
    bus.on_breath = lambda: order.append("breath")
    bus.open_mailbox("app", InboxLimits(telemetry=200), lambda _id, message: order.append(message))
    bus.subscribe("app", 5, TM, limit=200)
    for number in range(130):
        bus.send(5, number)
    assert bus.dispatch() == 130
    assert [position for position, entry in enumerate(order) if entry == "breath"] == [64, 129]


def test_a_dispatch_may_use_its_whole_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactly as many messages as the bound allows are no endless dialogue; one more is."""
    bound = router.DELIVERIES_PER_BREATH
    monkeypatch.setattr(router, "MAX_DELIVERIES_PER_DISPATCH", bound)
    bus = Bus()
    bus.open_mailbox("app", InboxLimits(), lambda _id, _message: None)
    bus.subscribe("app", 5, TM, bound + 1)
    for number in range(bound):
        bus.send(5, number)
    assert bus.dispatch() == bound
    for number in range(bound + 1):
        bus.send(5, number)
    with pytest.raises(DispatchLoopError):
        bus.dispatch()
    assert bus.dispatch() == 1


def test_who_talks_to_itself_leaves_the_others_their_turn() -> None:
    """What comes within a turn waits for the next one, behind everybody else."""
    bus, order = Bus(), []

    def talk(_message_id: int, message: object) -> None:
        order.append("talker")
        assert isinstance(message, int)
        if message:
            bus.send(5, message - 1)
            bus.send(6, message)

    bus.open_mailbox("talker", LIMITS, talk)
    bus.subscribe("talker", 5, TM)
    bus.open_mailbox("listener", LIMITS, lambda _id, _message: order.append("listener"))
    bus.subscribe("listener", 6, TM)
    bus.send(5, 200)
    bus.dispatch()
    assert order.count("listener") == 200
    assert bus.ledger().lost == 0


def test_a_mailbox_may_be_closed_within_its_turn() -> None:
    """By what runs between two handlers; what waited there is counted, and the others go on."""
    bus, received = Bus(), []
    for owner, message_id in (("app", 5), ("other", 6)):
        bus.open_mailbox(owner, InboxLimits(), lambda _id, message: received.append(message))
        bus.subscribe(owner, message_id, TM, 100)
    for number in range(router.DELIVERIES_PER_BREATH + 6):
        bus.send(5, number)
    bus.send(6, "last")

    def close() -> None:
        if "app" in bus.owners():
            bus.close_mailbox("app")

    bus.on_breath = close
    assert bus.dispatch() == router.DELIVERIES_PER_BREATH + 1
    assert received[-1] == "last"
    assert bus.ledger().dropped == {DropReason.APP_RESTARTED: 6}
    assert bus.ledger().closed
