"""The page about `tlm_cmd` as a library is true: its examples run, one after the other."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "library.md"


def test_every_example_runs() -> None:
    """All blocks of Python on the page, as one program with their own assertions."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) >= 7
    names: dict[str, object] = {"__name__": "library_page"}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec", dont_inherit=True), names)  # noqa: S102 - our own documentation
