"""Numbered files of the mass memory, read in blocks and written at any place."""

from __future__ import annotations

from flightsw.devices.errors import RefusedError
from flightsw.devices.framing import Status
from flightsw.devices.mass_memory import MAX_CHUNK_OCTETS, MAX_LISTED, FileEntry, MassMemory

READ_AHEAD_OCTETS = 16_384
"""Read at once, since what follows will be asked for next."""


class DeviceFiles:
    """The mass memory as whoever sends and receives files needs it; a block read ahead is all that it remembers.

    Every method raises `DeviceError` if the memory does not do what it is asked for.
    """

    def __init__(self, memory: MassMemory) -> None:
        self._memory = memory
        self._number = -1
        self._start = 0
        self._block = b""

    def size(self, number: int) -> int | None:
        """Octets of a file, None if there is none of this number."""
        try:
            return self._memory.size(number)
        except RefusedError as error:
            if error.status is Status.NOT_FOUND:
                return None
            raise

    def read(self, number: int, offset: int, octets: int) -> bytes:
        """A part of a file; fewer octets only where it ends."""
        data = b""
        while len(data) < octets:
            place = offset + len(data)
            if number != self._number or not self._start <= place < self._start + len(self._block):
                block = self._memory.read(number, place, READ_AHEAD_OCTETS)
                self._number, self._start, self._block = number, place, block
            begin = place - self._start
            part = self._block[begin : begin + octets - len(data)]
            if not part:
                break
            data += part
        return data

    def create(self, number: int) -> None:
        """Make an empty file of a number that nobody needs any more."""
        self.delete(number)
        self._memory.write(number, 0, b"")

    def write(self, number: int, offset: int, data: bytes) -> None:
        """Write a part of a file that goes at least so far."""
        self._forget(number)
        for start in range(0, len(data), MAX_CHUNK_OCTETS):
            self._memory.write(number, offset + start, data[start : start + MAX_CHUNK_OCTETS])

    def delete(self, number: int) -> None:
        """Delete a file; one that is not there is no error."""
        self._forget(number)
        try:
            self._memory.delete(number)
        except RefusedError as error:
            if error.status is not Status.NOT_FOUND:
                raise

    def listing(self, first: int, last: int) -> list[FileEntry]:
        """The files with numbers from ``first`` to ``last``, in order, at most ``MAX_LISTED`` of them."""
        page = self._memory.files(first)
        return [entry for entry in page[:MAX_LISTED] if entry.file <= last]

    def _forget(self, number: int) -> None:
        if number == self._number:
            self._number, self._block = -1, b""
