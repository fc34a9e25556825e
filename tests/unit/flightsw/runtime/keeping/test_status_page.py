from __future__ import annotations

from pathlib import Path

from flightsw.runtime.keeping.status_page import PAGE_OCTETS, StatusPage, read_page


def test_a_page_shows_what_runs(tmp_path: Path) -> None:
    """It is idle at first and between handlers; what was shown last is still there when the process has ended."""
    path = tmp_path / "core.status"
    page = StatusPage(path)
    assert read_page(path) is None
    page.enter("sink", "Hang")
    assert read_page(path) == ("sink", "Hang")
    page.leave()
    assert read_page(path) is None
    page.enter("sink", "start")
    page.close()
    assert read_page(path) == ("sink", "start")
    StatusPage(path).close()
    assert read_page(path) is None
    assert path.stat().st_size == PAGE_OCTETS


def test_no_page_says_nothing(tmp_path: Path) -> None:
    """A missing page, and one cut short, name nobody."""
    assert read_page(tmp_path / "missing") is None
    (tmp_path / "short").write_bytes(b"sink\0Hang")
    assert read_page(tmp_path / "short") is None


def test_a_name_that_is_too_long_is_cut(tmp_path: Path) -> None:
    """Nothing is written beyond the page."""
    path = tmp_path / "core.status"
    page = StatusPage(path)
    page.enter("a" * 40, "h" * 200)
    page.close()
    assert read_page(path) == ("a" * 32, "h" * 64)
    assert path.stat().st_size == PAGE_OCTETS
