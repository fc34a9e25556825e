from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.mode_manager.messages import SpacecraftMode
from apps.mode_manager.modes import Conditions, SpacecraftModes
from apps.mode_manager.rules import Change, ModeRules, Situation, check_rules, decide
from flightsw.services.modes import ModeState

MODEST = settings(max_examples=60, deadline=None)
RULES = ModeRules(boot_s=15, damped_rate=0.3, tumble_rate=4.0, attitude_lost_s=600)
CALM = Situation(
    mode=SpacecraftMode.NOMINAL,
    in_mode_s=100.0,
    rate_deg_s=0.0,
    attitude_lost_s=0.0,
    battery_low=False,
    executive_demands=False,
    station="",
    imaging_over=False,
)
BOOT, DETUMBLE, SAFE = SpacecraftMode.BOOT, SpacecraftMode.DETUMBLE, SpacecraftMode.SAFE
NOMINAL, IMAGING, DOWNLINK = SpacecraftMode.NOMINAL, SpacecraftMode.IMAGING, SpacecraftMode.DOWNLINK


@pytest.mark.parametrize(
    ("changes", "due"),
    [
        ({}, None),
        ({"mode": BOOT, "in_mode_s": 14.9}, None),
        ({"mode": BOOT, "in_mode_s": 15.0}, Change("booted", "boot time over")),
        ({"mode": BOOT, "attitude_lost_s": 601.0, "in_mode_s": 1.0}, None),
        ({"mode": BOOT, "battery_low": True}, Change("protect", "battery low")),
        ({"mode": BOOT, "rate_deg_s": 10.0, "in_mode_s": 1.0}, None),
        ({"mode": BOOT, "executive_demands": True}, Change("protect", "too many processor resets")),
        ({"executive_demands": True}, Change("protect", "too many processor resets")),
        ({"mode": SAFE, "executive_demands": True}, None),
        ({"mode": DETUMBLE}, Change("damped", "rates damped")),
        ({"mode": DETUMBLE, "rate_deg_s": 10.0}, Change("damped", "rates damped")),
        ({"mode": DETUMBLE, "battery_low": True, "rate_deg_s": 0.3}, Change("damped", "rates damped")),
        ({"mode": DETUMBLE, "battery_low": True, "rate_deg_s": 0.29}, Change("protect", "battery low")),
        ({"mode": DETUMBLE, "battery_low": True, "rate_deg_s": None}, Change("protect", "battery low")),
        ({"mode": DETUMBLE, "attitude_lost_s": 601.0}, Change("damped", "rates damped")),
        ({"mode": SAFE, "battery_low": True, "attitude_lost_s": 601.0}, None),
        ({"mode": SAFE, "rate_deg_s": 4.1}, Change("tumble", "rate 4.1 deg/s")),
        ({"mode": SAFE, "station": "Kashi"}, None),
        ({"rate_deg_s": 4.0}, None),
        ({"rate_deg_s": None}, None),
        ({"attitude_lost_s": 600.0}, None),
        ({"attitude_lost_s": 600.1}, Change("protect", "attitude lost")),
        ({"battery_low": True, "rate_deg_s": 10.0}, Change("protect", "battery low")),
        ({"station": "Kashi"}, Change("contact", "Kashi")),
        ({"mode": IMAGING}, None),
        ({"mode": IMAGING, "station": "Kashi"}, None),
        ({"mode": IMAGING, "imaging_over": True}, Change("imaged", "imaging time over")),
        ({"mode": DOWNLINK, "station": "Kashi"}, None),
        ({"mode": DOWNLINK}, Change("contact_lost", "no station in view")),
        ({"mode": DOWNLINK, "rate_deg_s": 5.0}, Change("tumble", "rate 5.0 deg/s")),
    ],
)
def test_what_is_due(changes: dict[str, object], due: Change | None) -> None:
    """Each situation leads to its change, at its threshold, and calm ones to none."""
    assert decide(RULES, msgspec.structs.replace(CALM, **changes)) == due


def test_rates_out_of_order_are_refused() -> None:
    """Without a gap between damped and tumbling the rules are refused."""
    assert check_rules(RULES) is None
    assert check_rules(msgspec.structs.replace(RULES, damped_rate=4.0)) == "needed: damped_rate < tumble_rate"


@MODEST
@given(
    mode=st.sampled_from(SpacecraftMode),
    rate=st.one_of(st.none(), st.floats(0, 20)),
    lost_s=st.sampled_from([0.0, 1000.0]),
    low=st.booleans(),
    station=st.sampled_from(["", "Kashi"]),
    over=st.booleans(),
)
def test_a_constant_situation_settles(
    *, mode: SpacecraftMode, rate: float | None, lost_s: float, low: bool, station: str, over: bool
) -> None:
    """Whatever the situation is, as long as it stays the modes come to rest after a few changes."""
    machine = SpacecraftModes(ModeState(mode))
    conditions = Conditions(
        attitude_known=rate is not None and lost_s == 0.0,
        rate_deg_s=20.0 if rate is None else rate,
        damped_below_deg_s=RULES.damped_rate,
        battery_good=not low,
        in_contact=bool(station),
    )
    visited = [machine.mode]
    for _ in range(20):
        situation = Situation(
            machine.mode,
            100.0,
            rate,
            lost_s,
            battery_low=low,
            executive_demands=False,
            station=station,
            imaging_over=over,
        )
        change = decide(RULES, situation)
        if change is not None:
            machine.trigger(change.trigger, 0, conditions)
        visited.append(machine.mode)
    assert machine.state.transitions <= 4
    assert visited[-1] is visited[-10]
