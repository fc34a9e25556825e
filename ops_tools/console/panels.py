"""The pieces of the terminal console, each a rich text or panel of the size it is given."""

from __future__ import annotations

from rich.box import ROUNDED
from rich.panel import Panel
from rich.style import Style
from rich.text import Text

from ops_tools.console.printable import printable
from ops_tools.console.snapshot import CommandLine, ConsoleSnapshot, EventLine, PanelView, Reading, ReadingState
from ops_tools.console.theme import (
    ACCENT,
    ALARM,
    BORDER,
    FAINT,
    GOOD,
    LABEL,
    READING_STYLES,
    SEVERITY_STYLES,
    TITLE,
    TREND,
    VALUE,
    VERDICT_STYLES,
    WARNING,
    Marks,
    bar,
    sparkline,
)
from ops_tools.ground.command_record import Verdict
from tlm_cmd.definition.message import Severity

LABEL_WIDTH = 13
VALUE_WIDTH = 11
SHORT_UNITS = {"degC": "°C", "deg": "°", "deg/s": "°/s"}
GAUGE_WIDTH = 8
EDGES = 4
"""Columns of a panel that its frame and padding take."""


def framed(title: str, body: Text, height: int, *, loud: bool = False) -> Panel:
    """A body in a frame."""
    return Panel(
        body,
        title=Text(f" {title} ", TITLE),
        title_align="left",
        box=ROUNDED,
        border_style=ALARM if loud else BORDER,
        height=height,
        padding=(0, 1),
    )


def reading_line(reading: Reading, width: int, marks: Marks, label_width: int, *, mark_old: bool = True) -> Text:
    """One reading: label, value, unit, and as much of its trend or gauge as fits."""
    line = _line()
    line.append(f"{_clean(reading.label, marks)[:label_width]:<{label_width}} ", LABEL)
    style = READING_STYLES[reading.state]
    if reading.state is ReadingState.MISSING:
        line.append(marks.none, style)
        return line
    text = _clean(reading.text, marks)
    unit = SHORT_UNITS.get(reading.unit, reading.unit) if marks.is_rich else reading.unit
    line.append(f"{text} {unit}".rstrip(), style)
    if reading.state is ReadingState.STALE and mark_old:
        line.append(" old", FAINT)
    room = width - label_width - 1 - VALUE_WIDTH
    if room < 3 or line.cell_len >= label_width + 1 + VALUE_WIDTH:
        return line
    line.append(" " * (label_width + 1 + VALUE_WIDTH - line.cell_len))
    if reading.level is not None and room >= GAUGE_WIDTH + 2:
        full, empty = bar(reading.level, GAUGE_WIDTH, marks)
        line.append(full, GOOD if reading.state is ReadingState.GREEN else style)
        line.append(f"{empty} ", BORDER)
        room -= GAUGE_WIDTH + 1
    line.append(sparkline(reading.trend, room, marks), FAINT if reading.state is ReadingState.STALE else TREND)
    return line


def readings_panel(view: PanelView, width: int, height: int, marks: Marks, *, mark_old: bool = True) -> Panel:
    """A panel of readings; those that do not fit are left out from the end.

    Old values are always dim; ``mark_old`` is for when some are old and others are not.
    """
    inner = width - EDGES
    shown = view.readings[: max(0, height - 2)]
    label_width = min(LABEL_WIDTH, max((len(reading.label) for reading in shown), default=0))
    body = Text("\n", end="").join(
        [_cut(reading_line(reading, inner, marks, label_width, mark_old=mark_old), inner, marks) for reading in shown]
    )
    loud = any(reading.state is ReadingState.RED for reading in view.readings)
    return framed(view.title, body, height, loud=loud)


