import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bus_sim.equipment.mass_memory import FileEntry, MassMemory, MassMemoryParameters, MemoryReply

PARAMETERS = MassMemoryParameters(capacity_octets=100, most_files=4, power_w=0.5)


@pytest.fixture
def memory() -> MassMemory:
    """A small memory with power."""
    memory = MassMemory(PARAMETERS)
    memory.set_power(on=True)
    return memory


def test_what_is_written_is_read(memory: MassMemory) -> None:
    """Whole, in part, at the end and past it."""
    assert memory.write(7, b"0123456789") is MemoryReply.ACCEPTED
    assert memory.read(7) == b"0123456789"
    assert memory.read(7, 2, 3) == b"234"
    assert memory.read(7, 8, 100) == b"89"
    assert memory.read(7, 10) == b""
    assert memory.read(7, 11) is MemoryReply.OUT_OF_RANGE
    assert memory.read(7, 0, -1) is MemoryReply.OUT_OF_RANGE
    assert memory.read(8) is MemoryReply.NO_SUCH_FILE
    assert (memory.size(7), memory.size(8)) == (10, None)


def test_files_grow_in_pieces(memory: MassMemory) -> None:
    """Offset 0 creates, the end appends, the middle overwrites, and holes are refused."""
    assert memory.write_at(1, 3, b"x") is MemoryReply.NO_SUCH_FILE
    assert memory.write_at(1, 0, b"abc") is MemoryReply.ACCEPTED
    assert memory.write_at(1, 3, b"def") is MemoryReply.ACCEPTED
    assert memory.write_at(1, 2, b"XY") is MemoryReply.ACCEPTED
    assert memory.write_at(1, 5, b"12345") is MemoryReply.ACCEPTED
    assert memory.write_at(1, 11, b"x") is MemoryReply.OUT_OF_RANGE
    assert memory.write_at(1, -1, b"x") is MemoryReply.OUT_OF_RANGE
    assert memory.read(1) == b"abXYe12345"
    assert memory.state.used_octets == 10


def test_a_full_memory_refuses_and_keeps_what_it_has(memory: MassMemory) -> None:
    """Octets and number of files are bounded; a file that does not fit leaves its predecessor in place."""
    memory.write(1, bytes(60))
    assert memory.write(2, bytes(41)) is MemoryReply.FULL
    assert memory.write_at(1, 60, bytes(41)) is MemoryReply.FULL
    assert memory.write(1, bytes(101)) is MemoryReply.FULL
    assert memory.read(1) == bytes(60)
    assert memory.write(1, bytes(100)) is MemoryReply.ACCEPTED
    memory.write(1, b"")
    for file_id in (2, 3, 4):
        memory.write(file_id, b"")
    assert memory.write(5, b"") is MemoryReply.FULL
    assert memory.state.refused_full == 4


def test_deleting_frees_room(memory: MassMemory) -> None:
    """What is deleted is gone once."""
    memory.write(1, bytes(100))
    assert memory.delete(1) is MemoryReply.ACCEPTED
    assert memory.delete(1) is MemoryReply.NO_SUCH_FILE
    assert (memory.free_octets(), memory.state.deletes, memory.state.refused_other) == (100, 1, 1)


def test_the_directory_is_in_order(memory: MassMemory) -> None:
    """Files are listed by rising number with their size."""
    for file_id in (9, 2, 5):
        memory.write(file_id, bytes(file_id))
    assert memory.directory() == (FileEntry(2, 2), FileEntry(5, 5), FileEntry(9, 9))


@pytest.mark.parametrize("file_id", [-1, 2**32])
def test_numbers_have_32_bits(memory: MassMemory, file_id: int) -> None:
    """Other numbers are refused."""
    assert memory.write(file_id, b"x") is MemoryReply.BAD_ARGUMENT


def test_contents_survive_a_power_cut(memory: MassMemory) -> None:
    """Without power nothing answers; with power again everything is there."""
    memory.write(1, b"abc")
    memory.set_power(on=False)
    assert (memory.demand_w(), memory.directory(), memory.size(1)) == (0.0, (), None)
    replies = [memory.write(2, b""), memory.write_at(1, 0, b""), memory.read(1), memory.delete(1)]
    assert replies == [MemoryReply.UNPOWERED] * 4
    memory.set_power(on=True)
    assert (memory.demand_w(), memory.read(1)) == (0.5, b"abc")


class MemoryRules(RuleBasedStateMachine):
    """The memory behaves as a dictionary that refuses what does not fit."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = MassMemory(PARAMETERS)
        self.memory.set_power(on=True)
        self.model: dict[int, bytes] = {}

    @rule(file_id=st.integers(0, 6), contents=st.binary(max_size=60))
    def write(self, file_id: int, contents: bytes) -> None:
        """Store a whole file."""
        if self.memory.write(file_id, contents) is MemoryReply.ACCEPTED:
            self.model[file_id] = contents

    @rule(file_id=st.integers(0, 6), offset=st.integers(0, 60), contents=st.binary(max_size=30))
    def write_at(self, file_id: int, offset: int, contents: bytes) -> None:
        """Store a piece."""
        if self.memory.write_at(file_id, offset, contents) is MemoryReply.ACCEPTED:
            old = self.model.get(file_id, b"")
            self.model[file_id] = old[:offset] + contents + old[offset + len(contents) :]

    @rule(file_id=st.integers(0, 6))
    def delete(self, file_id: int) -> None:
        """Remove a file."""
        accepted = self.memory.delete(file_id) is MemoryReply.ACCEPTED
        assert accepted == (self.model.pop(file_id, None) is not None)

    @invariant()
    def nothing_is_lost_or_overfull(self) -> None:
        """Contents and used space are the model's, within the bounds."""
        assert {entry.file_id: self.memory.read(entry.file_id) for entry in self.memory.directory()} == self.model
        used = sum(len(contents) for contents in self.model.values())
        assert self.memory.state.used_octets == used <= PARAMETERS.capacity_octets
        assert len(self.model) <= PARAMETERS.most_files


TestMemoryRules = MemoryRules.TestCase
TestMemoryRules.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
