"""Codes: CLTUs, the frames in them, Reed-Solomon, the convolutional code."""

from __future__ import annotations

from random import Random

import msgspec

from tests.fuzz.mutation import Field
from tests.fuzz.repairs import bch_parity, tc_frame_length
from tests.fuzz.streams import BitStream
from tests.fuzz.target import ACCEPTED, MutatedTarget, Target, promise, promise_sum
from tests.fuzz.targets.frames import TC_FIELDS, draw_tc_frame
from tlm_cmd.coding.bch import BchMode
from tlm_cmd.coding.cltu import Cltu, CltuParameters, decode_cltu, encode_cltu
from tlm_cmd.coding.convolutional import ConvolutionalEncoder
from tlm_cmd.coding.convolutional_decoder import ConvolutionalDecoder
from tlm_cmd.coding.frame_delimiting import delimit_frames
from tlm_cmd.coding.reed_solomon import CORRECTABLE, INTERLEAVES, ReedSolomon, UncorrectableError
from tlm_cmd.errors import WrongValueError

_TAILS = (b"\xc5\xc5\xc5\xc5\xc5\xc5\xc5\x79", b"\x55" * 8, b"")


def draw_frames(chance: Random) -> bytes:
    """One TC frame, or two."""
    frames = draw_tc_frame(chance, segmented=True).pack()
    return frames + draw_tc_frame(chance, segmented=True).pack() if chance.random() < 0.2 else frames


def draw_cltu_parameters(chance: Random) -> CltuParameters:
    """What a link may have agreed on."""
    return CltuParameters(
        mode=chance.choice(list(BchMode)),
        tail=chance.choice(_TAILS),
        max_octets=chance.choice((70, 300)),
        resolves_polarity=chance.random() < 0.5,
    )


class CltuTarget(MutatedTarget):
    """`decode_cltu`: what is decoded has whole blocks and stays within its bound."""

    name = "decode_cltu"
    reaches = frozenset({ACCEPTED, "empty", "corrected", "TooShortError CLTU", "WrongValueError start sequence"})
    share = 20

    def __init__(self, chance: Random) -> None:
        self.parameters = draw_cltu_parameters(chance)
        corpus = [encode_cltu(draw_frames(chance)[:280], self._roomy()) for _ in range(40)]
        super().__init__(chance, corpus, (Field(0, 2), Field(2, 1), Field(9, 1), Field(10, 1)), (self._parity,))

    def _roomy(self) -> CltuParameters:
        return msgspec.structs.replace(self.parameters, max_octets=300)

    def _parity(self, octets: bytes) -> bytes:
        tail = self.parameters.tail
        body = octets[2 : len(octets) - len(tail)] if octets.endswith(tail) else octets[2:]
        return octets[:2] + bch_parity(body) + (tail if octets.endswith(tail) else b"")

    def changed(self, octets: bytes) -> bytes:
        """A unit with sound blocks or not, and a bit struck now and then."""
        octets = super().changed(octets)
        if octets and self.chance.random() < 0.2:
            at = self.mutator.below(len(octets))
            octets = octets[:at] + bytes([octets[at] ^ 1 << self.mutator.below(8)]) + octets[at + 1 :]
        return octets

    def run(self, case: bytes) -> str:
        """Decode a unit."""
        cltu = decode_cltu(case, self.parameters)
        promise_cltu(cltu, self.parameters)
        if not cltu.blocks:
            return "empty"
        return "corrected" if cltu.corrected_bits else ACCEPTED


def promise_cltu(cltu: Cltu, parameters: CltuParameters) -> None:
    """Seven octets for each block, no more than the bound, corrections only in the mode that corrects."""
    promise_sum("octets of blocks", len(cltu.octets), 7 * cltu.blocks)
    promise(len(cltu.octets) <= parameters.max_octets, what="more octets than the bound")
    most = cltu.blocks if parameters.mode is BchMode.SINGLE_ERROR_CORRECTION else 0
    promise(cltu.corrected_bits <= most, what="more corrections than blocks")


class DelimitingTarget(MutatedTarget):
    """`delimit_frames`: each octet is of a frame, fill or refused."""

    name = "frame_delimiting"
    declared = ()
    reaches = frozenset({"frames", "refused", "fill"})

    def __init__(self, chance: Random) -> None:
        corpus = [draw_frames(chance) + b"\x55" * chance.randrange(7) for _ in range(40)]
        super().__init__(chance, corpus, TC_FIELDS, (tc_frame_length,))

    def run(self, case: bytes) -> str:
        """Cut octets into frames."""
        found = delimit_frames(case, 100)
        lengths = [len(frame) for frame in found.frames]
        promise(all(5 <= length <= 100 for length in lengths), what="frames that are too short or too long")
        promise_sum("octets", len(case), *lengths, found.fill_octets, found.refused_octets)
        if found.refused_octets:
            return "refused"
        return "frames" if lengths else "fill"


