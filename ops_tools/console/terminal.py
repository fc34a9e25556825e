"""The terminal console: a live screen where there is a terminal, progress lines where there is none."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

import msgspec
from rich.console import Console, ConsoleOptions, RenderResult
from rich.layout import Layout
from rich.live import Live

from ops_tools.console.panels import (
    commands_panel,
    events_panel,
    footer_line,
    header_panel,
    limits_panel,
    met_text,
    readings_panel,
)
from ops_tools.console.printable import printable
from ops_tools.console.snapshot import ConsoleSnapshot, PanelView, Reading, ReadingState
from ops_tools.console.theme import PLAIN_MARKS, RICH_MARKS, Marks
from ops_tools.ground.command_record import Verdict
from tlm_cmd.definition.message import Severity

REFRESH_NS = 300_000_000
"""Shortest time between two drawings: more of them only cost processor time."""
HEADER_LINES = 4
FOOTER_LINES = 1
PANELS_PER_ROW = ((150, 4), (96, 3), (0, 2))
"""How many panels stand side by side, from which width on."""
LINES_FOR_THREE_ROWS = 44
"""Height from which there are three rows of panels where four do not stand side by side."""
MIN_COLUMNS = 40
MIN_LINES = 12
TRUTH_TITLE = "Simulated truth"
DEFAULT_LINE_STEP = 0.1
"""Progress between two lines where there is no terminal."""


class HostClock(Protocol):
    """Tells the host's time, which decides how often the screen is drawn and nothing else."""

    def now_ns(self) -> int:
        """Nanoseconds of any clock that does not jump."""
        ...


class Screen:
    """A snapshot as one screen; rich draws it in whatever size the terminal has."""

    def __init__(self, snapshot: ConsoleSnapshot) -> None:
        self.snapshot = snapshot

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, height = max(MIN_COLUMNS, options.max_width), max(MIN_LINES, options.height or console.height)
        marks = PLAIN_MARKS if options.ascii_only else RICH_MARKS
        yield from console.render(screen_layout(self.snapshot, width, height, marks), options.update_height(height))


def screen_layout(snapshot: ConsoleSnapshot, width: int, height: int, marks: Marks) -> Layout:
    """The screen's pieces, each in its place."""
    columns = next(count for least, count in PANELS_PER_ROW if width >= least)
    most_rows = 3 if height >= LINES_FOR_THREE_ROWS and columns < 4 else 2
    panels = _panels(snapshot, columns * most_rows)
    rows = [panels[start : start + columns] for start in range(0, len(panels), columns)]
    heights = _panel_heights(rows, height - HEADER_LINES - FOOTER_LINES)
    screen = Layout()
    parts = [Layout(header_panel(snapshot, width, marks), size=HEADER_LINES)]
    parts += [
        _row(row, width, panel_height, marks, mark_old=snapshot.in_contact)
        for row, panel_height in zip(rows, heights, strict=True)
    ]
    rest = height - HEADER_LINES - FOOTER_LINES - sum(heights)
    parts.append(_log_row(snapshot, width, rest, marks))
    parts.append(Layout(footer_line(snapshot, width, marks, _not_shown(snapshot, panels)), size=FOOTER_LINES))
    screen.split_column(*parts)
    return screen


def progress_line(snapshot: ConsoleSnapshot) -> str:
    """A snapshot in one line, for logs and for programs that read them."""
    progress = snapshot.flight.progress
    parts = [] if progress is None else [f"{progress * 100:3.0f} %"]
    parts += [f"MET {met_text(snapshot.met_s)}", snapshot.mode.text or "mode unknown", snapshot.contact]
    parts += [
        f"{reading.label} {reading.text} {reading.unit}".rstrip()
        for reading in snapshot.headline
        if reading.state is not ReadingState.MISSING
    ]
    done, all_of_them = snapshot.verdicts.get(Verdict.COMPLETED, 0), sum(snapshot.verdicts.values())
    parts.append(f"commands {done}/{all_of_them + snapshot.commands_open} completed")
    errors = snapshot.event_counts.get(Severity.ERROR, 0) + snapshot.event_counts.get(Severity.CRITICAL, 0)
    parts.append(f"errors {errors}")
    parts += [f"ALARM {alarm}" for alarm in snapshot.alarms[:3]]
    parts += [f"WARNING {warning}" for warning in (snapshot.warning, snapshot.flight.warning) if warning]
    return printable("  ".join(parts))


