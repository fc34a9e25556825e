from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flightsw.devices import mass_memory
from flightsw.devices.errors import NoReplyError
from flightsw.devices.framing import NOTHING, Operation
from tlm_cmd.errors import ProtocolError

MakeResponder = Callable[[dict[Operation[Any, Any], object]], Any]


def test_mass_memory_methods(responder: MakeResponder) -> None:
    """Each method asks for what its name says."""
    status = mass_memory.MemoryStatus(1000, 10, 1, 16)
    files = (mass_memory.FileEntry(3, 10),)
    probe = responder(
        {
            mass_memory.GET_STATUS: status,
            mass_memory.LIST_FILES: mass_memory.FileList(files),
            mass_memory.GET_SIZE: mass_memory.FileSize(10),
            mass_memory.READ_CHUNK: mass_memory.Chunk(b"0123"),
            mass_memory.WRITE_CHUNK: NOTHING,
            mass_memory.DELETE_FILE: NOTHING,
        }
    )
    driver = mass_memory.MassMemory(probe.uart())
    assert driver.status() == status
    assert driver.files(2) == files
    assert driver.size(3) == 10
    assert driver.read(3, 0, 4) == b"0123"
    driver.write(3, 10, b"more")
    driver.delete(3)
    assert probe.requests[1:] == [
        mass_memory.ListFiles(2),
        mass_memory.FileSelection(3),
        mass_memory.ReadChunk(3, 0, 4),
        mass_memory.WriteChunk(3, 10, b"more"),
        mass_memory.FileSelection(3),
    ]


def test_mass_memory_chunks_are_bounded(responder: MakeResponder) -> None:
    """Chunks beyond the bound, and empty reads, are refused before anything is sent."""
    probe = responder({})
    driver = mass_memory.MassMemory(probe.uart())
    for octets in (0, mass_memory.MAX_CHUNK_OCTETS + 1):
        with pytest.raises(ProtocolError):
            driver.read(1, 0, octets)
    with pytest.raises(ProtocolError):
        driver.write(1, 0, bytes(mass_memory.MAX_CHUNK_OCTETS + 1))
    assert probe.raw == []


def test_deleting_is_not_repeated(responder: MakeResponder) -> None:
    """A lost reply to a deletion is not asked for again: the second time, the file would not be found."""
    probe = responder({mass_memory.DELETE_FILE: NOTHING})
    probe.spoil = lambda _reply: None
    with pytest.raises(NoReplyError):
        mass_memory.MassMemory(probe.uart()).delete(1)
    assert len(probe.raw) == 1
