"""Which modes change by themselves, when and why. Pure."""

from __future__ import annotations

from typing import Annotated

import msgspec

from apps.mode_manager.messages import SpacecraftMode
from apps.mode_manager.modes import WORKING
from tlm_cmd.definition.fields import F32, U8, U16, Range, Unit
from tlm_cmd.definition.message import Record


class ModeRules(Record):
    """When modes change by themselves."""

    boot_s: Annotated[int, U8, Range(1, 250), Unit("s"), "from start to the first mode"]
    damped_rate: Annotated[float, F32, Range(0.01, 5), Unit("deg/s"), "under which detumbling is done"]
    tumble_rate: Annotated[float, F32, Range(0.5, 20), Unit("deg/s"), "above which it is needed"]
    attitude_lost_s: Annotated[int, U16, Range(10, 3600), Unit("s"), "without attitude before safe mode"]


class Situation(msgspec.Struct, frozen=True):
    """What changes of mode are decided by.

    Attributes:
        mode: of the spacecraft.
        in_mode_s: how long it has lasted.
        rate_deg_s: of the body, None when it is not known.
        attitude_lost_s: how long the attitude has not been known.
        battery_low: loads are shed down to survival.
        executive_demands: there were too many processor resets.
        station: in contact, empty when none is.
        imaging_over: the imaging mode has lasted as long as it was asked for.
    """

    mode: SpacecraftMode
    in_mode_s: float
    rate_deg_s: float | None
    attitude_lost_s: float
    battery_low: bool
    executive_demands: bool
    station: str
    imaging_over: bool


class Change(msgspec.Struct, frozen=True):
    """A trigger of the mode machine, and why."""

    trigger: str
    cause: str


def check_rules(rules: ModeRules) -> str | None:
    """What is wrong with the rules, or None."""
    return None if rules.damped_rate < rules.tumble_rate else "needed: damped_rate < tumble_rate"


def decide(rules: ModeRules, now: Situation) -> Change | None:
    """The change that is due, if any; whether it can be made is for the machine's guards.

    Rates come before everything else: while the body tumbles nothing but damping helps, in safe mode as well, and once
    damping has begun it is brought to its end.
    """
    rate = now.rate_deg_s
    danger = _danger(rules, now)
    damping = now.mode is SpacecraftMode.DETUMBLE and rate is not None and rate >= rules.damped_rate
    if danger and now.mode is not SpacecraftMode.SAFE and not damping:
        return Change("protect", danger)
    if now.mode in (SpacecraftMode.SAFE, *WORKING) and rate is not None and rate > rules.tumble_rate:
        return Change("tumble", f"rate {rate:.1f} deg/s")
    return _change_of_course(rules, now)


def _change_of_course(rules: ModeRules, now: Situation) -> Change | None:
    """The change that the course of a mode leads to."""
    match now.mode:
        case SpacecraftMode.BOOT if now.in_mode_s >= rules.boot_s:
            return Change("booted", "boot time over")
        case SpacecraftMode.DETUMBLE:
            return Change("damped", "rates damped")
        case SpacecraftMode.IMAGING if now.imaging_over:
            return Change("imaged", "imaging time over")
        case SpacecraftMode.NOMINAL if now.station:
            return Change("contact", now.station)
        case SpacecraftMode.DOWNLINK if not now.station:
            return Change("contact_lost", "no station in view")
        case _:
            return None


def _danger(rules: ModeRules, now: Situation) -> str:
    """What the spacecraft must be protected from, empty when there is nothing."""
    if now.battery_low:
        return "battery low"
    if now.executive_demands:
        return "too many processor resets"
    if now.mode in WORKING and now.attitude_lost_s > rules.attitude_lost_s:
        return "attitude lost"
    return ""
