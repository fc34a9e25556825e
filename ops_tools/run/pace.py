"""Whether simulator and flight software keep up with the speed that was asked for, and what to say when they do not."""

from __future__ import annotations

LATE_HOST_S = 0.5
"""Seconds of the host by which the simulator must be late before it is worth a word."""
LINE_EVERY_S = 10.0
"""Seconds of the host between two lines about lateness, at least."""
_NS_PER_S = 1_000_000_000


class PaceWatch:
    """Turns lateness into a warning, and the end of it into silence.

    Args:
        speed: vehicle seconds per host second that were asked for.
    """

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._simulator = self._flight = ""
        self._simulator_told = self._flight_told = False
        self._slots_skipped = 0
        self._next_line_ns = 0

    @property
    def warning(self) -> str:
        """What to say now; empty while all keep up."""
        return self._simulator or self._flight

    def take(self, behind_ns: int) -> None:
        """Take how much vehicle time the simulator is late."""
        late_s = behind_ns / _NS_PER_S
        if late_s < LATE_HOST_S * self._speed:
            self._simulator, self._simulator_told = "", False
        else:
            self._simulator = f"simulator {late_s:.0f} s of vehicle time late: {self._advice}"

    def take_account(self, slots_skipped: int) -> None:
        """Take how many slots the flight software has found too late to run.

        The count begins anew when the on-board computer does.
        """
        more = slots_skipped - self._slots_skipped
        self._slots_skipped = slots_skipped
        if more <= 0:
            self._flight, self._flight_told = "", False
        else:
            self._flight = f"flight software too late for {more} slots, by its newest account: {self._advice}"

    def line(self, now_ns: int) -> str:
        """A warning that was not told since it began and still holds, if a line is due at a time of the host.

        Otherwise empty; a warning that is held back keeps its turn as long as it holds.
        """
        if now_ns < self._next_line_ns:
            return ""
        if self._simulator and not self._simulator_told:
            self._simulator_told, line = True, self._simulator
        elif self._flight and not self._flight_told:
            self._flight_told, line = True, self._flight
        else:
            return ""
        self._next_line_ns = now_ns + round(LINE_EVERY_S * _NS_PER_S)
        return line

    @property
    def _advice(self) -> str:
        return f"choose a lower speed than {self._speed:g}"
