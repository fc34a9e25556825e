"""An entity: all transactions of one end of a link, or of several links (CCSDS 727.0-B-5, sections 3 and 4)."""

from collections.abc import Iterable
from struct import Struct

import msgspec

from tlm_cmd.cfdp.beginnings import begin_receiving, begin_sending, begins_a_transaction, direction_of
from tlm_cmd.cfdp.closed import ClosedTransactions
from tlm_cmd.cfdp.codes import Direction, DirectiveCode, Mode, PduType, TransactionStatus
from tlm_cmd.cfdp.entity_state import Answer, EntityState
from tlm_cmd.cfdp.errors import TooManyTransactionsError, UnknownEntityError, UnknownTransactionError
from tlm_cmd.cfdp.filestore import Filestore
from tlm_cmd.cfdp.indications import (
    Abandoned,
    Indication,
    MetadataReceived,
    Report,
    TransactionFinished,
    TransactionStarted,
)
from tlm_cmd.cfdp.parameters import LocalEntity, RemoteEntity
from tlm_cmd.cfdp.pdu.codec import Pdu
from tlm_cmd.cfdp.pdu.directives import Ack, Eof, Finished
from tlm_cmd.cfdp.pdu.header import HEADER_OCTETS_BY_LENGTHS, PREFIX_OCTETS, PduHeader
from tlm_cmd.cfdp.peer import Peer
from tlm_cmd.cfdp.receiver import Receiver
from tlm_cmd.cfdp.requests import PutRequest, TransactionId
from tlm_cmd.cfdp.sender import Sender
from tlm_cmd.cfdp.transaction import Environment
from tlm_cmd.cfdp.user_operations import UserOperations
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.crc import CRC_OCTETS, crc16

NEVER_NS = 1 << 63
_SMALL_OFFSET = Struct(">I")
_LARGE_OFFSET = Struct(">Q")


class _Route(msgspec.Struct, frozen=True):
    """Where file data with a known header go, and how they are read.

    Attributes:
        receiver: takes them.
        first_octet: of the header.
        offset: how the offset is read.
        offset_octets: its length.
        crc_octets: length of the CRC, 0 if there is none.
    """

    receiver: Receiver
    first_octet: int
    offset: Struct
    offset_octets: int
    crc_octets: int


