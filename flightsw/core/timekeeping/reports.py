"""The timekeeper's memory as telemetry."""

from __future__ import annotations

from flightsw.core.timekeeping.messages import LeapStep, TimeCorrelation, TimeStatus
from flightsw.core.timekeeping.state import TimekeepingState
from flightsw.services.leap_steps import with_leap_steps

_MAX_U32 = 2**32 - 1
_NS_PER_US = 1000


def time_correlation(state: TimekeepingState, *, follows_tone: bool) -> TimeCorrelation:
    """What every process follows."""
    keeper = state.keeper
    correlation, quality = keeper.correlation, keeper.quality
    return TimeCorrelation(
        reference_monotonic_ns=correlation.reference_ns,
        met_offset_ns=correlation.met_offset_ns,
        stcf_ns=correlation.stcf_ns,
        rate_ns_per_s=correlation.rate_ns_per_s,
        slew_ns=correlation.slew_ns,
        slew_rate_ns_per_s=correlation.slew_rate_ns_per_s,
        state=quality.state,
        source=quality.source,
        uncertainty_ns=quality.uncertainty_ns,
        checked_monotonic_ns=quality.since_ns,
        growth_ns_per_s=quality.growth_ns_per_s,
        tone_monotonic_ns=(keeper.tone.last_good_ns or 0) if follows_tone else 0,
        complete_until_utc_s=state.complete_until_utc_s,
        leap_steps=tuple(LeapStep(*step) for step in state.leap_steps),
    )


def time_status(state: TimekeepingState, now_ns: int) -> TimeStatus:
    """What the ground sees of time."""
    keeper = state.keeper
    correlation, quality, counts = keeper.correlation, keeper.quality, keeper.tone.counts
    leap_seconds = with_leap_steps(state.leap_steps, state.complete_until_utc_s)
    utc_ns = leap_seconds.tai_to_utc(correlation.tai_ns(now_ns))
    return TimeStatus(
        state=quality.state,
        source=quality.source,
        uncertainty_us=-(-quality.uncertainty_at_ns(now_ns) // _NS_PER_US),
        met_ns=correlation.met_ns(now_ns),
        stcf_ns=correlation.stcf_at_ns(now_ns),
        tai_minus_utc_s=leap_seconds.tai_minus_utc_s(utc_ns),
        leap_seconds_known=leap_seconds.is_complete(utc_ns),
        rate_ns_per_s=correlation.rate_ns_per_s,
        oscillator_ns_per_s=keeper.steering.oscillator_ns_per_s,
        slewing=correlation.is_slewing(now_ns),
        delay_ns=keeper.delay_ns,
        last_error_ns=keeper.last_error_ns,
        tones=counts.heard & _MAX_U32,
        good=counts.good & _MAX_U32,
        not_valid=counts.not_valid & _MAX_U32,
        no_message=counts.no_message & _MAX_U32,
        message_off_window=counts.message_off_window & _MAX_U32,
        tone_off_window=counts.tone_off_window & _MAX_U32,
        time_off_window=counts.time_off_window & _MAX_U32,
        missed=state.missed & _MAX_U32,
        device_failures=state.device_failures & _MAX_U32,
        flywheels=keeper.flywheels & _MAX_U32,
        jumps=keeper.jumps & _MAX_U32,
        last_jump_ns=keeper.last_jump_ns,
        slews=state.slews & _MAX_U32,
        refused=state.refused & _MAX_U32,
    )