class ReedSolomonTarget(Target):
    """`ReedSolomon.decode`: what can be corrected is, and what comes out is never far from what came in."""

    name = "reed_solomon"
    declared = (UncorrectableError, WrongValueError)
    reaches = frozenset({"as sent", "corrected", "UncorrectableError", "WrongValueError code block octets"})
    chunk = 500

    def __init__(self, chance: Random) -> None:
        super().__init__(chance)
        correctable, interleave = chance.choice(CORRECTABLE), chance.choice(INTERLEAVES)
        self.code = ReedSolomon(correctable, interleave, dual_basis=chance.random() < 0.5)
        lengths = (1, 10, self.code.max_data_octets // interleave)
        self.blocks = [self.code.encode(chance.randbytes(chance.choice(lengths) * interleave)) for _ in range(6)]
        self.sent, self.most_errors = b"", 0

    def case(self) -> bytes:
        """A block with up to as many errors in a code word as can be corrected, or one or many more."""
        chance, code = self.chance, self.code
        self.sent = chance.choice(self.blocks)
        block = bytearray(self.sent)
        most = chance.choice((0, 1, code.correctable, code.correctable + 1, 3 * code.correctable))
        self.most_errors = min(most, len(block) // code.interleave)
        for word in range(code.interleave):
            for symbol in chance.sample(range(len(block) // code.interleave), self.most_errors):
                block[symbol * code.interleave + word] ^= chance.randint(1, 255)
        if chance.random() < 0.05:
            self.sent, self.most_errors = b"", 255
            del block[chance.randrange(len(block)) :]
        return bytes(block)

    def run(self, case: bytes) -> str:
        """Decode a block."""
        sent, most = (self.sent, self.most_errors) if len(case) == len(self.sent) else (b"", 255)
        try:
            decoded = self.code.decode(case)
        except UncorrectableError:
            promise(most > self.code.correctable, what="a block is refused that can be corrected")
            raise
        again = self.code.encode(decoded.data)
        differing = sum(one != other for one, other in zip(again, case, strict=True))
        promise_sum("corrected symbols", decoded.corrected_symbols, differing)
        promise(max(decoded.corrected_by_code_word) <= self.code.correctable, what="too many corrections")
        if most <= self.code.correctable:
            promise(again == sent, what="another block than was sent")
        return "corrected" if differing else "as sent"


class ConvolutionalTarget(Target):
    """`ConvolutionalDecoder` on symbols with errors and slips: each symbol is accounted for."""

    name = "convolutional_decoder"
    declared = ()
    reaches = frozenset({"octets", "none"})
    share = 1
    chunk = 100
    most_state_octets = 8000

    def __init__(self, chance: Random) -> None:
        super().__init__(chance)
        self.encoder = ConvolutionalEncoder()
        self.decoder = ConvolutionalDecoder(finds_phase=chance.random() < 0.7)
        self.stream = BitStream(chance, self._unit, noise_octets=100, longest_piece=300)
        self.fed = self.out = 0

    def _unit(self) -> bytes:
        return self.encoder.encode(self.chance.randbytes(100))

    def case(self) -> bytes:
        """The next symbols."""
        return self.stream.piece()

    def run(self, case: bytes) -> str:
        """Feed symbols."""
        self.fed += 8 * len(case)
        octets = self.decoder.feed_hard(case)
        self.out += len(octets)
        return "octets" if octets else "none"

    def check(self) -> None:
        """Each symbol is of a bit, skipped or waits."""
        counters = self.decoder.state.counters
        promise_sum("symbols fed", counters.symbols, self.fed)
        promise_sum("bits", counters.bits, 8 * self.out)
        known = 2 * counters.bits, counters.skipped_symbols, self.decoder.buffered_symbols
        promise_sum("symbols", counters.symbols, *known)

    def memory(self) -> msgspec.Struct:
        """The decoder's."""
        return self.decoder.state

    def restore(self, state: msgspec.Struct) -> None:
        """Go on with it."""
        assert isinstance(state, type(self.decoder.state))
        self.decoder.state = state


TARGETS: tuple[type[Target], ...] = (
    CltuTarget,
    DelimitingTarget,
    ReedSolomonTarget,
    ConvolutionalTarget,
)
