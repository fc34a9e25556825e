from collections.abc import Callable
from pathlib import Path

import pytest
import zmq

from flightsw.bus.admission import Keys, make_keys, read_keys
from flightsw.bus.far import FarLinks, FarPeer
from tests.unit.flightsw.bus.conftest import End, MakeEnd, Words

HOSTS = {"here": "obc", "there": "compute"}
PATIENCE = 500

MakeFarEnd = Callable[..., End]


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, Keys]:
    """Keys of both computers."""
    make_keys(tmp_path / "keys", tuple(HOSTS.values()))
    return {host: read_keys(tmp_path / "keys", host) for host in HOSTS.values()}


@pytest.fixture
def make_far_end(make_end: MakeEnd, keys: dict[str, Keys]) -> MakeFarEnd:
    """Makes one process on a computer of its own, reached through loopback TCP."""
    addresses = dict.fromkeys(HOSTS, "")
    for name in HOSTS:
        with zmq.Context() as context, context.socket(zmq.PULL) as socket:
            addresses[name] = f"tcp://127.0.0.1:{socket.bind_to_random_port('tcp://127.0.0.1')}"

    def make(name: str, epoch: int = 1, own: Keys | None = None) -> End:
        peers = {peer: FarPeer(addresses[peer], host) for peer, host in HOSTS.items() if peer != name}
        return make_end(name, epoch, far=FarLinks(addresses[name], peers, own or keys[HOSTS[name]]))

    return make


def until(reached: Callable[[], bool], *ends: End, patience: int = PATIENCE) -> bool:
    """Let both ends do what they do in a loop, until something has come about."""
    for _ in range(patience):
        if reached():
            return True
        for end in ends:
            end.links.announce()
            end.links.inbox.poll(10)
            end.links.drain()
            end.bus.dispatch()
            end.links.confirm()
    return False


def test_processes_on_two_computers_share_one_bus(make_far_end: MakeFarEnd, words: type[Words]) -> None:
    """Each says what it wants, gets that and nothing else, and commands come once and in order."""
    here, there = make_far_end("here"), make_far_end("there")
    there.subscribe(words.go_id, words.count_id)
    there.links.say_wants()
    assert until(lambda: len(here.bus.destinations(words.go_id)) == 1, here, there)
    assert here.bus.destinations(words.image_id) == ()
    here.bus.send(words.go_id, words.request(99))
    assert until(lambda: there.links.counters().out_of_order > 0, here, there)
    assert there.received == []  # its verdict would not find back: what the sender wants is not known yet
    here.links.say_wants()
    assert until(lambda: len(there.received) == 1, here, there)
    there.received.clear()
    for number in range(5):
        here.bus.send(words.go_id, words.request(number))
        here.bus.send(words.count_id, words.Count(number))
    assert until(lambda: len(there.received) == 10, here, there)
    assert [each.id.sequence for each in there.received if not isinstance(each, words.Count)] == [0, 1, 2, 3, 4]
    assert [each.number for each in there.received if isinstance(each, words.Count)] == [0, 1, 2, 3, 4]
    assert until(lambda: here.links.counters().unconfirmed == 0, here, there)
    assert here.bus.ledger().closed
    assert (there.bus.ledger() + there.links.ledger()).closed


def test_wishes_change(make_far_end: MakeFarEnd, words: type[Words]) -> None:
    """A successor that wants less gets less, and what it wants is told again until it is known."""
    here, there = make_far_end("here"), make_far_end("there")
    there.subscribe(words.go_id, words.count_id)
    there.links.say_wants()
    assert until(lambda: len(here.bus.destinations(words.count_id)) == 1, here, there)
    there.links.close()
    successor = make_far_end("there", 2)
    successor.subscribe(words.go_id)
    successor.links.say_wants()
    here.links.say_wants()
    assert until(lambda: not here.bus.destinations(words.count_id), here, successor)
    assert until(lambda: len(successor.met) == 1, here, successor)
    assert len(here.bus.destinations(words.go_id)) == 1


def test_a_computer_whose_key_is_not_listed_is_kept_out(
    make_far_end: MakeFarEnd, keys: dict[str, Keys], words: type[Words]
) -> None:
    """Nothing passes, the refusal is counted with its cause, and a command waits for the right one to come."""
    public, secret = zmq.curve_keypair()
    stranger = make_far_end("here", own=Keys(public, secret, keys["obc"].known))
    there = make_far_end("there")
    there.subscribe(words.go_id)
    stranger.links.set_routes({"there": [words.go_id]})
    stranger.bus.send(words.go_id, words.request(1))
    assert until(lambda: there.links.counters().refused_connections > 0, stranger, there)
    counters = there.links.counters()
    assert counters.last_refused == "127.0.0.1: key not on the list"
    assert (there.received, there.links.arrivals) == ([], {})
    assert stranger.links.counters().unconfirmed == 1


def test_a_computer_with_the_wrong_key_gets_nothing(make_far_end: MakeFarEnd, keys: dict[str, Keys]) -> None:
    """Who answers at the right address without the secret of its name is not spoken to."""
    public, secret = zmq.curve_keypair()
    impostor = make_far_end("there", own=Keys(public, secret, keys["obc"].known))
    here = make_far_end("here")
    assert not until(here.links.has_room, here, impostor, patience=50)
    assert impostor.links.arrivals == {}
