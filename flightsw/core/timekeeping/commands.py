"""The ground's corrections of time: each in one step, by slewing or by rate, and what it takes to refuse one."""

from __future__ import annotations

from collections.abc import Callable

from flightsw.app import App, Refused, handles
from flightsw.core.timekeeping.keeper import Keeper
from flightsw.core.timekeeping.messages import (
    MAX_LEAP_STEPS,
    AdjustTime,
    CorrectionBegun,
    InvalidateTime,
    LeapSecondAdded,
    SetDelay,
    SetLeapSeconds,
    SetMet,
    SetRate,
    SetSource,
    SetStcf,
    SetTai,
    SetUtc,
    SlewTime,
    SourceSelected,
)
from flightsw.core.timekeeping.reports import time_correlation
from flightsw.core.timekeeping.state import TimekeepingState
from flightsw.devices.tone_capture import ToneCapture
from flightsw.services.correlation import NS_PER_S, Correlation, SpacecraftTimeError
from flightsw.services.leap_steps import with_leap_steps
from flightsw.services.spacecraft_time import parse_utc, utc_to_tai
from flightsw.services.time_quality import ClockSource
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS, LeapSecondTable
from tlm_cmd.packets.verification import FailureCode


class TimeCommands(App):
    """The half of the timekeeping app that the ground talks to."""

    state: TimekeepingState
    keeper: Keeper
    capture: ToneCapture | None
    no_capture: str
    published_ns: int

    def publish(self) -> None:
        """Tell every process what time it is."""
        self.keeper.changed = False
        self.published_ns = self.now_ns
        self.send(time_correlation(self.state, follows_tone=self.keeper.follows_tone))

    def leap_seconds(self) -> LeapSecondTable:
        """The table in use."""
        return with_leap_steps(self.state.leap_steps, self.state.complete_until_utc_s)

    @handles(SetSource)
    def set_source(self, command: SetSource) -> None:
        """Follow another source."""
        if command.source is ClockSource.TONE and self.capture is None:
            raise Refused(f"no tone to follow: {self.no_capture}", FailureCode.NOT_POSSIBLE_NOW)
        self.keeper.select(command.source)
        self.event(SourceSelected(command.source))
        self.publish()

    @handles(SetTai)
    def set_tai(self, command: SetTai) -> None:
        """Set TAI in one step."""
        self._step("TAI set by command", lambda time, now_ns: time.with_tai(now_ns, command.tai_ns))

    @handles(SetUtc)
    def set_utc(self, command: SetUtc) -> None:
        """Set UTC in one step."""
        leap_seconds = self.leap_seconds()
        self._step(
            "UTC set by command",
            lambda time, now_ns: time.with_tai(now_ns, utc_to_tai(parse_utc(command.utc), leap_seconds)),
        )

    @handles(SetMet)
    def set_met(self, command: SetMet) -> None:
        """Set MET in one step."""
        self._step("MET set by command", lambda time, now_ns: time.with_met(now_ns, command.met_ns))

    @handles(SetStcf)
    def set_stcf(self, command: SetStcf) -> None:
        """Set the correlation factor in one step."""
        self._step("STCF set by command", lambda time, now_ns: time.with_stcf(now_ns, command.stcf_ns))

    @handles(AdjustTime)
    def adjust(self, command: AdjustTime) -> None:
        """Add to TAI in one step."""
        self._step(
            "adjusted by command",
            lambda time, now_ns: time.with_tai(now_ns, time.tai_ns(now_ns) + command.delta_ns),
        )

    @handles(SlewTime)
    def slew(self, command: SlewTime) -> None:
        """Add to TAI little by little."""
        rate = command.rate_ns_per_s
        slewing = self._corrected(lambda time, now_ns: time.with_slew(now_ns, command.delta_ns, rate), self.now_ns)
        self.state.keeper.correlation = slewing
        self.state.slews += 1
        self.event(CorrectionBegun("slew", command.delta_ns, rate))
        self.publish()

    @handles(SetRate)
    def set_rate(self, command: SetRate) -> None:
        """Add to TAI in every second."""
        rated = self._corrected(lambda time, now_ns: time.with_rate(now_ns, command.rate_ns_per_s), self.now_ns)
        self.state.keeper.correlation = rated
        self.event(CorrectionBegun("rate", 0, command.rate_ns_per_s))
        self.publish()

    @handles(InvalidateTime)
    def invalidate(self, _: InvalidateTime) -> None:
        """Believe no time until it is set again."""
        self.keeper.invalidate(self.now_ns)
        self.publish()

    @handles(SetDelay)
    def set_delay(self, command: SetDelay) -> None:
        """Take the tone's delay into account from the next one on."""
        self.state.keeper.delay_ns = command.delay_ns

    @handles(SetLeapSeconds)
    def set_leap_seconds(self, command: SetLeapSeconds) -> None:
        """Add a leap second."""
        state = self.state
        from_s, complete_s = (self._whole_second(text) for text in (command.from_utc, command.complete_until_utc))
        kept = [step for step in state.leap_steps if step[0] < from_s]
        table = with_leap_steps(kept, complete_s)
        before = table.tai_minus_utc_s(from_s * NS_PER_S - 1)
        if abs(command.tai_minus_utc_s - before) != 1:
            raise Refused(f"TAI - UTC is {before} s before; allowed are {before - 1} and {before + 1}")
        if len(kept) >= MAX_LEAP_STEPS:
            raise Refused(f"{MAX_LEAP_STEPS} leap seconds were added already")
        state.leap_steps = [*kept, (from_s, command.tai_minus_utc_s)]
        state.complete_until_utc_s = complete_s
        self.event(LeapSecondAdded(from_s, command.tai_minus_utc_s))
        self.publish()

    def _step(self, cause: str, correct: Callable[[Correlation, int], Correlation]) -> None:
        now_ns = self.now_ns
        correlation = self._corrected(correct, now_ns)
        self.keeper.set_by_command(now_ns, correlation, self.leap_seconds(), cause)
        self.publish()

    def _corrected(self, correct: Callable[[Correlation, int], Correlation], now_ns: int) -> Correlation:
        """The correlation behind a correction at a monotonic time.

        Raises:
            Refused: TAI follows the tone, or the correction is out of range; counted.
        """
        if self.keeper.follows_tone:
            self.state.refused += 1
            raise Refused("TAI follows the tone and would be back at once; select the internal source first")
        try:
            return correct(self.state.keeper.correlation, now_ns)
        except SpacecraftTimeError as error:
            self.state.refused += 1
            raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error

    def _whole_second(self, text: str) -> int:
        try:
            utc_ns = parse_utc(text)
            utc_to_tai(utc_ns, LEAP_SECONDS)
        except SpacecraftTimeError as error:
            raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error
        seconds, fraction_ns = divmod(utc_ns, NS_PER_S)
        if fraction_ns:
            raise Refused(f"{text} is no whole second", FailureCode.BAD_ARGUMENT)
        return seconds
