"""Which entries of which logs a dump takes, and how many fit a packet. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flightsw.app import Ticket
from flightsw.core.event_services.messages import MAX_LINES, LogLine
from flightsw.messages.events import LogEntry
from tlm_cmd.definition.message import Severity

MAX_PAGE_OCTETS = 900
"""Longest packet of a dump: it fits one TM frame."""
ENTRY_OVERHEAD_OCTETS = 17
"""Of one entry in a packet besides its parameters."""
_NUMBER_MODULO = 2**32

Entries = Sequence[tuple[int, LogEntry]]


class LogPart(msgspec.Struct):
    """What is still to be taken of one log.

    Attributes:
        app: whose log it is.
        since: number of the last entry taken, or before the first one.
        until: number of the last one to be taken: the newest when the dump was asked for.
    """

    app: str
    since: int
    until: int


class Dump(msgspec.Struct):
    """A dump that goes on.

    Attributes:
        ticket: the command that asked for it.
        lowest: entries of at least this severity.
        parts: what is still to be taken.
        unreadable: apps whose log gave nothing.
        entries: entries sent.
        pages: packets sent.
    """

    ticket: Ticket
    lowest: Severity
    parts: list[LogPart] = []
    unreadable: list[str] = []
    entries: int = 0
    pages: int = 0


def part_of(app: str, entries: Entries, newest: int) -> LogPart:
    """All of a log, or its ``newest`` entries unless that is 0."""
    if not entries:
        return LogPart(app, 0, 0)
    first = entries[-newest if 0 < newest <= len(entries) else 0][0]
    return LogPart(app, first - 1, entries[-1][0])


def page(part: LogPart, entries: Entries, lowest: Severity) -> tuple[LogLine, ...]:
    """The next entries that fit one packet; the part goes on behind them. Empty when there are no more.

    Args:
        part: what is still to be taken.
        entries: the log's, as far as they are behind ``part.since``.
        lowest: entries of at least this severity.
    """
    lines: list[LogLine] = []
    octets = 0
    for number, entry in entries:
        if number > part.until:
            break
        if entry.severity >= lowest:
            octets += ENTRY_OVERHEAD_OCTETS + len(entry.parameters)
            if len(lines) == MAX_LINES or octets > MAX_PAGE_OCTETS:
                return tuple(lines)
            lines.append(LogLine(number % _NUMBER_MODULO, entry))
        part.since = number
    part.since = part.until
    return tuple(lines)