def command_line(command: CommandLine, width: int, marks: Marks) -> Text:
    """One command: mark, number, name, arguments, and how far it has come."""
    if command.verdict is None:
        mark, style = marks.wait, ACCENT
        end = f"{command.stage.value} {command.percent} %" if command.percent else command.stage.value
    else:
        mark = marks.good if command.verdict is Verdict.COMPLETED else marks.bad
        style = VERDICT_STYLES[command.verdict]
        end = command.verdict.value.replace("_", " ")
        if command.verdict is Verdict.COMPLETED:
            end = f"{command.seconds:.1f} s"
    line = _line()
    line.append(f"{mark} ", style)
    line.append(f"{command.number:>3} ", FAINT)
    line.append(_clean(command.name, marks), VALUE)
    detail = command.arguments if command.verdict in (None, Verdict.COMPLETED) else command.reason
    line.append(f" {_clean(detail, marks)}".rstrip(), FAINT)
    line = _cut(line, max(1, width - len(end) - 1), marks)
    line.append(" " * max(1, width - line.cell_len - len(end)))
    line.append(end, style)
    return _cut(line, width, marks)


def commands_panel(snapshot: ConsoleSnapshot, width: int, height: int, marks: Marks) -> Panel:
    """The newest commands with their verdicts."""
    inner = width - EDGES
    rows = max(0, height - 2)
    lines = [command_line(command, inner, marks) for command in snapshot.commands[:rows]]
    body = Text("\n", end="").join(lines) if lines else Text("none yet", FAINT)
    return framed("Commands", body, height)


def event_line(event: EventLine, width: int, marks: Marks, *, pinned: bool = False) -> Text:
    """One event: time of day, severity, app, text."""
    style = SEVERITY_STYLES[event.severity]
    mark = marks.pin if pinned else marks.dot if event.severity >= Severity.ERROR else marks.point
    line = _line()
    line.append(f"{event.clock:<8} ", FAINT)
    line.append(f"{mark} ", style)
    line.append(f"{_clean(event.name, marks).split('.')[0].lower()} ", LABEL)
    line.append(_clean(event.text, marks), style)
    return _cut(line, width, marks)


