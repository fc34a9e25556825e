"""Numbers and octets at known distances from one another, read by one ``struct`` call, whatever their bits.

They have an ``IntegerDataEncoding`` or a ``FloatDataEncoding`` of XTCE, or are octets of a fixed number.
"""

from __future__ import annotations

import struct

from tlm_cmd.definition.generated import GeneratedSource
from tlm_cmd.xtce.conversions import ieee, mil_1750a, swapped
from tlm_cmd.xtce.model import FloatEncoding, IntegerEncoding, IntegerForm
from tlm_cmd.xtce.values import OctetRun, Piece

_UNSIGNED = {8: "B", 16: "H", 32: "I", 64: "Q"}
_SIGNED = {8: "b", 16: "h", 32: "i", 64: "q"}
_FLOATS = {16: "e", 32: "f", 64: "d"}


def struct_code(encoding: IntegerEncoding | FloatEncoding | OctetRun) -> str:
    """The code of ``struct`` that reads an encoding as it is, empty when there is none."""
    if isinstance(encoding, OctetRun):
        return f"{encoding.bits // 8}s"
    if encoding.little_endian:
        return ""
    if isinstance(encoding, FloatEncoding):
        return "" if encoding.mil_1750a else _FLOATS.get(encoding.bits, "")
    if encoding.form is IntegerForm.UNSIGNED:
        return _UNSIGNED.get(encoding.bits, "")
    return _SIGNED.get(encoding.bits, "") if encoding.form is IntegerForm.TWOS_COMPLEMENT else ""


class NumberRun:
    """Gathers numbers and reads them together."""

    def __init__(self, source: GeneratedSource) -> None:
        self._source = source
        self._pieces: list[Piece] = []

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def add(self, piece: Piece) -> None:
        """Take a number; each begins where the one before ends, or behind it."""
        self._pieces.append(piece)

    def emit(self, base: str, label: str) -> None:
        """Emit the reading of all that was taken, and forget it.

        Args:
            base: expression of the position that the bits count from.
            label: what errors call the structure.
        """
        pieces, self._pieces = self._pieces, []
        if not pieces:
            return
        first = pieces[0].bit // 8
        codes: list[str] = []
        targets: list[str] = []
        after: list[str] = []
        position, index = first, 0
        while index < len(pieces):
            group = self._group(pieces, index)
            start = pieces[index].bit // 8
            if start > position:
                codes.append(f"{start - position}x")
            last = group[-1]
            position = (last.bit + last.encoding.bits + 7) // 8
            code, target = self._word(group, position - start, after)
            codes.append(code)
            targets.append(target)
            index += len(group)
        run = struct.Struct(f">{''.join(codes)}")
        begin = f"{base} + {first}" if first else base
        self._source.line(f"if {begin} + {run.size} > end: raise TooShortError({label!r}, {run.size}, end - ({begin}))")
        unpack = self._source.bind("unpack", run.unpack_from)
        self._source.line(f"{', '.join(targets)}, = {unpack}(data, {begin})")
        self._source.lines += after

    def _group(self, pieces: list[Piece], index: int) -> list[Piece]:
        """The numbers that share octets with the one at ``index``."""
        group = [pieces[index]]
        end = pieces[index].bit + pieces[index].encoding.bits
        for following in range(index + 1, len(pieces)):
            piece = pieces[following]
            if not end % 8 or piece.bit >= (end + 7) // 8 * 8:
                break
            group.append(piece)
            end = piece.bit + piece.encoding.bits
        return group

    def _word(self, group: list[Piece], octets: int, after: list[str]) -> tuple[str, str]:
        """The code and the name of a word that holds the numbers of a group."""
        word = self._source.local()
        only = group[0]
        code = struct_code(only.encoding)
        if len(group) == 1 and code and not only.bit % 8:
            only.expression = word
            return code, word
        code = _UNSIGNED.get(8 * octets, "")
        if not code:
            code = f"{octets}s"
            after.append(f"{word} = int.from_bytes({word}, 'big')")
        end = (only.bit // 8 + octets) * 8
        for piece in group:
            bits = piece.encoding.bits
            shift = end - piece.bit - bits
            shifted = f"{word} >> {shift}" if shift else word
            is_first = piece.bit % 8 == 0 and shift + bits == 8 * octets
            masked = f"({shifted})" if is_first else f"({shifted} & {(1 << bits) - 1})"
            piece.expression = self._number(piece.encoding, masked, after)
        return code, word

    def _number(self, encoding: IntegerEncoding | FloatEncoding | OctetRun, bits: str, after: list[str]) -> str:
        """The expression of the number that bits stand for."""
        if isinstance(encoding, OctetRun):
            return f"{bits}.to_bytes({encoding.bits // 8}, 'big')"
        plain = isinstance(encoding, IntegerEncoding) and encoding.form is IntegerForm.UNSIGNED
        if encoding.little_endian:
            bits = f"{self._function('swapped', swapped)}({bits}, {encoding.bits // 8})"
        if plain and not encoding.little_endian:
            return bits
        name = self._source.local()
        after.append(f"{name} = {bits}")
        if isinstance(encoding, FloatEncoding):
            convert = self._function("mil_1750a", mil_1750a) if encoding.mil_1750a else self._function("ieee", ieee)
            after.append(f"{name} = {convert}({name}, {encoding.bits})")
            return name
        sign = 1 << encoding.bits - 1
        match encoding.form:
            case IntegerForm.TWOS_COMPLEMENT:
                after.append(f"{name} = ({name} ^ {sign}) - {sign}")
            case IntegerForm.ONES_COMPLEMENT:
                after.append(f"if {name} & {sign}: {name} -= {2 * sign - 1}")
            case IntegerForm.SIGN_MAGNITUDE:
                after.append(f"if {name} & {sign}: {name} = {sign} - {name}")
            case IntegerForm.UNSIGNED:
                pass
        return name

    def _function(self, name: str, function: object) -> str:
        self._source.names[name] = function
        return name
