from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from flightsw.hal.errors import BlobNameError, MemoryFailedError, MemoryFullError
from flightsw.hal.nvm import DirectoryNvm
from flightsw.hal.ports import NonVolatileMemory
from flightsw.hal.sim import MemoryNvm, SimWatchdog

Maker = Callable[[int], NonVolatileMemory]


@pytest.fixture(params=["memory", "directory"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Maker:
    """Makes a memory of a given capacity, of each kind in turn."""
    if request.param == "memory":
        return MemoryNvm
    return lambda capacity: DirectoryNvm(tmp_path / "nvm", capacity)


def test_blobs_are_kept(make: Maker) -> None:
    """What was written is read back; a second write replaces the first."""
    memory = make(100)
    assert memory.read("a") is None
    memory.write("a", b"one")
    memory.write("b", b"")
    memory.write("a", b"two!")
    assert memory.read("a") == b"two!"
    assert memory.read("b") == b""
    assert memory.names() == ["a", "b"]
    assert (memory.used_octets, memory.capacity_octets) == (4, 100)


def test_deleted_blobs_are_gone(make: Maker) -> None:
    """Deleting frees the room; deleting what is not there is harmless."""
    memory = make(4)
    memory.write("a", b"full")
    memory.delete("a")
    memory.delete("a")
    assert memory.read("a") is None
    assert memory.names() == []
    memory.write("b", b"full")


def test_capacity_is_a_bound(make: Maker) -> None:
    """The last octet fits, one more is refused and the older blob stays; a replacement frees its own room."""
    memory = make(10)
    memory.write("a", b"12345")
    memory.write("b", b"67890")
    with pytest.raises(MemoryFullError) as error:
        memory.write("a", b"123456")
    assert (error.value.name, error.value.needed, error.value.free) == ("a", 6, 5)
    assert memory.read("a") == b"12345"
    memory.write("a", b"54321")
    assert memory.read("a") == b"54321"


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "a/b", "../a", "a\\b", "a\0", "a b", "é", "x" * 65, "a~", "a\n"]
)
def test_bad_names_are_refused(make: Maker, name: str) -> None:
    """Names that could leave the memory or clash with its own files are refused by every call."""
    memory = make(100)
    for call in (memory.read, memory.delete, lambda bad: memory.write(bad, b"")):
        with pytest.raises(BlobNameError) as error:
            call(name)
        assert error.value.name == name
    assert memory.names() == []


@pytest.mark.parametrize("name", ["a", "checkpoint.power", "A-b_c.9", "x" * 64])
def test_good_names_are_kept(make: Maker, name: str) -> None:
    """Everything allowed works as a name."""
    memory = make(100)
    memory.write(name, b"data")
    assert memory.read(name) == b"data"


def test_directory_survives_its_owner(tmp_path: Path) -> None:
    """A new memory on the same directory has the old one's blobs."""
    DirectoryNvm(tmp_path).write("boot", b"3")
    assert DirectoryNvm(tmp_path).read("boot") == b"3"


def test_a_write_that_fails_leaves_the_old_blob(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk fails before the rename, the error says so, the old blob stays, and nothing is half-written."""
    memory = DirectoryNvm(tmp_path)
    memory.write("a", b"old")

    def fail(_descriptor: int) -> None:
        raise OSError(errno.EIO, "broken")

    with monkeypatch.context() as context:
        context.setattr(os, "fsync", fail)
        with pytest.raises(MemoryFailedError, match=r"blob 'a' cannot be written: Input/output error \(EIO\)"):
            memory.write("a", b"new")
    assert memory.read("a") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_an_interrupted_write_leaves_the_old_blob(tmp_path: Path) -> None:
    """What a loss of power has left half-written is removed by the next start."""
    DirectoryNvm(tmp_path).write("a", b"old")
    (tmp_path / "a~").write_bytes(b"ne")
    again = DirectoryNvm(tmp_path)
    assert not (tmp_path / "a~").exists()
    assert again.read("a") == b"old"


def test_foreign_files_are_left_alone(tmp_path: Path) -> None:
    """Directories and files that no blob could be called are not listed."""
    (tmp_path / "folder").mkdir()
    (tmp_path / ".git").write_bytes(b"x")
    memory = DirectoryNvm(tmp_path)
    assert memory.names() == []
    assert memory.used_octets == 0
    assert (tmp_path / ".git").exists()


def test_simulated_watchdog_counts() -> None:
    """Each stroke is counted."""
    watchdog = SimWatchdog()
    watchdog.stroke()
    watchdog.stroke()
    assert watchdog.strokes == 2
