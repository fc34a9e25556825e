from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightsw.mission_file import MissionError, read_mission
from flightsw.mission_life import needs_problem

NAMES = tuple("abcdef")
HEAD = """
name = "m"
version = "1"
[time]
epoch_utc = "2026-01-01T00:00:00Z"
[links.s_band]
spacecraft_id = 1
[apps.power]
package = "apps.power"
apid = 0x20
"""


def reaches_itself(needs: dict[str, tuple[str, ...]], app: str) -> bool:
    """Whether an app needs itself, over however many others."""
    seen: set[str] = set()
    wanted = list(needs[app])
    while wanted:
        need = wanted.pop()
        if need == app:
            return True
        if need not in seen:
            seen.add(need)
            wanted += needs[need]
    return False


@given(st.fixed_dictionaries({name: st.lists(st.sampled_from(NAMES), unique=True).map(tuple) for name in NAMES}))
def test_a_circle_is_found_exactly_when_there_is_one(needs: dict[str, tuple[str, ...]]) -> None:
    """And what is named is a circle: each needs the next, the last the first."""
    problem = needs_problem(needs)
    assert bool(problem) == any(reaches_itself(needs, app) for app in needs)
    if problem:
        circle = problem.partition(": ")[2].partition(" - ")[0].split(" -> ")
        assert circle[0] == circle[-1]
        assert all(later in needs[earlier] for earlier, later in pairwise(circle))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('needs = ["sun"]', r"power needs 'sun', which is no app; there is power - at `\$.apps.power.needs`"),
        ('needs = ["power"]', r"apps need each other in a circle: power -> power - at `\$.apps.power.needs`"),
        ('on_failure = "panic"', r"Invalid enum value 'panic' - at `\$.apps.power.on_failure`"),
        ("max_restarts = -1", r"Expected `int` >= 0 - at `\$.apps.power.max_restarts`"),
        ('without_needs = "wait"', r"Invalid enum value 'wait' - at `\$.apps.power.without_needs`"),
        ("[executive]\nhang_after_s = 0.1", r"Expected `float` >= 0.5 - at `\$.executive.hang_after_s`"),
    ],
)
def test_what_cannot_be_is_refused_at_load(tmp_path: Path, text: str, problem: str) -> None:
    """The error names the key and what is wrong with it."""
    file = tmp_path / "mission.toml"
    file.write_text(HEAD + text)
    with pytest.raises(MissionError, match=problem):
        read_mission(file)
