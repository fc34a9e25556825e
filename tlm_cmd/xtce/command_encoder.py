"""Commands to octets: each entry of a command's container becomes a step that was prepared when the file was loaded.

Entries are those of XTCE's ``CommandContainer``: ``ParameterRefEntry``, ``ArgumentRefEntry`` and ``FixedValueEntry``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tlm_cmd.definition.wire_values import FieldTypeError, LengthError
from tlm_cmd.errors import FieldRangeError, ProtocolError
from tlm_cmd.xtce.argument_values import ToRaw, bits_of, padded, raw_of
from tlm_cmd.xtce.budget import Budget
from tlm_cmd.xtce.conversions import MAX_ITEMS
from tlm_cmd.xtce.errors import XtceError
from tlm_cmd.xtce.model import AggregateType, Amount, ArrayType, BinaryEncoding, DataType, ScalarType, StringEncoding
from tlm_cmd.xtce.packet_model import ContainerEntry, Entry, FixedEntry, MetaCommand, ParameterEntry

MAX_COMMAND_BITS = 8 * 65_542


class _Bits:
    """Bits written one behind the other."""

    def __init__(self) -> None:
        self.word = 0
        self.count = 0

    def add(self, value: int, bits: int) -> None:
        self.word = self.word << bits | value
        self.count += bits

    def octets(self) -> bytes:
        fill = -self.count % 8
        return (self.word << fill).to_bytes((self.count + fill) // 8, "big")


Step = Callable[[_Bits, dict[str, Any]], None]


class CommandEncoder:
    """Encodes one command.

    Attributes:
        command: what the file says of it.
        arguments: names of those that can be given, in order.
    """

    def __init__(self, command: MetaCommand, budget: Budget) -> None:
        """Prepare the steps.

        Args:
            command: what the file says of it.
            budget: what is left of the values that the file may have.

        Raises:
            XtceError: an entry that only packets can have, or an argument that cannot be encoded.
        """
        self.command, self._budget = command, budget
        self.arguments = tuple(each.name for each in command.arguments if each.name not in command.assigned)
        self._defaults: dict[str, Any] = {
            each.name: each.default for each in command.arguments if each.default is not None
        }
        self._defaults |= command.assigned
        self._raw: dict[str, ToRaw] = {}
        self._sized: dict[str, tuple[str, DataType, Amount]] = {}
        for each in command.arguments:
            self._prepare(each.name, each.type)
        self._steps = [self._step(entry) for entry in command.entries]

    def encode(self, values: Mapping[str, object] | None = None) -> bytes:
        """The octets of the command; sequence count, length and checksum are as the file has them.

        Args:
            values: engineering values by argument; those with a default may be missing, and so may a size that follows
                from the length of what it counts. Numbers, labels and octets may be given as text.

        Raises:
            ProtocolError: an argument is missing, unknown, or has a value that is not allowed; the error names it.
            LengthError: the command becomes longer than any may be.
        """
        given = dict(values or {})
        for name in given:
            if name not in self.arguments:
                known = ", ".join(self.arguments) or "none"
                raise ProtocolError(f"{self.command.path} has no argument {name!r}, it has {known}")
        complete = self._complete(self._defaults | given)
        bits = _Bits()
        for step in self._steps:
            step(bits, complete)
            if bits.count > MAX_COMMAND_BITS:
                raise LengthError(self.command.path, bits.count // 8, 0, MAX_COMMAND_BITS // 8)
        return bits.octets()

    # ---------------------------------------------------------------- values

    def _prepare(self, name: str, kind: DataType) -> None:
        """Find out which argument tells the size of another."""
        amount = None
        if isinstance(kind, ArrayType):
            amount = kind.count
        elif isinstance(kind, ScalarType) and isinstance(kind.encoding, StringEncoding | BinaryEncoding):
            amount = kind.encoding.size
        if amount is not None and amount.reference is not None and amount.slope:
            self._sized.setdefault(amount.reference.name, (name, kind, amount))

    def _complete(self, values: dict[str, Any]) -> dict[str, Any]:
        """All values, sizes that were not given included.

        Raises:
            ProtocolError: an argument is missing that has neither a default nor a size that follows from others.
        """
        for argument in self.command.arguments:
            name = argument.name
            if name in values:
                continue
            sized = self._sized.get(name)
            if sized is None or sized[0] not in values:
                meaning = f": {argument.description}" if argument.description else ""
                raise ProtocolError(f"{self.command.path} needs the argument {name!r}{meaning}")
            values[name] = self._size_of(*sized, values)
        return values

    def _size_of(self, name: str, kind: DataType, amount: Amount, values: Mapping[str, Any]) -> int:
        value = values[name]
        if isinstance(kind, ScalarType):
            count = 8 * len(raw_of(kind, name, self.command.line)(value))
        elif isinstance(value, list | tuple):
            count = len(value)
        else:
            raise FieldTypeError(name, value, "list")
        return round((count - amount.intercept) / amount.slope)

    def _amount(self, amount: Amount, name: str, line: int) -> Callable[[Mapping[str, Any]], int]:
        fixed = amount.fixed
        if fixed is not None:
            return lambda _: fixed
        reference = amount.reference
        sizes = {each.name: each.type for each in self.command.arguments}
        if reference is None or reference.name not in sizes:
            raise XtceError("Argument", name, line, "its size must be fixed, or follow from an argument")
        size_type = sizes[reference.name]
        if not isinstance(size_type, ScalarType):
            raise XtceError("Argument", name, line, f"{reference.name} is no number")
        convert = raw_of(size_type, reference.name, line)

        def number(values: Mapping[str, Any]) -> int:
            told = values[reference.name]
            raw = convert(told)
            if isinstance(raw, bytes):
                raise FieldTypeError(reference.name, told, "number")
            count = int(amount.slope * raw + amount.intercept)
            if not 0 <= count <= 8 * MAX_ITEMS:
                raise FieldRangeError(reference.name, told, 0, 8 * MAX_ITEMS)
            return count

        return number

    # ---------------------------------------------------------------- steps

    def _step(self, entry: Entry) -> Step:
        if isinstance(entry, FixedEntry):
            value, width = entry.value, entry.bits
            return lambda bits, _: bits.add(value, width)
        if isinstance(entry, ContainerEntry):
            raise XtceError("ContainerRefEntry", entry.container, entry.line, "is not supported in a command")
        name = entry.parameter.name
        if entry.condition is not None or entry.repeat is not None or entry.parameter.path.startswith("/"):
            problem = "conditions, repetitions and parameters are not supported in a command"
            raise XtceError("ArgumentRefEntry", name, entry.line, problem)
        gap = self._gap(entry)
        write = self._writer(entry.parameter.type, name, entry.line)

        def step(bits: _Bits, values: dict[str, Any]) -> None:
            bits.add(0, gap)
            write(bits, values[name], values)

        return step

    def _gap(self, entry: ParameterEntry) -> int:
        location = entry.location
        if location is not None and location.from_start:
            name = entry.parameter.name
            raise XtceError(
                "ArgumentRefEntry", name, entry.line, "a place from the begin is not supported in a command"
            )
        return location.bits if location is not None else 0

    def _writer(self, kind: DataType, name: str, line: int) -> Callable[[_Bits, Any, dict[str, Any]], None]:
        self._budget.spend(name, line)
        if isinstance(kind, ScalarType):
            return self._scalar(kind, name, line)
        if isinstance(kind, AggregateType):
            return self._aggregate(kind, name, line)
        return self._array(kind, name, line)

    def _scalar(self, kind: ScalarType, name: str, line: int) -> Callable[[_Bits, Any, dict[str, Any]], None]:
        convert, encoding = raw_of(kind, name, line), kind.encoding
        if isinstance(encoding, StringEncoding | BinaryEncoding):
            size = self._amount(encoding.size, name, line) if encoding.size is not None else None

            def write_octets(bits: _Bits, value: Any, values: dict[str, Any]) -> None:  # noqa: ANN401 - as given
                told = size(values) if size is not None else None
                octets = padded(encoding, name, convert(value), None if told is None else told // 8)
                bits.add(int.from_bytes(octets, "big"), 8 * len(octets))

            return write_octets
        if encoding is None or getattr(encoding, "mil_1750a", False):
            raise XtceError("Argument", name, line, "its encoding is not supported for arguments")
        number = encoding

        def write(bits: _Bits, value: Any, _: dict[str, Any]) -> None:  # noqa: ANN401 - as given
            bits.add(bits_of(number, name, convert(value)), number.bits)

        return write

    def _aggregate(self, kind: AggregateType, name: str, line: int) -> Callable[[_Bits, Any, dict[str, Any]], None]:
        writers = {member: self._writer(inner, f"{name}.{member}", line) for member, inner in kind.members}

        def write(bits: _Bits, value: Any, values: dict[str, Any]) -> None:  # noqa: ANN401 - as given
            if not isinstance(value, Mapping) or set(value) != set(writers):
                raise FieldTypeError(name, value, f"a mapping with {', '.join(writers)}")
            for member, inner in writers.items():
                inner(bits, value[member], values)

        return write

    def _array(self, kind: ArrayType, name: str, line: int) -> Callable[[_Bits, Any, dict[str, Any]], None]:
        item, count = self._writer(kind.item, f"{name}[]", line), self._amount(kind.count, name, line)

        def write(bits: _Bits, value: Any, values: dict[str, Any]) -> None:  # noqa: ANN401 - as given
            if not isinstance(value, list | tuple):
                raise FieldTypeError(name, value, "list")
            expected = count(values)
            if len(value) != expected:
                raise LengthError(name, len(value), expected, expected)
            for each in value:
                item(bits, each, values)

        return write
