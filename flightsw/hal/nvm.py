"""Non-volatile memory as a directory of files."""

from __future__ import annotations

import os
import re
from pathlib import Path

from flightsw.hal.errors import BlobNameError, MemoryFullError

DEFAULT_CAPACITY_OCTETS = 4 * 1024 * 1024
"""Capacity unless the mission file says otherwise."""

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")
_TEMPORARY_SUFFIX = "~"


def check_blob_name(name: str) -> str:
    """``name``, when it is allowed everywhere.

    Raises:
        BlobNameError: it is not.
    """
    if not _NAME.fullmatch(name):
        raise BlobNameError(name)
    return name


class DirectoryNvm:
    """Non-volatile memory as files in one directory.

    A blob is written beside the old one, flushed to the disk and renamed over it, so that a loss of power leaves the
    old or the new one, never a mixture; what such a loss left half-written is removed when the memory is opened.

    Attributes:
        capacity_octets: most octets of all blobs together.
    """

    def __init__(self, directory: Path, capacity_octets: int = DEFAULT_CAPACITY_OCTETS) -> None:
        self.capacity_octets = capacity_octets
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        for leftover in directory.glob(f"*{_TEMPORARY_SUFFIX}"):
            leftover.unlink()

    @property
    def used_octets(self) -> int:
        """Octets of all blobs together."""
        return sum((self._directory / name).stat().st_size for name in self.names())

    def read(self, name: str) -> bytes | None:
        """The blob, or None."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, data: bytes) -> None:
        """Store a blob."""
        path = self._path(name)
        old = path.stat().st_size if path.exists() else 0
        free = self.capacity_octets - self.used_octets + old
        if len(data) > free:
            raise MemoryFullError(name, len(data), free)
        temporary = path.with_name(name + _TEMPORARY_SUFFIX)
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        self._flush_directory()

    def delete(self, name: str) -> None:
        """Forget a blob."""
        self._path(name).unlink(missing_ok=True)
        self._flush_directory()

    def names(self) -> list[str]:
        """All names, sorted; files that no blob could be called are not ours."""
        return sorted(path.name for path in self._directory.iterdir() if _NAME.fullmatch(path.name) and path.is_file())

    def _path(self, name: str) -> Path:
        return self._directory / check_blob_name(name)

    def _flush_directory(self) -> None:
        descriptor = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
