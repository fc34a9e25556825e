"""When each minor frame of the cyclic schedule begins, kept on a tone without losing or doubling a frame.

Frames are counted, so whatever moves their begins, each comes once. A clock that is told where the frames should begin
moves them there by at most ``max_step_ns`` at the begin of each major frame; every process that is told the same does
the same at the same frame.
"""

from __future__ import annotations

import msgspec

from flightsw.errors import FlightSoftwareError

MAJOR_FRAME_NS = 1_000_000_000
"""A major frame lasts from tone to tone."""
STEPS_PER_MINOR_FRAME = 20
"""A step of the frames is at most this part of a minor frame, so that a frame never vanishes in one."""


class FrameError(FlightSoftwareError):
    """Minor frames of which no whole number makes up a major frame; they cannot follow a tone."""


class FrameLine(msgspec.Struct, frozen=True):
    """One minor frame and when it begins; the others follow evenly, before and behind.

    Attributes:
        frame: number of the minor frame.
        begin_ns: monotonic time.
    """

    frame: int = 0
    begin_ns: int = 0

    def begin_of(self, frame: int, minor_frame_ns: int) -> int:
        """Monotonic time at which a frame begins on this line."""
        return self.begin_ns + (frame - self.frame) * minor_frame_ns


class FrameClock:
    """Counts minor frames by the monotonic clock.

    Attributes:
        minor_frame_ns: length of a minor frame.
        major_frames: minor frames in a major frame, 0 when they do not fit one.
        max_step_ns: most that the frames are moved at the begin of a major frame.
        steps: times they were moved.
    """

    def __init__(self, minor_frame_ns: int) -> None:
        self.minor_frame_ns = minor_frame_ns
        whole = MAJOR_FRAME_NS % minor_frame_ns == 0
        self.major_frames = MAJOR_FRAME_NS // minor_frame_ns if whole else 0
        self.max_step_ns = minor_frame_ns // STEPS_PER_MINOR_FRAME
        self.steps = 0
        self._line = FrameLine()
        self._next: FrameLine | None = None
        self._target: FrameLine | None = None

    def begin_ns(self, frame: int) -> int:
        """When a frame begins, as far as is known now: later steps may move one that is a major frame away."""
        upcoming = self._next
        line = self._line if upcoming is None or frame < upcoming.frame else upcoming
        return line.begin_of(frame, self.minor_frame_ns)

    def frame_at(self, now_ns: int) -> int:
        """The frame that is running."""
        while self._next is not None and now_ns >= self._next.begin_ns:
            self._line, self._next = self._next, None
            self.steps += 1
            self._plan(self._line.frame)
        frame = self._line.frame + (now_ns - self._line.begin_ns) // self.minor_frame_ns
        return frame if self._next is None else min(frame, self._next.frame - 1)

    @property
    def next_step_ns(self) -> int | None:
        """When the frames are moved next; None when they are where they should be."""
        return None if self._next is None else self._next.begin_ns

    def follow(self, target: FrameLine, now_ns: int) -> None:
        """Move the frames onto another line, in bounded steps from the next major frame on.

        Raises:
            FrameError: no whole number of minor frames makes up a major frame.
        """
        if not self.major_frames or not self.max_step_ns:
            raise FrameError(
                f"minor frames of {self.minor_frame_ns} ns cannot follow a tone; a major frame of {MAJOR_FRAME_NS} ns "
                f"must be a multiple, and at least {STEPS_PER_MINOR_FRAME} ns long"
            )
        frame = self.frame_at(now_ns)
        self._target = target
        if self._next is None or self._next.frame > frame + 1:  # a step at hand is made; the next ones lead elsewhere
            self._plan(frame)

    def begin_on(self, line: FrameLine) -> None:
        """Count by a line at once; only before any frame has run."""
        self._line, self._next, self._target = line, None, line

    def _plan(self, frame: int) -> None:
        """Prepare the step at the next major frame that is more than one minor frame ahead, so none begins late."""
        target = self._target
        self._next = None
        if target is None:
            return
        major = ((frame + 1) // self.major_frames + 1) * self.major_frames
        begin_ns = self._line.begin_of(major, self.minor_frame_ns)
        missing_ns = target.begin_of(major, self.minor_frame_ns) - begin_ns
        if missing_ns:
            step_ns = max(-self.max_step_ns, min(missing_ns, self.max_step_ns))
            self._next = FrameLine(major, begin_ns + step_ns)
