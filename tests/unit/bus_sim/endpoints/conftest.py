"""A simulated spacecraft with drivers on all its wires."""

from __future__ import annotations

import pytest

from bus_sim.endpoints.device_endpoint import DeviceEndpoint
from bus_sim.endpoints.wiring import wire, wire_antennas
from bus_sim.parameters import SpacecraftParameters, load_parameters
from bus_sim.spacecraft import Spacecraft
from flightsw.devices.attitude_control import AttitudeControl
from flightsw.devices.camera import Camera
from flightsw.devices.compute_board import ComputeBoard
from flightsw.devices.eps import EPS_ADDRESS, Eps
from flightsw.devices.heaters import HEATERS_ADDRESS, Heaters
from flightsw.devices.mass_memory import MassMemory
from flightsw.devices.radio import SBandTransceiver, XBandTransmitter
from flightsw.devices.tone_capture import ToneCapture
from flightsw.devices.watchdog import WATCHDOG_ADDRESS, Watchdog
from flightsw.hal.sim import SimI2c, SimRadioFrequency, SimUart


class Bench:
    """A spacecraft and everything that can be plugged into it.

    Attributes:
        spacecraft: the models.
        endpoints: the far ends of the wires.
    """

    def __init__(self, parameters: SpacecraftParameters) -> None:
        self.spacecraft = Spacecraft(parameters, seed=1)
        self.endpoints: dict[str, DeviceEndpoint] = wire(self.spacecraft)
        antennas = wire_antennas(self.spacecraft)
        i2c = SimI2c(
            {
                EPS_ADDRESS: self.endpoints["eps"],
                HEATERS_ADDRESS: self.endpoints["heaters"],
                WATCHDOG_ADDRESS: self.endpoints["watchdog"],
            }
        )
        self.watchdog = Watchdog(i2c)
        self.eps = Eps(i2c)
        self.heaters = Heaters(i2c)
        self.attitude_control = AttitudeControl(SimUart(self.endpoints["attitude_control"]))
        self.s_band = SBandTransceiver(SimUart(self.endpoints["s_band"]))
        self.x_band = XBandTransmitter(SimUart(self.endpoints["x_band"]))
        self.camera = Camera(SimUart(self.endpoints["camera"]))
        self.mass_memory = MassMemory(SimUart(self.endpoints["mass_memory"]))
        self.compute_board = ComputeBoard(SimUart(self.endpoints["compute_board"]))
        self.tone_capture = ToneCapture(SimUart(self.endpoints["tone_capture"]))
        self.ground = {name: SimRadioFrequency(antenna, name) for name, antenna in antennas.items()}

    def line(self, name: str) -> int:
        """Number of a power line."""
        return self.spacecraft.distribution.number(name)

    def power(self, name: str, *, on: bool = True) -> None:
        """Switch a power line as the flight software does."""
        self.eps.switch(self.line(name), on)

    def fly(self, seconds: int) -> None:
        """Let time pass."""
        for _ in range(seconds):
            self.spacecraft.step()


@pytest.fixture(scope="session")
def mission() -> SpacecraftParameters:
    """The reference mission's parameters."""
    return load_parameters()


@pytest.fixture
def bench(mission: SpacecraftParameters) -> Bench:
    """A fresh spacecraft at scenario start."""
    return Bench(mission)
