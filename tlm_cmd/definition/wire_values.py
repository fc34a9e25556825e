"""Conversions that the compiled codecs call for what ``struct`` cannot do, with errors that name the field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tlm_cmd.errors import ProtocolError, TooShortError


class UnknownValueError(ProtocolError):
    """A value that no label of the enumeration has."""

    def __init__(self, field: str, value: object, allowed: list[str]) -> None:
        super().__init__(f"{field} is {value!r}, allowed are {', '.join(allowed)}")
        self.field, self.value, self.allowed = field, value, allowed


class FieldTypeError(ProtocolError):
    """A field holds a value of another type than its definition says."""

    def __init__(self, field: str, value: object, expected: str) -> None:
        super().__init__(f"{field} is {value!r} of type {type(value).__name__}, expected {expected}")
        self.field, self.value, self.expected = field, value, expected


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


class Lookup(dict[Any, Any]):
    """One of an enumeration's directions, raw to Python value or back; anything else is refused by the field's name."""

    def __init__(self, field: str, values: Mapping[Any, Any], allowed: list[str]) -> None:
        super().__init__(values)
        self.field, self.allowed = field, allowed

    def __missing__(self, value: object) -> Any:  # noqa: ANN401 - never returns
        raise UnknownValueError(self.field, value, self.allowed)


# ------------------------------------------------------------------ encoding


def octets(field: str, value: object) -> bytes:
    """An octet string of any kind as bytes.

    Raises:
        FieldTypeError: the value is no octet string.
    """
    if not isinstance(value, bytes | bytearray | memoryview):
        raise FieldTypeError(field, value, "octets")
    return bytes(value)


def fixed_octets(field: str, value: object, count: int) -> bytes:
    """An octet string, which must have exactly ``count`` octets.

    Raises:
        FieldTypeError: the value is no octet string.
        LengthError: it has another number of octets.
    """
    data = octets(field, value)
    if len(data) != count:
        raise LengthError(field, len(data), count, count)
    return data


def utf8(field: str, value: object) -> bytes:
    """A text as UTF-8.

    Raises:
        FieldTypeError: the value is no text.
        TextError: a character has no form in UTF-8.
    """
    if not isinstance(value, str):
        raise FieldTypeError(field, value, "text")
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise TextError(field, f"character {error.start} has no UTF-8 form") from None


def fixed_utf8(field: str, value: object, count: int) -> bytes:
    """A text as UTF-8, to be filled with NUL to ``count`` octets.

    Raises:
        FieldTypeError: the value is no text.
        LengthError: its UTF-8 has more than ``count`` octets.
        TextError: a character has no form in UTF-8, or the text ends with NUL.
    """
    data = utf8(field, value)
    if len(data) > count:
        raise LengthError(field, len(data), 0, count)
    if data.endswith(b"\0"):
        raise TextError(field, "a text of fixed length cannot end with NUL")
    return data


def items(field: str, value: object) -> tuple[Any, ...]:
    """An array that is no tuple, as a tuple.

    Raises:
        FieldTypeError: the value is neither list nor tuple.
    """
    if not isinstance(value, tuple | list):
        raise FieldTypeError(field, value, "tuple")
    return tuple(value)


def saturated(exact: float, lowest: int, highest: int) -> int:
    """The end of the wire type that is nearest to an exact raw value outside of it.

    Raises:
        ValueError: it is not a number; the caller finds out which field that was.
    """
    if exact < lowest:
        return lowest
    if exact > highest:
        return highest
    raise ValueError("not a number")


# ------------------------------------------------------------------ decoding


def text(field: str, data: bytes) -> str:
    """UTF-8 octets as text.

    Raises:
        TextError: the octets are no UTF-8.
    """
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError as error:
        raise TextError(field, f"octet {error.start} is no UTF-8") from None


def misfit(structure: str, found: int, fewest: int, most: int) -> ProtocolError:
    """The error for a structure that takes ``fewest`` to ``most`` octets and has another number."""
    if found < fewest:
        return TooShortError(structure, fewest, max(found, 0))
    return LengthError(structure, found, fewest, most)
