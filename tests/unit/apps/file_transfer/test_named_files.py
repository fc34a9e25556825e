from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from apps.file_transfer import name_table
from apps.file_transfer.device_files import DeviceFiles
from apps.file_transfer.limits import NumberedDirectory, TransferLimits
from apps.file_transfer.name_table import FIRST_FILE, NameTableState
from apps.file_transfer.named_files import NamedFiles
from bus_sim.endpoints.mass_memory import MassMemoryEndpoint
from bus_sim.equipment.mass_memory import MassMemory as MemoryModel
from bus_sim.equipment.mass_memory import MassMemoryParameters
from flightsw.devices.mass_memory import MassMemory
from flightsw.hal.sim import SimUart
from tlm_cmd.cfdp.errors import FilestoreError
from tlm_cmd.cfdp.filestore import DirectoryEntry, MemoryFilestore

LIMITS = TransferLimits(
    pdus_per_s=60,
    transactions=8,
    remembered=8,
    parts=8,
    files=6,
    directories=3,
    file_octets=100_000,
    capacity_octets=150_000,
    gap_octets=50_000,
    listing_octets=1000,
    memory_attempts=3,
    memory_retry_s=1,
    initial=("uploads",),
    numbered=(NumberedDirectory("products", ".mask", 0x8000_0000, 0x8000_FFFF),),
)


class Memory:
    """A mass memory behind a wire, and the files in it."""

    def __init__(self, capacity_octets: int = 1_000_000, most_files: int = 100) -> None:
        self.model = MemoryModel(MassMemoryParameters(capacity_octets, most_files, 0.0))
        self.model.state.powered = True
        self.end = MassMemoryEndpoint(self.model)
        self.silent = False
        self.requests = 0
        self.state = NameTableState()
        self.files = self.make()

    def make(self) -> NamedFiles:
        """Files over what is remembered."""
        files = NamedFiles(DeviceFiles(MassMemory(SimUart(self))), self.state, LIMITS)
        files.make_initial_directories()
        return files

    def receive(self, data: bytes) -> bytes:
        """The memory's end of its wire."""
        self.requests += 1
        return b"" if self.silent else self.end.receive(data)

    def put(self, name: str, content: bytes) -> None:
        """Make a file."""
        self.files.create(name)
        self.files.write(name, 0, content)

    def get(self, name: str) -> bytes | None:
        """The whole of a file."""
        size = self.files.size(name)
        return None if size is None else self.files.read(name, 0, size)

    def contents(self) -> list[bytes]:
        """What the memory holds, once it was cleaned."""
        self.files.clean()
        return [bytes(content) for content in self.model.state.files.values()]


@pytest.fixture
def memory() -> Memory:
    """An empty memory."""
    return Memory()


def test_parts_in_any_order(memory: Memory) -> None:
    """Parts of a file that come in any order, over gaps, make up the file in a memory that only grows at ends."""
    content = random.Random(1).randbytes(90_000)
    starts = list(range(0, 90_000, 1700))
    random.Random(2).shuffle(starts)
    starts.sort(key=lambda start: start > 40_000)
    memory.files.create("uploads/a")
    for start in starts:
        memory.files.write("uploads/a", start, content[start : start + 1700])
    assert memory.get("uploads/a") == content
    assert memory.contents() == [content]


def test_a_gap_has_a_bound(memory: Memory) -> None:
    """Zeros are written up to a part, but not without end at once, and no file grows beyond the bounds."""
    memory.files.create("uploads/a")
    for offset, reason in ((50_001, "behind the end"), (99_999, "longer than 100000"), (2**40, "longer than")):
        with pytest.raises(FilestoreError, match=reason):
            memory.files.write("uploads/a", offset, b"12")
    memory.files.write("uploads/a", 50_000, b"1")
    assert memory.get("uploads/a") == bytes(50_000) + b"1"
    memory.put("uploads/b", bytes(99_000))
    with pytest.raises(FilestoreError, match="in all"):
        memory.files.write("uploads/b", 99_000, bytes(1000))


