"""Product files put together from the segments in which they come down."""

from __future__ import annotations

from collections import OrderedDict
from enum import Enum, unique
from pathlib import Path
from typing import Any

import msgspec

from tlm_cmd.packets.crc import crc32

SEGMENT_PACKET = "PRODUCTS.PRODUCT_SEGMENT"
MAX_FILE_OCTETS = 16 * 1024 * 1024
MAX_OPEN_FILES = 32
"""Files in reassembly; the one that waits longest for a segment is given up first."""
MAX_FILES = 1024
MAX_STORED_OCTETS = 256 * 1024 * 1024
"""Bounds of the store of complete files; the oldest are deleted first."""


@unique
class SegmentOutcome(Enum):
    """What a segment has brought."""

    ADDED = "added"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    COMPLETED = "completed"
    CORRUPT = "corrupt"


class FileCounters(msgspec.Struct):
    """What became of segments and files: ``segments = added + duplicates + refused``."""

    segments: int = 0
    added: int = 0
    """Segments that brought octets not known before."""
    duplicates: int = 0
    refused: int = 0
    """Segments beyond the end of their file, or of a file longer than allowed."""
    completed: int = 0
    corrupt: int = 0
    """Files with all octets but another CRC-32; they are dropped."""
    abandoned: int = 0
    """Files given up incomplete: too many were open, or a new file took their number."""
    deleted: int = 0
    """Complete files that made room for newer ones."""
    unwritable: int = 0
    """Complete files kept in memory because the directory did not take them."""


class StoredFile(msgspec.Struct, frozen=True):
    """A complete file with the right CRC-32.

    Attributes:
        product: number of the product on board.
        octets: its length.
        checksum: its CRC-32.
        completed_ns: ground time of its last segment.
        path: where it lies, None when files are kept in memory.
    """

    product: int
    octets: int
    checksum: int
    completed_ns: int
    path: Path | None


class _OpenFile:
    """A file in reassembly: its octets, and which ranges of them are there."""

    def __init__(self, total: int, checksum: int) -> None:
        self.data = bytearray(total)
        self.checksum = checksum
        self.present: list[tuple[int, int]] = []

    def put(self, offset: int, data: bytes) -> bool:
        """Put a segment in its place; whether it brought anything new."""
        start, end = offset, offset + len(data)
        ranges = self.present
        if any(low <= start and end <= high for low, high in ranges):
            return False
        self.data[start:end] = data
        apart = [part for part in ranges if part[1] < start or part[0] > end]
        joined = [part for part in ranges if part[1] >= start and part[0] <= end]
        low = min([start, *(part[0] for part in joined)])
        high = max([end, *(part[1] for part in joined)])
        self.present = sorted([*apart, (low, high)])
        return True

    @property
    def missing(self) -> list[tuple[int, int]]:
        """Ranges not received yet, as (offset, octets)."""
        gaps, position = [], 0
        for low, high in [*self.present, (len(self.data), len(self.data))]:
            if low > position:
                gaps.append((position, low - position))
            position = high
        return gaps

    @property
    def whole(self) -> bool:
        return not self.data or self.present == [(0, len(self.data))]


class FileStore:
    """Reassembles product files and keeps the complete ones, in a directory or in memory.

    Attributes:
        counters: what became of segments and files.
        files: complete files by product number, the oldest first.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory
        self.counters = FileCounters()
        self.files: OrderedDict[int, StoredFile] = OrderedDict()
        self._open: OrderedDict[int, _OpenFile] = OrderedDict()
        self._contents: dict[int, bytes] = {}
        self._stored_octets = 0

    def add(self, segment: Any, now_ns: int) -> SegmentOutcome:  # noqa: ANN401 - a class known by its name only
        """Take a segment: a message with product, total_octets, checksum, offset and data."""
        counters = self.counters
        counters.segments += 1
        product, total, checksum = segment.product, segment.total_octets, segment.checksum
        stored = self.files.get(product)
        if stored is not None and (stored.octets, stored.checksum) == (total, checksum):
            counters.duplicates += 1
            return SegmentOutcome.DUPLICATE
        if total > MAX_FILE_OCTETS or segment.offset + len(segment.data) > total:
            counters.refused += 1
            return SegmentOutcome.REFUSED
        file = self._file(product, total, checksum)
        if not file.put(segment.offset, segment.data) and not file.whole:
            counters.duplicates += 1
            return SegmentOutcome.DUPLICATE
        counters.added += 1
        return self._finish(product, file, now_ns) if file.whole else SegmentOutcome.ADDED

    def content(self, product: int) -> bytes | None:
        """The octets of a complete file, None when there is none of this number."""
        stored = self.files.get(product)
        if stored is None:
            return None
        return self._contents[product] if stored.path is None else stored.path.read_bytes()

    def incomplete(self) -> dict[int, list[tuple[int, int]]]:
        """The ranges that are missing of each file in reassembly, as (offset, octets)."""
        return {product: file.missing for product, file in self._open.items()}

    def _file(self, product: int, total: int, checksum: int) -> _OpenFile:
        file = self._open.get(product)
        if file is not None and (len(file.data), file.checksum) != (total, checksum):
            del self._open[product]
            self.counters.abandoned += 1
            file = None
        if file is None:
            if len(self._open) == MAX_OPEN_FILES:
                self._open.popitem(last=False)
                self.counters.abandoned += 1
            file = self._open[product] = _OpenFile(total, checksum)
        self._open.move_to_end(product)
        return file

    def _finish(self, product: int, file: _OpenFile, now_ns: int) -> SegmentOutcome:
        del self._open[product]
        content = bytes(file.data)
        if crc32(content) != file.checksum:
            self.counters.corrupt += 1
            return SegmentOutcome.CORRUPT
        self._remove(product)
        path = self._write(product, content)
        if path is None:
            self._contents[product] = content
        self.files[product] = StoredFile(product, len(content), file.checksum, now_ns, path)
        self._stored_octets += len(content)
        self.counters.completed += 1
        while len(self.files) > MAX_FILES or self._stored_octets > MAX_STORED_OCTETS:
            self._remove(next(iter(self.files)))
            self.counters.deleted += 1
        return SegmentOutcome.COMPLETED

    def _remove(self, product: int) -> None:
        stored = self.files.pop(product, None)
        if stored is not None:
            self._stored_octets -= stored.octets
            self._contents.pop(product, None)
            if stored.path is not None:
                stored.path.unlink(missing_ok=True)

    def _write(self, product: int, content: bytes) -> Path | None:
        """Write a file so that it appears whole or not at all; None if there is no directory that takes it."""
        if self.directory is None:
            return None
        path = self.directory / f"product-{product:06d}.bin"
        part = path.with_suffix(".part")
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            part.write_bytes(content)
            part.replace(path)
        except OSError:
            self.counters.unwritable += 1
            return None
        return path
