"""Colours and marks of the terminal console: calm where all is well, loud only where it is not."""

from __future__ import annotations

import msgspec
from rich.style import Style

from ops_tools.console.snapshot import ReadingState
from ops_tools.ground.command_record import Verdict
from tlm_cmd.definition.message import Severity

TITLE = Style(color="cyan", bold=True)
BORDER = Style(color="grey37")
LABEL = Style(color="grey62")
VALUE = Style(color="grey93")
FAINT = Style(color="grey50")
GOOD = Style(color="green3")
WARNING = Style(color="yellow3")
ALARM = Style(color="red1", bold=True)
ACCENT = Style(color="deep_sky_blue1")
TREND = Style(color="steel_blue1")

READING_STYLES = {
    ReadingState.NOMINAL: VALUE,
    ReadingState.GREEN: VALUE,
    ReadingState.YELLOW: WARNING,
    ReadingState.RED: ALARM,
    ReadingState.STALE: FAINT,
    ReadingState.MISSING: FAINT,
}
VERDICT_STYLES = {
    Verdict.COMPLETED: GOOD,
    Verdict.FAILED: ALARM,
    Verdict.REJECTED: ALARM,
    Verdict.TIMED_OUT: ALARM,
    Verdict.REFUSED_ON_GROUND: WARNING,
}
SEVERITY_STYLES = {
    Severity.DEBUG: FAINT,
    Severity.INFO: VALUE,
    Severity.ERROR: WARNING,
    Severity.CRITICAL: ALARM,
}


class Marks(msgspec.Struct, frozen=True):
    """The signs that a terminal can show; ``is_rich`` when it can show more than ASCII."""

    is_rich: bool = True
    sparks: str = "▁▂▃▄▅▆▇█"
    bar_full: str = "━"
    bar_empty: str = "─"
    dot: str = "●"
    ring: str = "○"
    pin: str = "▲"
    point: str = "·"
    good: str = "✓"
    bad: str = "✗"
    wait: str = "…"
    none: str = "\u2013"
    times: str = "\u00d7"


RICH_MARKS = Marks()
PLAIN_MARKS = Marks(
    is_rich=False,
    sparks=".:-=+*#@",
    bar_full="#",
    bar_empty="-",
    dot="*",
    ring="o",
    pin="!",
    point=".",
    good="+",
    bad="x",
    wait="~",
    none="-",
    times="x",
)
"""For terminals that show ASCII only."""


def sparkline(values: tuple[float | None, ...], width: int, marks: Marks) -> str:
    """The course of a value in ``width`` characters, scaled to its own lowest and highest value."""
    if width <= 0 or not values:
        return ""
    count, width = len(values), min(width, len(values))
    shown = [values[count - 1 - back * count // width] for back in reversed(range(width))]
    known = [value for value in shown if value is not None]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known)
    top = len(marks.sparks) - 1
    return "".join(
        " " if value is None else marks.sparks[round((value - low) / span * top) if span else 0] for value in shown
    )


def bar(part: float, width: int, marks: Marks) -> tuple[str, str]:
    """The full and the empty piece of a bar of ``width`` characters."""
    full = round(min(1.0, max(0.0, part)) * width)
    return marks.bar_full * full, marks.bar_empty * (width - full)
