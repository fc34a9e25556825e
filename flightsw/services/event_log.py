"""Events for people: one JSON line each, written by structlog. A full disk loses lines, counted, and never the app."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import structlog

from tlm_cmd.definition.message import Event, Severity


class EventLog:
    """Writes the events of one process into a file.

    Attributes:
        lost: lines that could not be written.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.lost = 0
        self._file: IO[str] = path.open("a", encoding="utf-8", buffering=1)
        self._logger = structlog.wrap_logger(
            structlog.WriteLogger(self._file),
            processors=[structlog.processors.JSONRenderer()],
            wrapper_class=structlog.BoundLogger,
        )

    def write(self, app: str, event: Event, now_ns: int) -> None:
        """Write one event."""
        try:
            self._logger.msg(
                type(event).__name__,
                app=app,
                severity=Severity(event.severity).name,
                monotonic_ns=now_ns,
                text=event.describe(),
            )
        except (OSError, ValueError):
            self.lost += 1

    def close(self) -> None:
        """Close the file."""
        self._file.close()
