"""Emits the reading of texts and octets, and the working out of sizes.

XTCE's elements are ``StringDataEncoding``, with ``LeadingSize`` or ``TerminationChar``, and ``BinaryDataEncoding``.
"""

from __future__ import annotations

from collections.abc import Callable

from tlm_cmd.definition.generated import GeneratedSource, literal
from tlm_cmd.xtce import conversions
from tlm_cmd.xtce.model import Amount, BinaryEncoding, StringEncoding
from tlm_cmd.xtce.values import Piece, Scope


class StringCode:
    """Emits statements into a source; ``end`` is the end of the data and ``o`` the end of what was read."""

    def __init__(self, source: GeneratedSource, scope: Scope) -> None:
        self._source, self._scope = source, scope
        for function in (conversions.as_text, conversions.text_of, conversions.end_of_text, conversions.whole,
                         conversions.octets_of):  # fmt: skip
            source.names[function.__name__] = function

    def fixed_octets(self, encoding: StringEncoding | BinaryEncoding) -> int | None:
        """The octets that it always takes, None when they vary."""
        bits = encoding.size.fixed if encoding.size is not None else None
        return None if bits is None else bits // 8

    def content(self, encoding: StringEncoding, piece: Piece, name: str) -> Callable[[], str]:
        """The expression of the text in a buffer of fixed size."""
        bound = self._source.bind("encoding", encoding)
        return lambda: f"text_of({piece.expression}, {bound}, {name!r})"

    def variable(self, encoding: StringEncoding | BinaryEncoding, name: str, begin: str) -> str:
        """The name of what was read; ``o`` is behind it."""
        at = self._source.local()
        self._source.line(f"{at} = {begin}")
        if isinstance(encoding, BinaryEncoding):
            return self._sized(encoding, encoding.size, conversions.MAX_ITEMS, name, at)
        if encoding.size is not None:
            return self._sized(encoding, encoding.size, encoding.most_octets, name, at)
        return self._led(encoding, name, at) if encoding.leading_bits else self._ended(encoding, name, at)

    def amount(self, amount: Amount, name: str, most: int) -> str:
        """Emit the working out of a count, and the check that it is from 0 to ``most``; returns its name."""
        result = self._source.local()
        if amount.cases:
            keyword = "if"
            for condition, number in amount.cases:
                self._source.line(f"{keyword} {self._scope.condition(condition)}: {result} = {number}")
                keyword = "elif"
            self._source.line(f"else: raise ProtocolError({name + ': no case of its size holds'!r})")
            self._source.line(f"{result} = whole({result}, {name!r}, {most})")
            return result
        if amount.reference is None:
            return str(int(amount.intercept))
        value = self._scope.expression(amount.reference)
        if amount.slope != 1:
            value = f"{_short(amount.slope)} * {value}"
        if amount.intercept:
            value = f"{value} + {_short(amount.intercept)}"
        self._source.line(f"{result} = whole({value}, {name!r}, {most})")
        return result

    def _sized(self, encoding: StringEncoding | BinaryEncoding, size: Amount, most: int, name: str, at: str) -> str:
        bits, buffer = self.amount(size, name, 8 * most), self._source.local()
        self._source.line(f"o = {at} + octets_of({bits}, {name!r})")
        self._source.line(f"if o > end: raise TooShortError({name!r}, o - {at}, end - {at})")
        self._source.line(f"{buffer} = data[{at}:o]")
        if isinstance(encoding, StringEncoding):
            bound = self._source.bind("encoding", encoding)
            self._source.line(f"{buffer} = text_of({buffer}, {bound}, {name!r})")
        return buffer

    def _led(self, encoding: StringEncoding, name: str, at: str) -> str:
        """A text behind its length in octets."""
        lead, count = encoding.leading_bits // 8, self._source.local()
        most = encoding.most_octets - lead
        self._source.line(f"o = {at} + {lead}")
        self._source.line(f"if o > end: raise TooShortError({name!r}, {lead}, end - {at})")
        number = f"data[{at}]" if lead == 1 else f"int.from_bytes(data[{at}:o], 'big')"
        self._source.line(f"{count} = {number}")
        self._source.line(f"if {count} > {most}: raise LengthError({name!r}, {count}, 0, {most})")
        begin, text = self._source.local(), self._source.local()
        self._source.line(f"{begin}, o = o, o + {count}")
        self._source.line(f"if o > end: raise TooShortError({name!r}, {count}, end - {begin})")
        self._source.line(f"{text} = as_text(data[{begin}:o], {encoding.charset!r}, {name!r})")
        return text

    def _ended(self, encoding: StringEncoding, name: str, at: str) -> str:
        """A text that a terminator ends."""
        text, stop = self._source.local(), self._source.local()
        width = len(encoding.terminator)
        limit = f"min(end, {at} + {encoding.most_octets})"
        self._source.line(f"{stop} = end_of_text(data, {encoding.terminator!r}, {at}, {limit})")
        self._source.line(f"o = {stop} + {width}")
        self._source.line(f"if o > {limit}: raise TooShortError({name + ' with terminator'!r}, o - {at}, end - {at})")
        self._source.line(f"{text} = as_text(data[{at}:{stop}], {encoding.charset!r}, {name!r})")
        return text


def _short(value: float) -> str:
    """A number as source text, whole when it is whole, so that what it is multiplied with stays so."""
    return str(int(value)) if float(value).is_integer() else literal(value)
