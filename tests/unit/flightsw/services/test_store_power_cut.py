"""The store on a disk that loses power: at every octet of every write, and with torn and reordered sectors.

``FLIGHTSW_SOAK=N`` multiplies the cases; ``make soak`` does.
"""

from __future__ import annotations

import os
import random

import pytest

from flightsw.hal.errors import MemoryFailedError
from flightsw.hal.nvm import DirectoryNvm
from flightsw.services.store import Store
from tests.power_cut.disk import FOLDER, Disk, Tree, Unsynced, cuts, wreck

SOAK = int(os.environ.get("FLIGHTSW_SOAK", "1"))
ENTRIES = ("checkpoint.power", "tables.power", "checkpoint.thermal")


class Flight:
    """A sequence of saves and deletions, and what the entries may be behind each of its steps.

    Args:
        seed: of names, sizes and values.
        operations: how many saves and deletions.
        disk: what they are done to.
    """

    def __init__(self, seed: int, operations: int, disk: Disk, most_octets: int = 1400) -> None:
        chance = random.Random(seed)
        self.disk = disk
        self._bounds: list[tuple[int, dict[str, bytes]]] = [(0, {})]
        store = Store(DirectoryNvm(FOLDER, files=disk))
        values: dict[str, bytes] = {}
        for _ in range(operations):
            name = chance.choice(ENTRIES)
            if name in values and chance.random() < 0.1:
                store.delete(name)
                del values[name]
            else:
                values[name] = chance.randbytes(int(chance.random() ** 3 * most_octets))
                store.save(name, values[name])
            self._bounds.append((len(disk.steps), dict(values)))

    def allowed(self, done: int) -> tuple[dict[str, bytes], dict[str, bytes]]:
        """What the entries are when so many steps are done: as before the operation under way, or as after it."""
        before = max(index for index, (steps, _) in enumerate(self._bounds) if steps <= done)
        return self._bounds[before][1], self._bounds[min(before + 1, len(self._bounds) - 1)][1]

    def check(self, done: int, tree: Tree, what: str) -> None:
        """Open the store on what is left: every entry is the old or the new one, and the store works."""
        before, after = self.allowed(done)
        disk = Disk(tree)
        store = Store(DirectoryNvm(FOLDER, files=disk))
        for name in ENTRIES:
            value = store.load(name)
            assert value in (before.get(name), after.get(name)), f"{what}: {name} is wrong"
        assert store.state.lost == 0, what
        assert len(disk.tree()) <= 2 * len(ENTRIES), f"{what}: left-overs {sorted(disk.tree())}"
        store.save(ENTRIES[0], b"next")
        assert store.load(ENTRIES[0]) == b"next", what


@pytest.mark.untraced
@pytest.mark.soak
def test_power_may_be_lost_at_every_octet_of_every_write() -> None:
    """Behind any octet, and between any two calls, every entry is the old or the new one."""
    cases = 0
    for seed in range(SOAK):
        flight = Flight(seed, 18, Disk())
        for done, tree in cuts(flight.disk.steps):
            flight.check(done, tree, f"seed {seed}, cut in step {done}")
            cases += 1
    assert cases > 3000 * SOAK


@pytest.mark.untraced
@pytest.mark.soak
def test_sectors_and_names_may_arrive_in_any_order() -> None:
    """What lies between two syncs may be there or not, sector by sector, name by name: nothing is ever wrong."""
    for seed in range(40 * SOAK):
        flight = Flight(seed, 12, Disk())
        chance = random.Random(seed)
        for _ in range(50):
            done = chance.randrange(len(flight.disk.steps) + 1)
            tree = wreck(flight.disk.steps[:done], chance)
            flight.check(done, tree, f"seed {seed}, wreck behind step {done}")


