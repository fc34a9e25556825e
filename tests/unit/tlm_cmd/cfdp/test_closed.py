from tlm_cmd.cfdp.closed import ClosedTransactions
from tlm_cmd.cfdp.requests import TransactionId


def test_the_latest_are_remembered() -> None:
    """As many as may be; the list is kept up to date for the state."""
    kept: list[TransactionId] = []
    closed = ClosedTransactions(kept, 3)
    for number in range(5):
        closed.add(TransactionId(1, number), 4)
        closed.add(TransactionId(1, number), 4)
    assert kept == [TransactionId(1, number) for number in (2, 3, 4)]
    assert TransactionId(1, 1) not in closed
    assert TransactionId(1, 2) in closed
    assert TransactionId(1, 2) in ClosedTransactions(kept, 3)


def test_short_numbers_are_forgotten_before_they_come_again() -> None:
    """With numbers of one octet, half of them are remembered of each entity."""
    kept: list[TransactionId] = []
    closed = ClosedTransactions(kept, 4096)
    closed.add(TransactionId(9, 0), 1)
    for number in range(300):
        transaction = TransactionId(1, number % 256)
        assert transaction not in closed
        closed.add(transaction, 1)
    assert len(kept) == 129
    assert TransactionId(9, 0) in closed
