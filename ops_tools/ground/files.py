"""The files that have come down whole."""

from __future__ import annotations

import re
from collections import OrderedDict
from pathlib import Path

import msgspec

from ops_tools.ground.directory_filestore import DirectoryFilestore, MemoryFiles
from ops_tools.ground.guarded_files import GuardedFiles
from tlm_cmd.cfdp.errors import FilestoreError
from tlm_cmd.cfdp.filestore import normal_name
from tlm_cmd.packets.crc import crc32

MAX_FILES = 1024
MAX_STORED_OCTETS = 256 * 1024 * 1024
"""Bounds of the store of complete files, and so of each file; the oldest are deleted first, never the newest."""
PRODUCT_NAME = re.compile(r"products/(\d+)\.\w+\Z")
"""Names of product files, with the product's number."""


class FileCounters(msgspec.Struct):
    """What became of files: ``completed`` are those in the store, and those that were replaced or deleted."""

    completed: int = 0
    corrupt: int = 0
    """Files with all octets but another checksum; they are dropped."""
    failed: int = 0
    """Files that did not come down for any other reason."""
    replaced: int = 0
    """Complete files in whose place a newer one of the same name came."""
    deleted: int = 0
    """Complete files that made room for newer ones."""
    unreadable: int = 0
    """Complete files that could not be read back, or not deleted."""


class StoredFile(msgspec.Struct, frozen=True):
    """A complete file.

    Attributes:
        name: in the filestore.
        product: number of the product on board, None if it is no product.
        octets: its length.
        checksum: its CRC-32.
        completed_ns: ground time at which it was complete.
        path: where it lies, None when files are kept in memory.
    """

    name: str
    product: int | None
    octets: int
    checksum: int
    completed_ns: int
    path: Path | None


class FileStore:
    """Keeps the files that have come down, in a directory or in memory.

    Attributes:
        filestore: where they are.
        guarded: the same, as the spacecraft may change it.
        counters: what became of files.
        files: complete product files by product number, the oldest first.
        by_name: all complete files, the oldest first.

    Raises:
        FilestoreError: the directory cannot be made.
    """

    def __init__(self, directory: Path | None = None) -> None:
        octets = MAX_STORED_OCTETS
        self.filestore = MemoryFiles(octets) if directory is None else DirectoryFilestore(directory, octets)
        self.guarded = GuardedFiles(self.filestore)
        self._most_octets = octets
        self.counters = FileCounters()
        self.files: OrderedDict[int, StoredFile] = OrderedDict()
        self.by_name: OrderedDict[str, StoredFile] = OrderedDict()
        self._stored_octets = 0

    def add(self, name: str, now_ns: int) -> StoredFile | None:
        """Take a file that has come down whole; None if the filestore does not give it back."""
        content = self.read(name)
        if content is None:
            return None
        name = normal_name(name)
        found = PRODUCT_NAME.match(name)
        path = self.filestore.path(name) if isinstance(self.filestore, DirectoryFilestore) else None
        file = StoredFile(name, int(found[1]) if found else None, len(content), crc32(content), now_ns, path)
        if name in self.by_name:
            self._forget(name)
            self.counters.replaced += 1
        self.by_name[name] = file
        if file.product is not None:
            self.files[file.product] = file
        self._stored_octets += file.octets
        self.counters.completed += 1
        while len(self.by_name) > 1 and (len(self.by_name) > MAX_FILES or self._stored_octets > MAX_STORED_OCTETS):
            self._delete(next(iter(self.by_name)))
        return file

    def check_new(self, name: str, octets: int) -> None:
        """Make sure that a file of a length may come under a name.

        Raises:
            FilestoreError: it may not.
        """
        if octets > self._most_octets:
            raise FilestoreError("take", name, f"{octets} octets, at most {self._most_octets} are kept")
        self.guarded.check_new(name)

    def content(self, product: int) -> bytes | None:
        """The octets of a complete product file, None when there is none of this number."""
        stored = self.files.get(product)
        return None if stored is None else self.read(stored.name)

    def read(self, name: str) -> bytes | None:
        """The octets of a file of the filestore, None if it is not there."""
        try:
            size = self.filestore.size(name)
            return None if size is None else self.filestore.read(name, 0, size)
        except FilestoreError:
            self.counters.unreadable += 1
            return None

    def _forget(self, name: str) -> None:
        file = self.by_name.pop(name)
        self._stored_octets -= file.octets
        if file.product is not None:
            self.files.pop(file.product, None)

    def _delete(self, name: str) -> None:
        self._forget(name)
        self.counters.deleted += 1
        try:
            self.filestore.delete(name)
        except FilestoreError:
            self.counters.unreadable += 1
