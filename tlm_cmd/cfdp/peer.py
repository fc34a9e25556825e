"""Whose turn it is to send to another entity: CCSDS 727.0-B-5 leaves it to the entity."""

from collections.abc import Callable

from tlm_cmd.cfdp.receiver import Receiver
from tlm_cmd.cfdp.requests import TransactionId
from tlm_cmd.cfdp.sender import Sender
from tlm_cmd.cfdp.transaction import Environment


class Peer:
    """Another entity, and the transactions with it that may have something to send.

    What is received is answered before anything is sent, since answers are few and short; those that send take
    turns, a PDU at a time.

    Args:
        environment: of the transactions with it.
        settle: called with each transaction that was asked for a PDU and may have come to an end or begun to wait.
    """

    def __init__(self, environment: Environment, settle: Callable[[Sender | Receiver], None]) -> None:
        self.environment = environment
        self._settle = settle
        self._receivers: dict[TransactionId, Receiver] = {}
        self._senders: dict[TransactionId, Sender] = {}

    def mark(self, end: Sender | Receiver) -> None:
        """Say that a transaction may have something to send."""
        if isinstance(end, Sender):
            self._senders[end.transaction] = end
        else:
            self._receivers[end.transaction] = end

    def forget(self, end: Sender | Receiver) -> None:
        """Say that a transaction is over."""
        if isinstance(end, Sender):
            self._senders.pop(end.transaction, None)
        else:
            self._receivers.pop(end.transaction, None)

    def clear(self) -> None:
        """Forget all transactions."""
        self._receivers.clear()
        self._senders.clear()

    def next_pdu(self, now_ns: int) -> bytes | None:
        """Return the next PDU, None if there is none now."""
        while self._receivers:
            receiver = next(iter(self._receivers.values()))
            pdu = receiver.next_pdu(now_ns)
            if pdu is None:
                self._receivers.pop(receiver.transaction, None)
            self._settle(receiver)
            if pdu is not None:
                return pdu
        while self._senders:
            sender = next(iter(self._senders.values()))
            pdu = sender.next_pdu(now_ns)
            if pdu is None:
                self._senders.pop(sender.transaction, None)
            elif len(self._senders) > 1:
                self._senders[sender.transaction] = self._senders.pop(sender.transaction)
            state = sender.state
            if state.closed or state.deadline_ns is not None:
                self._settle(sender)
            if pdu is not None:
                return pdu
        return None
