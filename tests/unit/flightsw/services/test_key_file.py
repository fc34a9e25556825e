from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from flightsw.services.key_file import KeyFileError, create_key_file, read_key_file, write_key_file
from tlm_cmd.sdls.key_document import pack_key_document
from tlm_cmd.sdls.key_ring import KeyRing
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

RING = derive_simulation_keys(1, [1], [128, 129])


def mode(path: Path) -> int:
    """The mode of a file."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277, 0o777])
def test_keys_come_back(tmp_path: Path, umask: int) -> None:
    """What is written is read again; the file has mode 0600 whatever the umask, and nothing else stays behind."""
    path, before = tmp_path / "mission.keys", os.umask(umask)
    try:
        create_key_file(path, RING)
        write_key_file(path, RING)
    finally:
        os.umask(before)
    assert read_key_file(path).entries == RING.entries
    assert mode(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_never_has_another_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At every call that writes or renames, whatever there is of the file can be read by its owner only."""
    path, modes = tmp_path / "mission.keys", []
    for name in ("pwrite", "fsync", "replace", "link", "fchmod"):
        genuine = getattr(os, name)

        def watched(*arguments: object, genuine: object = genuine, **keywords: object) -> object:
            assert callable(genuine)
            modes.extend(mode(each) for each in tmp_path.iterdir())
            return genuine(*arguments, **keywords)

        monkeypatch.setattr(os, name, watched)
    before = os.umask(0)
    try:
        create_key_file(path, RING)
        write_key_file(path, RING)
    finally:
        os.umask(before)
    assert len(modes) > 6
    assert set(modes) == {0o600}


@pytest.mark.parametrize("wrong", [0o644, 0o640, 0o604, 0o660, 0o700, 0o400, 0o1600])
def test_other_modes_are_refused(tmp_path: Path, wrong: int) -> None:
    """A file of any mode but 0600 is refused, with both modes in the message and no key."""
    path = tmp_path / "mission.keys"
    create_key_file(path, RING)
    path.chmod(wrong)
    with pytest.raises(KeyFileError, match=rf"has mode {wrong:04o}; it must be 0600"):
        read_key_file(path)


def test_the_file_of_another_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that belongs to another user is refused, and both users are named."""
    path = tmp_path / "mission.keys"
    create_key_file(path, RING)
    owner = path.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(KeyFileError, match=f"belongs to user {owner}; it must belong to {owner + 1}"):
        read_key_file(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A link, a folder, a pipe that would wait for a writer, and nothing at all are refused at once."""
    path, link, pipe = tmp_path / "mission.keys", tmp_path / "link", tmp_path / "pipe"
    create_key_file(path, RING)
    link.symlink_to(path)
    os.mkfifo(pipe, 0o600)
    for wrong in (link, tmp_path, pipe, tmp_path / "none"):
        with pytest.raises(KeyFileError, match=f"key file {wrong}: "):
            read_key_file(wrong)


def test_what_is_no_key_file_is_refused(tmp_path: Path) -> None:
    """A file of something else, a cut one and one that is too long are refused."""
    path = tmp_path / "mission.keys"
    for octets in (b"", b"keys", pack_key_document(RING)[:-9], pack_key_document(RING) + bytes(65_536)):
        path.write_bytes(octets)
        path.chmod(0o600)
        with pytest.raises(KeyFileError, match="key document"):
            read_key_file(path)


def test_keys_are_not_overwritten_by_new_ones(tmp_path: Path) -> None:
    """Where there is a file, none is created, and the old one stays; whoever has changed keys may write it anew."""
    path = tmp_path / "mission.keys"
    create_key_file(path, RING)
    with pytest.raises(KeyFileError, match="is there already"):
        create_key_file(path, KeyRing())
    assert read_key_file(path).entries == RING.entries
    write_key_file(path, KeyRing())
    assert read_key_file(path).entries == []
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full the old keys stay, and of the new ones nothing does; a folder that is none is named."""
    path = tmp_path / "mission.keys"
    create_key_file(path, RING)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(KeyFileError, match="No space left on device"):
            write_key_file(path, KeyRing())
    assert read_key_file(path).entries == RING.entries
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(KeyFileError, match="No such file or directory"):
        create_key_file(tmp_path / "none" / "mission.keys", RING)
