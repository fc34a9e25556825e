"""Data link security: frames by an insider who holds the keys and obeys no rule."""

from __future__ import annotations

from random import Random

import msgspec

from tests.fuzz.mutation import Field, Mutator
from tests.fuzz.target import ACCEPTED, Target, promise, promise_sum
from tlm_cmd.sdls.algorithms import Algorithm
from tlm_cmd.sdls.association import AssociationParameters, Role
from tlm_cmd.sdls.authentication_mask import tc_mask
from tlm_cmd.sdls.channel import GlobalChannel
from tlm_cmd.sdls.frame_security import FrameSecurity
from tlm_cmd.sdls.refusals import ProcessRefusal
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

CHANNEL, OTHER_CHANNEL = GlobalChannel(1, 1), GlobalChannel(1, 2)
MASTER, KEYS, SPARES = 1, (11, 12, 13, 14), (20, 21)
HEADER_OCTETS = 5
MOST_SECURITY_STATE_OCTETS = 10_000


def draw_associations(chance: Random) -> list[AssociationParameters]:
    """Four associations at the receiving end, one of which sends; the first two are padded or not."""
    algorithms = (Algorithm.AES_256_GCM, Algorithm.AES_256_CMAC, Algorithm.AES_256_GMAC, Algorithm.AES_256_GCM)
    made = []
    for number, algorithm in enumerate(algorithms):
        pads = chance.random() < 0.5
        made.append(
            AssociationParameters(
                spi=number + 1,
                role=Role.SENDER if number == 3 else Role.RECEIVER,
                algorithm=algorithm,
                channels=(CHANNEL,),
                header_mask=tc_mask(),
                key_id=KEYS[number],
                sequence_octets=chance.choice((1, 4, 8)) if not algorithm.iv_octets else chance.choice((0, 0, 2)),
                pad_length_octets=chance.choice((1, 2)) if pads else 0,
                block_octets=16 if pads else 1,
                iv_prefix=chance.choice((0, 7)),
                window=chance.choice((1, 8, 1000)),
            )
        )
    return made


def draw_security(chance: Random) -> FrameSecurity:
    """The receiving end."""
    ring = derive_simulation_keys(7, [MASTER], KEYS, SPARES[:1])
    security = FrameSecurity(ring, draw_associations(chance))
    security.reserve()
    security.saved()
    return security


def check_security(security: FrameSecurity) -> None:
    """The sums of frame security and its log."""
    counters, log = security.state.counters, security.state.log
    promise_sum("offered", counters.offered, counters.protected, counters.not_protected.total)
    promise_sum("received", counters.received, counters.accepted, counters.refused.total, counters.put_aside)
    promise_sum("log", log.seen, len(log.events), log.overflows, log.erased)


class FrameSecurityTarget(Target):
    """`FrameSecurity.examine` under an insider who seals with the right key whatever he likes."""

    name = "frame_security"
    declared = ()
    reaches = frozenset({ACCEPTED, "put aside", *(reason.value for reason in ProcessRefusal)} - {"key_not_active"})
    share = 40
    most_state_octets = MOST_SECURITY_STATE_OCTETS

    def __init__(self, chance: Random) -> None:
        super().__init__(chance)
        self.security = draw_security(chance)
        self.mutator = Mutator(chance, [chance.randbytes(60)], (Field(5, 2), Field(6, 1), Field(7, 4), Field(18, 1)))
        self.security.table.stop(3)
        self.cases = self.taken = self.aside = 0

    def case(self) -> bytes:
        """Channel (1 octet), whether it will be accepted (1), length of the header (1), header, and the rest."""
        chance = self.chance
        spi = chance.choice((1, 1, 1, 2, 2, 2, 3, 4))
        bound = self.security.table.bound(spi)
        assert bound is not None
        header = chance.randbytes(HEADER_OCTETS)
        ahead = chance.choice((0, 0, 0, 0, 1, 3, 7, 8, -1, -2, 999, 1000, 1 << 33))
        counter = max(bound.use.next_counter + ahead, 0)
        octets = bound.parameters.sequence_octets or 8
        data = chance.randbytes(chance.choice((1, 10, 16, 40)))
        sealed = self._sealed(spi, header, data, counter % (1 << 8 * octets))
        draw = chance.random()
        if draw < 0.05:
            header += b"\0"
        elif draw < 0.3:
            return bytes([chance.random() < 0.03, chance.randrange(4), 5]) + self.mutator.mutate(header + sealed)
        elif draw < 0.31:
            sealed += bytes(2048)
        return bytes([chance.random() < 0.03, chance.randrange(4), len(header)]) + header + sealed

    def _sealed(self, spi: int, header: bytes, data: bytes, counter: int) -> bytes:
        """A frame with the right MAC, but maybe with a wrong start of the vector or too much padding."""
        bound = self.security.table.bound(spi)
        assert bound is not None
        protection, parameters = bound.protection, bound.parameters
        draw = self.chance.random()
        if draw > 0.1:
            return protection.seal(header, data, counter)
        cipher, masked = protection._cipher, protection._masked(header)
        iv = self.chance.randbytes(parameters.algorithm.iv_octets)
        behind = counter.to_bytes(parameters.sequence_octets, "big") if parameters.sequence_octets else b""
        pad = self.chance.randrange(1 << 8 * parameters.pad_length_octets)
        behind += pad.to_bytes(parameters.pad_length_octets, "big") if parameters.pad_length_octets else b""
        if draw < 0.05 and iv:
            iv = parameters.iv_prefix.to_bytes(4, "big") + counter.to_bytes(8, "big")
        spi_octets = spi.to_bytes(2, "big")
        return spi_octets + iv + behind + cipher.seal(iv, masked + spi_octets + bytes(len(iv)) + behind, data)

    def run(self, case: bytes) -> str:
        """Examine a frame, then accept it or put it aside."""
        self.cases += 1
        channel, wanted, header_octets = [*case[:3], 0, 0, 0][:3]
        header, octets = case[3 : 3 + header_octets], case[3 + header_octets :]
        examined = self.security.examine(OTHER_CHANNEL if channel else CHANNEL, header, octets, self.cases)
        if isinstance(examined, ProcessRefusal):
            return examined.value
        bound = self.security.table.bound(examined.spi)
        promise(bound is not None and examined.data, what="data of no association, or none")
        if wanted == 0:
            self.security.put_aside(examined)
            self.aside += 1
            return "put aside"
        self.security.accept(examined)
        self.taken += 1
        again = self.security.process(CHANNEL, header, octets, self.cases)
        promise(again.refusal is ProcessRefusal.REPLAYED, what="a frame is accepted twice")
        self.cases += 1
        return ACCEPTED

    def check(self) -> None:
        """Each frame is accepted, refused or put aside."""
        counters = self.security.state.counters
        promise_sum("frames", counters.received, self.cases)
        promise_sum("accepted", counters.accepted, self.taken)
        promise_sum("put aside", counters.put_aside, self.aside)
        check_security(self.security)
        self.security.report()

    def memory(self) -> msgspec.Struct:
        """The security's."""
        return self.security.state

    def restore(self, state: msgspec.Struct) -> None:
        """Come back after a restart with it."""
        assert isinstance(state, type(self.security.state))
        self.security.state = state
        self.security.reserve()
        self.security.saved()


TARGETS: tuple[type[Target], ...] = (FrameSecurityTarget,)
