"""How far a flight without a view has come, for whoever waits at a terminal."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ops_tools.console.panels import met_text
from ops_tools.sil.runner import NANOSECONDS, Flight


class FlightProgress:
    """A bar that is gone when the flight is over. A context manager; silent where there is no terminal.

    Args:
        flight: whose progress is shown.
        console: where.
    """

    def __init__(self, flight: Flight, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task(flight.loaded.scenario.name, total=flight.duration_s)

    def show(self, flight: Flight) -> None:
        """Take how far the flight has come."""
        met_s = flight.vehicle.now_ns / NANOSECONDS
        text = f"{flight.loaded.scenario.name}, seed {flight.seed}  MET {met_text(met_s)}"
        self._progress.update(self._task, completed=met_s, description=text)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()
