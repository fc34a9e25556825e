"""Whether a tone and its time message can be trusted: windows, each with a counter."""

from __future__ import annotations

import msgspec

from flightsw.core.timekeeping.messages import ToneVerdict
from flightsw.core.timekeeping.tables import ClockSettings
from flightsw.devices.tone_capture import CapturedTone
from flightsw.services.correlation import NS_PER_S

_NS_PER_US = 1000


class ToneCounts(msgspec.Struct):
    """What became of the tones.

    Attributes:
        heard: all of them.
        good: that passed all checks.
        not_valid: of which the receiver does not vouch.
        no_message: without a time message.
        message_off_window: whose time message came too early or too late.
        tone_off_window: that came off a whole number of seconds.
        time_off_window: whose time cannot be.
    """

    heard: int = 0
    good: int = 0
    not_valid: int = 0
    no_message: int = 0
    message_off_window: int = 0
    tone_off_window: int = 0
    time_off_window: int = 0


class ToneState(msgspec.Struct):
    """The memory of the checks.

    Attributes:
        counts: what became of the tones.
        last_good_ns: monotonic time of the last good tone, or of the first one after it was forgotten; None before.
        in_row: good tones since the last bad one.
        row_begun_ns: monotonic time of the first of them.
        refusing: the last tone was refused, and reported.
    """

    counts: ToneCounts = msgspec.field(default_factory=ToneCounts)
    last_good_ns: int | None = None
    in_row: int = 0
    row_begun_ns: int = 0
    refusing: bool = False


class Checked(msgspec.Struct, frozen=True):
    """One tone behind its checks.

    Attributes:
        verdict: what became of it.
        deviation_ns: how far off it is in what the verdict is about; 0 for a good one.
    """

    verdict: ToneVerdict
    deviation_ns: int = 0


def check_tone(
    tone: CapturedTone, state: ToneState, settings: ClockSettings, error_ns: int, uncertainty_ns: int | None
) -> Checked:
    """Judge a tone and count it.

    Args:
        tone: as captured.
        state: memory of the checks.
        settings: the windows.
        error_ns: TAI of the tone less spacecraft time's TAI at the tone.
        uncertainty_ns: stated uncertainty of spacecraft time at the tone; None while it is invalid and says nothing.
    """
    counts = state.counts
    counts.heard += 1
    checked = _judge(tone, state, settings, error_ns, uncertainty_ns)
    match checked.verdict:
        case ToneVerdict.GOOD:
            counts.good += 1
            if state.in_row == 0:
                state.row_begun_ns = tone.tone_monotonic_ns
            state.in_row += 1
            state.last_good_ns = tone.tone_monotonic_ns
            return checked
        case ToneVerdict.NOT_VALID:
            counts.not_valid += 1
        case ToneVerdict.NO_MESSAGE:
            counts.no_message += 1
        case ToneVerdict.MESSAGE_OFF_WINDOW:
            counts.message_off_window += 1
        case ToneVerdict.TONE_OFF_WINDOW:
            counts.tone_off_window += 1
        case ToneVerdict.TIME_OFF_WINDOW:
            counts.time_off_window += 1
    state.in_row = 0
    return checked


def _judge(
    tone: CapturedTone, state: ToneState, settings: ClockSettings, error_ns: int, uncertainty_ns: int | None
) -> Checked:
    if not tone.valid:
        return Checked(ToneVerdict.NOT_VALID)
    if tone.message_monotonic_ns == 0:
        return Checked(ToneVerdict.NO_MESSAGE)
    behind_ns = tone.message_monotonic_ns - tone.tone_monotonic_ns
    if not settings.message_earliest_us * _NS_PER_US <= behind_ns <= settings.message_latest_us * _NS_PER_US:
        return Checked(ToneVerdict.MESSAGE_OFF_WINDOW, behind_ns)
    if state.last_good_ns is not None:
        since_ns = tone.tone_monotonic_ns - state.last_good_ns
        off_ns = (since_ns + NS_PER_S // 2) % NS_PER_S - NS_PER_S // 2
        drift_ns = since_ns * settings.free_ns_per_s // NS_PER_S
        if abs(off_ns) > settings.tone_window_us * _NS_PER_US + drift_ns or since_ns < NS_PER_S // 2:
            return Checked(ToneVerdict.TONE_OFF_WINDOW, off_ns)
    if uncertainty_ns is not None and abs(error_ns) > settings.time_window_us * _NS_PER_US + uncertainty_ns:
        return Checked(ToneVerdict.TIME_OFF_WINDOW, error_ns)
    return Checked(ToneVerdict.GOOD)
