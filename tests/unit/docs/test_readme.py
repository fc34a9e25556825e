"""What README and the page on HTTP tell to type is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from ops_tools.cli import parser

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text()
LINES = [line for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
FLIGHTSW = [line for line in LINES if line.startswith("flightsw ")]


@pytest.mark.parametrize("line", FLIGHTSW)
def test_every_line_of_the_readme_is_understood(line: str) -> None:
    """Commands and options exist, and scenarios of the mission lie where they are said to."""
    words = shlex.split(line)[1:]
    assert parser().parse_args(words)
    assert all((ROOT / word).is_file() for word in words if word.startswith("apps/"))


def test_the_environment_is_named_before_it_is_needed() -> None:
    """Who copies line after line from the top has the command in the shell."""
    assert len(FLIGHTSW) >= 8
    assert LINES.index("source .venv/bin/activate") < LINES.index(FLIGHTSW[0])


def test_what_the_readme_writes_git_ignores() -> None:
    """Results go to reports/, so that a clone stays clean."""
    assert "/reports/" in (ROOT / ".gitignore").read_text()
    for line in FLIGHTSW:
        for option, value in re.findall(r"(--json|--out|-o) (\S+)", line):
            assert value.startswith("reports"), f"{option} {value}"
