"""What the attitude sensors and the GPS receiver say: the truth with their noise, sampled at the end of every step.

A sensor without power, or that cannot see what it needs, says so by ``valid = False`` and keeps its last value.
"""

import math
import random

import msgspec

from bus_sim.environment.earth_rotation import inertial
from bus_sim.environment.sample import EnvironmentSample
from bus_sim.quantities import (
    ArcSeconds,
    Degrees,
    DegreesPerSecond,
    Direction,
    Fraction,
    Metres,
    MetresPerSecond,
    PositiveDegrees,
    PositiveDegreesPerSecond,
    Seconds,
    Watts,
)
from flightsw.geometry.earth import EARTH_RADIUS_KM
from flightsw.geometry.quaternion import IDENTITY, Matrix, Quaternion, from_rotation_vector, multiply, to_body
from flightsw.geometry.vectors import Vector, unit

_ARC_SECOND = math.pi / 648_000.0
_ZERO: Vector = (0.0, 0.0, 0.0)


class SensorParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The attitude sensors and the GPS receiver.

    Attributes:
        power_w: gyro, star tracker and sun sensors together.
        gyro_noise_deg_s: standard deviation of one sample.
        gyro_bias_walk_deg_s: growth of the bias per square root of a second.
        gyro_initial_bias_deg_s: standard deviation of the bias at scenario start.
        star_tracker_noise_arcsec: standard deviation about body X, Y, Z.
        star_tracker_axis: boresight in body axes.
        star_tracker_rate_deg_s: fastest turn at which it still recognises stars.
        star_tracker_sun_deg: the Sun must be at least this far from the boresight.
        star_tracker_limb_deg: the Earth's limb must be at least this far from the boresight.
        sun_sensor_noise_deg: standard deviation about each axis.
        sun_sensor_least_light: illumination below which it sees nothing, 0 to 1.
        gps_power_w: power of the receiver.
        gps_cold_start_s: from power-on to the first fix.
        gps_position_noise_m: standard deviation of each component.
        gps_velocity_noise_m_s: the same.
    """

    power_w: Watts
    gyro_noise_deg_s: DegreesPerSecond
    gyro_bias_walk_deg_s: DegreesPerSecond
    gyro_initial_bias_deg_s: DegreesPerSecond
    star_tracker_noise_arcsec: tuple[ArcSeconds, ArcSeconds, ArcSeconds]
    star_tracker_axis: Direction
    star_tracker_rate_deg_s: PositiveDegreesPerSecond
    star_tracker_sun_deg: PositiveDegrees
    star_tracker_limb_deg: Degrees
    sun_sensor_noise_deg: Degrees
    sun_sensor_least_light: Fraction
    gps_power_w: Watts
    gps_cold_start_s: Seconds
    gps_position_noise_m: Metres
    gps_velocity_noise_m_s: MetresPerSecond


class AttitudeSensorState(msgspec.Struct):
    """Memory of the attitude sensors: the latest samples.

    Attributes:
        powered: the line is closed.
        rate_rad_s: gyro, body axes.
        rate_valid: the gyro has power.
        bias_rad_s: the gyro's bias, part of every sample.
        quaternion: star tracker, body to inertial.
        quaternion_valid: it sees stars.
        sun_body: unit vector to the Sun, body axes.
        sun_valid: the Sun shines.
    """

    bias_rad_s: Vector
    powered: bool = False
    rate_rad_s: Vector = _ZERO
    rate_valid: bool = False
    quaternion: Quaternion = IDENTITY
    quaternion_valid: bool = False
    sun_body: Vector = (0.0, 0.0, 1.0)
    sun_valid: bool = False


class GpsState(msgspec.Struct):
    """Memory of the GPS receiver: the latest fix.

    Attributes:
        powered: the line is closed.
        valid: it has a fix.
        searching_s: time left until the first fix.
        time_ns: time of the fix since scenario start.
        position_earth_fixed_km: Earth-fixed.
        velocity_earth_fixed_km_s: relative to the turning Earth.
        position_km: the same fix in TEME.
        velocity_km_s: the same.
    """

    powered: bool = False
    valid: bool = False
    searching_s: float = 0.0
    time_ns: int = 0
    position_earth_fixed_km: Vector = _ZERO
    velocity_earth_fixed_km_s: Vector = _ZERO
    position_km: Vector = _ZERO
    velocity_km_s: Vector = _ZERO


class AttitudeSensors:
    """Gyro, star tracker and coarse sun sensors, on one power line."""

    def __init__(self, parameters: SensorParameters, stream: random.Random) -> None:
        self.parameters = parameters
        self._gauss = stream.gauss
        self._gyro_sigma = math.radians(parameters.gyro_noise_deg_s)
        self._walk_sigma = math.radians(parameters.gyro_bias_walk_deg_s)
        x, y, z = parameters.star_tracker_noise_arcsec
        self._star_sigma = (x * _ARC_SECOND, y * _ARC_SECOND, z * _ARC_SECOND)
        self._star_axis = unit(parameters.star_tracker_axis)
        rate = math.radians(parameters.star_tracker_rate_deg_s)
        self._star_rate_squared = rate * rate
        self._star_cos_sun = math.cos(math.radians(parameters.star_tracker_sun_deg))
        self._star_limb = math.radians(parameters.star_tracker_limb_deg)
        self._sun_sigma = math.radians(parameters.sun_sensor_noise_deg)
        bias = math.radians(parameters.gyro_initial_bias_deg_s)
        self.state = AttitudeSensorState(bias_rad_s=self._noise(_ZERO, bias))

    def _noise(self, v: Vector, sigma: float) -> Vector:
        gauss = self._gauss
        return (v[0] + gauss(0.0, sigma), v[1] + gauss(0.0, sigma), v[2] + gauss(0.0, sigma))

    def demand_w(self) -> float:
        """Power of the sensors [W]."""
        return self.parameters.power_w if self.state.powered else 0.0

    def set_power(self, *, on: bool) -> None:
        """The line closed or opened; without power no sample is valid."""
        state = self.state
        state.powered = on
        if not on:
            state.rate_valid = state.quaternion_valid = state.sun_valid = False

    def sample(
        self,
        environment: EnvironmentSample,
        quaternion: Quaternion,
        attitude: Matrix,
        rate_rad_s: Vector,
        nadir_body: Vector,
        step_s: float,
    ) -> None:
        """Look at the world once.

        Args:
            environment: the surroundings now.
            quaternion: true attitude, body to inertial.
            attitude: the same as a matrix.
            rate_rad_s: true angular velocity, body axes.
            nadir_body: unit vector to the Earth's centre, body axes.
            step_s: time since the last sample, 0 for the first.
        """
        state = self.state
        if not state.powered:
            return
        gauss = self._gauss
        walk = self._walk_sigma * math.sqrt(step_s)
        bias = state.bias_rad_s = self._noise(state.bias_rad_s, walk)
        p, q, r = rate_rad_s
        state.rate_rad_s = self._noise((p + bias[0], q + bias[1], r + bias[2]), self._gyro_sigma)
        state.rate_valid = True
        sun = to_body(attitude, environment.sun_direction)
        state.quaternion_valid = self._sees_stars(p * p + q * q + r * r, sun, nadir_body, environment)
        if state.quaternion_valid:
            x, y, z = self._star_sigma
            error = (gauss(0.0, x), gauss(0.0, y), gauss(0.0, z))
            state.quaternion = multiply(quaternion, from_rotation_vector(error))
        state.sun_valid = environment.illumination > self.parameters.sun_sensor_least_light
        if state.sun_valid:
            state.sun_body = unit(self._noise(sun, self._sun_sigma))

    def _sees_stars(self, rate_squared: float, sun: Vector, nadir_body: Vector, environment: EnvironmentSample) -> bool:
        if rate_squared > self._star_rate_squared:
            return False
        ax, ay, az = self._star_axis
        if environment.illumination > 0.0 and ax * sun[0] + ay * sun[1] + az * sun[2] > self._star_cos_sun:
            return False
        x, y, z = environment.position_km
        disc = math.asin(EARTH_RADIUS_KM / math.sqrt(x * x + y * y + z * z))
        return ax * nadir_body[0] + ay * nadir_body[1] + az * nadir_body[2] < math.cos(disc + self._star_limb)


class GpsReceiver:
    """GPS receiver with its own antenna and power line; it tracks in any attitude."""

    def __init__(self, parameters: SensorParameters, stream: random.Random) -> None:
        self.parameters = parameters
        self._gauss = stream.gauss
        self.state = GpsState()

    def demand_w(self) -> float:
        """Power of the receiver [W]."""
        return self.parameters.gps_power_w if self.state.powered else 0.0

    def set_power(self, *, on: bool) -> None:
        """The line closed or opened; a receiver that was off starts its search anew."""
        state = self.state
        if on and not state.powered:
            state.searching_s = self.parameters.gps_cold_start_s
        if not on:
            state.valid = False
        state.powered = on

    def sample(self, environment: EnvironmentSample, step_s: float) -> None:
        """Make a fix, if the search is over; ``step_s`` is the time since the last sample."""
        state = self.state
        if not state.powered:
            return
        if state.searching_s > 0.0:
            state.searching_s = max(0.0, state.searching_s - step_s)
        if state.searching_s > 0.0:
            return
        gauss = self._gauss
        sigma = self.parameters.gps_position_noise_m * 1.0e-3
        x, y, z = environment.position_earth_fixed_km
        position = (x + gauss(0.0, sigma), y + gauss(0.0, sigma), z + gauss(0.0, sigma))
        sigma = self.parameters.gps_velocity_noise_m_s * 1.0e-3
        x, y, z = environment.velocity_earth_fixed_km_s
        velocity = (x + gauss(0.0, sigma), y + gauss(0.0, sigma), z + gauss(0.0, sigma))
        state.valid = True
        state.time_ns = environment.now_ns
        state.position_earth_fixed_km, state.velocity_earth_fixed_km_s = position, velocity
        state.position_km, state.velocity_km_s = inertial(position, velocity, environment.gmst_rad)
