"""Every module of the library's protocol folders says in its docstring which standard it implements."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LIBRARY = ROOT / "tlm_cmd"
NUMBERED = re.compile(r"(\d{3}\.\d)-B-(\d+)")

STANDARDS = {
    "packets": r"133\.0-B|301\.0-B|ECSS-E-ST-70-41C",
    "packets/pus": r"ECSS-E-ST-70-41C",
    "packets/time_codes": r"301\.0-B",
    "frames": r"132\.0-B|732\.0-B|232\.0-B|355\.0-B",
    "coding": r"131\.0-B|231\.0-B|232\.0-B",
    "cop1": r"232\.1-B",
    "cfdp": r"727\.0-B",
    "cfdp/pdu": r"727\.0-B",
    "sdls": r"355\.[01]-B|352\.0-B|NIST SP 800-38[A-F]|RFC \d+",
    "link": r"13[12]\.0-B|23[12]\.[01]-B|355\.0-B",
    "xtce": r"XTCE|660\.0-B",
}
"""What a docstring in each protocol folder names at least one of."""

OWN = {
    "packets/profiles.py": "chooses between profiles",
    "sdls/key_document.py": "writes and reads the key file, a format of this project",
}
"""Modules that implement no standard, and what they do instead."""

MODULES = sorted(
    path.relative_to(LIBRARY).as_posix() for folder in STANDARDS for path in (LIBRARY / folder).glob("*.py")
)


def docstring(module: str) -> str:
    """The docstring of a module, on one line."""
    return " ".join((ast.get_docstring(ast.parse((LIBRARY / module).read_text())) or "").split())


def names_standard(module: str) -> bool:
    """Whether a module names a standard of its folder."""
    return re.search(STANDARDS[Path(module).parent.as_posix()], docstring(module)) is not None


@pytest.mark.parametrize("module", [each for each in MODULES if each not in OWN])
def test_the_standard_is_named(module: str) -> None:
    """A module of a protocol folder names a standard that belongs to its folder."""
    assert names_standard(module), f"{module} names none of {STANDARDS[Path(module).parent.as_posix()]}"


@pytest.mark.parametrize("module", OWN)
def test_exceptions_are_exceptions(module: str) -> None:
    """The list of modules without a standard holds only modules that are there and name none."""
    assert module in MODULES
    assert not names_standard(module)


def test_no_protocol_folder_is_forgotten() -> None:
    """Each folder of the library is a protocol folder, or is known to hold what this project has defined itself."""
    folders = {path.parent.relative_to(LIBRARY).as_posix() for path in LIBRARY.rglob("*.py")}
    assert folders - set(STANDARDS) == {".", "bulk", "definition", "products"}


def test_issues_agree() -> None:
    """The library follows one issue of each standard: wherever it is named with its issue, it is the same one."""
    issues: dict[str, set[str]] = {}
    for path in LIBRARY.rglob("*.py"):
        for number, issue in NUMBERED.findall(path.read_text()):
            issues.setdefault(number, set()).add(issue)
    assert {number: found for number, found in issues.items() if len(found) > 1} == {}
