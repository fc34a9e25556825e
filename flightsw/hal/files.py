"""The few calls to a file system that all that must survive is made of, so that tests can record, cut and fail them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol


class Files(Protocol):
    """A file system. Every method raises OSError as the host's would."""

    def make_folder(self, folder: Path) -> None:
        """Make a folder, with those above it, that survives; one that is there is left alone."""
        ...

    def names(self, folder: Path) -> list[str]:
        """Names of the regular files in a folder, sorted."""
        ...

    def size(self, path: Path) -> int | None:
        """Octets of a file, None when there is none."""
        ...

    def read(self, path: Path) -> bytes:
        """A file's whole content."""
        ...

    def open(self, path: Path, *, truncate: bool) -> int:
        """A descriptor to write a file through; the file is made when there is none, and emptied if so wished."""
        ...

    def reserve(self, descriptor: int, octets: int) -> None:
        """Give a file its room on the disk, so that writing up to there needs none."""
        ...

    def write(self, descriptor: int, data: bytes, offset: int) -> int:
        """Write at a place; returns how many octets were taken, which may be fewer than all."""
        ...

    def sync(self, descriptor: int) -> None:
        """Return when the file's content is on the disk."""
        ...

    def close(self, descriptor: int) -> None:
        """Give a descriptor back."""
        ...

    def rename(self, old: Path, new: Path) -> None:
        """Give a file another name, in one step; a file that had it is gone."""
        ...

    def unlink(self, path: Path) -> None:
        """Remove a file."""
        ...

    def sync_folder(self, folder: Path) -> None:
        """Return when the names in a folder are on the disk as they are now."""
        ...


class HostFiles:
    """The host's file system, POSIX.1-2017."""

    def make_folder(self, folder: Path) -> None:
        """Make a folder and those above it."""
        made = [each for each in (folder, *folder.parents) if not each.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        for each in made:
            self.sync_folder(each.parent)

    def names(self, folder: Path) -> list[str]:
        """Names of the regular files in a folder, sorted."""
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.is_file())

    def size(self, path: Path) -> int | None:
        """Octets of a file."""
        try:
            return path.stat().st_size
        except FileNotFoundError:
            return None

    def read(self, path: Path) -> bytes:
        """A file's whole content."""
        return path.read_bytes()

    def open(self, path: Path, *, truncate: bool) -> int:
        """A descriptor to write a file through."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | (os.O_TRUNC if truncate else 0), 0o600)

    def reserve(self, descriptor: int, octets: int) -> None:
        """Give a file its room."""
        os.posix_fallocate(descriptor, 0, octets)

    def write(self, descriptor: int, data: bytes, offset: int) -> int:
        """Write at a place."""
        return os.pwrite(descriptor, data, offset)

    def sync(self, descriptor: int) -> None:
        """Bring a file to the disk."""
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        """Give a descriptor back."""
        os.close(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        """Give a file another name."""
        old.replace(new)

    def unlink(self, path: Path) -> None:
        """Remove a file."""
        path.unlink()

    def sync_folder(self, folder: Path) -> None:
        """Bring a folder's names to the disk."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


HOST_FILES = HostFiles()


def write_all(files: Files, descriptor: int, data: bytes, offset: int = 0) -> None:
    """Write all of ``data``, however many calls it takes.

    Raises:
        OSError: the file system takes no more.
    """
    done = 0
    while done < len(data):
        done += files.write(descriptor, data[done:] if done else data, offset + done)
