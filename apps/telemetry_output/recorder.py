"""The recorder: packets of the time without contact, in files of the mass memory, oldest first.

The newest packets wait in the app's memory until a file's worth has come or they have waited long enough. A memory that
does not answer costs nothing at first: what waits is written, and what lies in files is read, when it answers again.
"""

from __future__ import annotations

import msgspec

from flightsw.devices.errors import CorruptReplyError, DeviceError, RefusedError
from flightsw.devices.framing import Status
from flightsw.devices.mass_memory import MAX_CHUNK_OCTETS, MassMemory
from tlm_cmd.packets.spacepacket import PRIMARY_HEADER_OCTETS

FIRST_FILE = 0x0100_0000
"""File numbers of the recorder begin here; images and products have others."""
FILE_NUMBERS = 0x0100_0000
MAX_CORRUPT_READS = 8
"""Corrupt readings of one file in a row, after which it is given up."""
MAX_UNDELETED = 64
"""Files taken whose deletion failed, kept in mind to be deleted later."""


class RecordedFile(msgspec.Struct, frozen=True):
    """A file of the recorder: its number, its octets and how many packets they are."""

    number: int
    octets: int
    packets: int


class RecorderState(msgspec.Struct):
    """What the recorder remembers.

    Attributes:
        files: kept files, oldest first.
        next: count of the next file to write.
        waiting: packets not yet written, concatenated.
        waiting_packets: how many.
        waiting_since_ns: when the oldest of them came, or when writing them was last tried.
        undeleted: numbers of files that could not be deleted.
        corrupt_reads: corrupt readings of the oldest file in a row.
        recorded: packets taken.
        dropped: packets overwritten before any contact took them, or lost with a file or with a full memory.
        errors: failed transactions.
    """

    files: list[RecordedFile] = []
    next: int = 0
    waiting: bytes = b""
    waiting_packets: int = 0
    waiting_since_ns: int = 0
    undeleted: list[int] = []
    corrupt_reads: int = 0
    recorded: int = 0
    dropped: int = 0
    errors: int = 0


class Recorder:
    """Writes and reads the files.

    Args:
        memory: where they are.
        state: the memory to work on.
        files: most files kept.
        file_octets: most octets in a file.
        flush_ns: longest time that packets wait in memory.
    """

    def __init__(
        self, memory: MassMemory, state: RecorderState, *, files: int, file_octets: int, flush_ns: int
    ) -> None:
        self.state = state
        self._memory = memory
        self._files = files
        self._file_octets = min(file_octets, MAX_CHUNK_OCTETS)
        self._flush_ns = flush_ns

    @property
    def packets(self) -> int:
        """Packets that wait for a contact."""
        total = self.state.waiting_packets
        for file in self.state.files:
            total += file.packets
        return total

    def add(self, packet: bytes, now_ns: int) -> None:
        """Record one packet; what cannot be kept is dropped and counted."""
        state = self.state
        state.recorded += 1
        if len(packet) > self._file_octets:
            state.dropped += 1
            return
        if len(state.waiting) + len(packet) > self._file_octets and not self._write(now_ns):
            state.dropped += state.waiting_packets
            state.waiting, state.waiting_packets = b"", 0
        if not state.waiting:
            state.waiting_since_ns = now_ns
        state.waiting += packet
        state.waiting_packets += 1

    def tick(self, now_ns: int) -> bool:
        """Write what has waited long enough; whether it was written."""
        self._delete_a_leftover()
        waited_ns = now_ns - self.state.waiting_since_ns
        return bool(self.state.waiting) and not 0 <= waited_ns < self._flush_ns and self._write(now_ns)

    def take(self) -> list[bytes]:
        """The packets of the oldest file, which is deleted, or those in memory; empty when none can be had now."""
        state = self.state
        if not state.files:
            packets, state.waiting, state.waiting_packets = _split(state.waiting), b"", 0
            return packets
        file = state.files[0]
        try:
            packets = _split(self._memory.read(file.number, 0, file.octets))
        except DeviceError as error:
            state.errors += 1
            state.corrupt_reads += isinstance(error, CorruptReplyError)
            if state.corrupt_reads < MAX_CORRUPT_READS and not _is_gone(error):
                return []
            packets = []
        state.dropped += file.packets - len(packets)
        self._forget_oldest()
        return packets

    # ---------------------------------------------------------------- files

    def _write(self, now_ns: int) -> bool:
        """Write what waits into a file of its own; if that fails it goes on waiting."""
        state = self.state
        state.waiting_since_ns = now_ns
        file = RecordedFile(FIRST_FILE + state.next % FILE_NUMBERS, len(state.waiting), state.waiting_packets)
        try:
            self._memory.write(file.number, 0, state.waiting)
        except DeviceError as error:
            state.errors += 1
            if isinstance(error, RefusedError) and error.status is Status.FULL and state.files:
                self._drop_oldest()
            return False
        state.files.append(file)
        state.next += 1
        state.waiting, state.waiting_packets = b"", 0
        while len(state.files) > self._files:
            self._drop_oldest()
        return True

    def _drop_oldest(self) -> None:
        self.state.dropped += self.state.files[0].packets
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        state = self.state
        state.corrupt_reads = 0
        state.undeleted = [*state.undeleted, state.files.pop(0).number][-MAX_UNDELETED:]
        self._delete_a_leftover()

    def _delete_a_leftover(self) -> None:
        state = self.state
        if not state.undeleted:
            return
        try:
            self._memory.delete(state.undeleted[-1])
        except DeviceError as error:
            if not _is_gone(error):
                state.errors += 1
                return
        state.undeleted.pop()


def _is_gone(error: DeviceError) -> bool:
    """Whether the memory says that there is no such file, or not so much of it."""
    return isinstance(error, RefusedError) and error.status in (Status.NOT_FOUND, Status.OUT_OF_RANGE)


def _split(data: bytes) -> list[bytes]:
    """The packets that stand one behind the other; a last one that is cut off is left out."""
    packets, position = [], 0
    while position + PRIMARY_HEADER_OCTETS <= len(data):
        end = position + PRIMARY_HEADER_OCTETS + int.from_bytes(data[position + 4 : position + 6], "big") + 1
        if end > len(data):
            break
        packets.append(data[position:end])
        position = end
    return packets
