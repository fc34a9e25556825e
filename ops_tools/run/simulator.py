"""The simulator's process of a run.

It begins the vehicle's time when the spacecraft is ready to fly, and from then on says how well it keeps up.
"""

from __future__ import annotations

import sys

from bus_sim.assembly import assemble
from bus_sim.endpoints.server import PacingState, serve
from bus_sim.equipment.camera import Shot
from bus_sim.equipment.imagery import expose, image_file
from flightsw.clock import HostClock
from ops_tools.run.notices import Pacing, write_notice
from ops_tools.run.reset_line import ResetLine
from ops_tools.run.settings import RunSettings, decode
from ops_tools.run.stop_signal import StopSignal

NOTICE_NS = 500_000_000
"""Host time between two notices of how well the simulation keeps up."""


def simulate(settings: RunSettings) -> None:
    """Simulate until stopped."""

    def image(shot: Shot) -> bytes:
        return image_file(expose(settings.seed, shot.target_id, shot.exposure_index))

    stop = StopSignal()
    spacecraft, _ = assemble(settings.spacecraft_file, settings.seed, image)
    line, bites = ResetLine(settings.reset_line), 0

    def over() -> bool:
        nonlocal bites
        if spacecraft.watchdog.state.bites != bites:
            bites = spacecraft.watchdog.state.bites
            line.pull(bites)
        return stop()

    clock = HostClock.starting_now(settings.speed)
    write_notice(settings.origin_file, clock.origin_ns)
    state = serve(spacecraft, settings.devices, clock, over, PacingNotices(settings))
    if state.most_behind_ns:
        sys.stderr.write(
            f"simulator: up to {state.most_behind_ns / 1e9:.0f} vehicle seconds behind, in {state.late_turns} turns; "
            "choose a lower speed\n"
        )


class PacingNotices:
    """Keeps the notice of how well the simulation keeps up true, at little cost."""

    def __init__(self, settings: RunSettings) -> None:
        self._file = settings.pacing_file
        self._host = HostClock.starting_now()
        self._next_ns = 0
        self._worst_ns = 0

    def __call__(self, state: PacingState) -> None:
        """Take the state after a turn."""
        self._worst_ns = max(self._worst_ns, state.behind_ns)
        if self._host.now_ns() >= self._next_ns:
            self._next_ns = self._host.now_ns() + NOTICE_NS
            write_notice(self._file, Pacing(self._worst_ns))
            self._worst_ns = 0


if __name__ == "__main__":
    simulate(decode(sys.argv[1]))
