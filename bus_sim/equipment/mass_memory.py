"""Mass memory: files by number, kept through power cuts, refused when they do not fit."""

from enum import Enum, unique

import msgspec

from bus_sim.quantities import Count, MemoryOctets, Watts

LARGEST_FILE_ID = 2**32 - 1


class MassMemoryParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The memory.

    Attributes:
        capacity_octets: sum of all files' sizes it can hold.
        most_files: number of files it can hold.
        power_w: what it draws.
    """

    capacity_octets: MemoryOctets
    most_files: Count
    power_w: Watts


@unique
class MemoryReply(Enum):
    """Answer to a command."""

    ACCEPTED = 0
    UNPOWERED = 1
    FULL = 2
    NO_SUCH_FILE = 3
    OUT_OF_RANGE = 4
    BAD_ARGUMENT = 5


class FileEntry(msgspec.Struct, frozen=True):
    """A line of the directory: number and size of a file [octets]."""

    file_id: int
    size: int


class MassMemoryState(msgspec.Struct):
    """Memory of the memory.

    Attributes:
        files: contents by number.
        powered: the line is closed.
        used_octets: sum of all sizes.
        writes: writes accepted.
        reads: reads answered.
        deletes: files deleted.
        refused_full: writes refused for lack of room.
        refused_other: commands refused for any other reason.
    """

    files: dict[int, bytearray]
    powered: bool = False
    used_octets: int = 0
    writes: int = 0
    reads: int = 0
    deletes: int = 0
    refused_full: int = 0
    refused_other: int = 0


class MassMemory:
    """Block store of files, written whole or in pieces."""

    def __init__(self, parameters: MassMemoryParameters) -> None:
        self.parameters = parameters
        self.state = MassMemoryState(files={})

    def write(self, file_id: int, contents: bytes) -> MemoryReply:
        """Store a file, replacing one of the same number; what was there stays if the new one does not fit."""
        old = self.state.files.get(file_id)
        reply = self._check_room(file_id, len(contents) - (0 if old is None else len(old)), is_new=old is None)
        if reply is MemoryReply.ACCEPTED:
            self.state.files[file_id] = bytearray(contents)
        return reply

    def write_at(self, file_id: int, offset: int, contents: bytes) -> MemoryReply:
        """Write a piece of a file, over what is there or behind its end; offset 0 creates a new file."""
        old = self.state.files.get(file_id)
        if not self.state.powered:
            return self._refuse(MemoryReply.UNPOWERED)
        if old is None and offset > 0:
            return self._refuse(MemoryReply.NO_SUCH_FILE)
        size = 0 if old is None else len(old)
        if not 0 <= offset <= size:
            return self._refuse(MemoryReply.OUT_OF_RANGE)
        reply = self._check_room(file_id, max(0, offset + len(contents) - size), is_new=old is None)
        if reply is MemoryReply.ACCEPTED:
            if old is None:
                old = self.state.files[file_id] = bytearray()
            old[offset : offset + len(contents)] = contents
        return reply

    def _check_room(self, file_id: int, growth: int, *, is_new: bool) -> MemoryReply:
        state, parameters = self.state, self.parameters
        if not state.powered:
            return self._refuse(MemoryReply.UNPOWERED)
        if not 0 <= file_id <= LARGEST_FILE_ID:
            return self._refuse(MemoryReply.BAD_ARGUMENT)
        too_many = is_new and len(state.files) >= parameters.most_files
        if too_many or state.used_octets + growth > parameters.capacity_octets:
            state.refused_full += 1
            return MemoryReply.FULL
        state.used_octets += growth
        state.writes += 1
        return MemoryReply.ACCEPTED

    def _refuse(self, reply: MemoryReply) -> MemoryReply:
        self.state.refused_other += 1
        return reply

    def read(self, file_id: int, offset: int = 0, length: int | None = None) -> bytes | MemoryReply:
        """Octets of a file from ``offset`` on, at most ``length``, or the reason why it cannot be read."""
        state = self.state
        if not state.powered:
            return self._refuse(MemoryReply.UNPOWERED)
        contents = state.files.get(file_id)
        if contents is None:
            return self._refuse(MemoryReply.NO_SUCH_FILE)
        if not 0 <= offset <= len(contents) or (length is not None and length < 0):
            return self._refuse(MemoryReply.OUT_OF_RANGE)
        state.reads += 1
        return bytes(contents[offset:] if length is None else contents[offset : offset + length])

    def delete(self, file_id: int) -> MemoryReply:
        """Remove a file and free its room."""
        state = self.state
        if not state.powered:
            return self._refuse(MemoryReply.UNPOWERED)
        contents = state.files.pop(file_id, None)
        if contents is None:
            return self._refuse(MemoryReply.NO_SUCH_FILE)
        state.used_octets -= len(contents)
        state.deletes += 1
        return MemoryReply.ACCEPTED

    def directory(self) -> tuple[FileEntry, ...]:
        """All files by rising number; empty without power."""
        if not self.state.powered:
            return ()
        return tuple(FileEntry(file_id, len(contents)) for file_id, contents in sorted(self.state.files.items()))

    def size(self, file_id: int) -> int | None:
        """Size of a file [octets], None if there is none of this number or no power."""
        contents = self.state.files.get(file_id) if self.state.powered else None
        return None if contents is None else len(contents)

    def free_octets(self) -> int:
        """Room left."""
        return self.parameters.capacity_octets - self.state.used_octets

    def demand_w(self) -> float:
        """Power drawn [W]."""
        return self.parameters.power_w if self.state.powered else 0.0

    def set_power(self, *, on: bool) -> None:
        """The line closed or opened; the contents stay."""
        self.state.powered = on
