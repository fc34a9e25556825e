"""The simulated spacecraft: every model put together and stepped, one second at a time.

After construction, and after every step, everything is consistent at ``now_ns``: the surroundings, the states and the
sensors' samples. Commands act between steps. One step is: loads and power, heat, attitude, time, surroundings,
equipment, sensors.
"""

import math

from bus_sim.attitude.body import RigidBody
from bus_sim.attitude.sensors import AttitudeSensors, GpsReceiver
from bus_sim.contradictions import check
from bus_sim.environment.epoch import NS_PER_S, Epoch
from bus_sim.environment.sample import Environment, EnvironmentSample
from bus_sim.equipment.aiming import Aim, aim
from bus_sim.equipment.camera import Camera, ImageSource, describe_shot
from bus_sim.equipment.compute_board import ComputeBoard
from bus_sim.equipment.constant_load import ConstantLoad
from bus_sim.equipment.mass_memory import MassMemory
from bus_sim.equipment.receiver import Receiver
from bus_sim.equipment.tone_unit import ToneUnit
from bus_sim.equipment.transmitter import Hearer, Transmitter
from bus_sim.equipment.watchdog import Watchdog
from bus_sim.errors import ModelRangeError, OrbitError, ParameterError
from bus_sim.parameters import SpacecraftParameters
from bus_sim.power.battery import Battery
from bus_sim.power.distribution import Distribution
from bus_sim.power.solar_array import SolarArray, irradiance
from bus_sim.power.system import PowerSystem
from bus_sim.random_streams import RandomStreams
from bus_sim.snapshot import MODELS, SpacecraftState, decode_snapshot, encode_snapshot
from bus_sim.thermal.heaters import HeaterBank
from bus_sim.thermal.network import BEYOND_K, COLDEST_K, ThermalNetwork
from bus_sim.thermal.surfaces import Surfaces, albedo_flux
from bus_sim.truth import Truth
from flightsw.geometry.quaternion import Matrix, Quaternion, matrix, to_body
from flightsw.geometry.vectors import Vector, norm, scale, unit

STEP_NS = NS_PER_S
"""Length of a step: the only place where it is said."""

STEP_S = STEP_NS / NS_PER_S

ONBOARD_COMPUTER, MASS_MEMORY, ATTITUDE_CONTROL, GPS = "onboard_computer", "mass_memory", "attitude_control", "gps"
SBAND, XBAND, CAMERA, COMPUTE, HEATERS = "sband", "xband", "camera", "compute", "heaters"
"""Names of the power lines that a mission file must have, each with what it feeds."""
LINES = (ONBOARD_COMPUTER, MASS_MEMORY, ATTITUDE_CONTROL, GPS, SBAND, XBAND, CAMERA, COMPUTE, HEATERS)

FASTEST_RAD_S = 20.0
"""Beyond this rate the integration of the attitude is of no use, and no gyro can report it [rad/s]."""


