"""Numbers that are none: where a message holds an infinity or a NaN."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from tlm_cmd.definition.layout import FieldLayout, Kind, layout_of
from tlm_cmd.definition.message import Record


def not_finite(message: Record) -> Iterator[tuple[str, float]]:
    """Every field of a message, at any depth, whose value is an infinity or a NaN, unless its range allows infinities.

    Telemetry says by such a value that there is none; in a table or a command nothing can be done with it.

    Yields:
        The field's path, such as ``gains.inertia[2]``, and its value.
    """
    for field in layout_of(type(message)).fields:
        yield from _in_field(field, getattr(message, field.name), field.name)


def _in_field(field: FieldLayout, value: object, path: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, Record):
        yield from ((f"{path}.{inner}", found) for inner, found in not_finite(value))
    elif field.item is not None and isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _in_field(field.item, item, f"{path}[{index}]")
    elif field.kind is Kind.FLOAT and isinstance(value, float) and not isfinite(value) and field.allowed is None:
        yield path, value
