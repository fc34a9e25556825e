"""The mission dictionary as documents: JSON for programs, Markdown for the people who command the spacecraft."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TypeVar

from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.entries import AppInterface, CommandEntry, EventEntry, TelemetryEntry
from tlm_cmd.definition.field_rows import FieldRow, field_rows, number_text
from tlm_cmd.definition.layout import RecordLayout, layout_of
from tlm_cmd.definition.message import Quality

Entry = TypeVar("Entry", CommandEntry, TelemetryEntry, EventEntry)


def as_json(dictionary: Dictionary) -> str:
    """The whole dictionary as JSON, with its content hash; the hash covers all the rest."""
    document = {"content_hash": dictionary.content_hash} | dictionary.document()
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_markdown(dictionary: Dictionary) -> str:
    """The dictionary as a reference for controllers.

    What every app has in common comes first, once; then each app has a section with its commands, telemetry and events.
    """
    counts = f"{len(dictionary.commands)} commands, {len(dictionary.telemetry)} telemetry packets"
    summary = f"{len(dictionary.apps)} apps, {counts}, {len(dictionary.events)} events. Content hash"
    lines = [
        f"# Commands, telemetry and events of {dictionary.mission}",
        "",
        f"{summary} `{dictionary.content_hash}`.",
        "Numbers travel with the most significant octet first.",
        "",
    ]
    names = [f"[{app.name}](#{app.name})" for app in dictionary.apps]
    apids = [_apid(app.apid) for app in dictionary.apps]
    lines += _table(("app", "APID of its commands and events"), zip(names, apids, strict=True))
    common = _Common(dictionary)
    if common.app is not None:
        lines += ["## Every app", "", f"Each app has what follows under its own name, as {common.app.name} has.", ""]
        lines += _section(dictionary, common.app, common, is_common=True)
    for app in dictionary.apps:
        lines += [f"## {app.name}", ""]
        lines += _section(dictionary, app, common, is_common=False)
    return "\n".join(lines).rstrip() + "\n"


class _Common:
    """Which entries every app has, with the same ids relative to its own.

    Attributes:
        app: the app that shows them, None when the mission has only one app.
    """

    def __init__(self, dictionary: Dictionary) -> None:
        self.app = dictionary.apps[0] if len(dictionary.apps) > 1 else None
        self._apids = {app.name: app.apid for app in dictionary.apps}
        self._places: dict[tuple[type, int], int] = {}
        for table in (dictionary.commands, dictionary.telemetry, dictionary.events):
            for entry in table.values():
                place = self._place(entry)
                self._places[place] = self._places.get(place, 0) + 1

    def __contains__(self, entry: CommandEntry | TelemetryEntry | EventEntry) -> bool:
        return self.app is not None and self._places[self._place(entry)] == len(self._apids)

    def _place(self, entry: CommandEntry | TelemetryEntry | EventEntry) -> tuple[type, int]:
        return entry.record, entry.apid - self._apids[entry.app]


def _section(dictionary: Dictionary, app: AppInterface, common: _Common, *, is_common: bool) -> list[str]:
    """The entries of an app that every app has, or those that it does not share with every other."""

    def chosen(table: dict[str, Entry]) -> list[Entry]:
        return [entry for entry in table.values() if entry.app == app.name and (entry in common) == is_common]

    title = "every app" if is_common else app.name
    lines: list[str] = []
    commands = chosen(dictionary.commands)
    lines += _titled(f"### Commands of {title}", _command_table(commands))
    for command in commands:
        lines += _titled(f"#### {command.name}", _field_table("argument", layout_of(command.record)))
    packets = chosen(dictionary.telemetry)
    lines += _titled(f"### Telemetry of {title}", _packet_table(packets, app.apid if is_common else None))
    for packet in packets:
        lines += _titled(f"#### {packet.name}", _field_table("field", layout_of(packet.record)))
    return lines + _titled(f"### Events of {title}", _event_table(chosen(dictionary.events)))


def _command_table(entries: list[CommandEntry]) -> list[str]:
    rows = [
        (entry.code, f"`{entry.name}`", "**hazardous**" if entry.record.hazardous else "", _meaning(entry))
        for entry in entries
    ]
    return _table(("code", "command", "arming", "meaning"), rows)


def _packet_table(entries: list[TelemetryEntry], app_apid: int | None) -> list[str]:
    rows = []
    for entry in entries:
        apid = _apid(entry.apid) if app_apid is None else f"the app's + {entry.apid - app_apid}"
        fewest, most = layout_of(entry.record).octet_bounds
        octets = f"{most}" if fewest == most else f"{fewest} to {most}"
        rows.append((apid, f"`{entry.name}`", _period(entry), octets, _meaning(entry)))
    return _table(("APID", "packet", "sent", "octets", "meaning"), rows)


def _event_table(entries: list[EventEntry]) -> list[str]:
    rows = [
        (
            entry.code,
            f"`{entry.name}`",
            entry.record.severity.name,
            entry.record.text,
            _meaning(entry),
            "; ".join(_in_short(row) for row in field_rows(layout_of(entry.record))),
        )
        for entry in entries
    ]
    return _table(("code", "event", "severity", "text", "meaning", "fields"), rows)


def _field_table(what: str, layout: RecordLayout) -> list[str]:
    rows = [
        (f"`{row.name}`", row.type, row.unit, row.range, row.yellow, row.red, row.default, row.meaning)
        for row in field_rows(layout)
    ]
    return _table((what, "type", "unit", "range", "yellow limits", "red limits", "default", "meaning"), rows)


def _meaning(entry: CommandEntry | TelemetryEntry | EventEntry) -> str:
    return layout_of(entry.record).description


def _period(entry: TelemetryEntry) -> str:
    period_s = entry.record.period_s
    when = "on occasion" if period_s is None else f"every {number_text(period_s)} s"
    return f"{when}, bulk" if entry.record.quality is Quality.BULK else when


def _in_short(row: FieldRow) -> str:
    return f"`{row.name}` {row.type}" + (f" in {row.unit}" if row.unit else "")


# ------------------------------------------------------------------ Markdown


def _titled(title: str, table: list[str]) -> list[str]:
    return [title, "", *table] if table else []


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> list[str]:
    """A table without its empty columns; nothing when there are no rows."""
    texts = [tuple(_cell(value) for value in row) for row in rows]
    columns = [index for index in range(len(head)) if any(row[index] for row in texts)]
    if not columns:
        return []
    lines = [head, ("---",) * len(head), *texts]
    return [*(f"| {' | '.join(line[index] for index in columns)} |" for line in lines), ""]


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|").replace("<", "&lt;")


def _apid(apid: int) -> str:
    return f"0x{apid:03x}"
