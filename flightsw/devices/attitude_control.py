"""Attitude and orbit unit: star tracker, gyro, sun sensors, GPS receiver and wheels behind one serial line."""

from __future__ import annotations

from typing import Annotated

from flightsw.devices.device import Device
from flightsw.devices.framing import NOTHING, Nothing, Operation
from flightsw.devices.wires import UartWire
from flightsw.hal.ports import Uart
from tlm_cmd.definition.fields import F64, U64, Length, Range, Unit
from tlm_cmd.definition.message import Record
from tlm_cmd.errors import FieldRangeError

UNIT_TOLERANCE = 1e-3
"""How far the norm of a valid quaternion or direction may be from 1."""

MAX_RATE_RAD_S = 20.0
"""Body rates beyond this are no measurement."""

Component = Annotated[float, F64, Range(-1.001, 1.001)]
Rate = Annotated[float, F64, Range(-MAX_RATE_RAD_S, MAX_RATE_RAD_S)]
Kilometres = Annotated[float, F64, Range(-100_000, 100_000)]
KilometresPerSecond = Annotated[float, F64, Range(-20, 20)]
NewtonMetres = Annotated[float, F64, Range(-10, 10)]


class StarTrackerReading(Record):
    """Attitude as the star tracker sees it: ``v_inertial = q v_body q*``, Hamilton product, inertial axes TEME."""

    valid: Annotated[bool, "False while it is blinded, turns too fast or is off"]
    quaternion: Annotated[tuple[Component, ...], Length(4), "scalar first, body to inertial"]


class GyroReading(Record):
    """Rates of the body."""

    valid: Annotated[bool, "False without power"]
    rates_rad_s: Annotated[tuple[Rate, ...], Length(3), Unit("rad/s"), "in body axes"]


class SunSensorReading(Record):
    """Direction to the Sun."""

    valid: Annotated[bool, "False in eclipse"]
    direction: Annotated[tuple[Component, ...], Length(3), "unit vector to the Sun, in body axes"]


class AttitudeReading(Record):
    """All attitude sensors at one instant."""

    star_tracker: StarTrackerReading
    gyro: GyroReading
    sun_sensor: SunSensorReading


class GpsFix(Record):
    """Time, position and velocity; what they were last when not valid."""

    valid: Annotated[bool, "False during acquisition and loss of lock"]
    time_tai_ns: Annotated[int, U64, Unit("ns"), "TAI since 1958-01-01 of this fix"]
    position_earth_fixed_km: Annotated[tuple[Kilometres, ...], Length(3), Unit("km")]
    velocity_earth_fixed_km_s: Annotated[
        tuple[KilometresPerSecond, ...], Length(3), Unit("km/s"), "relative to the turning Earth"
    ]
    position_km: Annotated[tuple[Kilometres, ...], Length(3), Unit("km"), "inertial (TEME)"]
    velocity_km_s: Annotated[tuple[KilometresPerSecond, ...], Length(3), Unit("km/s"), "inertial (TEME)"]


class TorqueCommand(Record):
    """Torque that the wheels shall give to the body."""

    torque_n_m: Annotated[tuple[NewtonMetres, ...], Length(3), Unit("N m"), "in body axes"]


def _check_star_tracker(reading: StarTrackerReading) -> None:
    w, x, y, z = reading.quaternion
    if reading.valid:
        _check_unit("StarTrackerReading.quaternion", w * w + x * x + y * y + z * z)


def _check_sun_sensor(reading: SunSensorReading) -> None:
    x, y, z = reading.direction
    if reading.valid:
        _check_unit("SunSensorReading.direction", x * x + y * y + z * z)


def _check_unit(field: str, squared_norm: float) -> None:
    # First order: |n^2 - 1| is twice |n - 1|.
    if not abs(squared_norm - 1.0) <= 2.0 * UNIT_TOLERANCE:
        raise FieldRangeError(f"squared norm of {field}", squared_norm, 1 - 2 * UNIT_TOLERANCE, 1 + 2 * UNIT_TOLERANCE)


def _check_attitude(reading: AttitudeReading) -> None:
    _check_star_tracker(reading.star_tracker)
    _check_sun_sensor(reading.sun_sensor)


GET_ATTITUDE = Operation(0x01, Nothing, AttitudeReading, check=_check_attitude)
GET_STAR_TRACKER = Operation(0x02, Nothing, StarTrackerReading, check=_check_star_tracker)
GET_GYRO = Operation(0x03, Nothing, GyroReading)
GET_SUN_SENSOR = Operation(0x04, Nothing, SunSensorReading, check=_check_sun_sensor)
GET_GPS = Operation(0x05, Nothing, GpsFix)
SET_TORQUE = Operation(0x06, TorqueCommand, Nothing)


class AttitudeControl(Device):
    """Driver of the attitude and orbit unit."""

    def __init__(self, port: Uart) -> None:
        super().__init__("attitude_control", UartWire(port))

    def attitude(self) -> AttitudeReading:
        """All attitude sensors in one transaction.

        One sensor that reads nonsense spoils the reply; asking each sensor alone then tells which.

        Raises:
            DeviceError: no reply that can be trusted.
        """
        return self.request(GET_ATTITUDE, NOTHING)

    def star_tracker(self) -> StarTrackerReading:
        """The star tracker alone.

        Raises:
            DeviceError: no reply that can be trusted.
        """
        return self.request(GET_STAR_TRACKER, NOTHING)

    def gyro(self) -> GyroReading:
        """The gyro alone.

        Raises:
            DeviceError: no reply that can be trusted.
        """
        return self.request(GET_GYRO, NOTHING)

    def sun_sensor(self) -> SunSensorReading:
        """The sun sensors alone.

        Raises:
            DeviceError: no reply that can be trusted.
        """
        return self.request(GET_SUN_SENSOR, NOTHING)

    def gps(self) -> GpsFix:
        """Time, position and velocity.

        Raises:
            DeviceError: no reply that can be trusted.
        """
        return self.request(GET_GPS, NOTHING)

    def command_torque(self, x: float, y: float, z: float) -> None:
        """Ask the wheels for a torque on the body [N m], in body axes, until the next such command.

        Raises:
            ProtocolError: a component is not a number or beyond the unit's range; nothing was sent.
            DeviceError: no reply that can be trusted.
        """
        self.request(SET_TORQUE, TorqueCommand((x, y, z)))
