from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops_tools.ground import directory_filestore
from ops_tools.ground.directory_filestore import DirectoryFilestore, MemoryFiles
from tlm_cmd.cfdp.errors import FilestoreError
from tlm_cmd.cfdp.filestore import DirectoryEntry, Filestore


@pytest.fixture(params=["memory", "directory"])
def filestore(request: pytest.FixtureRequest, tmp_path: Path) -> Filestore:
    """An empty filestore of either kind."""
    return MemoryFiles() if request.param == "memory" else DirectoryFilestore(tmp_path / "root")


def put(filestore: Filestore, name: str, content: bytes) -> None:
    """Make a file."""
    filestore.create(name)
    filestore.write(name, 0, content)


def test_what_is_written_is_read(filestore: Filestore) -> None:
    """A part behind the end leaves zeros between; less is read only at the end."""
    put(filestore, "a/b/file", b"12345")
    filestore.write("a/b/file", 8, b"9")
    assert (filestore.size("a/b/file"), filestore.read("a/b/file", 3, 100)) == (9, b"45\0\0\0" + b"9")
    assert filestore.size("a/b") is None
    assert filestore.is_directory("a/b")


def test_a_file_takes_the_place_of_another(filestore: Filestore) -> None:
    """By its new name, in a directory that need not be there, or by its content."""
    put(filestore, "one", b"1")
    put(filestore, "two", b"22")
    filestore.rename("one", "new/two")
    filestore.replace("two", "new/two")
    filestore.append("new/two", "two")
    assert (filestore.size("one"), filestore.read("two", 0, 9), filestore.read("new/two", 0, 9)) == (None, b"1", b"11")
    filestore.rename("new/two", "two")
    assert filestore.read("two", 0, 9) == b"11"
    assert filestore.list_directory("new") == []


def test_files_with_other_endings_stay(filestore: Filestore) -> None:
    """Putting in new content touches no other file, and leaves nothing behind."""
    names = ["a", "a.bak", "a.new", "a.part", "a.tmp"]
    for name in names:
        put(filestore, name, name.encode())
    put(filestore, "z", b"z")
    filestore.append("a", "z")
    filestore.replace("a.tmp", "z")
    assert [filestore.read(name, 0, 9) for name in names] == [b"az", b"a.bak", b"a.new", b"a.part", b"z"]
    assert [entry.name for entry in filestore.list_directory("")] == [*names, "z"]


def test_directories(filestore: Filestore) -> None:
    """They are made, listed with what is in them, and removed when they are empty."""
    filestore.make_directory("d")
    put(filestore, "d/file", b"123")
    assert filestore.list_directory("") == [DirectoryEntry("d", None)]
    assert filestore.list_directory("d") == [DirectoryEntry("file", 3)]
    with pytest.raises(FilestoreError):
        filestore.remove_directory("d")
    filestore.delete("d/file")
    filestore.remove_directory("d")
    assert not filestore.is_directory("d")


@pytest.mark.parametrize(
    "operation",
    [
        lambda store: store.read("none", 0, 1),
        lambda store: store.write("none", 0, b"1"),
        lambda store: store.rename("none", "new"),
        lambda store: store.delete("none"),
        lambda store: store.append("none", "there"),
        lambda store: store.append("there", "none"),
        lambda store: store.replace("none", "there"),
        lambda store: store.make_directory("d"),
        lambda store: store.remove_directory(""),
        lambda store: store.list_directory("none"),
        lambda store: store.create("d"),
        lambda store: store.create("there/file"),
        lambda store: store.create("a/../../b"),
        lambda store: store.create("zero\0"),
    ],
)
def test_what_is_refused_changes_nothing(filestore: Filestore, operation: object) -> None:
    """What cannot be done is an error of the filestore's own, and everything stays as it was."""
    filestore.make_directory("d")
    put(filestore, "there", b"123")
    with pytest.raises(FilestoreError):
        operation(filestore)  # type: ignore[operator]
    assert filestore.list_directory("") == [DirectoryEntry("d", None), DirectoryEntry("there", 3)]
    assert filestore.read("there", 0, 9) == b"123"


