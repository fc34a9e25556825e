"""The attitude and orbit unit's end of its wire."""

from __future__ import annotations

from bus_sim.attitude.body import RigidBody
from bus_sim.attitude.sensors import AttitudeSensors, GpsReceiver
from bus_sim.endpoints.device_endpoint import DeviceEndpoint, Refusal
from bus_sim.environment.epoch import NS_PER_S, Epoch
from flightsw.devices.attitude_control import (
    GET_ATTITUDE,
    GET_GPS,
    GET_GYRO,
    GET_STAR_TRACKER,
    GET_SUN_SENSOR,
    SET_TORQUE,
    AttitudeReading,
    GpsFix,
    GyroReading,
    StarTrackerReading,
    SunSensorReading,
    TorqueCommand,
)
from flightsw.devices.framing import NOTHING, Nothing, Status
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS


class AttitudeControlEndpoint(DeviceEndpoint):
    """Sensors, GPS receiver and torquers; the unit answers while its line or the receiver's is closed."""

    def __init__(self, sensors: AttitudeSensors, gps: GpsReceiver, body: RigidBody, epoch: Epoch) -> None:
        super().__init__(lambda: sensors.state.powered or gps.state.powered)
        self._sensors = sensors
        self._gps = gps
        self._body = body
        whole_s = int(epoch.start_utc.replace(microsecond=0).timestamp())
        start_utc_ns = whole_s * NS_PER_S + epoch.start_utc.microsecond * 1000
        self._start_tai_ns = LEAP_SECONDS.utc_to_tai(start_utc_ns)
        self.answer(GET_ATTITUDE, self._attitude)
        self.answer(GET_STAR_TRACKER, self._star_tracker)
        self.answer(GET_GYRO, self._gyro)
        self.answer(GET_SUN_SENSOR, self._sun_sensor)
        self.answer(GET_GPS, self._fix)
        self.answer(SET_TORQUE, self._torque)

    def _attitude(self, request: Nothing) -> AttitudeReading:
        return AttitudeReading(self._star_tracker(request), self._gyro(request), self._sun_sensor(request))

    def _star_tracker(self, _request: Nothing) -> StarTrackerReading:
        state = self._sensors.state
        return StarTrackerReading(state.quaternion_valid, state.quaternion)

    def _gyro(self, _request: Nothing) -> GyroReading:
        state = self._sensors.state
        return GyroReading(state.rate_valid, state.rate_rad_s)

    def _sun_sensor(self, _request: Nothing) -> SunSensorReading:
        state = self._sensors.state
        return SunSensorReading(state.sun_valid, state.sun_body)

    def _fix(self, _request: Nothing) -> GpsFix:
        state = self._gps.state
        return GpsFix(
            state.valid,
            self._start_tai_ns + state.time_ns,
            state.position_earth_fixed_km,
            state.velocity_earth_fixed_km_s,
            state.position_km,
            state.velocity_km_s,
        )

    def _torque(self, request: TorqueCommand) -> Nothing:
        x, y, z = request.torque_n_m
        if not self._body.apply_torque((x, y, z)):
            raise Refusal(Status.WRONG_STATE)
        return NOTHING
