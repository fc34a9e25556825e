"""Logs as a file for people: a JSON line for each entry, with the fields that events have in the files of the day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from flightsw.messages.events import EventClock, LogEntry
from flightsw.services.event_lines import json_line, line_of
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.message import Event, ShortEvent
from tlm_cmd.errors import ProtocolError


def log_lines(dictionary: Dictionary, logs: Mapping[str, Sequence[tuple[int, LogEntry]]]) -> list[bytes]:
    """Every entry of some logs, by app, as a line; in the order of time, those without TAI first."""
    order = list(logs)
    entries = [(entry, order.index(app), number) for app, log in logs.items() for number, entry in log]
    entries.sort(key=lambda each: (each[0].clock is EventClock.TAI, each[0].time_ns, *each[1:]))
    return [_line(dictionary, order[place], number, entry) for entry, place, number in entries]


def _line(dictionary: Dictionary, app: str, number: int, entry: LogEntry) -> bytes:
    declared = dictionary.event_by_id(dictionary.apid_of(app), entry.code)
    event: Event | ShortEvent | None = None if declared is None else ShortEvent(declared.record)
    if declared is not None and entry.whole:
        with suppress(ProtocolError):  # it may be of another version of the app
            event = codec_of(declared.record).decode(entry.parameters)
    fields = line_of(app, event, entry.code, entry.severity, entry.clock, entry.time_ns)
    return json_line({**fields, "number": number})
