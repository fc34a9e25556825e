from __future__ import annotations

import itertools
import math
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.power.messages import ShedLevel
from apps.power.shedding import SheddingRules, check_rules, lines_off, shed_level
from flightsw.mission import Mission
from flightsw.services.tables.content import read_table

MODEST = settings(max_examples=100, deadline=None)
RULES = SheddingRules(
    payload_below=0.6,
    payload_recovered=0.7,
    survival_below=0.3,
    survival_recovered=0.4,
    payload_lines=(6, 7),
    survival_lines=(5,),
    normal_lines=(5, 6),
    trip_retries=3,
    retry_after_s=10,
)
LEVELS = st.sampled_from(ShedLevel)
CHARGES = st.floats(0, 1)
NONE, PAYLOAD, SURVIVAL = ShedLevel.NONE, ShedLevel.PAYLOAD, ShedLevel.SURVIVAL


def test_the_mission_table_is_allowed(mission: Mission) -> None:
    """The mission's thresholds stand in order."""
    table = read_table(SheddingRules, Path(mission.table_folder("power")) / "shedding.toml")
    assert check_rules(table) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"payload_recovered": 0.6},
        {"survival_recovered": 0.3},
        {"survival_recovered": 0.65},
        {"payload_below": 0.2},
    ],
)
def test_thresholds_out_of_order_are_refused(changes: dict[str, float]) -> None:
    """Thresholds without hysteresis, or in the wrong order, are refused with what is needed."""
    assert "needed" in str(check_rules(msgspec.structs.replace(RULES, **changes)))


@pytest.mark.parametrize(
    ("before", "charge", "after"),
    [
        (NONE, 0.6, NONE),
        (NONE, 0.599, PAYLOAD),
        (NONE, 0.299, SURVIVAL),
        (PAYLOAD, 0.699, PAYLOAD),
        (PAYLOAD, 0.7, NONE),
        (PAYLOAD, 0.3, PAYLOAD),
        (PAYLOAD, 0.299, SURVIVAL),
        (SURVIVAL, 0.399, SURVIVAL),
        (SURVIVAL, 0.4, PAYLOAD),
        (SURVIVAL, 0.65, PAYLOAD),
        (SURVIVAL, 0.7, NONE),
    ],
)
def test_levels_change_at_their_thresholds(before: ShedLevel, charge: float, after: ShedLevel) -> None:
    """A level is entered below its threshold and left from its recovery on, exactly."""
    assert shed_level(RULES, before, charge) is after


@pytest.mark.parametrize("charge", [math.nan, -0.1])
def test_no_number_sheds_the_payload(charge: float) -> None:
    """A state of charge that cannot be sheds the payload, and does not lift a higher level."""
    assert [shed_level(RULES, level, charge) for level in ShedLevel] == [PAYLOAD, PAYLOAD, SURVIVAL]


@MODEST
@given(LEVELS, CHARGES)
def test_a_constant_charge_never_oscillates(level: ShedLevel, charge: float) -> None:
    """However often it is asked, a constant state of charge changes the level at most once."""
    first = shed_level(RULES, level, charge)
    assert shed_level(RULES, first, charge) is first


@MODEST
@given(LEVELS, CHARGES, st.lists(st.floats(-0.049, 0.049), min_size=2, max_size=30))
def test_noise_within_the_hysteresis_does_not_oscillate(level: ShedLevel, charge: float, noise: list[float]) -> None:
    """Noise smaller than half the hysteresis moves the level at most once up and once down, and never back again."""
    levels = [level]
    for error in noise:
        levels.append(shed_level(RULES, levels[-1], min(1.0, max(0.0, charge + error))))
    changes = [after for before, after in itertools.pairwise(levels) if after is not before]
    assert len(changes) <= 2


@MODEST
@given(LEVELS, CHARGES, CHARGES)
def test_less_charge_never_sheds_less(level: ShedLevel, one: float, other: float) -> None:
    """From the same level, the lower of two states of charge sheds at least as much."""
    assert shed_level(RULES, level, min(one, other)) >= shed_level(RULES, level, max(one, other))


def test_lines_of_each_level() -> None:
    """Survival switches off what the payload's level does, and more."""
    assert [lines_off(RULES, level) for level in ShedLevel] == [(), (6, 7), (6, 7, 5)]
