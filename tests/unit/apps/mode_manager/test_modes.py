from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

import apps
from apps.mode_manager.messages import SpacecraftMode
from apps.mode_manager.modes import Conditions, SpacecraftModes
from flightsw.services.modes import Changed, ModeState, Refused

BOOT, DETUMBLE, SAFE = SpacecraftMode.BOOT, SpacecraftMode.DETUMBLE, SpacecraftMode.SAFE
NOMINAL, IMAGING, DOWNLINK = SpacecraftMode.NOMINAL, SpacecraftMode.IMAGING, SpacecraftMode.DOWNLINK
GOOD = Conditions(attitude_known=True, rate_deg_s=0.1, damped_below_deg_s=0.3, battery_good=True, in_contact=True)
DOCUMENT = Path(apps.__file__).parent.parent / "docs/modes.md"

WAYS = {
    "booted": {BOOT: DETUMBLE},
    "damped": {DETUMBLE: NOMINAL},
    "recover": {SAFE: NOMINAL, IMAGING: NOMINAL, DOWNLINK: NOMINAL},
    "image": {NOMINAL: IMAGING, DOWNLINK: IMAGING},
    "imaged": {IMAGING: NOMINAL},
    "contact": {NOMINAL: DOWNLINK},
    "contact_lost": {DOWNLINK: NOMINAL},
    "tumble": {SAFE: DETUMBLE, NOMINAL: DETUMBLE, IMAGING: DETUMBLE, DOWNLINK: DETUMBLE},
    "protect": {BOOT: SAFE, DETUMBLE: SAFE, NOMINAL: SAFE, IMAGING: SAFE, DOWNLINK: SAFE},
}


def test_the_table_has_no_other_triggers() -> None:
    """The ways tested below are all there are."""
    assert {transition.trigger for transition in SpacecraftModes.transitions} == set(WAYS)


@pytest.mark.parametrize("trigger", WAYS)
@pytest.mark.parametrize("mode", list(SpacecraftMode))
def test_every_trigger_in_every_mode(trigger: str, mode: SpacecraftMode) -> None:
    """Under good conditions a trigger leads where the table says, and is refused everywhere else."""
    machine = SpacecraftModes(ModeState(mode))
    outcome = machine.trigger(trigger, 7, GOOD)
    destination = WAYS[trigger].get(mode)
    if destination is None:
        assert isinstance(outcome, Refused)
        assert machine.mode is mode
    else:
        assert outcome == Changed(trigger, mode, destination, 7)
        assert (machine.mode, machine.state.transitions) == (destination, 1)


@pytest.mark.parametrize(
    ("trigger", "mode", "bad"),
    [
        (trigger, mode, bad)
        for trigger in ("damped", "recover")
        for mode in WAYS[trigger]
        for bad in ({"attitude_known": False}, {"rate_deg_s": 0.3}, {"battery_good": False})
    ]
    + [("image", mode, {"battery_good": False}) for mode in WAYS["image"]]
    + [("contact", NOMINAL, {"in_contact": False})],
)
def test_guards(trigger: str, mode: SpacecraftMode, bad: dict[str, object]) -> None:
    """Each bad condition alone stops the transitions that depend on it, with a reason."""
    machine = SpacecraftModes(ModeState(mode))
    outcome = machine.trigger(trigger, 7, msgspec.structs.replace(GOOD, **bad))
    assert isinstance(outcome, Refused)
    assert outcome.reason
    assert machine.mode is mode


@pytest.mark.parametrize("trigger", ["booted", "imaged", "contact_lost", "tumble", "protect"])
def test_what_protects_is_never_guarded(trigger: str) -> None:
    """Nothing that leads to safety, or gives back a mode, depends on conditions."""
    terrible = Conditions(
        attitude_known=False, rate_deg_s=90.0, damped_below_deg_s=0.3, battery_good=False, in_contact=False
    )
    for mode, destination in WAYS[trigger].items():
        assert SpacecraftModes(ModeState(mode)).trigger(trigger, 0, terrible) == Changed(trigger, mode, destination, 0)


def test_the_documented_diagram_is_up_to_date() -> None:
    """The diagram in the documentation is the one that the machine draws of itself."""
    found = re.search(r"## The spacecraft\n.*?```mermaid\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found is not None
    assert found.group(1) == SpacecraftModes.diagram()


def test_every_mode_is_documented() -> None:
    """Each mode is named and explained in the documentation."""
    text = DOCUMENT.read_text()
    for mode in SpacecraftMode:
        assert f"| `{mode.name}` |" in text
