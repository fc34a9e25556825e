from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
