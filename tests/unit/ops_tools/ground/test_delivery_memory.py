"""What the ground's file delivery remembers."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from flightsw.hal.nvm import DirectoryNvm
from ops_tools.ground.delivery_memory import DeliveryMemory
from ops_tools.ground.guarded_files import MEMORY_FOLDER
from tlm_cmd.cfdp.entity_state import EntityState

if TYPE_CHECKING:
    from pathlib import Path


def test_a_memory_that_cannot_be_used(tmp_path: Path) -> None:
    """None at all is none; one that cannot be read or written is counted, and nothing is raised."""
    memory = DeliveryMemory(tmp_path)
    assert memory.load(4) is None
    assert (memory.errors, memory.problem) == (0, "")
    shutil.rmtree(tmp_path / MEMORY_FOLDER)
    (tmp_path / MEMORY_FOLDER).write_bytes(b"no folder")
    spoilt = DeliveryMemory(tmp_path)
    kept = spoilt.load(4)
    assert kept is not None
    assert kept.entity.next_sequence == 1 << 31
    assert spoilt.errors == 1
    spoilt.save(EntityState(), 0)
    assert spoilt.errors == 2


@pytest.mark.parametrize("bad", ["delivery.0", "delivery.1"])
def test_a_bad_place_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: str) -> None:
    """One file that keeps a wrong bit, whatever is written there, brings no older memory back."""
    write = DirectoryNvm.write

    def write_badly(memory: DirectoryNvm, name: str, data: bytes) -> None:
        write(memory, name, data if name != bad else data[:-1] + bytes([data[-1] ^ 1]))

    memory = DeliveryMemory(tmp_path)
    memory.save(EntityState(), 0)
    monkeypatch.setattr(DirectoryNvm, "write", write_badly)
    for number in range(1, 300):
        memory.save(EntityState(next_sequence=number), number)
    kept = DeliveryMemory(tmp_path).load(4)
    assert kept is not None
    assert kept.entity.next_sequence >= 299
    assert kept.transfers >= 299
