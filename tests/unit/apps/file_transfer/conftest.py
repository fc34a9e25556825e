"""The file transfer on its bench, with a mass memory behind a wire and a ground entity at the other end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from apps.command_ingest.messages import FilePduReceived
from apps.file_transfer.messages import FilePdu, FileTransferStatus
from apps.mode_manager.messages import ModeStatus, SpacecraftMode
from apps.telemetry_output.messages import FileRoom
from bus_sim.endpoints.mass_memory import MassMemoryEndpoint
from bus_sim.equipment.mass_memory import MassMemory as MemoryModel
from bus_sim.equipment.mass_memory import MassMemoryParameters
from flightsw.devices.mass_memory import MassMemory
from flightsw.hal.sim import SimUart
from flightsw.testing import Bench
from tlm_cmd.cfdp.entity import Entity
from tlm_cmd.cfdp.filestore import MemoryFilestore
from tlm_cmd.cfdp.indications import Indication

OTHERS = ("command_ingest", "mode_manager", "telemetry_output")
FIRST_PRODUCT = 0x8000_0000
SPACECRAFT, GROUND = 423, 1


class Ends:
    """The app, its memory, the downlink and the ground.

    Attributes:
        noisy: the memory's answers are damaged.
        transmitting: the transmitter for files is on.
        room: packets that the downlink has room for, as it says twice a second.
        down: PDUs that came down, all of them.
        loses: says of each PDU, either way, whether it is lost.
    """

    def __init__(
        self,
        make: Callable[..., Bench],
        tables: Path | None = None,
        memory_of: Ends | None = None,
        *,
        power_on: bool = False,
    ) -> None:
        self.model = memory_of.model if memory_of else MemoryModel(MassMemoryParameters(100_000_000, 1000, 0.0))
        self.model.state.powered = True
        self._end = MassMemoryEndpoint(self.model)
        self.noisy = False
        self.requests = 0
        devices = {MassMemory: MassMemory(SimUart(self))}
        old = memory_of.bench if memory_of else None
        self.bench = make("file_transfer", devices, others=OTHERS, tables=tables, memory_of=old, power_on=power_on)
        parameters = self.bench.links.file_delivery
        assert parameters is not None
        self.files = MemoryFilestore()
        for directory in ("products", "received", "listings"):
            self.files.make_directory(directory)
        self.ground = Entity(parameters.local(GROUND), [parameters.remote(SPACECRAFT)], self.files)
        self.transmitting = True
        self.room = 512
        self.down: list[bytes] = []
        self.loses: Callable[[bytes], bool] = lambda _pdu: False
        self._heard = 0
        self._taken = 0

    def receive(self, data: bytes) -> bytes:
        """The memory's end of its wire."""
        self.requests += 1
        answer = self._end.receive(data)
        return answer[:-1] + bytes([answer[-1] ^ 1]) if self.noisy and answer else answer

    def contact(self, *, mode: SpacecraftMode = SpacecraftMode.DOWNLINK) -> None:
        """A contact begins, or its mode changes."""
        self.bench.deliver(ModeStatus(mode, True, "Beijing", 10.0, 1, 1))

    def no_contact(self) -> None:
        """The contact ends."""
        self.bench.deliver(ModeStatus(SpacecraftMode.NOMINAL, False, "", 0.0, 1, 1))

    def fly(self, seconds: float) -> None:
        """Let time pass at both ends."""
        for _ in range(round(seconds * 2)):
            self.bench.advance(0.5)
            if self.transmitting:
                self.bench.deliver(FileRoom(True, self._taken, self.room))
            self._carry_down()
            while (pdu := self.ground.next_pdu(self.bench.now_ns())) is not None:
                if not self.loses(pdu):
                    self.bench.deliver(FilePduReceived(pdu))

    def _carry_down(self) -> None:
        sent = self.bench.sent(FilePdu)
        for packet in sent[self._heard :]:
            self._taken = (self._taken + 1) % 2**32
            self.down.append(packet.pdu)
            if not self.loses(packet.pdu):
                self.ground.receive(packet.pdu, self.bench.now_ns())
        self._heard = len(sent)

    def product(self, number: int, octets: int) -> bytes:
        """Put a product into the memory; returns its content."""
        content = bytes((number + index // 7) % 256 for index in range(octets))
        self.model.write(FIRST_PRODUCT + number, content)
        return content

    def status(self) -> FileTransferStatus:
        """The next report."""
        self.bench.advance(10)
        return self.bench.latest(FileTransferStatus)

    def heard(self, kind: type[Indication]) -> list[Indication]:
        """What the ground's entity says of one kind."""
        return [each for each in self.ground.take_indications() if isinstance(each, kind)]

    def stored(self) -> dict[int, bytes]:
        """Files of the memory by number."""
        return {number: bytes(content) for number, content in self.model.state.files.items()}


@pytest.fixture
def ends(bench_of: Callable[..., Bench]) -> Ends:
    """The app out of contact, with an empty memory."""
    return Ends(bench_of)


def copy_of(value: msgspec.Struct) -> msgspec.Struct:
    """A value as it comes back from a checkpoint."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(value), type=type(value))
