"""The recorder: packets of the time without contact, in files of the mass memory, oldest first.

The newest packets wait in the app's memory until a file's worth has come or they have waited long enough.
"""

from __future__ import annotations

import msgspec

from flightsw.devices.errors import DeviceError
from flightsw.devices.mass_memory import MAX_CHUNK_OCTETS, MassMemory
from tlm_cmd.packets.spacepacket import PRIMARY_HEADER_OCTETS

FIRST_FILE = 0x0100_0000
"""File numbers of the recorder begin here; images and products have others."""


class RecorderState(msgspec.Struct):
    """What the recorder remembers.

    Attributes:
        oldest: count of the oldest file kept.
        next: count of the next file to write.
        packets_in_file: packets in each kept file, oldest first.
        waiting: packets not yet written, concatenated.
        waiting_packets: how many.
        waiting_since_ns: when the oldest of them came.
        recorded: packets taken.
        dropped: packets overwritten before any contact took them, or lost with a failed transaction.
        errors: failed transactions.
    """

    oldest: int = 0
    next: int = 0
    packets_in_file: list[int] = []
    waiting: bytes = b""
    waiting_packets: int = 0
    waiting_since_ns: int = 0
    recorded: int = 0
    dropped: int = 0
    errors: int = 0


class Recorder:
    """Writes and reads the files.

    Args:
        memory: where they are.
        state: the memory to work on.
        files: most files kept.
        file_octets: octets after which a file is written.
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
        for count in self.state.packets_in_file:
            total += count
        return total

    def add(self, packet: bytes, now_ns: int) -> None:
        """Record one packet."""
        state = self.state
        if state.waiting and len(state.waiting) + len(packet) > self._file_octets:
            self.flush()
        if not state.waiting:
            state.waiting_since_ns = now_ns
        state.waiting += packet
        state.waiting_packets += 1
        state.recorded += 1

    def tick(self, now_ns: int) -> None:
        """Write what has waited long enough."""
        if self.state.waiting and now_ns - self.state.waiting_since_ns >= self._flush_ns:
            self.flush()

    def flush(self) -> None:
        """Write what waits into a file of its own."""
        state = self.state
        if len(state.packets_in_file) >= self._files:
            state.dropped += state.packets_in_file[0]
            self._forget_oldest()
        try:
            self._memory.write(self._number(state.next), 0, state.waiting)
        except DeviceError:
            state.errors += 1
            state.dropped += state.waiting_packets
        else:
            state.packets_in_file.append(state.waiting_packets)
            state.next += 1
        state.waiting, state.waiting_packets = b"", 0

    def take(self) -> list[bytes]:
        """The packets of the oldest file, which is deleted, or those in memory; empty when nothing waits."""
        state = self.state
        if not state.packets_in_file:
            packets, state.waiting, state.waiting_packets = _split(state.waiting), b"", 0
            return packets
        try:
            packets = _split(self._memory.read(self._number(state.oldest), 0, MAX_CHUNK_OCTETS))
        except DeviceError:
            state.errors += 1
            state.dropped += state.packets_in_file[0]
            packets = []
        self._forget_oldest()
        return packets

    def _forget_oldest(self) -> None:
        state = self.state
        try:
            self._memory.delete(self._number(state.oldest))
        except DeviceError:
            state.errors += 1
        state.packets_in_file.pop(0)
        state.oldest += 1

    def _number(self, count: int) -> int:
        return FIRST_FILE + count % 0x0100_0000


def _split(data: bytes) -> list[bytes]:
    packets, position = [], 0
    while position + PRIMARY_HEADER_OCTETS <= len(data):
        end = position + PRIMARY_HEADER_OCTETS + int.from_bytes(data[position + 4 : position + 6], "big") + 1
        packets.append(data[position:end])
        position = end
    return packets
