"""The mission dictionary: every command, telemetry packet and event of a spacecraft, with its ids.

Built from the apps' message classes and the APIDs that the mission file gives out. Flight and ground build the same
dictionary and compare its content hash on contact.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TypeVar

from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.describe import describe_record
from tlm_cmd.definition.entries import (
    APIDS_PER_APP,
    COMMAND_MESSAGE_ID,
    TELEMETRY_MESSAGE_ID,
    AppInterface,
    CommandEntry,
    DictionaryError,
    EventEntry,
    TelemetryEntry,
)
from tlm_cmd.definition.interface_checks import check_app, check_code, check_period, check_text
from tlm_cmd.definition.message import (
    MAX_EVENT_CODE,
    MAX_FUNCTION_CODE,
    Command,
    Event,
    Record,
    ShortEvent,
    Telemetry,
    screaming_snake,
)
from tlm_cmd.errors import LengthMismatchError, TooShortError

SHORT_FORM = 0x80
"""Bit of the severity octet that says that the event's fields were left out."""

Found = TypeVar("Found")
Entry = TypeVar("Entry", CommandEntry, TelemetryEntry, EventEntry)


class Dictionary:
    """Lookups by name and by id, and the codec of whole payloads.

    Raises:
        DictionaryError: two apps or messages claim one id, or an id is out of range; both are named.
    """

    def __init__(self, mission: str, apps: Iterable[AppInterface]) -> None:
        self.mission = mission
        self.apps = tuple(apps)
        self.commands: dict[str, CommandEntry] = {}
        self.telemetry: dict[str, TelemetryEntry] = {}
        self.events: dict[str, EventEntry] = {}
        self._command_by_id: dict[tuple[int, int], CommandEntry] = {}
        self._telemetry_by_apid: dict[int, TelemetryEntry] = {}
        self._event_by_id: dict[tuple[int, int], EventEntry] = {}
        self._app_by_apid: dict[int, str] = {}
        self._by_class: dict[tuple[str, type[Record]], CommandEntry | TelemetryEntry | EventEntry] = {}
        for app in self.apps:
            self._add_app(app)

    # ---------------------------------------------------------------- building

    def _add_app(self, app: AppInterface) -> None:
        check_app(app)
        if app.name in self._app_by_apid.values():
            raise DictionaryError(f"two apps are called {app.name!r}")
        holder = self._app_by_apid.setdefault(app.apid, app.name)
        if holder != app.name:
            raise DictionaryError(f"apps {holder!r} and {app.name!r} both claim apid 0x{app.apid:03x}")
        for command in app.commands:
            self._add_command(app, command)
        for index, packet in enumerate(app.telemetry):
            entry = TelemetryEntry(_name(app, packet), app.name, app.apid + 1 + index, packet)
            check_period(entry)
            self._register(entry, self.telemetry)
            self._telemetry_by_apid[entry.apid] = entry
        for event in app.events:
            self._add_event(app, event)

    def _add_command(self, app: AppInterface, command: type[Command]) -> None:
        check_code(_name(app, command), command, MAX_FUNCTION_CODE)
        entry = CommandEntry(_name(app, command), app.name, app.apid, command)
        self._register(entry, self.commands)
        holder = self._command_by_id.setdefault((app.apid, command.code), entry)
        if holder is not entry:
            raise DictionaryError(f"{holder.name} and {entry.name} both claim function code {command.code}")

    def _add_event(self, app: AppInterface, event: type[Event]) -> None:
        check_code(_name(app, event), event, MAX_EVENT_CODE)
        entry = EventEntry(_name(app, event), app.name, app.apid, event)
        check_text(entry)
        self._register(entry, self.events)
        holder = self._event_by_id.setdefault((app.apid, event.code), entry)
        if holder is not entry:
            raise DictionaryError(f"{holder.name} and {entry.name} both claim event code {event.code}")

    def _register(self, entry: Entry, table: dict[str, Entry]) -> None:
        name, record = entry.name, entry.record
        for other in (self.commands.get(name), self.telemetry.get(name), self.events.get(name)):
            if other is not None:
                raise DictionaryError(f"{_origin(other.record)} and {_origin(record)} are both called {name}")
        codec_of(record)  # a class that cannot be laid out is refused here, not in flight
        table[name] = entry
        self._by_class[entry.app, record] = entry

    # ---------------------------------------------------------------- looking up

    def command(self, name: str) -> CommandEntry:
        """A command by the name that a controller types."""
        return _look_up(self.commands, name.upper(), "command")

    def packet(self, name: str) -> TelemetryEntry:
        """A telemetry packet by name."""
        return _look_up(self.telemetry, name.upper(), "telemetry packet")

    def event(self, name: str) -> EventEntry:
        """An event by name."""
        return _look_up(self.events, name.upper(), "event")

    def apid_of(self, app: str) -> int:
        """The command and event APID of an app."""
        return _look_up({name: apid for apid, name in self._app_by_apid.items()}, app, "app")

    def app_of(self, apid: int) -> str | None:
        """The app that owns an APID, or None."""
        return self._app_by_apid.get(apid & ~(APIDS_PER_APP - 1))

    def command_by_id(self, apid: int, code: int) -> CommandEntry | None:
        """A command by its app's APID and its code, 0 to 127, or None."""
        return self._command_by_id.get((apid, code))

    def event_by_id(self, apid: int, code: int) -> EventEntry | None:
        """An event by its app's APID and its code, or None."""
        return self._event_by_id.get((apid, code))

    def telemetry_by_apid(self, apid: int) -> TelemetryEntry | None:
        """A telemetry packet by its APID, or None."""
        return self._telemetry_by_apid.get(apid)

    def telemetry_of(self, app: str, record: type[Telemetry]) -> TelemetryEntry:
        """A packet of one app by its class.

        Raises:
            DictionaryError: the app declares no such telemetry.
        """
        entry = self._by_class.get((app, record))
        if not isinstance(entry, TelemetryEntry):
            raise DictionaryError(f"{app} declares no telemetry {record.__name__}")
        return entry

    def command_of(self, app: str, record: type[Command]) -> CommandEntry:
        """A command of one app by its class.

        Raises:
            DictionaryError: the app declares no such command.
        """
        entry = self._by_class.get((app, record))
        if not isinstance(entry, CommandEntry):
            raise DictionaryError(f"{app} declares no command {record.__name__}")
        return entry

    def apps_declaring(self, record: type[Record]) -> tuple[str, ...]:
        """The apps whose interface holds a class, in mission order."""
        return tuple(app.name for app in self.apps if (app.name, record) in self._by_class)

    def known_apids(self) -> Iterator[int]:
        """Every APID that a packet of this mission can carry."""
        yield from self._app_by_apid
        yield from self._telemetry_by_apid

    # ---------------------------------------------------------------- payloads

    def encode_payload(self, message: Command | Telemetry | Event) -> bytes:
        """The octets behind the packet headers; those of an event begin with its code and its severity."""
        payload = codec_of(type(message)).encode(message)
        if isinstance(message, Event):
            return bytes((message.code, message.severity)) + payload
        return payload

    def encode_short_event(self, event: Event) -> bytes:
        """The octets behind the packet headers of an event in the short form: code and severity, and no fields."""
        return bytes((event.code, event.severity | SHORT_FORM))

    def decode_telemetry(
        self, apid: int, payload: bytes | memoryview
    ) -> tuple[TelemetryEntry | EventEntry, Telemetry | Event]:
        """A telemetry or event packet's payload as an object.

        Raises:
            DictionaryError: no packet has this APID, or no event this code.
            ProtocolError: the payload does not fit the definition.
            TooShortError: no telemetry packet has this APID, and fewer than two octets can be no event.
        """
        entry = self._telemetry_by_apid.get(apid)
        if entry is not None:
            return entry, entry.codec.decode(payload)
        if len(payload) < 2:
            raise TooShortError("event", 2, len(payload))
        event = self._event_by_id.get((apid, payload[0]))
        if event is None:
            raise DictionaryError(f"no telemetry packet or event has APID 0x{apid:03x} and first octet {payload[0]}")
        if payload[1] != event.record.severity:
            raise DictionaryError(f"{event.name} has severity {payload[1]}, declared is {event.record.severity:d}")
        return event, codec_of(event.record).decode(payload, 2)

    def decode_downlink(
        self, apid: int, payload: bytes | memoryview
    ) -> tuple[TelemetryEntry | EventEntry, Telemetry | Event | ShortEvent]:
        """A payload that came down a link, where alone events travel in the short form as well.

        Raises:
            DictionaryError: no packet has this APID, or no event this code.
            ProtocolError: the payload does not fit the definition.
            LengthMismatchError: octets follow an event in the short form.
        """
        if apid in self._telemetry_by_apid or len(payload) < 2 or not payload[1] & SHORT_FORM:
            return self.decode_telemetry(apid, payload)
        event = self._event_by_id.get((apid, payload[0]))
        if event is None or event.record.severity != payload[1] & ~SHORT_FORM:
            raise DictionaryError(
                f"no event has APID 0x{apid:03x}, code {payload[0]} and severity {payload[1] & ~SHORT_FORM}"
            )
        if len(payload) > 2:
            raise LengthMismatchError(f"{event.name} in the short form", 2, len(payload))
        return event, ShortEvent(event.record)

    # ---------------------------------------------------------------- describing

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the document, in hexadecimal: two dictionaries with one hash say the same."""
        return hashlib.sha256(json.dumps(self.document(), sort_keys=True).encode()).hexdigest()

    def document(self) -> dict[str, object]:
        """The whole dictionary as plain data; the content hash covers exactly this."""
        return {
            "mission": self.mission,
            "apps": [{"name": app.name, "apid": app.apid} for app in self.apps],
            "commands": [
                {
                    "name": entry.name,
                    "apid": entry.apid,
                    "code": entry.code,
                    "hazardous": entry.record.hazardous,
                    "secret": entry.record.secret,
                }
                | describe_record(entry.record)
                for entry in self.commands.values()
            ],
            "telemetry": [
                {
                    "name": entry.name,
                    "apid": entry.apid,
                    "period_s": entry.record.period_s,
                    "quality": entry.record.quality.name,
                }
                | describe_record(entry.record)
                for entry in self.telemetry.values()
            ],
            "events": [
                {
                    "name": entry.name,
                    "apid": entry.apid,
                    "code": entry.code,
                    "severity": entry.record.severity.name,
                    "text": entry.record.text,
                }
                | describe_record(entry.record)
                for entry in self.events.values()
            ],
        }


def _name(app: AppInterface, record: type[Record]) -> str:
    return f"{app.name.upper()}.{screaming_snake(record.__name__)}"


def _origin(record: type[Record]) -> str:
    return f"{record.__module__}.{record.__qualname__}"


def _look_up(table: dict[str, Found], name: str, what: str) -> Found:
    found = table.get(name)
    if found is None:
        from difflib import get_close_matches  # noqa: PLC0415 - only on the way to an error

        near = get_close_matches(name, table, n=3)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise DictionaryError(f"no {what} is called {name!r}{hint}")
    return found


__all__ = [
    "COMMAND_MESSAGE_ID",
    "TELEMETRY_MESSAGE_ID",
    "AppInterface",
    "CommandEntry",
    "Dictionary",
    "DictionaryError",
    "EventEntry",
    "TelemetryEntry",
]
