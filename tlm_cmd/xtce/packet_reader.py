"""Emits the statements that read the entries of containers, one behind the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import assert_never

import msgspec

from tlm_cmd.definition.generated import GeneratedSource
from tlm_cmd.xtce import conversions
from tlm_cmd.xtce.errors import XtceError
from tlm_cmd.xtce.model import (
    AggregateType,
    Amount,
    ArrayType,
    Condition,
    Container,
    ContainerEntry,
    DataType,
    Entry,
    FixedEntry,
    FloatEncoding,
    IntegerEncoding,
    Location,
    ParameterEntry,
    ScalarType,
)
from tlm_cmd.xtce.number_run import NumberRun, struct_code
from tlm_cmd.xtce.read_strings import StringCode
from tlm_cmd.xtce.values import Piece, Scope, Value, calibrated

MAX_INLINED = 64
"""Most numbers of a fixed array that are read like parameters of their own; longer arrays are looped over."""
MAX_NESTED_CONTAINERS = 16


class PacketReader:
    """Emits statements into a source.

    Positions are bits from a base: ``start`` up to the first part of variable size, then ``o``, the end of the last one.

    Attributes:
        fields: values by name, in order; names are those of the parameters.
    """

    def __init__(
        self,
        source: GeneratedSource,
        label: str,
        containers: Mapping[str, Container],
        *,
        raw: bool,
        base: str = "start",
    ) -> None:
        """Begin at the base.

        Args:
            source: the function under construction.
            label: what errors call the structure.
            containers: all containers by path.
            raw: whether raw values are wanted instead of engineering values.
            base: where the first entry begins.
        """
        self.fields: dict[str, Value] = {}
        self._source, self._label, self._containers, self._raw = source, label, containers, raw
        self._base, self._bit = base, 0
        self._run = NumberRun(source)
        self.scope = Scope(source, self.close_run)
        self._strings = StringCode(source, self.scope)
        self._depth = 0

    # ---------------------------------------------------------------- positions

    def close_run(self) -> None:
        """Emit the reading of the numbers gathered so far."""
        self._run.emit(self._base, self._label)

    def position(self, line: int = 0) -> str:
        """The expression of the octet that is read next.

        Raises:
            XtceError: the next bit is not the first one of an octet.
        """
        self.close_run()
        if self._bit % 8:
            raise XtceError("Entry", self._label, line, "what varies in size must begin on an octet boundary")
        return f"{self._base} + {self._bit // 8}" if self._bit else self._base

    def end(self) -> str:
        """The expression of the octet behind all that was read."""
        self.close_run()
        self._bit += -self._bit % 8
        return self.position()

    def _variable(self) -> None:
        """From here on, positions count from ``o``."""
        self._base, self._bit = "o", 0

    def _place(self, location: Location | None, origin: tuple[str, int], line: int) -> None:
        """Go to where an entry begins; ``origin`` is the begin of its container."""
        if location is None:
            return
        if not location.from_start:
            self._bit += location.bits
            return
        base, bit = origin
        if base != "start":
            raise XtceError("Entry", self._label, line, "the begin of its container is not at a fixed position")
        if (self._base, self._bit) != ("start", bit + location.bits):
            self.close_run()
            self._base, self._bit = "start", bit + location.bits

    # ---------------------------------------------------------------- entries

    def entries(self, entries: Iterable[Entry]) -> None:
        """Read entries; locations count from where the reader stands, which is the begin of their container.

        Raises:
            XtceError: something stands where it cannot be read, or refers to what is not there.
        """
        origin = (self._base, self._bit)
        for entry in entries:
            if isinstance(entry, FixedEntry):
                self._bit += entry.bits
                continue
            self._place(entry.location, origin, entry.line)
            if entry.condition is not None:
                self._conditional(entry, entry.condition)
            else:
                self._entry(entry)

    def _entry(self, entry: ParameterEntry | ContainerEntry) -> None:
        if isinstance(entry, ParameterEntry):
            parameter = entry.parameter
            kind = parameter.type
            if entry.repeat is not None:
                kind = ArrayType(parameter.path, kind, entry.repeat)
            self._add(parameter.path, self._value(kind, parameter.name, entry.line))
        elif entry.repeat is not None:
            self._add(entry.container, self._repeated(entry, entry.repeat))
        else:
            self._depth += 1
            if self._depth > MAX_NESTED_CONTAINERS:
                raise XtceError("ContainerRefEntry", entry.container, entry.line, "holds itself, or too many others")
            self.entries(entries_of(entry.container, self._containers, entry.line))
            self._depth -= 1

    def _add(self, path: str, value: Value) -> None:
        name = path.rpartition("/")[2]
        field, number = name, 1
        while field in self.fields:
            number += 1
            field = f"{name}_{number}"
        self.fields[field] = value
        self.scope.values[path] = value

    def _conditional(self, entry: ParameterEntry | ContainerEntry, condition: Condition) -> None:
        """An entry that is only there when a condition holds; its fields are None otherwise."""
        test = self.scope.condition(condition)
        self._source.line(f"o = {self.position(entry.line)}")
        self._variable()
        known = dict(self.fields)
        outer, self._source.lines = self._source.lines, []
        self._entry(entry)
        position = self.position(entry.line)
        made = {field: value for field, value in self.fields.items() if field not in known}
        names = {field: self._source.local() for field in made}
        for field, value in made.items():
            self._source.line(f"{names[field]} = {self.expression(value)}")
        inner, self._source.lines = [*self._source.lines, f"o = {position}"], outer
        self._source.lines += [f"{name} = None" for name in names.values()]
        self._source.lines += [f"if {test}:", *(f"    {line}" for line in inner)]
        self._variable()
        for field, value in made.items():
            plain = Value(value.name, scalar=value.type, expression=_constant(names[field]))
            plain.calibrated = names[field]
            self.fields[field] = plain
            for path, known_value in self.scope.values.items():
                if known_value is value:
                    self.scope.values[path] = plain

    # ---------------------------------------------------------------- values

    def expression(self, value: Value) -> str:
        """The expression of what is handed out for a value."""
        if value.members:
            members = {name: self.expression(member) for name, member in value.members.items()}
            return f"{self.structure(value.structure, list(members))}({', '.join(members.values())})"
        return value.raw() if self._raw else value.engineering(self._source)

    def structure(self, name: str, fields: list[str]) -> str:
        """The name of a class with such fields."""
        return self._source.bind("record", structure(name, tuple(fields)))

    def _value(self, kind: DataType, name: str, line: int) -> Value:
        match kind:
            case ScalarType():
                return self._scalar(kind, name, line)
            case AggregateType():
                return self._aggregate(kind, name, line)
            case ArrayType():
                return self._array(kind, name, line)
            case _:
                assert_never(kind)

    def _scalar(self, scalar: ScalarType, name: str, line: int) -> Value:
        encoding = scalar.encoding
        if encoding is None:
            raise XtceError("ParameterRefEntry", name, line, f"its type {scalar.name} has no encoding")
        if isinstance(encoding, IntegerEncoding | FloatEncoding):
            piece = Piece(self._bit, encoding)
            self._run.add(piece)
            self._bit += encoding.bits
            value = Value(name, scalar=scalar, piece=piece)
            if scalar.contexts:
                value.calibrated = self._in_context(scalar, value)
            return value
        text = self._strings.fixed(encoding, name, self.position(line))
        if text is not None:
            expression, octets = text
            self._bit += 8 * octets
        else:
            expression = self._strings.variable(encoding, name, self.position(line))
            self._variable()
        return Value(name, scalar=scalar, expression=_constant(expression))

    def _in_context(self, scalar: ScalarType, value: Value) -> str:
        """The name of the value calibrated by the first calibrator whose condition holds."""
        self.close_run()
        name, raw = self._source.local(), value.raw()
        own = Value(value.name, scalar=msgspec.structs.replace(scalar, contexts=()), expression=_constant(raw))
        self.scope.local[value.name] = own
        keyword = "if"
        for condition, calibrator in scalar.contexts:
            result = calibrated(self._source, calibrator, raw, value.name)
            self._source.line(f"{keyword} {self.scope.condition(condition)}: {name} = {result}")
            keyword = "elif"
        self._source.line(f"else: {name} = {calibrated(self._source, scalar.calibrator, raw, value.name)}")
        del self.scope.local[value.name]
        return name

    def _aggregate(self, kind: AggregateType, name: str, line: int) -> Value:
        outer, self.scope.local = self.scope.local, dict(self.scope.local)
        members: dict[str, Value] = {}
        for member, member_type in kind.members:
            members[member] = self._value(member_type, f"{name}.{member}", line)
            self.scope.local[member] = members[member]
        self.scope.local = outer
        return Value(name, members=members, structure=kind.name.rpartition("/")[2])

    # ---------------------------------------------------------------- arrays

    def _array(self, kind: ArrayType, name: str, line: int) -> Value:
        item, count = kind.item, kind.count.fixed
        encoding = item.encoding if isinstance(item, ScalarType) else None
        number = isinstance(encoding, IntegerEncoding | FloatEncoding)
        if count is not None and not 0 <= count <= conversions.MAX_ITEMS:
            raise XtceError("ArrayParameterType", kind.name, line, f"{count} items are out of range")
        if count is not None and count <= MAX_INLINED and _is_flat(item):
            items = [self._value(item, f"{name}[{index}]", line) for index in range(count)]
            return Value(name, expression=lambda: f"({''.join(f'{self.expression(each)}, ' for each in items)})")
        size = str(count) if count is not None else self.amount(kind.count, name, conversions.MAX_ITEMS)
        begin = self.position(line)
        if number and self._is_as_it_travels(item):
            assert isinstance(encoding, IntegerEncoding | FloatEncoding)  # noqa: S101 - just asked
            return self._numbers(encoding, name, size, begin)
        return self._items(item, name, size, begin, line)

    def _is_as_it_travels(self, item: DataType) -> bool:
        if not isinstance(item, ScalarType) or not isinstance(item.encoding, IntegerEncoding | FloatEncoding):
            return False
        same = item.calibrator is None and not item.contexts and not item.labels and item.nature.value != "Boolean"
        return bool(struct_code(item.encoding)) and (same or self._raw)

    def _numbers(self, encoding: IntegerEncoding | FloatEncoding, name: str, size: str, begin: str) -> Value:
        result, octets = self._source.local(), encoding.bits // 8
        at = self._source.local()
        self._source.line(f"{at} = {begin}")
        self._source.line(f"o = {at} + {size} * {octets}")
        self._source.line(f"if o > end: raise TooShortError({name!r}, o - {at}, end - {at})")
        self._source.line(f"{result} = unpack_items(f'>{{{size}}}{struct_code(encoding)}', data, {at})")
        self._variable()
        return Value(name, expression=_constant(result))

    def _items(self, item: DataType, name: str, size: str, begin: str, line: int) -> Value:
        """Items that are read by a function of their own."""
        source = GeneratedSource(name)
        reader = PacketReader(source, f"{name}[]", self._containers, raw=self._raw, base="o")
        value = reader._value(item, f"{name}[]", line)
        return self._loop(source, reader, lambda: reader.expression(value), (name, size, begin, line))

    def _repeated(self, entry: ContainerEntry, repeat: Amount) -> Value:
        """A container that repeats: a tuple of structures."""
        name = entry.container.rpartition("/")[2]
        size = self.amount(repeat, name, conversions.MAX_ITEMS)
        begin = self.position(entry.line)
        source = GeneratedSource(name)
        reader = PacketReader(source, f"{name}[]", self._containers, raw=self._raw, base="o")
        reader._depth = self._depth + 1
        if reader._depth > MAX_NESTED_CONTAINERS:
            raise XtceError("ContainerRefEntry", entry.container, entry.line, "holds itself, or too many others")
        reader.entries(entries_of(entry.container, self._containers, entry.line))
        return self._loop(source, reader, lambda: reader.message(name), (name, size, begin, entry.line))

    def _loop(
        self,
        source: GeneratedSource,
        reader: PacketReader,
        result: Callable[[], str],
        place: tuple[str, str, str, int],
    ) -> Value:
        name, size, begin, line = place
        position = reader.position(line)
        made = source.function("item(data, o, end)", [*source.lines, f"return {result()}, {position}"])
        items, read_item = self._source.local(), self._source.bind("read_item", made)
        self._source.line(f"o = {begin}")
        self._source.line(f"{items} = []")
        self._source.line(f"for _ in range({size}):")
        self._source.line(f"    item, o = {read_item}(data, o, end)")
        self._source.line(f"    {items}.append(item)")
        self._variable()
        return Value(name, expression=_constant(f"tuple({items})"))

    def message(self, name: str) -> str:
        """The expression of all that was read."""
        fields = {field: self.expression(value) for field, value in self.fields.items()}
        return f"{self.structure(name, list(fields))}({', '.join(fields.values())})"

    # ---------------------------------------------------------------- amounts

    def amount(self, amount: Amount, name: str, most: int) -> str:
        """Emit the working out of a count; returns its name."""
        return self._strings.amount(amount, name, most)


def entries_of(path: str, containers: Mapping[str, Container], line: int = 0) -> tuple[Entry, ...]:
    """The entries of a container, those that it inherits first.

    Raises:
        XtceError: it inherits from itself.
    """
    entries: tuple[Entry, ...] = ()
    seen: list[str] = []
    while path:
        if path in seen:
            raise XtceError("SequenceContainer", path, line, "inherits from itself")
        seen.append(path)
        container = containers[path]
        entries, path = container.entries + entries, container.base
    return entries


@cache
def structure(name: str, fields: tuple[str, ...]) -> type[msgspec.Struct]:
    """A frozen class with such fields; what is no identifier in Python becomes one."""
    names: list[str] = []
    for field in fields:
        identifier = re.sub(r"\W", "_", field)
        if identifier[:1].isdigit():
            identifier = f"_{identifier}"
        while identifier in names:
            identifier = f"{identifier}_"
        names.append(identifier)
    made: type[msgspec.Struct] = msgspec.defstruct(re.sub(r"\W", "_", name) or "_", names, frozen=True, gc=False)
    return made


def _is_flat(kind: DataType) -> bool:
    if isinstance(kind, AggregateType):
        return False
    return (
        isinstance(kind, ScalarType)
        and isinstance(kind.encoding, IntegerEncoding | FloatEncoding)
        and not kind.contexts
    )


def _constant(text: str) -> Callable[[], str]:
    return lambda: text
