"""What the ground's file delivery remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flightsw.hal.errors import MemoryFullError
from flightsw.hal.nvm import DirectoryNvm
from flightsw.services.number_reservation import RESERVED
from ops_tools.ground.delivery_memory import DeliveryMemory, KeptDelivery
from ops_tools.ground.events import GroundEvent
from ops_tools.ground.guarded_files import MEMORY_FOLDER
from tlm_cmd.cfdp.entity_state import EntityState
from tlm_cmd.definition.message import Severity

if TYPE_CHECKING:
    from pathlib import Path


class Heard:
    """Takes what a memory tells."""

    def __init__(self) -> None:
        self.events: list[GroundEvent] = []

    def __call__(self, event: GroundEvent, severity: Severity, _text: str) -> None:
        """Note it."""
        assert (severity is Severity.INFO) is (event is GroundEvent.FILE_MEMORY_SAVED)
        self.events.append(event)


def test_a_new_memory(tmp_path: Path) -> None:
    """Numbers begin at the beginning, and nothing is told."""
    heard = Heard()
    memory = DeliveryMemory(tmp_path, 4, heard)
    assert memory.load() == KeptDelivery()
    assert (memory.errors, heard.events) == (0, [])


def test_a_memory_that_cannot_be_used(tmp_path: Path) -> None:
    """One that cannot be read or written is counted and told, each once, and nothing is raised."""
    (tmp_path / MEMORY_FOLDER).write_bytes(b"no folder")
    heard = Heard()
    spoilt = DeliveryMemory(tmp_path, 4, heard)
    assert spoilt.load().entity.next_sequence == 1 << 31
    assert (spoilt.errors, heard.events) == (1, [GroundEvent.FILE_MEMORY])
    for _ in range(3):
        spoilt.save(EntityState(), 0)
    assert (spoilt.errors, heard.events) == (4, [GroundEvent.FILE_MEMORY, GroundEvent.FILE_MEMORY_NOT_SAVED])
    (tmp_path / MEMORY_FOLDER).unlink()
    for _ in range(2):
        spoilt.save(EntityState(), 0)
    assert (spoilt.errors, heard.events[2:]) == (4, [GroundEvent.FILE_MEMORY_SAVED])


def test_what_was_used_and_not_saved_does_not_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full for a while costs the newest transactions, and no number is given twice."""

    def full(_memory: DirectoryNvm, name: str, data: bytes) -> None:
        raise MemoryFullError(name, len(data), 0)

    memory = DeliveryMemory(tmp_path, 4)
    kept = memory.load()
    memory.save(kept.entity, kept.transfers)
    with monkeypatch.context() as patch:
        patch.setattr(DirectoryNvm, "write", full)
        for _ in range(RESERVED // 2):
            kept.entity.next_sequence += 1
            kept.transfers += 1
            memory.save(kept.entity, kept.transfers)
    heard = Heard()
    after = DeliveryMemory(tmp_path, 4, heard).load()
    assert after.entity.next_sequence >= kept.entity.next_sequence
    assert after.transfers >= kept.transfers
    assert heard.events == []


def test_numbers_that_are_forgotten(tmp_path: Path) -> None:
    """Where the memory is whole and the reservation is not, numbers go on far ahead, and that is told."""
    memory = DeliveryMemory(tmp_path, 4)
    memory.save(EntityState(next_sequence=10), 10)
    for file in (tmp_path / MEMORY_FOLDER).glob("transactions.*"):
        file.write_bytes(b"damaged")
    heard = Heard()
    assert DeliveryMemory(tmp_path, 4, heard).load().entity.next_sequence == (1 << 31) + 10
    assert heard.events == [GroundEvent.FILE_MEMORY]


@pytest.mark.parametrize("bad", ["delivery.0", "delivery.1"])
def test_a_bad_place_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: str) -> None:
    """One file that keeps a wrong bit, whatever is written there, brings no older memory back."""
    write = DirectoryNvm.write

    def write_badly(memory: DirectoryNvm, name: str, data: bytes) -> None:
        write(memory, name, data if name != bad else data[:-1] + bytes([data[-1] ^ 1]))

    memory = DeliveryMemory(tmp_path, 4)
    memory.save(EntityState(), 0)
    monkeypatch.setattr(DirectoryNvm, "write", write_badly)
    for number in range(1, 300):
        memory.save(EntityState(next_sequence=number), number)
    kept = DeliveryMemory(tmp_path, 4).load()
    assert kept.entity.next_sequence >= 299
    assert kept.transfers >= 299
