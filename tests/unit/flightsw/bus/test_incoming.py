import pytest

from flightsw.bus.arrivals import Arrivals
from flightsw.bus.batches import BatchError, BatchHeader
from flightsw.bus.incoming import Incoming
from flightsw.bus.ledger import Ledger
from flightsw.bus.overflow import DropReason
from flightsw.bus.requests import Passage

PROCESSES = ("core", "payload", "link")


def incoming(heard: dict[str, Arrivals] | None = None, done: dict[int, Passage] | None = None) -> Incoming:
    """The accounts of the process called core."""
    return Incoming("core", PROCESSES, heard or {}, done or {})


def header(
    count: int, before: int, dropped: int = 0, epoch: int = 1, source: int = 1, settled: int = 0, series: int = 9
) -> BatchHeader:
    """A batch of the payload process."""
    return BatchHeader(source, epoch, count, 0, before, dropped, series, settled)


def test_a_gap_is_a_loss() -> None:
    """What a sender offered and did not arrive is lost; what it dropped itself is not counted a second time."""
    accounts = incoming()
    accounts.take(header(5, 0)).arrivals.read(5)
    accounts.take(header(2, 12, dropped=4)).arrivals.read(1)
    arrivals = accounts.arrivals["payload"]
    assert (arrivals.offered, arrivals.received, arrivals.malformed, arrivals.lost) == (14, 6, 1, 7)
    assert arrivals.lost_on_the_way == 3
    ledger = accounts.ledger()
    assert ledger.dropped == {DropReason.LINK_LOST: 3, DropReason.MALFORMED: 1}
    assert ledger.closed


def test_what_was_dropped_before_the_first_batch_is_lost() -> None:
    """An incarnation begins to count at nothing, even if its first batch does not."""
    accounts = incoming()
    accounts.take(header(1, 3, dropped=3))
    assert (accounts.arrivals["payload"].lost, accounts.ledger().lost) == (3, 1)


def test_an_announcement_shows_a_loss_at_the_end() -> None:
    """A batch without packets accounts for those that came before it and did not arrive."""
    accounts = incoming()
    accounts.take(header(5, 0)).arrivals.read(5)
    accounts.take(header(0, 8))
    assert accounts.arrivals["payload"].lost == 3


def test_a_new_incarnation_of_the_sender_begins_anew() -> None:
    """The losses of the one before stay in the ledger; its last batches may still come."""
    accounts = incoming()
    assert not accounts.take(header(1, 2)).begun_anew
    contact = accounts.take(header(1, 0, epoch=2))
    assert (contact.begun_anew, contact.newest) == (True, True)
    late = accounts.take(header(1, 5))
    assert (late.newest, late.begun_anew, late.arrivals.lost) == (False, False, 4)
    assert accounts.arrivals["payload"].epoch == 2
    accounts.take(header(0, 4, epoch=3))
    accounts.take(header(0, 0, epoch=4))
    assert accounts.ledger().dropped[DropReason.LINK_LOST] == 4 + 4
    with pytest.raises(BatchError, match="incarnation 2 of payload, which ended long ago"):
        accounts.take(header(1, 1, epoch=2))


@pytest.mark.parametrize(
    "impossible", [header(1, 4), header(1, 9, dropped=8), header(1, 9, dropped=0), header(0, 2)], ids=str
)
def test_counts_that_cannot_be_true_are_refused(impossible: BatchHeader) -> None:
    """Nobody can have offered less than before, nor dropped more than was offered since, nor taken drops back."""
    accounts = incoming()
    accounts.take(header(4, 2, dropped=1))
    with pytest.raises(BatchError, match=r"payload says .* and had said"):
        accounts.take(impossible)
    assert accounts.arrivals["payload"].offered == 6


@pytest.mark.parametrize("source", [0, 3])
def test_batches_of_nobody_are_refused(source: int) -> None:
    """A process hears neither itself nor one that the vehicle does not have."""
    with pytest.raises(BatchError, match=f"process {source}, which is no other process"):
        incoming().take(header(1, 0, source=source))


def test_a_successor_counts_on_where_its_predecessor_was_last_heard() -> None:
    """What came in between is lost to it; commands go on behind the last one that was dealt with."""
    first = incoming()
    first.take(header(10, 0)).arrivals.read(10)
    heard = first.arrivals
    second = incoming(heard=heard, done={1: Passage(1, 9, 7), 2: Passage(2, 9, 3)})
    arrivals = second.take(header(1, 25)).arrivals
    arrivals.read(1)
    assert (arrivals.received, arrivals.lost, arrivals.commands) == (1, 15, 7)
    both = heard["payload"].followed_by(arrivals)
    assert (both.offered, both.received + both.lost) == (26, 26)
    assert both.commands == 7
    assert second.take(header(0, 0, source=2, epoch=4)).arrivals.commands == 3
    assert second.take(header(0, 0, source=2, epoch=5)).arrivals.commands == 3
    assert second.take(header(0, 0, source=2, epoch=6, series=10)).arrivals.commands == 0


def test_accounts_of_different_senders_do_not_add_up() -> None:
    """Of a sender's incarnations only the newest counts."""
    assert Arrivals(1, received=5).followed_by(Arrivals(2, received=1)) == Arrivals(2, received=1)


def test_commands_are_confirmed_once_and_only_to_those_met() -> None:
    """What the predecessor had dealt with is confirmed when its sender is heard, and only then again when more came."""
    accounts = incoming(heard={"payload": Arrivals(1, 9)}, done={1: Passage(1, 9, 7)})
    assert accounts.taken() == []
    contact = accounts.take(header(0, 0, settled=5))
    assert contact.settled == Passage(1, 9, 5)
    assert accounts.take(header(0, 0, settled=5)).settled is None
    assert accounts.taken() == accounts.confirm() == [Passage(1, 9, 7)]
    assert accounts.confirm() == []
    contact.arrivals.commands = 9
    assert accounts.confirm() == [Passage(1, 9, 9)]


def test_a_receiver_without_memory_goes_on_where_the_sender_is() -> None:
    """What the sender knows to be dealt with is never awaited."""
    assert incoming().take(header(0, 0, settled=40)).arrivals.commands == 40


def test_an_empty_account_is_an_empty_ledger() -> None:
    """Nothing heard, nothing lost."""
    assert incoming().ledger() == Ledger()
