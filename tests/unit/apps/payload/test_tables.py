"""The payload's tables: the mission's are good, and what would harm is refused."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

import apps
from apps.payload.model_store import ModelManifest
from apps.payload.tables import (
    BoardTable,
    ForecastRules,
    GuardLimits,
    JobRules,
    PowerStep,
    Variant,
    check_board,
    check_limits,
)
from flightsw.services.tables.content import read_table

TABLES = Path(apps.__file__).parent / "missions/urbanwatch/tables/payload"
BOARD = read_table(BoardTable, TABLES / "board.toml")
LIMITS = read_table(GuardLimits, TABLES / "limits.toml")


def test_the_mission_tables_are_good() -> None:
    """All four tables of the reference mission load and pass their checks."""
    assert check_board(BOARD) is None
    assert check_limits(LIMITS) is None
    assert read_table(ForecastRules, TABLES / "forecast.toml").step_s == 60
    assert read_table(JobRules, TABLES / "jobs.toml").attempts == 2


def test_the_variants_are_those_of_the_model(manifest: ModelManifest) -> None:
    """Names and accuracies are the manifest's, and the work stands in one proportion to it, within 2 %."""
    assert [variant.name for variant in BOARD.variants] == [variant.name for variant in manifest.variants]
    assert [variant.accuracy for variant in BOARD.variants] == [variant.accuracy for variant in manifest.variants]
    for ours, theirs in zip(BOARD.variants, manifest.variants, strict=True):
        assert ours.work_s == pytest.approx(256 * theirs.work_s, rel=0.02)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"steps": ()}, "at least one"),
        ({"variants": ()}, "at least one"),
        ({"steps": (PowerStep(15, 0.5), PowerStep(7, 1.0))}, "rise"),
        ({"steps": (PowerStep(7, 0.5), PowerStep(15, 0.5))}, "rise"),
        ({"steps": (PowerStep(8, 0.5),)}, "7, 15, 25 W only"),
        ({"variants": (Variant("a", 1.0, 1.0), Variant("a", 1.0, 1.0))}, "repeat a name: a, a"),
    ],
)
def test_a_board_that_cannot_be_is_refused(changes: dict[str, object], problem: str) -> None:
    """Empty, unordered, unknown or doubled entries are named."""
    assert problem in (check_board(msgspec.structs.replace(BOARD, **changes)) or "")


def test_limits_that_leave_no_battery_are_refused() -> None:
    """Floor and margins must leave something."""
    problem = check_limits(msgspec.structs.replace(LIMITS, floor=0.97))
    assert problem == "floor and energy margins leave nothing of the battery"
