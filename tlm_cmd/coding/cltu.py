"""The communications link transmission unit, in which TC frames travel (CCSDS 231.0-B-4, section 5)."""

from typing import assert_never

import msgspec

from tlm_cmd.coding.bch import BLOCK_DATA_OCTETS, BLOCK_OCTETS, BchMode, decode_blocks, encode_blocks, syndromes
from tlm_cmd.errors import TooShortError, WrongValueError, check_range

START_SEQUENCE = b"\xeb\x90"
TAIL_SEQUENCE = b"\xc5\xc5\xc5\xc5\xc5\xc5\xc5\x79"
"""No code word, and two bits away from the nearest: it ends the decoding in either mode."""
FILL_OCTET = b"\x55"
DEFAULT_MAX_OCTETS = 4116
"""Decoded octets of one CLTU unless said otherwise: four of the longest frames."""
MAX_MAX_OCTETS = 1_000_000
MAX_SEQUENCE_OCTETS = 64


class CltuParameters(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """What both ends of a telecommand link agree on: managed parameters (231.0-B-4, section 8).

    Raises:
        FieldRangeError: a sequence is longer than 64 octets, the start sequence is empty, or ``max_octets`` is not
            in 7 to 1,000,000.
        WrongValueError: the tail sequence has the length of a code block and is a code word, which ends nothing.
    """

    mode: BchMode = BchMode.SINGLE_ERROR_CORRECTION
    start: bytes = START_SEQUENCE
    tail: bytes = TAIL_SEQUENCE
    """Some encoders send another, for instance eight octets 55, or none at all."""
    max_octets: int = DEFAULT_MAX_OCTETS
    """Where a receiver ends a CLTU that has no end, in decoded octets."""
    resolves_polarity: bool = False
    """Whether a receiver takes an inverted start sequence for the start of an inverted CLTU."""

    def __post_init__(self) -> None:
        check_range("start sequence octets", len(self.start), 1, MAX_SEQUENCE_OCTETS)
        check_range("tail sequence octets", len(self.tail), 0, MAX_SEQUENCE_OCTETS)
        check_range("max CLTU octets", self.max_octets, BLOCK_DATA_OCTETS, MAX_MAX_OCTETS)
        if len(self.tail) == BLOCK_OCTETS and syndromes(self.tail) == b"\0":
            raise WrongValueError("tail sequence", self.tail.hex(), "no code word of the BCH code")

    @property
    def start_errors(self) -> int:
        """Bits of the start sequence that may be wrong: one where one error in a block is corrected as well."""
        match self.mode:
            case BchMode.TRIPLE_ERROR_DETECTION:
                return 0
            case BchMode.SINGLE_ERROR_CORRECTION:
                return 1
            case _:
                assert_never(self.mode)


class Cltu(msgspec.Struct, frozen=True, gc=False):
    """A CLTU as it was received: ``octets`` are its frames and, behind them, up to six octets of fill."""

    octets: bytes
    blocks: int
    """Code blocks accepted."""
    corrected_bits: int = 0


DEFAULT_PARAMETERS = CltuParameters()


def encode_cltu(frames: bytes, parameters: CltuParameters = DEFAULT_PARAMETERS) -> bytes:
    """Return the CLTU that carries ``frames``: one frame or several on end, randomised before if the link does that.

    Raises:
        FieldRangeError: there is no octet, or more than ``parameters.max_octets`` with the fill.
    """
    fill = -len(frames) % BLOCK_DATA_OCTETS
    check_range("CLTU data octets", len(frames), 1, parameters.max_octets - fill)
    return b"".join((parameters.start, encode_blocks(frames + FILL_OCTET * fill), parameters.tail))


def decode_cltu(octets: bytes, parameters: CltuParameters = DEFAULT_PARAMETERS) -> Cltu:
    """Decode a CLTU that begins with the first octet, up to the first code block that is rejected.

    If the octets end without one, every whole block is taken. A CLTU whose first block is rejected is empty.

    Raises:
        TooShortError: there is no room for a start sequence and one code block.
        WrongValueError: the start sequence has more errors than the mode allows.
    """
    start = len(parameters.start)
    if len(octets) < start + BLOCK_OCTETS:
        raise TooShortError("CLTU", start + BLOCK_OCTETS, len(octets))
    difference = int.from_bytes(octets[:start], "big") ^ int.from_bytes(parameters.start, "big")
    if difference.bit_count() > parameters.start_errors:
        raise WrongValueError("start sequence", octets[:start].hex(), parameters.start.hex())
    most_blocks = parameters.max_octets // BLOCK_DATA_OCTETS
    blocks = min((len(octets) - start) // BLOCK_OCTETS, most_blocks)
    decoded = decode_blocks(octets[start : start + blocks * BLOCK_OCTETS], parameters.mode, parameters.tail)
    return Cltu(decoded.octets, decoded.blocks, decoded.corrected_bits)
