"""Remembering closed transactions, to answer what is repeated (CCSDS 727.0-B-5, 4.7)."""

from tlm_cmd.cfdp.requests import TransactionId

_ONE_OCTET_MEMORY = 128
"""Numbers of one octet come again after 256 transactions: half of them are remembered."""


class ClosedTransactions:
    """The transactions that closed last.

    Args:
        transactions: those remembered, the latest last; kept up to date here.
        most: how many are remembered.
    """

    def __init__(self, transactions: list[TransactionId], most: int) -> None:
        self._transactions = transactions
        self._most = most
        self._known = dict.fromkeys(transactions)

    def __contains__(self, transaction: TransactionId) -> bool:
        return transaction in self._known

    def add(self, transaction: TransactionId, sequence_octets: int) -> None:
        """Remember a transaction whose number has so many octets."""
        if transaction not in self._known:
            self._transactions.append(transaction)
            self._known[transaction] = None
        if len(self._transactions) > self._most:
            self._forget(self._transactions[0])
        if sequence_octets == 1:
            same = [known for known in self._transactions if known.source_id == transaction.source_id]
            for old in same[:-_ONE_OCTET_MEMORY]:
                self._forget(old)

    def _forget(self, transaction: TransactionId) -> None:
        self._transactions.remove(transaction)
        del self._known[transaction]
