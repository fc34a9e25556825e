"""The thinking of the timekeeper: tones, silence and commands in, correlation and quality of time out."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from flightsw.core.timekeeping.clock_state import TRANSITIONS, Happening
from flightsw.core.timekeeping.messages import (
    ClockRestarted,
    ClockStateChanged,
    TimeJumped,
    ToneLost,
    ToneRefused,
    ToneVerdict,
)
from flightsw.core.timekeeping.steering import SteeringState, measured_rate, steer
from flightsw.core.timekeeping.tables import ClockSettings
from flightsw.core.timekeeping.tone_check import ToneState, check_tone
from flightsw.devices.tone_capture import CapturedTone
from flightsw.services.correlation import NS_PER_S, Correlation
from flightsw.services.spacecraft_time import format_utc
from flightsw.services.time_quality import UNKNOWN_NS, ClockSource, ClockState, TimeQuality
from tlm_cmd.definition.message import Event
from tlm_cmd.packets.leap_seconds import LeapSecondTable

_NS_PER_US = 1000
_NS_PER_MS = 1_000_000


class KeeperState(msgspec.Struct):
    """What the timekeeper remembers of time.

    Attributes:
        correlation: how MET and TAI follow from the monotonic clock.
        quality: state, source and stated uncertainty of TAI.
        tone: memory of the tone checks.
        steering: memory of the loop that keeps TAI on the tone.
        delay_ns: how much later than its time message a tone is heard.
        seen_ns: newest monotonic time that was seen; one before it means that the clock has started again.
        last_error_ns: TAI of the last good tone less ours.
        flywheels: times that the tone was lost.
        jumps: times that TAI or MET was set in one step.
        last_jump_ns: how far TAI jumped at the last of them; forward is positive.
    """

    correlation: Correlation = Correlation()
    quality: TimeQuality = TimeQuality()
    tone: ToneState = msgspec.field(default_factory=ToneState)
    steering: SteeringState = msgspec.field(default_factory=SteeringState)
    delay_ns: int = 0
    seen_ns: int = 0
    last_error_ns: int = 0
    flywheels: int = 0
    jumps: int = 0
    last_jump_ns: int = 0


class Keeper:
    """Works on a state.

    Args:
        state: memory.
        settings: the clock hardware.
        report: takes the events.

    Attributes:
        changed: something that other processes follow has changed; whoever publishes it sets it back.
    """

    def __init__(self, state: KeeperState, settings: ClockSettings, report: Callable[[Event], None]) -> None:
        self.state = state
        self.settings = settings
        self.changed = False
        self._report = report

    @property
    def follows_tone(self) -> bool:
        """Whether TAI is on the tone now."""
        quality = self.state.quality
        return quality.source is ClockSource.TONE and quality.state is ClockState.VALID

    # ---------------------------------------------------------------- tones

    def hear(self, tone: CapturedTone, leap_seconds: LeapSecondTable) -> None:
        """Check a tone, and follow it if TAI is to."""
        state, settings = self.state, self.settings
        tone_ns = tone.tone_monotonic_ns
        tai_ns = tone.tai_s * NS_PER_S + state.delay_ns
        error_ns = tai_ns - state.correlation.tai_ns(tone_ns)
        valid = state.quality.state is not ClockState.INVALID
        uncertainty_ns = state.quality.uncertainty_at_ns(tone_ns) if valid else None
        checked = check_tone(tone, state.tone, settings, error_ns, uncertainty_ns)
        if checked.verdict is not ToneVerdict.GOOD:
            if not state.tone.refusing and state.quality.source is ClockSource.TONE:
                self._report(ToneRefused(tone.number, checked.verdict, checked.deviation_ns // _NS_PER_US))
            state.tone.refusing = True
            if not valid:
                state.tone.last_good_ns = None  # time says nothing, so this tone is as likely to be right as the last
            return
        state.tone.refusing = False
        if state.quality.source is not ClockSource.TONE:
            return
        if self.follows_tone:
            self._steer(tone_ns, error_ns)
        elif state.tone.in_row >= settings.lock_tones:
            self._lock(tone_ns, tai_ns, error_ns, leap_seconds)

    def _steer(self, tone_ns: int, error_ns: int) -> None:
        state = self.state
        state.last_error_ns = error_ns
        worst_ns = max(state.steering.worst_ns, abs(error_ns))
        self._checked(tone_ns, self.settings.tone_accuracy_ns + worst_ns, self.settings.holdover_ns_per_s)
        rate = steer(state.steering, tone_ns, error_ns, self.settings.steer_tones)
        if rate is not None:
            state.correlation = state.correlation.with_rate(tone_ns, rate)
            self.changed = True

    def _lock(self, tone_ns: int, tai_ns: int, error_ns: int, leap_seconds: LeapSecondTable) -> None:
        """Enough good tones: TAI takes their rate, and their time if it is far off; the rest is the loop's."""
        state, settings = self.state, self.settings
        rate = measured_rate(state.tone.row_begun_ns, tone_ns)
        state.steering.oscillator_ns_per_s = rate
        state.steering.restart(tone_ns)
        correlation = state.correlation.with_rate(tone_ns, rate)
        invalid = state.quality.state is ClockState.INVALID
        if abs(error_ns) > (settings.tone_accuracy_ns if invalid else settings.time_window_us * _NS_PER_US):
            self.jump(tone_ns, correlation.with_tai(tone_ns, tai_ns), leap_seconds, "by the tone")
            error_ns = 0
        else:
            state.correlation = correlation
        state.last_error_ns = error_ns
        self._checked(tone_ns, settings.tone_accuracy_ns + abs(error_ns), settings.holdover_ns_per_s)
        self.happen(Happening.LOCKED)

    # ---------------------------------------------------------------- time passes

    def pass_time(self, now_ns: int) -> None:
        """Notice silence, and uncertainty beyond the limit."""
        state, settings = self.state, self.settings
        state.seen_ns = now_ns
        quality = state.quality
        if self.follows_tone and now_ns - quality.since_ns > settings.flywheel_after_s * NS_PER_S:
            state.flywheels += 1
            state.tone.in_row = 0
            state.correlation = state.correlation.with_rate(now_ns, state.steering.oscillator_ns_per_s)
            self._report(ToneLost(-(-quality.uncertainty_at_ns(now_ns) // _NS_PER_US)))
            self.happen(Happening.TONE_LOST)
        uncertainty_ns = quality.uncertainty_at_ns(now_ns)
        if quality.state is not ClockState.INVALID and uncertainty_ns > settings.invalid_beyond_ms * _NS_PER_MS:
            self.happen(Happening.STALE)

    def resume(self, now_ns: int) -> None:
        """The monotonic clock was set back: MET goes on from the last moment that was seen."""
        state = self.state
        met_ns = state.correlation.met_ns(state.seen_ns)
        self._report(ClockRestarted(state.seen_ns - now_ns, met_ns))
        state.correlation = state.correlation.resumed(now_ns, met_ns, state.seen_ns)
        state.quality = msgspec.structs.replace(state.quality, uncertainty_ns=UNKNOWN_NS, since_ns=now_ns)
        state.steering.restart(now_ns)
        state.seen_ns = now_ns
        self.happen(Happening.CLOCK_RESTARTED)

    # ---------------------------------------------------------------- corrections

    def jump(self, now_ns: int, correlation: Correlation, leap_seconds: LeapSecondTable, cause: str) -> None:
        """Take another correlation at once, and say how far TAI jumped."""
        state = self.state
        before_ns, after_ns = state.correlation.tai_ns(now_ns), correlation.tai_ns(now_ns)
        state.correlation = correlation
        state.jumps += 1
        state.last_jump_ns = after_ns - before_ns
        before_utc, after_utc = (format_utc(leap_seconds.tai_to_utc(tai_ns)) for tai_ns in (before_ns, after_ns))
        self._report(TimeJumped(after_ns - before_ns, before_utc, after_utc, cause))
        self.changed = True

    def set_by_command(self, now_ns: int, correlation: Correlation, leap_seconds: LeapSecondTable, cause: str) -> None:
        """The ground has set the time in one step, and is as sure of it as the table says."""
        self.jump(now_ns, correlation, leap_seconds, cause)
        self._checked(now_ns, self.settings.set_accuracy_ms * _NS_PER_MS, self.settings.free_ns_per_s)
        internal = self.state.quality.source is ClockSource.INTERNAL
        self.happen(Happening.SET_INTERNAL if internal else Happening.SET_EXTERNAL)

    def select(self, source: ClockSource) -> None:
        """Follow another source; TAI goes on where it is."""
        state = self.state
        state.quality = msgspec.structs.replace(state.quality, source=source)
        state.tone.in_row = 0
        self.happen(Happening.TO_INTERNAL if source is ClockSource.INTERNAL else Happening.TO_TONE)

    def invalidate(self, now_ns: int) -> None:
        """Believe no time from now on, until a tone or a command sets it."""
        state = self.state
        state.quality = msgspec.structs.replace(state.quality, uncertainty_ns=UNKNOWN_NS, since_ns=now_ns)
        self.happen(Happening.DECLARED)

    # ---------------------------------------------------------------- state

    def happen(self, happening: Happening) -> None:
        """Take the transition, and report it if the state changes."""
        state = self.state
        before = state.quality.state
        after = TRANSITIONS[before, happening]
        self.changed = True
        state.quality = msgspec.structs.replace(state.quality, state=after)
        if after is ClockState.INVALID:
            state.tone.last_good_ns, state.tone.in_row = None, 0
        if after is not before:
            self._report(ClockStateChanged(before, after, happening.value))

    def _checked(self, now_ns: int, uncertainty_ns: int, growth_ns_per_s: int) -> None:
        quality = self.state.quality
        self.state.quality = TimeQuality(quality.state, quality.source, uncertainty_ns, now_ns, growth_ns_per_s)
