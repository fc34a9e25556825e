"""Emits the statements that read the entries of containers, one behind the other.

Entries are those of XTCE's ``EntryList``, where ``LocationInContainerInBits`` places them and if ``IncludeCondition``
holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import assert_never

import msgspec

from tlm_cmd.definition.generated import GeneratedSource
from tlm_cmd.xtce.budget import Budget
from tlm_cmd.xtce.errors import XtceError
from tlm_cmd.xtce.model import (
    AggregateType,
    Amount,
    ArrayType,
    BinaryEncoding,
    Condition,
    DataType,
    FloatEncoding,
    IntegerEncoding,
    ScalarType,
)
from tlm_cmd.xtce.number_run import NumberRun
from tlm_cmd.xtce.packet_arrays import MAX_NESTED_CONTAINERS, read_array, read_repeated
from tlm_cmd.xtce.packet_model import Container, ContainerEntry, Entry, FixedEntry, Location, ParameterEntry
from tlm_cmd.xtce.read_strings import StringCode
from tlm_cmd.xtce.structures import DistinctNames, entries_of, structure
from tlm_cmd.xtce.values import OctetRun, Piece, Scope, Value, calibrated


class PacketReader:
    """Emits statements into a source.

    Positions are bits from a base: ``start`` up to the first part of variable size, then ``o``, the end of the last.

    Attributes:
        fields: values by name, in order; names are those of the parameters.
        scope: the values that conditions and sizes can refer to.
        source: the function under construction.
        containers: all containers by path.
        raw: whether raw values are wanted instead of engineering values.
        budget: what is left of the values that the file may have.
        depth: how many containers stand around the one that is read.
    """

    def __init__(
        self,
        source: GeneratedSource,
        label: str,
        containers: Mapping[str, Container],
        *,
        raw: bool,
        budget: Budget,
        base: str = "start",
    ) -> None:
        """Begin at the base.

        Args:
            source: the function under construction.
            label: what errors call the structure.
            containers: all containers by path.
            raw: whether raw values are wanted instead of engineering values.
            budget: what is left of the values that the file may have.
            base: where the first entry begins.
        """
        self.fields: dict[str, Value] = {}
        self._names = DistinctNames()
        self.source, self._label, self.containers, self.raw = source, label, containers, raw
        self._base, self._bit = base, 0
        self._run = NumberRun(source)
        self.scope = Scope(source, self.close_run)
        self._strings = StringCode(source, self.scope)
        self.budget, self.depth = budget, 0

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

    def vary(self) -> None:
        """From here on, positions count from ``o``."""
        self._base, self._bit = "o", 0

    def _place(self, location: Location | None, origin: tuple[str, int], line: int) -> None:
        """Go to where an entry begins; ``origin`` is the begin of its container.

        Raises:
            XtceError: it counts from the start of a container that begins at no fixed place.
        """
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
            self._add(parameter.path, self.value(kind, parameter.name, entry.line))
        elif entry.repeat is not None:
            self._add(entry.container, read_repeated(self, entry, entry.repeat))
        else:
            self.budget.spend(entry.container, entry.line)
            self.depth += 1
            if self.depth > MAX_NESTED_CONTAINERS:
                raise XtceError("ContainerRefEntry", entry.container, entry.line, "holds itself, or too many others")
            self.entries(entries_of(entry.container, self.containers, entry.line))
            self.depth -= 1

    def _add(self, path: str, value: Value) -> None:
        self.fields[self._names.give(path.rpartition("/")[2])] = value
        self.scope.values[path] = value

    def _conditional(self, entry: ParameterEntry | ContainerEntry, condition: Condition) -> None:
        """An entry that is only there when a condition holds; its fields are None otherwise."""
        test = self.scope.condition(condition)
        self.source.line(f"o = {self.position(entry.line)}")
        self.vary()
        known, self.fields = self.fields, {}
        outer, self.source.lines = self.source.lines, []
        self._entry(entry)
        position = self.position(entry.line)
        made, self.fields = self.fields, known
        raws = {field: self._kept(value.raw()) for field, value in made.items() if value.is_number}
        handed = {
            field: raws[field] if self.raw and field in raws else self._kept(self.expression(value))
            for field, value in made.items()
        }
        inner, self.source.lines = [*self.source.lines, f"o = {position}"], outer
        self.source.lines += [f"{name} = None" for name in dict.fromkeys([*raws.values(), *handed.values()])]
        self.source.lines += [f"if {test}:", *(f"    {line}" for line in inner)]
        self.vary()
        for field, value in made.items():
            value.settle(raws.get(field, handed[field]), "" if self.raw else handed[field])
            self.fields[field] = value

    def _kept(self, expression: str) -> str:
        """The name of a local variable in which a value is kept."""
        name = self.source.local()
        self.source.line(f"{name} = {expression}")
        return name

    # ---------------------------------------------------------------- values

    def expression(self, value: Value) -> str:
        """The expression of what is handed out for a value."""
        if value.members:
            members = {name: self.expression(member) for name, member in value.members.items()}
            return f"{self.structure(value.structure, list(members))}({', '.join(members.values())})"
        return value.raw() if self.raw else value.engineering(self.source)

    def structure(self, name: str, fields: list[str]) -> str:
        """The name of a class with such fields."""
        return self.source.bind("record", structure(name, tuple(fields)))

    def value(self, kind: DataType, name: str, line: int) -> Value:
        """Read a value of any type."""
        self.budget.spend(name, line)
        match kind:
            case ScalarType():
                return self._scalar(kind, name, line)
            case AggregateType():
                return self._aggregate(kind, name, line)
            case ArrayType():
                return read_array(self, kind, name, line)
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
        octets = self._strings.fixed_octets(encoding)
        if octets is not None:
            piece = Piece(self._bit, OctetRun(8 * octets))
            self._run.add(piece)
            self._bit += 8 * octets
            if isinstance(encoding, BinaryEncoding):
                return Value(name, scalar=scalar, piece=piece)
            return Value(name, scalar=scalar, expression=self._strings.content(encoding, piece, name))
        expression = self._strings.variable(encoding, name, self.position(line))
        self.vary()
        return Value(name, scalar=scalar, expression=_constant(expression))

    def _in_context(self, scalar: ScalarType, value: Value) -> str:
        """The name of the value calibrated by the first calibrator whose condition holds."""
        self.close_run()
        name, raw = self.source.local(), value.raw()
        own = Value(value.name, scalar=msgspec.structs.replace(scalar, contexts=()), expression=_constant(raw))
        self.scope.local[value.name] = own
        keyword = "if"
        for condition, calibrator in scalar.contexts:
            result = calibrated(self.source, calibrator, raw, value.name)
            self.source.line(f"{keyword} {self.scope.condition(condition)}: {name} = {result}")
            keyword = "elif"
        self.source.line(f"else: {name} = {calibrated(self.source, scalar.calibrator, raw, value.name)}")
        del self.scope.local[value.name]
        return name

    def _aggregate(self, kind: AggregateType, name: str, line: int) -> Value:
        outer, self.scope.local = self.scope.local, dict(self.scope.local)
        members: dict[str, Value] = {}
        for member, member_type in kind.members:
            members[member] = self.value(member_type, f"{name}.{member}", line)
            self.scope.local[member] = members[member]
        self.scope.local = outer
        return Value(name, members=members, structure=kind.name.rpartition("/")[2])

    def message(self, name: str) -> str:
        """The expression of all that was read."""
        fields = {field: self.expression(value) for field, value in self.fields.items()}
        return f"{self.structure(name, list(fields))}({', '.join(fields.values())})"

    # ---------------------------------------------------------------- amounts

    def amount(self, amount: Amount, name: str, most: int) -> str:
        """Emit the working out of a count, 0 to ``most``, or a refusal; returns its name."""
        return self._strings.amount(amount, name, most)


def _constant(text: str) -> Callable[[], str]:
    return lambda: text
