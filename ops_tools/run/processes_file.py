"""Tells others which processes a flight has: a file that nobody ever reads half of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path


class ProcessesFile:
    """Process ids by process name, 0 for one that does not run; there once all have started.

    Args:
        path: where.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begun = False
        self._written: dict[str, int] = {}

    def update(self, pids: Mapping[str, int], *, settled: bool) -> None:
        """Write what has changed.

        Args:
            pids: as they are now.
            settled: no process is coming up or going down.
        """
        self._begun = self._begun or settled
        if self._begun and pids != self._written:
            self._written = dict(pids)
            beside = self._path.with_suffix(".new")
            beside.write_text(json.dumps(self._written))
            beside.rename(self._path)
