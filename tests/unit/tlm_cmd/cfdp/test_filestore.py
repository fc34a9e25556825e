from collections.abc import Callable

import pytest

from tlm_cmd.cfdp.errors import FilestoreError
from tlm_cmd.cfdp.filestore import DirectoryEntry, Filestore, MemoryFilestore, normal_name


@pytest.fixture
def store() -> MemoryFilestore:
    """A filestore of at most 20 octets, with a file and a directory with a file."""
    made = MemoryFilestore(20)
    made.put("a", b"abc")
    made.make_directory("d")
    made.put("d/b", b"hello")
    return made


def test_it_is_what_an_entity_needs(store: MemoryFilestore) -> None:
    """The one in memory does all that a filestore has to."""
    needed: Filestore = store
    assert needed.size("a") == 3


def test_files(store: MemoryFilestore) -> None:
    """They are written and read at any place, and grow with zeros where nothing was written."""
    store.write("a", 5, b"xy")
    assert store.get("a") == b"abc\0\0xy"
    store.write("a", 1, b"BC")
    assert store.read("a", 0, 4) == b"aBC\0"
    assert store.read("a", 6, 9) == b"y"
    assert store.read("a", 9, 9) == b""
    assert (store.size("a"), store.size("none")) == (7, None)
    store.create("a")
    assert store.get("a") == b""


def test_renaming_takes_the_place_of_a_file(store: MemoryFilestore) -> None:
    """In another directory as well; to its own name it changes nothing."""
    store.rename("a", "d/b")
    assert store.get("d/b") == b"abc"
    assert store.size("a") is None
    store.rename("d/b", "d/b")
    assert store.get("d/b") == b"abc"


def test_appending_and_replacing(store: MemoryFilestore) -> None:
    """The other file stays as it is; a file can be appended to itself."""
    store.append("a", "d/b")
    assert (store.get("a"), store.get("d/b")) == (b"abchello", b"hello")
    store.replace("d/b", "a")
    assert store.get("d/b") == b"abchello"
    store.put("d/b", b"")
    store.append("a", "a")
    assert store.get("a") == b"abchelloabchello"


def test_directories(store: MemoryFilestore) -> None:
    """They are listed by name, files with their sizes, and removed when empty."""
    store.make_directory("d/e")
    assert store.list_directory("d") == [DirectoryEntry("b", 5), DirectoryEntry("e", None)]
    assert store.list_directory("") == [DirectoryEntry("a", 3), DirectoryEntry("d", None)]
    store.remove_directory("d/e")
    assert not store.is_directory("d/e")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda store: store.write("none", 0, b"x"),
        lambda store: store.read("none", 0, 1),
        lambda store: store.delete("d"),
        lambda store: store.rename("none", "b"),
        lambda store: store.rename("a", "d"),
        lambda store: store.rename("a", "none/a"),
        lambda store: store.append("a", "none"),
        lambda store: store.append("none", "a"),
        lambda store: store.replace("none", "a"),
        lambda store: store.create("d"),
        lambda store: store.create("none/a"),
        lambda store: store.create(""),
        lambda store: store.make_directory("d"),
        lambda store: store.make_directory("a"),
        lambda store: store.make_directory("none/d"),
        lambda store: store.remove_directory("d"),
        lambda store: store.remove_directory(""),
        lambda store: store.remove_directory("none"),
        lambda store: store.list_directory("none"),
        lambda store: store.write("a", 0, bytes(16)),
        lambda store: store.write("a", 1 << 60, b"x"),
        lambda store: store.put("big", bytes(13)),
        lambda store: store.size("../a"),
        lambda store: store.create("d/../../a"),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    store: MemoryFilestore, wrong: Callable[[MemoryFilestore], object]
) -> None:
    """It is refused with an error; at most an empty file is left where its content did not fit."""
    files = {name: bytes(content) for name, content in store.files.items()}
    with pytest.raises(FilestoreError):
        wrong(store)
    assert {name: bytes(content) for name, content in store.files.items() if name != "big"} == files
    assert store.directories == {"d"}


def test_room_is_given_back(store: MemoryFilestore) -> None:
    """What is deleted, replaced, made anew or renamed over no longer counts."""
    for _ in range(10):
        store.put("c", bytes(12))
        store.rename("c", "e")
        store.replace("e", "a")
        store.put("e", bytes(12))
        store.delete("e")
    store.put("c", bytes(12))
    with pytest.raises(FilestoreError, match="more than 20 octets in all"):
        store.write("c", 12, b"x")


@pytest.mark.parametrize(
    ("name", "normal"), [("a/b", "a/b"), ("/a/b/", "a/b"), ("./a//b", "a/b"), ("", ""), ("/", ""), ("a..b", "a..b")]
)
def test_names_have_one_form(name: str, normal: str) -> None:
    """Slashes at the ends and doubled ones mean nothing."""
    assert normal_name(name) == normal


@pytest.mark.parametrize("name", ["..", "../a", "a/../b", "/..", "a\0b"])
def test_names_do_not_lead_out(name: str) -> None:
    """A name with a step upwards or a zero octet is refused."""
    with pytest.raises(FilestoreError, match="leads out"):
        normal_name(name)
