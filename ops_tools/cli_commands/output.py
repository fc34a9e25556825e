"""How the command line writes values, and how it says that something went wrong."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from enum import IntEnum, unique
from typing import Any

from ops_tools.console.printable import printable
from ops_tools.console.wording import utc_text

_NS_PER_S = 1e9


@unique
class ExitCode(IntEnum):
    """What a command of the command line returns to the shell."""

    OK = 0
    NOT_COMPLETED = 1
    """It was done, and did not come out as wished."""
    USAGE = 2
    """It was not done: wrong usage, refused on ground, or nobody there to ask."""


def complain(command: str, problem: object) -> ExitCode:
    """Say on standard error why nothing was done."""
    sys.stderr.write(f"flightsw {command}: {problem}\n")
    return ExitCode.USAGE


def problem_text(error: Exception) -> str:
    """What is wrong, without the name of the file, which whoever says it names in front."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def note(text: str) -> None:
    """Say something on standard error, beside what was asked for."""
    sys.stdout.flush()
    sys.stderr.write(f"{text}\n")


def write(text: str = "") -> None:
    """Write a line on standard output, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def value_text(value: Any) -> str:  # noqa: ANN401 - any value of JSON
    """A value as a person reads it."""
    match value:
        case None:
            return "-"
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:.7g}"
        case Mapping():
            return "{" + ", ".join(f"{name}: {value_text(item)}" for name, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(value_text(item) for item in value) + "]"
        case _:
            return printable(str(value))


def age_text(age_ns: float | None, *, stale: bool) -> str:
    """How old a value is, if there is one."""
    if age_ns is None:
        return "never received"
    return f"{age_ns / _NS_PER_S:.1f} s ago{' (stale)' if stale else ''}"


def time_text(time_ns: int) -> str:
    """Spacecraft time as UTC, in seconds where that is not possible."""
    return utc_text(time_ns, milliseconds=True) or f"{time_ns / _NS_PER_S:.3f} s"


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines with aligned columns; the last column is as long as it likes."""
    if not rows:
        return []
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
