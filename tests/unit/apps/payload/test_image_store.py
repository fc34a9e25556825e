"""Whole files over a memory that takes them in chunks."""

from __future__ import annotations

import pytest

from apps.payload.image_store import ImageStore, UnreadableImageError
from flightsw.devices.errors import NoReplyError, RefusedError
from flightsw.devices.framing import Status
from flightsw.devices.mass_memory import MAX_CHUNK_OCTETS


class FakeMemory:
    """Files by number; the status, once set, refuses whatever is asked."""

    def __init__(self) -> None:
        self.files: dict[int, bytes] = {}
        self.refuses: Status | None = None
        self.longest = 0

    def size(self, file: int) -> int:
        """Octets of a file."""
        self._check(file)
        return len(self.files[file])

    def read(self, file: int, offset: int, octets: int) -> bytes:
        """A part of a file."""
        self._check(file)
        self.longest = max(self.longest, octets)
        return self.files[file][offset : offset + octets]

    def write(self, file: int, offset: int, data: bytes) -> None:
        """A part of a file, appended."""
        self.longest = max(self.longest, len(data))
        assert offset == len(self.files.setdefault(file, b""))
        self.files[file] += data

    def delete(self, file: int) -> None:
        """A file."""
        self._check(file)
        del self.files[file]

    def _check(self, file: int) -> None:
        if self.refuses is not None:
            raise RefusedError("memory", 1, self.refuses)
        if file not in self.files:
            raise RefusedError("memory", 1, Status.NOT_FOUND)


@pytest.mark.parametrize("octets", [0, 1, MAX_CHUNK_OCTETS, MAX_CHUNK_OCTETS + 1, 3 * MAX_CHUNK_OCTETS])
def test_files_of_any_size_come_back(octets: int) -> None:
    """What was written is read, in chunks that the memory takes."""
    memory = FakeMemory()
    store = ImageStore(memory)
    data = bytes(index % 251 for index in range(octets))
    store.write(5, data)
    memory.files.setdefault(5, b"")
    assert store.read(5, octets) == data
    assert memory.longest <= MAX_CHUNK_OCTETS


def test_an_image_beyond_the_bound_is_not_read() -> None:
    """One octet too many is refused, with file and reason."""
    memory = FakeMemory()
    memory.files[5] = bytes(101)
    with pytest.raises(UnreadableImageError, match="101 octets, at most 100 are allowed") as caught:
        ImageStore(memory).read(5, 100)
    assert caught.value.file == 5


@pytest.mark.parametrize("status", [Status.NOT_FOUND, Status.FAULT, Status.OUT_OF_RANGE])
def test_an_image_that_will_never_be_read_is_named(status: Status) -> None:
    """Gone or damaged is final."""
    memory = FakeMemory()
    memory.refuses = status
    with pytest.raises(UnreadableImageError, match=status.name):
        ImageStore(memory).read(5, 100)


def test_a_memory_that_cannot_now_may_be_asked_later() -> None:
    """Any other refusal is passed on as it is."""
    memory = FakeMemory()
    memory.refuses = Status.BUSY
    with pytest.raises(RefusedError):
        ImageStore(memory).read(5, 100)
    with pytest.raises(RefusedError):
        ImageStore(memory).delete(5)


def test_deleting_what_is_not_there_is_no_error() -> None:
    """A deletion asked for twice is done once."""
    memory = FakeMemory()
    memory.files[5] = b"x"
    ImageStore(memory).delete(5)
    ImageStore(memory).delete(5)
    assert memory.files == {}


def test_a_silent_memory_raises() -> None:
    """No reply is the caller's to count."""
    memory = FakeMemory()

    def silent(_: int) -> None:
        raise NoReplyError("memory", 6)

    memory.delete = silent  # type: ignore[method-assign]
    with pytest.raises(NoReplyError):
        ImageStore(memory).delete(5)
