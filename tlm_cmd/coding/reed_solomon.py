"""Reed-Solomon coding of telemetry: up to 8 or 16 wrong octets of each code word are put right (CCSDS 131.0-B-5, 4).

Sending, the code block is randomised next, and the sync marker set before it; receiving, the other way round.
"""

import functools
import importlib
import importlib.util

import msgspec

from tlm_cmd.coding.code_word import CODE_WORD_OCTETS, remainder, remainder_tables
from tlm_cmd.coding.error_location import code_word_errors
from tlm_cmd.coding.galois_field import TO_CONVENTIONAL, TO_DUAL
from tlm_cmd.coding.parity_differences import ParityDifferences, parity_differences
from tlm_cmd.errors import ProtocolError, WrongValueError

CORRECTABLE = (8, 16)
"""Symbols that each code word can lose: E of the codes (255,239) and (255,223) (4.3.1, 4.3.2)."""
INTERLEAVES = (1, 2, 3, 4, 5, 8)
"""Code words that a code block may be made of (4.3.5)."""


@functools.cache
def _parity_differences() -> ParityDifferences:
    """With NumPy if it is installed, four times as fast. It is not loaded for encoding, which is all that flies."""
    if importlib.util.find_spec("numpy") is None:
        return parity_differences
    return importlib.import_module("tlm_cmd.coding.parity_differences_numpy").parity_differences  # type: ignore[no-any-return]


class UncorrectableError(ProtocolError):
    """Code words of a block have more wrong symbols than the code corrects.

    ``code_words`` are their numbers, 0 to ``interleave`` - 1; ``correctable`` octets of each can be corrected.
    """

    def __init__(self, code_words: tuple[int, ...], correctable: int, interleave: int) -> None:
        numbers = ", ".join(str(number) for number in code_words)
        super().__init__(f"code words {numbers} of 0 to {interleave - 1}: over {correctable} wrong symbols in each")
        self.code_words, self.correctable, self.interleave = code_words, correctable, interleave


class DecodedBlock(msgspec.Struct, frozen=True, gc=False):
    """The data of a code block, and how many symbols were wrong in each of its code words, parity included."""

    data: bytes
    corrected_by_code_word: tuple[int, ...]

    @property
    def corrected_symbols(self) -> int:
        """Wrong symbols in the whole block."""
        return sum(self.corrected_by_code_word)


class ReedSolomon(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Encoder and decoder of one code: its fields are managed parameters (CCSDS 131.0-B-5, section 12).

    A block may be shorter than the longest: what is missing is virtual fill, zeros that are coded but not sent, as many
    in each code word, so data come in multiples of ``interleave`` octets (4.3.7).

    A decoded block is always a valid code block, with at most ``correctable`` symbols of each code word changed. When
    more were wrong, it is nearly always refused; but they may lie so near to another valid code word that this one is
    taken. That befalls at most one in E! of the code words with too many errors, 40,320 for E = 8 and 2 10^13 for
    E = 16: frames protected by E = 8 had better have an error control of their own (4.2.2).

    Raises:
        WrongValueError: a parameter has none of its values.
    """

    correctable: int = 16
    """E, the wrong symbols that can be corrected in each code word: 8 or 16."""
    interleave: int = 5
    """I, the code words of a block: 1, 2, 3, 4, 5 or 8. Octet k of a block belongs to code word k mod I."""
    dual_basis: bool = True
    """Symbols in Berlekamp's dual basis, as the standard has it (4.3.9); some peers know only the conventional one."""

    def __post_init__(self) -> None:
        if self.correctable not in CORRECTABLE:
            raise WrongValueError("correctable symbols", self.correctable, f"one of {CORRECTABLE}")
        if self.interleave not in INTERLEAVES:
            raise WrongValueError("interleave", self.interleave, f"one of {INTERLEAVES}")

    @property
    def parity_octets(self) -> int:
        """What a block has more than its data: 2 E I."""
        return 2 * self.correctable * self.interleave

    @property
    def max_data_octets(self) -> int:
        """Longest data of a block: (255 - 2 E) I."""
        return CODE_WORD_OCTETS * self.interleave - self.parity_octets

    def encode(self, data: bytes) -> bytes:
        """Return the code block: the data, then the parity of all code words, interleaved.

        Raises:
            WrongValueError: the data are not a multiple of the interleave, or too long, or empty.
        """
        octets = len(data)
        interleave = self.interleave
        self._check_octets("data octets", octets, interleave, self.max_data_octets)
        tables = remainder_tables(self.correctable, dual_basis=self.dual_basis)
        block = bytearray(data)
        block += bytes(self.parity_octets)
        for number in range(interleave):
            parity = remainder(tables, data[number::interleave])
            block[octets + number :: interleave] = parity.to_bytes(tables.parity_octets, "big")
        return bytes(block)

    def decode(self, block: bytes) -> DecodedBlock:
        """Return the data of a code block, corrected.

        Raises:
            WrongValueError: no block has this length.
            UncorrectableError: code words have more wrong symbols than the code corrects.
        """
        interleave = self.interleave
        parity_octets = self.parity_octets
        octets = len(block) - parity_octets
        longest = CODE_WORD_OCTETS * interleave
        self._check_octets("code block octets", len(block), parity_octets + interleave, longest)
        wrong = _parity_differences()(block, self.correctable, interleave, dual_basis=self.dual_basis)
        if not wrong:
            return DecodedBlock(bytes(block[:octets]), (0,) * interleave)
        return self._corrected(bytearray(block), octets, wrong)

    def _corrected(self, block: bytearray, octets: int, wrong: dict[int, bytes]) -> DecodedBlock:
        """Correct the code words whose parity differs, given the differences.

        Raises:
            UncorrectableError: a code word has more wrong symbols than the code corrects; it names all of them.
        """
        fill = CODE_WORD_OCTETS - len(block) // self.interleave
        counts = [0] * self.interleave
        uncorrectable = []
        for number, difference in wrong.items():
            errors = self._errors(difference, fill)
            if errors is None:
                uncorrectable.append(number)
                continue
            counts[number] = len(errors)
            for place, value in errors:
                block[(place - fill) * self.interleave + number] ^= value
        if uncorrectable:
            raise UncorrectableError(tuple(uncorrectable), self.correctable, self.interleave)
        return DecodedBlock(bytes(block[:octets]), tuple(counts))

    def _errors(self, difference: bytes, fill: int) -> list[tuple[int, int]] | None:
        """Places and values of the errors of a code word, or None if it cannot be corrected."""
        if not self.dual_basis:
            return code_word_errors(difference, fill)
        errors = code_word_errors(difference.translate(TO_CONVENTIONAL), fill)
        return None if errors is None else [(place, TO_DUAL[value]) for place, value in errors]

    def _check_octets(self, field: str, found: int, lowest: int, highest: int) -> None:
        if found % self.interleave or not lowest <= found <= highest:
            raise WrongValueError(field, found, f"a multiple of {self.interleave} from {lowest} to {highest}")
