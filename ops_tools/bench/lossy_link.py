"""A link between two file delivery entities that loses, repeats and reorders PDUs, in simulated time."""

from __future__ import annotations

import heapq
import random

import msgspec

from tlm_cmd.cfdp.entity import Entity

MS = 1_000_000


class LinkQuality(msgspec.Struct, frozen=True):
    """How a link treats PDUs, the same each way.

    Attributes:
        loss: share of PDUs that never arrive.
        repeats: share that arrive twice.
        reorders: share that arrive later than what was sent after them.
        slot_ns: time in which one PDU can be sent.
        delay_ns: time from one end to the other.
        late_ns: what the late ones take at most beyond that.
    """

    loss: float = 0.0
    repeats: float = 0.0
    reorders: float = 0.0
    slot_ns: int = MS
    delay_ns: int = 250 * MS
    late_ns: int = 50 * MS


class LossyLink:
    """Two entities and what is between them.

    Args:
        ends: the entities.
        quality: of the link.
        chance: decides what becomes of each PDU.
    """

    def __init__(self, ends: tuple[Entity, Entity], quality: LinkQuality, chance: random.Random) -> None:
        self.ends = ends
        self.quality = quality
        self.now_ns = 0
        self.sent = [0, 0]
        """PDUs that each end has given out."""
        self._chance = chance
        self._under_way: list[tuple[int, int, int, bytes]] = []
        self._number = 0

    @property
    def over(self) -> bool:
        """Whether both ends have closed all transactions and nothing is under way."""
        return not self._under_way and not any(end.transactions or end.state.answers for end in self.ends)

    def run(self, until_ns: int) -> None:
        """Let time go on to a moment, or until all is over."""
        while self.now_ns < until_ns and not self.over:
            self.step(until_ns)

    def step(self, until_ns: int) -> None:
        """Deliver what arrives now, let each end send one PDU, and go on to when something happens next."""
        while self._under_way and self._under_way[0][0] <= self.now_ns:
            _, _, to, pdu = heapq.heappop(self._under_way)
            self.ends[to].receive(pdu, self.now_ns)
        sent = False
        for index, end in enumerate(self.ends):
            pdu_out = end.next_pdu(self.now_ns)
            if pdu_out is not None:
                sent = True
                self.sent[index] += 1
                self._carry(1 - index, pdu_out)
        next_ns = [until_ns]
        if sent:
            next_ns.append(self.now_ns + self.quality.slot_ns)
        if self._under_way:
            next_ns.append(self._under_way[0][0])
        next_ns += [deadline for end in self.ends if (deadline := end.next_deadline_ns) is not None]
        self.now_ns = max(self.now_ns + 1, min(next_ns))

    def _carry(self, to: int, pdu: bytes) -> None:
        quality, chance = self.quality, self._chance
        if chance.random() < quality.loss:
            return
        for _ in range(1 + (chance.random() < quality.repeats)):
            late_ns = round(chance.random() * quality.late_ns) if chance.random() < quality.reorders else 0
            self._number += 1
            heapq.heappush(self._under_way, (self.now_ns + quality.delay_ns + late_ns, self._number, to, pdu))
