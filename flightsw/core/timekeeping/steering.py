"""Keeps TAI on the tone by its rate: a digital phase-locked loop over the errors of good tones.

Every ``steer_tones`` tones the mean error corrects two things: an eighth of it the known rate of the oscillator, half
of it the phase, by an addition to the rate until the next correction. The loop's poles lie at 0.79 of the unit circle
(z^2 - 1.5 z + 0.625 = 0), so an error halves with every third correction and does not ring for long.
"""

from __future__ import annotations

import msgspec

from flightsw.services.correlation import MAX_RATE_NS_PER_S, NS_PER_S

PHASE_DIVISOR = 2
RATE_DIVISOR = 8


class SteeringState(msgspec.Struct):
    """The memory of the loop.

    Attributes:
        oscillator_ns_per_s: what the oscillator is known to lose in a second; TAI gains as much on it.
        begun_ns: monotonic time of the last correction, or of the first tone.
        errors_ns: sum of the errors since.
        tones: how many.
        worst_ns: largest of them, without sign.
    """

    oscillator_ns_per_s: int = 0
    begun_ns: int = 0
    errors_ns: int = 0
    tones: int = 0
    worst_ns: int = 0

    def restart(self, now_ns: int) -> None:
        """Forget the errors, not the oscillator's rate."""
        self.begun_ns, self.errors_ns, self.tones, self.worst_ns = now_ns, 0, 0, 0


def measured_rate(first_ns: int, last_ns: int) -> int:
    """What an oscillator loses in a second [ns/s], if two tones a whole number of seconds apart came then by it."""
    seconds = (last_ns - first_ns + NS_PER_S // 2) // NS_PER_S
    return _bounded((seconds * NS_PER_S - (last_ns - first_ns)) // max(seconds, 1))


def steer(state: SteeringState, tone_ns: int, error_ns: int, steer_tones: int) -> int | None:
    """Take the error of a good tone; returns TAI's new rate [ns/s], None while there is nothing to correct yet.

    Args:
        state: memory of the loop.
        tone_ns: monotonic time of the tone.
        error_ns: TAI of the tone less ours.
        steer_tones: tones for a correction.
    """
    state.errors_ns += error_ns
    state.tones += 1
    state.worst_ns = max(state.worst_ns, abs(error_ns))
    seconds = (tone_ns - state.begun_ns) // NS_PER_S
    if state.tones < steer_tones or seconds < 1:
        return None
    mean_ns = _nearest(state.errors_ns, state.tones)
    state.oscillator_ns_per_s = _bounded(state.oscillator_ns_per_s + _nearest(mean_ns, RATE_DIVISOR * seconds))
    rate = _bounded(state.oscillator_ns_per_s + _nearest(mean_ns, PHASE_DIVISOR * seconds))
    state.restart(tone_ns)
    return rate


def _nearest(value: int, divisor: int) -> int:
    return (2 * value + divisor) // (2 * divisor)


def _bounded(rate_ns_per_s: int) -> int:
    return max(-MAX_RATE_NS_PER_S, min(rate_ns_per_s, MAX_RATE_NS_PER_S))
