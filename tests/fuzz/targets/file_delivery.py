"""File delivery: two entities whose PDUs are changed on their way."""

from __future__ import annotations

from contextlib import suppress
from random import Random

import msgspec

from tests.fuzz.mutation import Mutator
from tests.fuzz.target import REPAIRED_SHARE, Target, promise, promise_sum
from tests.fuzz.targets.file_delivery_pdus import (
    MOST_TRANSACTIONS,
    PDU_FIELDS,
    PDU_REPAIRS,
    SECOND,
    draw_pdus,
    draw_request,
    make_entity,
)
from tlm_cmd.cfdp.entity import Entity
from tlm_cmd.cfdp.entity_state import EntityState
from tlm_cmd.cfdp.pdu.codec import Pdu
from tlm_cmd.cfdp.pdu.directives import Eof
from tlm_cmd.cfdp.pdu.file_data import FileData
from tlm_cmd.cfdp.requests import TransactionId
from tlm_cmd.errors import ProtocolError


class EntityTarget(Target):
    """Two entities that send each other files; their PDUs are changed, lost, repeated, late; their users interfere.

    An input is an octet that says which entity (1 or 2), one that says what happens, and a PDU.
    """

    name = "cfdp_entity"
    declared = ()
    reaches = frozenset(
        {
            *("accepted", "late", "bad_content", "bad_crc", "bad_length", "too_short", "bad_version"),
            *("wrong_direction", "wrong_destination", "unknown_entity", "unknown_transaction"),
            *("too_many_transactions", "put", "cancelled", "suspended", "resumed", "frozen", "thawed"),
        }
    )
    share = 40
    most_state_octets = 120_000

    def __init__(self, chance: Random) -> None:
        super().__init__(chance)
        self.ends = make_entity(chance, 1), make_entity(chance, 2)
        self.mutator = Mutator(chance, draw_pdus(chance), PDU_FIELDS)
        self.on_the_way: list[tuple[int, bytes]] = []
        """PDUs that have not arrived yet, and to which entity they go."""
        self.now_ns = 0
        self.received = [0, 0]

    def case(self) -> bytes:
        """What happens next: a PDU arrives, mostly."""
        chance = self.chance
        draw = chance.random()
        if draw < 0.10 or (not self.on_the_way and draw < 0.5):
            return bytes([chance.choice((1, 2)), chance.randrange(1, 12), chance.randrange(256)])
        if not self.on_the_way:
            return bytes([chance.choice((1, 2)), 0]) + self._changed(chance.choice(self.mutator.donors))
        index = 0 if draw < 0.9 else chance.randrange(len(self.on_the_way))
        to, pdu = self.on_the_way[index] if draw < 0.15 else self.on_the_way.pop(index)
        return bytes([to, 0]) + (self._changed(pdu) if chance.random() < 0.3 else pdu)

    def _changed(self, pdu: bytes) -> bytes:
        if self.chance.random() < 0.1:
            return self._far(pdu)
        pdu = self.mutator.mutate(pdu)
        for repair in PDU_REPAIRS:
            if self.chance.random() < REPAIRED_SHARE:
                pdu = repair(pdu)
        return pdu

    def _far(self, pdu: bytes) -> bytes:
        """A PDU with sizes of the other length, or at the edge of what they can name."""
        with suppress(ProtocolError):
            known = Pdu.unpack(pdu)
            large = known.header.large_file is (self.chance.random() < 0.3)
            content = known.content
            if isinstance(content, FileData):
                edge = self.chance.choice((0, 1, (1 << 32) - 1, (1 << 32) - 60, 1 << 40 if large else 7, 3000))
                content = FileData(edge, content.data[: self.chance.choice((0, 1, 60))])
            elif isinstance(content, Eof):
                content = Eof(content.checksum, self.chance.choice((0, 50, (1 << 32) - 1, 1 << 40 if large else 9)))
            return Pdu(msgspec.structs.replace(known.header, large_file=large, segment_metadata=False), content).pack()
        return pdu

    def run(self, case: bytes) -> str:
        """Let it happen, then let both entities say what they have to say."""
        number, event, rest = [*case[:3], 0, 0, 0][:3]
        index = 1 if number == 2 else 0
        outcome = self._receive(index, case[2:]) if event == 0 else self._happen(index, event, rest)
        for to, end in ((2, self.ends[0]), (1, self.ends[1])):
            for _ in range(3):
                pdu = end.next_pdu(self.now_ns)
                if pdu is None:
                    break
                Pdu.unpack(pdu)
                self.on_the_way.append((to, pdu))
        del self.on_the_way[:-40]
        return outcome

    def _receive(self, index: int, pdu: bytes) -> str:
        counters = self.ends[index].state.counters
        before = msgspec.structs.asdict(counters)
        self.received[index] += 1
        self.ends[index].receive(pdu, self.now_ns)
        for name, value in msgspec.structs.asdict(counters).items():
            if name != "pdus" and value != before[name]:
                return name
        return "nothing"

    def _happen(self, index: int, event: int, rest: int) -> str:
        """What a user or the time does."""
        end, other = self.ends[index], 2 - index
        outcome = "heard"
        if event <= 3:
            try:
                end.put(draw_request(Random(rest), other))
                outcome = "put"
            except ProtocolError:
                outcome = "not put"
        elif event <= 6:
            self.now_ns += (1 + rest) * SECOND // 8
            for each in self.ends:
                each.poll(self.now_ns)
            outcome = "time"
        elif event == 7:
            end.freeze(other)
            outcome = "frozen"
        elif event == 8:
            end.thaw(other, self.now_ns)
            outcome = "thawed"
        elif end.transactions:
            outcome = self._interfere(end, end.transactions[rest % len(end.transactions)], event)
        end.take_indications()
        return outcome

    def _interfere(self, end: Entity, transaction: TransactionId, event: int) -> str:
        if event == 9:
            end.cancel(transaction)
            return "cancelled"
        if event == 10:
            end.suspend(transaction)
            return "suspended"
        end.resume(transaction, self.now_ns)
        return "resumed"

    def check(self) -> None:
        """Each PDU is accepted, late or refused; each segment is new, repeated, refused or late; all within bounds."""
        for end, received in zip(self.ends, self.received, strict=True):
            state, counters = end.state, end.state.counters
            promise_sum("PDUs", counters.pdus, received)
            promise_sum("PDUs", counters.pdus, counters.accepted, counters.late, counters.refused)
            for receiver in state.receivers:
                each = receiver.counters
                kinds = each.new_segments, each.repeated_segments, each.refused_segments, each.late_segments
                promise_sum("segments", each.segments, *kinds)
                promise(len(receiver.received.starts) <= 6 + 1, what="more parts than the bound")
            promise(len(state.senders) <= MOST_TRANSACTIONS, what="more senders than the bound")
            promise(len(state.receivers) <= MOST_TRANSACTIONS, what="more receivers than the bound")
            promise(len(state.indications) <= 20 and len(state.answers) <= 3, what="more waits than the bound")
            promise(len(state.closed_senders) <= 8 and len(state.closed_receivers) <= 8, what="more closed remembered")
            for transaction in end.transactions:
                end.report(transaction)

    def memory(self) -> msgspec.Struct:
        """That of the receiving entity."""
        return self.ends[1].state

    def restore(self, state: msgspec.Struct) -> None:
        """Let it come back after a restart."""
        assert isinstance(state, EntityState)
        self.ends[1].state = state
        self.ends[1].restart(self.now_ns)


TARGETS: tuple[type[Target], ...] = (EntityTarget,)
