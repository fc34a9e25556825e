"""The note of used keys: it only grows, up to its bound, and outlives whatever refuses it for a while."""

from __future__ import annotations

import pytest

from flightsw.hal.errors import MemoryFullError
from flightsw.hal.sim import MemoryNvm
from flightsw.services.key_note import MAX_NOTED_KEYS, KeyNote, KeyNoteState
from flightsw.services.key_safe import MemoryKeySafe
from tlm_cmd.sdls.key_ring import KeyRing
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

RING = derive_simulation_keys(1, [1], [128, 129])


def check_values(ring: KeyRing) -> list[str]:
    """Of all its keys."""
    return [each.secret.check_value for each in ring.entries if each.secret is not None]


@pytest.fixture
def keys() -> MemoryKeySafe:
    """Keys that nobody has used."""
    return MemoryKeySafe(RING)


def test_a_note_only_grows(keys: MemoryKeySafe) -> None:
    """Who knows other keys now adds them to those that were noted before; it is written only if there are new ones."""
    _, first, second = check_values(RING)
    KeyNote(keys, "up").add([first])
    note = KeyNote(keys, "up")
    note.add([first])
    assert note.state == KeyNoteState()
    note.add([second])
    note.add([second])
    assert note.state == KeyNoteState(written=1)
    assert keys.uses().load("up") == f"{first}\n{second}".encode()


def test_lost_keys_are_present_noted_and_not_known(keys: MemoryKeySafe) -> None:
    """By their numbers; keys of another part, and keys that are there no more, do not matter."""
    master, first, second = check_values(RING)
    KeyNote(keys, "up").add([first, second, "0123456789abcdef"])
    KeyNote(keys, "down").add([master])
    note = KeyNote(keys, "up")
    assert note.lost_keys(RING, ()) == [128, 129]
    assert note.lost_keys(RING, [second]) == [128]
    assert note.lost_keys(RING, [first, second]) == []


def test_at_its_bound_a_note_drops_the_oldest(keys: MemoryKeySafe) -> None:
    """And counts them."""
    many = [f"{each:016x}" for each in range(MAX_NOTED_KEYS)]
    note = KeyNote(keys, "up")
    note.add(many)
    assert note.state.dropped == 0
    note.add(["a" * 16, "b" * 16])
    assert note.state.dropped == 2
    assert (keys.uses().load("up") or b"").split(b"\n") == [each.encode() for each in [*many[2:], "a" * 16, "b" * 16]]


def test_what_could_not_be_written_is_tried_again(keys: MemoryKeySafe, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is counted, and said for as long as it lasts; a second copy that is missing counts as well."""
    write = MemoryNvm.write

    def first_copy_only(self: MemoryNvm, name: str, data: bytes) -> None:
        if name.endswith(".1"):
            raise MemoryFullError(name, len(data), 0)
        write(self, name, data)

    note = KeyNote(keys, "up")
    with monkeypatch.context() as patch:
        patch.setattr(MemoryNvm, "write", first_copy_only)
        note.add(["a"])
        note.add(["a"])
    assert note.state == KeyNoteState(failed=2)
    assert note.problem.startswith("note 'up' in memory: ")
    note.add(["a"])
    assert note.state == KeyNoteState(written=1, failed=2)
    assert not note.problem
    assert keys.uses().recall("up").copies == 2


def test_a_note_that_can_be_read_again_loses_nothing(keys: MemoryKeySafe, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was noted before the memory failed for a while is still there behind the next key."""
    KeyNote(keys, "up").add(["a"])
    with monkeypatch.context() as patch:
        patch.setattr(MemoryNvm, "read", lambda _self, _name: b"")
        note = KeyNote(keys, "up")
        assert not note.is_readable
    note.add(["b"])
    assert note.is_readable
    assert keys.uses().load("up") == b"a\nb"
