"""``flightsw dictionary show``: look up a command, a packet, an event, or all that an app has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ops_tools.cli_commands.output import table
from tlm_cmd.definition.field_rows import FieldRow, field_rows, number_text
from tlm_cmd.definition.layout import layout_of
from tlm_cmd.errors import ProtocolError

if TYPE_CHECKING:
    from tlm_cmd.definition.dictionary import Dictionary
    from tlm_cmd.definition.entries import CommandEntry, EventEntry, TelemetryEntry

    Entry = CommandEntry | TelemetryEntry | EventEntry

HEAD = ("type", "unit", "range", "yellow limits", "red limits", "default", "meaning")
MARKS = {"hazardous": "needs --confirm REASON", "secret": "its arguments are in no record"}
"""What a command can be declared as, and what follows from it."""


class UnknownEntryError(ProtocolError):
    """Neither an app nor anything of one has this name."""

    def __init__(self, name: str, near: list[str]) -> None:
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        super().__init__(f"no app, command, packet or event is called {name!r}{hint}")
        self.name, self.near = name, tuple(near)


def show(dictionary: Dictionary, name: str) -> list[str]:
    """What a dictionary has under a name, as lines.

    Args:
        dictionary: the mission's.
        name: of an app, a command, a packet or an event, in any case; empty for the apps.

    Raises:
        UnknownEntryError: there is nothing of this name.
    """
    wanted = name.upper()
    apps = {app.name.upper() for app in dictionary.apps}
    if not wanted:
        return [f"{app.name.upper()}  APID 0x{app.apid:03x}" for app in dictionary.apps]
    if wanted in apps:
        return list(_app(dictionary, wanted))
    kinds: dict[str, Mapping[str, Entry]] = {
        "command": dictionary.commands,
        "packet": dictionary.telemetry,
        "event": dictionary.events,
    }
    found = [(kind, entries[wanted]) for kind, entries in kinds.items() if wanted in entries]
    if not found:
        names = sorted({*apps, *(each for entries in kinds.values() for each in entries)})
        raise UnknownEntryError(name, get_close_matches(wanted, names, n=3))
    return [line for kind, entry in found for line in _entry(kind, entry)]


def _app(dictionary: Dictionary, app: str) -> Iterator[str]:
    """Everything that an app has, one line each."""
    yield from _listed("commands", dictionary.commands, app)
    yield from _listed("packets", dictionary.telemetry, app)
    yield from _listed("events", dictionary.events, app)


def _listed(kind: str, entries: Mapping[str, Entry], app: str) -> Iterator[str]:
    rows = [(f"  {name}", _about(entry)) for name, entry in entries.items() if entry.app.upper() == app]
    if rows:
        yield f"{kind}:"
        yield from table(rows)


def _entry(kind: str, entry: Entry) -> Iterator[str]:
    """One entry in full."""
    code = f", code {code}" if (code := getattr(entry, "code", None)) is not None else ""
    yield f"{entry.name}  {kind}, APID 0x{entry.apid:03x}{code}{_nature(entry)}"
    yield f"  {layout_of(entry.record).description}"
    text = getattr(entry.record, "text", "")
    if text:
        yield f"  {text}"
    rows = list(field_rows(layout_of(entry.record)))
    if not rows:
        yield f"  no {'arguments' if kind == 'command' else 'fields'}"
        return
    columns = [(title, [_cell(row, title) for row in rows]) for title in HEAD]
    used = [(title, cells) for title, cells in columns if any(cells)]
    names = ["argument" if kind == "command" else "field", *(row.name for row in rows)]
    lines = zip(names, *([title, *cells] for title, cells in used), strict=True)
    yield from table([(f"  {line[0]}", *line[1:]) for line in lines])


def _cell(row: FieldRow, title: str) -> str:
    text: str = getattr(row, title.partition(" ")[0])
    return text


def _nature(entry: Entry) -> str:
    """What is special about it."""
    record = entry.record
    marked = "".join(f", {mark}: {what}" for mark, what in MARKS.items() if getattr(record, mark, False))
    if marked:
        return marked
    severity, period_s = getattr(record, "severity", None), getattr(record, "period_s", None)
    if severity is not None:
        return f", {severity.name}"
    return "" if period_s is None else f", every {number_text(period_s)} s"


def _about(entry: Entry) -> str:
    marks = ", ".join(mark for mark in MARKS if getattr(entry.record, mark, False))
    return f"{f'({marks}) ' if marks else ''}{layout_of(entry.record).description.partition(chr(10))[0]}"
