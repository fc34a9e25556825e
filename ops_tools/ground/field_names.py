"""From what a person types to a packet or a field of one: ``POWER.POWER_STATUS.state_of_charge``, ``POWER.mode``."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

import msgspec

from ops_tools.ground.errors import AmbiguousNameError, UnknownNameError
from tlm_cmd.definition.dictionary import Dictionary, TelemetryEntry
from tlm_cmd.definition.layout import FieldLayout, RecordLayout, layout_of

MAX_CACHED_NAMES = 4096
_SUBSCRIPT = re.compile(r"^(\w+)(?:\[(\d{1,5})\])?$")


class FieldReference(msgspec.Struct, frozen=True):
    """A field of a packet.

    Attributes:
        name: its full name: ``POWER.POWER_STATUS.line_currents[3]``.
        packet: the packet's name.
        layout: what the dictionary says of it.
        steps: attribute names and indices that lead from the message to the value.
    """

    name: str
    packet: str
    layout: FieldLayout
    steps: tuple[str | int, ...]

    def value_of(self, message: Any) -> Any:  # noqa: ANN401 - whatever the field holds
        """The field's value in a message; None where an array of variable length is shorter."""
        value = message
        for step in self.steps:
            if isinstance(step, str):
                value = getattr(value, step)
            elif step < len(value):
                value = value[step]
            else:
                return None
        return value


class FieldNames:
    """Finds packets and fields of one dictionary by full name, or by ``APP.field`` when only one packet has it."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._packets = dictionary.telemetry
        self._by_app: dict[str, dict[str, list[TelemetryEntry]]] = {}
        for entry in dictionary.telemetry.values():
            fields = self._by_app.setdefault(entry.app.upper(), {})
            for field in layout_of(entry.record).fields:
                fields.setdefault(field.name, []).append(entry)
        self._cache: dict[str, FieldReference] = {}

    def packet(self, name: str) -> TelemetryEntry | None:
        """The packet of this name, or None."""
        return self._packets.get(name.upper())

    def field(self, name: str) -> FieldReference:
        """The field of this name.

        Raises:
            UnknownNameError: there is none; names those that come close.
            AmbiguousNameError: a short name that several packets of the app have; names them.
        """
        found = self._cache.get(name)
        if found is None:
            found = self._find(name)
            if len(self._cache) < MAX_CACHED_NAMES:
                self._cache[name] = found
        return found

    def names(self) -> list[str]:
        """Every packet, and every field by its full name."""
        return [name for entry in self._packets.values() for name in (entry.name, *_field_names(entry))]

    def _find(self, name: str) -> FieldReference:
        parts = name.split(".")
        entry = self.packet(".".join(parts[:2])) if len(parts) > 2 else None
        path = parts[2:]
        if entry is None:
            path = parts[1:]
            entry = self._owner(name, parts[0].upper(), path)
        steps, layout = self._walk(name, layout_of(entry.record), path)
        return FieldReference(f"{entry.name}.{'.'.join(path)}", entry.name, layout, steps)

    def _owner(self, name: str, app: str, path: list[str]) -> TelemetryEntry:
        """The only packet of the app that has the field."""
        match = _SUBSCRIPT.match(path[0]) if path else None
        owners = self._by_app.get(app, {}).get(match[1], []) if match else []
        if not owners:
            raise self.unknown(name)
        if len(owners) > 1:
            raise AmbiguousNameError(name, [f"{entry.name}.{'.'.join(path)}" for entry in owners])
        return owners[0]

    def _walk(self, name: str, record: RecordLayout, path: list[str]) -> tuple[tuple[str | int, ...], FieldLayout]:
        """The steps along a path from a record on, and the layout of what stands at its end."""
        match = _SUBSCRIPT.match(path[0])
        layout = _field(record, match[1]) if match else None
        if match is None or layout is None:
            raise self.unknown(name)
        steps: tuple[str | int, ...] = (match[1],)
        if match[2] is not None:
            if layout.item is None:
                raise self.unknown(name)
            steps, layout = (match[1], int(match[2])), layout.item
        if len(path) == 1:
            return steps, layout
        if layout.record is None:
            raise self.unknown(name)
        further, layout = self._walk(name, layout.record, path[1:])
        return (*steps, *further), layout

    def unknown(self, name: str) -> UnknownNameError:
        """The error for a name that is not there, with the names that come close."""
        names = self.names()
        short = [f"{app}.{field}" for app, fields in self._by_app.items() for field in fields]
        upper = {candidate.upper(): candidate for candidate in (*short, *names)}
        return UnknownNameError(name, [upper[near] for near in get_close_matches(name.upper(), upper, n=3)])


def _field(record: RecordLayout, name: str) -> FieldLayout | None:
    for field in record.fields:
        if field.name == name:
            return field
    return None


def _field_names(entry: TelemetryEntry) -> list[str]:
    return [f"{entry.name}.{field.name}" for field in layout_of(entry.record).fields]
