"""Writes a new app: package, test, and a mission and a scenario to fly it with."""

from __future__ import annotations

import importlib.resources
import keyword
import re
from pathlib import Path

from flightsw.errors import FlightSoftwareError
from flightsw.mission_file import MISSION_FILE, read_mission
from ops_tools.reference_mission import reference_mission

FILES = {
    "messages.py.txt": "{name}/messages.py",
    "app.py.txt": "{name}/app.py",
    "test.py.txt": "tests/test_{name}.py",
    "mission.toml.txt": "mission.toml",
    "scenario.toml.txt": "scenario.toml",
    "pytest.ini.txt": "pytest.ini",
}


class NewAppError(FlightSoftwareError):
    """A name that no app can have, or a folder that holds something already."""


def create_app(name: str, folder: Path) -> list[Path]:
    """Write the files of a new app into a folder.

    Args:
        name: snake case, at most 32 letters.
        folder: where; created when it is not there.

    Returns:
        The files written.

    Raises:
        NewAppError: the name cannot be used, or one of the files is there already.
    """
    if not re.fullmatch("[a-z][a-z0-9_]{0,31}", name) or keyword.iskeyword(name):
        raise NewAppError(f"app name {name!r}: allowed are a lower-case letter, then up to 31 of a-z 0-9 _")
    title = name.replace("_", " ")
    values = {
        "name": name,
        "title": title,
        "class_name": title.title().replace(" ", ""),
        "upper": name.upper(),
    }
    texts = {folder / f"{name}/__init__.py": f'"""The {title} app."""\n'}
    for template, target in FILES.items():
        text = (importlib.resources.files("ops_tools.new_app") / "templates" / template).read_text()
        texts[folder / target.format(**values)] = text.format(**values)
    if name in _reference_apps():
        raise NewAppError(f"the reference mission has an app {name!r} already; choose another name")
    for path in texts:
        if path.exists():
            raise NewAppError(f"{path} is there already; choose another name or another folder")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return list(texts)


def _reference_apps() -> tuple[str, ...]:
    return tuple(read_mission(reference_mission() / MISSION_FILE).file.apps)
