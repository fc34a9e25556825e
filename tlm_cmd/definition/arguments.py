"""From what a person or a script writes to a command, checked against its definition before it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from typing import Any, TypeVar

from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.fields import Number
from tlm_cmd.definition.layout import FieldLayout, Kind, RecordLayout, layout_of
from tlm_cmd.definition.message import Record
from tlm_cmd.definition.wire_values import FieldTypeError, UnknownValueError
from tlm_cmd.errors import FieldRangeError, ProtocolError

RecordType = TypeVar("RecordType", bound=Record)

_BOOLEANS = {"true": True, "on": True, "yes": True, "1": True, "false": False, "off": False, "no": False, "0": False}


class ArgumentError(ProtocolError):
    """An argument that the command does not have, or lacks."""

    def __init__(self, record: str, argument: str, problem: str) -> None:
        super().__init__(f"{record} {problem}")
        self.record, self.argument = record, argument


def build(record: type[RecordType], values: Mapping[str, object]) -> RecordType:
    """A message from named values; numbers, booleans and enumerations may also be given as text.

    Raises:
        ArgumentError: an unknown or a missing argument.
        ProtocolError: a value of the wrong type or outside its range; the error names it and what is allowed.
    """
    message: RecordType = _record(layout_of(record), values)
    codec_of(record).encode(message)  # ranges and lengths are checked where they are defined
    return message


def _record(layout: RecordLayout, values: Mapping[str, object]) -> Any:  # noqa: ANN401 - class known to the layout
    names = [field.name for field in layout.fields]
    for name in values:
        if name not in names:
            raise ArgumentError(layout.name, name, f"has no argument {name!r}{_hint(name, names)}")
    converted: dict[str, Any] = {}
    for field, has_default in zip(layout.fields, _defaults(layout), strict=True):
        if field.name in values:
            converted[field.name] = _value(field, values[field.name], f"{layout.name}.{field.name}")
        elif not has_default:
            meaning = f": {field.description}" if field.description else ""
            known = f"; it has {', '.join(names)}" if len(names) > 1 else ""
            raise ArgumentError(layout.name, field.name, f"needs the argument {field.name!r}{meaning}{known}")
    return layout.python_class(**converted)


def _hint(name: str, names: list[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only on the way to an error

    near = get_close_matches(str(name), names, n=1)
    known = f", it has {', '.join(names) or 'none'}"
    return f"{known}; did you mean {near[0]}?" if near else known


def _defaults(layout: RecordLayout) -> list[bool]:
    count = len(layout.python_class.__struct_defaults__)
    return [index >= len(layout.fields) - count for index in range(len(layout.fields))]


def _value(field: FieldLayout, value: object, path: str) -> Any:  # noqa: ANN401, PLR0911 - one return per kind
    match field.kind:
        case Kind.RECORD if field.record is not None and isinstance(value, Mapping):
            return _record(field.record, value)
        case Kind.RECORD if field.record is not None and isinstance(value, field.record.python_class):
            return value
        case Kind.ARRAY if field.item is not None and isinstance(value, list | tuple):
            item = field.item
            return tuple(_value(item, entry, f"{path}[{index}]") for index, entry in enumerate(value))
        case Kind.ENUMERATION:
            return _member(field, value, path)
        case Kind.BOOLEAN:
            return _boolean(value, path)
        case Kind.INTEGER:
            return _integer(value, path)
        case Kind.FLOAT:
            return _carried(field, _number(value, path), path)
        case Kind.OCTETS:
            return _octets(value, path)
        case Kind.TEXT if isinstance(value, str):
            return value
    raise FieldTypeError(path, value, field.kind.value)


def _member(field: FieldLayout, value: object, path: str) -> Any:  # noqa: ANN401 - a member of the enumeration
    assert field.enumeration is not None  # noqa: S101 - layout guarantees it
    if isinstance(value, str):
        for name, member in field.enumeration.__members__.items():
            if value.casefold() in (name.casefold(), str(int(member))):
                return member
    elif isinstance(value, int) and not isinstance(value, bool):
        for member in field.enumeration:
            if value == member:
                return member
    raise UnknownValueError(path, value, [f"{member.name} ({int(member)})" for member in field.enumeration])


def _boolean(value: object, path: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _BOOLEANS:
        return _BOOLEANS[value.lower()]
    raise FieldTypeError(path, value, "boolean (true or false)")


def _integer(value: object, path: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii():
        for base in (10, 0):  # 007 first, then 0x07 and the like
            try:
                return int(value, base)
            except ValueError:
                continue
    raise FieldTypeError(path, value, "integer")


def _number(value: object, path: str) -> float:
    is_foreign = isinstance(value, bool) or (isinstance(value, str) and not value.isascii())
    if isinstance(value, int | float | str) and not is_foreign:
        try:
            number = float(value)
        except (ValueError, OverflowError):
            pass
        else:
            if not isnan(number):
                return number
    raise FieldTypeError(path, value, "number")


def _carried(field: FieldLayout, value: float, path: str) -> float:
    """Refuse what a calibrated field would only carry as the end of its wire type; nobody asks for that.

    Raises:
        FieldRangeError: the value lies more than half a step beyond what the wire type reaches.
    """
    calibration, wire = field.calibration, field.wire
    if calibration is None or not isinstance(wire, Number):
        return value
    raw = calibration.raw(value, wire)
    if raw in (wire.lowest, wire.highest):
        nearest = calibration.engineering(raw)
        step = abs(nearest - calibration.engineering(raw + 1 if raw == wire.lowest else raw - 1))
        if abs(value - nearest) > 0.5 * step * (1 + 1e-9):
            ends = [calibration.engineering(end) for end in (wire.lowest, wire.highest)]
            raise FieldRangeError(path, value, min(ends), max(ends))
    return value


def _octets(value: object, path: str) -> bytes:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, str):
        try:
            return bytes.fromhex(value.removeprefix("0x"))
        except ValueError:
            pass
    raise FieldTypeError(path, value, "octets (hexadecimal)")
