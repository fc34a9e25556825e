"""Events for people: one JSON line each, in a file of bounded size. Trouble costs lines, counted, and never an app."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec
import structlog

from flightsw.messages.events import EventClock
from flightsw.services.event_log import stamp
from flightsw.services.spacecraft_time import SpacecraftTime
from tlm_cmd.definition.message import Event, Severity, ShortEvent

MAX_FILE_OCTETS = 16 * 1024 * 1024
"""Size at which a file is put aside; one that was put aside before makes room for it."""
OLD_SUFFIX = ".1"


class EventLines:
    """Writes the events of one process into a file.

    Args:
        path: the file; its folder is made when there is none.
        max_octets: size at which the file is put aside and a new one begun.
        processors: structlog processors that see each event before it becomes a line.

    Attributes:
        lost: lines that could not be written.
    """

    def __init__(
        self,
        path: Path,
        max_octets: int = MAX_FILE_OCTETS,
        processors: Sequence[structlog.typing.Processor] = (),
    ) -> None:
        self.lost = 0
        self._file = _LineFile(path, max_octets)
        self._logger = structlog.wrap_logger(
            self._file,
            processors=[*processors, structlog.processors.JSONRenderer(serializer=_to_json)],
            wrapper_class=structlog.BoundLogger,
        )

    def write(self, app: str, event: Event, time: SpacecraftTime, now_ns: int) -> bool:
        """Write one event; False when its line is lost. Never raises."""
        try:
            clock, time_ns = stamp(time, now_ns)
            fields = line_of(app, event, event.code, event.severity, clock, time_ns)
            self._logger.msg(fields.pop("event"), **fields, monotonic_ns=now_ns)
        except Exception:  # noqa: BLE001 - a fault domain: disks, processors and texts may all fail
            self.lost += 1
            return False
        return True

    def close(self) -> None:
        """Close the file; the next event opens it again."""
        self._file.close()


class _LineFile:
    """Appends whole lines to a file, and puts it aside when it is full."""

    def __init__(self, path: Path, max_octets: int) -> None:
        self._path = path
        self._max_octets = max_octets
        self._descriptor: int | None = None
        self._octets = 0

    def msg(self, line: str) -> None:
        """Write a line, or nothing of it."""
        data = f"{line}\n".encode(errors="replace")
        descriptor = self._opened()
        written = os.write(descriptor, data)
        if written < len(data):
            with suppress(OSError):  # half a line would spoil the next one as well
                os.ftruncate(descriptor, self._octets)
            raise OSError(f"{self._path}: only {written} of {len(data)} octets written")
        self._octets += written

    def close(self) -> None:
        """Close the file."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):  # what could not be written has been counted
                os.close(descriptor)

    def _opened(self) -> int:
        if self._descriptor is not None and self._octets >= self._max_octets:
            self.close()
            self._path.replace(self._path.with_name(self._path.name + OLD_SUFFIX))
        if self._descriptor is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(self._path, flags, 0o644)
            self._octets = os.fstat(self._descriptor).st_size
        return self._descriptor


def line_of(
    app: str, event: Event | ShortEvent | None, code: int, severity: Severity, clock: EventClock, time_ns: int
) -> dict[str, Any]:
    """What a line says of an event; of one whose fields, or even whose class, are not known as much as there is.

    An event's own fields are kept together under ``parameters``: one of them may well be called as the line's own.
    """
    whole = event if isinstance(event, Event) else None
    record = event.record if isinstance(event, ShortEvent) else type(event)
    return {
        "event": None if event is None else record.__name__,
        "app": app,
        "code": code,
        "severity": severity.name,
        "clock": clock.name,
        "time_ns": time_ns,
        "text": None if event is None else event.describe(),
        "parameters": None if whole is None else {name: getattr(whole, name) for name in whole.__struct_fields__},
    }


def json_line(fields: Mapping[str, object]) -> bytes:
    """Some fields as one line."""
    return msgspec.json.encode(_plain(dict(fields))) + b"\n"


def _to_json(line: dict[str, Any], **_: object) -> str:
    return msgspec.json.encode(_plain(line)).decode()


def _plain(value: object) -> object:  # noqa: PLR0911 - one return per kind
    """A value that JSON has; what is not finite becomes a text, since JSON has no numbers for it."""
    match value:
        case Enum():
            return value.name
        case float():
            return value if math.isfinite(value) else str(value)
        case bytes():
            return value.hex()
        case msgspec.Struct():
            return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value
