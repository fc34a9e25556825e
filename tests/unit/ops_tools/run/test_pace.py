"""A simulator that falls behind is told of once, and as long as it is true."""

from __future__ import annotations

from pathlib import Path

from ops_tools.run.notices import Pacing, read_notice, write_notice
from ops_tools.run.pace import PaceWatch

SECOND_NS = 1_000_000_000


def test_a_warning_begins_with_half_a_host_second_and_ends_with_the_lateness() -> None:
    """At speed 60 that is half a minute of vehicle time."""
    watch = PaceWatch(60.0)
    watch.take(29 * SECOND_NS)
    assert watch.warning == ""
    watch.take(30 * SECOND_NS)
    watch.take(45 * SECOND_NS)
    assert watch.warning == "simulator 45 s of vehicle time late: choose a lower speed than 60"
    watch.take(0)
    assert watch.warning == ""


def test_slots_skipped_on_board_are_a_warning_until_an_account_without_more() -> None:
    """The simulator may keep up while the flight software does not; a count that begins anew is no lateness."""
    watch = PaceWatch(20.0)
    watch.take_account(0)
    assert watch.warning == ""
    watch.take_account(12)
    assert watch.warning == (
        "flight software too late for 12 slots, by its newest account: choose a lower speed than 20"
    )
    watch.take_account(15)
    assert "too late for 3 slots" in watch.warning
    watch.take_account(15)
    assert watch.warning == ""
    watch.take_account(0)
    assert watch.warning == ""
    watch.take_account(1)
    watch.take(11 * SECOND_NS)
    assert watch.warning.startswith("simulator 11 s")


def test_a_warning_is_one_line_and_lines_keep_their_distance() -> None:
    """Lateness that comes and goes does not fill a log, and nothing is said of what is over."""
    watch = PaceWatch(20.0)
    said = []
    for second in range(40):
        watch.take(SECOND_NS * (20 if second in (0, 1, 3, 12, 13, 14, 30) else 0))
        if watch.line(second * SECOND_NS):
            said.append(second)
    assert said == [0, 12, 30]


def test_a_warning_held_back_is_told_when_a_line_is_due() -> None:
    """The flight software gets late right behind the simulator, and stays so: told once, with the newest figure."""
    watch = PaceWatch(20.0)
    said = {}
    for second in range(120):
        watch.take(20 * SECOND_NS if second == 0 else 0)
        watch.take_account(100 * second if second >= 5 else 0)
        if line := watch.line(second * SECOND_NS):
            said[second] = line
    assert list(said) == [0, 10]
    assert said[0].startswith("simulator 20 s")
    assert said[10].startswith("flight software too late for 100 slots")


def test_a_warning_behind_another_gets_its_own_line() -> None:
    """Simulator and flight software are late together: both are told."""
    watch = PaceWatch(20.0)
    watch.take(20 * SECOND_NS)
    watch.take_account(7)
    lines = [watch.line(second * SECOND_NS) for second in (0, 9, 10, 20)]
    assert [line.partition(" ")[0] for line in lines] == ["simulator", "", "flight", ""]


def test_a_notice_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Before it is written there is none; nothing but the notice is left in the folder."""
    path = tmp_path / "pacing.json"
    assert read_notice(path, Pacing) is None
    write_notice(path, Pacing(7))
    write_notice(path, Pacing(8))
    assert read_notice(path, Pacing) == Pacing(8)
    assert [each.name for each in tmp_path.iterdir()] == ["pacing.json"]
