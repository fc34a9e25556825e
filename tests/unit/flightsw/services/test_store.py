import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flightsw.errors import FlightSoftwareError
from flightsw.hal.ports import NonVolatileMemory
from flightsw.services.store import (
    EntryNameError,
    EntryTooLargeError,
    Recalled,
    Store,
    StoreError,
    StoreState,
    TooManyEntriesError,
)

MODEST = settings(max_examples=60, deadline=None)


class FakeMemory:
    """Non-volatile memory in a dictionary that records what is done to it."""

    def __init__(self, blobs: dict[str, bytes] | None = None) -> None:
        self.blobs = dict(blobs or {})
        self.log: list[tuple[str, bytes | None]] = []
        self.broken = False

    @property
    def capacity_octets(self) -> int:
        """Plenty."""
        return 1 << 20

    @property
    def used_octets(self) -> int:
        """Octets of all blobs."""
        return sum(map(len, self.blobs.values()))

    def read(self, name: str) -> bytes | None:
        """The blob, or None."""
        return self.blobs.get(name)

    def write(self, name: str, data: bytes) -> None:
        """Store a blob."""
        if self.broken:
            raise FlightSoftwareError("the memory is full")
        self.log.append((name, data))
        self.blobs[name] = data

    def delete(self, name: str) -> None:
        """Forget a blob."""
        self.log.append((name, None))
        self.blobs.pop(name, None)

    def names(self) -> list[str]:
        """All names."""
        return sorted(self.blobs)


