from __future__ import annotations

import pytest

from flightsw.core.timekeeping.messages import ToneVerdict
from flightsw.core.timekeeping.tone_check import Checked, ToneState, check_tone
from flightsw.services.correlation import NS_PER_S
from tests.unit.flightsw.core.timekeeping.conftest import SETTINGS, tone

US = 1000
MS = 1_000_000


@pytest.fixture
def state() -> ToneState:
    """The last good tone came at 10 s."""
    state = ToneState()
    assert check_tone(tone(1, 10 * NS_PER_S), state, SETTINGS, 0, 0).verdict is ToneVerdict.GOOD
    return state


def test_a_good_tone_is_counted(state: ToneState) -> None:
    """Good tones in a row are counted, and where the row began is kept."""
    check_tone(tone(2, 11 * NS_PER_S), state, SETTINGS, 0, 0)
    assert (state.counts.heard, state.counts.good, state.in_row) == (2, 2, 2)
    assert (state.row_begun_ns, state.last_good_ns) == (10 * NS_PER_S, 11 * NS_PER_S)


@pytest.mark.parametrize(
    ("off_ns", "verdict"),
    [
        (1000 * US + 5005, ToneVerdict.GOOD),
        (1000 * US + 5006, ToneVerdict.TONE_OFF_WINDOW),
        (-1000 * US, ToneVerdict.GOOD),
        (-1000 * US - 5001, ToneVerdict.TONE_OFF_WINDOW),
        (NS_PER_S // 2, ToneVerdict.TONE_OFF_WINDOW),
        (-NS_PER_S // 2, ToneVerdict.TONE_OFF_WINDOW),
    ],
)
def test_the_tone_window(state: ToneState, off_ns: int, verdict: ToneVerdict) -> None:
    """A second on, a tone may be off by the window and by what the oscillator may have drifted, not by more."""
    checked = check_tone(tone(2, 11 * NS_PER_S + off_ns), state, SETTINGS, 0, 0)
    assert checked.verdict is verdict
    assert state.counts.tone_off_window == (verdict is ToneVerdict.TONE_OFF_WINDOW)


def test_the_tone_window_widens_with_the_gap(state: ToneState) -> None:
    """After a long gap the oscillator may have drifted further."""
    late = tone(2, 1010 * NS_PER_S + 6000 * US)
    assert check_tone(late, state, SETTINGS, 0, 0).verdict is ToneVerdict.GOOD


def test_the_same_tone_again_is_off_window(state: ToneState) -> None:
    """An edge that comes again at once is no second."""
    assert check_tone(tone(2, 10 * NS_PER_S + 5), state, SETTINGS, 0, 0).verdict is ToneVerdict.TONE_OFF_WINDOW


@pytest.mark.parametrize(
    ("behind_ns", "verdict"),
    [
        (50 * MS, ToneVerdict.GOOD),
        (50 * MS - 1, ToneVerdict.MESSAGE_OFF_WINDOW),
        (200 * MS, ToneVerdict.GOOD),
        (200 * MS + 1, ToneVerdict.MESSAGE_OFF_WINDOW),
        (-1, ToneVerdict.MESSAGE_OFF_WINDOW),
        (None, ToneVerdict.NO_MESSAGE),
    ],
)
def test_the_message_window(state: ToneState, behind_ns: int | None, verdict: ToneVerdict) -> None:
    """The time message must come within its window behind the tone, else it may belong to another tone."""
    checked = check_tone(tone(2, 11 * NS_PER_S, message_ns=behind_ns), state, SETTINGS, 0, 0)
    assert checked.verdict is verdict
    assert state.counts.message_off_window == (verdict is ToneVerdict.MESSAGE_OFF_WINDOW)
    assert state.counts.no_message == (verdict is ToneVerdict.NO_MESSAGE)


@pytest.mark.parametrize(
    ("error_ns", "uncertainty_ns", "verdict"),
    [
        (1000 * US + 7, 7, ToneVerdict.GOOD),
        (1000 * US + 8, 7, ToneVerdict.TIME_OFF_WINDOW),
        (-1000 * US - 8, 7, ToneVerdict.TIME_OFF_WINDOW),
        (3600 * NS_PER_S, None, ToneVerdict.GOOD),
    ],
)
def test_the_time_window(state: ToneState, error_ns: int, uncertainty_ns: int | None, verdict: ToneVerdict) -> None:
    """A time that spacecraft time cannot be is refused; while that is invalid, it has no say."""
    assert check_tone(tone(2, 11 * NS_PER_S), state, SETTINGS, error_ns, uncertainty_ns).verdict is verdict
    assert state.counts.time_off_window == (verdict is ToneVerdict.TIME_OFF_WINDOW)


def test_a_bad_tone_ends_the_row_and_is_not_measured_by(state: ToneState) -> None:
    """The next tone is compared with the last good one, and a new row begins."""
    bad = check_tone(tone(2, 11 * NS_PER_S + 5 * MS), state, SETTINGS, 0, 0)
    assert bad == Checked(ToneVerdict.TONE_OFF_WINDOW, 5 * MS)
    assert state.in_row == 0
    assert check_tone(tone(3, 12 * NS_PER_S, valid=False), state, SETTINGS, 0, 0).verdict is ToneVerdict.NOT_VALID
    assert state.counts.not_valid == 1
    assert check_tone(tone(4, 13 * NS_PER_S), state, SETTINGS, 0, 0).verdict is ToneVerdict.GOOD
    assert (state.in_row, state.row_begun_ns) == (1, 13 * NS_PER_S)
