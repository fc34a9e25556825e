"""Entries of the event logs on board, as a dump brings them down."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.dictionary import Dictionary, EventEntry
from tlm_cmd.definition.message import Event, Severity, ShortEvent, Telemetry
from tlm_cmd.errors import ProtocolError

LOG_PACKET = "EVENT_SERVICES.LOG_PAGE"
"""The packet that carries entries; its fields are those of the framework's event services."""
LOG_FIELDS = ("app", "lines")


class OnboardEntry(msgspec.Struct, frozen=True):
    """One entry.

    Attributes:
        name: of the event, ``THERMAL.HEATER_SWITCHED``; by its number when the dictionary has none.
        app: the app that sent it.
        severity: how much it matters.
        text: what a person reads.
        time_ns: spacecraft time; None when the log had another clock, which the text then names.
        short: whether the log was without its fields.
    """

    name: str
    app: str
    severity: Severity
    text: str
    time_ns: int | None
    short: bool


def onboard_entries(dictionary: Dictionary, packet: Telemetry) -> Iterator[OnboardEntry]:
    """The entries in a packet of a dump, the oldest first."""
    app: str = getattr(packet, "app", "")
    apids = {each.name: each.apid for each in dictionary.apps}
    for line in getattr(packet, "lines", ()):
        entry = line.entry
        declared = dictionary.event_by_id(apids.get(app, 0), entry.code)
        event = None if declared is None else _event(declared, entry.parameters if entry.whole else None)
        name = f"{app.upper()}.EVENT_{entry.code}" if declared is None else declared.name
        text = entry.parameters.hex() if event is None else event_text(event)
        is_tai = entry.clock.name == "TAI"
        if not is_tai:
            text = f"{text} ({entry.clock.name} {entry.time_ns / 1e9:.3f} s)"
        time_ns = entry.time_ns if is_tai else None
        yield OnboardEntry(name, app, entry.severity, text, time_ns, not isinstance(event, Event))


def event_text(event: Event | ShortEvent) -> str:
    """The event's text as people read it; a slip in the text does not hide the event."""
    try:
        return event.describe()
    except (KeyError, IndexError, ValueError, TypeError, AttributeError):
        if isinstance(event, ShortEvent):
            return event.record.text
        return f"{type(event).text} {msgspec.structs.asdict(event)}"


def _event(declared: EventEntry, parameters: bytes | None) -> Event | ShortEvent:
    """An event of the log; without its fields when they are missing or cannot be read."""
    try:
        return ShortEvent(declared.record) if parameters is None else codec_of(declared.record).decode(parameters)
    except ProtocolError:
        return ShortEvent(declared.record)
