"""What is known of attitude and orbit: from second to second, with whatever the sensors gave. Pure."""

from __future__ import annotations

import math

import msgspec

from apps.attitude.control import attitude_error
from apps.attitude.orbit import EARTH_RATE_RAD_S, OrbitState
from flightsw.devices.attitude_control import GpsFix, GyroReading, StarTrackerReading, SunSensorReading
from flightsw.geometry.quaternion import IDENTITY, Quaternion, from_rotation_vector, multiply, normalized
from flightsw.geometry.vectors import Vector, add, scale

NANOSECONDS = 1_000_000_000
MAX_GAP_S = 10.0
"""After a longer pause nothing is known any more."""
MAX_TIME_NS = 2**62


class Readings(msgspec.Struct, frozen=True):
    """What the sensors gave this time; None for one that could not be read."""

    star_tracker: StarTrackerReading | None = None
    gyro: GyroReading | None = None
    sun_sensor: SunSensorReading | None = None
    fix: GpsFix | None = None


class Estimate(msgspec.Struct):
    """What is known.

    Attributes:
        quaternion: attitude, body to inertial.
        attitude_known: the star tracker has given it at least once.
        attitude_missing_s: since it last did, or since the search for it began; 0 when it does now.
        rate: of the body [rad/s].
        rate_known: the rate was measured this time.
        sun_body: unit vector to the Sun in body axes as measured this time, None in the dark.
        orbit: inertial state, None before the first fix.
        earth_angle_rad: rotation from Earth-fixed to inertial axes at that state.
        time_tai_ns: TAI of that state.
        fix_missing_s: since the last fix, or since the search for one began; 0 when there is one now.
    """

    quaternion: Quaternion = IDENTITY
    attitude_known: bool = False
    attitude_missing_s: float = 0.0
    rate: Vector = (0.0, 0.0, 0.0)
    rate_known: bool = False
    sun_body: Vector | None = None
    orbit: OrbitState | None = None
    earth_angle_rad: float = 0.0
    time_tai_ns: int = 0
    fix_missing_s: float = 0.0

    def attitude_is_fresh(self, most_s: float) -> bool:
        """Whether the attitude was given within so many seconds, and carried on by the gyro since."""
        return self.attitude_known and self.attitude_missing_s <= most_s

    def orbit_is_fresh(self, most_s: float) -> bool:
        """Whether there was a fix within so many seconds, and the orbit was carried on since."""
        return self.orbit is not None and self.fix_missing_s <= most_s


def update(estimate: Estimate, readings: Readings, seconds: float) -> Estimate:
    """What is known ``seconds`` after an estimate, with what the sensors give now; the old one is used up."""
    if not 0.0 < seconds <= MAX_GAP_S:
        estimate, seconds = Estimate(), 1.0
    before, was_given = estimate.quaternion, estimate.attitude_known and estimate.attitude_missing_s == 0.0
    rate_before = estimate.rate if estimate.rate_known else None
    estimate.attitude_missing_s += seconds
    estimate.fix_missing_s += seconds
    given = _given(readings.star_tracker)
    if readings.gyro is not None and readings.gyro.valid:
        estimate.rate, estimate.rate_known = _vector(readings.gyro.rates_rad_s), True
    elif given is not None and was_given:  # the gyro is silent: two attitudes tell the rate as well
        estimate.rate, estimate.rate_known = scale(attitude_error(before, given), 1.0 / seconds), True
    else:
        estimate.rate_known = False
    if given is not None:
        estimate.quaternion, estimate.attitude_known, estimate.attitude_missing_s = given, True, 0.0
    else:
        mean = estimate.rate if rate_before is None else scale(add(rate_before, estimate.rate), 0.5)
        estimate.quaternion = normalized(multiply(before, from_rotation_vector(scale(mean, seconds))))
    sun = readings.sun_sensor
    estimate.sun_body = _vector(sun.direction) if sun is not None and sun.valid else None
    _carry_on(estimate, seconds)
    if readings.fix is not None and readings.fix.valid:
        _take_fix(estimate, readings.fix)
    return estimate


def _given(reading: StarTrackerReading | None) -> Quaternion | None:
    if reading is None or not reading.valid:
        return None
    w, x, y, z = reading.quaternion
    return normalized((w, x, y, z))


def _carry_on(estimate: Estimate, seconds: float) -> None:
    if estimate.orbit is not None:
        estimate.orbit = estimate.orbit.after(seconds)
        estimate.earth_angle_rad += EARTH_RATE_RAD_S * seconds
        estimate.time_tai_ns += round(seconds * NANOSECONDS)


def _take_fix(estimate: Estimate, fix: GpsFix) -> None:
    """Take a fix, unless it is one that cannot be."""
    orbit = OrbitState(_vector(fix.position_km), _vector(fix.velocity_km_s))
    if not orbit.is_credible or fix.time_tai_ns > MAX_TIME_NS:
        return
    px, py, _ = fix.position_km
    ex, ey, _ = fix.position_earth_fixed_km
    estimate.orbit = orbit
    estimate.earth_angle_rad = math.atan2(py, px) - math.atan2(ey, ex)
    estimate.time_tai_ns = fix.time_tai_ns
    estimate.fix_missing_s = 0.0


def _vector(values: tuple[float, ...]) -> Vector:
    return (values[0], values[1], values[2])
