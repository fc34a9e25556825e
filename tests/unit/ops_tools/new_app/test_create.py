"""Skeletons of apps; that they run is shown by the tutorial's test."""

from __future__ import annotations

import errno
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
        "new/pyproject.toml",
    }
    assert "class NightWatch(App)" in (tmp_path / "new/night_watch/app.py").read_text()


@pytest.mark.parametrize("name", ["", "9lives", "Big", "with-dash", "class", "x" * 33, "../up"])
def test_refuses_names_that_no_app_can_have(name: str, tmp_path: Path) -> None:
    """The error names the name and what is allowed; nothing is written."""
    with pytest.raises(NewAppError, match="allowed are"):
        create_app(name, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "name",
    [
        *("calendar", "logging", "string", "json", "os", "sys", "test", "tests", "pytest", "numpy", "zmq"),
        *("apps", "flightsw", "ops_tools", "tlm_cmd", "bus_sim", "msgspec", "hypothesis"),
    ],
)
def test_refuses_names_of_modules_that_there_are(name: str, tmp_path: Path) -> None:
    """Its package would hide the module, or be hidden by it."""
    with pytest.raises(NewAppError, match=f"app name '{name}': .*choose another name"):
        create_app(name, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_folder_of_that_name_is_no_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without a package, where Python looks for modules, stands in nobody's way."""
    (tmp_path / "gardener").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert create_app("gardener", tmp_path / "gardener")


@pytest.mark.parametrize("place", ["file", "file/sub", "/dev/null", "/proc/nowhere", "link", "link/sub"])
def test_refuses_places_that_are_no_folder(place: str, tmp_path: Path) -> None:
    """A file in the way, a link to nowhere, or a file system that takes nothing: the error names the place."""
    (tmp_path / "file").write_text("kept")
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(NewAppError, match=r"file|null|nowhere|link"):
        create_app("gardener", tmp_path / place)
    assert {path.name for path in tmp_path.iterdir()} == {"file", "link"}
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize("taken", ["gardener", "gardener/app.py", "tests", "mission.toml"])
def test_a_file_or_a_dead_link_in_the_way_is_not_touched(taken: str, tmp_path: Path) -> None:
    """Whatever stands at one of the places is told, and nothing is written."""
    for number, make in enumerate((lambda path: path.touch(), lambda path: path.symlink_to("nowhere"))):
        folder = tmp_path / str(number)
        (folder / taken).parent.mkdir(parents=True)
        make(folder / taken)
        before = sorted(folder.rglob("*"))
        with pytest.raises(NewAppError, match=taken.partition("/")[0]):
            create_app("gardener", folder)
        assert sorted(folder.rglob("*")) == before


def test_what_cannot_be_written_whole_is_not_left_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that gets full on the way: the error names the file, and nothing is left behind."""
    write_text, written = Path.write_text, []

    def full(path: Path, text: str) -> int:
        written.append(path)
        if len(written) == 4:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return write_text(path, text)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(NewAppError, match="cannot be written: No space left"):
        create_app("gardener", tmp_path / "new")
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