class TerminalView:
    """Shows snapshots one after the other. A context manager: leaving it gives the terminal back.

    The runner asks `due` before it takes a snapshot, so that a fast flight is not slowed down by its console.
    """

    def __init__(self, console: Console, clock: HostClock, line_step: float = DEFAULT_LINE_STEP) -> None:
        self._console = console
        self._clock = clock
        self._line_step = line_step
        self._live: Live | None = None
        self._next_ns: int | None = None
        self._next_progress = 0.0

    @property
    def is_live(self) -> bool:
        """Whether there is a terminal to draw on."""
        return self._console.is_terminal

    def due(self, progress: float | None = None) -> bool:
        """Whether to take another snapshot: live by the host's clock, else by the flight's progress."""
        if self.is_live:
            return self._next_ns is None or self._clock.now_ns() >= self._next_ns
        return progress is None or progress >= self._next_progress - 1e-9

    def show(self, snapshot: ConsoleSnapshot) -> None:
        """Draw a snapshot, or print its line."""
        if self.is_live:
            self._next_ns = self._clock.now_ns() + REFRESH_NS
            if self._live is not None:
                self._live.update(Screen(snapshot), refresh=True)
            return
        progress = snapshot.flight.progress
        if progress is not None:
            while self._next_progress <= progress + 1e-9:
                self._next_progress += self._line_step
        self._console.print(progress_line(snapshot), highlight=False, markup=False, soft_wrap=True)

    def __enter__(self) -> Self:
        if self.is_live:
            self._live = Live(console=self._console, screen=True, auto_refresh=False, transient=False)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


def _panels(snapshot: ConsoleSnapshot, most: int) -> list[PanelView]:
    """The panels that fit, the important ones first.

    Where the simulator's truth does not fit beside them, it takes the place of the last one as long as there is no
    contact and nothing else moves.
    """
    truth = [PanelView(TRUTH_TITLE, snapshot.flight.truth)] if snapshot.flight.truth else []
    panels = [*snapshot.panels, *truth, limits_panel(snapshot)]
    if truth and len(snapshot.panels) >= most > 4 and not snapshot.in_contact:
        return [*panels[: most - 1], *truth]
    return panels[:most]


def _not_shown(snapshot: ConsoleSnapshot, panels: list[PanelView]) -> tuple[Reading, ...]:
    """Readings of the headline, and of the truth, that stand in no panel."""
    labels = {reading.label for panel in panels for reading in panel.readings}
    missing = [reading for reading in snapshot.headline if reading.label not in labels]
    if TRUTH_TITLE not in [panel.title for panel in panels]:
        missing += [msgspec.structs.replace(each, label=f"true {each.label}") for each in snapshot.flight.truth]
    return tuple(missing)


def _panel_heights(rows: list[list[PanelView]], lines: int) -> list[int]:
    """Lines for each row of panels; at least a third of the lines is left for commands and events."""
    most = max(4, (lines - max(5, lines // 3)) // len(rows))
    return [min(most, 2 + max(len(panel.readings) for panel in row)) for row in rows]


def _row(panels: list[PanelView], width: int, height: int, marks: Marks, *, mark_old: bool) -> Layout:
    row = Layout(size=height)
    sizes = _widths(width, len(panels))
    row.split_row(
        *(
            Layout(readings_panel(panel, size, height, marks, mark_old=mark_old), size=size)
            for panel, size in zip(panels, sizes, strict=True)
        )
    )
    return row


def _log_row(snapshot: ConsoleSnapshot, width: int, height: int, marks: Marks) -> Layout:
    left = width // 2
    row = Layout(size=height)
    row.split_row(
        Layout(commands_panel(snapshot, left, height, marks), size=left),
        Layout(events_panel(snapshot, width - left, height, marks), size=width - left),
    )
    return row


def _widths(width: int, columns: int) -> list[int]:
    """Columns of about one width that together fill the line."""
    return [width * (column + 1) // columns - width * column // columns for column in range(columns)]
