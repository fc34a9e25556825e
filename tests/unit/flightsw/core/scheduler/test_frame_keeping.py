import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flightsw.core.scheduler.frame_keeping import WINDOW_NS, FrameKeepingState, take_tone
from flightsw.core.scheduler.messages import FrameSync
from flightsw.services.frames import MAJOR_FRAME_NS, FrameClock, FrameLine

MINOR_NS = 100_000_000
STEP_NS = 5_000_000


def hear(state: FrameKeepingState, tone_ns: int, now_ns: int | None = None) -> bool:
    """Take a tone half a second after it came."""
    now_ns = tone_ns + MAJOR_FRAME_NS // 2 if now_ns is None else now_ns
    return take_tone(state, tone_ns, now_ns, MINOR_NS, STEP_NS)


@pytest.mark.parametrize("offset_ns", [0, WINDOW_NS, -WINDOW_NS])
def test_within_the_window_the_frames_stay(offset_ns: int) -> None:
    """A tone this near a major frame is in step with it."""
    state = FrameKeepingState()
    assert not hear(state, 7 * MAJOR_FRAME_NS + offset_ns)
    assert (state.line, state.sync, state.offset_ns) == (FrameLine(), FrameSync.LOCKED, offset_ns)


@pytest.mark.parametrize("offset_ns", [WINDOW_NS + 1, -WINDOW_NS - 1])
def test_drift_is_made_up_in_one_step_without_losing_lock(offset_ns: int) -> None:
    """Beyond the window the nearest major frame is put on the tone."""
    state = FrameKeepingState()
    assert hear(state, 7 * MAJOR_FRAME_NS + offset_ns)
    assert state.line == FrameLine(70, 7 * MAJOR_FRAME_NS + offset_ns)
    assert (state.sync, state.corrections) == (FrameSync.LOCKED, 1)


def test_a_far_tone_is_approached() -> None:
    """While the processes make their steps the frames are APPROACHING, then LOCKED."""
    state = FrameKeepingState()
    assert hear(state, 7 * MAJOR_FRAME_NS + 18_000_000)
    assert state.sync is FrameSync.APPROACHING
    now_ns = 7 * MAJOR_FRAME_NS + 18_000_000 + MAJOR_FRAME_NS // 2
    assert not hear(state, 11 * MAJOR_FRAME_NS + 18_000_000, now_ns + 5 * MAJOR_FRAME_NS - 1)
    assert state.sync is FrameSync.APPROACHING
    assert not hear(state, 11 * MAJOR_FRAME_NS + 18_000_000, now_ns + 5 * MAJOR_FRAME_NS)
    assert state.sync is FrameSync.LOCKED


def test_without_a_tone_the_frames_run_free() -> None:
    """The loss is counted once, the frames stay where they are, and the next tone is followed."""
    state = FrameKeepingState()
    hear(state, 7 * MAJOR_FRAME_NS + 3_000_000)
    line = state.line
    for _ in range(3):
        assert not take_tone(state, 0, 100 * MAJOR_FRAME_NS, MINOR_NS, STEP_NS)
    assert (state.sync, state.losses, state.line) == (FrameSync.FREE, 1, line)
    hear(state, 200 * MAJOR_FRAME_NS + 3_000_000)
    assert state.sync is FrameSync.LOCKED


def test_told_not_to_follow_the_frames_run_free() -> None:
    """By command; that is no loss."""
    state = FrameKeepingState()
    hear(state, 7 * MAJOR_FRAME_NS)
    state.follow = False
    assert not hear(state, 8 * MAJOR_FRAME_NS + 30_000_000)
    assert (state.sync, state.losses, state.corrections) == (FrameSync.FREE, 0, 0)


@settings(max_examples=100, deadline=None)
@given(st.integers(-MAJOR_FRAME_NS, MAJOR_FRAME_NS), st.integers(5, 10**6))
def test_minor_frame_zero_lies_on_the_tone_in_the_end(offset_ns: int, second: int) -> None:
    """Wherever the tone is, the processes that follow come to begin a major frame on it, by the shorter way."""
    state = FrameKeepingState()
    tone_ns = second * MAJOR_FRAME_NS + offset_ns
    hear(state, tone_ns)
    frames = FrameClock(MINOR_NS)
    frames.follow(state.line, tone_ns)
    for _ in range(110):
        step_ns = frames.next_step_ns
        if step_ns is None:
            break
        frames.frame_at(step_ns)
    frame = frames.frame_at(tone_ns + 200 * MAJOR_FRAME_NS)
    begin_ns = frames.begin_ns(frame)
    assert frames.steps <= 100
    assert abs(tone_ns + 200 * MAJOR_FRAME_NS - begin_ns) <= WINDOW_NS or frame % 10 in {0, 9}
    nearest = (frame + 5) // 10 * 10
    assert abs(frames.begin_ns(nearest) - (tone_ns + 200 * MAJOR_FRAME_NS)) <= WINDOW_NS
