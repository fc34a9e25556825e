"""Conversions that the compiled codecs call for what ``struct`` cannot do, with errors that name the field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tlm_cmd.errors import FieldRangeError, ProtocolError, TooShortError


class UnknownValueError(ProtocolError):
    """A raw value that no label of the enumeration has."""

    def __init__(self, field: str, value: object, allowed: list[str]) -> None:
        super().__init__(f"{field} is {value!r}, allowed are {', '.join(allowed)}")
        self.field, self.value, self.allowed = field, value, allowed


class TextError(ProtocolError):
    """Octets that are no UTF-8 text, or a text that would not come back as it was sent."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field, self.problem = field, problem


class LengthError(ProtocolError):
    """A text, octet string, array or whole payload that is longer or shorter than its definition allows."""

    def __init__(self, field: str, found: int, fewest: int, most: int) -> None:
        allowed = f"exactly {most}" if fewest == most else f"{fewest} to {most}"
        super().__init__(f"{field} has length {found}, allowed is {allowed}")
        self.field, self.found, self.fewest, self.most = field, found, fewest, most


class Labels(dict[int, Any]):
    """Python value by raw value; an unknown raw value is refused with the field's name."""

    def __init__(self, field: str, values: Mapping[int, Any]) -> None:
        super().__init__(values)
        self.field = field

    def __missing__(self, raw: int) -> Any:  # noqa: ANN401 - never returns
        raise UnknownValueError(self.field, raw, [f"{key} ({_label(value)})" for key, value in self.items()])


def _label(value: object) -> str:
    return str(getattr(value, "name", value))


def fixed(field: str, data: bytes, octets: int) -> bytes:
    """``data``, which must have exactly ``octets`` octets."""
    if len(data) != octets:
        raise LengthError(field, len(data), octets, octets)
    return data


def fixed_text(field: str, text: str, octets: int) -> bytes:
    """A text as UTF-8, filled with NUL to ``octets``."""
    data = text.encode()
    if len(data) > octets:
        raise LengthError(field, len(data), 0, octets)
    if data.endswith(b"\0"):
        raise TextError(field, "a text of fixed length cannot end with NUL")
    return data.ljust(octets, b"\0")


def prefixed(field: str, data: bytes, bound: int) -> bytes:
    """``data`` behind its length."""
    if len(data) > bound:
        raise LengthError(field, len(data), 0, bound)
    return len(data).to_bytes(1 if bound <= 255 else 2, "big") + data


def bounded(field: str, data: bytes, bound: int) -> bytes:
    """``data``, which may have at most ``bound`` octets."""
    if len(data) > bound:
        raise LengthError(field, len(data), 0, bound)
    return data


def item_count(field: str, items: tuple[Any, ...], fewest: int, most: int) -> int:
    """Number of items, checked."""
    if not fewest <= len(items) <= most:
        raise LengthError(field, len(items), fewest, most)
    return len(items)


def text(field: str, data: bytes) -> str:
    """UTF-8 octets as text."""
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError as error:
        raise TextError(field, f"octet {error.start} is no UTF-8") from None


def read_count(field: str, data: bytes, position: int, end: int, bound: int) -> tuple[int, int]:
    """The count in front of a variable part, and the position behind it."""
    octets = 1 if bound <= 255 else 2
    if position + octets > end:
        raise TooShortError(field, octets, max(end - position, 0))
    count = int.from_bytes(data[position : position + octets], "big")
    if count > bound:
        raise LengthError(field, count, 0, bound)
    return count, position + octets


def read_octets(field: str, data: bytes, position: int, end: int, count: int) -> bytes:
    """``count`` octets at ``position``."""
    if position + count > end:
        raise TooShortError(field, count, max(end - position, 0))
    return bytes(data[position : position + count])


def check_allowed(field: str, value: float, lowest: float, highest: float) -> None:
    """Refuse a value outside its allowed range; NaN is outside every range."""
    if not lowest <= value <= highest:
        raise FieldRangeError(field, value, lowest, highest)
