"""An entity: all transactions of one end of a link, or of several links (CCSDS 727.0-B-5, sections 3 and 4)."""

from tlm_cmd.cfdp.entity_intake import EntityIntake
from tlm_cmd.cfdp.entity_table import NEVER_NS
from tlm_cmd.cfdp.errors import UnknownTransactionError
from tlm_cmd.cfdp.indications import Indication, Report
from tlm_cmd.cfdp.requests import TransactionId


class Entity(EntityIntake):
    """Sends files to other entities and receives theirs.

    It does nothing by itself: `receive` takes what a link brings and never raises, `next_pdu` gives what a link has
    room for, and both take the time. Where nothing comes and nothing may be sent, `poll` takes the time, at the
    latest at `next_deadline_ns`. What the user is to know waits in `take_indications`.

    Args:
        local: what it is.
        remotes: the others; PDUs of any else are refused.
        filestore: where its files are.
        padded: whether the link fills its units up, so that octets behind a PDU mean nothing.
    """

    def suspend(self, transaction: TransactionId) -> None:
        """Let a transaction rest (3.4.3); see `Transaction.suspend`.

        Raises:
            UnknownTransactionError: it is not going on.
        """
        for end in self._ends(transaction):
            end.suspend()

    def resume(self, transaction: TransactionId, now_ns: int) -> None:
        """End the rest of a transaction (3.4.4).

        Raises:
            UnknownTransactionError: it is not going on.
        """
        for end in self._ends(transaction):
            end.resume(now_ns)
            self._touch(end)

    def report(self, transaction: TransactionId) -> Report:
        """Return how a transaction stands (3.4.5); of one that has both ends here, how its sender does.

        Raises:
            UnknownTransactionError: it is not going on.
        """
        return self._ends(transaction)[0].report()

    def prompt(self, transaction: TransactionId, *, keep_alive: bool) -> None:
        """Ask the receiver of a file for a Keep Alive, or else for a NAK (4.6.4.3, 4.6.5).

        Raises:
            UnknownTransactionError: it is not being sent.
        """
        sender = self._senders.get(transaction)
        if sender is None:
            raise UnknownTransactionError(transaction.source_id, transaction.sequence_number)
        sender.prompt(keep_alive=keep_alive)
        self._touch(sender)

    @property
    def transactions(self) -> tuple[TransactionId, ...]:
        """The transactions that are going on, those being sent first."""
        return (*self._senders, *self._receivers)

    def take_indications(self) -> list[Indication]:
        """Return what the user has not heard yet, the oldest first."""
        taken, self._state.indications = self._state.indications, []
        return taken

    # ------------------------------------------------------------------ the link comes and goes

    def freeze(self, entity_id: int) -> None:
        """Say that the link to an entity is away, as at the end of a pass (4.12).

        Nothing is given out for it and no time runs out; what still arrives is taken.

        Raises:
            UnknownEntityError: the entity is not known.
        """
        peer = self._peer(entity_id)
        if entity_id not in self._state.frozen:
            self._state.frozen.append(entity_id)
        for end in self._all():
            if end.environment is peer.environment:
                end.freeze()

    def thaw(self, entity_id: int, now_ns: int) -> None:
        """Say that the link to an entity is there again (4.12).

        Raises:
            UnknownEntityError: the entity is not known.
        """
        peer = self._peer(entity_id)
        if entity_id in self._state.frozen:
            self._state.frozen.remove(entity_id)
        for end in self._all():
            if end.environment is peer.environment:
                end.thaw(now_ns)
                self._touch(end)

    def restart(self, now_ns: int) -> None:
        """Go on after an earlier state was restored; the clock may have begun anew."""
        for end in self._all():
            end.restart(now_ns)
            self._touch(end)

    # ------------------------------------------------------------------ time, and out

    @property
    def next_deadline_ns(self) -> int | None:
        """When `poll` may have something to do if nothing happens before; None if never."""
        return None if self._wake_ns == NEVER_NS else self._wake_ns

    def poll(self, now_ns: int) -> None:
        """Take the time."""
        if now_ns < self._wake_ns:
            return
        self._wake_ns = NEVER_NS
        for end in self._all():
            deadline = end.next_deadline_ns
            if deadline is not None and now_ns >= deadline:
                end.advance(now_ns)
                self._peer_of(end).mark(end)
            self._settle(end)

    def next_pdu(self, now_ns: int, entity_id: int | None = None) -> bytes | None:
        """Return the next PDU to be sent, None if there is nothing to be sent now.

        Args:
            now_ns: the time.
            entity_id: to whom the link leads; None if to all.

        Raises:
            UnknownEntityError: the entity is not known.
        """
        if now_ns >= self._wake_ns:
            self.poll(now_ns)
        if self._state.answers:
            answer = self._next_answer(entity_id)
            if answer is not None:
                return answer
        if entity_id is not None:
            return self._peer(entity_id).next_pdu(now_ns)
        for peer in self._peers.values():
            pdu = peer.next_pdu(now_ns)
            if pdu is not None:
                return pdu
        return None

    def _next_answer(self, entity_id: int | None) -> bytes | None:
        frozen, answers = self._state.frozen, self._state.answers
        for index, answer in enumerate(answers):
            if answer.entity_id not in frozen and entity_id in (None, answer.entity_id):
                del answers[index]
                self._state.counters.answers += 1
                return answer.pdu
        return None
