"""Folders of runs, and what dead runs left."""

import fcntl
import tempfile
from pathlib import Path

import pytest

from flightsw.runtime.run_folder import take
from ops_tools.run.run_folders import LOOKS, make_folder, remove_folder, remove_leftovers


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place where run folders are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_a_dead_run_left_is_removed(temporary: Path) -> None:
    """Once its lock is free, and not before."""
    folder, lock = make_folder()
    (folder / "checkpoint").write_text("x")
    assert folder.parent == temporary
    assert remove_leftovers() == []
    lock.close()
    assert remove_leftovers() == [folder]
    assert not folder.exists()


def test_a_folder_whose_flight_software_still_runs_is_left_alone(temporary: Path) -> None:
    """A supervisor may outlive its run for a moment, in which it stores what it knows."""
    folder, lock = make_folder()
    lock.close()
    supervisor = take(folder, ())
    assert remove_leftovers() == []
    supervisor.close()
    assert remove_leftovers() == [folder]
    assert list(temporary.iterdir()) == []


def test_a_folder_is_removed_once_the_last_process_has_ended(temporary: Path) -> None:
    """What still runs would write into it again: it is waited for, as long as it takes within a bound."""
    folder, lock = make_folder()
    supervisor = take(folder, ())
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        (folder / "checkpoint").write_text("the last word")
        if len(waited) == 3:
            supervisor.close()

    assert remove_folder(folder, pause)
    assert len(waited) == 3
    assert not any(temporary.iterdir())
    lock.close()


def test_a_process_that_does_not_end_is_not_waited_for_without_end(temporary: Path) -> None:
    """The folder is left to the next run, which finds it free one day."""
    folder, lock = make_folder()
    supervisor = take(folder, ())
    waited: list[float] = []
    assert not remove_folder(folder, waited.append)
    assert len(waited) == LOOKS
    lock.close()
    assert remove_leftovers() == []
    supervisor.close()
    assert remove_leftovers() == [folder]
    assert not any(temporary.iterdir())


def test_a_folder_in_which_nothing_flew_is_removed_at_once(temporary: Path) -> None:
    """No supervisor has ever held it."""
    folder, lock = make_folder()
    assert remove_folder(folder, lambda _: pytest.fail("there is nothing to wait for"))
    assert not any(temporary.iterdir())
    lock.close()


def test_what_is_no_run_folder_is_left_alone(temporary: Path) -> None:
    """A folder without a lock, a file, and a link, even to a folder that is free."""
    (temporary / "flightsw-other").mkdir()
    (temporary / "flightsw-file").touch()
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "run.lock").touch()
    (temporary / "flightsw-link").symlink_to(elsewhere)
    assert remove_leftovers() == []
    assert len(list(temporary.iterdir())) == 4


def test_a_lock_that_is_held_elsewhere_protects(temporary: Path) -> None:
    """The lock is the file's, not this process's memory of it."""
    folder, lock = make_folder()
    lock.close()
    with (folder / "run.lock").open("rb") as again:
        fcntl.flock(again, fcntl.LOCK_SH)
        assert remove_leftovers() == []
    assert remove_leftovers() == [folder]
    assert not any(temporary.iterdir())
