"""The tutorial, followed to the letter."""

from __future__ import annotations

import importlib.resources
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text()
REPLACE = re.compile(r"Replace `([^`]+)` by\n\n```python\n(.*?)```", re.DOTALL)
COMMANDS = re.compile(r"```console\n(.*?)```", re.DOTALL)
SCENARIO = re.compile(r"```toml\n(.*?)```", re.DOTALL)
FOLLOWED = pytest.mark.xdist_group("tutorial")


def run(line: str, folder: Path) -> str:
    """Run a command of the tutorial, in this environment; returns what it printed."""
    program, *arguments = line.split()
    module = {
        "flightsw": ["-m", "ops_tools.cli"],
        "pytest": ["-m", "pytest", "-p", "no:cacheprovider"],
        "ruff": ["-m", "ruff"],
        "mypy": ["-m", "mypy", "--cache-dir", str(folder / ".mypy_cache")],
    }
    done = subprocess.run(
        [sys.executable, *module[program], *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the tutorial was followed up to its last flight."""
    folder = tmp_path_factory.mktemp("tutorial")
    commands = [line for block in COMMANDS.findall(TUTORIAL) for line in block.strip().splitlines()]
    assert commands[:2] == ["flightsw new-app watchman", "pytest watchman"]
    for line in commands[:2]:
        run(line, folder)
    for path, code in REPLACE.findall(TUTORIAL):
        assert (folder / path).exists(), f"the tutorial replaces {path}, which the skeleton does not have"
        (folder / path).write_text(code)
    scenario = folder / "watchman" / "scenario.toml"
    text = scenario.read_text()
    first, last = text.index("[[commands]]"), text.index("[[expectations]]")
    scenario.write_text(text[:first] + SCENARIO.findall(TUTORIAL)[0] + "\n" + text[last:])
    return folder


@FOLLOWED
def test_the_finished_app_passes_its_test(folder: Path) -> None:
    """The app of the tutorial passes the test of the tutorial."""
    assert "1 passed" in run("pytest watchman", folder)


@FOLLOWED
def test_the_finished_app_flies(folder: Path) -> None:
    """The flight of the tutorial passes: one command completed on board, one refused on the ground, one warning."""
    told = run("flightsw sil watchman/scenario.toml --out reports", folder)
    assert "scenario.toml: pass" in told
    assert re.search(r"WATCHMAN\.SET_THRESHOLD +completed", told)
    assert re.search(r"WATCHMAN\.SET_THRESHOLD +refused_on_ground", told)
    assert "events.WATCHMAN.BATTERY_LOW is 1" in told
    assert list((folder / "reports").glob("watchman*.html"))


def assert_clean(folder: Path) -> None:
    """Lint, format and types of a skeleton, by the rules of this project."""
    run("ruff check --no-cache", folder)
    run("ruff format --no-cache --check", folder)
    run("mypy", folder)


@FOLLOWED
def test_the_finished_app_is_clean(folder: Path) -> None:
    """After all steps of the tutorial, lint, format and types still have nothing to say."""
    assert_clean(folder / "watchman")


def test_a_skeleton_passes_its_test_and_flies_without_an_edit(tmp_path: Path) -> None:
    """What new-app writes is tested and flown as it is."""
    run("flightsw new-app night_watch --into watch", tmp_path)
    assert "3 passed" in run("pytest watch", tmp_path)
    assert "scenario.toml: pass" in run("flightsw sil watch/scenario.toml", tmp_path)


def test_a_skeleton_is_tested_inside_this_repository_too() -> None:
    """The README's first try happens in the clone, whose own test settings must not get in the way."""
    with tempfile.TemporaryDirectory(dir=ROOT, prefix=".new-app-") as folder:
        run("flightsw new-app greeter", Path(folder))
        assert "3 passed" in run("pytest greeter", Path(folder))
        run(f"ruff check --no-cache {folder}", ROOT)
        run(f"ruff format --no-cache --check {folder}", ROOT)


@pytest.mark.parametrize("name", ["alpha", "greeter", "zoom_2", "a" * 32])
def test_a_skeleton_is_clean_whatever_its_name(name: str, tmp_path: Path) -> None:
    """The name decides on the order of imports and the length of lines; lint, format and types pass all the same."""
    run(f"flightsw new-app {name}", tmp_path)
    assert_clean(tmp_path / name)


def test_a_skeleton_is_held_to_the_rules_of_this_project() -> None:
    """Its own settings exempt nothing that ours do not."""
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]
    template = importlib.resources.files("ops_tools.new_app") / "templates" / "pyproject.toml.txt"
    theirs = tomllib.loads(template.read_text().replace("{name}", "greeter"))["tool"]["ruff"]
    assert theirs["lint"].pop("isort")
    assert theirs.pop("src") == ["."]
    for setting in ("preview", "explicit-preview-rules"):  # they are there for the rule that only the library is under
        assert ours["lint"].pop(setting)
    assert ours["lint"]["per-file-ignores"].pop("!tlm_cmd/**") == ["DOC501"]
    ours["lint"]["select"].remove("DOC501")
    assert theirs == ours
