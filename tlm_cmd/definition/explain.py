"""Which field of a message could not be encoded, and why; asked only when encoding has failed."""

from __future__ import annotations

from math import isfinite, isnan
from typing import Any, SupportsFloat, SupportsIndex

from tlm_cmd.definition.fields import F32, F32_HIGHEST
from tlm_cmd.definition.layout import FieldLayout, Kind, RecordLayout
from tlm_cmd.definition.wire_values import FieldTypeError
from tlm_cmd.errors import FieldRangeError, ProtocolError


def explain(layout: RecordLayout, message: Any, error: Exception) -> ProtocolError:  # noqa: ANN401 - whatever it is
    """The error that names the field; ``error`` itself in other words when every field looks right."""
    try:
        _check_record(layout, message, layout.name)
    except ProtocolError as found:
        return found
    except ValueError:  # a number with too many digits to be shown
        pass
    return ProtocolError(f"{layout.name}: {error}")


def _check_record(layout: RecordLayout, value: Any, path: str) -> None:  # noqa: ANN401 - anything a caller put there
    if not isinstance(value, layout.python_class):
        raise FieldTypeError(path, value, layout.name)
    for field in layout.fields:
        _check_value(field, getattr(value, field.name), f"{path}.{field.name}")


def _check_value(field: FieldLayout, value: Any, path: str) -> None:  # noqa: ANN401 - anything a caller put there
    if field.record is not None:
        _check_record(field.record, value, path)
    elif field.item is not None:
        for index, item in enumerate(value):
            _check_value(field.item, item, f"{path}[{index}]")
    elif field.kind is Kind.BOOLEAN and not isinstance(value, bool):
        raise FieldTypeError(path, value, "boolean")
    elif field.enumeration is not None and not isinstance(value, field.enumeration):
        raise FieldTypeError(path, value, field.enumeration.__name__)
    elif field.kind is Kind.INTEGER:
        _check_integer(field, value, path)
    elif field.kind is Kind.FLOAT:
        _check_float(field, value, path)


def _check_integer(field: FieldLayout, value: object, path: str) -> None:
    if not isinstance(value, SupportsIndex):
        raise FieldTypeError(path, value, "integer")
    wire = field.wire
    if wire is not None and not wire.lowest <= value.__index__() <= wire.highest:
        raise FieldRangeError(path, value, wire.lowest, wire.highest)


def _check_float(field: FieldLayout, value: object, path: str) -> None:
    if not isinstance(value, SupportsFloat):
        raise FieldTypeError(path, value, "float")
    try:
        number = float(value)
    except (OverflowError, TypeError, ValueError):
        raise FieldTypeError(path, value, "float") from None
    if field.wire == F32 and isfinite(number) and abs(number) > F32_HIGHEST:
        raise FieldRangeError(path, value, -F32_HIGHEST, F32_HIGHEST)
    if field.calibration is not None and field.wire is not None and isnan(number):
        ends = [field.calibration.engineering(raw) for raw in (field.wire.lowest, field.wire.highest)]
        raise FieldRangeError(path, value, min(ends), max(ends))
