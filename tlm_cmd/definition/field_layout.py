"""What a message class says of its fields, as a plain description that knows nothing of Python's annotations."""

from __future__ import annotations

import inspect
from enum import Enum, IntEnum, unique

import msgspec

from tlm_cmd.definition.fields import Bits, Calibration, Extent, Length, Limits, Number, Range, UpTo, WireType
from tlm_cmd.definition.message import Record


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
    def leaves(self) -> int:
        """How many values it holds when it has a fixed size: those of a nested structure, of each item of an array."""
        if self.record is not None:
            return sum(field.leaves for field in self.record.fields)
        if self.item is not None and isinstance(self.extent, Length):
            return self.extent.count * self.item.leaves
        return 1

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
