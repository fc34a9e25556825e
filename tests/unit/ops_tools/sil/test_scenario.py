"""Scenario files: what they may say, and what is said of those that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops_tools.sil.scenario import ScenarioError, load_scenario

GOOD = """
name = "short"
mission = "../mission.toml"
spacecraft = "craft.toml"
duration_s = 60

[[commands]]
at_s = 5
name = "EXECUTIVE.NOOP"
"""

EMPTY_DEMAND = """[[expectations]]
requirement = "R-1"
text = "Something."
value = "ledger.sent"

[[commands]]"""


def written(tmp_path: Path, text: str) -> Path:
    """A scenario file."""
    path = tmp_path / "scenario.toml"
    path.write_text(text)
    return path


def test_files_are_found_relative_to_the_scenario(tmp_path: Path) -> None:
    """Mission and spacecraft lie where the scenario says, seen from its own folder."""
    loaded = load_scenario(written(tmp_path, GOOD))
    assert loaded.mission_file == (tmp_path.parent / "mission.toml").resolve()
    assert loaded.spacecraft_file == (tmp_path / "craft.toml").resolve()
    assert loaded.scenario.commands[0].at_s == 5


def test_the_reference_spacecraft_is_the_default(tmp_path: Path) -> None:
    """A scenario that names no spacecraft flies the reference one."""
    text = GOOD.replace('spacecraft = "craft.toml"\n', "")
    assert load_scenario(written(tmp_path, text)).spacecraft_file is None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("duration_s = 60", "duration_s = 0"), "duration_s"),
        (("duration_s = 60", "duration = 60"), "duration"),
        (("at_s = 5\n", ""), "at_s or contact"),
        (("at_s = 5", "at_s = 5\ncontact = 1"), "at_s or contact"),
        (('name = "EXECUTIVE.NOOP"', ""), "name or force"),
        (('name = "EXECUTIVE.NOOP"', 'name = "X.Y"\nexpect = "perfect"'), "perfect"),
        (('name = "short"', "name = short"), "Invalid value"),
        (('name = "EXECUTIVE.NOOP"', 'force = "0axx"'), "no hexadecimal"),
        (("[[commands]]", EMPTY_DEMAND), "R-1 demands nothing"),
        (("duration_s = 60", "duration_s = 60\nfoo = 1"), r"unknown field `foo` - at `\$`; allowed are name, mission"),
        (("at_s = 5", "at_s = inf"), r"at `\$\.commands\[0\]\.at_s`; allowed are 0 to 1e\+09"),
        (
            ("at_s = 5", "at_s = 5\nexpect = 'wrong'"),
            r"expect`; allowed are completed, failed, rejected, timed_out",
        ),
        (("[[commands]]", "[limits]\nbattery_floor = nan\n[[commands]]"), "battery_floor`; allowed are 0 to 1"),
        (("[[commands]]", "[limits]\nbattery_floor = 5\n[[commands]]"), "battery_floor`; allowed are 0 to 1"),
        (
            ("[[commands]]", "[limits]\nnode_highest_c = { battery = nan }\n[[commands]]"),
            r"limits\.node_highest_c\.battery`; allowed are -273.15 to 1000",
        ),
        (
            ("[[commands]]", "[limits]\nnode_lowest_c = { battery = -inf }\n[[commands]]"),
            r"limits\.node_lowest_c\.battery`; allowed are -273.15 to 1000",
        ),
        (
            ("[[commands]]", EMPTY_DEMAND.replace('sent"', 'sent"\nat_most = nan')),
            r"at_most`; allowed are -1e\+18 to 1e",
        ),
        (("[[commands]]", EMPTY_DEMAND.replace('sent"', 'sent"\nequals = nan')), "R-1 can never hold: equals is nan"),
        (("duration_s = 60", "duration_s = 100000000"), "duration_s`; allowed are 1 to 31622400"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, change: tuple[str, str], problem: str) -> None:
    """The error names the file and the key or value."""
    with pytest.raises(ScenarioError, match=problem) as caught:
        load_scenario(written(tmp_path, GOOD.replace(*change)))
    assert "scenario.toml" in str(caught.value)


def test_a_folder_is_no_scenario(tmp_path: Path) -> None:
    """A folder, and a file where a folder should be, are told like any other file that cannot be read."""
    with pytest.raises(ScenarioError, match="directory"):
        load_scenario(tmp_path)
    with pytest.raises(ScenarioError, match="directory"):
        load_scenario(written(tmp_path, GOOD) / "x.toml")


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    """The error names the path."""
    with pytest.raises(ScenarioError, match=r"nowhere\.toml is missing"):
        load_scenario(tmp_path / "nowhere.toml")
