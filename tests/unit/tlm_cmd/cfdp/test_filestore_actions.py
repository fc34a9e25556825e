import pytest

from tlm_cmd.cfdp.codes import NOT_PERFORMED, SUCCESSFUL, FilestoreAction
from tlm_cmd.cfdp.errors import FilestoreError
from tlm_cmd.cfdp.filestore import MemoryFilestore
from tlm_cmd.cfdp.filestore_actions import MAX_MESSAGE_OCTETS, perform
from tlm_cmd.cfdp.pdu.tlv import FilestoreRequest

Action = FilestoreAction


@pytest.fixture
def store() -> MemoryFilestore:
    """Two files and an empty directory."""
    made = MemoryFilestore()
    made.put("a", b"abc")
    made.put("b", b"xyz")
    made.make_directory("d")
    return made


@pytest.mark.parametrize(
    ("action", "first", "second", "status", "files"),
    [
        (Action.CREATE_FILE, "c", "", 0, {"a": b"abc", "b": b"xyz", "c": b""}),
        (Action.CREATE_FILE, "a", "", 1, None),
        (Action.CREATE_FILE, "none/a", "", 1, None),
        (Action.CREATE_FILE, "d", "", 1, None),
        (Action.DELETE_FILE, "a", "", 0, {"b": b"xyz"}),
        (Action.DELETE_FILE, "none", "", 1, None),
        (Action.RENAME_FILE, "a", "c", 0, {"b": b"xyz", "c": b"abc"}),
        (Action.RENAME_FILE, "none", "c", 1, None),
        (Action.RENAME_FILE, "a", "b", 2, None),
        (Action.RENAME_FILE, "a", "d", 2, None),
        (Action.RENAME_FILE, "a", "none/c", 3, None),
        (Action.APPEND_FILE, "a", "b", 0, {"a": b"abcxyz", "b": b"xyz"}),
        (Action.APPEND_FILE, "none", "b", 1, None),
        (Action.APPEND_FILE, "a", "none", 2, None),
        (Action.REPLACE_FILE, "a", "b", 0, {"a": b"xyz", "b": b"xyz"}),
        (Action.REPLACE_FILE, "none", "b", 1, None),
        (Action.REPLACE_FILE, "a", "none", 2, None),
        (Action.CREATE_DIRECTORY, "d", "", 1, None),
        (Action.CREATE_DIRECTORY, "a", "", 1, None),
        (Action.REMOVE_DIRECTORY, "none", "", 1, None),
        (Action.REMOVE_DIRECTORY, "", "", 2, None),
        (Action.DENY_FILE, "a", "", 0, {"b": b"xyz"}),
        (Action.DENY_FILE, "none", "", 0, None),
        (Action.DENY_DIRECTORY, "none", "", 0, None),
        (Action.DENY_FILE, "../a", "", 2, None),
    ],
)
def test_each_action(
    store: MemoryFilestore, action: Action, first: str, second: str, status: int, files: dict[str, bytes] | None
) -> None:
    """It is done and says so, or says why not by its own codes and changes nothing."""
    before = {name: bytes(content) for name, content in store.files.items()}
    (response,) = perform([FilestoreRequest(action, first, second)], store)
    assert (response.action, response.status) == (action, status)
    assert (response.first_name, response.second_name) == (first, second)
    assert {name: bytes(content) for name, content in store.files.items()} == (before if files is None else files)
    assert store.directories == {"d"}


def test_directories_are_made_and_removed(store: MemoryFilestore) -> None:
    """By request, and denied with the same effect as removed."""
    requests = [
        FilestoreRequest(Action.CREATE_DIRECTORY, "e"),
        FilestoreRequest(Action.DENY_DIRECTORY, "e"),
        FilestoreRequest(Action.REMOVE_DIRECTORY, "d"),
    ]
    assert [response.status for response in perform(requests, store)] == [0, 0, 0]
    assert store.directories == set()


def test_behind_the_first_failure_nothing_is_done(store: MemoryFilestore) -> None:
    """What came before stays done; what comes after says that it was not performed."""
    requests = [
        FilestoreRequest(Action.DELETE_FILE, "a"),
        FilestoreRequest(Action.APPEND_FILE, "b", "a"),
        FilestoreRequest(Action.DELETE_FILE, "b"),
        FilestoreRequest(Action.CREATE_DIRECTORY, "e"),
    ]
    statuses = [response.status for response in perform(requests, store)]
    assert statuses == [SUCCESSFUL, 2, NOT_PERFORMED, NOT_PERFORMED]
    assert {name: bytes(content) for name, content in store.files.items()} == {"b": b"xyz"}
    assert store.directories == {"d"}


def test_why_the_filestore_refused_is_said() -> None:
    """In words, which are cut if long; a file that does not fit leaves the one before as it was."""

    class Stubborn(MemoryFilestore):
        def append(self, name: str, other: str) -> None:
            raise FilestoreError("append", name, f"not now{'!' * 100}{other}")

    store = Stubborn()
    store.put("a", b"abc")
    (response,) = perform([FilestoreRequest(Action.APPEND_FILE, "a", "a")], store)
    assert response.status == 3
    assert response.message.startswith(b"not now!")
    assert len(response.message) == MAX_MESSAGE_OCTETS
    assert store.get("a") == b"abc"