@pytest.mark.soak
def test_power_may_be_lost_again_and_again() -> None:
    """A store that begins on what a loss of power has left loses nothing when power is lost while it goes on."""
    for seed in range(200 * SOAK):
        chance = random.Random(seed)
        disk, value = Disk(), None
        for life in range(6):
            begin = disk.tree()
            store = Store(DirectoryNvm(FOLDER, files=disk))
            assert store.load("a") == value, f"seed {seed}, life {life}"
            values = [value, *(chance.randbytes(chance.randrange(1200)) for _ in range(3))]
            ends = [len(disk.steps)]
            for each in values[1:]:
                store.save("a", each or b"")
                ends.append(len(disk.steps))
            done = chance.randrange(len(disk.steps) + 1)
            tree = wreck(_laid(begin).steps + disk.steps[:done], chance)
            after = Disk(tree)
            found = Store(DirectoryNvm(FOLDER, files=Disk(tree))).load("a")
            saved = sum(end <= done for end in ends) - 1
            assert found in values[max(saved, 0) : saved + 2], f"seed {seed}, life {life}, step {done}"
            disk, value = after, found


def _laid(tree: Tree) -> Disk:
    """A disk with files that are there for good."""
    disk = Disk()
    for name, data in tree.items():
        descriptor = disk.open(FOLDER / name, truncate=True)
        disk.write(descriptor, data, 0)
        disk.sync(descriptor)
    disk.sync_folder(FOLDER)
    return disk


def test_a_campaign_finds_a_memory_that_does_not_sync() -> None:
    """The same cases fail without syncs: the campaign can see what it looks for."""
    violations = 0
    for seed in range(20):
        flight = Flight(seed, 12, Unsynced())
        chance = random.Random(seed)
        for _ in range(20):
            done = chance.randrange(len(flight.disk.steps) + 1)
            try:
                flight.check(done, wreck(flight.disk.steps[:done], chance), "")
            except AssertionError:
                violations += 1
    assert violations > 100


# -------------------------------------------------------------------- disk full, read-only, unreadable


@pytest.fixture
def disk() -> Disk:
    """A disk with an entry of two generations."""
    made = Disk()
    store = Store(DirectoryNvm(FOLDER, files=made))
    store.save("a", b"old" * 100)
    store.save("a", b"new" * 100)
    return made


@pytest.mark.parametrize("room", [0, 1, 17, 200, 319])
def test_a_full_disk_is_named_and_ridden_out(disk: Disk, room: int) -> None:
    """The error names the cause, both generations stay, no room is taken for ever, and saving works again behind it."""
    store = Store(DirectoryNvm(FOLDER, files=disk))
    before = disk.tree()
    disk.room = room
    with pytest.raises(MemoryFailedError, match=r"blob 'a.0' cannot be written: No space left on device \(ENOSPC\)"):
        store.save("a", b"now" * 100)
    assert (disk.tree(), disk.room, store.state.failed) == (before, room, 1)
    disk.room = 320
    store.save("a", b"now" * 100)
    assert store.load("a") == b"now" * 100


def test_a_read_only_file_system_is_named_and_ridden_out(disk: Disk) -> None:
    """The store opens and loads, saving and deleting name the cause, and work again when the disk does."""
    disk.read_only = True
    store = Store(DirectoryNvm(FOLDER, files=disk))
    assert store.load("a") == b"new" * 100
    with pytest.raises(MemoryFailedError, match=r"cannot be written: Read-only file system \(EROFS\)"):
        store.save("a", b"now")
    with pytest.raises(MemoryFailedError, match=r"cannot be deleted: Read-only file system \(EROFS\)"):
        store.delete("a")
    assert store.load("a") == b"new" * 100
    disk.read_only = False
    store.save("a", b"now")
    assert store.load("a") == b"now"


def test_a_generation_that_cannot_be_read_is_as_good_as_corrupt(disk: Disk) -> None:
    """The older value is used, and the broken one counted."""
    disk.unreadable = ("a.1",)
    recalled = Store(DirectoryNvm(FOLDER, files=disk)).recall("a")
    assert (recalled.data, recalled.corrupt) == (b"old" * 100, 1)


def test_writes_that_take_a_little_at_a_time_are_gone_on_with(disk: Disk) -> None:
    """A write may take fewer octets than it was given."""
    disk.most_octets_per_write = 7
    store = Store(DirectoryNvm(FOLDER, files=disk))
    store.save("a", b"now" * 100)
    assert store.load("a") == b"now" * 100
