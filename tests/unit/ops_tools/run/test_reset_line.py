from __future__ import annotations

from pathlib import Path

from ops_tools.run.reset_line import ResetLine


def test_each_pull_is_seen_once(tmp_path: Path) -> None:
    """A line never pulled is not seen pulled; after each pull it is, once."""
    near, far = ResetLine(tmp_path / "line"), ResetLine(tmp_path / "line")
    assert not far.pulled()
    for times in (1, 2):
        near.pull(times)
        assert far.pulled()
        assert not far.pulled()
