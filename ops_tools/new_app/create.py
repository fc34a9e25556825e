"""Writes a new app: package, test, and a mission and a scenario to fly it with."""

from __future__ import annotations

import contextlib
import importlib.resources
import importlib.util
import keyword
import os
import re
import sys
from pathlib import Path

from flightsw.errors import FlightSoftwareError
from flightsw.mission_file import MISSION_FILE, AppEntry, read_mission
from ops_tools.reference_mission import reference_mission
from tlm_cmd.definition.entries import APIDS_PER_APP

FILES = {
    "messages.py.txt": "{name}/messages.py",
    "app.py.txt": "{name}/app.py",
    "test.py.txt": "tests/test_{name}.py",
    "mission.toml.txt": "mission.toml",
    "scenario.toml.txt": "scenario.toml",
    "pyproject.toml.txt": "pyproject.toml",
}


RESERVED = ("tests",)
"""Names that files of the skeleton have themselves."""


class NewAppError(FlightSoftwareError):
    """A name that no app can have, or a folder that holds something already."""


def create_app(name: str, folder: Path) -> list[Path]:
    """Write the files of a new app into a folder.

    Args:
        name: snake case, at most 32 letters, and not that of a module that there is.
        folder: where; created when it is not there.

    Returns:
        The files written.

    Raises:
        NewAppError: the name cannot be used, one of the files is there already, or cannot be written; nothing is left.
    """
    _check_name(name)
    texts = _texts(name, folder)
    for path in texts:
        _check_place(path)
    made: list[Path] = []
    try:
        for path, text in texts.items():
            made += _make_folders(path.parent)
            made.append(path)
            path.write_text(text)
    except OSError as error:
        _unmake(made)
        raise NewAppError(f"{error.filename or folder} cannot be written: {error.strerror}") from error
    return list(texts)


def _check_name(name: str) -> None:
    if not re.fullmatch("[a-z][a-z0-9_]{0,31}", name) or keyword.iskeyword(name):
        raise NewAppError(f"app name {name!r}: allowed are a lower-case letter, then up to 31 of a-z 0-9 _")
    if name in _reference_apps():
        raise NewAppError(f"the reference mission has an app {name!r} already; choose another name")
    if name in RESERVED or name in sys.stdlib_module_names or _is_module(name):
        raise NewAppError(f"app name {name!r}: Python has a module of this name; choose another name")


def _is_module(name: str) -> bool:
    found = importlib.util.find_spec(name)
    return found is not None and found.origin is not None  # a mere folder has no origin


def _texts(name: str, folder: Path) -> dict[Path, str]:
    title = name.replace("_", " ")
    values: dict[str, object] = {
        "name": name,
        "title": title,
        "class_name": title.title().replace(" ", ""),
        "upper": name.upper(),
        "apid": _free_apid(),
    }
    status = f"{values['class_name']}Status"
    values["app_imports"] = _imports(
        {"flightsw.app": ["App", "every", "handles"], f"{name}.messages": ["Greet", "Greeted", status]}
    )
    values["test_imports"] = _imports(
        {
            "flightsw.testing": ["Bench"],
            f"{name}.messages": ["Greet", "Greeted", status],
            "tlm_cmd.packets.verification": ["Stage"],
        }
    )
    texts = {folder / f"{name}/__init__.py": f'"""The {title} app."""\n'}
    for template, target in FILES.items():
        text = (importlib.resources.files("ops_tools.new_app") / "templates" / template).read_text()
        texts[folder / target.format(**values)] = text.format(**values)
    return texts


def _check_place(path: Path) -> None:
    """Refuse a place where something is, or where no folder can be on the way to it."""
    if os.path.lexists(path):
        raise NewAppError(f"{path} is there already; choose another name or another folder")
    for parent in path.parents:
        if os.path.lexists(parent) and not parent.is_dir():
            raise NewAppError(f"{parent} is there already and is no folder; choose another one")


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; returns the new ones, the outmost first."""
    missing = [each for each in (folder, *folder.parents) if not each.is_dir()][::-1]
    for each in missing:
        each.mkdir()
    return missing


def _unmake(made: list[Path]) -> None:
    for path in reversed(made):
        with contextlib.suppress(OSError):  # what is no longer as it was made is left alone
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)


def _imports(modules: dict[str, list[str]]) -> str:
    """Import lines in the order that the linter wants, which depends on the app's name."""
    return "\n".join(f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(modules.items()))


def _reference_apps() -> dict[str, AppEntry]:
    return read_mission(reference_mission() / MISSION_FILE).file.apps


def _free_apid() -> int:
    """The first APID behind those of the reference mission."""
    return max(entry.apid for entry in _reference_apps().values()) + APIDS_PER_APP
