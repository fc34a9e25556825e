"""Messages, records and states as values that JSON has: enumerations by name, octets as hexadecimal digits."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, IntEnum
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec

from ops_tools.ground.command_record import CommandRecord
from ops_tools.ground.decoder import Sample
from ops_tools.ground.events import LoggedEvent
from ops_tools.ground.telemetry import FieldValue, PacketValue


def plain(value: Any) -> Any:  # noqa: ANN401, PLR0911 - any value to a value of JSON, one return per kind
    """A value as JSON has it. What is not finite becomes a text, since JSON has no numbers for it."""
    match value:
        case Enum():
            return value.name if isinstance(value, IntEnum) else plain(value.value)
        case float():
            return value if isfinite(value) else str(value)
        case bytes() | bytearray():
            return value.hex()
        case Path():
            return str(value)
        case msgspec.Struct():
            return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
        case Mapping():
            return {str(plain(key)): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            return value


def command(record: CommandRecord) -> dict[str, Any]:
    """A command's record, with its stage."""
    return {**plain(record), "stage": record.stage.value, "open": record.open}


def event(entry: LoggedEvent) -> dict[str, Any]:
    """One line of the event log."""
    described: dict[str, Any] = plain(entry)
    return described


def sample(packet: Sample) -> dict[str, Any]:
    """A packet with its fields."""
    return {
        "name": packet.name,
        "time_ns": packet.time_ns,
        "received_ns": packet.received_ns,
        "sequence": packet.sequence,
        "recorded": packet.recorded,
        "fields": plain(packet.message),
    }


def packet_value(packet: PacketValue) -> dict[str, Any]:
    """The newest packet of a kind; its fields are None before the first one."""
    newest = packet.sample
    return {
        "name": packet.name,
        "kind": "packet",
        "time_ns": None if newest is None else newest.time_ns,
        "age_ns": packet.age_ns,
        "stale": packet.stale,
        "received": packet.received,
        "fields": None if newest is None else plain(newest.message),
    }


def field_value(field: FieldValue) -> dict[str, Any]:
    """The newest value of a field."""
    return {"kind": "field", **plain(field)}
