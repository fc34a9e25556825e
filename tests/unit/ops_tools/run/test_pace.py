"""A simulator that falls behind is told of once, and as long as it is true."""

from __future__ import annotations

from pathlib import Path

from ops_tools.run.notices import Pacing, read_notice, write_notice
from ops_tools.run.pace import PaceWatch

SECOND_NS = 1_000_000_000


def test_a_warning_begins_with_half_a_host_second_and_ends_with_the_lateness() -> None:
    """At speed 60 that is half a minute of vehicle time; the warning counts as new once."""
    watch = PaceWatch(60.0)
    assert watch.take(29 * SECOND_NS) is False
    assert watch.warning == ""
    assert watch.take(30 * SECOND_NS) is True
    assert watch.take(45 * SECOND_NS) is False
    assert watch.warning == "simulator 45 s of vehicle time late: choose a lower speed than 60"
    assert watch.take(0) is False
    assert watch.warning == ""
    assert watch.take(31 * SECOND_NS) is True


def test_slots_skipped_on_board_are_a_warning_until_an_account_without_more() -> None:
    """The simulator may keep up while the flight software does not; what was told once does not count again."""
    watch = PaceWatch(20.0)
    assert watch.take_account(0) is False
    assert watch.take_account(12) is True
    assert watch.warning == (
        "flight software too late for 12 slots, by its newest account: choose a lower speed than 20"
    )
    assert watch.take_account(15) is False
    assert "too late for 3 slots" in watch.warning
    assert watch.take_account(15) is False
    assert watch.warning == ""
    assert watch.take_account(0) is False  # begun anew
    assert watch.take_account(1) is True
    assert watch.take(11 * SECOND_NS) is True
    assert watch.warning.startswith("simulator 11 s")


def test_lines_keep_their_distance() -> None:
    """Lateness that comes and goes does not fill a log."""
    watch = PaceWatch(20.0)
    assert [watch.line_due(second * SECOND_NS) for second in (3, 4, 12, 13, 14, 30)] == [
        *(True, False, False),
        *(True, False, True),
    ]


def test_a_notice_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Before it is written there is none; nothing but the notice is left in the folder."""
    path = tmp_path / "pacing.json"
    assert read_notice(path, Pacing) is None
    write_notice(path, Pacing(7))
    write_notice(path, Pacing(8))
    assert read_notice(path, Pacing) == Pacing(8)
    assert [each.name for each in tmp_path.iterdir()] == ["pacing.json"]
