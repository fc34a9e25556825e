"""The list of a flight's processes."""

import json
from pathlib import Path

from ops_tools.run.processes_file import ProcessesFile


def test_the_list_is_there_once_all_have_run_and_is_kept_up_to_date(tmp_path: Path) -> None:
    """Before the first time there is none; a process that ends for good is told as 0, whatever else runs."""
    path = tmp_path / "processes.json"
    processes = ProcessesFile(path)
    processes.update({"core": 5, "link": 0}, settled=False)
    assert not path.exists()
    processes.update({"core": 5, "link": 6}, settled=True)
    assert json.loads(path.read_text()) == {"core": 5, "link": 6}
    processes.update({"core": 5, "link": 0}, settled=False)
    assert json.loads(path.read_text()) == {"core": 5, "link": 0}
    processes.update({"core": 7, "link": 0}, settled=False)
    assert json.loads(path.read_text()) == {"core": 7, "link": 0}
    assert list(tmp_path.iterdir()) == [path]


def test_what_has_not_changed_is_not_written_again(tmp_path: Path) -> None:
    """A file that somebody has taken away stays away until there is news."""
    path = tmp_path / "processes.json"
    processes = ProcessesFile(path)
    processes.update({"core": 5}, settled=True)
    path.unlink()
    processes.update({"core": 5}, settled=True)
    assert not path.exists()
