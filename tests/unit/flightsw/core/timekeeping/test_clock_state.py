import pytest

from flightsw.core.timekeeping.clock_state import TRANSITIONS, Happening
from flightsw.services.time_quality import ClockState

INVALID, VALID, FLYWHEEL = ClockState.INVALID, ClockState.VALID, ClockState.FLYWHEEL

CELLS = {
    #                          from INVALID, VALID, FLYWHEEL
    Happening.SET_INTERNAL: (VALID, VALID, VALID),
    Happening.SET_EXTERNAL: (FLYWHEEL, VALID, FLYWHEEL),
    Happening.LOCKED: (VALID, VALID, VALID),
    Happening.TONE_LOST: (INVALID, FLYWHEEL, FLYWHEEL),
    Happening.STALE: (INVALID, INVALID, INVALID),
    Happening.DECLARED: (INVALID, INVALID, INVALID),
    Happening.CLOCK_RESTARTED: (INVALID, INVALID, INVALID),
    Happening.TO_INTERNAL: (INVALID, VALID, VALID),
    Happening.TO_TONE: (INVALID, FLYWHEEL, FLYWHEEL),
}
ROWS = (INVALID, VALID, FLYWHEEL)


@pytest.mark.parametrize(
    ("before", "happening", "after"),
    [(before, happening, cells[row]) for happening, cells in CELLS.items() for row, before in enumerate(ROWS)],
)
def test_every_cell(before: ClockState, happening: Happening, after: ClockState) -> None:
    """Each state goes where docs/time.md says on each thing that can happen to it."""
    assert TRANSITIONS[before, happening] is after


def test_no_cell_is_missing() -> None:
    """Every state and every happening has a cell, and there are no others."""
    assert set(TRANSITIONS) == {(state, happening) for state in ClockState for happening in Happening}
    assert set(CELLS) == set(Happening)
