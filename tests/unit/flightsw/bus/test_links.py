from pathlib import Path

import pytest
import zmq

from flightsw.bus import outgoing
from flightsw.bus.arrivals import Arrivals
from flightsw.bus.inbox import InboxLimits
from flightsw.bus.outgoing import MAX_BATCH_ITEMS, Offered
from flightsw.bus.overflow import DropReason, Loss
from flightsw.bus.requests import Passage
from tests.unit.flightsw.bus.conftest import End, MakeEnd, Words


def connected(make_end: MakeEnd, words: type[Words], limits: InboxLimits | None = None) -> tuple[End, End]:
    """A process that wants everything, and one that sends to it."""
    there = make_end("there")
    there.subscribe(words.go_id, words.count_id, words.gone_id, words.image_id, limits=limits)
    here = make_end("here")
    here.links.set_routes({"there": there.bus.subscribed_ids(), "here": []})
    assert here.links.wait_until_connected(10)
    assert there.links.wait_until_connected(10)
    return here, there


def test_messages_cross_in_order(make_end: MakeEnd, words: type[Words]) -> None:
    """What one bus sends, the other delivers, commands first; both ledgers close, and the link conserves."""
    here, there = connected(make_end, words)
    for number in range(3):
        assert here.bus.send(words.count_id, words.Count(number)) == ()
    here.bus.send(words.gone_id, words.Gone(7))
    here.bus.send(words.go_id, words.request(1, speed=4))
    here.links.flush()
    there.drain(5)
    assert there.received[0].command == words.Go(4)
    assert there.received[0].passage == Passage(0, 1, 1)
    assert there.received[1:] == [words.Count(0), words.Count(1), words.Count(2), words.Gone(7)]
    assert (here.bus.ledger().closed, there.bus.ledger().closed) == (True, True)
    assert here.links.offered() == {"there": Offered(5, 0)}
    assert there.links.arrivals["here"].received == 5


def test_messages_wait_for_a_flush_or_for_company(make_end: MakeEnd, words: type[Words]) -> None:
    """A full batch leaves by itself, commands and reports together in the order in which they were sent."""
    here, there = connected(make_end, words)
    here.bus.send(words.count_id, words.Count(1))
    here.bus.send(words.go_id, words.request(1))
    assert here.bus.ledger().queued == 1
    assert here.links.offered()["there"].packets == 0
    for number in range(MAX_BATCH_ITEMS):
        here.bus.send(words.count_id, words.Count(number))
    assert here.links.offered()["there"].packets == MAX_BATCH_ITEMS
    assert here.bus.ledger().queued == 2
    here.links.flush()
    there.drain(2 + MAX_BATCH_ITEMS)


def test_a_full_batch_loses_nothing_to_the_limit_of_a_message(make_end: MakeEnd, words: type[Words]) -> None:
    """It is handed out in parts, although more of one message come at once than may wait."""
    here, there = connected(make_end, words)
    for number in range(MAX_BATCH_ITEMS):
        here.bus.send(words.count_id, words.Count(number))
    here.links.flush()
    there.drain(MAX_BATCH_ITEMS)
    there.bus.dispatch()
    assert there.bus.ledger().lost == 0


def test_a_batch_is_bounded_in_octets(make_end: MakeEnd, words: type[Words]) -> None:
    """Large packets travel in batches of their own."""
    here, there = connected(make_end, words)
    for _ in range(3):
        here.bus.send(words.image_id, words.Image(bytes(40_000)))
    assert here.bus.ledger().queued == 1
    here.links.flush()
    there.drain(3)


def test_what_cannot_be_encoded_is_refused(make_end: MakeEnd, words: type[Words]) -> None:
    """The sender learns at once; nothing is offered to the link."""
    here, _ = connected(make_end, words)
    assert here.bus.send(words.count_id, words.Count(-1)) == (Loss("there", DropReason.MALFORMED),)
    assert here.bus.send(words.go_id, words.request(1, speed=100)) == (Loss("there", DropReason.MALFORMED),)
    assert here.links.offered() == {"there": Offered(0, 0)}
    assert here.bus.ledger().closed


