"""Python source for one record's codec: straight-line code over ``struct``, compiled once.

Neighbouring fields of fixed size become one ``struct`` call (a run); only variable parts cost a step of their own.
Nested records and fixed arrays are flattened into the run they stand in.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from tlm_cmd.definition import wire_values
from tlm_cmd.definition.fields import Bits, Length, Linear, Number, Tail, UpTo
from tlm_cmd.definition.layout import FieldLayout, Kind, RecordLayout
from tlm_cmd.errors import TooShortError

EncodeFunction = Callable[[Any], bytes]
DecodeFunction = Callable[[Any, int, int], tuple[Any, int]]


class _Source:
    """Source text under construction with the names it refers to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: list[str] = []
        self.names: dict[str, Any] = {
            function.__name__: function
            for function in (
                wire_values.fixed,
                wire_values.fixed_text,
                wire_values.prefixed,
                wire_values.bounded,
                wire_values.item_count,
                wire_values.text,
                wire_values.read_count,
                wire_values.read_octets,
                wire_values.check_allowed,
            )
        }
        self.names["TooShortError"] = TooShortError

    def bind(self, prefix: str, value: object) -> str:
        """Give ``value`` a fresh name."""
        name = f"{prefix}{len(self.names)}"
        self.names[name] = value
        return name

    def compile(self) -> Any:  # noqa: ANN401 - the function just defined
        exec(compile("\n".join(self.lines), f"<codec of {self.name}>", "exec"), self.names)  # noqa: S102 - own source
        return self.names["codec"]


# ------------------------------------------------------------------ encoding


def compile_encoder(layout: RecordLayout) -> EncodeFunction:
    """``encode(message) -> bytes`` for one layout."""
    source = _Source(layout.name)
    writer = _Encoder(source)
    writer.record(layout, "m")
    parts = writer.finish()
    body = parts[0] if len(parts) == 1 else f"b''.join(({', '.join(parts)},))" if parts else "b''"
    source.lines = ["def codec(m):", *(f"    {line}" for line in source.lines), f"    return {body}"]
    encode: EncodeFunction = source.compile()
    return encode


class _Encoder:
    def __init__(self, source: _Source) -> None:
        self._source = source
        self._parts: list[str] = []
        self._format = ""
        self._arguments: list[str] = []
        self._bits: list[tuple[str, int]] = []

    def finish(self) -> list[str]:
        self._close_bits()
        self._close_run()
        return self._parts

    def record(self, layout: RecordLayout, path: str) -> None:
        for field in layout.fields:
            if not isinstance(field.wire, Bits):
                self._close_bits()
            self._value(field, f"{path}.{field.name}", f"{layout.name}.{field.name}")
        self._close_bits()

    def _value(self, field: FieldLayout, path: str, label: str) -> None:
        self._check(field, path, label)
        if isinstance(field.wire, Bits):
            self._bits.append((f"int({path})", field.wire.width))
        elif isinstance(field.wire, Number):
            self._fixed(field.wire.code, self._raw(field, path, field.wire))
        elif field.record is not None:
            self.record(field.record, path)
        elif field.item is not None:
            self._array(field, field.item, path, label)
        else:
            self._octets(field, path, label)

    def _check(self, field: FieldLayout, path: str, label: str) -> None:
        if isinstance(field.wire, Bits):
            self._line(f"check_allowed({label!r}, {path}, 0, {2**field.wire.width - 1})")
        if field.allowed is not None:
            low, high = field.allowed.lowest, field.allowed.highest
            self._line(f"if not {low!r} <= {path} <= {high!r}: check_allowed({label!r}, {path}, {low!r}, {high!r})")

    def _raw(self, field: FieldLayout, path: str, wire: Number) -> str:
        if field.calibration is None:
            return path
        if isinstance(field.calibration, Linear):
            exact = f"({path} - {field.calibration.offset!r}) / {field.calibration.scale!r}"
            return f"round(min(max({exact}, {wire.lowest!r}), {wire.highest!r}))"
        calibration = self._source.bind("calibration", field.calibration)
        return f"{calibration}.raw({path}, {self._source.bind('wire', wire)})"

    def _octets(self, field: FieldLayout, path: str, label: str) -> None:
        data = f"{path}.encode()" if field.kind is Kind.TEXT else path
        match field.extent:
            case Length(count):
                convert = "fixed_text" if field.kind is Kind.TEXT else "fixed"
                self._fixed(f"{count}s", f"{convert}({label!r}, {path}, {count})")
            case UpTo(count):
                self._variable(f"prefixed({label!r}, {data}, {count})")
            case Tail(count):
                self._variable(f"bounded({label!r}, {data}, {count})")

    def _array(self, field: FieldLayout, item: FieldLayout, path: str, label: str) -> None:
        extent = field.extent
        if isinstance(extent, Length) and item.fixed_octets is not None:
            self._line(f"item_count({label!r}, {path}, {extent.count}, {extent.count})")
            if isinstance(item.wire, Number) and _travels_as_is(item):
                self._fixed(f"{extent.count}{item.wire.code}", f"*{path}")
                return
            for index in range(extent.count):
                self._value(item, f"{path}[{index}]", f"{label}[{index}]")
            return
        encode_item = self._source.bind("encode_item", _compile_item_encoder(item, label))
        most = extent.count if extent is not None else 0
        fewest = most if isinstance(extent, Length) else 0
        self._line(f"n = item_count({label!r}, {path}, {fewest}, {most})")
        if isinstance(extent, UpTo):
            self._variable(f"n.to_bytes({extent.prefix.octets}, 'big')", late=True)
        self._variable(f"b''.join([{encode_item}(item) for item in {path}])")

    def _fixed(self, code: str, argument: str) -> None:
        self._format += code
        self._arguments.append(argument)

    def _variable(self, expression: str, *, late: bool = False) -> None:
        self._close_run()
        if late:  # the expression reads a local that a later part would overwrite
            name = f"p{len(self._parts)}"
            self._line(f"{name} = {expression}")
            expression = name
        self._parts.append(expression)

    def _close_bits(self) -> None:
        if not self._bits:
            return
        width = 0
        for _, bits in self._bits:
            width += bits
        octets, shift, terms = (width + 7) // 8, (width + 7) // 8 * 8, []
        for expression, bits in self._bits:
            shift -= bits
            terms.append(f"({expression} << {shift})")
        self._bits = []
        self._fixed(f"{octets}s", f"({' | '.join(terms)}).to_bytes({octets}, 'big')")

    def _close_run(self) -> None:
        if self._arguments:
            pack = self._source.bind("pack", struct.Struct(f">{self._format}").pack)
            self._parts.append(f"{pack}({', '.join(self._arguments)})")
        self._format, self._arguments = "", []

    def _line(self, line: str) -> None:
        self._source.lines.append(line)


