"""CLTUs out of a stream of bits: the reception logic of telecommand decoders (CCSDS 231.0-B-4, 5.3)."""

from enum import StrEnum, unique
from typing import assert_never

import msgspec

from tlm_cmd.coding.bch import BLOCK_BITS, BLOCK_DATA_OCTETS, BLOCK_OCTETS, DecodedBlocks, decode_blocks
from tlm_cmd.coding.bit_patterns import COMPLEMENT, find_pattern, octets_at
from tlm_cmd.coding.cltu import DEFAULT_PARAMETERS, Cltu, CltuParameters

_FIRST_BLOCKS = 16
"""Code blocks decoded in the first go: most commands are short."""
_NEXT_BLOCKS = 160
"""Code blocks decoded in each further go: the longest frame is done with the first of them."""


@unique
class ReceptionState(StrEnum):
    """The states of the reception logic."""

    INACTIVE = "inactive"
    """There is no signal with bit lock (S1)."""
    SEARCH = "search"
    """The start sequence is looked for, bit by bit (S2)."""
    DECODE = "decode"
    """Code blocks are decoded until one is rejected (S3)."""


class CltuReceiverCounters(msgspec.Struct):
    """What became of each bit, of each start sequence and of each CLTU.

    ``bits = inactive_bits + skipped_bits + start_bits + block_bits + tail_bits + buffered_bits``,
    ``starts = rejected + tails + oversize + interrupted``, and one more while a CLTU is under way, and
    ``starts = cltus + empty``, and one more while a CLTU is under way.
    """

    bits: int = 0
    inactive_bits: int = 0
    """Bits that came while the receiver was inactive."""
    skipped_bits: int = 0
    """Bits that belong to no CLTU: acquisition and idle sequences, and noise."""
    start_bits: int = 0
    block_bits: int = 0
    """Bits of accepted code blocks."""
    tail_bits: int = 0
    starts: int = 0
    """Start sequences found (E3)."""
    inverted_starts: int = 0
    """Those among them that were inverted."""
    cltus: int = 0
    """CLTUs with at least one accepted code block."""
    empty: int = 0
    """Start sequences behind which no code block was accepted."""
    blocks: int = 0
    octets: int = 0
    corrected_bits: int = 0
    rejected: int = 0
    """CLTUs that ended with a code block that is rejected and is not the tail sequence (E4)."""
    tails: int = 0
    """CLTUs that ended with the tail sequence without an error (E4)."""
    oversize: int = 0
    """CLTUs ended because another code block would have made them longer than they may be."""
    interrupted: int = 0
    """CLTUs that ended because the signal was lost (E2)."""


class CltuReceiverState(msgspec.Struct):
    """The memory of a `CltuReceiver`."""

    counters: CltuReceiverCounters = msgspec.field(default_factory=CltuReceiverCounters)
    reception: ReceptionState = ReceptionState.SEARCH
    buffer: bytes = b""
    """Octets that hold the bits not yet decided on: fewer than a start sequence or a code block has."""
    bit: int = 0
    """The first of these bits, in the first octet of the buffer."""
    inverted: bool = False
    """Whether the CLTU under way is inverted."""
    octets: bytes = b""
    """What was decoded of the CLTU under way; at most ``max_octets``."""
    blocks: int = 0
    corrected_bits: int = 0


