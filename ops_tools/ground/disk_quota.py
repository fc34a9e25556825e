"""How much a directory of files may grow."""

from __future__ import annotations

import os
from pathlib import Path

from tlm_cmd.cfdp.errors import FilestoreError


class DiskQuota:
    """Counts what a directory holds, beginning with what is there, and refuses what would be too much.

    Others may take files out meanwhile, so it looks again before it refuses.

    Args:
        root: the directory.
        max_octets: in all files, beside those that are there at the start.
        max_entries: files and directories, beside those that are there at the start.
    """

    def __init__(self, root: Path, max_octets: int, max_entries: int) -> None:
        self._root = root
        self._octets, self._entries = self._count()
        self._most_octets, self._most_entries = self._octets + max_octets, self._entries + max_entries

    def grow(self, operation: str, name: str, octets: int = 0, entries: int = 0) -> None:
        """Count what is about to be added.

        Raises:
            FilestoreError: it is too much.
        """
        if self._octets + octets > self._most_octets or self._entries + entries > self._most_entries:
            self._octets, self._entries = self._count()
        if octets > 0 and self._octets + octets > self._most_octets:
            raise FilestoreError(operation, name, f"more than {self._most_octets} octets in all")
        if entries > 0 and self._entries + entries > self._most_entries:
            raise FilestoreError(operation, name, f"more than {self._most_entries} files and directories")
        self._octets += octets
        self._entries += entries

    def shrink(self, octets: int = 0, entries: int = 0) -> None:
        """Count what was taken away."""
        self._octets -= octets
        self._entries -= entries

    def _count(self) -> tuple[int, int]:
        octets = entries = 0
        for folder, folders, files in os.walk(self._root):
            entries += len(folders) + len(files)
            for file in files:
                try:
                    octets += (Path(folder) / file).lstat().st_size
                except OSError:
                    continue
        return octets, entries
