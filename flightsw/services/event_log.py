"""Events for people: one JSON line each, written by structlog. A full disk loses lines, counted, and never the app."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import IO

import structlog

from tlm_cmd.definition.message import Event, Severity

MAX_LOG_OCTETS = 16 * 1024 * 1024
"""Size at which a log is put aside; one that was put aside before makes room for it."""
OLD_SUFFIX = ".1"


class EventLog:
    """Writes the events of one process into a file.

    Args:
        path: the file; its folder is made when there is none.
        max_octets: size at which the file is put aside and a new one begun.

    Attributes:
        lost: lines that could not be written.
    """

    def __init__(self, path: Path, max_octets: int = MAX_LOG_OCTETS) -> None:
        self.lost = 0
        self._path = path
        self._max_octets = max_octets
        self._file: IO[str] | None = None
        self._logger: structlog.BoundLogger | None = None

    def write(self, app: str, event: Event, now_ns: int) -> None:
        """Write one event."""
        try:
            logger = self._opened()
            logger.msg(
                type(event).__name__,
                app=app,
                severity=Severity(event.severity).name,
                monotonic_ns=now_ns,
                text=event.describe(),
            )
        except (OSError, ValueError, TypeError):
            self.lost += 1

    def close(self) -> None:
        """Close the file; the next event opens it again."""
        file, self._file, self._logger = self._file, None, None
        if file is not None:
            with suppress(OSError):  # what could not be written has been counted
                file.close()

    def _opened(self) -> structlog.BoundLogger:
        """The logger, on a file that has room."""
        if self._file is not None and self._file.tell() >= self._max_octets:
            self.close()
            self._path.replace(self._path.with_name(self._path.name + OLD_SUFFIX))
        if self._file is None or self._logger is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a", encoding="utf-8", buffering=1)
            self._logger = structlog.wrap_logger(
                structlog.WriteLogger(self._file),
                processors=[structlog.processors.JSONRenderer()],
                wrapper_class=structlog.BoundLogger,
            )
        return self._logger
