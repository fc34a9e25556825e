"""From a message class to a plain description of its fields, checked once when the class is first used.

The codec, the dictionary, the command forms and the documents read this description and nothing else of the class.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from keyword import iskeyword
from math import ceil, floor, isfinite
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from tlm_cmd.definition.field_layout import FieldLayout, Kind, RecordLayout
from tlm_cmd.definition.fields import (
    F32,
    F32_HIGHEST,
    MAX_CALIBRATED_OCTETS,
    NUMBERS,
    U8,
    AnnotationError,
    Bits,
    Calibration,
    Length,
    Limits,
    Linear,
    Number,
    Polynomial,
    Range,
    Tail,
    Unit,
    UpTo,
    WireType,
)
from tlm_cmd.definition.message import Record
from tlm_cmd.errors import DefinitionError

MAX_FIXED_ITEMS = 256


@cache
def layout_of(record: type[Record]) -> RecordLayout:
    """The layout of a message or nested record class.

    Raises:
        DefinitionError: a field has no wire type, a wrong one, or contradicting annotations.
    """
    return _layout(record, ())


def _layout(record: type[Record], within: tuple[type[Record], ...]) -> RecordLayout:
    owner = record.__name__
    if record in within:
        raise DefinitionError(owner, "*", f"cannot hold itself, neither directly nor in {within[-1].__name__}")
    try:
        hints = get_type_hints(record, include_extras=True)
    except (NameError, AttributeError, TypeError, ValueError) as error:
        raise DefinitionError(owner, "*", f"annotations cannot be read: {error}") from error
    for name in record.__struct_fields__:
        if iskeyword(name):
            raise DefinitionError(owner, name, "is no name that a field can have")
    fields = tuple(_field(owner, name, hints[name], (*within, record)) for name in record.__struct_fields__)
    for field in fields[:-1]:
        if _ends_with_tail(field):
            raise DefinitionError(owner, field.name, "a Tail can only be the last field")
    return RecordLayout(record, fields)


def _ends_with_tail(field: FieldLayout) -> bool:
    if field.record is not None:
        return bool(field.record.fields) and _ends_with_tail(field.record.fields[-1])
    return isinstance(field.extent, Tail)


class _Notes:
    """The annotations of one field, each kind at most once."""

    def __init__(self, owner: str, field: str, hint: object) -> None:
        self.owner, self.field = owner, field
        annotated = get_origin(hint) is Annotated
        self.python: Any = get_args(hint)[0] if annotated else hint
        notes = get_args(hint)[1:] if annotated else ()
        self.description = " ".join(note for note in notes if isinstance(note, str))
        self._notes = [note for note in notes if not isinstance(note, str)]
        for note in self._notes:
            if not isinstance(note, Number | Bits | Length | UpTo | Tail | Linear | Polynomial | Range | Limits | Unit):
                raise self.error(f"{note!r} is no annotation of a field")

    def error(self, problem: str) -> DefinitionError:
        return DefinitionError(self.owner, self.field, problem)

    def one(self, *kinds: type[Any]) -> Any:  # noqa: ANN401 - the caller knows the kind it asks for
        found = [note for note in self._notes if isinstance(note, kinds)]
        if len(found) > 1:
            raise self.error(f"contradicting annotations {found}")
        self._notes = [note for note in self._notes if note not in found]
        return found[0] if found else None

    def take_rest(self) -> list[Any]:
        """The annotations not asked for yet."""
        rest, self._notes = self._notes, []
        return rest

    def check_all_used(self) -> None:
        """Refuse annotations that say nothing about a field of this kind."""
        if self._notes:
            raise self.error(f"{self._notes[0]!r} means nothing here")


_SCALARS: dict[object, tuple[Kind, Number | None]] = {
    bool: (Kind.BOOLEAN, U8),
    int: (Kind.INTEGER, None),
    float: (Kind.FLOAT, None),
}
_OCTET_STRINGS: dict[object, Kind] = {str: Kind.TEXT, bytes: Kind.OCTETS}
_ALLOWED = "bool, int, float, str, bytes, IntEnum, tuple[item, ...] and Record"


def _field(owner: str, name: str, hint: object, within: tuple[type[Record], ...]) -> FieldLayout:
    notes = _Notes(owner, name, hint)
    field = _any_field(notes, within)
    notes.check_all_used()
    return field


def _any_field(notes: _Notes, within: tuple[type[Record], ...]) -> FieldLayout:
    python = notes.python
    if get_origin(python) is tuple:
        return _array(notes, within)
    if not isinstance(python, type):
        raise notes.error(f"{python!r} cannot travel; allowed are {_ALLOWED}")
    if python in _SCALARS:
        return _scalar(notes, *_SCALARS[python])
    if python in _OCTET_STRINGS:
        return _octet_string(notes, _OCTET_STRINGS[python])
    if issubclass(python, IntEnum):
        return _enumeration(notes, python)
    if issubclass(python, Record):
        layout = _layout(python, within)
        return FieldLayout(name=notes.field, kind=Kind.RECORD, record=layout, description=notes.description)
    raise notes.error(f"{python.__name__} cannot travel; allowed are {_ALLOWED}")


def _scalar(notes: _Notes, kind: Kind, default_wire: Number | None) -> FieldLayout:
    wire = notes.one(Number, Bits) or default_wire
    calibration = notes.one(Linear, Polynomial)
    if wire is None:
        raise notes.error("no wire type; add one of U8..U64, I8..I64, F32, F64 or Bits(n)")
    if isinstance(wire, Number) and wire not in NUMBERS:
        raise notes.error(f"{wire} is no wire type; allowed are U8..U64, I8..I64, F32 and F64")
    if kind is Kind.FLOAT and calibration is None and not (isinstance(wire, Number) and wire.is_float):
        raise notes.error("a float travels as F32 or F64, or as an integer with Linear or Polynomial")
    if kind is not Kind.FLOAT and (calibration is not None or (isinstance(wire, Number) and wire.is_float)):
        raise notes.error("calibrations and F32 or F64 are for float fields")
    if calibration is not None and (
        not isinstance(wire, Number) or wire.is_float or wire.octets > MAX_CALIBRATED_OCTETS
    ):
        raise notes.error(f"a calibration needs an integer wire type of at most {8 * MAX_CALIBRATED_OCTETS} bits")
    try:
        if isinstance(calibration, Polynomial):
            calibration.check_monotonic(wire)
        elif isinstance(calibration, Linear):
            calibration.check_resolution(wire)
    except AnnotationError as error:
        raise notes.error(str(error)) from error
    unit, allowed = notes.one(Unit), notes.one(Range)
    _check_range(notes, wire, calibration, allowed)
    if kind is Kind.INTEGER and allowed is not None and not _holds_an_integer(allowed):
        raise notes.error(f"{allowed} holds no integer")
    return FieldLayout(
        name=notes.field,
        kind=kind,
        wire=wire,
        calibration=calibration,
        allowed=allowed,
        limits=notes.one(Limits),
        unit=unit.symbol if unit else "",
        description=notes.description,
    )


def _check_range(notes: _Notes, wire: WireType, calibration: Calibration | None, allowed: Range | None) -> None:
    """Refuse a range that the wire type cannot carry whole; an infinite end stands for that of the wire type."""
    if allowed is None:
        return
    lowest, highest = wire.lowest, wire.highest
    if wire == F32:
        lowest, highest = -F32_HIGHEST, F32_HIGHEST
    if calibration is not None:
        ends = [calibration.engineering(raw) for raw in (lowest, highest)]
        half_a_step = abs(calibration.engineering(lowest + 1) - ends[0]) / 2
        lowest, highest = min(ends) - half_a_step, max(ends) + half_a_step
    for end in (allowed.lowest, allowed.highest):
        if isfinite(end) and not lowest <= end <= highest:
            raise notes.error(f"{allowed} is more than the wire type carries, {lowest} to {highest}")


def _holds_an_integer(allowed: Range) -> bool:
    if not (isfinite(allowed.lowest) and isfinite(allowed.highest)):
        return True
    return ceil(allowed.lowest) <= floor(allowed.highest)


def _enumeration(notes: _Notes, python: type[IntEnum]) -> FieldLayout:
    wire = notes.one(Number, Bits) or U8
    if isinstance(wire, Number) and (wire.is_float or wire not in NUMBERS):
        raise notes.error("an enumeration travels as an integer")
    if not len(python):
        raise notes.error(f"{python.__name__} has no members")
    for member in python:
        if not wire.lowest <= member.value <= wire.highest:
            raise notes.error(f"{member!r} does not fit the wire type, {wire.lowest} to {wire.highest}")
    return FieldLayout(
        name=notes.field,
        kind=Kind.ENUMERATION,
        wire=wire,
        enumeration=python,
        labels={member.value: member.name for member in python},
        description=notes.description,
    )


def _octet_string(notes: _Notes, kind: Kind) -> FieldLayout:
    extent = notes.one(Length, UpTo, Tail)
    if extent is None:
        raise notes.error("no length; add Length(n), UpTo(n) or Tail(n)")
    return FieldLayout(name=notes.field, kind=kind, extent=extent, description=notes.description)


def _array(notes: _Notes, within: tuple[type[Record], ...]) -> FieldLayout:
    item_hint, *rest = get_args(notes.python) or (None,)
    if rest != [Ellipsis]:
        raise notes.error("an array is written tuple[item, ...] with Length(n), UpTo(n) or Tail(n)")
    extent = notes.one(Length, UpTo, Tail)
    if extent is None:
        raise notes.error("no length; add Length(n), UpTo(n) or Tail(n)")
    if isinstance(extent, Length) and extent.count > MAX_FIXED_ITEMS:
        raise notes.error(f"at most {MAX_FIXED_ITEMS} items in a fixed array, found {extent.count}")
    for note in notes.take_rest():  # unit, range and the like of an array are those of its items
        item_hint = Annotated[item_hint, note]
    item = _field(notes.owner, f"{notes.field}[]", item_hint, within)
    if isinstance(item.wire, Bits) or item.kind is Kind.ARRAY or _ends_with_tail(item):
        raise notes.error("items cannot be bit fields, arrays or end with a Tail")
    if item.fixed_octets == 0:
        raise notes.error("items must take at least one octet")
    item = msgspec.structs.replace(item, name="item")
    return FieldLayout(name=notes.field, kind=Kind.ARRAY, extent=extent, item=item, description=notes.description)


__all__ = ["DefinitionError", "FieldLayout", "Kind", "RecordLayout", "layout_of"]