def test_a_peer_that_is_not_there_is_a_full_link(make_end: MakeEnd, words: type[Words]) -> None:
    """Telemetry for a peer that does not listen is dropped and counted; a command waits for it."""
    here = make_end("here")
    here.links.set_routes({"there": [words.go_id, words.count_id]})
    assert not here.links.wait_until_connected(0.01)
    here.bus.send(words.count_id, words.Count(1))
    here.links.flush()
    assert here.bus.send(words.go_id, words.request(1)) == ()
    here.links.flush()
    assert here.links.offered() == {"there": Offered(2, 2)}
    assert here.bus.ledger().dropped == {DropReason.LINK_FULL: 1}
    there = make_end("there")
    there.subscribe(words.go_id)
    assert here.links.wait_until_connected(10)
    here.links.announce()
    assert there.links.inbox.poll(10_000)
    there.links.drain()
    arrivals = there.links.arrivals["here"]
    assert (arrivals.offered, arrivals.lost, arrivals.lost_on_the_way) == (2, 2, 0)
    here.links.announce()
    there.drain(1)
    assert there.received[0].command == words.Go(1)
    assert there.links.ledger().closed


def test_a_disabled_link_route_drops_and_counts(make_end: MakeEnd, words: type[Words]) -> None:
    """Links are switched like any other destination."""
    here, _ = connected(make_end, words)
    here.bus.destinations(words.count_id)[0].enabled = False
    assert here.bus.send(words.count_id, words.Count(1)) == (Loss("there", DropReason.ROUTE_DISABLED),)


def test_routes_come_and_go(make_end: MakeEnd, words: type[Words]) -> None:
    """What a process no longer wants is no longer sent to it; processes not named keep what they had."""
    here, there = connected(make_end, words)
    route = here.bus.destinations(words.count_id)
    here.links.set_routes({"there": [words.go_id, words.count_id]})
    assert here.bus.destinations(words.count_id) == route
    here.bus.send(words.count_id, words.Count(1))
    here.links.set_routes({"there": [words.go_id]})
    here.links.set_routes({})
    here.bus.send(words.count_id, words.Count(2))
    assert here.bus.unrouted == {words.count_id: 1}
    assert len(here.bus.destinations(words.go_id)) == 1
    there.drain(1)
    assert here.bus.ledger().closed


def test_commands_are_kept_until_they_are_confirmed(make_end: MakeEnd, words: type[Words]) -> None:
    """A new incarnation of the receiver gets what its predecessor had not dealt with, in order and once."""
    here, there = connected(make_end, words)
    for sequence in range(4):
        here.bus.send(words.go_id, words.request(sequence))
        here.links.flush()
    there.drain(4)
    assert there.links.taken() == [Passage(0, 1, 4)]
    there.links.close()  # it dies before it says so; only two were executed
    heard = {"here": Arrivals(1, 1, offered=4)}
    successor = make_end("there", 2, heard=heard, done={0: Passage(0, 1, 2)})
    successor.subscribe(words.go_id)
    assert successor.links.wait_until_connected(10)
    assert here.links.wait_until_connected(10)
    here.bus.send(words.go_id, words.request(4))
    here.links.flush()
    successor.links.announce()
    assert here.links.inbox.poll(10_000)
    here.links.drain()
    successor.drain(6)
    assert [request.id.sequence for request in successor.received] == [2, 3, 4]
    assert (successor.links.counters().out_of_order, successor.links.counters().duplicates) == (1, 2)
    assert successor.met == [Passage(0, 1, 0)]
    successor.links.confirm()
    successor.links.confirm()
    successor.links.flush()
    assert here.links.inbox.poll(10_000)
    here.links.drain()
    for _ in range(3):
        here.links.announce()
    successor.links.drain()
    assert successor.links.counters().duplicates == 2


