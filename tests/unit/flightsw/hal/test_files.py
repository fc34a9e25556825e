from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flightsw.hal.errors import MemoryFailedError, describe_cause
from flightsw.hal.files import Files, HostFiles, write_all
from flightsw.hal.nvm import DirectoryNvm
from tests.power_cut.disk import Disk


@pytest.fixture(params=["host", "recorded"])
def make(request: pytest.FixtureRequest) -> Callable[[], Files]:
    """A file system of each kind in turn: what the power cut tests cut behaves as what flies."""
    return HostFiles if request.param == "host" else Disk


def test_files_are_written_renamed_and_removed(make: Callable[[], Files], tmp_path: Path) -> None:
    """The calls do on either what they say."""
    files, old, new = make(), tmp_path / "old", tmp_path / "new"
    files.make_folder(tmp_path)
    assert (files.names(tmp_path), files.size(old)) == ([], None)
    descriptor = files.open(old, truncate=False)
    write_all(files, descriptor, b"12345")
    write_all(files, descriptor, b"xy", 3)
    files.sync(descriptor)
    files.close(descriptor)
    assert (files.read(old), files.size(old), files.names(tmp_path)) == (b"123xy", 5, ["old"])
    descriptor = files.open(old, truncate=False)
    files.reserve(descriptor, 8)
    files.reserve(descriptor, 2)
    files.close(descriptor)
    assert files.read(old) == b"123xy\0\0\0"
    files.rename(old, new)
    files.sync_folder(tmp_path)
    assert files.names(tmp_path) == ["new"]
    files.close(files.open(new, truncate=True))
    assert files.read(new) == b""
    files.unlink(new)
    for missing in (files.read, files.unlink):
        with pytest.raises(FileNotFoundError):
            missing(new)


def test_folders_are_made_with_those_above(tmp_path: Path) -> None:
    """Making one that is there is harmless; other things in it are not listed."""
    folder = tmp_path / "a" / "b"
    files = HostFiles()
    files.make_folder(folder)
    files.make_folder(folder)
    (folder / "folder").mkdir()
    assert files.names(folder) == []


def test_a_memory_whose_folder_is_gone_begins_anew(tmp_path: Path) -> None:
    """Nothing is in it, and the next write makes the folder."""
    memory = DirectoryNvm(tmp_path / "nvm")
    (tmp_path / "nvm").rmdir()
    assert (memory.names(), memory.read("a")) == ([], None)
    memory.write("a", b"1")
    assert memory.read("a") == b"1"


def test_a_memory_that_is_no_folder_is_named(tmp_path: Path) -> None:
    """It opens all the same; each call says what is wrong."""
    (tmp_path / "nvm").write_bytes(b"")
    memory = DirectoryNvm(tmp_path / "nvm")
    with pytest.raises(MemoryFailedError, match=r"blob 'a' cannot be read: Not a directory \(ENOTDIR\)"):
        memory.read("a")
    with pytest.raises(MemoryFailedError, match=r"blob 'a' cannot be written: Not a directory \(ENOTDIR\)"):
        memory.write("a", b"1")
    with pytest.raises(MemoryFailedError, match=r"blob 'a' cannot be deleted: Not a directory \(ENOTDIR\)"):
        memory.delete("a")


def test_a_cause_without_a_number_is_its_text() -> None:
    """As Python sometimes makes them."""
    assert describe_cause(OSError("odd")) == "odd"
