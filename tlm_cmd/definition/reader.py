"""Emits the statements of a decoder, field by field."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tlm_cmd.definition.fields import Bits, Extent, Length, Linear, Number, Tail, UpTo
from tlm_cmd.definition.generated import GeneratedSource, literal, outside
from tlm_cmd.definition.layout import FieldLayout, Kind, RecordLayout
from tlm_cmd.definition.scalars import (
    CODE_BY_OCTETS,
    flattens,
    group_octets,
    python_values,
    raw_range,
    travels_as_is,
)

MAX_NAMED = 8
"""Longer fixed arrays of plain numbers are read by a call of their own rather than value by value."""


@dataclass(frozen=True)
class LeadingFields:
    """Fields in front of a record, such as a packet's header.

    Attributes:
        code: how they travel, in the words of ``struct``.
        names: of the local variables that they become.
        checks: statements that are made before any value of the record is looked at.
    """

    code: str
    names: tuple[str, ...]
    checks: tuple[str, ...]


class Reader:
    """Emits statements; its methods return the expression of what was read.

    Positions are constant distances from ``start`` up to the first variable part, where enough octets are known to be
    there, and from ``o``, the end of the last variable part, behind it.

    Args:
        source: where the statements go.
        name: of the record, for errors.
        base: the expression of its position.
        leading: what stands there in front of it, to be read by the same call.
    """

    def __init__(self, source: GeneratedSource, name: str, base: str, leading: LeadingFields | None = None) -> None:
        self._source = source
        self._name = name
        self._base = base
        self._offset = 0
        self._format = leading.code if leading else ""
        self._targets = list(leading.names) if leading else []
        self._checks = list(leading.checks) if leading else []

    @property
    def position(self) -> str:
        """The expression of the position behind the last closed run."""
        return f"{self._base} + {self._offset}" if self._offset else self._base

    def plain_record(self, layout: RecordLayout) -> str:
        """Read a record whose fields all travel as they are."""
        codes = [field.wire.code for field in layout.fields if isinstance(field.wire, Number)]
        unpack = self._source.bind("unpack", struct.Struct(f">{''.join(codes)}").unpack_from)
        return f"{self._source.bind('record', layout.python_class)}(*{unpack}(data, {self.position}))"

    def record(self, layout: RecordLayout) -> str:
        """Read a record."""
        arguments: list[str] = []
        bits: list[FieldLayout] = []
        for field in layout.fields:
            if isinstance(field.wire, Bits):
                bits.append(field)
                continue
            arguments += self._bit_group(layout, bits)
            bits = []
            arguments.append(self.value(field, f"{layout.name}.{field.name}"))
        arguments += self._bit_group(layout, bits)
        return f"{self._source.bind('record', layout.python_class)}({', '.join(arguments)})"

    def value(self, field: FieldLayout, label: str) -> str:
        """Read a value that is no bit field."""
        if isinstance(field.wire, Number):
            return self._python(field, self._fixed(field.wire.code), label)
        if field.record is not None:
            return self.record(field.record)
        if field.item is not None:
            return self._array(field.extent, field.item, label)
        return self._octet_string(field, label)

    def close_run(self) -> None:
        """Emit the ``struct`` call for the fixed fields gathered so far, and the checks of their values."""
        if self._targets:
            self._unpack(f"{', '.join(self._targets)},", self._format)
        self._source.lines += self._checks
        self._format, self._targets, self._checks = "", [], []

    def _unpack(self, targets: str, code: str) -> None:
        run = struct.Struct(f">{code}")
        self._need(self._name, run.size)
        unpack = self._source.bind("unpack", run.unpack_from)
        self._source.line(f"{targets} = {unpack}(data, {self.position})")
        self._offset += run.size

    def _need(self, label: str, octets: int) -> None:
        """Emit the check for octets at a known distance, unless it was made at the very begin."""
        if self._base == "o":
            end = f"{self.position} + {octets}"
            self._source.line(f"if {end} > end: raise TooShortError({label!r}, {octets}, end - ({self.position}))")

    def _fixed(self, code: str) -> str:
        name = self._source.local()
        self._format += code
        self._targets.append(name)
        return name

    # ---------------------------------------------------------------- scalars

    def _python(self, field: FieldLayout, raw: str, label: str) -> str:
        """The Python value of a raw one; ``raw`` is a name or an expression in brackets."""
        lookup = python_values(field, label)
        if lookup is not None:
            return f"{self._source.bind('value', lookup)}[{raw}]"
        bounds = raw_range(field)
        if bounds is None or field.allowed is None:
            return self._engineering(field, raw)
        name = raw if raw.isidentifier() else self._source.local()
        value = self._engineering(field, name)
        allowed = f"{literal(field.allowed.lowest)}, {literal(field.allowed.highest)}"
        if name != raw:
            self._checks.append(f"{name} = {raw}")
        self._checks.append(f"if {outside(name, *bounds)}: raise FieldRangeError({label!r}, {value}, {allowed})")
        return value

    def _engineering(self, field: FieldLayout, raw: str) -> str:
        calibration = field.calibration
        if calibration is None:
            return raw
        if isinstance(calibration, Linear):
            scaled = f"{literal(calibration.scale)} * {raw}"
            return f"{literal(calibration.offset)} + {scaled}" if calibration.offset else scaled
        *lower, value = [literal(coefficient) for coefficient in calibration.coefficients]
        for coefficient in reversed(lower):
            value = f"({value}) * {raw} + {coefficient}"
        return value

    def _bit_group(self, layout: RecordLayout, group: list[FieldLayout]) -> list[str]:
        if not group:
            return []
        octets = group_octets(group)
        word, shift = self._fixed(CODE_BY_OCTETS.get(octets, f"{octets}s")), 8 * octets
        if octets not in CODE_BY_OCTETS:
            self._checks.append(f"{word} = int.from_bytes({word}, 'big')")
        values = []
        for field in group:
            wire = field.wire
            assert isinstance(wire, Bits)  # noqa: S101 - only bit fields are grouped
            shift -= wire.width
            values.append(self._python(field, f"({word} >> {shift} & {wire.highest})", f"{layout.name}.{field.name}"))
        return values

    # ---------------------------------------------------------------- texts, octets, arrays

    def _octet_string(self, field: FieldLayout, label: str) -> str:
        is_text = field.kind is Kind.TEXT
        if isinstance(field.extent, Length):
            raw = self._fixed(f"{field.extent.count}s")
            return f"text({label!r}, {raw}.rstrip(b'\\0'))" if is_text else raw
        begin, _ = self._variable_part(field.extent, 1, label)
        name = self._source.local()
        self._source.line(f"{name} = data[{begin}:o]")
        return f"text({label!r}, {name})" if is_text else name

    def _array(self, extent: Extent | None, item: FieldLayout, label: str) -> str:
        octets = item.fixed_octets
        if octets is None:
            return self._items_of_any_size(extent, item, label)
        if not isinstance(extent, Length):
            begin, count = self._variable_part(extent, octets, label)
            if isinstance(item.wire, Number) and travels_as_is(item):
                return self._named(f"unpack_items(f'>{{{count}}}{item.wire.code}', data, {begin})")
            return self._items(item, label, begin, "o", octets)
        is_run = isinstance(item.wire, Number) and travels_as_is(item) and extent.count > MAX_NAMED
        if flattens(item, extent.count) and not is_run:
            items = [self.value(item, f"{label}[{index}]") for index in range(extent.count)]
            return f"({', '.join(items)},)"
        self.close_run()
        if isinstance(item.wire, Number) and travels_as_is(item):
            name = self._source.local()
            self._unpack(name, f"{extent.count}{item.wire.code}")
            return name
        self._need(label, octets * extent.count)
        begin = self.position
        self._offset += octets * extent.count
        return self._items(item, label, begin, self.position, octets)

    def _named(self, expression: str) -> str:
        name = self._source.local()
        self._source.line(f"{name} = {expression}")
        return name

    def _items(self, item: FieldLayout, label: str, begin: str, end: str, octets: int) -> str:
        """Items of fixed size between two positions."""
        decode_item = self._source.bind("decode_item", _compile_item_decoder(item, label))
        return self._named(f"tuple([{decode_item}(data, at) for at in range({begin}, {end}, {octets})])")

    def _items_of_any_size(self, extent: Extent | None, item: FieldLayout, label: str) -> str:
        decode_item = self._source.bind("decode_item", _compile_item_decoder(item, label))
        count = self._count(extent, label) if isinstance(extent, UpTo) else ""
        self.close_run()
        self._source.line(f"o = {self.position}")
        self._base, self._offset = "o", 0
        name = self._named("[]")
        match extent:
            case UpTo():
                self._source.line(f"for _ in range({count}):")
            case Length(fixed):
                self._source.line(f"for _ in range({fixed}):")
            case _:
                self._source.line("while o < end:")
        self._source.line(f"    item, o = {decode_item}(data, o, end)")
        self._source.line(f"    {name}.append(item)")
        if isinstance(extent, Tail):
            self._source.line(f"    if len({name}) > {extent.count}: {_too_long(label, f'len({name})', extent.count)}")
        return f"tuple({name})"

    def _count(self, extent: UpTo, label: str) -> str:
        """Read the count in front of a variable part."""
        count = self._fixed(extent.prefix.code)
        self.close_run()
        self._source.line(f"if {count} > {extent.count}: {_too_long(label, count, extent.count)}")
        return count

    def _variable_part(self, extent: Extent | None, octets: int, label: str) -> tuple[str, str]:
        """Find a variable part of items of ``octets``, which then ends at ``o``; returns its begin and item count."""
        if isinstance(extent, UpTo):
            count = self._count(extent, label)
            begin = self._named(self.position)
            self._source.line(f"o = {begin} + {count} * {octets}")
            self._source.line(f"if o > end: raise TooShortError({label!r}, o - {begin}, end - {begin})")
        else:
            assert isinstance(extent, Tail)  # noqa: S101 - what has a fixed size is read elsewhere
            self.close_run()
            begin, count, rest = self._named(self.position), self._source.local(), self._source.local()
            self._source.line(f"o, ({count}, {rest}) = end, divmod(end - {begin}, {octets})")
            self._source.line(f"if {rest}: raise TooShortError({label!r}, {octets}, {rest})")
            self._source.line(f"if {count} > {extent.count}: {_too_long(label, count, extent.count)}")
        self._base, self._offset = "o", 0
        return begin, count


def _too_long(label: str, found: str, most: int) -> str:
    return f"raise LengthError({label!r}, {found}, 0, {most})"


def _compile_item_decoder(item: FieldLayout, label: str) -> Callable[..., Any]:
    """``item(data, start) -> value`` for items of fixed size, else ``item(data, o, end) -> (value, position)``."""
    source = GeneratedSource(label)
    is_fixed = item.fixed_octets is not None
    reader = Reader(source, label, "start" if is_fixed else "o")
    result = reader.value(item, f"{label}[]")
    reader.close_run()
    if is_fixed:
        decode: Callable[..., Any] = source.function("item(data, start)", [*source.lines, f"return {result}"])
        return decode
    position = reader.position
    return source.function("item(data, o, end)", [*source.lines, f"return {result}, {position}"])  # type: ignore[no-any-return]