def test_a_command_that_got_lost_is_sent_again(
    make_end: MakeEnd, words: type[Words], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that stays unconfirmed from one announcement to the next is repeated; a small window is no obstacle."""
    monkeypatch.setattr(outgoing, "MAX_UNCONFIRMED", 2)
    here, there = connected(make_end, words)
    for sequence in range(2):
        assert here.bus.send(words.go_id, words.request(sequence)) == ()
        here.links.flush()
    assert here.bus.send(words.go_id, words.request(9)) == (Loss("there", DropReason.LINK_FULL),)
    for _ in range(2):
        assert there.links.inbox.poll(10_000)
        there.links.inbox.recv()  # as if they had never come
    here.links.announce()
    here.links.announce()
    there.drain(2)
    assert [request.id.sequence for request in there.received] == [0, 1]
    assert there.links.arrivals["here"].lost == 2
    there.links.confirm()
    there.links.announce()
    assert here.links.inbox.poll(10_000)
    here.links.drain()
    assert here.bus.send(words.go_id, words.request(2)) == ()


def test_a_burst_of_commands_is_worked_off(
    make_end: MakeEnd, words: type[Words], monkeypatch: pytest.MonkeyPatch
) -> None:
    """More commands than an inbox holds, and more than may be under way, are taken in order; none is refused."""
    here, there = connected(make_end, words, limits=InboxLimits(commands=2))
    monkeypatch.setattr(outgoing, "MAX_UNDER_WAY", 5)
    for sequence in range(12):
        assert here.bus.send(words.go_id, words.request(sequence)) == ()
    here.links.flush()
    confirmed = []
    while len(there.received) < 12:
        assert there.links.inbox.poll(10_000)
        there.links.drain()
        there.bus.dispatch()
        confirmed += [passage.number for passage in there.links.taken()]
        there.links.confirm()
        there.links.flush()
        here.links.inbox.poll(20)
        here.links.drain()
        here.links.flush()
    assert [request.id.sequence for request in there.received] == list(range(12))
    assert confirmed[-1] == 12
    assert len(confirmed) >= 3
    assert (there.refused, there.bus.ledger().lost, there.bus.ledger().closed) == ([], 0, True)


def test_a_command_that_does_not_pass_is_told(make_end: MakeEnd, words: type[Words]) -> None:
    """The receiving process answers for its apps when a route is disabled."""
    here, there = connected(make_end, words)
    there.bus.subscriptions("app")[0].enabled = False
    here.bus.send(words.go_id, words.request(1))
    here.links.flush()
    there.drain(1)
    assert [(request.id.sequence, loss.reason) for request, loss in there.refused] == [(1, DropReason.ROUTE_DISABLED)]
    assert there.bus.ledger().closed


def test_commands_to_a_process_gone_for_good_are_refused(make_end: MakeEnd, words: type[Words]) -> None:
    """What was on its way is told to whoever answers for it, once."""
    here, _ = connected(make_end, words)
    for sequence in range(2):
        here.bus.send(words.go_id, words.request(sequence))
    here.links.set_routes({"there": []})
    here.links.set_routes({"there": []})
    assert [request.id.sequence for request, _ in here.refused] == [0, 1]
    assert {refusal for _, refusal in here.refused} == {Loss("there", DropReason.LINK_LOST)}
    assert here.bus.send(words.go_id, words.request(3)) == ()
    assert here.bus.unrouted == {words.go_id: 1}


def test_foreign_messages_are_counted(make_end: MakeEnd, folder: Path) -> None:
    """What is no batch of this vehicle does no harm."""
    there = make_end("there")
    context = zmq.Context()
    socket = context.socket(zmq.PUSH)
    socket.connect(f"ipc://{folder}/there")
    socket.send(b"hello")
    assert there.links.inbox.poll(10_000)
    assert there.links.drain() == 0
    assert (there.links.counters().foreign, there.links.ledger().lost) == (1, 0)
    context.destroy(linger=0)
