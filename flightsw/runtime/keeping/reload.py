"""New code for an app's package, from disk, without ending the process.

An app's interface stays as it is: its ``messages`` module, and what that imports of the package, are not loaded anew,
for other apps hold its classes. Everything else of the package is.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from flightsw.errors import FlightSoftwareError
from flightsw.mission import Mission, MissionError

Signature = tuple[int, int]


class ReloadError(FlightSoftwareError):
    """New code that cannot be taken; the old code stays."""


class CodeOnDisk:
    """What the files of all apps' packages looked like when they were loaded.

    Args:
        mission: whose apps were just loaded.
    """

    def __init__(self, mission: Mission) -> None:
        self._signatures: dict[Path, Signature] = {}
        for entry in mission.file.apps.values():
            for folder in _folders(entry.package):
                self._signatures |= {file: _signature(file) for file in folder.rglob("*.py")}

    def changed_interface(self, package: str) -> str:
        """The first module that a package's interface depends on, other than ``messages``, with another file now."""
        for name in interface_modules(package):
            file = _file(name)
            if name != f"{package}.messages" and file is not None and self._signatures.get(file) != _signature(file):
                return name
        return ""


def interface_modules(package: str) -> tuple[str, ...]:
    """The modules of a package that its interface consists of: ``messages`` and what that imports of the package."""
    found: dict[str, None] = {package: None}
    wanted = [f"{package}.messages"]
    while wanted:
        name = wanted.pop()
        file = _file(name)
        if name not in found and file is not None:
            found[name] = None
            wanted += _imported(file, package)
    return tuple(found)


def loaded_modules(package: str) -> dict[str, ModuleType]:
    """Everything of a package that is loaded, by name, sorted."""
    return {
        name: sys.modules[name] for name in sorted(sys.modules) if name == package or name.startswith(package + ".")
    }


def reload_package(mission: Mission, app: str) -> None:
    """Load everything of an app's package anew that its interface does not consist of.

    Raises:
        ReloadError: the package does not import, or has no app class; the old modules are back in their place.
    """
    package = mission.file.apps[app].package
    interface = interface_modules(package)
    old = {name: module for name, module in loaded_modules(package).items() if name not in interface}
    importlib.invalidate_caches()
    for name in old:
        del sys.modules[name]
    try:
        mission.app_class(app)
    except Exception as error:
        for name in loaded_modules(package):
            if name not in interface:
                del sys.modules[name]
        sys.modules.update(old)
        raise ReloadError(f"{app} cannot be loaded: {type(error).__name__}: {error}") from error


def check_new_code(mission: Mission, mission_file: Path, code: CodeOnDisk, app: str) -> None:
    """Try the code on disk of an app's package; for a process that ends behind it, as nothing is put back.

    Raises:
        ReloadError: the package does not import, or its interface has changed.
    """
    package, before = mission.file.apps[app].package, mission.dictionary.content_hash
    changed = code.changed_interface(package)
    if changed:
        raise ReloadError(
            f"{changed} has changed, on which the interface of {app} depends; restart the flight software"
        )
    importlib.invalidate_caches()
    for name in loaded_modules(package):
        del sys.modules[name]
    try:
        found = Mission.load(mission_file)
        found.app_class(app)
    except Exception as error:
        reason = str(error) if isinstance(error, MissionError) else f"{type(error).__name__}: {error}"
        raise ReloadError(f"{app} cannot be loaded: {reason}") from error
    if found.dictionary.content_hash != before:
        raise ReloadError(f"the messages of {app} have changed; only new code behind the same interface can be loaded")


def _imported(file: Path, package: str) -> list[str]:
    """Modules of a package that one of its files imports."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return []
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name for name in names if name.startswith(package + ".")]


def _folders(package: str) -> list[Path]:
    spec = importlib.util.find_spec(package)
    return [Path(folder) for folder in (spec.submodule_search_locations if spec else None) or ()]


def _file(name: str) -> Path | None:
    """The file of a module; None when there is no such module."""
    parent, _, stem = name.rpartition(".")
    module = sys.modules.get(parent)
    for folder in getattr(module, "__path__", ()):
        for file in (Path(folder) / f"{stem}.py", Path(folder) / stem / "__init__.py"):
            if file.is_file():
                return file
    return None


def _signature(file: Path) -> Signature:
    try:
        found = file.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)
