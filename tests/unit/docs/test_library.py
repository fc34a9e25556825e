"""The pages about `tlm_cmd` as a library are true: their examples run, one after the other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize(("page", "least"), [("library.md", 7), ("pus.md", 1)])
def test_every_example_runs(page: str, least: int) -> None:
    """All blocks of Python on a page, as one program with their own assertions."""
    path = DOCS / page
    blocks = re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) >= least
    names: dict[str, object] = {"__name__": "page"}
    for block in blocks:
        exec(compile(block, str(path), "exec", dont_inherit=True), names)  # noqa: S102 - our own documentation
