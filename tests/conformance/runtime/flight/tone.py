"""A tone for the small flight on either runtime, which the test can spoil by putting files into its folder."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from random import Random

from bus_sim.endpoints.server import PacedSimulation
from bus_sim.endpoints.tone_capture import ToneCaptureEndpoint
from bus_sim.equipment.tone_unit import NS_PER_S, ToneParameters, ToneUnit
from flight.harness import SPEED, LockstepVehicle, ProcessVehicle
from flightsw.clock import HostClock
from flightsw.hal.emu import PortServer
from flightsw.hal.sim import MemoryNvm
from flightsw.mission import Mission
from flightsw.runtime.device_ports import SimPorts
from flightsw.runtime.lockstep import PHYSICS_PRIORITY, LockstepRuntime
from flightsw.services.store import Store

EPOCH_TAI_NS = 2_145_916_837 * NS_PER_S
"""2026-01-01T00:00:00 UTC."""
PARAMETERS = ToneParameters(
    oscillator_ppb=3000.0,
    oscillator_walk_ppb=0.0,
    initial_offset_ms=23.0,
    jitter_ns=20.0,
    message_delay_ms=100.0,
    message_jitter_ms=1.0,
)
SILENT = "silent"
"""File that silences the tone while it is there."""


class ToneModel:
    """The tone, stepped once a second.

    Attributes:
        now_ns: processor's clock.
        unit: the tone.
    """

    def __init__(self, folder: Path) -> None:
        self.now_ns = 0
        self.unit = ToneUnit(PARAMETERS, EPOCH_TAI_NS, Random(1))
        self._silent = folder / SILENT

    def step(self) -> None:
        """One second passes."""
        self.now_ns += NS_PER_S
        self.unit.sample(self.now_ns, 1.0, receiver_valid=not self._silent.exists())


class ToneProcess:
    """The tone in a process of its own, as the simulator is in a run."""

    def __init__(self, folder: Path, address: str, clock: HostClock) -> None:
        self._pid = os.fork()
        if self._pid == 0:
            try:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                model = ToneModel(folder)
                server = PortServer(address, {"tone_capture": ToneCaptureEndpoint(model.unit)}, {})
                simulation = PacedSimulation(model, server, clock)
                while os.getppid() != 1:
                    simulation.turn()
            finally:
                os._exit(1)

    def close(self) -> None:
        """End it."""
        if self._pid:
            os.kill(self._pid, signal.SIGTERM)
            os.waitpid(self._pid, 0)
            self._pid = 0


class LockstepToneVehicle(LockstepVehicle):
    """The flight in virtual time, with a tone."""

    def __init__(self, mission_file: Path, folder: Path) -> None:
        model = ToneModel(folder)
        ports = SimPorts({"tone_capture": ToneCaptureEndpoint(model.unit)})
        self.runtime = LockstepRuntime(Mission.load(mission_file), Store(MemoryNvm()), ports)
        self.runtime.start()

        def step() -> None:
            if self.runtime.clock.now_ns() > model.now_ns:
                model.step()

        self.runtime.every(NS_PER_S, PHYSICS_PRIORITY, "tone", step)


class ProcessToneVehicle(ProcessVehicle):
    """The flight in processes, with a tone in one more."""

    def __init__(self, mission_file: Path, folder: Path) -> None:
        clock = HostClock.starting_now(SPEED)
        self._tone = ToneProcess(folder, f"ipc://{folder}/none", clock)
        super().__init__(mission_file, folder, clock=clock)

    def close(self) -> None:
        """Stop the processes."""
        super().close()
        self._tone.close()
