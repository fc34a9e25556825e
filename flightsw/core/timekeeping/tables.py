"""What the timekeeper has to know of the clock hardware."""

from __future__ import annotations

from typing import Annotated

from flightsw.services.time_quality import ClockSource
from tlm_cmd.definition.fields import U8, U16, U32, Range, Unit
from tlm_cmd.definition.message import Record


class ClockSettings(Record):
    """The clock hardware of a mission, and how strictly its tone is checked."""

    source: Annotated[ClockSource, "what TAI follows at the very first start"]
    tone_window_us: Annotated[
        int, U32, Range(1, 200_000), Unit("us"), "furthest that a tone may come off a whole number of seconds"
    ]
    message_earliest_us: Annotated[int, U32, Range(0, 999_999), Unit("us"), "of the time message behind its tone"]
    message_latest_us: Annotated[int, U32, Range(1, 999_999), Unit("us"), "of the time message behind its tone"]
    time_window_us: Annotated[
        int, U32, Range(1, 10_000_000), Unit("us"), "furthest that a tone's time may be from ours, besides uncertainty"
    ]
    lock_tones: Annotated[int, U8, Range(2, 60), "good tones in a row that make time valid"]
    steer_tones: Annotated[int, U8, Range(2, 120), "good tones between two corrections of the rate"]
    flywheel_after_s: Annotated[int, U16, Range(2, 600), Unit("s"), "without a good tone"]
    tone_accuracy_ns: Annotated[int, U32, Range(1, 10**9), Unit("ns"), "largest error of a good tone"]
    holdover_ns_per_s: Annotated[
        int, U32, Range(0, 10**6), Unit("ns/s"), "largest error of the oscillator's rate behind the last good tone"
    ]
    set_accuracy_ms: Annotated[int, U32, Range(1, 60_000), Unit("ms"), "largest error of a time set by command"]
    free_ns_per_s: Annotated[
        int, U32, Range(0, 10**6), Unit("ns/s"), "largest error of the oscillator's rate that no tone has measured"
    ]
    invalid_beyond_ms: Annotated[int, U32, Range(1, 600_000), Unit("ms"), "uncertainty at which time is invalid"]


def check_settings(settings: ClockSettings) -> str | None:
    """What in the table cannot be, if anything."""
    if settings.message_earliest_us >= settings.message_latest_us:
        return "message_earliest_us must be below message_latest_us"
    if settings.set_accuracy_ms >= settings.invalid_beyond_ms:
        return "set_accuracy_ms must be below invalid_beyond_ms, or no command could make time valid"
    return None
