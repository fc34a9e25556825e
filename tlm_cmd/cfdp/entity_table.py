"""The transactions of an entity, and what follows from them (CCSDS 727.0-B-5, sections 3.4 and 4.6.1)."""

from collections.abc import Iterable
from struct import Struct

import msgspec

from tlm_cmd.cfdp.beginnings import begin_receiving, begin_sending
from tlm_cmd.cfdp.closed import ClosedTransactions
from tlm_cmd.cfdp.codes import ConditionCode, PduType
from tlm_cmd.cfdp.entity_state import EntityState
from tlm_cmd.cfdp.errors import TooManyTransactionsError, UnknownEntityError, UnknownTransactionError
from tlm_cmd.cfdp.filestore import Filestore
from tlm_cmd.cfdp.indications import (
    Abandoned,
    Indication,
    MetadataReceived,
    TransactionFinished,
    TransactionStarted,
)
from tlm_cmd.cfdp.parameters import LocalEntity, RemoteEntity
from tlm_cmd.cfdp.pdu.header import PduHeader
from tlm_cmd.cfdp.peer import Peer
from tlm_cmd.cfdp.receiver import Receiver
from tlm_cmd.cfdp.requests import PutRequest, TransactionId
from tlm_cmd.cfdp.sender import Sender
from tlm_cmd.cfdp.transaction import Environment
from tlm_cmd.cfdp.user_operations import UserOperations
from tlm_cmd.packets.crc import CRC_OCTETS

NEVER_NS = 1 << 63
_SMALL_OFFSET = Struct(">I")
_LARGE_OFFSET = Struct(">Q")


class Route(msgspec.Struct, frozen=True):
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


class EntityTable:
    """The part of an entity that begins transactions, ends them, and keeps its memory.

    Args:
        local: what it is.
        remotes: the others.
        filestore: where its files are.
        padded: whether octets behind a PDU mean nothing.
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
        self._routes: dict[bytes, Route] = {}
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

    def cancel(self, transaction: TransactionId, condition: ConditionCode = ConditionCode.CANCEL_REQUEST) -> None:
        """Cancel a transaction at whichever end this is (3.4.2).

        Args:
            transaction: which.
            condition: why; a user who looks after faults himself says which one it was.

        Raises:
            UnknownTransactionError: it is not going on.
        """
        for end in self._ends(transaction):
            end.cancel(condition)
            self._touch(end)

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

    def _add_route(self, receiver: Receiver) -> None:
        """Let file data with the plain header of a transaction go straight to its receiver."""
        if self.local.segment_indications:
            return
        state = receiver.state
        header = state.header.turned()
        self._routes[header.tail(PduType.FILE_DATA)] = Route(
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
