from __future__ import annotations

import pytest

from ops_tools.console.printable import printable
from ops_tools.console.wording import duration_text, octets_text, outlook_text, utc_text
from ops_tools.ground.contact_plan import ContactOutlook, PlannedContact
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


SECOND_NS = 1_000_000_000
NEXT = PlannedContact("Beijing", 1500 * SECOND_NS, 1900 * SECOND_NS)


@pytest.mark.parametrize(
    ("outlook", "speed", "text"),
    [
        (ContactOutlook(0), None, "no contact yet"),
        (ContactOutlook(0, following=NEXT), 1.0, "no contact yet; next: Beijing in 25:00 min"),
        (ContactOutlook(0, following=NEXT), 60.0, "no contact yet; next: Beijing in 25:00 min (25 s at \u00d760)"),
        (
            ContactOutlook(30 * SECOND_NS, passes=1, last_ns=0, following=NEXT),
            0.5,
            "no contact for 30 s; next: Beijing in 24:30 min (49:00 min at \u00d70.5)",
        ),
        (ContactOutlook(0, in_contact=True), 60.0, "contact"),
        (
            ContactOutlook(0, in_contact=True, station="Sanya", end_ns=240 * SECOND_NS, following=NEXT),
            60.0,
            "contact with Sanya for 4:00 min (4 s at \u00d760) more",
        ),
        (
            ContactOutlook(0, end_ns=240 * SECOND_NS, following=NEXT),
            None,
            "no contact yet, though it should go on for 4:00 min more",
        ),
    ],
)
def test_contact_is_told_in_vehicle_time_and_in_that_of_the_reader(
    outlook: ContactOutlook, speed: float | None, text: str
) -> None:
    """What is heard, how long it lasts, when the next one begins."""
    assert outlook_text(outlook, speed) == text
