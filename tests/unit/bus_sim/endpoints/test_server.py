from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bus_sim.endpoints.server import MAX_STEPS_PER_TURN, MAX_WAIT_S, PacedSimulation, serve
from bus_sim.endpoints.wiring import wire, wire_antennas
from bus_sim.spacecraft import STEP_NS
from flightsw.clock import HostClock, VirtualClock
from flightsw.devices.eps import EPS_ADDRESS, Eps
from flightsw.devices.radio import SBandTransceiver
from flightsw.hal.emu import EmuLink, PortServer
from flightsw.hal.emu_ports import emu_i2c, emu_radio_frequency, emu_uart
from flightsw.hal.errors import AddressError

if TYPE_CHECKING:
    from conftest import Bench


class Pace(VirtualClock):
    """A clock moved by the test, at four times the host's pace."""

    def host_seconds_until(self, vehicle_ns: int) -> float:
        """Host seconds until a vehicle time."""
        return max(0, vehicle_ns - self.now_ns()) / 4e9


class Server:
    """Notes how long it was allowed to wait."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def poll(self, timeout_s: float) -> int:
        """Nothing to serve."""
        self.waits.append(timeout_s)
        return 0


class Model:
    """Something that is stepped."""

    now_ns = 0

    def step(self) -> None:
        """Advance."""
        self.now_ns += STEP_NS


def simulation() -> tuple[PacedSimulation, Model, Server, Pace]:
    """A paced simulation of nothing."""
    model, server, clock = Model(), Server(), Pace()
    return PacedSimulation(model, server, clock), model, server, clock  # type: ignore[arg-type]


def test_steps_are_made_when_they_are_due() -> None:
    """A step is made when its end has come, not one nanosecond earlier, and once."""
    paced, model, _, clock = simulation()
    clock.advance_to(STEP_NS - 1)
    paced.turn()
    assert model.now_ns == 0
    clock.advance_to(STEP_NS)
    paced.turn()
    paced.turn()
    assert model.now_ns == STEP_NS
    assert paced.state.steps == 1


def test_waiting_ends_with_the_next_step_or_the_bound() -> None:
    """Between steps the ports are waited on until the next step is due, but never longer than the bound."""
    paced, _, server, clock = simulation()
    clock.advance_to(STEP_NS - 40_000_000)
    paced.turn()
    assert server.waits == [pytest.approx(0.01)]
    clock.advance_to(STEP_NS)
    paced.turn()
    assert server.waits[1] == MAX_WAIT_S


def test_late_steps_are_made_up_in_bounded_portions() -> None:
    """No step is dropped: what is late is made up turn by turn, ports served in between, lateness told."""
    paced, model, server, clock = simulation()
    clock.advance_to((2 * MAX_STEPS_PER_TURN + 1) * STEP_NS)
    paced.turn()
    assert model.now_ns == MAX_STEPS_PER_TURN * STEP_NS
    assert paced.state.behind_ns == (MAX_STEPS_PER_TURN + 1) * STEP_NS
    paced.turn()
    paced.turn()
    assert model.now_ns == clock.now_ns()
    assert server.waits[:2] == [0.0, 0.0]
    state = paced.state
    assert (state.steps, state.late_turns, state.behind_ns) == (2 * MAX_STEPS_PER_TURN + 1, 2, 0)
    assert state.most_behind_ns == (MAX_STEPS_PER_TURN + 1) * STEP_NS


def test_drivers_and_ground_meet_a_served_spacecraft(bench: Bench, tmp_path: Path) -> None:
    """Over a server, drivers switch the models and frames go both ways, as they do in process."""
    address = f"ipc://{tmp_path}/simulator"
    stop = threading.Event()
    clock = HostClock.starting_now(speed=1e-6)
    states: list[Any] = []
    thread = threading.Thread(target=lambda: states.append(serve(bench.spacecraft, address, clock, stop.is_set)))
    thread.start()
    link = EmuLink(address, timeout_s=10.0)
    eps = Eps(emu_i2c(link, {EPS_ADDRESS: "eps"}))
    camera = bench.line("camera")
    eps.switch(camera, True)
    assert eps.status().is_on(camera)
    radio = SBandTransceiver(emu_uart(link, "s_band"))
    emu_radio_frequency(link, "s_band").send(b"hello")
    assert radio.receive() == ()
    assert bench.spacecraft.sband_receiver.state.air == [b"hello"]
    stop.set()
    thread.join(10)
    link.close()
    assert bench.spacecraft.distribution.state.lines[camera].closed
    assert states[0].late_turns == 0


def test_served_spacecraft_follows_its_clock(bench: Bench, tmp_path: Path) -> None:
    """The spacecraft's time is the clock's when serving ends, and the address is free again."""
    address = f"ipc://{tmp_path}/simulator"
    clock = Pace()
    turns: list[int] = []

    def stop() -> bool:
        turns.append(bench.spacecraft.now_ns)
        clock.advance_to(clock.now_ns() + STEP_NS)
        return len(turns) > 5

    state = serve(bench.spacecraft, address, clock, stop)
    assert turns == [number * STEP_NS for number in range(6)]
    assert state.steps == 5
    PortServer(address, wire(bench.spacecraft), wire_antennas(bench.spacecraft)).close()


def test_taken_address_is_refused(bench: Bench, tmp_path: Path) -> None:
    """A second simulator on the same address does not start."""
    address = f"ipc://{tmp_path}/simulator"
    first = PortServer(address, {}, {})
    with pytest.raises(AddressError):
        serve(bench.spacecraft, address, Pace(), lambda: True)
    first.close()
