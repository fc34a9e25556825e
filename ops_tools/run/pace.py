"""Whether the simulator keeps up with the speed that was asked for, and what to say when it does not."""

from __future__ import annotations

LATE_HOST_S = 0.5
"""Seconds of the host by which the simulator must be late before it is worth a word."""
_NS_PER_S = 1_000_000_000


class PaceWatch:
    """Turns lateness into a warning, and the end of it into silence.

    Args:
        speed: vehicle seconds per host second that were asked for.

    Attributes:
        warning: what to say now; empty while the simulator keeps up.
    """

    def __init__(self, speed: float) -> None:
        self.warning = ""
        self._speed = speed

    def take(self, behind_ns: int) -> bool:
        """Take how much vehicle time the simulator is late; return whether a warning begins."""
        before, late_s = self.warning, behind_ns / _NS_PER_S
        if late_s < LATE_HOST_S * self._speed:
            self.warning = ""
        else:
            self.warning = f"simulator {late_s:.0f} s of vehicle time late: choose a lower speed than {self._speed:g}"
        return bool(self.warning) and not before
