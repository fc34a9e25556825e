"""The simulator's process of a run."""

from __future__ import annotations

import sys

from bus_sim.assembly import assemble
from bus_sim.endpoints.server import serve
from bus_sim.equipment.camera import Shot
from bus_sim.equipment.imagery import expose, image_file
from ops_tools.run.reset_line import ResetLine
from ops_tools.run.settings import RunSettings, decode
from ops_tools.run.stop_signal import StopSignal


def simulate(settings: RunSettings) -> None:
    """Simulate until stopped."""

    def image(shot: Shot) -> bytes:
        return image_file(expose(settings.seed, shot.target_id, shot.exposure_index))

    spacecraft, _ = assemble(settings.spacecraft_file, settings.seed, image)
    line, stop, bites = ResetLine(settings.reset_line), StopSignal(), 0

    def over() -> bool:
        nonlocal bites
        if spacecraft.watchdog.state.bites != bites:
            bites = spacecraft.watchdog.state.bites
            line.pull(bites)
        return stop()

    state = serve(spacecraft, settings.devices, settings.clock(), over)
    if state.most_behind_ns:
        sys.stderr.write(
            f"simulator: up to {state.most_behind_ns / 1e9:.0f} vehicle seconds behind, in {state.late_turns} turns; "
            "choose a lower speed\n"
        )


if __name__ == "__main__":
    simulate(decode(sys.argv[1]))
