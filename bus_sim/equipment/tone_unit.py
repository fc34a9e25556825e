"""The 1 Hz tone of the GPS receiver, and the unit of the on-board computer that captures it by the processor's clock.

The spacecraft is stepped by the processor's clock, so the oscillator's error shows where flight meets true time: true
seconds are not whole seconds of that clock, and drift against them. (Orbit and Sun follow the processor's clock; at
1e-6 they are wrong by less than a tenth of a second a day.) The tone of a true second is captured when the clock
reads the second, plus the clock's offset, plus the receiver's jitter; the time message follows a little later.
"""

import math
import random
from typing import Annotated

import msgspec

NS_PER_S = 1_000_000_000
KEPT_TONES = 8
"""Tones that the unit keeps."""

NotNegative = Annotated[float, msgspec.Meta(ge=0.0)]


class ToneParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The oscillator of the on-board computer, the receiver's tone and its time message.

    Attributes:
        oscillator_ppb: how much too fast the processor's clock runs at scenario start, in 10^-9.
        oscillator_walk_ppb: growth of that error per square root of a second.
        initial_offset_ms: processor's clock less true time at scenario start, -500 to 500.
        jitter_ns: standard deviation of a tone.
        message_delay_ms: time message behind its tone, 1 to 900.
        message_jitter_ms: standard deviation of that delay.
    """

    oscillator_ppb: Annotated[float, msgspec.Meta(ge=-1.0e6, le=1.0e6)]
    oscillator_walk_ppb: NotNegative
    initial_offset_ms: Annotated[float, msgspec.Meta(ge=-500.0, le=500.0)]
    jitter_ns: NotNegative
    message_delay_ms: Annotated[float, msgspec.Meta(ge=1.0, le=900.0)]
    message_jitter_ms: NotNegative


class Tone(msgspec.Struct, frozen=True):
    """One captured tone.

    Attributes:
        number: counts up from 1.
        tone_ns: processor's clock at the edge.
        message_ns: processor's clock at the end of the time message, 0 when none came.
        tai_s: TAI at the edge, by the message.
        valid: the receiver vouches for it.
    """

    number: int
    tone_ns: int
    message_ns: int
    tai_s: int
    valid: bool


class ToneUnitState(msgspec.Struct):
    """Memory of oscillator, tone and capture unit.

    Attributes:
        offset_ns: processor's clock less true time.
        rate_ppb: how much too fast the processor's clock runs now.
        next_second: the next true second since scenario start whose tone is to come.
        number: tones captured.
        tones: the newest of them, oldest first.
        silent: fault: the receiver gives no tone.
        shift_ns: fault: the tone comes so much late.
        mute: fault: no time message comes.
        wrong_s: fault: the time message is so many seconds wrong.
    """

    offset_ns: float
    rate_ppb: float
    next_second: int = 0
    number: int = 0
    tones: list[Tone] = []
    silent: bool = False
    shift_ns: int = 0
    mute: bool = False
    wrong_s: int = 0


class ToneUnit:
    """The tone, seen by the processor's clock.

    Args:
        parameters: see `ToneParameters`.
        start_tai_ns: TAI at scenario start.
        stream: its random numbers.
    """

    def __init__(self, parameters: ToneParameters, start_tai_ns: int, stream: random.Random) -> None:
        self.parameters = parameters
        self._gauss = stream.gauss
        self._start_tai_ns = start_tai_ns
        self.state = ToneUnitState(parameters.initial_offset_ms * 1.0e6, parameters.oscillator_ppb)
        self.state.next_second = -(-start_tai_ns // NS_PER_S) - start_tai_ns // NS_PER_S

    def sample(self, now_ns: int, step_s: float, *, receiver_valid: bool) -> None:
        """Let the oscillator drift, and capture the tones that are complete.

        Args:
            now_ns: processor's clock.
            step_s: time since the last sample, 0 for the first.
            receiver_valid: the receiver has power and a fix; without, it gives no tone.
        """
        state, parameters = self.state, self.parameters
        state.rate_ppb += self._gauss(0.0, parameters.oscillator_walk_ppb) * math.sqrt(step_s)
        state.offset_ns += state.rate_ppb * step_s
        while self._complete_ns(state.next_second) <= now_ns:
            if receiver_valid and not state.silent:
                self._capture(state.next_second, now_ns)
            state.next_second += 1

    def tones_after(self, number: int) -> tuple[Tone, ...]:
        """The tones kept that are newer than one, oldest first."""
        return tuple([tone for tone in self.state.tones if tone.number > number])

    def _true_ns(self, second: int) -> int:
        """True time since scenario start of a whole second of TAI."""
        return (self._start_tai_ns // NS_PER_S + second) * NS_PER_S - self._start_tai_ns

    def _complete_ns(self, second: int) -> float:
        """Processor's clock at which the tone of a second and its message have surely come."""
        return self._true_ns(second) + self.state.offset_ns + self.state.shift_ns + 0.95 * NS_PER_S

    def _capture(self, second: int, now_ns: int) -> None:
        state, parameters = self.state, self.parameters
        age_s = (now_ns - self._true_ns(second)) / NS_PER_S
        offset_ns = state.offset_ns - state.rate_ppb * age_s
        tone_ns = round(self._true_ns(second) + offset_ns + state.shift_ns + self._gauss(0.0, parameters.jitter_ns))
        if tone_ns < 0:  # the processor was not running yet
            return
        delay_ms = parameters.message_delay_ms + self._gauss(0.0, parameters.message_jitter_ms)
        message_ns = tone_ns + round(min(max(delay_ms, 0.1), 940.0) * 1.0e6)
        state.number += 1
        tai_s = self._start_tai_ns // NS_PER_S + second + state.wrong_s
        state.tones.append(Tone(state.number, tone_ns, 0 if state.mute else message_ns, tai_s, valid=True))
        del state.tones[:-KEPT_TONES]
