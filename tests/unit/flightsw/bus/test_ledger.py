from flightsw.bus.ledger import Ledger, account_of
from flightsw.bus.outgoing import LinkRoute
from flightsw.bus.overflow import DropReason


def test_a_ledger_closes_when_everything_is_accounted_for() -> None:
    """Offered is delivered plus queued plus lost; one message off, and it does not close."""
    drops = {DropReason.INBOX_FULL: 2, DropReason.LINK_LOST: 1}
    ledger = Ledger(sent=4, offered=8, delivered=4, queued=1, dropped=drops)
    assert ledger.lost == 3
    assert ledger.closed
    assert not (ledger + Ledger(offered=1)).closed


def test_ledgers_add_up() -> None:
    """Every figure is summed, drops by their reason."""
    one = Ledger(1, 2, 3, 4, {DropReason.INBOX_FULL: 5}, 6)
    other = Ledger(10, 20, 30, 40, {DropReason.INBOX_FULL: 50, DropReason.LINK_FULL: 1}, 60)
    assert one + other == Ledger(11, 22, 33, 44, {DropReason.INBOX_FULL: 55, DropReason.LINK_FULL: 1}, 66)
    assert one.dropped == {DropReason.INBOX_FULL: 5}


def test_an_account_sums_the_receiving_ends() -> None:
    """What destinations delivered, hold and dropped is summed."""

    class End(LinkRoute):
        def __init__(self, delivered: int, queued: int, drops: int) -> None:
            self.delivered, self.queued, self.dropped = delivered, queued, {DropReason.MALFORMED: drops}

    assert account_of([End(1, 2, 3), End(10, 20, 30)]) == Ledger(
        delivered=11, queued=22, dropped={DropReason.MALFORMED: 33}
    )
