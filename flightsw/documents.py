"""From a document that was read, TOML as a rule, to a typed structure; what does not fit is named with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from flightsw.errors import FlightSoftwareError

StructType = TypeVar("StructType", bound=msgspec.Struct)

_KEY = re.compile(r"^Object (?:contains unknown|missing required) field `(?P<key>.*)`$")

UNIONS: tuple[Any, ...] = (UnionType, Union)

Node = Any
"""Whatever stands in a document, or the type of it."""


class DocumentError(FlightSoftwareError):
    """Something in a document that does not fit.

    Attributes:
        path: where, keys joined by dots, numbers of items in brackets; empty for the document itself.
        reason: what is wrong there.
        key: the key that is unknown or missing there, empty when that is not the trouble.
        allowed: the keys or values that would fit, as far as they can be said.
    """

    def __init__(self, path: str, reason: str, key: str = "", allowed: tuple[str, ...] = ()) -> None:
        hint = f"; allowed are {', '.join(allowed)}" if allowed else ""
        super().__init__(f"{reason} - at `${'.' * bool(path)}{path}`{hint}")
        self.path, self.reason, self.key, self.allowed = path, reason, key, allowed


def convert(document: dict[str, Node], kind: type[StructType]) -> StructType:
    """The structure that a document describes.

    Raises:
        DocumentError: a key is unknown or missing, or a value has the wrong type or range; the first that is found.
    """
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise next(_problems(document, kind, ""), DocumentError("", str(error))) from error


def _problems(value: Node, kind: Node, path: str) -> Iterator[DocumentError]:
    """What does not fit, the inmost first, so that each is named by the keys that lead to it."""
    plain = _part_that_fits(value, kind)
    origin: Node = get_origin(plain)
    if isinstance(value, dict) and _is_struct(plain):
        hints = get_type_hints(plain, include_extras=True)
        unknown = [key for key in value if key not in hints]
        if unknown:
            reason = f"Object contains unknown field `{unknown[0]}`"
            yield DocumentError(path, reason, unknown[0], plain.__struct_fields__)
        for key, item in value.items():
            yield from _problems(item, hints[key], f"{path}.{key}".lstrip("."))
    elif isinstance(value, dict) and origin is dict:
        key_kind, item_kind = get_args(plain)
        for key, item in value.items():
            yield from _problem_here(key, key_kind, f"{path}.{key}".lstrip("."))
            yield from _problems(item, item_kind, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list) and origin in (tuple, list):
        kinds = get_args(plain)
        for number, item in enumerate(value):
            fits = kinds[0] if kinds[-1] is Ellipsis or len(kinds) == 1 else kinds[min(number, len(kinds) - 1)]
            yield from _problems(item, fits, f"{path}[{number}]")
    yield from _problem_here(value, kind, path)


def _problem_here(value: Node, kind: Node, path: str) -> Iterator[DocumentError]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        reason = str(error).partition(" - at `$")[0]
        missing = _KEY.match(reason)
        yield DocumentError(path, reason, missing["key"] if missing else "", _allowed(kind))


def _part_that_fits(value: Node, kind: Node) -> Node:
    """The type without its bounds; of a union the structure or container that such a value is meant for."""
    origin: Node = get_origin(kind)
    if origin is Annotated:
        return _part_that_fits(value, get_args(kind)[0])
    if origin in UNIONS:
        parts = [_part_that_fits(value, part) for part in get_args(kind)]
        containers = [part for part in parts if _is_struct(part) or get_origin(part) in (dict, tuple, list)]
        return containers[0] if containers else kind
    return kind


def _is_struct(kind: Node) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _allowed(kind: Node) -> tuple[str, ...]:
    """What a value of this type may be, where that can be listed or is bounded."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(str(member.value) for member in kind)
    if get_origin(kind) in UNIONS:
        return tuple(allowed for part in get_args(kind) for allowed in _allowed(part))
    bounds = [note for note in getattr(kind, "__metadata__", ()) if isinstance(note, msgspec.Meta)]
    return tuple(_described(note) for note in bounds if note.pattern is None)


def _described(bounds: msgspec.Meta) -> str:
    if bounds.max_length is not None:
        return f"{bounds.min_length or 0} to {bounds.max_length} characters"
    if bounds.min_length is not None:
        return f"{bounds.min_length} characters or more"
    if bounds.ge is not None and bounds.le is not None:
        return f"{_number(bounds.ge)} to {_number(bounds.le)}"
    low = [f"from {_number(bounds.ge)}"] if bounds.ge is not None else []
    low += [f"above {_number(bounds.gt)}"] if bounds.gt is not None else []
    high = [f"up to {_number(bounds.le)}"] if bounds.le is not None else []
    high += [f"below {_number(bounds.lt)}"] if bounds.lt is not None else []
    return ", ".join(low + high)


def _number(bound: object) -> str:
    return str(bound) if isinstance(bound, int) else f"{bound:g}"
