from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from flightsw.devices.errors import NoReplyError, RefusedError
from flightsw.devices.framing import Status
from flightsw.devices.mass_memory import MAX_CHUNK_OCTETS, MAX_LISTED, FileEntry, MemoryStatus

if TYPE_CHECKING:
    from conftest import Bench


def refused(call: Callable[[], object]) -> Status:
    """Why a call is refused."""
    with pytest.raises(RefusedError) as error:
        call()
    return error.value.status


def test_files_are_written_and_read_in_chunks(bench: Bench) -> None:
    """A file written in chunks is read back in other chunks, and is in the model as it was written."""
    memory = bench.mass_memory
    data = bytes(range(256)) * 300
    for offset in range(0, len(data), MAX_CHUNK_OCTETS):
        memory.write(5, offset, data[offset : offset + MAX_CHUNK_OCTETS])
    assert bench.spacecraft.mass_memory.state.files[5] == data
    assert memory.size(5) == len(data)
    read = b""
    while chunk := memory.read(5, len(read), 10_000):
        read += chunk
    assert read == data
    parameters = bench.spacecraft.mass_memory.parameters
    assert memory.status() == MemoryStatus(parameters.capacity_octets, len(data), 1, parameters.most_files)


def test_writing_twice_is_writing_once(bench: Bench) -> None:
    """A chunk whose acceptance was lost may be written again."""
    for _ in range(2):
        bench.mass_memory.write(1, 0, b"abc")
        bench.mass_memory.write(1, 3, b"def")
    assert bench.mass_memory.read(1, 0, 100) == b"abcdef"


def test_listing_is_paged_in_order(bench: Bench) -> None:
    """Files are listed by rising number, a bounded page at a time."""
    numbers = list(range(10, 10 + MAX_LISTED + 5))
    for number in reversed(numbers):
        bench.mass_memory.write(number, 0, bytes(number % 7))
    first = bench.mass_memory.files()
    assert [entry.file for entry in first] == numbers[:MAX_LISTED]
    assert first[0] == FileEntry(10, 3)
    rest = bench.mass_memory.files(first[-1].file + 1)
    assert [entry.file for entry in rest] == numbers[MAX_LISTED:]
    assert bench.mass_memory.files(numbers[-1] + 1) == ()


def test_deleted_files_are_gone(bench: Bench) -> None:
    """Deleting frees the room and forgets the file."""
    bench.mass_memory.write(1, 0, b"abc")
    bench.mass_memory.delete(1)
    assert bench.mass_memory.status().used_octets == 0
    assert refused(lambda: bench.mass_memory.delete(1)) is Status.NOT_FOUND


def test_refusals_say_why(bench: Bench) -> None:
    """Missing files, offsets behind the end and a full memory are told apart."""
    memory = bench.mass_memory
    memory.write(1, 0, b"abc")
    assert refused(lambda: memory.size(2)) is Status.NOT_FOUND
    assert refused(lambda: memory.read(2, 0, 1)) is Status.NOT_FOUND
    assert refused(lambda: memory.write(2, 1, b"x")) is Status.NOT_FOUND
    assert refused(lambda: memory.read(1, 4, 1)) is Status.OUT_OF_RANGE
    assert refused(lambda: memory.write(1, 4, b"x")) is Status.OUT_OF_RANGE
    state = bench.spacecraft.mass_memory.state
    state.used_octets = bench.spacecraft.mass_memory.parameters.capacity_octets - 1
    assert refused(lambda: memory.write(1, 3, b"xy")) is Status.FULL


def test_memory_without_power_is_silent_and_keeps_its_files(bench: Bench) -> None:
    """Opening the line silences the memory; its files are there when the power is back."""
    bench.mass_memory.write(1, 0, b"abc")
    bench.power("mass_memory", on=False)
    with pytest.raises(NoReplyError):
        bench.mass_memory.status()
    bench.power("mass_memory")
    assert bench.mass_memory.read(1, 0, 10) == b"abc"