@pytest.mark.parametrize("offset", [1 << 28, (1 << 63) - 1, 1 << 63, (1 << 64) - 1])
def test_what_lies_too_far_behind(filestore: Filestore, offset: int) -> None:
    """No offset that a PDU can hold raises anything else, and none makes a file longer than may be."""
    put(filestore, "file", b"123")
    with pytest.raises(FilestoreError):
        filestore.write("file", offset, b"1")
    assert filestore.size("file") == 3
    if isinstance(filestore, DirectoryFilestore) and offset >= 1 << 63:
        with pytest.raises(FilestoreError):
            filestore.read("file", offset, 1)


@pytest.fixture(params=["memory", "directory"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Filestore:
    """A filestore for files of at most 100 octets, and 250 in all."""
    return MemoryFiles(100, 250) if request.param == "memory" else DirectoryFilestore(tmp_path / "root", 100, 250)


def test_files_and_all_together_are_bounded(small: Filestore) -> None:
    """Neither writing nor appending or replacing goes beyond; what is refused changes nothing, room comes back."""
    put(small, "one", bytes(60))
    with pytest.raises(FilestoreError):
        small.append("one", "one")
    with pytest.raises(FilestoreError):
        small.write("one", 60, bytes(41))
    assert small.size("one") == 60
    put(small, "two", bytes(100))
    put(small, "three", bytes(40))
    small.append("three", "three")
    put(small, "four", b"")
    for refused in (lambda: small.write("four", 0, bytes(11)), lambda: small.replace("four", "one")):
        with pytest.raises(FilestoreError):
            refused()
    assert small.size("four") == 0
    small.rename("four", "three")
    small.replace("two", "one")
    small.delete("one")
    put(small, "five", bytes(100))
    put(small, "six", bytes(90))
    with pytest.raises(FilestoreError):
        small.write("six", 90, b"1")


def test_the_number_of_files_is_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Files and directories count; those that there were before do not."""
    monkeypatch.setattr(directory_filestore, "MAX_ENTRIES", 3)
    (tmp_path / "before").touch()
    for filestore in (MemoryFiles(), DirectoryFilestore(tmp_path)):
        filestore.make_directory("d")
        filestore.create("d/one")
        filestore.create("two")
        for refused in (filestore.create, filestore.make_directory):
            with pytest.raises(FilestoreError):
                refused("three")
        filestore.delete("two")
        filestore.create("three")


def test_what_others_take_out_makes_room(tmp_path: Path) -> None:
    """Before more is refused, the directory is looked at."""
    filestore = DirectoryFilestore(tmp_path, 100, 100)
    put(filestore, "one", bytes(100))
    (tmp_path / "one").unlink()
    put(filestore, "two", bytes(100))
    with pytest.raises(FilestoreError):
        put(filestore, "three", b"1")


def test_a_link_does_not_lead_out(tmp_path: Path) -> None:
    """Not even one that somebody has put into the directory."""
    (tmp_path / "secret").write_text("secret")
    filestore = DirectoryFilestore(tmp_path / "root")
    (filestore.root / "link").symlink_to(tmp_path)
    (filestore.root / "loop").symlink_to(filestore.root / "loop")
    for name in ("link/secret", "link/new", "loop"):
        with pytest.raises(FilestoreError):
            filestore.create(name)
        with pytest.raises(FilestoreError):
            filestore.read(name, 0, 1)
    assert (tmp_path / "secret").read_text() == "secret"
    assert not (tmp_path / "new").exists()


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    """It is said at once."""
    (tmp_path / "taken").write_text("no directory")
    with pytest.raises(FilestoreError):
        DirectoryFilestore(tmp_path / "taken" / "root")


@settings(max_examples=200)
@given(name=st.text(max_size=30) | st.lists(st.sampled_from(["..", ".", "", "a", "/", "\\", "~"])).map("/".join))
def test_no_name_leads_out(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    """Whatever a name is, what is made of it lies in the directory, or it is refused."""
    filestore = DirectoryFilestore(tmp_path_factory.getbasetemp() / "names" / "root")
    try:
        filestore.create(name)
    except FilestoreError:
        pass
    else:
        filestore.delete(name)
    assert [each.name for each in filestore.root.parent.iterdir()] == ["root"]
