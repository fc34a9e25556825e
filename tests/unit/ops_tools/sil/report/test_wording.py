import pytest

from ops_tools.sil.report.wording import (
    counted,
    duration,
    listed,
    met,
    number,
    percent,
    reasons,
    shortened,
    utc,
    volume,
)

THIN = "\u202f"


@pytest.mark.parametrize(
    ("at_s", "digits", "text"),
    [
        (0, 0, "0:00:00"),
        (59.6, 0, "0:01:00"),
        (3599.96, 1, "1:00:00.0"),
        (86_400, 0, "24:00:00"),
        (61.25, 2, "0:01:01.25"),
        (-5, 0, "\u22120:00:05"),
        (-0.2, 0, "0:00:00"),
        (None, 0, "\u2013"),
    ],
)
def test_met(at_s: float | None, digits: int, text: str) -> None:
    """Mission time carries correctly into minutes and hours."""
    assert met(at_s, digits) == text


@pytest.mark.parametrize(
    ("span_s", "text"),
    [
        (0.0213, f"21{THIN}ms"),
        (0.9996, f"1.0{THIN}s"),
        (19.96, f"20{THIN}s"),
        (119.4, f"119{THIN}s"),
        (119.6, f"2{THIN}min"),
        (200, f"3{THIN}min 20{THIN}s"),
        (7199.6, f"2{THIN}h"),
        (86_400, f"24{THIN}h"),
        (None, "\u2013"),
    ],
)
def test_duration(span_s: float | None, text: str) -> None:
    """A duration never shows sixty of a unit."""
    assert duration(span_s) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_600, "1.0 MB"),
        (123_456_789, "123 MB"),
        (5e15, "5 000.0 TB"),
        (None, "\u2013"),
    ],
)
def test_volume(size: float | None, text: str) -> None:
    """Volumes are decimal and never show a thousand of a unit."""
    assert volume(size) == text.replace(" ", THIN)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0.0 %"),
        (0.0001, "< 0.1 %"),
        (0.9999, "> 99.9 %"),
        (1.0, "100.0 %"),
        (-0.25, "\u221225.0 %"),
        (None, "\u2013"),
    ],
)
def test_percent(share: float | None, text: str) -> None:
    """Nearly all is not all, and a little is not nothing."""
    assert percent(share) == text.replace(" ", THIN)


def test_number() -> None:
    """Groups of three, a true minus, and no negative zero."""
    assert number(-1_234_567.89) == f"\u22121{THIN}234{THIN}567.9"
    assert number(-0.04) == "0.0"
    assert number(None) == "\u2013"


def test_words() -> None:
    """Counts, reasons, lists and cuts read as they should."""
    assert [counted(1, "pass", "passes"), counted(2, "pass", "passes"), counted(0, "job")] == [
        "1 pass",
        "2 passes",
        "0 jobs",
    ]
    assert reasons({"late": 1, "crc": 4, "none": 0, "full": 1}) == "4 \u00d7 crc, 1 \u00d7 full, 1 \u00d7 late"
    assert [listed([]), listed(["a"]), listed(["a", "b", "c"])] == ["", "a", "a, b and c"]
    assert shortened("abcdef", 4) == "abc\u2026"
    assert shortened("abcd", 4) == "abcd"


def test_utc() -> None:
    """Mission time is added to the UTC of its zero."""
    assert utc(1_774_056_300, 95) == "2026-03-21 01:26:35"