def test_numbered_files_are_read_only(memory: Memory) -> None:
    """Files that others have written have names and can be read; nothing can be done to them, or put beside them."""
    memory.model.write(0x8000_0007, b"mask")
    memory.model.write(0x8001_0000, b"beyond")
    assert memory.get("products/00007.mask") == b"mask"
    assert memory.files.list_directory("products") == [DirectoryEntry("00007.mask", 4)]
    for name in ("products/7.mask", "products/00007", "products/65536.mask", "products/x.mask", "products/.mask"):
        assert memory.files.size(name) is None
    memory.put("uploads/a", b"1")
    for refused in (
        lambda: memory.files.delete("products/00007.mask"),
        lambda: memory.files.write("products/00007.mask", 0, b"1"),
        lambda: memory.files.create("products/00008.mask"),
        lambda: memory.files.rename("uploads/a", "products/00007.mask"),
        lambda: memory.files.rename("products/00007.mask", "uploads/b"),
        lambda: memory.files.make_directory("products/new"),
        lambda: memory.files.remove_directory("products"),
    ):
        with pytest.raises(FilestoreError):
            refused()
    assert memory.model.state.files[0x8000_0007] == b"mask"


def test_bounds(memory: Memory) -> None:
    """Files, directories and names have bounds, each refused by its name."""
    for number in range(6):
        memory.put(f"uploads/{number}", b"")
    with pytest.raises(FilestoreError, match="6 files"):
        memory.files.create("uploads/7")
    memory.put("uploads/5", b"again")
    for number in range(2):
        memory.files.make_directory(f"d{number}")
    with pytest.raises(FilestoreError, match="3 are as many"):
        memory.files.make_directory("d3")
    with pytest.raises(FilestoreError, match="longer than 64 octets"):
        memory.files.size("n" * 65)
    with pytest.raises(FilestoreError, match="leads out"):
        memory.files.read("../etc/passwd", 0, 1)
    assert memory.files.refusals.reason.startswith("leads out")


def test_a_full_memory(memory: Memory) -> None:
    """A memory without room is no passing trouble; what was there stays as it was."""
    memory = Memory(capacity_octets=1000)
    memory.put("uploads/a", bytes(900))
    with pytest.raises(FilestoreError, match="mass memory: full"):
        memory.files.write("uploads/a", 900, bytes(101))
    assert not memory.files.refusals.passing
    assert memory.get("uploads/a") == bytes(900)


def test_a_silent_memory_is_not_asked_for_ever(memory: Memory) -> None:
    """The first request in vain holds back all others until somebody lets them through again."""
    memory.put("uploads/a", b"content")
    memory.silent = True
    with pytest.raises(FilestoreError, match="no answer"):
        memory.files.read("uploads/a", 0, 7)
    requests = memory.requests
    for refused in (
        lambda: memory.files.read("uploads/a", 0, 7),
        lambda: memory.files.size("uploads/a"),
        lambda: memory.files.write("uploads/a", 0, b"1"),
        lambda: memory.files.create("uploads/b"),
        lambda: memory.files.list_directory("products"),
        lambda: memory.files.append("uploads/a", "uploads/a"),
        lambda: memory.files.replace("uploads/a", "uploads/a"),
    ):
        memory.files.refusals.passing = False
        with pytest.raises(FilestoreError, match="a moment ago"):
            refused()
        assert memory.files.refusals.passing
    assert memory.requests == requests
    memory.silent, memory.files.refusals.holding = False, False
    assert memory.get("uploads/a") == b"content"


@pytest.mark.parametrize("operation", ["size", "list", "create", "write", "replace"])
def test_each_request_may_fail(memory: Memory, operation: str) -> None:
    """Whatever the memory does not do is refused, and changes nothing."""
    memory.put("uploads/a", b"content")
    memory.put("uploads/b", b"other")
    before = msgspec.msgpack.encode(memory.state.files)
    memory.silent = True
    operations = {
        "size": lambda: memory.files.size("uploads/a"),
        "list": lambda: memory.files.list_directory("products"),
        "create": lambda: memory.files.create("uploads/a"),
        "write": lambda: memory.files.write("uploads/a", 3, b"1234567"),
        "replace": lambda: memory.files.replace("uploads/a", "uploads/b"),
    }
    with pytest.raises(FilestoreError):
        operations[operation]()
    assert memory.files.refusals.passing
    assert msgspec.msgpack.encode(memory.state.files) == before


