from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_tools.ground import files
from ops_tools.ground.files import FileStore, SegmentOutcome
from ops_tools.ground.station import GroundSettings
from tlm_cmd.packets.crc import crc32

if TYPE_CHECKING:
    from tests.unit.ops_tools.conftest import Loop


CONTENT = bytes(range(256)) * 10


def segment(product: int, content: bytes, start: int, end: int, **changes: int) -> SimpleNamespace:
    """Part of a product file."""
    values = {"product": product, "total_octets": len(content), "checksum": crc32(content), "offset": start}
    return SimpleNamespace(**(values | {"data": content[start:end]} | changes))


def test_segments_in_any_order_become_the_file() -> None:
    """The file is complete with its last segment, whatever the order, and its octets are those sent."""
    store = FileStore()
    pieces = [(start, start + 900) for start in range(0, len(CONTENT), 900)]
    random.Random(3).shuffle(pieces)
    outcomes = [store.add(segment(7, CONTENT, *piece), 5) for piece in pieces]
    assert outcomes == [SegmentOutcome.ADDED, SegmentOutcome.ADDED, SegmentOutcome.COMPLETED]
    assert store.content(7) == CONTENT
    assert (store.files[7].octets, store.files[7].completed_ns, store.files[7].path) == (2560, 5, None)
    assert store.incomplete() == {}
    assert store.content(8) is None


def test_duplicates_and_missing_ranges_are_known() -> None:
    """What came twice is counted, what has not come is listed."""
    store = FileStore()
    for start in (1000, 1000, 2000):
        store.add(segment(7, CONTENT, start, start + 100), 0)
    assert store.incomplete() == {7: [(0, 1000), (1100, 900), (2100, 460)]}
    assert (store.counters.segments, store.counters.added, store.counters.duplicates) == (3, 2, 1)
    store.add(segment(7, CONTENT, 0, 2560), 0)
    assert store.add(segment(7, CONTENT, 0, 100), 0) is SegmentOutcome.DUPLICATE
    assert store.counters.completed == 1


def test_a_wrong_checksum_drops_the_file(loop: Loop, tiny: SimpleNamespace) -> None:
    """All octets with another CRC-32 are no file; the ground says so, and it may be sent once more."""
    for checksum in (1, crc32(b"abc")):
        loop.spacecraft.say("products", tiny.ProductSegment(9, 3, checksum, 0, b"abc"))
        loop.step()
    texts = [event.text for event in loop.ground.events.newest() if "FILE" in event.name]
    assert texts == [
        "product 9 dropped: all octets came, but its CRC-32 is wrong; have it sent once more",
        "product 9 complete, 3 octets",
    ]
    assert loop.ground.files.counters.corrupt == 1


@pytest.mark.parametrize(
    "changes", [{"total_octets": files.MAX_FILE_OCTETS + 1}, {"offset": 2559}, {"total_octets": 99}]
)
def test_impossible_segments_are_refused(changes: dict[str, int]) -> None:
    """Beyond the end, or of a file too long to be true."""
    store = FileStore()
    assert store.add(segment(7, CONTENT, 0, 100, **changes), 0) is SegmentOutcome.REFUSED
    assert (store.counters.refused, store.incomplete()) == (1, {})


def test_an_empty_file_is_complete_at_once() -> None:
    """A file of no octets needs one segment."""
    store = FileStore()
    assert store.add(segment(1, b"", 0, 0), 0) is SegmentOutcome.COMPLETED
    assert store.content(1) == b""


def test_a_new_file_of_the_same_number_replaces_the_old_one(tmp_path: Path) -> None:
    """Another length or checksum is another file: one in reassembly is given up, a complete one is replaced."""
    store = FileStore(tmp_path)
    store.add(segment(7, CONTENT, 0, 100), 0)
    store.add(segment(7, b"first", 0, 5), 0)
    assert store.counters.abandoned == 1
    store.add(segment(7, b"second", 0, 6), 0)
    assert store.content(7) == b"second"
    assert [path.name for path in tmp_path.iterdir()] == ["product-000007.bin"]


def test_files_in_reassembly_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that waits longest for a segment is given up."""
    monkeypatch.setattr(files, "MAX_OPEN_FILES", 2)
    store = FileStore()
    for product in (1, 2, 1, 3):
        start = 100 * store.counters.segments
        store.add(segment(product, CONTENT, start, start + 100), 0)
    assert list(store.incomplete()) == [1, 3]
    assert store.counters.abandoned == 1


@pytest.mark.parametrize("bound", [("MAX_FILES", 2), ("MAX_STORED_OCTETS", 10)])
@pytest.mark.parametrize("folder", ["products", ""])
def test_complete_files_are_bounded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bound: tuple[str, int], folder: str
) -> None:
    """The oldest files make room for newer ones, on disk and in memory."""
    monkeypatch.setattr(files, *bound)
    store = FileStore(tmp_path / folder if folder else None)
    for product in (1, 2, 3):
        store.add(segment(product, b"12345", 0, 5), 0)
    assert list(store.files) == [2, 3]
    assert store.counters.deleted == 1
    assert store.content(3) == b"12345"
    assert len(list(tmp_path.glob("products/*"))) == (2 if folder else 0)


def test_a_directory_that_takes_nothing_does_not_lose_the_file(tmp_path: Path) -> None:
    """A full or missing disk is counted, and the file stays in memory."""
    (tmp_path / "taken").write_text("no directory")
    store = FileStore(tmp_path / "taken" / "products")
    assert store.add(segment(1, b"abc", 0, 3), 0) is SegmentOutcome.COMPLETED
    assert store.content(1) == b"abc"
    assert store.counters.unwritable == 1


class TestOnDisk:
    """A ground segment with a directory for files."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> GroundSettings:
        """Files go to a directory."""
        return GroundSettings(files_directory=tmp_path / "products")

    def test_files_that_come_down_lie_in_the_directory(self, loop: Loop, tiny: SimpleNamespace, tmp_path: Path) -> None:
        """Segments over the link become a file on disk."""
        for start in range(0, len(CONTENT), 100):
            piece = CONTENT[start : start + 100]
            loop.spacecraft.say("products", tiny.ProductSegment(5, len(CONTENT), crc32(CONTENT), start, piece))
        loop.step()
        assert (tmp_path / "products" / "product-000005.bin").read_bytes() == CONTENT
        assert loop.ground.status().files_complete == 1


@given(
    pieces=st.lists(st.tuples(st.integers(0, 120), st.integers(0, 60)), max_size=40),
    content=st.binary(min_size=100, max_size=120),
)
def test_overlapping_segments_never_spoil_a_file(pieces: list[tuple[int, int]], content: bytes) -> None:
    """However segments overlap, what is listed as missing is exactly what was not sent."""
    store = FileStore()
    there = bytearray(len(content))
    for start, length in pieces:
        if start + length <= len(content):
            store.add(segment(1, content, start, start + length), 0)
            there[start : start + length] = b"\1" * length
    if all(there):
        assert store.content(1) == content
        return
    missing = {
        offset + index for offset, count in store.incomplete().get(1, [(0, len(content))]) for index in range(count)
    }
    assert missing == {index for index, known in enumerate(there) if not known}
