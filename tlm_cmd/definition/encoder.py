"""Compiles the encoder of a record: straight-line code around ``struct``.

Neighbouring fields of fixed size, the count of a variable part included, become one ``struct`` call (a run). Nested
records and short fixed arrays are flattened into the run they stand in.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from msgspec.structs import astuple

from tlm_cmd.definition.explain import explain
from tlm_cmd.definition.fields import Bits, Length, Linear, Number, UpTo
from tlm_cmd.definition.generated import GeneratedSource, literal, outside
from tlm_cmd.definition.layout import FieldLayout, Kind, RecordLayout
from tlm_cmd.definition.scalars import CODE_BY_OCTETS, flattens, group_octets, is_plain, raw_values, travels_as_is

EncodeFunction = Callable[[Any], bytes]


def compile_encoder(layout: RecordLayout) -> EncodeFunction:
    """``encode(message) -> bytes`` for one layout; it raises nothing but ProtocolError, which names the field."""
    source = GeneratedSource(layout.name)
    writer = _Writer(source)
    if is_plain(layout):
        writer.whole(layout)
    else:
        writer.record(layout, "m")
    source.names["explain"] = lambda message, error: explain(layout, message, error)
    source.names["FAULTS"] = (struct.error, TypeError, ValueError, OverflowError, AttributeError)
    encode: EncodeFunction = source.function(
        "encode(m)",
        [
            "try:",
            *(f"    {line}" for line in writer.finish()),
            "except ProtocolError:",
            "    raise",
            "except FAULTS as error:",
            "    raise explain(m, error) from error",
        ],
    )
    return encode


def _compile_item_encoder(item: FieldLayout, label: str) -> EncodeFunction:
    """The encoder of one item; what it raises is explained by the encoder of the whole."""
    source = GeneratedSource(label)
    writer = _Writer(source)
    writer.value(item, "m", f"{label}[]")
    encode: EncodeFunction = source.function("encode(m)", writer.finish())
    return encode


class _Writer:
    def __init__(self, source: GeneratedSource) -> None:
        self._source = source
        self._parts: list[str] = []
        self._format = ""
        self._arguments: list[str] = []

    def finish(self) -> list[str]:
        """The statements, the returning one included."""
        self._close_run()
        match self._parts:
            case []:
                result = "b''"
            case [part]:
                result = part
            case [first, second]:
                result = f"{first} + {second}"
            case parts:
                result = f"b''.join(({', '.join(parts)}))"
        return [*self._source.lines, f"return {result}"]

    def whole(self, layout: RecordLayout) -> None:
        """Emit the writing of a record whose fields all travel as they are."""
        for field in layout.fields:
            self._format += field.wire.code if isinstance(field.wire, Number) else ""
        self._source.names["astuple"] = astuple
        self._arguments = ["*astuple(m)"]

    def record(self, layout: RecordLayout, path: str) -> None:
        """Emit the writing of a record."""
        bits: list[FieldLayout] = []
        for field in layout.fields:
            if isinstance(field.wire, Bits):
                bits.append(field)
                continue
            self._bit_group(layout, bits, path)
            bits = []
            self.value(field, f"{path}.{field.name}", f"{layout.name}.{field.name}")
        self._bit_group(layout, bits, path)

    def value(self, field: FieldLayout, path: str, label: str) -> None:
        """Emit the writing of a value that is no bit field."""
        if isinstance(field.wire, Number):
            self._fixed(field.wire.code, self._raw(field, field.wire, path, label))
        elif field.record is not None:
            self.record(field.record, path)
        elif field.item is not None:
            self._array(field, field.item, path, label)
        else:
            self._octet_string(field, path, label)

    def _raw(self, field: FieldLayout, wire: Number | Bits, path: str, label: str) -> str:
        """Emit the checks of a scalar; returns the expression of its raw value."""
        lookup = raw_values(field, label)
        if lookup is not None:
            return f"{self._source.bind('raw', lookup)}[{path}]"
        if field.allowed is not None:
            path = self._checked(path, label, field.allowed.lowest, field.allowed.highest)
        elif isinstance(wire, Bits):
            path = self._checked(path, label, wire.lowest, wire.highest)
        if field.calibration is None:
            return path
        lowest, highest = literal(wire.lowest), literal(wire.highest)
        if isinstance(field.calibration, Linear):
            scale, offset = field.calibration.scale, field.calibration.offset
            exact = self._local(f"{f'({path} - {literal(offset)})' if offset else path} / {literal(scale)}")
            return f"round({exact}) if {lowest} <= {exact} <= {highest} else saturated({exact}, {lowest}, {highest})"
        return f"{self._source.bind('calibration', field.calibration)}.raw({path}, {self._source.bind('wire', wire)})"

    def _checked(self, path: str, label: str, lowest: float, highest: float) -> str:
        name = self._local(path)
        error = f"FieldRangeError({label!r}, {name}, {literal(lowest)}, {literal(highest)})"
        self._source.line(f"if {outside(name, lowest, highest)}: raise {error}")
        return name

    def _bit_group(self, layout: RecordLayout, group: list[FieldLayout], path: str) -> None:
        if not group:
            return
        octets = group_octets(group)
        shift, terms = 8 * octets, []
        for field in group:
            wire = field.wire
            assert isinstance(wire, Bits)  # noqa: S101 - only bit fields are grouped
            shift -= wire.width
            raw = self._raw(field, wire, f"{path}.{field.name}", f"{layout.name}.{field.name}")
            terms.append(f"({raw} << {shift})")
        word = " | ".join(terms)
        if octets in CODE_BY_OCTETS:
            self._fixed(CODE_BY_OCTETS[octets], word)
        else:
            self._fixed(f"{octets}s", f"({word}).to_bytes({octets}, 'big')")

    def _octet_string(self, field: FieldLayout, path: str, label: str) -> None:
        convert = "utf8" if field.kind is Kind.TEXT else "octets"
        if isinstance(field.extent, Length):
            count = field.extent.count
            self._fixed(f"{count}s", f"fixed_{convert}({label!r}, {path}, {count})")
            return
        data = self._local(f"{convert}({label!r}, {path})")
        self._bounded(field, data, label)
        self._variable(data)

    def _bounded(self, field: FieldLayout, name: str, label: str) -> None:
        """Emit the check of a length, and its writing in front of what it counts."""
        extent = field.extent
        assert extent is not None  # noqa: S101 - the layout guarantees it
        count = self._local(f"len({name})")
        if isinstance(extent, Length):
            self._source.line(
                f"if {count} != {extent.count}: raise LengthError({label!r}, {count}, {extent.count}, {extent.count})"
            )
            return
        self._source.line(f"if {count} > {extent.count}: raise LengthError({label!r}, {count}, 0, {extent.count})")
        if isinstance(extent, UpTo):
            self._fixed(extent.prefix.code, count)

    def _array(self, field: FieldLayout, item: FieldLayout, path: str, label: str) -> None:
        name = self._local(path)
        self._source.line(f"if type({name}) is not tuple: {name} = items({label!r}, {name})")
        self._bounded(field, name, label)
        extent = field.extent
        if travels_as_is(item) and isinstance(item.wire, Number):
            if isinstance(extent, Length):
                self._fixed(f"{extent.count}{item.wire.code}", f"*{name}")
            else:
                self._variable(f"pack_items(f'>{{len({name})}}{item.wire.code}', *{name})")
        elif isinstance(extent, Length) and flattens(item, extent.count):
            for index in range(extent.count):
                self.value(item, f"{name}[{index}]", f"{label}[{index}]")
        else:
            encode_item = self._source.bind("encode_item", _compile_item_encoder(item, label))
            self._variable(f"b''.join([{encode_item}(item) for item in {name}])")

    def _fixed(self, code: str, argument: str) -> None:
        self._format += code
        self._arguments.append(argument)

    def _variable(self, expression: str) -> None:
        self._close_run()
        self._parts.append(expression)

    def _close_run(self) -> None:
        if self._arguments:
            pack = self._source.bind("pack", struct.Struct(f">{self._format}").pack)
            self._parts.append(f"{pack}({', '.join(self._arguments)})")
        self._format, self._arguments = "", []

    def _local(self, expression: str) -> str:
        name = self._source.local()
        self._source.line(f"{name} = {expression}")
        return name