def flipped(data: bytes, bit: int) -> bytes:
    """``data`` with one bit changed."""
    changed = bytearray(data)
    changed[bit // 8] ^= 0x80 >> bit % 8
    return bytes(changed)


@pytest.fixture
def memory() -> FakeMemory:
    """An empty memory."""
    return FakeMemory()


@pytest.fixture
def store(memory: FakeMemory) -> Store:
    """A store on it."""
    return Store(memory)


def test_the_fake_is_a_memory(memory: FakeMemory) -> None:
    """What the tests use has the port's methods."""
    port: NonVolatileMemory = memory
    assert port.capacity_octets > port.used_octets == 0


@pytest.mark.parametrize("data", [b"", b"x", b"\0" * 1000, bytes(range(256))])
def test_what_is_saved_is_loaded(store: Store, data: bytes) -> None:
    """A value comes back as it was saved, the empty one as well."""
    store.save("thermal", data)
    assert store.load("thermal") == data
    assert store.state == StoreState(saved=1, loaded=1)


def test_what_was_never_saved_is_none(store: Store) -> None:
    """An unknown entry is None and no loss."""
    assert store.load("thermal") is None
    assert store.state == StoreState()


def test_generations_alternate(store: Store, memory: FakeMemory) -> None:
    """A value never overwrites the one before it."""
    for value in (b"1", b"2", b"3", b"4"):
        store.save("thermal", value)
    assert [name for name, _ in memory.log] == ["thermal.0", "thermal.1", "thermal.0", "thermal.1"]
    assert store.load("thermal") == b"4"


def test_another_store_on_the_same_memory_finds_everything(store: Store, memory: FakeMemory) -> None:
    """The store keeps nothing of its own: after a restart the entries are there."""
    store.save("a", b"old")
    store.save("a", b"new")
    store.save("b", b"other")
    after = Store(memory)
    assert (after.load("a"), after.load("b"), after.names()) == (b"new", b"other", ["a", "b"])
    after.save("a", b"newest")
    assert store.load("a") == b"newest"


def test_every_single_bit_error_gives_the_older_value(store: Store, memory: FakeMemory) -> None:
    """One flipped bit anywhere in the newest generation is found and counted, and the older value is used."""
    store.save("a", b"old value")
    store.save("a", b"new value")
    newest = memory.blobs["a.1"]
    for bit in range(8 * len(newest)):
        memory.blobs["a.1"] = flipped(newest, bit)
        assert store.load("a") == b"old value"
        assert store.state.corrupt == bit + 1
    assert store.state.lost == 0


def test_a_corrupt_older_generation_does_no_harm(store: Store, memory: FakeMemory) -> None:
    """The newest value is used, the corrupt one counted and replaced by the next save."""
    store.save("a", b"old value")
    store.save("a", b"new value")
    memory.blobs["a.0"] = b"garbage"
    assert store.load("a") == b"new value"
    store.save("a", b"third value")
    assert memory.log[-1][0] == "a.0"
    assert store.state.corrupt == 2
    assert store.load("a") == b"third value"
    assert store.state.corrupt == 2


def test_two_corrupt_generations_are_none_and_a_loss(store: Store, memory: FakeMemory) -> None:
    """With no good generation left the answer is None, counted as lost; saving works again at once."""
    store.save("a", b"old value")
    store.save("a", b"new value")
    memory.blobs["a.0"], memory.blobs["a.1"] = b"", memory.blobs["a.1"][:-1]
    assert store.load("a") is None
    assert (store.state.corrupt, store.state.lost) == (2, 1)
    store.save("a", b"again")
    assert store.load("a") == b"again"


def test_a_generation_under_another_name_is_corrupt(store: Store, memory: FakeMemory) -> None:
    """A good generation of one entry is never taken for a value of another."""
    store.save("a", b"mine")
    memory.blobs["b.0"] = memory.blobs["a.0"]
    assert store.load("b") is None
    assert store.state.corrupt == 1


def test_the_generation_counter_wraps(store: Store, memory: FakeMemory) -> None:
    """Behind generation 2^32 - 1 comes generation 0, which is the newer one."""
    for name, number, value in (("a.0", 2**32 - 2, b"second last"), ("a.1", 2**32 - 1, b"last")):
        fake = FakeMemory()
        maker = Store(fake)
        maker.save("a", value)
        memory.blobs[name] = _renumbered(number, value)
    assert store.load("a") == b"last"
    store.save("a", b"first again")
    assert memory.log[-1][0] == "a.0"
    assert store.load("a") == b"first again"
    store.save("a", b"second again")
    assert store.load("a") == b"second again"


def _renumbered(number: int, value: bytes) -> bytes:
    """A generation as the format says it: magic, version, spare, number, length, CRC-32 over name, header and data."""
    header = b"FSNV\x01\0\0\0" + number.to_bytes(4, "big") + len(value).to_bytes(4, "big")
    return header + zlib.crc32(b"a" + header + value).to_bytes(4, "big") + value


def test_another_version_is_not_read(store: Store, memory: FakeMemory) -> None:
    """A format that is not known is not guessed at, even with a matching CRC."""
    header = b"FSNV\x02\0\0\0" + bytes(8)
    memory.blobs["a.0"] = header + zlib.crc32(b"a" + header).to_bytes(4, "big")
    assert store.load("a") is None
    assert store.state.corrupt == 1


@pytest.mark.parametrize("name", ["", ".a", "a/b", "ä", "a b", "a" * 63, "a\n"])
def test_bad_names_are_refused(store: Store, memory: FakeMemory, name: str) -> None:
    """A name that the memory could not carry is refused by every function; nothing is written."""
    with pytest.raises(EntryNameError, match="allowed are 1 to 62"):
        store.save(name, b"")
    with pytest.raises(EntryNameError):
        store.save_twice(name, b"")
    with pytest.raises(EntryNameError):
        store.load(name)
    with pytest.raises(EntryNameError):
        store.delete(name)
    assert memory.log == []
    assert store.state.refused == 2


@pytest.mark.parametrize("name", ["a", "checkpoint.thermal", "0", "a.0", "a.1", "_-", "Z" * 62])
def test_good_names_do_not_meet(store: Store, name: str) -> None:
    """Any allowed name is an entry of its own, also one that looks like a generation of another."""
    for other in ("a", "a.0", "a.1", "checkpoint.thermal"):
        store.save(other, other.encode())
    store.save(name, b"value")
    assert store.load(name) == b"value"
    for other in ("a", "a.0", "a.1", "checkpoint.thermal"):
        if other != name:
            assert store.load(other) == other.encode()
    assert name in store.names()


def test_the_size_of_an_entry_is_bounded(memory: FakeMemory) -> None:
    """The largest entry is stored, one octet more is refused with both numbers, and the old value stays."""
    store = Store(memory, max_entry_octets=10)
    store.save("a", bytes(10))
    with pytest.raises(EntryTooLargeError, match="'a' has 11 octets, at most 10 are allowed") as caught:
        store.save("a", bytes(11))
    assert (caught.value.octets, caught.value.most) == (11, 10)
    assert store.load("a") == bytes(10)
    assert store.state.refused == 1


def test_the_number_of_entries_is_bounded(memory: FakeMemory) -> None:
    """One entry too many is refused; those that are there can be saved; deleting one makes room."""
    store = Store(memory, max_entries=2)
    store.save("a", b"")
    store.save("b", b"")
    with pytest.raises(TooManyEntriesError, match="'c': the store holds 2 already"):
        store.save("c", b"")
    store.save("b", b"more")
    store.delete("a")
    store.save("c", b"")
    assert store.names() == ["b", "c"]


def test_the_memory_may_hold_other_things(store: Store, memory: FakeMemory) -> None:
    """Blobs that are no generations are left alone and are no entries."""
    memory.blobs |= {"boot.counter": b"5", "a.2": b"x", ".0": b"y"}
    store.save("a", b"1")
    assert store.names() == ["a"]
    store.delete("a")
    assert memory.blobs == {"boot.counter": b"5", "a.2": b"x", ".0": b"y"}


def test_a_memory_that_refuses_leaves_the_last_value(store: Store, memory: FakeMemory) -> None:
    """The memory's own error comes through, and the last good value is still there."""
    store.save("a", b"good")
    memory.broken = True
    with pytest.raises(FlightSoftwareError, match="full"):
        store.save("a", b"never")
    assert store.load("a") == b"good"
    assert store.state.saved == 1


def test_errors_have_one_base() -> None:
    """A caller can catch whatever the store refuses."""
    assert issubclass(StoreError, FlightSoftwareError)
    assert all(issubclass(error, StoreError) for error in (EntryNameError, EntryTooLargeError, TooManyEntriesError))


def test_deleting_what_is_not_there_is_harmless(store: Store) -> None:
    """Deleting twice is as good as once."""
    store.delete("a")
    assert store.names() == []


# ------------------------------------------------------------------ loss of power


def cuts(before: bytes | None, data: bytes | None) -> Iterator[bytes | None]:
    """What a blob may look like when power is lost while it is written or deleted.

    Three memories: one that writes or deletes whole or not at all, one that truncates and then appends, and one that
    overwrites in place, where the rest of the older blob follows the octets written so far.
    """
    yield before
    yield data
    if data is not None:
        for count in range(len(data)):
            yield data[:count]
            yield data[:count] + (before or b"")[count:]


@pytest.mark.parametrize("lengths", [(5, 5, 5, 5, 5), (40, 3, 40, 0, 17), (0, 60, 1, 2, 3)])
def test_a_power_cut_at_any_octet_never_gives_a_wrong_value(lengths: tuple[int, ...]) -> None:
    """After a cut anywhere in a sequence of saves, the entry loads as the value before or after the cut save."""
    values = [bytes([65 + index]) * length for index, length in enumerate(lengths)]
    memory = FakeMemory()
    store = Store(memory)
    store.save("other", b"unharmed")
    allowed: list[bytes | None] = [None]
    for value in values:
        blobs = dict(memory.blobs)
        store.save("a", value)
        name, data = memory.log[-1]
        for remains in cuts(blobs.get(name), data):
            torn = FakeMemory(blobs)
            if remains is not None:
                torn.blobs[name] = remains
            after = Store(torn)
            loaded = after.load("a")
            assert loaded in (allowed[-1], value)
            assert loaded == value or remains != data
            assert after.load("other") == b"unharmed"
            after.save("a", b"next")
            assert after.load("a") == b"next"
        allowed.append(value)


@pytest.mark.parametrize("before", [0, 1, 2, 3])
def test_a_value_saved_twice_survives_damage_to_either_generation(before: int) -> None:
    """Whatever was there before, even a damaged generation: no older value comes back, and the next save is found."""
    for damaged_before in ("none", "a.0", "a.1"):
        for damaged_behind in ("a.0", "a.1"):
            memory = FakeMemory()
            store = Store(memory)
            for value in range(before):
                store.save("a", bytes([value]))
            if damaged_before in memory.blobs:
                memory.blobs[damaged_before] = b"garbage"
            store.save_twice("a", b"twice")
            memory.blobs[damaged_behind] = flipped(memory.blobs[damaged_behind], 7)
            assert store.load("a") == b"twice"
            store.save_twice("a", b"again")
            del memory.blobs[damaged_behind]
            assert store.load("a") == b"again"
            store.save("a", b"once")
            assert store.load("a") == b"once"


@pytest.mark.parametrize("damaged", ["a.0", "a.1"])
def test_a_place_that_keeps_nothing_brings_no_older_value_back(damaged: str) -> None:
    """One place of the memory loses, without a word, whatever is written there; each value is found in the other."""
    memory = FakeMemory()
    store = Store(memory)
    for value in range(5):
        store.save_twice("a", bytes([value]))
        memory.blobs[damaged] = b"garbage"
        assert store.load("a") == bytes([value])


@pytest.mark.parametrize("lengths", [(5, 5, 5), (40, 3, 17), (0, 60, 1)])
def test_a_power_cut_while_saving_twice_never_gives_a_wrong_value(lengths: tuple[int, ...]) -> None:
    """After a cut at any octet of either write, the entry loads as the value before or after."""
    memory = FakeMemory()
    store, before = Store(memory), None
    for value in [bytes([65 + index]) * length for index, length in enumerate(lengths)]:
        blobs, start = dict(memory.blobs), len(memory.log)
        store.save_twice("a", value)
        for name, data in memory.log[start:]:
            for remains in cuts(blobs.get(name), data):
                torn = FakeMemory(blobs)
                if remains is not None:
                    torn.blobs[name] = remains
                assert Store(torn).load("a") in (before, value)
            assert data is not None
            blobs[name] = data
        assert len(memory.log) == start + 2
        before = value


@pytest.mark.parametrize("saves", [1, 2, 3])
def test_a_power_cut_while_deleting_never_brings_an_older_value_back(saves: int) -> None:
    """Between the two deletions the entry loads as its last value, after them as None."""
    memory = FakeMemory()
    store = Store(memory)
    for value in range(saves):
        store.save("a", bytes([value]))
    blobs, start = dict(memory.blobs), len(memory.log)
    store.delete("a")
    assert store.load("a") is None
    steps = memory.log[start:]
    for done in range(len(steps)):
        cut = FakeMemory(blobs)
        for name, _ in steps[:done]:
            cut.delete(name)
        assert Store(cut).load("a") in (bytes([saves - 1]), None)


@MODEST
@given(old=st.binary(max_size=40), new=st.binary(max_size=40), count=st.integers(0, 59), older=st.binary(max_size=40))
def test_a_torn_overwrite_of_any_values_is_found(old: bytes, new: bytes, count: int, older: bytes) -> None:
    """Whatever the values, a mixture of an older and a newer generation is never handed out."""
    memory = FakeMemory()
    store = Store(memory)
    for value in (older, old):
        store.save("a", value)
    before = memory.blobs["a.0"]
    store.save("a", new)
    data = memory.blobs["a.0"]
    memory.blobs["a.0"] = data[:count] + before[count:]
    assert store.load("a") in (old, new)


class StoreRules(RuleBasedStateMachine):
    """The store behaves as a dictionary, over restarts, cut writes and corruption of older generations."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = FakeMemory()
        self.store = Store(self.memory, max_entries=3)
        self.model: dict[str, bytes] = {}

    @rule(name=st.sampled_from("abcd"), data=st.binary(max_size=20))
    def save(self, name: str, data: bytes) -> None:
        """An app saves."""
        if name not in self.store.names() and len(self.store.names()) == 3:
            with pytest.raises(TooManyEntriesError):
                self.store.save(name, data)
            return
        self.store.save(name, data)
        self.model[name] = data

    @rule(name=st.sampled_from("abcd"), data=st.binary(max_size=20), count=st.integers(0, 39))
    def save_is_cut(self, name: str, data: bytes, count: int) -> None:
        """Power is lost while an app saves what it has saved before."""
        if name not in self.model:
            return
        before = dict(self.memory.blobs)
        self.store.save(name, data)
        slot, written = self.memory.log[-1]
        assert written is not None
        if count < len(written):
            self.memory.blobs = before | {slot: written[:count]}
        else:
            self.model[name] = data
        self.restart()

    @rule(name=st.sampled_from("abcd"))
    def delete(self, name: str) -> None:
        """An entry is deleted."""
        self.store.delete(name)
        self.model.pop(name, None)

    @rule()
    def restart(self) -> None:
        """The processor starts again."""
        self.store = Store(self.memory, max_entries=3)

    @invariant()
    def loads_what_was_saved(self) -> None:
        """Each entry has its last value."""
        for name in "abcd":
            assert self.store.load(name) == self.model.get(name)
        assert self.store.names() == sorted(self.model)


TestStoreRules = StoreRules.TestCase
TestStoreRules.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)


def test_what_was_recalled_says_how_many_copies_there_are() -> None:
    """Two behind saving twice; one behind a power cut at the first write, behind damage, and behind saving once."""
    memory = FakeMemory()
    store = Store(memory)
    assert store.recall("a") == Recalled(None, 0, 0)
    store.save_twice("a", b"value")
    assert store.recall("a") == Recalled(b"value", 0, 2)
    second = memory.blobs.pop("a.1")
    assert store.recall("a") == Recalled(b"value", 0, 1)
    memory.blobs["a.1"] = flipped(second, 7)
    assert store.recall("a") == Recalled(b"value", 1, 1)
    memory.blobs["a.1"] = second
    store.save("a", b"newer")
    assert store.recall("a") == Recalled(b"newer", 0, 1)
