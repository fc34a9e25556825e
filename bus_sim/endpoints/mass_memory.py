"""The mass memory's end of its wire."""

from __future__ import annotations

from bus_sim.endpoints.device_endpoint import DeviceEndpoint, Refusal
from bus_sim.equipment.mass_memory import MassMemory, MemoryReply
from flightsw.devices import mass_memory as driver
from flightsw.devices.framing import NOTHING, Nothing, Status

_REFUSALS = {
    MemoryReply.UNPOWERED: Status.WRONG_STATE,
    MemoryReply.FULL: Status.FULL,
    MemoryReply.NO_SUCH_FILE: Status.NOT_FOUND,
    MemoryReply.OUT_OF_RANGE: Status.OUT_OF_RANGE,
    MemoryReply.BAD_ARGUMENT: Status.OUT_OF_RANGE,
}


class MassMemoryEndpoint(DeviceEndpoint):
    """The memory; silent without power."""

    def __init__(self, memory: MassMemory) -> None:
        super().__init__(lambda: memory.state.powered)
        self._memory = memory
        self.answer(driver.GET_STATUS, self._status)
        self.answer(driver.LIST_FILES, self._list)
        self.answer(driver.GET_SIZE, self._size)
        self.answer(driver.READ_CHUNK, self._read)
        self.answer(driver.WRITE_CHUNK, self._write)
        self.answer(driver.DELETE_FILE, self._delete)

    def _status(self, _request: Nothing) -> driver.MemoryStatus:
        parameters, state = self._memory.parameters, self._memory.state
        return driver.MemoryStatus(
            parameters.capacity_octets, state.used_octets, len(state.files), parameters.most_files
        )

    def _list(self, request: driver.ListFiles) -> driver.FileList:
        found = [entry for entry in self._memory.directory() if entry.file_id >= request.first]
        return driver.FileList(
            tuple([driver.FileEntry(entry.file_id, entry.size) for entry in found[: driver.MAX_LISTED]])
        )

    def _size(self, request: driver.FileSelection) -> driver.FileSize:
        size = self._memory.size(request.file)
        if size is None:
            raise Refusal(Status.NOT_FOUND)
        return driver.FileSize(size)

    def _read(self, request: driver.ReadChunk) -> driver.Chunk:
        found = self._memory.read(request.file, request.offset, request.octets)
        if isinstance(found, MemoryReply):
            raise Refusal(_REFUSALS[found])
        return driver.Chunk(found)

    def _write(self, request: driver.WriteChunk) -> Nothing:
        return _done(self._memory.write_at(request.file, request.offset, request.data))

    def _delete(self, request: driver.FileSelection) -> Nothing:
        return _done(self._memory.delete(request.file))


def _done(reply: MemoryReply) -> Nothing:
    if reply is not MemoryReply.ACCEPTED:
        raise Refusal(_REFUSALS[reply])
    return NOTHING
