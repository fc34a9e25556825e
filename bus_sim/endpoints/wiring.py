"""Which simulated device hangs on which port."""

from __future__ import annotations

from bus_sim.endpoints.attitude_control import AttitudeControlEndpoint
from bus_sim.endpoints.camera import CameraEndpoint
from bus_sim.endpoints.compute_board import ComputeBoardEndpoint
from bus_sim.endpoints.device_endpoint import DeviceEndpoint
from bus_sim.endpoints.eps import EpsEndpoint
from bus_sim.endpoints.heaters import HeatersEndpoint
from bus_sim.endpoints.mass_memory import MassMemoryEndpoint
from bus_sim.endpoints.radio import AntennaEndpoint, RadioEndpoint
from bus_sim.endpoints.tone_capture import ToneCaptureEndpoint
from bus_sim.endpoints.watchdog import WatchdogEndpoint
from bus_sim.spacecraft import COMPUTE, Spacecraft

# Names of the ports, as a mission file writes them; each is the name of the driver that fits.
EPS, HEATERS, ATTITUDE_CONTROL = "eps", "heaters", "attitude_control"
S_BAND, X_BAND = "s_band", "x_band"
CAMERA, MASS_MEMORY, COMPUTE_BOARD = "camera", "mass_memory", "compute_board"
WATCHDOG = "watchdog"
TONE_CAPTURE = "tone_capture"


def wire(spacecraft: Spacecraft) -> dict[str, DeviceEndpoint]:
    """The far end of every device's wire, by name of the port.

    Raises:
        ParameterError: the spacecraft has more of something than its devices can report.
    """
    thermal = spacecraft.thermal
    compute_line = spacecraft.parameters.distribution.lines[spacecraft.distribution.number(COMPUTE)]
    return {
        EPS: EpsEndpoint(spacecraft.power, thermal),
        HEATERS: HeatersEndpoint(thermal, spacecraft.heaters),
        ATTITUDE_CONTROL: AttitudeControlEndpoint(
            spacecraft.sensors, spacecraft.gps, spacecraft.body, spacecraft.environment.epoch
        ),
        S_BAND: RadioEndpoint(spacecraft.sband_transmitter, spacecraft.sband_receiver),
        X_BAND: RadioEndpoint(spacecraft.xband_transmitter, None),
        CAMERA: CameraEndpoint(spacecraft.camera),
        MASS_MEMORY: MassMemoryEndpoint(spacecraft.mass_memory),
        COMPUTE_BOARD: ComputeBoardEndpoint(spacecraft.compute_board, thermal, thermal.number(compute_line.node)),
        WATCHDOG: WatchdogEndpoint(spacecraft.watchdog),
        TONE_CAPTURE: ToneCaptureEndpoint(spacecraft.tone_unit),
    }


def wire_antennas(spacecraft: Spacecraft) -> dict[str, AntennaEndpoint]:
    """The antennas that the ground's radios meet, by name of the port."""
    return {
        S_BAND: AntennaEndpoint(spacecraft.sband_transmitter, spacecraft.sband_receiver),
        X_BAND: AntennaEndpoint(spacecraft.xband_transmitter, None),
    }