def events_panel(snapshot: ConsoleSnapshot, width: int, height: int, marks: Marks) -> Panel:
    """The newest events; the newest errors stay at the top when they would have scrolled away."""
    inner, rows = width - EDGES, max(0, height - 2)
    gone = [error for error in snapshot.errors if error not in snapshot.events[: rows - len(snapshot.errors)]]
    pinned = gone[: rows // 2]
    shown = [event for event in snapshot.events if event not in pinned][: rows - len(pinned)]
    lines = [event_line(event, inner, marks, pinned=True) for event in pinned]
    lines += [event_line(event, inner, marks) for event in shown]
    body = Text("\n", end="").join(lines) if lines else Text("none yet", FAINT)
    return framed("Events", body, height)


def header_panel(snapshot: ConsoleSnapshot, width: int, marks: Marks) -> Panel:
    """Mission, times and mode; contact, speed and progress."""
    inner = width - EDGES
    first = _line()
    mode = snapshot.mode
    first.append(f"{marks.dot} ", _mode_style(mode))
    first.append(_clean(mode.text, marks).upper() or "MODE UNKNOWN", _mode_style(mode))
    first.append(f"   MET {met_text(snapshot.met_s)}", VALUE)
    if snapshot.utc:
        first.append(f"   UTC {snapshot.utc}", FAINT)
    second = _line()
    second.append(f"{marks.dot if snapshot.in_contact else marks.ring} ", GOOD if snapshot.in_contact else FAINT)
    second.append(_clean(snapshot.contact, marks), GOOD if snapshot.in_contact else FAINT)
    progress = _progress_text(snapshot, inner, marks)
    if snapshot.flight.warning:
        second = Text(f"{marks.dot} {_clean(snapshot.flight.warning, marks)}", WARNING, no_wrap=True, end="")
    if second.cell_len + len(snapshot.traffic) + progress.cell_len + 6 <= inner:
        second.append(f"   {snapshot.traffic}", FAINT)
    lines = [_spread(first, _alarm_text(snapshot), inner, marks), _spread(second, progress, inner, marks)]
    body = Text("\n", end="").join(lines)
    return framed(snapshot.mission.upper(), body, 4, loud=bool(snapshot.warning))


def limits_panel(snapshot: ConsoleSnapshot) -> PanelView:
    """The values outside their limits as a panel."""
    alarms = [Reading(str(number + 1), alarm, state=ReadingState.RED) for number, alarm in enumerate(snapshot.alarms)]
    if not alarms and not snapshot.in_contact:
        seen = "no telemetry yet" if snapshot.mode.state is ReadingState.MISSING else "all green when last heard"
        return PanelView("Limits", (Reading("limits", seen, state=ReadingState.STALE),))
    return PanelView("Limits", tuple(alarms) or (Reading("limits", "all green"),))


def footer_line(snapshot: ConsoleSnapshot, width: int, marks: Marks, more: tuple[Reading, ...] = ()) -> Text:
    """Commands by verdict, events by severity, what must not be overlooked, and ``more`` as far as there is room."""
    line = _line()
    if snapshot.warning:
        line.append(f" {snapshot.warning}", ALARM)
        return _cut(line, width, marks)
    line.append(" commands", LABEL)
    line.append(f" {marks.good} {snapshot.verdicts.get(Verdict.COMPLETED, 0)}", GOOD)
    bad = sum(count for verdict, count in snapshot.verdicts.items() if verdict is not Verdict.COMPLETED)
    line.append(f" {marks.bad} {bad}", WARNING if bad else FAINT)
    line.append(f" {marks.wait} {snapshot.commands_open}", ACCENT if snapshot.commands_open else FAINT)
    line.append("   events", LABEL)
    for severity, word in ((Severity.ERROR, "errors"), (Severity.CRITICAL, "critical")):
        count = snapshot.event_counts.get(severity, 0)
        line.append(f" {count} {word}", SEVERITY_STYLES[severity] if count else FAINT)
    if snapshot.restarts:
        line.append("   restarted", LABEL)
        told = ", ".join(f"{app} {marks.times}{count}" for app, count in snapshot.restarts)
        line.append(f" {_clean(told, marks)}", WARNING)
    if snapshot.alarms:
        line.append(f"   {marks.dot} {snapshot.alarms[0]}", ALARM)
    for reading in more:
        piece = f"  {reading.label} {_clean(reading.text, marks)} {reading.unit}".rstrip()
        if reading.text and line.cell_len + len(piece) + 1 <= width:
            line.append(f"  {reading.label}", LABEL)
            line.append(piece[2 + len(reading.label) :], READING_STYLES[reading.state])
    note = f"   {snapshot.flight.note}" if snapshot.flight.note else ""
    if line.cell_len + len(note) + 1 <= width:
        line.append(note, FAINT)
    return _cut(line, width, marks)


def met_text(met_s: float | None) -> str:
    """Mission elapsed time as ``1d 02:03:04``; a dash when it is not known."""
    if met_s is None:
        return "-"
    whole = int(abs(met_s))
    days, rest = divmod(whole, 86_400)
    sign = "-" if met_s < 0 else ""
    return f"{sign}{days}d {rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"


def _mode_style(mode: Reading) -> Style:
    if mode.state in (ReadingState.STALE, ReadingState.MISSING):
        return FAINT
    return ALARM if mode.text == "safe" else GOOD


def _alarm_text(snapshot: ConsoleSnapshot) -> Text:
    count = len(snapshot.alarms)
    if not count:
        return Text("all limits green", GOOD) if snapshot.in_contact else Text()
    return Text(f"{count} outside limits", ALARM)


def _progress_text(snapshot: ConsoleSnapshot, width: int, marks: Marks) -> Text:
    text = _line()
    flight = snapshot.flight
    if flight.speed is not None:
        text.append(f"{marks.times}{flight.speed:,.0f} ", ACCENT)
    if flight.progress is not None:
        full, empty = bar(flight.progress, max(8, width // 5), marks)
        text.append(f" {full}", ACCENT)
        text.append(empty, BORDER)
        text.append(f" {flight.progress * 100:3.0f} %", VALUE)
    return text


def _spread(left: Text, right: Text, width: int, marks: Marks) -> Text:
    """Two texts at both ends of a line; the right one stays whole."""
    left = _cut(left, max(0, width - right.cell_len - 1), marks)
    line = left.copy()
    line.append(" " * max(1, width - left.cell_len - right.cell_len))
    line.append_text(right)
    return line


def _line() -> Text:
    return Text(no_wrap=True, end="")


def _clean(text: str, marks: Marks) -> str:
    return printable(text, ascii_only=not marks.is_rich)


def _cut(text: Text, width: int, marks: Marks) -> Text:
    text = text.copy()
    text.truncate(width, overflow="ellipsis" if marks.is_rich else "crop")
    return text
