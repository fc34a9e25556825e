from __future__ import annotations

from typing import TYPE_CHECKING

from bus_sim.endpoints.wiring import wire, wire_antennas
from bus_sim.parameters import SpacecraftParameters
from bus_sim.spacecraft import Spacecraft

if TYPE_CHECKING:
    from conftest import Bench


def test_every_driver_finds_its_device(bench: Bench) -> None:
    """Each port is named like the driver that fits, and there are no others."""
    drivers = (
        bench.eps,
        bench.heaters,
        bench.attitude_control,
        bench.s_band,
        bench.x_band,
        bench.camera,
        bench.mass_memory,
        bench.compute_board,
        bench.watchdog,
        bench.tone_capture,
    )
    assert [driver.name for driver in drivers] == list(bench.endpoints)
    assert list(wire_antennas(bench.spacecraft)) == ["s_band", "x_band"]


def test_spacecraft_are_wired_apart(mission: SpacecraftParameters, bench: Bench) -> None:
    """Two spacecraft in one process do not hear each other's commands."""
    other = Spacecraft(mission, seed=1)
    wire(other)
    bench.power("camera")
    assert not other.distribution.state.lines[bench.line("camera")].closed


def test_endpoints_follow_a_restored_spacecraft(bench: Bench) -> None:
    """After a snapshot is restored the drivers see the restored state, not the one before."""
    snapshot = bench.spacecraft.snapshot()
    before = bench.eps.status()
    bench.power("camera")
    bench.fly(5)
    assert bench.eps.status() != before
    bench.spacecraft.restore(snapshot)
    assert bench.eps.status() == before
