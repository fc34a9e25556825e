"""The ground's files for file delivery: in a directory, or in memory (CCSDS 727.0-B-5, section 4.9)."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ops_tools.ground.disk_quota import DiskQuota
from ops_tools.ground.guarded_files import MEMORY_FOLDER
from tlm_cmd.cfdp.errors import FilestoreError
from tlm_cmd.cfdp.filestore import DirectoryEntry, MemoryFilestore, normal_name

MAX_FILE_OCTETS = 256 * 1024 * 1024
"""Longest file."""
NEW_CONTENT = f"{MEMORY_FOLDER}.new"
"""Takes the new content of a file until it is whole; the other end of the link cannot name it."""
MAX_OCTETS = 1024 * 1024 * 1024
MAX_ENTRIES = 16_384
"""Most octets, and most files and directories; in a directory they count beside those that are there at the start."""


class MemoryFiles(MemoryFilestore):
    """Files in memory; directories come into being with the files that are put into them.

    Args:
        max_file_octets: longest file.
        max_octets: in all files.
    """

    def __init__(self, max_file_octets: int = MAX_FILE_OCTETS, max_octets: int = MAX_OCTETS) -> None:
        super().__init__(max_octets)
        self.max_file_octets = max_file_octets

    def create(self, name: str) -> None:
        """Make an empty file, in place of one that may be there."""
        self._check_entries("create", name)
        self._make_parents(name)
        super().create(name)

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Write a part of a file that is there, which grows as needed; octets between are 0."""
        _check_length("write", name, offset + len(data), self.max_file_octets)
        super().write(name, offset, data)

    def rename(self, name: str, new_name: str) -> None:
        """Give a file another name, in place of a file that may have it."""
        self._make_parents(new_name)
        super().rename(name, new_name)

    def append(self, name: str, other: str) -> None:
        """Add the content of another file at the end of a file."""
        _check_length("append to", name, (self.size(name) or 0) + (self.size(other) or 0), self.max_file_octets)
        super().append(name, other)

    def make_directory(self, name: str) -> None:
        """Make a directory that is not there."""
        self._check_entries("make directory", name)
        super().make_directory(name)

    def _check_entries(self, operation: str, name: str) -> None:
        if len(self.files) + len(self.directories) >= MAX_ENTRIES:
            raise FilestoreError(operation, name, f"more than {MAX_ENTRIES} files and directories")

    def _make_parents(self, name: str) -> None:
        parts = normal_name(name).split("/")[:-1]
        for length in range(1, len(parts) + 1):
            parent = "/".join(parts[:length])
            if not self.is_directory(parent):
                self.make_directory(parent)


