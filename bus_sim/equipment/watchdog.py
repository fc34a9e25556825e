"""The watchdog: resets the on-board computer unless it is stroked in time. It has power whenever the vehicle has."""

import msgspec

from bus_sim.environment.epoch import NS_PER_S


class WatchdogState(msgspec.Struct):
    """Memory of the timer.

    Attributes:
        armed: whether it counts.
        timeout_ns: without a stroke, after which it bites.
        left_ns: until it bites.
        strokes: since it has had power.
        bites: since it has had power.
    """

    armed: bool = False
    timeout_ns: int = 0
    left_ns: int = 0
    strokes: int = 0
    bites: int = 0


class Watchdog:
    """Counts down, and pulls the reset line when it reaches 0; then it is not armed until it is told to be.

    Attributes:
        state: the timer.
    """

    def __init__(self) -> None:
        self.state = WatchdogState()

    def arm(self, timeout_s: int) -> None:
        """Set the time-out and begin to count."""
        state = self.state
        state.armed = True
        state.timeout_ns = state.left_ns = timeout_s * NS_PER_S

    def stroke(self) -> bool:
        """Begin to count anew; False when it is not armed."""
        state = self.state
        if state.armed:
            state.left_ns = state.timeout_ns
            state.strokes += 1
        return state.armed

    def progress(self, step_ns: int) -> None:
        """Let time pass; the reset line is pulled when ``bites`` has grown."""
        state = self.state
        if state.armed:
            state.left_ns -= step_ns
            if state.left_ns <= 0:
                state.armed = False
                state.left_ns = 0
                state.bites += 1
