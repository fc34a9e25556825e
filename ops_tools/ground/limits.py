"""Values against their declared limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import IntEnum, unique
from math import inf
from operator import attrgetter
from typing import Any

import msgspec

from tlm_cmd.definition.fields import Limits
from tlm_cmd.definition.layout import RecordLayout, layout_of
from tlm_cmd.definition.message import Record, Telemetry


@unique
class LimitState(IntEnum):
    """How a value stands to its limits; the higher the worse."""

    UNLIMITED = 0
    """No limits are declared."""
    GREEN = 1
    YELLOW = 2
    """Outside the yellow limits: a warning."""
    RED = 3
    """Outside the red limits, or not a number: an alarm."""


def limit_state(limits: Limits | None, value: float) -> LimitState:
    """How ``value`` stands to ``limits``; a value at the limit is inside."""
    if limits is None:
        return LimitState.UNLIMITED
    for bounds, state in ((limits.red, LimitState.RED), (limits.yellow, LimitState.YELLOW)):
        if bounds is not None and not bounds[0] <= value <= bounds[1]:
            return LimitState.RED if value != value else state  # noqa: PLR0124 - only NaN differs from itself
    return LimitState.GREEN


class LimitedField(msgspec.Struct, frozen=True):
    """A field with limits, or an array of values with limits.

    Attributes:
        name: from the packet on: ``battery.cells``.
        limits: as declared.
        lowest, highest: the bounds within which a value is green.
        is_array: whether the limits are those of each item.
        read: takes the field out of a message.
    """

    name: str
    limits: Limits
    lowest: float
    highest: float
    is_array: bool
    read: Callable[[Any], Any]

    def values(self, message: Record) -> list[tuple[str, float]]:
        """The field's values in a message, each with its name."""
        value = self.read(message)
        if not self.is_array:
            return [(self.name, value)]
        return [(f"{self.name}[{index}]", item) for index, item in enumerate(value)]

    def all_green(self, message: Record) -> bool:
        """Whether every value is inside its limits; quick, since it nearly always is."""
        value = self.read(message)
        lowest, highest = self.lowest, self.highest
        if not self.is_array:
            return bool(lowest <= value <= highest)
        return all(lowest <= item <= highest for item in value)


def limited_fields(record: type[Telemetry]) -> tuple[LimitedField, ...]:
    """The fields of a packet for which limits are declared, those of nested structures included."""
    return tuple(_limited(layout_of(record), ""))


def _limited(layout: RecordLayout, path: str) -> Iterator[LimitedField]:
    for field in layout.fields:
        name = f"{path}{field.name}"
        if field.limits is not None:
            yield _limited_field(name, field.limits, is_array=False)
        elif field.item is not None and field.item.limits is not None:
            yield _limited_field(name, field.item.limits, is_array=True)
        elif field.record is not None:
            yield from _limited(field.record, f"{name}.")


def _limited_field(name: str, limits: Limits, *, is_array: bool) -> LimitedField:
    lowest, highest = limits.yellow or limits.red or (-inf, inf)
    return LimitedField(name, limits, lowest, highest, is_array, attrgetter(name))