class DirectoryFilestore:
    """Files under a directory of the host; no name, and no link that somebody has put there, leads out of it.

    Directories come into being with the files that are put into them. A file gets its name in one step, when its
    octets are on the disk.

    Args:
        root: the directory; made if it is not there.
        max_file_octets: longest file.
        max_octets: in all files, beside those that are there at the start.

    Raises:
        FilestoreError: it cannot be made.
    """

    def __init__(self, root: Path, max_file_octets: int = MAX_FILE_OCTETS, max_octets: int = MAX_OCTETS) -> None:
        with _telling("open", str(root)):
            root.mkdir(parents=True, exist_ok=True)
            self.root = root.resolve(strict=True)
        self._max_file_octets = max_file_octets
        self._quota = DiskQuota(self.root, max_octets, MAX_ENTRIES)

    def path(self, name: str) -> Path:
        """Where the file of a name is, or would be.

        Raises:
            FilestoreError: the name leads out of the directory.
        """
        with _telling("name", name):
            path = (self.root / normal_name(name)).resolve()
        if not path.is_relative_to(self.root):
            raise FilestoreError("name", name, "leads out of the filestore")
        return path

    def size(self, name: str) -> int | None:
        """Return the octets of a file, None if there is no file of this name."""
        path = self.path(name)
        with _telling("size", name):
            return path.stat().st_size if path.is_file() else None

    def read(self, name: str, offset: int, octets: int) -> bytes:
        """Return a part of a file; fewer octets only where it ends."""
        with _telling("read", name), self.path(name).open("rb") as file:
            file.seek(offset)
            return file.read(octets)

    def create(self, name: str) -> None:
        """Make an empty file, in place of one that may be there."""
        path, old = self.path(name), self.size(name)
        self._quota.grow("create", name, entries=old is None)
        with _telling("create", name):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        self._quota.shrink(old or 0)

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Write a part of a file that is there, which grows as needed; octets between are 0."""
        end = offset + len(data)
        _check_length("write", name, end, self._max_file_octets)
        with _telling("write", name), self.path(name).open("r+b") as file:
            self._quota.grow("write", name, max(0, end - os.fstat(file.fileno()).st_size))
            file.seek(offset)
            file.write(data)

    def rename(self, name: str, new_name: str) -> None:
        """Give a file another name, in place of a file that may have it, in one step that nothing interrupts."""
        path, new_path = self.path(name), self.path(new_name)
        old = self.size(new_name) if new_path != path else None
        with _telling("rename", name):
            new_path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("rb") as file:
                os.fsync(file.fileno())
            path.replace(new_path)
        self._quota.shrink(old or 0, entries=old is not None)

    def delete(self, name: str) -> None:
        """Delete a file that is there."""
        octets = self.size(name)
        with _telling("delete", name):
            self.path(name).unlink()
        self._quota.shrink(octets or 0, entries=1)

    def append(self, name: str, other: str) -> None:
        """Add the content of another file at the end of a file."""
        octets, added = self._size_of("append to", name), self._size_of("append", other)
        _check_length("append to", name, octets + added, self._max_file_octets)
        self._quota.grow("append to", name, added)
        self._put(name, name, other)

    def replace(self, name: str, other: str) -> None:
        """Put the content of another file in place of a file's."""
        octets, new = self._size_of("replace", name), self._size_of("replace by", other)
        self._quota.grow("replace", name, max(0, new - octets))
        self._put(name, other)
        self._quota.shrink(max(0, octets - new))

    def is_directory(self, name: str) -> bool:
        """Return whether there is a directory of this name."""
        return self.path(name).is_dir()

    def make_directory(self, name: str) -> None:
        """Make a directory that is not there."""
        path = self.path(name)
        self._quota.grow("make directory", name, entries=1)
        try:
            with _telling("make directory", name):
                path.mkdir()
        except FilestoreError:
            self._quota.shrink(entries=1)
            raise

    def remove_directory(self, name: str) -> None:
        """Remove an empty directory."""
        path = self.path(name)
        if path == self.root:
            raise FilestoreError("remove directory", name, "it is the filestore itself")
        with _telling("remove directory", name):
            path.rmdir()
        self._quota.shrink(entries=1)

    def list_directory(self, name: str) -> list[DirectoryEntry]:
        """Return what is in a directory, by name."""
        with _telling("list directory", name):
            inside = sorted(self.path(name).iterdir())
            return [DirectoryEntry(each.name, None if each.is_dir() else each.stat().st_size) for each in inside]

    def _size_of(self, operation: str, name: str) -> int:
        octets = self.size(name)
        if octets is None:
            raise FilestoreError(operation, name, "there is no such file")
        return octets

    def _put(self, name: str, *others: str) -> None:
        """Give a file the content of others, all of it or none."""
        path, part = self.path(name), self.root / NEW_CONTENT
        with _telling("write", name):
            try:
                with part.open("wb") as file:
                    for other in others:
                        with self.path(other).open("rb") as source:
                            shutil.copyfileobj(source, file)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)


def _check_length(operation: str, name: str, octets: int, most: int) -> None:
    if octets > most:
        raise FilestoreError(operation, name, f"longer than {most} octets")


@contextlib.contextmanager
def _telling(operation: str, name: str) -> Iterator[None]:
    """Make what the host says an error of the filestore."""
    try:
        yield
    except FilestoreError:
        raise
    except (OSError, OverflowError, RuntimeError, ValueError) as error:
        words = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
        raise FilestoreError(operation, name, words) from error
