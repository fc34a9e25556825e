"""A disk that records what is done to it, loses power at any octet of it, fills up, and becomes read-only."""

from __future__ import annotations

import errno
import random
from collections.abc import Iterator
from pathlib import Path

import msgspec

SECTOR_OCTETS = 512
FOLDER = Path("/disk")


class Made(msgspec.Struct, frozen=True):
    """A name was given to a new, empty file."""

    name: str
    file: int


class Emptied(msgspec.Struct, frozen=True):
    """A file lost its content."""

    file: int


class Written(msgspec.Struct, frozen=True):
    """Octets were written into a file."""

    file: int
    offset: int
    data: bytes


class Reserved(msgspec.Struct, frozen=True):
    """A file was given room, filled with zeros."""

    file: int
    octets: int


class Synced(msgspec.Struct, frozen=True):
    """A file's content is on the disk."""

    file: int


class Renamed(msgspec.Struct, frozen=True):
    """A file took another name."""

    old: str
    new: str
    file: int


class Removed(msgspec.Struct, frozen=True):
    """A name is gone."""

    name: str


class FolderSynced(msgspec.Struct, frozen=True):
    """All names are on the disk."""


Step = Made | Emptied | Written | Reserved | Synced | Renamed | Removed | FolderSynced
Tree = dict[str, bytes]


class Disk:
    """One folder of files in memory, with the calls of ``flightsw.hal.files.Files``.

    Attributes:
        steps: everything that changed it, in order.
        room: octets that may still be written, None without a bound.
        read_only: refuses every change.
        unreadable: names whose content cannot be read.
        most_octets_per_write: how much one write takes.
    """

    def __init__(self, tree: Tree | None = None) -> None:
        self.steps: list[Step] = []
        self.room: int | None = None
        self.read_only = False
        self.unreadable: tuple[str, ...] = ()
        self.most_octets_per_write = 1 << 30
        self._names: dict[str, int] = {}
        self._content: dict[int, bytearray] = {}
        for name, data in (tree or {}).items():
            self._names[name] = len(self._content)
            self._content[len(self._content)] = bytearray(data)

    def tree(self) -> Tree:
        """All files."""
        return {name: bytes(self._content[file]) for name, file in self._names.items()}

    # ---------------------------------------------------------------- the calls

    def make_folder(self, folder: Path) -> None:
        """There is one."""

    def names(self, folder: Path) -> list[str]:
        """All names, sorted."""
        return sorted(self._names)

    def size(self, path: Path) -> int | None:
        """Octets of a file."""
        return len(self._content[self._names[path.name]]) if path.name in self._names else None

    def read(self, path: Path) -> bytes:
        """A file's content."""
        if path.name not in self._names:
            raise FileNotFoundError(path)
        if path.name in self.unreadable:
            raise OSError(errno.EIO, "Input/output error")
        return bytes(self._content[self._names[path.name]])

    def open(self, path: Path, *, truncate: bool) -> int:
        """The file's number serves as descriptor."""
        self._check()
        if path.name not in self._names:
            self._do(Made(path.name, len(self._content)))
        elif truncate:
            self._do(Emptied(self._names[path.name]))
        return self._names[path.name]

    def reserve(self, descriptor: int, octets: int) -> None:
        """Fill up with zeros, if there is room for all of them."""
        self._check()
        grows = max(0, octets - len(self._content[descriptor]))
        if self.room is not None:
            if grows > self.room:
                raise OSError(errno.ENOSPC, "No space left on device")
            self.room -= grows
        self._do(Reserved(descriptor, octets))

    def write(self, descriptor: int, data: bytes, offset: int) -> int:
        """Write as much as one write takes and there is room for."""
        self._check()
        data = data[: self.most_octets_per_write]
        grows = max(0, offset + len(data) - len(self._content[descriptor]))
        if self.room is not None and grows > self.room:
            data = data[: len(data) - (grows - self.room)]
            grows = self.room
            if not data:
                raise OSError(errno.ENOSPC, "No space left on device")
        if self.room is not None:
            self.room -= grows
        self._do(Written(descriptor, offset, data))
        return len(data)

    def sync(self, descriptor: int) -> None:
        """Note it."""
        self._check()
        self._do(Synced(descriptor))

    def close(self, descriptor: int) -> None:
        """Nothing."""

    def rename(self, old: Path, new: Path) -> None:
        """Move a name."""
        self._check()
        if new.name in self._names and self.room is not None:
            self.room += len(self._content[self._names[new.name]])
        self._do(Renamed(old.name, new.name, self._names[old.name]))

    def unlink(self, path: Path) -> None:
        """Forget a name."""
        if path.name not in self._names:
            raise FileNotFoundError(path)
        self._check()
        if self.room is not None:
            self.room += len(self._content[self._names[path.name]])
        self._do(Removed(path.name))

    def sync_folder(self, folder: Path) -> None:
        """Note it."""
        self._check()
        self._do(FolderSynced())

    def _check(self) -> None:
        if self.read_only:
            raise OSError(errno.EROFS, "Read-only file system")

    def _do(self, step: Step) -> None:
        self.steps.append(step)
        _apply(step, self._names, self._content)


