"""The ground's files as the spacecraft may change them: what is the ground's own stays as it is."""

from __future__ import annotations

from tlm_cmd.cfdp.errors import FilestoreError
from tlm_cmd.cfdp.filestore import DirectoryEntry, Filestore, normal_name

MEMORY_FOLDER = ".file_delivery"
"""What the ground remembers of file delivery, beside the files."""
OUTGOING, RECEIVED, LISTINGS = "outgoing", "received", "listings"
"""Directories of the ground's filestore: what goes up, what was asked for, and listings of directories on board."""


class GuardedFiles:
    """A filestore for the entity, which does what the other end of the link asks for.

    The memory of the file delivery is not touched, nor is what goes up; what was asked for comes into being once and is
    not changed, and nothing is put in its way. For what the methods do see `tlm_cmd.cfdp.filestore.Filestore`.

    Args:
        files: all of them.
    """

    def __init__(self, files: Filestore) -> None:
        self._files = files
        self._allowed: dict[str, str] = {}

    def size(self, name: str) -> int | None:
        """Octets of a file."""
        return self._files.size(_open("size", name))

    def read(self, name: str, offset: int, octets: int) -> bytes:
        """A part of a file."""
        return self._files.read(_open("read", name), offset, octets)

    def create(self, name: str) -> None:
        """Make an empty file."""
        self._files.create(self._changeable("create", name))

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Write a part of a file."""
        self._files.write(self._changeable("write", name), offset, data)

    def rename(self, name: str, new_name: str) -> None:
        """Give a file another name."""
        if (allowed := self._allowed.pop(normal_name(name), None)) is not None and allowed == normal_name(new_name):
            self._files.rename(name, new_name)
            return
        self._files.rename(self._changeable("rename", name), self._changeable("rename to", new_name))

    def delete(self, name: str) -> None:
        """Delete a file."""
        self._files.delete(self._changeable("delete", name))

    def append(self, name: str, other: str) -> None:
        """Add the content of another file."""
        self._files.append(self._changeable("append to", name), _open("append", other))

    def replace(self, name: str, other: str) -> None:
        """Put in the content of another file."""
        self._files.replace(self._changeable("replace", name), _open("replace by", other))

    def is_directory(self, name: str) -> bool:
        """Whether there is a directory."""
        return self._files.is_directory(_open("look for directory", name))

    def make_directory(self, name: str) -> None:
        """Make a directory."""
        if _first(name) in (OUTGOING, RECEIVED, LISTINGS):
            raise FilestoreError("make directory", name, "what is there is the ground's own")
        self._files.make_directory(_open("make directory", name))

    def remove_directory(self, name: str) -> None:
        """Remove a directory."""
        if _first(name) in (OUTGOING, RECEIVED, LISTINGS):
            raise FilestoreError("remove directory", name, "it is the ground's own")
        self._files.remove_directory(_open("remove directory", name))

    def list_directory(self, name: str) -> list[DirectoryEntry]:
        """What is in a directory."""
        return self._files.list_directory(_open("list directory", name))

    def allow_rename(self, name: str, new_name: str) -> None:
        """Let a file take the place of one that was asked for, once: both are of the same transaction."""
        if _first(new_name) in (RECEIVED, LISTINGS):
            self._allowed[normal_name(name)] = normal_name(new_name)

    def check_new(self, name: str) -> None:
        """Make sure that a file may come under a name.

        Raises:
            FilestoreError: it may not.
        """
        self._changeable("create", name)

    def _changeable(self, operation: str, name: str) -> str:
        _open(operation, name)
        first = _first(name)
        if first == OUTGOING:
            raise FilestoreError(operation, name, "what goes up is the ground's own")
        if first in (RECEIVED, LISTINGS):
            if normal_name(name).count("/") != 1:
                raise FilestoreError(operation, name, "would be in the way of what the ground asks for")
            if self._files.size(name) is not None:
                raise FilestoreError(operation, name, "what the ground has asked for is not changed")
        return name


def _first(name: str) -> str:
    """The topmost directory of a name, as a file system that ignores capitals has it."""
    return normal_name(name).partition("/")[0].casefold()


def _open(operation: str, name: str) -> str:
    """The name, if it may be known.

    Raises:
        FilestoreError: it is one of the memory of the file delivery.
    """
    if _first(name).startswith(MEMORY_FOLDER):
        raise FilestoreError(operation, name, "it is the ground's own")
    return name
