"""The body of the simulator's process: the spacecraft follows a clock, and its devices answer in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from bus_sim.endpoints.wiring import wire, wire_antennas
from bus_sim.spacecraft import STEP_NS, Spacecraft
from flightsw.clock import Clock
from flightsw.hal.emu import PortServer

MAX_STEPS_PER_TURN = 10
"""Steps made up in one go before the ports are looked after; a simulator that is late stays late, and says so."""

MAX_WAIT_S = 0.1
"""Longest wait for a request, so that ``stop`` is asked."""


class PacedClock(Clock, Protocol):
    """The vehicle's time, tied to the host's."""

    def host_seconds_until(self, vehicle_ns: int) -> float:
        """Host seconds until the vehicle's time reaches ``vehicle_ns``; 0 when it has."""
        ...


class Model(Protocol):
    """What is stepped."""

    now_ns: int

    def step(self) -> None:
        """Advance by ``STEP_NS``."""
        ...


class PacingState(msgspec.Struct):
    """How well the simulation keeps up.

    Attributes:
        steps: made since the start.
        late_turns: turns after which steps were still due.
        behind_ns: how much vehicle time was due, but not simulated, after the last turn.
        most_behind_ns: the worst of it.
    """

    steps: int = 0
    late_turns: int = 0
    behind_ns: int = 0
    most_behind_ns: int = 0


class PacedSimulation:
    """A spacecraft that follows a clock, and the server of its ports.

    Attributes:
        state: how well it keeps up.
    """

    def __init__(self, model: Model, server: PortServer, clock: PacedClock) -> None:
        self.state = PacingState()
        self._model = model
        self._server = server
        self._clock = clock

    def turn(self) -> None:
        """Make the steps that are due, then answer requests until the next one is, or one was answered."""
        model, state = self._model, self.state
        now_ns = self._clock.now_ns()
        made = 0
        while model.now_ns + STEP_NS <= now_ns and made < MAX_STEPS_PER_TURN:
            model.step()
            made += 1
        state.steps += made
        state.behind_ns = max(0, (now_ns - model.now_ns) // STEP_NS * STEP_NS)
        state.most_behind_ns = max(state.most_behind_ns, state.behind_ns)
        wait_s = 0.0
        if state.behind_ns:
            state.late_turns += 1
        else:
            wait_s = min(self._clock.host_seconds_until(model.now_ns + STEP_NS), MAX_WAIT_S)
        self._server.poll(wait_s)


def serve(
    spacecraft: Spacecraft,
    address: str,
    clock: PacedClock,
    stop: Callable[[], bool],
    watch: Callable[[PacingState], None] = lambda _state: None,
) -> PacingState:
    """Simulate a spacecraft at the clock's pace and answer its ports on ``address`` until ``stop`` returns True.

    ``watch`` is shown after every turn how well the simulation keeps up.

    Raises:
        AddressError: nobody can listen on ``address``.
        ParameterError: see `wire`.
        OrbitError: the orbit cannot be propagated any further.
    """
    server = PortServer(address, wire(spacecraft), wire_antennas(spacecraft))
    try:
        simulation = PacedSimulation(spacecraft, server, clock)
        while not stop():
            simulation.turn()
            watch(simulation.state)
    finally:
        server.close()
    return simulation.state
