from __future__ import annotations

from pathlib import Path

import pytest

from flightsw.services.fresh_keys import fresh_keys
from flightsw.services.key_file import KeyFileError, create_key_file
from flightsw.services.key_safe import FileKeySafe, LinkSecurityError, MemoryKeySafe, NoKeySafe
from tlm_cmd.sdls.key_ring import KeyRing, KeyState
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

RING = derive_simulation_keys(1, [1], [128])


def changed(ring: KeyRing) -> KeyRing:
    """The ring with its session key deactivated."""
    ring.deactivate([128])
    return ring


def state(ring: KeyRing) -> KeyState:
    """The state of the session key."""
    entry = ring.entry(128)
    assert entry is not None
    return entry.state


def test_who_reads_gets_a_ring_of_its_own() -> None:
    """A change is there when it was written, and not before."""
    safe = MemoryKeySafe(derive_simulation_keys(1, [1], [128]))
    mine, others = safe.read(), safe.read()
    changed(mine)
    assert (state(others), state(safe.read())) == (KeyState.ACTIVE, KeyState.ACTIVE)
    safe.write(mine)
    assert (state(others), state(safe.read())) == (KeyState.ACTIVE, KeyState.DEACTIVATED)


def test_a_file_keeps_what_was_written(tmp_path: Path) -> None:
    """Another process that reads it gets the same."""
    path = tmp_path / "link.keys"
    create_key_file(path, fresh_keys([1], [128]))
    safe = FileKeySafe(path, allow_simulation=False)
    safe.write(changed(safe.read()))
    assert state(FileKeySafe(path, allow_simulation=False).read()) is KeyState.DEACTIVATED
    assert path.stat().st_mode & 0o777 == 0o600


def test_keys_for_simulations_do_not_fly(tmp_path: Path) -> None:
    """They are refused where the mission demands more, with what to do; elsewhere they are good enough."""
    path = tmp_path / "link.keys"
    create_key_file(path, RING)
    with pytest.raises(LinkSecurityError, match=r"for simulations only.*'flightsw keys create'"):
        FileKeySafe(path, allow_simulation=False).read()
    assert FileKeySafe(path, allow_simulation=True).read().simulation


def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    """As the key file says it."""
    with pytest.raises(KeyFileError):
        FileKeySafe(tmp_path / "missing", allow_simulation=True).read()
    with pytest.raises(KeyFileError):
        FileKeySafe(tmp_path / "no" / "folder", allow_simulation=True).write(RING)


def test_without_keys_nothing_is_protected() -> None:
    """Reading and writing both say that there are none."""
    with pytest.raises(LinkSecurityError, match="was given no keys"):
        NoKeySafe().read()
    with pytest.raises(LinkSecurityError, match="no place for keys"):
        NoKeySafe().write(RING)
    with pytest.raises(LinkSecurityError, match="no place for keys"):
        NoKeySafe().uses()
    assert NoKeySafe().uses_place() == "no place"


def test_what_was_used_is_noted_beside_the_file(tmp_path: Path) -> None:
    """Another process finds it; a file whose keys nobody uses has nothing beside it."""
    path = tmp_path / "link.keys"
    create_key_file(path, fresh_keys([1], [128]))
    safe = FileKeySafe(path, allow_simulation=False)
    safe.read()
    assert [each.name for each in tmp_path.iterdir()] == ["link.keys"]
    safe.uses().save("up", b"used")
    assert FileKeySafe(path, allow_simulation=False).uses().load("up") == b"used"
    assert (tmp_path / "link.keys.uses").is_dir()
    assert safe.uses_place() == f"folder {tmp_path / 'link.keys.uses'}"