def _compile_item_encoder(item: FieldLayout, label: str) -> EncodeFunction:
    source = _Source(label)
    writer = _Encoder(source)
    writer._value(item, "m", f"{label}[]")  # noqa: SLF001 - own class
    parts = writer.finish()
    source.lines = [
        "def codec(m):",
        *(f"    {line}" for line in source.lines),
        f"    return b''.join(({', '.join(parts)},))",
    ]
    encode: EncodeFunction = source.compile()
    return encode


def _travels_as_is(field: FieldLayout) -> bool:
    return field.kind in (Kind.INTEGER, Kind.FLOAT) and field.calibration is None and field.allowed is None


# ------------------------------------------------------------------ decoding


def compile_decoder(layout: RecordLayout) -> DecodeFunction:
    """``decode(buffer, position, end) -> (message, position)`` for one layout."""
    source = _Source(layout.name)
    reader = _Decoder(source)
    result = reader.record(layout)
    return _finish_decoder(source, reader, result)


def _compile_item_decoder(item: FieldLayout, label: str) -> DecodeFunction:
    source = _Source(label)
    reader = _Decoder(source)
    result = reader.value(item, f"{label}[]")
    return _finish_decoder(source, reader, result)


def _finish_decoder(source: _Source, reader: _Decoder, result: str) -> DecodeFunction:
    reader.close_run()
    source.lines = [
        "def codec(b, o, end):",
        *(f"    {line}" for line in source.lines),
        f"    result = {result}",
        *(f"    {line}" for line in reader.checks),
        "    return result, o",
    ]
    decode: DecodeFunction = source.compile()
    return decode


