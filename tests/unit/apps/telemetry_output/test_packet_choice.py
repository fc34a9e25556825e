from __future__ import annotations

import pytest

from apps.telemetry_output.packet_choice import ChoiceError, chosen, one_of_so_many
from flightsw.mission import Mission

THERMAL, VERIFICATION, THERMAL_STATUS = 0x040, 2, 7


def test_packets_are_named_by_their_numbers(mission: Mission) -> None:
    """The number is the distance of the packet's APID from the app's."""
    assert chosen(mission.dictionary, THERMAL, (1, THERMAL_STATUS)) == (0x041, 0x047)
    assert mission.dictionary.packet("THERMAL.THERMAL_STATUS").apid == 0x047


@pytest.mark.parametrize(
    ("apid", "number", "words"),
    [
        (0x7E0, 1, "no app has APID 0x7e0"),
        (0x041, 1, "no app has APID 0x041"),
        (THERMAL, 0, "has no packet 0"),
        (THERMAL, 15, "has no packet 15"),
        (THERMAL, 17, "has no packet 17"),
        (THERMAL, 255, "has no packet 255"),
        (THERMAL, VERIFICATION, "verifies commands"),
    ],
)
def test_packets_that_cannot_be_chosen(mission: Mission, apid: int, number: int, words: str) -> None:
    """No other app's packet, and never the one that answers commands."""
    with pytest.raises(ChoiceError, match=words):
        chosen(mission.dictionary, apid, (1, number))


@pytest.mark.parametrize(("interval_ms", "one_of"), [(1000, 1), (7000, 7), (255_000, 255)])
def test_intervals(mission: Mission, interval_ms: int, one_of: int) -> None:
    """A multiple of the packet's period is one of so many."""
    assert one_of_so_many(mission.dictionary, THERMAL + THERMAL_STATUS, interval_ms) == one_of


@pytest.mark.parametrize("interval_ms", [0, 1, 999, 1500, 256_000, 2**32 - 1])
def test_intervals_that_cannot_be(mission: Mission, interval_ms: int) -> None:
    """What is no multiple, or too long, is refused with what is allowed."""
    with pytest.raises(ChoiceError, match="multiples of 1000 up to 255000"):
        one_of_so_many(mission.dictionary, THERMAL + THERMAL_STATUS, interval_ms)


def test_packets_without_a_period_have_no_interval(mission: Mission) -> None:
    """A packet made on occasion is refused."""
    with pytest.raises(ChoiceError, match="not made periodically"):
        one_of_so_many(mission.dictionary, THERMAL + 4, 1000)