class Entity:
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

    def __init__(
        self, local: LocalEntity, remotes: Iterable[RemoteEntity], filestore: Filestore, *, padded: bool = False
    ) -> None:
        self.local = local
        self.filestore = filestore
        self._padded = padded
        self._peers = {
            remote.entity_id: Peer(Environment(local, remote, filestore, self._indicate), self._settle)
            for remote in remotes
        }
        self._state = EntityState()
        self._load()

    @property
    def state(self) -> EntityState:
        """The memory; set it to restore an earlier one, and call `restart` then."""
        return self._state

    @state.setter
    def state(self, state: EntityState) -> None:
        known = tuple(self._peers)
        for sender in state.senders:
            if sender.header.destination_id not in self._peers:
                raise UnknownEntityError(sender.header.destination_id, known)
        for receiver in state.receivers:
            if receiver.header.source_id not in self._peers:
                raise UnknownEntityError(receiver.header.source_id, known)
        self._state = state
        self._load()

    def _load(self) -> None:
        """Set up all that follows from the state."""
        state, local = self._state, self.local
        self._wake_ns = 0
        self._routes: dict[bytes, _Route] = {}
        self._senders: dict[TransactionId, Sender] = {}
        self._receivers: dict[TransactionId, Receiver] = {}
        self._closed_senders = ClosedTransactions(state.closed_senders, local.max_closed)
        self._closed_receivers = ClosedTransactions(state.closed_receivers, local.max_closed)
        self._operations = UserOperations(state, self, self.filestore, local.max_listing_octets)
        for peer in self._peers.values():
            peer.clear()
        for sender_state in state.senders:
            peer = self._peers[sender_state.header.destination_id]
            self._senders[sender_state.transaction] = Sender(sender_state, peer.environment)
            peer.mark(self._senders[sender_state.transaction])
        for receiver_state in state.receivers:
            peer = self._peers[receiver_state.header.source_id]
            receiver = Receiver(receiver_state, peer.environment)
            self._receivers[receiver_state.transaction] = receiver
            self._add_route(receiver)
            peer.mark(receiver)

    # ------------------------------------------------------------------ what the user asks for

    def put(self, request: PutRequest, originating: TransactionId | None = None) -> TransactionId:
        """Begin to send, and return the name of the transaction (3.4.1).

        Args:
            request: what, and where to.
            originating: the transaction because of which it is sent.

        Raises:
            UnknownEntityError: the parameters of the destination are not known.
            TooManyTransactionsError: as many files are being sent as may.
            FilestoreError: there is no such file.
            FieldRangeError, WrongValueError: names, messages and requests do not fit into metadata, or those into
                a PDU.
        """
        peer = self._peer(request.destination_id)
        if len(self._senders) >= self.local.max_transactions:
            raise TooManyTransactionsError(self.local.max_transactions)
        state = begin_sending(request, peer.environment, self._next_transaction())
        transaction = state.transaction
        self._state.next_sequence = transaction.sequence_number + 1
        sender = Sender(state, peer.environment)
        if request.destination_id in self._state.frozen:
            sender.freeze()
        self._state.senders.append(state)
        self._senders[transaction] = sender
        peer.mark(sender)
        self._indicate(TransactionStarted(transaction, originating))
        return transaction

    def cancel(self, transaction: TransactionId) -> None:
        """Cancel a transaction at whichever end this is (3.4.2).

        Raises:
            UnknownTransactionError: it is not going on.
        """
        for end in self._ends(transaction):
            end.cancel()
            self._touch(end)

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

    # ------------------------------------------------------------------ in

    def receive(self, octets: bytes, now_ns: int) -> None:
        """Take a PDU; what is wrong with it is counted by reason."""
        counters = self._state.counters
        counters.pdus += 1
        if len(octets) > PREFIX_OCTETS:
            start = HEADER_OCTETS_BY_LENGTHS[octets[3]]
            route = self._routes.get(octets[3:start])
            if route is not None and octets[0] == route.first_octet:
                end = start + (octets[1] << 8 | octets[2])
                crc_octets = route.crc_octets
                data_start = start + route.offset_octets
                whole = end == len(octets) and end - crc_octets >= data_start
                if whole and not (crc_octets and crc16(octets)):
                    counters.accepted += 1
                    (offset,) = route.offset.unpack_from(octets, start)
                    data = octets[data_start : end - crc_octets]
                    if route.receiver.receive_segment(offset, data, now_ns):
                        self._touch(route.receiver)
                    return
        self._receive_any(octets, now_ns)

    def _receive_any(self, octets: bytes, now_ns: int) -> None:
        counters = self._state.counters
        try:
            pdu = Pdu.unpack(octets, padded=self._padded)
        except ProtocolError as error:
            counters.count_malformed(error)
            return
        header = pdu.header
        toward_receiver = header.direction is Direction.TOWARD_RECEIVER
        here, there = header.destination_id, header.source_id
        if not toward_receiver:
            here, there = there, here
        if direction_of(pdu.content) is not header.direction:
            counters.wrong_direction += 1
        elif here != self.local.entity_id:
            counters.wrong_destination += 1
        elif there not in self._peers:
            counters.unknown_entity += 1
        elif toward_receiver:
            self._receive_as_receiver(pdu, self._peers[there], now_ns)
        else:
            self._receive_as_sender(pdu, now_ns)

    def _receive_as_sender(self, pdu: Pdu, now_ns: int) -> None:
        header, content, counters = pdu.header, pdu.content, self._state.counters
        transaction = TransactionId(header.source_id, header.sequence_number)
        sender = self._senders.get(transaction)
        if sender is not None:
            counters.accepted += 1
            sender.receive(content, now_ns)
            self._touch(sender)
            return
        status = self._count_stray(closed=transaction in self._closed_senders)
        if isinstance(content, Finished) and header.mode is Mode.ACKNOWLEDGED:
            self._answer(header, Ack(DirectiveCode.FINISHED, content.condition, status))

    def _receive_as_receiver(self, pdu: Pdu, peer: Peer, now_ns: int) -> None:
        header, content, counters = pdu.header, pdu.content, self._state.counters
        transaction = TransactionId(header.source_id, header.sequence_number)
        receiver = self._receivers.get(transaction)
        closed = transaction in self._closed_receivers
        if receiver is None and not closed and begins_a_transaction(content):
            if len(self._receivers) >= self.local.max_transactions:
                counters.too_many_transactions += 1
                return
            receiver = self._begin_receiving(header, peer, now_ns)
        if receiver is not None:
            counters.accepted += 1
            receiver.receive(content, now_ns)
            self._touch(receiver)
            return
        status = self._count_stray(closed=closed)
        if isinstance(content, Eof) and header.mode is Mode.ACKNOWLEDGED:
            self._answer(header, Ack(DirectiveCode.EOF, content.condition, status))

    def _begin_receiving(self, header: PduHeader, peer: Peer, now_ns: int) -> Receiver:
        state = begin_receiving(header, peer.environment.remote)
        receiver = Receiver(state, peer.environment)
        receiver.begin(now_ns)
        if header.source_id in self._state.frozen:
            receiver.freeze()
        self._state.receivers.append(state)
        self._receivers[state.transaction] = receiver
        self._add_route(receiver)
        return receiver

    def _count_stray(self, *, closed: bool) -> TransactionStatus:
        """Count a PDU of a transaction that is not going on, and return what is known of it."""
        if closed:
            self._state.counters.late += 1
            return TransactionStatus.TERMINATED
        self._state.counters.unknown_transaction += 1
        return TransactionStatus.UNRECOGNISED

    def _answer(self, header: PduHeader, ack: Ack) -> None:
        """Acknowledge what belongs to a transaction that is not going on."""
        answer = msgspec.structs.replace(header.turned(), segmentation_control=False, segment_metadata=False)
        to = header.source_id if header.direction is Direction.TOWARD_RECEIVER else header.destination_id
        if len(self._state.answers) >= self.local.max_answers:
            self._state.counters.dropped_answers += 1
        else:
            self._state.answers.append(Answer(to, Pdu(answer, ack).pack()))

    # ------------------------------------------------------------------ bookkeeping

    def _add_route(self, receiver: Receiver) -> None:
        """Let file data with the plain header of a transaction go straight to its receiver."""
        if self.local.segment_indications:
            return
        state = receiver.state
        header = state.header.turned()
        self._routes[header.tail(PduType.FILE_DATA)] = _Route(
            receiver,
            header.first_octet(PduType.FILE_DATA),
            _LARGE_OFFSET if header.large_file else _SMALL_OFFSET,
            8 if header.large_file else 4,
            CRC_OCTETS if header.crc else 0,
        )

    def _peer(self, entity_id: int) -> Peer:
        peer = self._peers.get(entity_id)
        if peer is None:
            raise UnknownEntityError(entity_id, tuple(self._peers))
        return peer

    def _peer_of(self, end: Sender | Receiver) -> Peer:
        return self._peers[end.environment.remote.entity_id]

    def _all(self) -> list[Sender | Receiver]:
        return [*self._senders.values(), *self._receivers.values()]

    def _ends(self, transaction: TransactionId) -> list[Sender | Receiver]:
        ends = [end for end in (self._senders.get(transaction), self._receivers.get(transaction)) if end is not None]
        if not ends:
            raise UnknownTransactionError(transaction.source_id, transaction.sequence_number)
        return ends

    def _next_transaction(self) -> TransactionId:
        """Return the next number that no transaction has which is going on."""
        modulo = 1 << 8 * self.local.sequence_octets
        number = self._state.next_sequence % modulo
        while TransactionId(self.local.entity_id, number) in self._senders:
            number = (number + 1) % modulo
        return TransactionId(self.local.entity_id, number)

    def _touch(self, end: Sender | Receiver) -> None:
        """Something has happened to one end of a transaction."""
        self._peer_of(end).mark(end)
        self._settle(end)

    def _settle(self, end: Sender | Receiver) -> None:
        """Note when a transaction wants the time next, or that it is over."""
        if end.done:
            self._close(end)
            return
        deadline = end.next_deadline_ns
        if deadline is not None and deadline < self._wake_ns:
            self._wake_ns = deadline

    def _close(self, end: Sender | Receiver) -> None:
        state, transaction = self._state, end.transaction
        self._peer_of(end).forget(end)
        octets = end.state.header.sequence_octets
        if isinstance(end, Sender):
            if self._senders.pop(transaction, None) is not None:
                state.senders = [other for other in state.senders if other is not end.state]
                self._closed_senders.add(transaction, octets)
        elif self._receivers.pop(transaction, None) is not None:
            state.receivers = [other for other in state.receivers if other is not end.state]
            self._closed_receivers.add(transaction, octets)
            self._routes.pop(end.state.header.turned().tail(PduType.FILE_DATA), None)

    def _indicate(self, indication: Indication) -> None:
        state = self._state
        if len(state.indications) < self.local.max_indications:
            state.indications.append(indication)
        else:
            state.counters.dropped_indications += 1
        if isinstance(indication, MetadataReceived):
            if indication.metadata.messages:
                remote = self._peers[indication.transaction.source_id].environment.remote
                for further in self._operations.on_metadata(indication, remote):
                    self._indicate(further)
        elif isinstance(indication, TransactionFinished | Abandoned):
            self._operations.on_end(indication)