class CltuReceiver:
    """Finds CLTUs at any bit of a stream and decodes them. It never raises.

    The search goes on behind a tail sequence that came without error, and otherwise with the first bit of the block
    that was rejected: behind a tail that was lost, or a slip of bits, the next start sequence may lie in it.

    A receiver starts active. Who knows of bit lock tells it by `activate` and `deactivate`. The result depends on the
    bits only, never on how they were cut into chunks.
    """

    def __init__(self, parameters: CltuParameters = DEFAULT_PARAMETERS) -> None:
        self.parameters = parameters
        self._start_bits = 8 * len(parameters.start)
        self._inverted_start = parameters.start.translate(COMPLEMENT)
        self._has_block_tail = len(parameters.tail) == BLOCK_OCTETS
        self.state = CltuReceiverState()

    @property
    def buffered_bits(self) -> int:
        """Bits that are not yet decided on."""
        return 8 * len(self.state.buffer) - self.state.bit

    def activate(self) -> None:
        """Take note that there is bit lock (E1): the search begins with the next bit that is fed."""
        if self.state.reception is ReceptionState.INACTIVE:
            self.state.reception = ReceptionState.SEARCH

    def deactivate(self) -> list[Cltu]:
        """Take note that bit lock or signal is lost (E2) and return what was decoded of the CLTU under way."""
        state, cltus = self.state, list[Cltu]()
        if state.reception is ReceptionState.DECODE:
            state.counters.interrupted += 1
            self._end(cltus)
        state.counters.skipped_bits += self.buffered_bits
        state.buffer, state.bit = b"", 0
        state.reception = ReceptionState.INACTIVE
        return cltus

    def feed(self, chunk: bytes) -> list[Cltu]:
        """Take the next bits of the stream, eight to an octet, and return the CLTUs that end in them."""
        state, cltus = self.state, list[Cltu]()
        state.counters.bits += 8 * len(chunk)
        data = state.buffer + chunk
        going = True
        while going:
            match state.reception:
                case ReceptionState.INACTIVE:
                    state.counters.inactive_bits += 8 * len(chunk)
                    return cltus
                case ReceptionState.SEARCH:
                    going = self._search(data)
                case ReceptionState.DECODE:
                    going = self._decode(data, cltus)
                case _:
                    assert_never(state.reception)
        state.buffer = data[state.bit // 8 :]
        state.bit %= 8
        return cltus

    def _search(self, data: bytes) -> bool:
        """Look for a start sequence and go behind it; False if there is none."""
        state, counters, parameters = self.state, self.state.counters, self.parameters
        start = find_pattern(data, state.bit, parameters.start, parameters.start_errors)
        inverted = False
        if parameters.resolves_polarity:
            # Nothing behind the start sequence that was found is of interest.
            part = data if start is None else data[: start // 8 + len(parameters.start) + 1]
            other = find_pattern(part, state.bit, self._inverted_start, parameters.start_errors)
            if other is not None and (start is None or other < start):
                start, inverted = other, True
        if start is None:
            undecided = max(state.bit, 8 * len(data) - self._start_bits + 1)
            counters.skipped_bits += undecided - state.bit
            state.bit = undecided
            return False
        counters.skipped_bits += start - state.bit
        counters.start_bits += self._start_bits
        counters.starts += 1
        counters.inverted_starts += inverted
        state.bit = start + self._start_bits
        state.inverted = inverted
        state.reception = ReceptionState.DECODE
        return True

    def _decode(self, data: bytes, cltus: list[Cltu]) -> bool:
        """Decode the blocks that are there; False if there is none."""
        state, counters = self.state, self.state.counters
        room = self.parameters.max_octets // BLOCK_DATA_OCTETS - state.blocks
        at_once = _NEXT_BLOCKS if state.blocks else _FIRST_BLOCKS
        # A full CLTU is oversize only if yet another block would belong to it.
        blocks = min((8 * len(data) - state.bit) // BLOCK_BITS, at_once, room or 1)
        if not blocks:
            return False
        coded = octets_at(data, state.bit, BLOCK_OCTETS * blocks)
        if state.inverted:
            coded = coded.translate(COMPLEMENT)
        decoded = decode_blocks(coded, self.parameters.mode, self.parameters.tail)
        if not room and not decoded.rejected:
            counters.oversize += 1
            self._end(cltus)
            return True
        self._take(decoded)
        if decoded.rejected:
            start = BLOCK_OCTETS * decoded.blocks
            if self._has_block_tail and coded[start : start + BLOCK_OCTETS] == self.parameters.tail:
                counters.tails += 1
                counters.tail_bits += BLOCK_BITS
                state.bit += BLOCK_BITS
            else:
                counters.rejected += 1
            self._end(cltus)
        return True

    def _take(self, decoded: DecodedBlocks) -> None:
        """Add decoded blocks to the CLTU under way."""
        state, counters = self.state, self.state.counters
        state.octets += decoded.octets
        state.blocks += decoded.blocks
        state.corrected_bits += decoded.corrected_bits
        state.bit += BLOCK_BITS * decoded.blocks
        counters.blocks += decoded.blocks
        counters.block_bits += BLOCK_BITS * decoded.blocks
        counters.octets += len(decoded.octets)
        counters.corrected_bits += decoded.corrected_bits

    def _end(self, cltus: list[Cltu]) -> None:
        """Return the CLTU under way, unless it is empty, and go back to the search."""
        state = self.state
        if state.blocks:
            state.counters.cltus += 1
            cltus.append(Cltu(state.octets, state.blocks, state.corrected_bits))
        else:
            state.counters.empty += 1
        state.octets, state.blocks, state.corrected_bits = b"", 0, 0
        state.inverted = False
        state.reception = ReceptionState.SEARCH
