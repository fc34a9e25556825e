"""Non-volatile memory as a directory of files."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from flightsw.hal.errors import BlobNameError, MemoryFailedError, MemoryFullError
from flightsw.hal.files import HOST_FILES, Files, write_all

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
    A file system that refuses, full or read-only, does so to each call, by an error that names the cause; the blobs
    stay as they are.

    Args:
        directory: made when there is none.
        capacity_octets: most octets of all blobs together.
        files: the file system.

    Attributes:
        capacity_octets: most octets of all blobs together; while one is written, its octets come on top.
    """

    def __init__(
        self, directory: Path, capacity_octets: int = DEFAULT_CAPACITY_OCTETS, files: Files = HOST_FILES
    ) -> None:
        self.capacity_octets = capacity_octets
        self._directory = directory
        self._files = files
        with contextlib.suppress(OSError):  # who reads finds nothing, who writes is told why
            files.make_folder(directory)
            for name in files.names(directory):
                if name.endswith(_TEMPORARY_SUFFIX):
                    files.unlink(directory / name)

    @property
    def used_octets(self) -> int:
        """Octets of all blobs together."""
        return sum(self._files.size(self._directory / name) or 0 for name in self.names())

    def read(self, name: str) -> bytes | None:
        """The blob, or None."""
        path = self._path(name)
        try:
            return self._files.read(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise MemoryFailedError(name, "read", error) from error

    def write(self, name: str, data: bytes) -> None:
        """Store a blob."""
        path = self._path(name)
        temporary = path.with_name(name + _TEMPORARY_SUFFIX)
        try:
            free = self.capacity_octets - self.used_octets + (self._files.size(path) or 0)
            if len(data) > free:
                raise MemoryFullError(name, len(data), free)
            self._write_beside(temporary, data)
            self._files.rename(temporary, path)
            self._files.sync_folder(self._directory)
        except OSError as error:
            with contextlib.suppress(OSError):  # gives back what room the half-written blob has taken
                self._files.unlink(temporary)
            raise MemoryFailedError(name, "written", error) from error

    def delete(self, name: str) -> None:
        """Forget a blob."""
        path = self._path(name)
        try:
            with contextlib.suppress(FileNotFoundError):
                self._files.unlink(path)
                self._files.sync_folder(self._directory)
        except OSError as error:
            raise MemoryFailedError(name, "deleted", error) from error

    def names(self) -> list[str]:
        """All names, sorted; files that no blob could be called are not ours."""
        try:
            return [name for name in self._files.names(self._directory) if _NAME.fullmatch(name)]
        except FileNotFoundError:
            return []

    def _path(self, name: str) -> Path:
        return self._directory / check_blob_name(name)

    def _write_beside(self, temporary: Path, data: bytes) -> None:
        try:
            descriptor = self._files.open(temporary, truncate=True)
        except FileNotFoundError:  # the directory could not be made before, or somebody has removed it
            self._files.make_folder(self._directory)
            descriptor = self._files.open(temporary, truncate=True)
        try:
            write_all(self._files, descriptor, data)
            self._files.sync(descriptor)
        finally:
            self._files.close(descriptor)
