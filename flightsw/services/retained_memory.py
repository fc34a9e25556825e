"""Memory that a processor reset leaves as it is, and a power-on reset clears: named regions, each with one writer.

The runtimes hold it: lock-step in memory, the process runtime in the run folder, where other processes may read along.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from flightsw.hal.nvm import check_blob_name


class Region(Protocol):
    """One region; what was never written reads as zeros."""

    def read(self, offset: int, octets: int) -> bytes:
        """Exactly so many octets.

        Raises:
            OSError: the memory cannot be read.
        """
        ...

    def write(self, offset: int, data: bytes) -> None:
        """Change some octets.

        Raises:
            OSError: the memory cannot take it.
        """
        ...


class RetainedMemory(Protocol):
    """All regions of a vehicle."""

    def region(self, name: str) -> Region:
        """A region by name; one that there is not yet is made when it is first written.

        Raises:
            BlobNameError: the name is not allowed.
        """
        ...

    def write_file(self, name: str, data: bytes) -> None:
        """Replace a file, a region that is written as a whole; a reader sees the old or the new one.

        Raises:
            BlobNameError: the name is not allowed.
            OSError: the memory cannot take it; the old file stays.
        """
        ...

    def clear(self) -> None:
        """Forget everything, as a power-on reset does."""
        ...


class VirtualRegion:
    """A region of a lock-step vehicle."""

    def __init__(self) -> None:
        self.data = bytearray()

    def read(self, offset: int, octets: int) -> bytes:
        """Exactly so many octets."""
        return bytes(self.data[offset : offset + octets]).ljust(octets, b"\0")

    def write(self, offset: int, data: bytes) -> None:
        """Change some octets."""
        self.data.extend(bytes(max(0, offset + len(data) - len(self.data))))
        self.data[offset : offset + len(data)] = data


class VirtualRetainedMemory:
    """The regions of a lock-step vehicle; it outlives the apps, and a processor reset of the vehicle."""

    def __init__(self) -> None:
        self._regions: dict[str, VirtualRegion] = {}

    def region(self, name: str) -> VirtualRegion:
        """A region by name."""
        return self._regions.setdefault(check_blob_name(name), VirtualRegion())

    def write_file(self, name: str, data: bytes) -> None:
        """Replace a file."""
        self.region(name).data = bytearray(data)

    def clear(self) -> None:
        """Forget everything."""
        self._regions.clear()


class FileRegion:
    """A region as a file; it is opened for each access, so that nothing is held open behind a restart of the app."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, offset: int, octets: int) -> bytes:
        """Exactly so many octets."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return bytes(octets)
        try:
            return os.pread(descriptor, octets, offset).ljust(octets, b"\0")
        finally:
            os.close(descriptor)

    def write(self, offset: int, data: bytes) -> None:
        """Change some octets; what a full disk cuts short is an error."""
        try:
            descriptor = self._open_for_writing()
        except FileNotFoundError:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = self._open_for_writing()
        try:
            written = os.pwrite(descriptor, data, offset)
        finally:
            os.close(descriptor)
        if written < len(data):
            raise OSError(f"{self._path}: only {written} of {len(data)} octets written")

    def _open_for_writing(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)


class FolderRetainedMemory:
    """The regions as files of one folder.

    Written without a flush to the disk: it is about resets of the processor and deaths of processes; behind a loss of
    power nothing of it counts.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def region(self, name: str) -> FileRegion:
        """A region by name."""
        return FileRegion(self._folder / check_blob_name(name))

    def write_file(self, name: str, data: bytes) -> None:
        """Replace a file."""
        path = self._folder / check_blob_name(name)
        temporary = path.with_name(f"{name}~")
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            temporary.write_bytes(data)
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def clear(self) -> None:
        """Forget everything; a region that cannot be deleted stays.

        Raises:
            OSError: the folder cannot be changed.
        """
        if self._folder.is_dir():
            for path in sorted(self._folder.iterdir()):
                path.unlink()
