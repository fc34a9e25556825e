"""Mass memory: numbered files of images and products, on a serial line."""

from __future__ import annotations

from typing import Annotated

from flightsw.devices.device import Device
from flightsw.devices.framing import NOTHING, Nothing, Operation
from flightsw.devices.wires import UartWire
from flightsw.hal.ports import Uart
from tlm_cmd.definition.fields import U16, U32, U64, Range, UpTo
from tlm_cmd.definition.message import Record

MAX_CHUNK_OCTETS = 32_768
"""Most octets of a file in one transaction."""

MAX_LISTED = 1024
"""Files in one page of a listing."""


class MemoryStatus(Record):
    """How full the memory is."""

    capacity_octets: Annotated[int, U64]
    used_octets: Annotated[int, U64]
    file_count: Annotated[int, U32]
    most_files: Annotated[int, U32, "files that the directory can hold"]


class FileEntry(Record):
    """One file of a listing."""

    file: Annotated[int, U32, "number of the file"]
    octets: Annotated[int, U32, "its size"]


class ListFiles(Record):
    """Ask for a page of the listing."""

    first: Annotated[int, U32, "lowest number wanted"]


class FileList(Record):
    """A page of the listing, in rising order of numbers."""

    files: Annotated[tuple[FileEntry, ...], UpTo(MAX_LISTED)]


class FileSelection(Record):
    """One file."""

    file: Annotated[int, U32, "number of the file"]


class FileSize(Record):
    """Size of one file."""

    octets: Annotated[int, U32]


class ReadChunk(Record):
    """Ask for a part of a file."""

    file: Annotated[int, U32, "number of the file"]
    offset: Annotated[int, U32]
    octets: Annotated[int, U16, Range(1, MAX_CHUNK_OCTETS)]


class Chunk(Record):
    """A part of a file; shorter than asked for at its end."""

    data: Annotated[bytes, UpTo(MAX_CHUNK_OCTETS)]


class WriteChunk(Record):
    """Write a part of a file; offset 0 creates it when it is not there."""

    file: Annotated[int, U32, "number of the file"]
    offset: Annotated[int, U32, "at most the file's present size"]
    data: Annotated[bytes, UpTo(MAX_CHUNK_OCTETS)]


GET_STATUS = Operation(0x01, Nothing, MemoryStatus)
LIST_FILES = Operation(0x02, ListFiles, FileList)
GET_SIZE = Operation(0x03, FileSelection, FileSize)
READ_CHUNK = Operation(0x04, ReadChunk, Chunk)
WRITE_CHUNK = Operation(0x05, WriteChunk, Nothing)
DELETE_FILE = Operation(0x06, FileSelection, Nothing, idempotent=False)


class MassMemory(Device):
    """Driver of the mass memory."""

    def __init__(self, port: Uart) -> None:
        super().__init__("mass_memory", UartWire(port))

    def status(self) -> MemoryStatus:
        """How full the memory is.

        Raises:
            DeviceError: no reply that can be trusted.
        """
        return self.request(GET_STATUS, NOTHING)

    def files(self, first: int = 0) -> tuple[FileEntry, ...]:
        """The files numbered ``first`` and above, at most ``MAX_LISTED``, in rising order; empty behind the last.

        Raises:
            DeviceError: no reply that can be trusted.
        """
        return self.request(LIST_FILES, ListFiles(first)).files

    def size(self, file: int) -> int:
        """Size of a file in octets.

        Raises:
            RefusedError: NOT_FOUND.
            DeviceError: no reply that can be trusted.
        """
        return self.request(GET_SIZE, FileSelection(file)).octets

    def read(self, file: int, offset: int, octets: int) -> bytes:
        """Up to ``octets`` (1 to ``MAX_CHUNK_OCTETS``) of a file from ``offset`` on; fewer at its end.

        Raises:
            RefusedError: NOT_FOUND; OUT_OF_RANGE, ``offset`` lies behind the end.
            DeviceError: no reply that can be trusted.
        """
        return self.request(READ_CHUNK, ReadChunk(file, offset, octets)).data

    def write(self, file: int, offset: int, data: bytes) -> None:
        """Write at most ``MAX_CHUNK_OCTETS`` at ``offset``; offset 0 creates the file when it is not there.

        A file never gets shorter: delete it before writing a new one under its number.

        Raises:
            RefusedError: FULL; NOT_FOUND, no file to write behind; OUT_OF_RANGE, ``offset`` lies behind its end.
            DeviceError: no reply that can be trusted.
        """
        self.request(WRITE_CHUNK, WriteChunk(file, offset, data))

    def delete(self, file: int) -> None:
        """Delete a file.

        Raises:
            RefusedError: NOT_FOUND.
            DeviceError: no reply that can be trusted; the file may be gone.
        """
        self.request(DELETE_FILE, FileSelection(file))
