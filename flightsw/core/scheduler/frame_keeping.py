"""Where the minor frames should begin so that minor frame 0 of each major frame lies on the tone. No I/O."""

from __future__ import annotations

import msgspec

from flightsw.core.scheduler.messages import FrameSync
from flightsw.services.frames import MAJOR_FRAME_NS, FrameLine

WINDOW_NS = 1_000_000
"""A tone this far from the begin of a major frame leaves the frames where they are."""


class FrameKeepingState(msgspec.Struct):
    """What the scheduler remembers of the frames.

    Attributes:
        line: where the frames of all processes are to begin.
        sync: what they follow.
        follow: whether they may follow the tone.
        offset_ns: tone less begin of the nearest major frame, at the last tone used.
        corrections: times that the frames were given another place.
        tones_used: tones compared with the frames.
        losses: times that the tone was lost.
        moved_ns: monotonic time at which the frames have reached their newest place.
    """

    line: FrameLine = FrameLine()
    sync: FrameSync = FrameSync.FREE
    follow: bool = True
    offset_ns: int = 0
    corrections: int = 0
    tones_used: int = 0
    losses: int = 0
    moved_ns: int = 0


def take_tone(state: FrameKeepingState, tone_ns: int, now_ns: int, minor_frame_ns: int, max_step_ns: int) -> bool:
    """Compare a tone with the frames; returns whether they were given another place.

    Args:
        state: memory.
        tone_ns: monotonic time of a good tone; 0 when there is none to follow.
        now_ns: monotonic time.
        minor_frame_ns: length of a minor frame, of which a whole number makes up a major frame.
        max_step_ns: most that a process moves its frames in a major frame.
    """
    if tone_ns == 0 or not state.follow:
        state.losses += state.sync is not FrameSync.FREE and state.follow
        state.sync = FrameSync.FREE
        return False
    state.tones_used += 1
    major_frames = MAJOR_FRAME_NS // minor_frame_ns
    frame = state.line.frame + (tone_ns - state.line.begin_ns) // minor_frame_ns
    nearest = (frame + major_frames // 2) // major_frames * major_frames
    state.offset_ns = tone_ns - state.line.begin_of(nearest, minor_frame_ns)
    moved = abs(state.offset_ns) > WINDOW_NS
    if moved:
        state.line = FrameLine(nearest, tone_ns)
        state.corrections += 1
        steps = -(-abs(state.offset_ns) // max_step_ns)
        if steps > 1:  # else it is the drift that is made up for, in a single step
            state.moved_ns = max(state.moved_ns, now_ns) + (steps + 1) * MAJOR_FRAME_NS
    state.sync = FrameSync.LOCKED if now_ns >= state.moved_ns else FrameSync.APPROACHING
    return moved
