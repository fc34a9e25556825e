"""When spacecraft time is INVALID, VALID or FLYWHEEL: one table of states and of what happens to them."""

from __future__ import annotations

from enum import Enum, unique

from flightsw.services.time_quality import ClockState

INVALID, VALID, FLYWHEEL = ClockState.INVALID, ClockState.VALID, ClockState.FLYWHEEL


@unique
class Happening(Enum):
    """What can happen to the state of time; its value is what events say."""

    SET_INTERNAL = "set by command"
    """The time was set while TAI follows the oscillator."""
    SET_EXTERNAL = "set by command while the tone is away"
    """The time was set while TAI is to follow the tone; the tone has still to confirm it."""
    LOCKED = "tone acquired"
    """Enough good tones in a row."""
    TONE_LOST = "tone lost"
    """No good tone for too long."""
    STALE = "uncertainty beyond the limit"
    DECLARED = "declared invalid by command"
    """The ground says that time is not to be believed."""
    CLOCK_RESTARTED = "clock restarted"
    """The monotonic clock was set back."""
    TO_INTERNAL = "source internal"
    """TAI is to follow the oscillator; it goes on where it is."""
    TO_TONE = "source tone"
    """TAI is to follow the tone, which has still to be acquired."""


TRANSITIONS: dict[tuple[ClockState, Happening], ClockState] = {
    (INVALID, Happening.SET_INTERNAL): VALID,
    (INVALID, Happening.SET_EXTERNAL): FLYWHEEL,
    (INVALID, Happening.LOCKED): VALID,
    (INVALID, Happening.TONE_LOST): INVALID,
    (INVALID, Happening.STALE): INVALID,
    (INVALID, Happening.DECLARED): INVALID,
    (INVALID, Happening.CLOCK_RESTARTED): INVALID,
    (INVALID, Happening.TO_INTERNAL): INVALID,
    (INVALID, Happening.TO_TONE): INVALID,
    (VALID, Happening.SET_INTERNAL): VALID,
    (VALID, Happening.SET_EXTERNAL): VALID,
    (VALID, Happening.LOCKED): VALID,
    (VALID, Happening.TONE_LOST): FLYWHEEL,
    (VALID, Happening.STALE): INVALID,
    (VALID, Happening.DECLARED): INVALID,
    (VALID, Happening.CLOCK_RESTARTED): INVALID,
    (VALID, Happening.TO_INTERNAL): VALID,
    (VALID, Happening.TO_TONE): FLYWHEEL,
    (FLYWHEEL, Happening.SET_INTERNAL): VALID,
    (FLYWHEEL, Happening.SET_EXTERNAL): FLYWHEEL,
    (FLYWHEEL, Happening.LOCKED): VALID,
    (FLYWHEEL, Happening.TONE_LOST): FLYWHEEL,
    (FLYWHEEL, Happening.STALE): INVALID,
    (FLYWHEEL, Happening.DECLARED): INVALID,
    (FLYWHEEL, Happening.CLOCK_RESTARTED): INVALID,
    (FLYWHEEL, Happening.TO_INTERNAL): VALID,
    (FLYWHEEL, Happening.TO_TONE): FLYWHEEL,
}
"""Every state and every happening has a cell."""
