"""From a message class to a plain description of its fields, checked once when the class is first used.

The codec, the dictionary, the command forms and the documents read this description and nothing else of the class.
"""

from __future__ import annotations

import inspect
from enum import Enum, IntEnum, unique
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from tlm_cmd.definition.fields import (
    U8,
    Bits,
    Calibration,
    Extent,
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

MAX_FIXED_ITEMS = 256


class DefinitionError(TypeError):
    """A message class that cannot be laid out; names class and field and says what is missing."""

    def __init__(self, owner: str, field: str, problem: str) -> None:
        super().__init__(f"{owner}.{field}: {problem}")
        self.owner, self.field, self.problem = owner, field, problem


@unique
class Kind(Enum):
    """What a field holds."""

    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    ENUMERATION = "enumeration"
    TEXT = "text"
    OCTETS = "octets"
    ARRAY = "array"
    RECORD = "record"


class FieldLayout(msgspec.Struct, frozen=True, kw_only=True):
    """One field: how it travels and what it means.

    Attributes:
        name: the field's name; an item of an array is called ``item``.
        kind: what it holds.
        wire: wire type of numbers, booleans and enumerations, else None.
        extent: length of texts, octets and arrays, else None.
        calibration: between raw and engineering value, if any.
        allowed: range outside which a value is refused, if any.
        limits: monitoring limits, if any.
        unit: engineering unit, empty when there is none.
        description: what it means, empty when the name says it.
        labels: names by raw value, of an enumeration.
        enumeration: the Python enumeration, else None.
        item: layout of an array's items, else None.
        record: layout of a nested structure, else None.
    """

    name: str
    kind: Kind
    wire: WireType | None = None
    extent: Extent | None = None
    calibration: Calibration | None = None
    allowed: Range | None = None
    limits: Limits | None = None
    unit: str = ""
    description: str = ""
    labels: dict[int, str] = {}
    enumeration: type[IntEnum] | None = None
    item: FieldLayout | None = None
    record: RecordLayout | None = None

    @property
    def fixed_octets(self) -> int | None:
        """Octets on the wire when always the same and not a bit field, else None."""
        if isinstance(self.wire, Number):
            return self.wire.octets
        if self.record is not None:
            return self.record.fixed_octets
        if isinstance(self.extent, Length):
            if self.item is None:
                return self.extent.count
            return None if self.item.fixed_octets is None else self.item.fixed_octets * self.extent.count
        return None


class RecordLayout(msgspec.Struct, frozen=True):
    """The fields of one class, in wire order."""

    python_class: type[Record]
    fields: tuple[FieldLayout, ...]

    @property
    def name(self) -> str:
        """The class's name."""
        return self.python_class.__name__

    @property
    def description(self) -> str:
        """The class's docstring."""
        return inspect.cleandoc(self.python_class.__doc__ or "")

    @property
    def fixed_octets(self) -> int | None:
        """Octets on the wire when always the same, else None."""
        octets, bits = 0, 0
        for field in self.fields:
            if isinstance(field.wire, Bits):
                bits += field.wire.width
                continue
            octets, bits = octets + (bits + 7) // 8, 0
            if field.fixed_octets is None:
                return None
            octets += field.fixed_octets
        return octets + (bits + 7) // 8

    @property
    def octet_bounds(self) -> tuple[int, int]:
        """Fewest and most octets that the record takes on the wire."""
        fewest, most, bits = 0, 0, 0
        for field in self.fields:
            if isinstance(field.wire, Bits):
                bits += field.wire.width
                continue
            low, high = _octet_bounds(field)
            fewest, most, bits = fewest + (bits + 7) // 8 + low, most + (bits + 7) // 8 + high, 0
        return fewest + (bits + 7) // 8, most + (bits + 7) // 8


def _octet_bounds(field: FieldLayout) -> tuple[int, int]:
    if field.fixed_octets is not None:
        return field.fixed_octets, field.fixed_octets
    if field.record is not None:
        return field.record.octet_bounds
    low, high = _octet_bounds(field.item) if field.item is not None else (1, 1)
    extent = field.extent
    if isinstance(extent, UpTo):
        return extent.prefix.octets, extent.prefix.octets + high * extent.count
    if isinstance(extent, Length):
        return low * extent.count, high * extent.count
    return 0, high * (extent.count if extent is not None else 0)


@cache
def layout_of(record: type[Record]) -> RecordLayout:
    """The layout of a message or nested record class.

    Raises:
        DefinitionError: a field has no wire type, a wrong one, or contradicting annotations.
    """
    hints = get_type_hints(record, include_extras=True)
    fields = tuple(_field(record.__name__, name, hints[name]) for name in record.__struct_fields__)
    for field in fields[:-1]:
        if _ends_with_tail(field):
            raise DefinitionError(record.__name__, field.name, "a Tail can only be the last field")
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
        return found[0] if found else None


_SCALARS: dict[object, tuple[Kind, Number | None]] = {
    bool: (Kind.BOOLEAN, U8),
    int: (Kind.INTEGER, None),
    float: (Kind.FLOAT, None),
}
_OCTET_STRINGS: dict[object, Kind] = {str: Kind.TEXT, bytes: Kind.OCTETS}


def _field(owner: str, name: str, hint: object) -> FieldLayout:
    notes = _Notes(owner, name, hint)
    python = notes.python
    if python in _SCALARS:
        return _scalar(notes, *_SCALARS[python])
    if python in _OCTET_STRINGS:
        return _octet_string(notes, _OCTET_STRINGS[python])
    if isinstance(python, type) and issubclass(python, IntEnum):
        return _enumeration(notes, python)
    if get_origin(python) is tuple:
        return _array(notes)
    if isinstance(python, type) and issubclass(python, Record):
        return FieldLayout(name=name, kind=Kind.RECORD, record=layout_of(python), description=notes.description)
    raise notes.error(
        f"{python!r} cannot travel; allowed are bool, int, float, str, bytes, IntEnum, tuple[item, ...] and Record"
    )


def _scalar(notes: _Notes, kind: Kind, default_wire: Number | None) -> FieldLayout:
    wire = notes.one(Number, Bits) or default_wire
    calibration = notes.one(Linear, Polynomial)
    if wire is None:
        raise notes.error("no wire type; add one of U8..U64, I8..I64, F32, F64 or Bits(n)")
    if kind is Kind.FLOAT and calibration is None and not (isinstance(wire, Number) and wire.is_float):
        raise notes.error("a float travels as F32 or F64, or as an integer with Linear or Polynomial")
    if kind is not Kind.FLOAT and (calibration is not None or (isinstance(wire, Number) and wire.is_float)):
        raise notes.error("calibrations and F32 or F64 are for float fields")
    if calibration is not None and not (isinstance(wire, Number) and not wire.is_float):
        raise notes.error("a calibration needs an integer wire type")
    if isinstance(calibration, Polynomial):
        calibration.check_monotonic(wire)
    unit = notes.one(Unit)
    return FieldLayout(
        name=notes.field,
        kind=kind,
        wire=wire,
        calibration=calibration,
        allowed=notes.one(Range),
        limits=notes.one(Limits),
        unit=unit.symbol if unit else "",
        description=notes.description,
    )


def _enumeration(notes: _Notes, python: type[IntEnum]) -> FieldLayout:
    wire = notes.one(Number, Bits) or U8
    if isinstance(wire, Number) and wire.is_float:
        raise notes.error("an enumeration travels as an integer")
    highest = 2**wire.width - 1 if isinstance(wire, Bits) else wire.highest
    lowest = 0 if isinstance(wire, Bits) else wire.lowest
    for member in python:
        if not lowest <= member.value <= highest:
            raise notes.error(f"{member!r} does not fit the wire type ({lowest} to {highest})")
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


def _array(notes: _Notes) -> FieldLayout:
    item_hint, *rest = get_args(notes.python)
    if rest != [Ellipsis]:
        raise notes.error("an array is written tuple[item, ...] with Length(n), UpTo(n) or Tail(n)")
    extent = notes.one(Length, UpTo, Tail)
    if extent is None:
        raise notes.error("no length; add Length(n), UpTo(n) or Tail(n)")
    if isinstance(extent, Length) and extent.count > MAX_FIXED_ITEMS:
        raise notes.error(f"at most {MAX_FIXED_ITEMS} items in a fixed array, found {extent.count}")
    item = _field(notes.owner, "item", item_hint)
    if isinstance(item.wire, Bits) or item.kind is Kind.ARRAY or _ends_with_tail(item):
        raise DefinitionError(notes.owner, notes.field, "items cannot be bit fields, arrays or end with a Tail")
    if item.fixed_octets == 0:
        raise DefinitionError(notes.owner, notes.field, "items must take at least one octet")
    return FieldLayout(name=notes.field, kind=Kind.ARRAY, extent=extent, item=item, description=notes.description)
