"""When to switch loads off to save the battery, and when to let them come back. Pure."""

from __future__ import annotations

from typing import Annotated, assert_never

from apps.power.messages import LINES, ShedLevel
from tlm_cmd.definition.fields import F32, U8, Range, Unit, UpTo
from tlm_cmd.definition.message import Record

LineNumber = Annotated[int, U8, Range(0, LINES - 1)]
Fraction = Annotated[float, F32, Range(0, 1)]


class SheddingRules(Record):
    """Thresholds of the state of charge, and what each level switches off.

    A level is entered below its threshold and left above its recovery.
    """

    payload_below: Annotated[Fraction, "state of charge under which the payload's lines are off"]
    payload_recovered: Annotated[Fraction, "state of charge from which they may be on again"]
    survival_below: Annotated[Fraction, "state of charge under which the spacecraft only survives"]
    survival_recovered: Annotated[Fraction, "state of charge from which it does more"]
    payload_lines: Annotated[tuple[LineNumber, ...], UpTo(LINES), "off from level PAYLOAD on"]
    survival_lines: Annotated[tuple[LineNumber, ...], UpTo(LINES), "off at level SURVIVAL, besides the payload's"]
    normal_lines: Annotated[tuple[LineNumber, ...], UpTo(LINES), "on at first, and when a level is left"]
    trip_retries: Annotated[int, U8, Range(0, 10), "how often a tripped line is closed again"]
    retry_after_s: Annotated[int, U8, Range(1, 250), Unit("s"), "from a trip to its retry"]


def check_rules(rules: SheddingRules) -> str | None:
    """What is wrong with the thresholds, or None."""
    if rules.survival_below < rules.survival_recovered <= rules.payload_below < rules.payload_recovered:
        return None
    return "needed: survival_below < survival_recovered <= payload_below < payload_recovered"


def shed_level(rules: SheddingRules, level: ShedLevel, state_of_charge: float) -> ShedLevel:
    """The level that follows from a state of charge; a value that is not a number sheds the payload."""
    if not state_of_charge >= 0.0:
        return max(level, ShedLevel.PAYLOAD)
    if state_of_charge < rules.survival_below:
        return ShedLevel.SURVIVAL
    if level is ShedLevel.SURVIVAL and state_of_charge < rules.survival_recovered:
        return ShedLevel.SURVIVAL
    if state_of_charge < rules.payload_below:
        return ShedLevel.PAYLOAD
    if level is not ShedLevel.NONE and state_of_charge < rules.payload_recovered:
        return ShedLevel.PAYLOAD
    return ShedLevel.NONE


def lines_off(rules: SheddingRules, level: ShedLevel) -> tuple[int, ...]:
    """Lines that may not be on at a level."""
    match level:
        case ShedLevel.NONE:
            return ()
        case ShedLevel.PAYLOAD:
            return rules.payload_lines
        case ShedLevel.SURVIVAL:
            return rules.payload_lines + rules.survival_lines
        case _:
            assert_never(level)