def _apply(step: Step, names: dict[str, int], content: dict[int, bytearray]) -> None:
    match step:
        case Made(name, file):
            names[name] = file
            content.setdefault(file, bytearray())
        case Emptied(file):
            content[file] = bytearray()
        case Written(file, offset, data):
            there = content.setdefault(file, bytearray())
            if len(there) < offset:
                there += bytes(offset - len(there))
            there[offset : offset + len(data)] = data
        case Reserved(file, octets):
            there = content.setdefault(file, bytearray())
            there += bytes(max(0, octets - len(there)))
        case Renamed(old, new, file):
            names.pop(old, None)
            names[new] = file
        case Removed(name):
            names.pop(name, None)
        case Synced() | FolderSynced():
            pass


def cuts(steps: list[Step]) -> Iterator[tuple[int, Tree]]:
    """What is on the disk when power is lost at every octet of every step, everything before it having arrived.

    Yields:
        How many steps were completed, and the files.
    """
    names: dict[str, int] = {}
    content: dict[int, bytearray] = {}
    for done, step in enumerate(steps):
        there = {name: bytes(content[file]) for name, file in names.items()}
        yield done, dict(there)
        if isinstance(step, Written):
            (name,) = [name for name, file in names.items() if file == step.file]
            for octets in range(1, len(step.data)):
                torn = {step.file: bytearray(there[name])}
                _apply(Written(step.file, step.offset, step.data[:octets]), names, torn)
                yield done, there | {name: bytes(torn[step.file])}
        _apply(step, names, content)
    yield len(steps), {name: bytes(content[file]) for name, file in names.items()}


def wreck(steps: list[Step], chance: random.Random) -> Tree:
    """What may be on the disk when power is lost behind these steps, under a file system that promises only its syncs.

    Of the content written to a file since its last sync any sectors may be there, in any order, and what is not there
    is what was there before, zeros or garbage; of the names changed since the folder's last sync any may be there.
    """
    names: dict[str, int] = {}
    content: dict[int, bytearray] = {}
    pending_names, pending = _until_lost(steps, names, content)
    for each in pending_names:
        if chance.random() < 0.5:
            _apply(each, names, content)
    for written in pending.values():
        sectors = [sector for step in written for sector in _sectors(step)]
        chance.shuffle(sectors)
        for sector in sectors:
            fate = chance.random()
            if fate < 0.5:
                _apply(sector, names, content)
            elif fate < 0.6 and isinstance(sector, Written):
                garbage = chance.randbytes(len(sector.data))
                _apply(Written(sector.file, sector.offset, garbage), names, content)
    return {name: bytes(content.get(file, b"")) for name, file in names.items()}


def _until_lost(
    steps: list[Step], names: dict[str, int], content: dict[int, bytearray]
) -> tuple[list[Step], dict[int, list[Step]]]:
    """Do what was synced; returns what was not: changes of names, and of content by file."""
    pending_names: list[Step] = []
    pending: dict[int, list[Step]] = {}
    for step in steps:
        match step:
            case Made() | Renamed() | Removed():
                pending_names.append(step)
            case Emptied(file) | Written(file) | Reserved(file):
                pending.setdefault(file, []).append(step)
            case Synced(file):
                for each in pending.pop(file, ()):
                    _apply(each, names, content)
            case FolderSynced():
                for each in pending_names:
                    _apply(each, names, content)
                pending_names.clear()
    return pending_names, pending


def _sectors(step: Step) -> Iterator[Step]:
    """A write in pieces that arrive whole or not at all."""
    if not isinstance(step, Written):
        yield step
        return
    begin = step.offset
    end = begin + len(step.data)
    while begin < end:
        boundary = min(end, (begin // SECTOR_OCTETS + 1) * SECTOR_OCTETS)
        yield Written(step.file, begin, step.data[begin - step.offset : boundary - step.offset])
        begin = boundary


class Unsynced(Disk):
    """A disk whose user has forgotten to sync; what a campaign must find out."""

    def sync(self, descriptor: int) -> None:
        """Forget it."""

    def sync_folder(self, folder: Path) -> None:
        """Forget it."""
