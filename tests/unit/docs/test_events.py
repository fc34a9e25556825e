"""The page about events says nothing that the mission does not know."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from flightsw.mission import Mission
from flightsw.mission_events import EventEntry
from ops_tools.cli_commands.ground_cmd import named_value
from tlm_cmd.definition.arguments import build

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "events.md").read_text()
MISSION = Mission.load(ROOT / "apps" / "missions" / "urbanwatch" / "mission.toml")
COMMANDS = re.findall(r"^flightsw cmd (\S+) ?(.*)$", PAGE, re.MULTILINE)
TOML = re.compile(r"```toml\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize(("name", "arguments"), COMMANDS, ids=[" ".join(each) for each in COMMANDS])
def test_commands_can_be_sent(name: str, arguments: str) -> None:
    """Each line of the page names a command of the mission, with arguments that it allows."""
    values = dict(named_value(argument) for argument in arguments.split())
    build(MISSION.dictionary.command(name).record, values)


def test_settings_can_be_flown() -> None:
    """The mission file's excerpt is accepted, and the defaults are those that the page names."""
    (excerpt,) = TOML.findall(PAGE)
    entry = msgspec.convert(tomllib.loads(excerpt)["apps"]["thermal"]["events"], EventEntry)
    assert (entry.squelch.burst, entry.log_entries, entry.log_mode.name) == (64, 128, "DISCARD")
    default = EventEntry()
    numbers = (default.squelch.burst, default.squelch.events_per_second, default.log_entries)
    assert f'Defaults are {numbers[0]}, {numbers[1]}, {numbers[2]} entries and `"{default.full_log}"`.' in PAGE


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", PAGE))))
def test_names_are_those_of_the_dictionary(name: str) -> None:
    """Commands, packets and events that the page names exist."""
    dictionary = MISSION.dictionary
    known = [*dictionary.commands, *dictionary.telemetry, *dictionary.events]
    assert any(name in (each, each.partition(".")[2], each.partition(".")[0]) for each in known) or name in PAGE_WORDS


PAGE_WORDS = ("SHORT_BELOW_ERROR",)
"""Values of arguments that look like names of messages."""
