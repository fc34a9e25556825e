"""What an entity does with the PDUs that a link brings (CCSDS 727.0-B-5, 4.1 and 4.7)."""

import msgspec

from tlm_cmd.cfdp.beginnings import begins_a_transaction, direction_of
from tlm_cmd.cfdp.codes import Direction, DirectiveCode, Mode, TransactionStatus
from tlm_cmd.cfdp.entity_state import Answer
from tlm_cmd.cfdp.entity_table import EntityTable
from tlm_cmd.cfdp.pdu.codec import Pdu
from tlm_cmd.cfdp.pdu.directives import Ack, Eof, Finished
from tlm_cmd.cfdp.pdu.header import HEADER_OCTETS_BY_LENGTHS, PREFIX_OCTETS, PduHeader
from tlm_cmd.cfdp.peer import Peer
from tlm_cmd.cfdp.requests import TransactionId
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.crc import crc16


class EntityIntake(EntityTable):
    """The part of an entity that reads PDUs and hands them to their transactions."""

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
        if receiver is not None and header.large_file is not receiver.state.header.large_file:
            counters.bad_content += 1  # what is missing of such a part could never be asked for
            return
        if receiver is not None:
            counters.accepted += 1
            receiver.receive(content, now_ns)
            self._touch(receiver)
            return
        status = self._count_stray(closed=closed)
        if isinstance(content, Eof) and header.mode is Mode.ACKNOWLEDGED:
            self._answer(header, Ack(DirectiveCode.EOF, content.condition, status))

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
