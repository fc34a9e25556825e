from __future__ import annotations

import pytest

from ops_tools.console.printable import printable
from ops_tools.console.wording import duration_text, octets_text, utc_text
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS

EPOCH_NS = LEAP_SECONDS.utc_to_tai(1_778_812_860 * 10**9)
"""2026-05-15T02:41:00Z as TAI."""


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0 s"), (59.9, "59 s"), (60, "1:00 min"), (3599, "59:59 min"), (11_100, "3:05 h")]
)
def test_durations_are_short(seconds: float, text: str) -> None:
    """In the unit that fits."""
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("octets", "text"), [(999, "999 B"), (1000, "1.0 kB"), (1_500_000, "1.5 MB"), (2_000_000_000, "2.0 GB")]
)
def test_amounts_of_data_are_short(octets: int, text: str) -> None:
    """In the unit that fits."""
    assert octets_text(octets) == text


def test_utc_follows_leap_seconds() -> None:
    """TAI is 37 seconds ahead since 2017; before 1972 nothing is said."""
    assert utc_text(EPOCH_NS) == "2026-05-15 02:41:00"
    assert utc_text(EPOCH_NS + 42_999_999, milliseconds=True) == "2026-05-15 02:41:00.042"
    assert utc_text(0) == ""


@pytest.mark.parametrize(
    ("text", "ascii_only", "shown"),
    [
        ("plain", True, "plain"),
        ("21 \N{DEGREE SIGN}C", False, "21 \N{DEGREE SIGN}C"),
        ("21 \N{DEGREE SIGN}C", True, "21 ?C"),
    ],
)
def test_a_terminal_gets_what_it_can_show(text: str, *, ascii_only: bool, shown: str) -> None:
    """Other characters become question marks."""
    assert printable(text, ascii_only=ascii_only) == shown


def test_control_characters_never_reach_a_terminal() -> None:
    """Line ends, escapes and marks that turn the reading direction."""
    assert printable("a\nb\x1b[2Jc\u202ed\0") == "a?b?[2Jc?d?"
