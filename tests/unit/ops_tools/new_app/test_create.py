"""Skeletons of apps; that they run is shown by the tutorial's test."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops_tools.cli import main
from ops_tools.new_app.create import NewAppError, create_app


def test_writes_every_file_where_the_tutorial_says(tmp_path: Path) -> None:
    """Package, test, mission and scenario, in a folder that need not exist."""
    written = {path.relative_to(tmp_path).as_posix() for path in create_app("night_watch", tmp_path / "new")}
    assert written == {
        "new/night_watch/__init__.py",
        "new/night_watch/messages.py",
        "new/night_watch/app.py",
        "new/tests/test_night_watch.py",
        "new/mission.toml",
        "new/scenario.toml",
        "new/pytest.ini",
    }
    assert "class NightWatch(App)" in (tmp_path / "new/night_watch/app.py").read_text()


@pytest.mark.parametrize("name", ["", "9lives", "Big", "with-dash", "class", "x" * 33, "../up"])
def test_refuses_names_that_no_app_can_have(name: str, tmp_path: Path) -> None:
    """The error names the name and what is allowed; nothing is written."""
    with pytest.raises(NewAppError, match="allowed are"):
        create_app(name, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_overwrites_nothing(tmp_path: Path) -> None:
    """A second app in the same folder is refused before a file is touched."""
    create_app("first", tmp_path)
    with pytest.raises(NewAppError, match="is there already"):
        create_app("second", tmp_path)
    assert not (tmp_path / "second").exists()


def test_the_command_says_how_to_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command lists what it wrote, and how to test and fly it."""
    assert main(["new-app", "greeter", "--into", str(tmp_path / "g")]) == 0
    told = capsys.readouterr().out.replace("\n", " ")
    assert "pytest" in told
    assert "flightsw sil" in told
    assert main(["new-app", "greeter", "--into", str(tmp_path / "g")]) == 2
    assert "is there already" in capsys.readouterr().err


def test_refuses_the_name_of_an_app_that_already_flies(tmp_path: Path) -> None:
    """A second app called power would take the place of the first in the extended mission."""
    with pytest.raises(NewAppError, match="has an app 'power' already"):
        create_app("power", tmp_path / "new")
