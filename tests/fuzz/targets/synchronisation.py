"""Receivers of bits that look for units at any bit: CLTUs, sync markers."""

from __future__ import annotations

from random import Random

import msgspec

from tests.fuzz.streams import BitStream
from tests.fuzz.target import Changes, Target, promise, promise_sum
from tests.fuzz.targets.coding import draw_cltu_parameters, draw_frames, promise_cltu
from tlm_cmd.coding.cltu import encode_cltu
from tlm_cmd.coding.cltu_receiver import CltuReceiver
from tlm_cmd.coding.frame_synchroniser import FrameSynchroniser
from tlm_cmd.coding.synchroniser_parameters import ATTACHED_SYNC_MARKER, SynchroniserParameters


class CltuReceiverTarget(Target):
    """`CltuReceiver` on a stream of bits, with losses of the signal."""

    name = "cltu_receiver"
    declared = ()
    reaches = frozenset({"tails", "rejected", "oversize", "interrupted", "under way"})
    share = 20
    most_state_octets = 1200

    def __init__(self, chance: Random) -> None:
        super().__init__(chance)
        self.parameters = draw_cltu_parameters(chance)
        self.receiver = CltuReceiver(self.parameters)
        self.stream = BitStream(chance, self._unit, noise_octets=20, longest_piece=120)
        self.changes = Changes(
            self.receiver.state.counters, ("tails", "oversize", "interrupted", "rejected"), "under way"
        )
        self.fed = self.cltus = self.octets = 0

    def _unit(self) -> bytes:
        roomy = msgspec.structs.replace(self.parameters, max_octets=300)
        unit = encode_cltu(draw_frames(self.chance)[:280], roomy)
        return unit[: len(unit) - len(roomy.tail)] if self.chance.random() < 0.05 else unit

    def case(self) -> bytes:
        """The next piece, behind an octet: 1 if the signal is lost before it."""
        return bytes([self.chance.random() < 0.03]) + self.stream.piece()

    def run(self, case: bytes) -> str:
        """Feed a piece."""
        found = []
        if case[:1] == b"\1":
            found = self.receiver.deactivate()
            if self.fed % 3:
                self.receiver.activate()
        elif self.fed % 5 == 0:
            self.receiver.activate()
        self.fed += len(case[1:])
        found += self.receiver.feed(case[1:])
        for cltu in found:
            promise_cltu(cltu, self.parameters)
        self.cltus += len(found)
        self.octets += sum(len(cltu.octets) for cltu in found)
        return self.changes.outcome()

    def check(self) -> None:
        """Each bit and each start sequence is accounted for."""
        state, counters = self.receiver.state, self.receiver.state.counters
        promise_sum("bits fed", counters.bits, 8 * self.fed)
        bits = counters.inactive_bits, counters.skipped_bits, counters.start_bits, counters.block_bits
        promise_sum("bits", counters.bits, *bits, counters.tail_bits, self.receiver.buffered_bits)
        under_way = int(state.reception.value == "decode")
        ends = counters.rejected, counters.tails, counters.oversize, counters.interrupted
        promise_sum("starts by end", counters.starts, *ends, under_way)
        promise_sum("starts by content", counters.starts, counters.cltus, counters.empty, under_way)
        promise_sum("CLTUs", counters.cltus, self.cltus)
        promise_sum("octets", counters.octets, self.octets, len(state.octets))

    def memory(self) -> msgspec.Struct:
        """The receiver's."""
        return self.receiver.state

    def restore(self, state: msgspec.Struct) -> None:
        """Go on with it."""
        assert isinstance(state, type(self.receiver.state))
        self.receiver.state = state
        self.changes = Changes(state.counters, self.changes.names, "under way")


class SynchroniserTarget(Target):
    """`FrameSynchroniser` on a stream of bits."""

    name = "frame_synchroniser"
    declared = ()
    reaches = frozenset({"frames", "slips", "false_markers", "losses", "flywheel_frames", "none"})
    share = 20
    most_state_octets = 3000

    def __init__(self, chance: Random) -> None:
        super().__init__(chance)
        self.parameters = SynchroniserParameters(
            frame_octets=chance.choice((32, 50)),
            search_errors=chance.randint(0, 2),
            lock_errors=chance.randint(0, 4),
            slip_bits=chance.randint(0, 3),
            verify_markers=chance.randint(0, 3),
            flywheel_markers=chance.randint(0, 3),
            resolves_polarity=chance.random() < 0.5,
        )
        self.synchroniser = FrameSynchroniser(self.parameters)
        self.stream = BitStream(chance, self._unit, noise_octets=60, longest_piece=100)
        names = ("losses", "false_markers", "slips", "flywheel_frames", "frames")
        self.changes = Changes(self.synchroniser.state.counters, names, "none")
        self.fed = self.frames = 0

    def _unit(self) -> bytes:
        marker = b"" if self.chance.random() < 0.05 else ATTACHED_SYNC_MARKER
        return marker + self.chance.randbytes(self.parameters.frame_octets)

    def case(self) -> bytes:
        """The next piece."""
        return self.stream.piece()

    def run(self, case: bytes) -> str:
        """Feed a piece."""
        self.fed += len(case)
        frames = self.synchroniser.feed(case)
        promise(all(len(frame.octets) == self.parameters.frame_octets for frame in frames), what="length of a frame")
        self.frames += len(frames)
        return self.changes.outcome()

    def check(self) -> None:
        """Each bit is of a frame, skipped or waits."""
        state, counters = self.synchroniser.state, self.synchroniser.state.counters
        promise_sum("bits fed", counters.bits, 8 * self.fed)
        known = counters.frame_bits, counters.skipped_bits, -counters.reused_bits
        promise_sum("bits", counters.bits, *known, self.synchroniser.buffered_bits)
        promise_sum("frames", counters.frames, self.frames)
        promise(len(state.buffer) <= self.parameters.max_buffer_octets, what="buffer beyond its bound")
        promise(len(state.held) <= self.parameters.verify_markers, what="more frames held than the bound")

    def memory(self) -> msgspec.Struct:
        """The synchroniser's."""
        return self.synchroniser.state

    def restore(self, state: msgspec.Struct) -> None:
        """Go on with it."""
        assert isinstance(state, type(self.synchroniser.state))
        self.synchroniser.state = state
        self.changes = Changes(state.counters, self.changes.names, "none")


TARGETS: tuple[type[Target], ...] = (CltuReceiverTarget, SynchroniserTarget)
