import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from flightsw.hal.errors import BlobNameError
from flightsw.services.retained_memory import FolderRetainedMemory, RetainedMemory, VirtualRetainedMemory


@pytest.fixture(params=["virtual", "folder"])
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RetainedMemory]:
    """Both kinds."""
    return (
        VirtualRetainedMemory() if request.param == "virtual" else FolderRetainedMemory(tmp_path / "run" / "retained")
    )


def test_what_was_never_written_is_zero(memory: RetainedMemory) -> None:
    """A region has as many octets as one reads."""
    assert memory.region("a").read(0, 4) == bytes(4)
    memory.region("a").write(2, b"xy")
    assert memory.region("a").read(0, 6) == b"\0\0xy\0\0"


def test_regions_are_kept_apart_and_changed_in_place(memory: RetainedMemory) -> None:
    """A write changes its own octets and no others, of no other region."""
    first, second = memory.region("first"), memory.region("second")
    first.write(0, b"abcdef")
    second.write(0, b"------")
    memory.region("first").write(2, b"XY")
    assert (first.read(0, 6), second.read(0, 6)) == (b"abXYef", b"------")
    assert first.read(4, 2) == b"ef"


def test_a_power_on_reset_forgets_everything(memory: RetainedMemory) -> None:
    """Behind it all regions are zero, and can be written again; clearing nothing is harmless."""
    memory.clear()
    memory.region("a").write(0, b"x")
    memory.clear()
    assert memory.region("a").read(0, 1) == b"\0"
    memory.region("a").write(0, b"y")
    assert memory.region("a").read(0, 1) == b"y"


def test_names_are_checked(memory: RetainedMemory) -> None:
    """No name leads out of the memory."""
    with pytest.raises(BlobNameError):
        memory.region("../a")


def test_a_file_is_held_open_by_nobody(tmp_path: Path) -> None:
    """Regions cost no file descriptor behind an access."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(20):
        region = FolderRetainedMemory(tmp_path).region(f"r{number}")
        region.write(0, b"x")
        region.read(0, 1)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_write_cut_short_by_a_full_disk_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer learns of it."""
    write = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda descriptor, data, offset: write(descriptor, data[:1], offset))
    with pytest.raises(OSError, match="only 1 of 2 octets written"):
        FolderRetainedMemory(tmp_path).region("a").write(0, b"xy")
