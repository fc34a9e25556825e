"""Commands that a process has accepted for others, in a file that outlives it, so that its successor sends them again.

The file has two areas of fixed size, allocated when it is made: a full disk cannot take the place away. Records are
appended to one area; when it is full, what is still open is written to the other one, whose header then says that it is
the newer. Nothing is flushed to the disk: this is about the death of a process, not about a loss of power.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections import deque
from collections.abc import Iterable
from pathlib import Path

import msgspec

AREA_OCTETS = 1 << 20
"""What may be open at once, over all receivers."""

_MAGIC = b"FSOB"
_VERSION = 1
_AREA = struct.Struct(">4sHxxQI")
_RECORD = struct.Struct(">IBI")
_CRC = struct.Struct(">I")
_AREA_HEADER_OCTETS = _AREA.size + _CRC.size
_RECORD_HEADER_OCTETS = _CRC.size + _RECORD.size
_MAX_GENERATION = 2**32 - 1


class Kept(msgspec.Struct):
    """What is known of the commands to one receiver.

    Attributes:
        settled: number of the last one that was dealt with.
        open: (number, item) of those behind it, in order.
    """

    settled: int = 0
    open: deque[tuple[int, bytes]] = msgspec.field(default_factory=deque)

    @property
    def last(self) -> int:
        """Number of the last command that was accepted."""
        return self.open[-1][0] if self.open else self.settled

    def settle(self, number: int) -> None:
        """Forget all up to a number."""
        self.settled = max(self.settled, number)
        while self.open and self.open[0][0] <= number:
            self.open.popleft()


class Outbox:
    """The file of one process.

    Args:
        path: made when there is none; None to remember only in memory.
        receivers: names of the processes that commands go to, at most 255, the same over all incarnations.
        series: identity of the numbers when they begin anew, different each time: 0 to 2**64 - 1.
        area_octets: size of each of the two areas.

    Attributes:
        series: identity of the numbers: commands of one series and receiver have increasing numbers, from 1, over all
            incarnations of the process. It is another one when the file was lost.
        unkept: records that could not be written; the commands pass all the same, but would not outlive the process.
        refused: commands for which there was no room.
    """

    def __init__(
        self, path: Path | None, receivers: Iterable[str], series: int, *, area_octets: int = AREA_OCTETS
    ) -> None:
        self.series = series
        self.unkept = self.refused = 0
        self._receivers = tuple(receivers)
        self._kept = {receiver: Kept() for receiver in self._receivers}
        self._area_octets = area_octets
        self._generation = 0
        self._position = 0
        self._file = -1
        if path is not None:
            try:
                self._open(path)
            except OSError:
                self.unkept += 1
                self._let_go()

    def kept(self, receiver: str) -> Kept:
        """What is open for one receiver."""
        return self._kept[receiver]

    def keep(self, receiver: str, number: int, item: bytes) -> bool:
        """Remember a command before it leaves; False when there is no room."""
        record = self._record(receiver, number, item)
        if not self._has_room(record):
            self._compact()
            if not self._has_room(record):
                self.refused += 1
                return False
        self._kept[receiver].open.append((number, item))
        self._append(record)
        return True

    def settle(self, receiver: str, number: int) -> None:
        """All commands to a receiver up to a number have been dealt with."""
        self._kept[receiver].settle(number)
        record = self._record(receiver, number, b"")
        if self._position + len(record) > self._area_octets:
            self._compact()
        else:
            self._append(record)

    def close(self) -> None:
        """Close the file; what is open stays in it."""
        self._let_go()

    def _has_room(self, record: bytes) -> bool:
        """Whether a command fits, and what is open still does when it is written to the other area."""
        reserve = len(self._receivers) * _RECORD_HEADER_OCTETS
        return self._position + len(record) + reserve <= self._area_octets

    # ---------------------------------------------------------------- the file

    def _open(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.posix_fallocate(self._file, 0, 2 * self._area_octets)
        areas = [os.pread(self._file, self._area_octets, number * self._area_octets) for number in (0, 1)]
        headers = [found for found in map(_area_header, areas) if found is not None]
        if headers:
            self._generation, self.series = max(headers)
            self._read(areas[self._generation % 2])
        self._compact()

    def _read(self, area: bytes) -> None:
        """Take up the records of the newer area, up to the first that is none."""
        position = _AREA_HEADER_OCTETS
        while position + _RECORD_HEADER_OCTETS <= len(area):
            (crc,) = _CRC.unpack_from(area, position)
            octets, receiver, number = _RECORD.unpack_from(area, position + _CRC.size)
            start = position + _RECORD_HEADER_OCTETS
            item = area[start : start + octets]
            if crc != self._crc(area[position + _CRC.size : start + octets]) or receiver >= len(self._receivers):
                return
            kept = self._kept[self._receivers[receiver]]
            if item:
                kept.open.append((number, item))
            else:
                kept.settle(number)
            position = start + octets

    def _compact(self) -> None:
        """Write what is open into the other area, and make that the newer one."""
        self._generation = (self._generation + 1) % _MAX_GENERATION
        records = []
        for receiver, kept in self._kept.items():
            records.append(self._record(receiver, kept.settled, b""))
            records += [self._record(receiver, number, item) for number, item in kept.open]
        content = b"".join(records)
        self._position = _AREA_HEADER_OCTETS
        self._append(content)
        self._write(_pack_area_header(self._generation, self.series), 0)

    def _append(self, octets: bytes) -> None:
        self._write(octets, self._position)
        self._position += len(octets)

    def _write(self, octets: bytes, position: int) -> None:
        if self._file < 0:
            return
        try:
            os.pwrite(self._file, octets, self._generation % 2 * self._area_octets + position)
        except OSError:
            self.unkept += 1

    def _record(self, receiver: str, number: int, item: bytes) -> bytes:
        content = _RECORD.pack(len(item), self._receivers.index(receiver), number) + item
        return _CRC.pack(self._crc(content)) + content

    def _crc(self, content: bytes) -> int:
        """Of a record; with the generation, so that what an earlier one left behind is no record."""
        return zlib.crc32(content, self._generation)

    def _let_go(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _pack_area_header(generation: int, series: int) -> bytes:
    head = _AREA.pack(_MAGIC, _VERSION, series, generation)
    return head + _CRC.pack(zlib.crc32(head))


def _area_header(area: bytes) -> tuple[int, int] | None:
    """Generation and series of an area; None when it has none."""
    head = area[: _AREA.size]
    magic, version, series, generation = _AREA.unpack(head)
    (crc,) = _CRC.unpack_from(area, _AREA.size)
    if (magic, version) != (_MAGIC, _VERSION) or crc != zlib.crc32(head):
        return None
    return generation, series
