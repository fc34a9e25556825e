"""Where an entity keeps its files (CCSDS 727.0-B-5, section 4.9 and 1.4): what it needs, and one in memory."""

from typing import Protocol

import msgspec

from tlm_cmd.cfdp.errors import FilestoreError


class DirectoryEntry(msgspec.Struct, frozen=True, gc=False):
    """A file in a directory, or a directory in it."""

    name: str
    octets: int | None
    """Size of a file, None for a directory."""


class Filestore(Protocol):
    """Files and directories by name.

    Every method raises `FilestoreError` where it does not do what it says, and then has changed nothing. What
    `write` took must still be there when the entity restarts with a state that was saved behind it. Names come from
    the other end of a link: a filestore must not let them lead out of where it keeps its files.
    """

    def size(self, name: str) -> int | None:
        """Return the octets of a file, None if there is no file of this name."""
        ...

    def read(self, name: str, offset: int, octets: int) -> bytes:
        """Return ``octets`` octets of a file from ``offset`` [octets] on; fewer only where it ends."""
        ...

    def create(self, name: str) -> None:
        """Make an empty file, in place of one that may be there."""
        ...

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Write a part of a file that is there, which grows as needed; octets between are 0."""
        ...

    def rename(self, name: str, new_name: str) -> None:
        """Give a file another name, in place of a file that may have it, in one step that nothing interrupts."""
        ...

    def delete(self, name: str) -> None:
        """Delete a file that is there."""
        ...

    def append(self, name: str, other: str) -> None:
        """Add the content of another file at the end of a file."""
        ...

    def replace(self, name: str, other: str) -> None:
        """Put the content of another file in place of a file's."""
        ...

    def is_directory(self, name: str) -> bool:
        """Return whether there is a directory of this name."""
        ...

    def make_directory(self, name: str) -> None:
        """Make a directory that is not there."""
        ...

    def remove_directory(self, name: str) -> None:
        """Remove an empty directory."""
        ...

    def list_directory(self, name: str) -> list[DirectoryEntry]:
        """Return what is in a directory, by name."""
        ...


def normal_name(name: str) -> str:
    """Return a name in the one form that stands for it, without a slash at either end.

    Raises:
        FilestoreError: it leads upwards, or no file can have it.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or "\0" in name:
        raise FilestoreError("name", name, "leads out of the filestore or contains a zero octet")
    return "/".join(parts)


class MemoryFilestore:
    """A filestore that forgets all when its process ends, of at most ``max_octets`` octets in all files."""

    def __init__(self, max_octets: int = 1 << 30) -> None:
        self.max_octets = max_octets
        self.files: dict[str, bytearray] = {}
        self.directories: set[str] = set()
        self._octets = 0

    def put(self, name: str, content: bytes) -> None:
        """Make a file with a content, in place of one that may be there."""
        self.create(name)
        self.write(name, 0, content)

    def get(self, name: str) -> bytes:
        """Return the whole content of a file."""
        return bytes(self._file("read", name))

    def size(self, name: str) -> int | None:
        """Return the octets of a file, None if there is no file of this name."""
        file = self.files.get(normal_name(name))
        return None if file is None else len(file)

    def read(self, name: str, offset: int, octets: int) -> bytes:
        """Return ``octets`` octets of a file from ``offset`` [octets] on; fewer only where it ends."""
        return bytes(self._file("read", name)[offset : offset + octets])

    def create(self, name: str) -> None:
        """Make an empty file, in place of one that may be there."""
        place = normal_name(name)
        self._check_new("create", place)
        self._octets -= len(self.files.get(place, b""))
        self.files[place] = bytearray()

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Write a part of a file that is there, which grows as needed; octets between are 0."""
        file = self._file("write", name)
        size = len(file)
        grown = offset + len(data) - size
        if grown > 0:
            self._grow("write", name, grown)
            if offset > size:
                file.extend(bytes(offset - size))
        file[offset : offset + len(data)] = data

    def rename(self, name: str, new_name: str) -> None:
        """Give a file another name, in place of a file that may have it, in one step that nothing interrupts."""
        file, place = self._file("rename", name), normal_name(new_name)
        self._check_new("rename to", place)
        if place != normal_name(name):
            self._octets -= len(self.files.pop(place, b""))
            self.files[place] = file
            del self.files[normal_name(name)]

    def delete(self, name: str) -> None:
        """Delete a file that is there."""
        self._octets -= len(self._file("delete", name))
        del self.files[normal_name(name)]

    def append(self, name: str, other: str) -> None:
        """Add the content of another file at the end of a file."""
        file, addition = self._file("append to", name), bytes(self._file("append", other))
        self._grow("append to", name, len(addition))
        file += addition

    def replace(self, name: str, other: str) -> None:
        """Put the content of another file in place of a file's."""
        file, content = self._file("replace", name), bytes(self._file("replace by", other))
        self._grow("replace", name, len(content) - len(file))
        file[:] = content

    def is_directory(self, name: str) -> bool:
        """Return whether there is a directory of this name."""
        place = normal_name(name)
        return not place or place in self.directories

    def make_directory(self, name: str) -> None:
        """Make a directory that is not there.

        Raises:
            FilestoreError: there is no directory to make it in, or something has its name already.
        """
        place = normal_name(name)
        self._check_new("make directory", place)
        if place in self.files:
            raise FilestoreError("make directory", name, "a file has this name")
        self.directories.add(place)

    def remove_directory(self, name: str) -> None:
        """Remove an empty directory.

        Raises:
            FilestoreError: there is none of this name, it is the root, or it is not empty.
        """
        if not normal_name(name) or not self.is_directory(name):
            raise FilestoreError("remove directory", name, "there is no such directory that could be removed")
        if self.list_directory(name):
            raise FilestoreError("remove directory", name, "it is not empty")
        self.directories.discard(normal_name(name))

    def list_directory(self, name: str) -> list[DirectoryEntry]:
        """Return what is in a directory, by name.

        Raises:
            FilestoreError: there is none of this name.
        """
        if not self.is_directory(name):
            raise FilestoreError("list directory", name, "there is none of this name")
        place = normal_name(name)
        start = f"{place}/" if place else ""
        sizes: dict[str, int | None] = {file: len(content) for file, content in self.files.items()}
        sizes.update(dict.fromkeys(self.directories))
        inside = sorted(path for path in sizes if path.startswith(start) and "/" not in path[len(start) :])
        return [DirectoryEntry(path[len(start) :], sizes[path]) for path in inside]

    def _file(self, operation: str, name: str) -> bytearray:
        file = self.files.get(name)
        if file is None:
            file = self.files.get(normal_name(name))
        if file is None:
            raise FilestoreError(operation, name, "there is no such file")
        return file

    def _check_new(self, operation: str, place: str) -> None:
        """Make sure that a file may be at ``place``.

        Raises:
            FilestoreError: there is no directory to put it in, or a directory has its name.
        """
        parent = place.rpartition("/")[0]
        if not self.is_directory(parent):
            raise FilestoreError(operation, place, f"there is no directory {parent!r}")
        if self.is_directory(place):
            raise FilestoreError(operation, place, "a directory has this name")

    def _grow(self, operation: str, name: str, octets: int) -> None:
        if self._octets + octets > self.max_octets:
            raise FilestoreError(operation, name, f"more than {self.max_octets} octets in all")
        self._octets += octets
