"""The reset line of the simulated on-board computer: pulled by the watchdog, seen by whoever keeps the computer.

A file stands for the line, as the two ends are processes of their own; its content says how often it was pulled.
"""

from __future__ import annotations

from pathlib import Path


class ResetLine:
    """Either end of the line.

    Args:
        path: of the file; there is none before the line is pulled for the first time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = 0

    def pull(self, times: int) -> None:
        """The watchdog has bitten so often since the simulator began."""
        beside = self._path.with_suffix(".new")
        beside.write_text(str(times))
        beside.rename(self._path)

    def pulled(self) -> bool:
        """Whether the line was pulled since the last call."""
        try:
            times = int(self._path.read_text())
        except FileNotFoundError:
            return False
        before, self._seen = self._seen, times
        return times != before