def test_what_is_not_needed_is_deleted_later(memory: Memory) -> None:
    """A file that was replaced or deleted goes when somebody says that the names are stored, and not before."""
    memory.put("uploads/a", b"1")
    memory.put("partial", b"2")
    memory.files.rename("partial", "uploads/a")
    assert len(memory.model.state.files) == 2
    memory.silent = True
    assert memory.files.clean() == 1
    memory.silent = False
    assert memory.files.clean() == 0
    assert memory.contents() == [b"2"]
    assert memory.state.doomed == []


def test_an_older_memory_of_names_finds_no_other_file(memory: Memory) -> None:
    """After a restart with older names a name never stands for what was written later under its number."""
    memory.put("uploads/a", b"old")
    older = msgspec.msgpack.decode(msgspec.msgpack.encode(memory.state), type=NameTableState)
    memory.files.delete("uploads/a")
    memory.files.clean()
    memory.put("uploads/b", b"new")
    memory.state = older
    memory.files = memory.make()
    assert memory.files.size("uploads/a") is None
    memory.put("uploads/c", b"newest")
    assert memory.get("uploads/c") == b"newest"


def test_numbers_come_round(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """When all numbers were used they begin again, without those that are taken."""
    monkeypatch.setattr(name_table, "FILE_NUMBERS", 3)
    memory.put("uploads/a", b"a")
    for content in (b"1", b"2", b"3"):
        memory.put("uploads/b", content)
        memory.files.clean()
    assert sorted(memory.model.state.files) == sorted(file.number for file in memory.state.files.values())
    assert (memory.get("uploads/a"), memory.get("uploads/b")) == (b"a", b"3")
    assert memory.state.files["uploads/a"].number == FIRST_FILE


NAMES = st.sampled_from(["a", "b", "d/a", "d/b", "d", "e", "none/a"])


class TwoFilestores(RuleBasedStateMachine):
    """The filestore over the mass memory does what one in memory does, refusals included."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = Memory()
        limits = msgspec.structs.replace(LIMITS, files=100, directories=50, initial=(), numbered=())
        self.memory.state.directories.clear()
        self.memory.files.names.limits = limits
        self.model = MemoryFilestore()

    def both(self, operation: str, *arguments: object) -> None:
        """Do it with both; they must agree whether it can be done, and on what comes of it."""
        results = []
        for filestore in (self.memory.files, self.model):
            try:
                results.append(getattr(filestore, operation)(*arguments))
            except FilestoreError:
                results.append("refused")
        assert results[0] == results[1], (operation, arguments)

    @rule(name=NAMES)
    def create(self, name: str) -> None:
        """Make a file."""
        self.both("create", name)

    @rule(name=NAMES, offset=st.integers(0, 60), data=st.binary(max_size=40))
    def write(self, name: str, offset: int, data: bytes) -> None:
        """Write a part."""
        self.both("write", name, offset, data)

    @rule(operation=st.sampled_from(["rename", "append", "replace"]), name=NAMES, other=NAMES)
    def two_names(self, operation: str, name: str, other: str) -> None:
        """Do something with two files."""
        if name != other or operation != "append":
            self.both(operation, name, other)

    @rule(operation=st.sampled_from(["delete", "make_directory", "remove_directory", "list_directory"]), name=NAMES)
    def one_name(self, operation: str, name: str) -> None:
        """Do something with one name."""
        self.both(operation, name)

    @rule()
    def clean(self) -> None:
        """Delete what is not needed."""
        assert self.memory.files.clean() == 0
        assert len(self.memory.model.state.files) == len(self.model.files)

    @invariant()
    def same(self) -> None:
        """All files are the same in both."""
        assert {name: self.memory.get(name) for name in self.memory.state.files} == {
            name: bytes(content) for name, content in self.model.files.items()
        }


TestTwoFilestores = TwoFilestores.TestCase
TestTwoFilestores.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
