"""Scenario files: what flies, for how long, which commands go up when, and what must come of it.

For example::

    name = "one-orbit"
    mission = "../mission.toml"
    duration_s = 5700

    [[commands]]
    contact = 1
    after_s = 20
    name = "EXECUTIVE.NOOP"
    expect = "completed"

    [[expectations]]
    requirement = "PAY-03"
    text = "At least one cloudy scene is discarded on board."
    value = "images.discarded"
    at_least = 1
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

import msgspec

from flightsw.documents import DocumentError, convert
from ops_tools.ground.command_record import Verdict

Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
Celsius = Annotated[float, msgspec.Meta(ge=-273.15, le=1000.0)]
Figure = Annotated[float, msgspec.Meta(ge=-1e18, le=1e18)]
LONGEST_S = 366 * 86_400
"""Longest flight: a leap year."""


class ScenarioError(ValueError):
    """A scenario file that cannot be flown; names the key and what is allowed."""


class ScenarioCommand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One command of the ground.

    Attributes:
        name: as a controller types it; empty when raw octets are sent.
        arguments: named values.
        confirm: reason, for hazardous commands.
        force: hexadecimal octets sent up unchecked, instead of a named command.
        at_s: mission elapsed time at which it is sent; None to send it by contact.
        contact: number of the contact in which it is sent, from 1.
        after_s: seconds into that contact.
        expect: verdict that it must get.
    """

    name: str = ""
    arguments: dict[str, Any] = {}
    confirm: str | None = None
    force: str = ""
    at_s: Seconds | None = None
    contact: Annotated[int, msgspec.Meta(ge=1)] | None = None
    after_s: Seconds = 0.0
    expect: Verdict = Verdict.COMPLETED


class ScenarioExpectation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that must hold of the result.

    Attributes:
        requirement: its identifier.
        text: the demand, as a sentence.
        value: which figure of the result, its keys joined by dots.
        of: the figure of which it is a part, told beside it; empty for none.
        at_least: lowest allowed value.
        at_most: highest allowed value.
        equals: the only allowed value.
    """

    requirement: str
    text: str
    value: str
    of: str = ""
    at_least: Figure | None = None
    at_most: Figure | None = None
    equals: Any = None


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the spacecraft must never exceed; judged by the truth, every second.

    Attributes:
        battery_floor: lowest state of charge, 0 to 1.
        node_highest_c: highest temperature by thermal node.
        node_lowest_c: lowest temperature by thermal node.
    """

    battery_floor: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.0
    node_highest_c: dict[str, Celsius] = {}
    node_lowest_c: dict[str, Celsius] = {}


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A scenario file.

    Attributes:
        name: of the scenario.
        mission: mission file, relative to the scenario file.
        spacecraft: simulated spacecraft, relative to the scenario file; empty for the reference one.
        duration_s: simulated time.
        limits: what must never be exceeded.
        commands: what the ground sends.
        expectations: what must hold at the end.
    """

    name: str
    mission: str
    duration_s: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_S)]
    spacecraft: str = ""
    limits: Limits = Limits()
    commands: tuple[ScenarioCommand, ...] = ()
    expectations: tuple[ScenarioExpectation, ...] = ()


class LoadedScenario(msgspec.Struct, frozen=True):
    """A scenario with its files found.

    Attributes:
        scenario: the content.
        mission_file: where the mission is.
        spacecraft_file: where the spacecraft is, None for the reference one.
    """

    scenario: Scenario
    mission_file: Path
    spacecraft_file: Path | None


def load_scenario(path: Path) -> LoadedScenario:
    """Read a scenario file.

    Raises:
        ScenarioError: missing or unreadable, no TOML, an unknown key, a value that is not allowed, a command without a
            time, or an expectation that demands nothing.
    """
    try:
        scenario = convert(tomllib.loads(path.read_text(encoding="utf-8")), Scenario)
    except FileNotFoundError:
        raise ScenarioError(f"scenario file {path} is missing") from None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, DocumentError) as error:
        raise ScenarioError(f"scenario file {path}: {error}") from error
    for number, command in enumerate(scenario.commands, 1):
        if (command.at_s is None) == (command.contact is None):
            raise ScenarioError(f"scenario file {path}: command {number} needs either at_s or contact")
        if bool(command.name) == bool(command.force):
            raise ScenarioError(f"scenario file {path}: command {number} needs either name or force")
        if not _is_hexadecimal(command.force):
            raise ScenarioError(f"scenario file {path}: command {number}: force is {command.force!r}, no hexadecimal")
    for expectation in scenario.expectations:
        if expectation.at_least is None and expectation.at_most is None and expectation.equals is None:
            raise ScenarioError(
                f"scenario file {path}: {expectation.requirement} demands nothing; add at_least, at_most or equals"
            )
        if expectation.equals != expectation.equals:
            raise ScenarioError(f"scenario file {path}: {expectation.requirement} can never hold: equals is nan")
    return LoadedScenario(
        scenario=scenario,
        mission_file=(path.parent / scenario.mission).resolve(),
        spacecraft_file=(path.parent / scenario.spacecraft).resolve() if scenario.spacecraft else None,
    )


def _is_hexadecimal(octets: str) -> bool:
    try:
        bytes.fromhex(octets)
    except ValueError:
        return False
    return True
