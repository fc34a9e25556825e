"""Results for machines."""

import json
from pathlib import Path

import pytest

from ops_tools.result_file import OutputError, write_json


def test_a_result_is_written_with_its_folders(tmp_path: Path) -> None:
    """Paths among the values are written as text."""
    path = tmp_path / "a" / "b" / "r.json"
    write_json(path, {"report": tmp_path, "n": 1})
    assert json.loads(path.read_text()) == {"report": str(tmp_path), "n": 1}


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    """The error names the file and the reason."""
    with pytest.raises(OutputError, match=f"{tmp_path} cannot be written: Is a directory"):
        write_json(tmp_path, {})