class Spacecraft:
    """One simulated spacecraft; any number of them live side by side.

    Args:
        parameters: see `load_parameters`.
        seed: master seed of all its random streams.
        image_source: makes the contents of the camera's images.

    Raises:
        ParameterError: the parameters contradict each other.
        StepTooLongError: the thermal network is too fast for the step.
    """

    def __init__(self, parameters: SpacecraftParameters, seed: int, image_source: ImageSource = describe_shot) -> None:
        check(parameters, LINES)
        self.parameters = parameters
        self.now_ns = 0
        self.streams = RandomStreams(seed)
        self.environment = Environment(Epoch(parameters.start_utc), parameters.orbit, parameters.stations)
        self.thermal = ThermalNetwork(parameters.thermal, STEP_S)
        self.heaters = HeaterBank(parameters.thermal.heaters)
        self.array = SolarArray(parameters.panels)
        self.battery = Battery(parameters.battery)
        self.distribution = Distribution(parameters.distribution)
        self.power = PowerSystem(self.array, self.battery, self.distribution)
        self.body = RigidBody(parameters.body, self.streams.stream("body"))
        self.sensors = AttitudeSensors(parameters.sensors, self.streams.stream("attitude_sensors"))
        self.gps = GpsReceiver(parameters.sensors, self.streams.stream("gps"))
        self.tone_unit = ToneUnit(parameters.tone, self.environment.epoch.tai_ns(0), self.streams.stream("tone_unit"))
        self.onboard_computer = ConstantLoad(parameters.onboard_computer.power_w)
        self.watchdog = Watchdog()
        self.mass_memory = MassMemory(parameters.mass_memory)
        self.camera = Camera(parameters.camera, self.mass_memory, self._observe, image_source)
        self.compute_board = ComputeBoard(parameters.compute_board)
        self.sband_receiver = Receiver(parameters.sband_receiver, self.streams.stream("sband_receiver"))
        self.sband_transmitter = Transmitter(parameters.sband_transmitter, self.streams.stream("sband_transmitter"))
        self.xband_transmitter = Transmitter(parameters.xband_transmitter, self.streams.stream("xband_transmitter"))
        self._surfaces = Surfaces(
            parameters.thermal.surfaces, self.thermal.numbers, self.environment.orbit.mean_altitude_km
        )
        self._wire()
        self._find_nodes()
        self._boresight = unit(parameters.camera.boresight)
        self.surroundings: EnvironmentSample = self._at_start()
        self._matrix_of: Quaternion | None = None
        self._matrix: Matrix = matrix(self.body.state.quaternion)
        self._sample_sensors(0.0)

    def _at_start(self) -> EnvironmentSample:
        try:
            return self.environment.at(0)
        except OrbitError as error:
            raise ParameterError("orbit", f"nothing flies there at the start: {error}") from error

    def _wire(self) -> None:
        connect = self.distribution.connect
        connect(ONBOARD_COMPUTER, self.onboard_computer)
        connect(MASS_MEMORY, self.mass_memory)
        connect(ATTITUDE_CONTROL, self.sensors)
        connect(ATTITUDE_CONTROL, self.body)
        connect(GPS, self.gps)
        connect(SBAND, self.sband_receiver)
        connect(SBAND, self.sband_transmitter)
        connect(XBAND, self.xband_transmitter)
        connect(CAMERA, self.camera)
        connect(COMPUTE, self.compute_board)
        connect(HEATERS, self.heaters)

    def _find_nodes(self) -> None:
        parameters, node = self.parameters, self.thermal.number
        self._line_nodes = tuple(node(line.node) for line in parameters.distribution.lines)
        self._heaters_line = self.distribution.number(HEATERS)
        self._compute_line = self.distribution.number(COMPUTE)
        self._sband_node = self._line_nodes[self.distribution.number(SBAND)]
        self._xband_node = self._line_nodes[self.distribution.number(XBAND)]
        self._heater_nodes = tuple(node(heater.node) for heater in parameters.thermal.heaters)
        self._distribution_node = node(parameters.distribution.node)
        self._battery_node = node(parameters.battery.node)
        surfaces = {name: number for number, name in enumerate(self._surfaces.names)}
        for panel in parameters.panels:
            if panel.surface not in surfaces:
                reason = f"no surface is named {panel.surface!r}"
                raise ParameterError(f"panels[{panel.name}].surface", reason, self._surfaces.names)
        self._panel_surfaces = tuple(surfaces[panel.surface] for panel in parameters.panels)
        self._panel_nodes = tuple(node(parameters.thermal.surfaces[surface].node) for surface in self._panel_surfaces)

    def step(self) -> None:
        """Advance by ``STEP_NS``.

        Raises:
            OrbitError: the orbit cannot be propagated any further.
            ModelRangeError: a node is too hot or too cold, or the body turns too fast for the models.
        """
        surroundings = self.surroundings
        x, y, z = surroundings.position_km
        distance_km = math.sqrt(x * x + y * y + z * z)
        zenith = (x / distance_km, y / distance_km, z / distance_km)
        attitude = self._attitude()
        zx, zy, zz = to_body(attitude, zenith)
        nadir_body = (-zx, -zy, -zz)
        self._exchange_energy(surroundings, attitude, nadir_body, zenith, distance_km)
        self.body.step(self.body.disturbance(nadir_body, distance_km), STEP_S)
        self._check_ranges()
        self.now_ns += STEP_NS
        surroundings = self.surroundings = self.environment.at(self.now_ns)
        self.compute_board.progress(self.thermal.temperature_c(self._compute_node), STEP_S)
        self.camera.progress(STEP_S)
        self.watchdog.progress(STEP_NS)
        self._progress_radios(surroundings)
        self._sample_sensors(STEP_S)

    def _progress_radios(self, surroundings: EnvironmentSample) -> None:
        hearer = None
        if surroundings.station >= 0:
            view = self.environment.stations[surroundings.station].look(surroundings.position_earth_fixed_km)
            hearer = Hearer(surroundings.station, view.range_km)
        self.sband_receiver.progress(None if hearer is None else hearer.range_km, STEP_NS)
        self.sband_transmitter.progress(hearer, self.now_ns, STEP_NS)
        self.xband_transmitter.progress(hearer, self.now_ns, STEP_NS)

    def _check_ranges(self) -> None:
        for name, kelvin in zip(self.thermal.names, self.thermal.state.temperatures_k, strict=True):
            if not COLDEST_K <= kelvin <= BEYOND_K:
                raise ModelRangeError(f"temperature of node {name!r} [K]", kelvin, COLDEST_K, BEYOND_K, self.now_ns)
        p, q, r = self.body.state.rate_rad_s
        if not p * p + q * q + r * r <= FASTEST_RAD_S * FASTEST_RAD_S:
            rate_rad_s = math.sqrt(p * p + q * q + r * r)
            raise ModelRangeError("body rate [rad/s]", rate_rad_s, 0.0, FASTEST_RAD_S, self.now_ns)

    @property
    def _compute_node(self) -> int:
        return self._line_nodes[self._compute_line]

    def _attitude(self) -> Matrix:
        quaternion = self.body.state.quaternion
        if quaternion is not self._matrix_of:
            self._matrix_of = quaternion
            self._matrix = matrix(quaternion)
        return self._matrix

    def _exchange_energy(
        self,
        surroundings: EnvironmentSample,
        attitude: Matrix,
        nadir_body: Vector,
        zenith: Vector,
        distance_km: float,
    ) -> None:
        thermal, sun = self.thermal, surroundings.sun_direction
        temperatures_k = thermal.state.temperatures_k
        heat_w = [0.0] * len(temperatures_k)
        full_sun = irradiance(surroundings.sun_distance_au, 1.0)
        sunlight = full_sun * surroundings.illumination
        cos_zenith = zenith[0] * sun[0] + zenith[1] * sun[1] + zenith[2] * sun[2]
        self._surfaces.absorb(
            to_body(attitude, sun), nadir_body, distance_km, sunlight, albedo_flux(full_sun, cos_zenith), heat_w
        )
        cos_sun = self._surfaces.cos_sun
        self.power.step(
            sunlight,
            [cos_sun[surface] for surface in self._panel_surfaces],
            [temperatures_k[node] - 273.15 for node in self._panel_nodes],
            temperatures_k[self._battery_node] - 273.15,
            STEP_S,
        )
        self._add_device_heat(heat_w)
        thermal.step(heat_w, STEP_S)
        self.power.guard(STEP_S)

    def _add_device_heat(self, heat_w: list[float]) -> None:
        for number, line in enumerate(self.distribution.state.lines):
            if line.power_w > 0.0 and number != self._heaters_line:
                heat_w[self._line_nodes[number]] += line.power_w
        if self.distribution.state.lines[self._heaters_line].power_w > 0.0:
            for heater, on, node in zip(
                self.parameters.thermal.heaters, self.heaters.state.on, self._heater_nodes, strict=True
            ):
                if on:
                    heat_w[node] += heater.power_w
        heat_w[self._sband_node] -= self.sband_transmitter.radiated_w()
        heat_w[self._xband_node] -= self.xband_transmitter.radiated_w()
        heat_w[self._distribution_node] += self.power.state.lost_w
        heat_w[self._battery_node] += self.battery.state.heat_w
        for node, panel in zip(self._panel_nodes, self.array.state.panels, strict=True):
            heat_w[node] -= panel.taken_w

    def _sample_sensors(self, step_s: float) -> None:
        surroundings = self.surroundings
        attitude = self._attitude()
        body = self.body.state
        nadir_body = to_body(attitude, scale(surroundings.position_km, -1.0 / norm(surroundings.position_km)))
        self.sensors.sample(surroundings, body.quaternion, attitude, body.rate_rad_s, nadir_body, step_s)
        self.gps.sample(surroundings, step_s)
        self.tone_unit.sample(self.now_ns, step_s, receiver_valid=self.gps.state.valid)

    def _observe(self) -> Aim:
        body = self.body.state
        return aim(self.surroundings, body.quaternion, body.rate_rad_s, self._boresight)

    def truth(self) -> Truth:
        """What really is, now."""
        surroundings, body, battery, power = self.surroundings, self.body.state, self.battery.state, self.power.state
        attitude = self._attitude()
        zenith_body = to_body(attitude, scale(surroundings.position_km, 1.0 / norm(surroundings.position_km)))
        b = self._boresight
        towards_nadir = -(b[0] * zenith_body[0] + b[1] * zenith_body[1] + b[2] * zenith_body[2])
        lines = self.distribution.state.lines
        station = surroundings.station
        return Truth(
            time_ns=self.now_ns,
            latitude_deg=math.degrees(surroundings.latitude_rad),
            longitude_deg=math.degrees(surroundings.longitude_rad),
            altitude_km=surroundings.altitude_km,
            illumination=surroundings.illumination,
            station=self.environment.stations[station].name if station >= 0 else None,
            elevation_deg=math.degrees(math.asin(surroundings.sin_elevation)),
            array_available_w=power.available_w,
            array_power_w=power.generated_w,
            load_power_w=power.delivered_w,
            battery_soc=battery.soc,
            battery_voltage_v=battery.voltage_v,
            battery_current_a=battery.current_a,
            line_power_w=tuple([line.power_w for line in lines]),
            line_closed=tuple([line.closed for line in lines]),
            node_temperatures_c=tuple([kelvin - 273.15 for kelvin in self.thermal.state.temperatures_k]),
            quaternion=body.quaternion,
            rate_rad_s=body.rate_rad_s,
            nadir_error_deg=math.degrees(math.acos(max(-1.0, min(1.0, towards_nadir)))),
            sun_body=to_body(attitude, surroundings.sun_direction),
            compute_state=self.compute_board.state.state,
            compute_throttled=self.compute_board.state.throttled,
            compute_power_w=lines[self._compute_line].power_w,
            camera_state=self.camera.state.state,
        )

    def snapshot(self) -> bytes:
        """The whole memory as one document; a spacecraft restored from it continues identically."""
        states = {name: getattr(self, name).state for name in MODELS}
        state = SpacecraftState(now_ns=self.now_ns, streams=self.streams.snapshot(), **states)
        return encode_snapshot(self.parameters.digest(), self.streams.master_seed, state)

    def restore(self, document: bytes) -> None:
        """Take over the memory in a document from a spacecraft with the same parameters and seed.

        Raises:
            SnapshotError: it is damaged or belongs to something else; nothing was changed.
        """
        state = decode_snapshot(document, self.parameters.digest(), self.streams.master_seed)
        self.now_ns = state.now_ns
        self.streams.restore(state.streams)
        for name in MODELS:
            getattr(self, name).state = getattr(state, name)
        self.surroundings = self.environment.at(self.now_ns)
