"""The ground's files for file delivery: in a directory, or in memory (CCSDS 727.0-B-5, section 4.9)."""

from __future__ import annotations

import os
from pathlib import Path

from tlm_cmd.cfdp.errors import FilestoreError
from tlm_cmd.cfdp.filestore import DirectoryEntry, MemoryFilestore, normal_name


class MemoryFiles(MemoryFilestore):
    """Files in memory; directories come into being with the files that are put into them."""

    def create(self, name: str) -> None:
        """Make an empty file, in place of one that may be there."""
        self._make_parents(name)
        super().create(name)

    def rename(self, name: str, new_name: str) -> None:
        """Give a file another name, in place of a file that may have it."""
        self._make_parents(new_name)
        super().rename(name, new_name)

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

    Raises:
        FilestoreError: it cannot be made.
    """

    def __init__(self, root: Path) -> None:
        try:
            root.mkdir(parents=True, exist_ok=True)
            self.root = root.resolve(strict=True)
        except OSError as error:
            raise FilestoreError("open", str(root), _words(error)) from error

    def path(self, name: str) -> Path:
        """Where the file of a name is, or would be.

        Raises:
            FilestoreError: the name leads out of the directory.
        """
        try:
            path = (self.root / normal_name(name)).resolve()
        except (OSError, RuntimeError, ValueError) as error:
            raise FilestoreError("name", name, _words(error)) from error
        if not path.is_relative_to(self.root):
            raise FilestoreError("name", name, "leads out of the filestore")
        return path

    def size(self, name: str) -> int | None:
        """Return the octets of a file, None if there is no file of this name."""
        path = self.path(name)
        try:
            return path.stat().st_size if path.is_file() else None
        except OSError as error:
            raise FilestoreError("size", name, _words(error)) from error

    def read(self, name: str, offset: int, octets: int) -> bytes:
        """Return a part of a file; fewer octets only where it ends."""
        try:
            with self.path(name).open("rb") as file:
                file.seek(offset)
                return file.read(octets)
        except (OSError, OverflowError) as error:
            raise FilestoreError("read", name, _words(error)) from error

    def create(self, name: str) -> None:
        """Make an empty file, in place of one that may be there."""
        path = self.path(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        except OSError as error:
            raise FilestoreError("create", name, _words(error)) from error

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Write a part of a file that is there, which grows as needed; octets between are 0."""
        try:
            with self.path(name).open("r+b") as file:
                file.seek(offset)
                file.write(data)
        except (OSError, OverflowError) as error:
            raise FilestoreError("write", name, _words(error)) from error

    def rename(self, name: str, new_name: str) -> None:
        """Give a file another name, in place of a file that may have it, in one step that nothing interrupts."""
        path, new_path = self.path(name), self.path(new_name)
        try:
            new_path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("rb") as file:
                os.fsync(file.fileno())
            path.replace(new_path)
        except OSError as error:
            raise FilestoreError("rename", name, _words(error)) from error

    def delete(self, name: str) -> None:
        """Delete a file that is there."""
        try:
            self.path(name).unlink()
        except OSError as error:
            raise FilestoreError("delete", name, _words(error)) from error

    def append(self, name: str, other: str) -> None:
        """Add the content of another file at the end of a file."""
        path, addition = self.path(name), self._content("append", other)
        if not path.is_file():
            raise FilestoreError("append to", name, "there is no such file")
        self._put(path, self._content("append to", name) + addition)

    def replace(self, name: str, other: str) -> None:
        """Put the content of another file in place of a file's."""
        path, content = self.path(name), self._content("replace by", other)
        if not path.is_file():
            raise FilestoreError("replace", name, "there is no such file")
        self._put(path, content)

    def is_directory(self, name: str) -> bool:
        """Return whether there is a directory of this name."""
        return self.path(name).is_dir()

    def make_directory(self, name: str) -> None:
        """Make a directory that is not there."""
        try:
            self.path(name).mkdir()
        except OSError as error:
            raise FilestoreError("make directory", name, _words(error)) from error

    def remove_directory(self, name: str) -> None:
        """Remove an empty directory."""
        path = self.path(name)
        if path == self.root:
            raise FilestoreError("remove directory", name, "it is the filestore itself")
        try:
            path.rmdir()
        except OSError as error:
            raise FilestoreError("remove directory", name, _words(error)) from error

    def list_directory(self, name: str) -> list[DirectoryEntry]:
        """Return what is in a directory, by name."""
        try:
            inside = sorted(self.path(name).iterdir())
            return [DirectoryEntry(each.name, None if each.is_dir() else each.stat().st_size) for each in inside]
        except OSError as error:
            raise FilestoreError("list directory", name, _words(error)) from error

    def _content(self, operation: str, name: str) -> bytes:
        try:
            return self.path(name).read_bytes()
        except OSError as error:
            raise FilestoreError(operation, name, _words(error)) from error

    def _put(self, path: Path, content: bytes) -> None:
        """Give a file a content, all of it or none."""
        part = path.with_name(f"{path.name}.new")
        try:
            part.write_bytes(content)
            part.replace(path)
        except OSError as error:
            raise FilestoreError("write", path.name, _words(error)) from error


def _words(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
