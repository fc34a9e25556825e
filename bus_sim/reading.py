"""From a document to a typed structure: what is wrong is refused at its place, with what would have been right."""

import re
import typing
from typing import Any, TypeVar

import msgspec

from bus_sim.errors import ParameterError

StructType = TypeVar("StructType", bound=msgspec.Struct)

_VALIDATION_PLACE = re.compile(r"^(?P<reason>.*) - at `\$\.?(?P<path>.*)`$", re.DOTALL)
_MISSING = re.compile("^Object missing required field `(?P<key>.*)`$")
_STEP = re.compile(r"[A-Za-z0-9_]+")


def convert(document: dict[str, Any], kind: type[StructType]) -> StructType:
    """The structure that a document describes.

    Raises:
        ParameterError: a key is unknown or missing, or a value has the wrong type or range.
    """
    _refuse_unknown_keys(document, kind, "")
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        found = _VALIDATION_PLACE.match(str(error))
        path, reason = (found["path"], found["reason"]) if found else ("", str(error))
        missing = _MISSING.match(reason)
        if missing is not None:
            raise ParameterError(f"{path}.{missing['key']}".lstrip("."), "is missing") from error
        raise ParameterError(path, reason, _allowed(kind, path)) from error


def _refuse_unknown_keys(document: dict[str, Any], kind: type[msgspec.Struct], path: str) -> None:
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    for key, value in document.items():
        place = f"{path}.{key}" if path else key
        if key not in fields:
            raise ParameterError(place, "unknown key", tuple(fields))
        expected = fields[key]
        arguments = typing.get_args(expected)
        if _is_struct(expected) and isinstance(value, dict):
            _refuse_unknown_keys(value, expected, place)
        elif arguments and _is_struct(arguments[0]) and isinstance(value, list):
            for number, element in enumerate(value):
                if isinstance(element, dict):
                    _refuse_unknown_keys(element, arguments[0], f"{place}[{number}]")


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _allowed(top: type[msgspec.Struct], path: str) -> tuple[str, ...]:
    """What a value at this place may be; nothing where only its type says it."""
    kind: Any = top
    for step in _STEP.findall(path):
        if _is_struct(kind):
            kind = next(field.type for field in msgspec.structs.fields(kind) if field.encode_name == step)
        else:
            items = typing.get_args(kind)
            kind = items[0] if items[-1] is Ellipsis else items[int(step)]
    bounds = [note for note in getattr(kind, "__metadata__", ()) if isinstance(note, msgspec.Meta)]
    return tuple(_described(note) for note in bounds)


def _described(bounds: msgspec.Meta) -> str:
    if bounds.max_length is not None:
        return f"{bounds.min_length or 0} to {bounds.max_length} characters"
    if bounds.ge is not None and bounds.le is not None:
        return f"{_number(bounds.ge)} to {_number(bounds.le)}"
    low = f"from {_number(bounds.ge)}" if bounds.ge is not None else f"above {_number(bounds.gt)}"
    high = f"up to {_number(bounds.le)}" if bounds.le is not None else f"below {_number(bounds.lt)}"
    return f"{low}, {high}"


def _number(bound: object) -> str:
    return str(bound) if isinstance(bound, int) else f"{bound:g}"