class _Decoder:
    def __init__(self, source: _Source) -> None:
        self._source = source
        self._format = ""
        self._targets: list[str] = []
        self._bits: list[tuple[FieldLayout, str, int]] = []
        self._locals = 0
        self.checks: list[str] = []

    def record(self, layout: RecordLayout) -> str:
        """Emit the reading of a record; returns the expression that builds it."""
        arguments: list[str] = []
        pending: list[tuple[int, FieldLayout, str]] = []
        for field in layout.fields:
            label = f"{layout.name}.{field.name}"
            if isinstance(field.wire, Bits):
                pending.append((len(arguments), field, label))
                arguments.append("")
                continue
            self._bit_group(pending, arguments)
            pending = []
            arguments.append(self._checked(field, self.value(field, label), label))
        self._bit_group(pending, arguments)
        return f"{self._source.bind('record', layout.python_class)}({', '.join(arguments)})"

    def value(self, field: FieldLayout, label: str) -> str:
        """Emit the reading of a value; returns its expression."""
        if isinstance(field.wire, Number):
            return self._engineering(field, self._fixed(field.wire.code), label)
        if field.record is not None:
            return self.record(field.record)
        if field.item is not None:
            return self._array(field, field.item, label)
        return self._octets(field, label)

    def _checked(self, field: FieldLayout, expression: str, label: str) -> str:
        if field.allowed is None:
            return expression
        low, high, name = field.allowed.lowest, field.allowed.highest, self._local()
        self.checks.append(f"if not {low!r} <= {name} <= {high!r}: check_allowed({label!r}, {name}, {low!r}, {high!r})")
        return f"({name} := {expression})"

    def _engineering(self, field: FieldLayout, raw: str, label: str) -> str:
        if field.kind is Kind.BOOLEAN:
            return f"{self._source.bind('labels', wire_values.Labels(label, {0: False, 1: True}))}[{raw}]"
        if field.enumeration is not None:
            members = {member.value: member for member in field.enumeration}
            return f"{self._source.bind('labels', wire_values.Labels(label, members))}[{raw}]"
        match field.calibration:
            case None:
                return raw
            case Linear(scale, 0.0):
                return f"{scale!r} * {raw}"
            case Linear(scale, offset):
                return f"{offset!r} + {scale!r} * {raw}"
            case calibration:
                return f"{self._source.bind('calibration', calibration)}.engineering({raw})"

    def _octets(self, field: FieldLayout, label: str) -> str:
        wrap = (lambda data: f"text({label!r}, {data})") if field.kind is Kind.TEXT else (lambda data: data)
        if isinstance(field.extent, Length):
            raw = self._fixed(f"{field.extent.count}s")
            return wrap(f"{raw}.rstrip(b'\\0')" if field.kind is Kind.TEXT else raw)
        self.close_run()
        name = self._local()
        if isinstance(field.extent, UpTo):
            self._line(f"n, o = read_count({label!r}, b, o, end, {field.extent.count})")
        else:
            bound = field.extent.count if field.extent is not None else 0
            self._line(f"n = end - o; bounded({label!r}, range(n), {bound})")
        self._line(f"{name} = read_octets({label!r}, b, o, end, n); o += n")
        return wrap(name)

    def _array(self, field: FieldLayout, item: FieldLayout, label: str) -> str:
        extent = field.extent
        if isinstance(extent, Length) and item.fixed_octets is not None:
            if isinstance(item.wire, Number) and _travels_as_is(item):
                names = [self._local() for _ in range(extent.count)]
                self._format += f"{extent.count}{item.wire.code}"
                self._targets += names
                return f"({', '.join(names)},)"
            parts = [
                self._checked(item, self.value(item, f"{label}[{index}]"), f"{label}[{index}]")
                for index in range(extent.count)
            ]
            return f"({', '.join(parts)},)"
        self.close_run()
        name, decode_item = (
            self._local(),
            self._source.bind("decode_item", _compile_item_decoder(item, label)),
        )
        self._line(f"{name} = []")
        if isinstance(extent, Tail):
            self._line("while o < end:")
        else:
            count = extent.count if extent is not None else 0
            counted = isinstance(extent, UpTo)
            self._line(f"n, o = read_count({label!r}, b, o, end, {count})" if counted else f"n = {count}")
            self._line("for _ in range(n):")
        self._line(f"    item, o = {decode_item}(b, o, end); {name}.append(item)")
        if item.allowed is not None:
            low, high = item.allowed.lowest, item.allowed.highest
            self._line(f"    check_allowed({label!r}, item, {low!r}, {high!r})")
        if isinstance(extent, Tail):
            self._line(f"item_count({label!r}, {name}, 0, {extent.count})")
        return f"tuple({name})"

    def _bit_group(self, group: list[tuple[int, FieldLayout, str]], arguments: list[str]) -> None:
        if not group:
            return
        width = 0
        for _, field, _ in group:
            width += field.wire.width if isinstance(field.wire, Bits) else 0
        octets = (width + 7) // 8
        raw, shift = self._fixed(f"{octets}s"), octets * 8
        name = self._local()
        first = True
        for index, field, label in group:
            bits = field.wire.width if isinstance(field.wire, Bits) else 0
            shift -= bits
            word = f"({name} := int.from_bytes({raw}, 'big'))" if first else name
            first = False
            expression = self._engineering(field, f"({word} >> {shift} & {2**bits - 1})", label)
            arguments[index] = self._checked(field, expression, label)

    def _fixed(self, code: str) -> str:
        name = self._local()
        self._format += code
        self._targets.append(name)
        return name

    def close_run(self) -> None:
        """Emit the ``struct`` call for the fixed fields gathered so far."""
        if not self._targets:
            return
        run = struct.Struct(f">{self._format}")
        unpack = self._source.bind("unpack", run.unpack_from)
        self._line(f"if o + {run.size} > end: raise TooShortError({self._source.name!r}, o + {run.size}, end)")
        self._line(f"{', '.join(self._targets)}, = {unpack}(b, o); o += {run.size}")
        self._format, self._targets = "", []

    def _local(self) -> str:
        self._locals += 1
        return f"v{self._locals}"

    def _line(self, line: str) -> None:
        self._source.lines.append(line)
