from __future__ import annotations

from pathlib import Path

import pytest

from ops_tools.ground import files
from ops_tools.ground.files import FileStore
from tlm_cmd.packets.crc import crc32


def stored(store: FileStore, name: str, content: bytes, now_ns: int = 0) -> None:
    """Put a file into the filestore as file delivery does, and have it taken."""
    store.filestore.create("partial")
    store.filestore.write("partial", 0, content)
    store.filestore.rename("partial", name)
    store.add(name, now_ns)


@pytest.fixture(params=["memory", "directory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    """An empty store, of either kind."""
    return FileStore(None if request.param == "memory" else tmp_path / "files")


def test_products_are_known_by_their_numbers(store: FileStore) -> None:
    """A product's file is found by the product's number, any other by its name."""
    stored(store, "products/00007.mask", b"mask", 5)
    stored(store, "received/1", b"other", 6)
    file = store.files[7]
    assert (file.name, file.octets, file.checksum, file.completed_ns) == ("products/00007.mask", 4, crc32(b"mask"), 5)
    assert (store.content(7), store.content(8)) == (b"mask", None)
    assert (list(store.files), list(store.by_name)) == ([7], ["products/00007.mask", "received/1"])
    assert store.read("received/1") == b"other"
    assert store.counters.completed == 2


def test_a_newer_file_replaces_one_of_the_same_name(store: FileStore) -> None:
    """Only the newer one is kept, and that it took a place is counted."""
    stored(store, "products/00007.mask", b"first")
    stored(store, "products/00007.mask", b"second")
    assert (store.content(7), len(store.by_name)) == (b"second", 1)
    assert (store.counters.completed, store.counters.replaced) == (2, 1)


def test_two_ways_to_write_a_name(store: FileStore) -> None:
    """They are one file."""
    stored(store, "products/00007.mask", b"first")
    stored(store, "./products//00007.mask", b"second")
    assert list(store.by_name) == ["products/00007.mask"]
    assert (store.content(7), store.counters.replaced) == (b"second", 1)


def test_the_newest_file_is_never_deleted(monkeypatch: pytest.MonkeyPatch, store: FileStore) -> None:
    """However long it is: whoever was told that it is complete finds it."""
    monkeypatch.setattr(files, "MAX_STORED_OCTETS", 3)
    for product in (1, 2):
        stored(store, f"products/{product:05d}.mask", b"12345")
    assert (list(store.files), store.content(2)) == ([2], b"12345")


@pytest.mark.parametrize("bound", [("MAX_FILES", 2), ("MAX_STORED_OCTETS", 10)])
def test_complete_files_are_bounded(monkeypatch: pytest.MonkeyPatch, store: FileStore, bound: tuple[str, int]) -> None:
    """The oldest files make room for newer ones, also where they lie."""
    monkeypatch.setattr(files, *bound)
    for product in (1, 2, 3):
        stored(store, f"products/{product:05d}.mask", b"12345")
    assert list(store.files) == [2, 3]
    assert store.counters.deleted == 1
    assert [entry.name for entry in store.filestore.list_directory("products")] == ["00002.mask", "00003.mask"]


def test_a_file_that_is_gone(store: FileStore) -> None:
    """A file that the filestore does not give back is none."""
    assert store.add("products/00001.mask", 0) is None
    stored(store, "products/00001.mask", b"1")
    store.filestore.delete("products/00001.mask")
    assert store.content(1) is None


def test_files_lie_in_the_directory_under_their_names(tmp_path: Path) -> None:
    """Others can read them there."""
    store = FileStore(tmp_path)
    stored(store, "products/00001.mask", b"abc")
    assert store.files[1].path == tmp_path.resolve() / "products" / "00001.mask"
    assert (tmp_path / "products" / "00001.mask").read_bytes() == b"abc"
