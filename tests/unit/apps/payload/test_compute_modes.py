"""The compute modes: each entry condition to the edge, and no mode to get lost in."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.payload.compute_modes import ComputeModes, Conditions
from apps.payload.messages import ComputeMode
from flightsw.devices.compute_board import BoardState
from flightsw.services.modes import Changed, ModeState

QUIET = Conditions(
    enabled=True,
    faulted=False,
    forbidden=False,
    may_boot=True,
    too_hot=False,
    cool=True,
    work_waits=False,
    board=BoardState.IDLE,
    throttled=False,
    model_ready=True,
    overdue=False,
    unneeded=False,
    run_planned=False,
    run_started=False,
)


def due(mode: ComputeMode, **changes: object) -> ComputeMode | None:
    """Where a mode leads under conditions, None when it stays."""
    machine = ComputeModes(ModeState(int(mode)))
    conditions = msgspec.structs.replace(QUIET, **changes)
    trigger = machine.due(conditions)
    if trigger is None:
        return None
    outcome = machine.trigger(trigger, 0, conditions)
    assert isinstance(outcome, Changed)
    return machine.mode


@pytest.mark.parametrize(
    ("mode", "changes", "destination"),
    [
        ("OFF", {}, None),
        ("OFF", {"work_waits": True}, "BOOTING"),
        ("OFF", {"work_waits": True, "may_boot": False}, None),
        ("OFF", {"work_waits": True, "enabled": False}, None),
        ("OFF", {"forbidden": True}, "SAFE"),
        ("OFF", {"forbidden": True, "enabled": False}, None),
        ("OFF", {"faulted": True}, "FAULT"),
        ("BOOTING", {}, "IDLE"),
        ("BOOTING", {"model_ready": False}, None),
        ("BOOTING", {"board": BoardState.BOOTING}, None),
        ("BOOTING", {"board": None}, None),
        ("BOOTING", {"overdue": True}, "OFF"),
        ("BOOTING", {"enabled": False}, "OFF"),
        ("IDLE", {}, None),
        ("IDLE", {"run_planned": True}, "WARMING"),
        ("IDLE", {"too_hot": True}, "COOLING"),
        ("IDLE", {"unneeded": True}, "OFF"),
        ("IDLE", {"unneeded": True, "run_planned": True}, "WARMING"),
        ("IDLE", {"board": BoardState.OFF}, "OFF"),
        ("IDLE", {"board": BoardState.BOOTING}, "OFF"),
        ("IDLE", {"board": None}, "OFF"),
        ("WARMING", {"run_planned": True}, None),
        ("WARMING", {"run_started": True}, "RUNNING"),
        ("WARMING", {}, "IDLE"),
        ("WARMING", {"too_hot": True}, "COOLING"),
        ("RUNNING", {"run_started": True}, None),
        ("RUNNING", {"run_started": True, "throttled": True}, "THROTTLED"),
        ("RUNNING", {"run_started": True, "too_hot": True}, None),
        ("RUNNING", {"too_hot": True}, "COOLING"),
        ("RUNNING", {}, "IDLE"),
        ("RUNNING", {"run_started": True, "forbidden": True}, "SAFE"),
        ("RUNNING", {"run_started": True, "enabled": False}, "OFF"),
        ("RUNNING", {"run_started": True, "faulted": True}, "FAULT"),
        ("THROTTLED", {"run_started": True, "throttled": True}, None),
        ("THROTTLED", {"run_started": True}, "RUNNING"),
        ("THROTTLED", {"throttled": True}, "IDLE"),
        ("COOLING", {}, "IDLE"),
        ("COOLING", {"cool": False}, None),
        ("COOLING", {"cool": False, "unneeded": True}, "OFF"),
        ("FAULT", {"faulted": True}, None),
        ("FAULT", {"faulted": True, "forbidden": True, "enabled": False}, None),
        ("FAULT", {}, "OFF"),
        ("SAFE", {}, "OFF"),
        ("SAFE", {"forbidden": True}, None),
        ("SAFE", {"forbidden": True, "enabled": False}, "OFF"),
        ("SAFE", {"forbidden": True, "faulted": True}, "FAULT"),
    ],
)
def test_where_conditions_lead(mode: str, changes: dict[str, object], destination: str | None) -> None:
    """Every mode is left exactly when its conditions say so, the graver reason first."""
    expected = None if destination is None else ComputeMode[destination]
    assert due(ComputeMode[mode], **changes) is expected


@given(
    mode=st.sampled_from(ComputeMode),
    flags=st.fixed_dictionaries({name: st.booleans() for name in Conditions.__struct_fields__ if name != "board"}),
    board=st.sampled_from((None, *BoardState)),
)
def test_what_is_due_can_be_done(mode: ComputeMode, flags: dict[str, bool], board: BoardState | None) -> None:
    """The due trigger is granted, and constant conditions come to rest or go round through OFF."""
    machine = ComputeModes(ModeState(int(mode)))
    flags["cool"] &= not flags["too_hot"]
    flags["run_planned"] &= not flags["run_started"]
    conditions = Conditions(board=board, **flags)
    seen = []
    while (trigger := machine.due(conditions)) is not None and machine.mode not in seen:
        seen.append(machine.mode)
        assert isinstance(machine.trigger(trigger, 0, conditions), Changed)
    if trigger is not None and machine.mode in seen:
        assert ComputeMode.OFF in seen


@given(
    mode=st.sampled_from([mode for mode in ComputeMode if mode not in (ComputeMode.FAULT, ComputeMode.OFF)]),
    flags=st.fixed_dictionaries(
        {
            name: st.booleans()
            for name in Conditions.__struct_fields__
            if name not in ("board", "forbidden", "faulted", "enabled")
        }
    ),
)
def test_nothing_stops_protection(mode: ComputeMode, flags: dict[str, bool]) -> None:
    """Forbidden leads to SAFE from every powered mode, whatever else holds."""
    machine = ComputeModes(ModeState(int(mode)))
    conditions = Conditions(board=BoardState.ACTIVE, forbidden=True, faulted=False, enabled=True, **flags)
    trigger = machine.due(conditions)
    if mode is not ComputeMode.SAFE:
        assert trigger == "protect"
        machine.trigger(trigger, 0, conditions)
    assert machine.mode is ComputeMode.SAFE
    assert not machine.powered


def test_the_line_is_on_where_a_board_is_needed() -> None:
    """OFF, FAULT and SAFE are without power, all others have it."""
    without = [mode for mode in ComputeMode if not ComputeModes(ModeState(int(mode))).powered]
    assert without == [ComputeMode.OFF, ComputeMode.FAULT, ComputeMode.SAFE]
