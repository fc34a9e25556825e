"""From what a person or a script writes to a command, checked against its definition before it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.layout import FieldLayout, Kind, RecordLayout, layout_of
from tlm_cmd.definition.message import Record
from tlm_cmd.definition.wire_values import FieldTypeError, UnknownValueError
from tlm_cmd.errors import ProtocolError

RecordType = TypeVar("RecordType", bound=Record)

_BOOLEANS = {"true": True, "on": True, "yes": True, "1": True, "false": False, "off": False, "no": False, "0": False}


class ArgumentError(ProtocolError):
    """An argument that the command does not have, or lacks."""


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
            raise ArgumentError(f"{layout.name} has no argument {name!r}, it has {', '.join(names) or 'none'}")
    converted: dict[str, Any] = {}
    for field, has_default in zip(layout.fields, _defaults(layout), strict=True):
        if field.name in values:
            converted[field.name] = _value(field, values[field.name], f"{layout.name}.{field.name}")
        elif not has_default:
            raise ArgumentError(f"{layout.name} needs the argument {field.name!r}")
    return layout.python_class(**converted)


def _defaults(layout: RecordLayout) -> list[bool]:
    count = len(layout.python_class.__struct_defaults__)
    return [index >= len(layout.fields) - count for index in range(len(layout.fields))]


def _value(field: FieldLayout, value: object, path: str) -> Any:  # noqa: ANN401, PLR0911 - one return per kind
    match field.kind:
        case Kind.RECORD if field.record is not None and isinstance(value, Mapping):
            return _record(field.record, value)
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
            return _number(value, path)
        case Kind.OCTETS:
            return _octets(value, path)
        case Kind.TEXT if isinstance(value, str):
            return value
    raise FieldTypeError(path, value, field.kind.value)


def _member(field: FieldLayout, value: object, path: str) -> Any:  # noqa: ANN401 - a member of the enumeration
    assert field.enumeration is not None  # noqa: S101 - layout guarantees it
    for member in field.enumeration:
        if value is member or (isinstance(value, str) and value.upper() == member.name):
            return member
        if not isinstance(value, bool) and value in (member.value, str(member.value)):
            return member
    raise UnknownValueError(path, value, [member.name for member in field.enumeration])


def _boolean(value: object, path: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _BOOLEANS:
        return _BOOLEANS[value.lower()]
    raise FieldTypeError(path, value, "boolean (true or false)")


def _integer(value: object, path: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            return int(value, 0)
        except ValueError:
            pass
    raise FieldTypeError(path, value, "integer")


def _number(value: object, path: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            pass
    raise FieldTypeError(path, value, "number")


def _octets(value: object, path: str) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        try:
            return bytes.fromhex(value)
        except ValueError:
            pass
    raise FieldTypeError(path, value, "octets (hexadecimal)")
