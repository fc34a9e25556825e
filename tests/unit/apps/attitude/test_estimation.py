from __future__ import annotations

import math

import pytest

from apps.attitude.estimation import MAX_GAP_S, Estimate, Readings, update
from apps.attitude.orbit import EARTH_RATE_RAD_S
from bus_sim.environment.epoch import NS_PER_S, Epoch
from bus_sim.environment.sample import Environment, EnvironmentSample
from bus_sim.parameters import load_parameters
from flightsw.devices.attitude_control import GpsFix, GyroReading, StarTrackerReading, SunSensorReading
from flightsw.geometry.quaternion import IDENTITY, Quaternion, angle_between, from_rotation_vector
from flightsw.geometry.vectors import Vector, norm, subtract

RATE: Vector = (0.01, -0.02, 0.005)
BLIND = StarTrackerReading(valid=False, quaternion=(1.0, 0.0, 0.0, 0.0))
STILL = GyroReading(valid=True, rates_rad_s=(0.0, 0.0, 0.0))
TURNING = GyroReading(valid=True, rates_rad_s=RATE)


def stars(quaternion: Quaternion) -> StarTrackerReading:
    """The star tracker gives an attitude."""
    return StarTrackerReading(valid=True, quaternion=quaternion)


def turned(seconds: float) -> Quaternion:
    """The attitude after turning at RATE for a while."""
    x, y, z = RATE
    return from_rotation_vector((x * seconds, y * seconds, z * seconds))


@pytest.fixture(scope="module")
def environment() -> Environment:
    """The reference mission's orbit."""
    parameters = load_parameters()
    return Environment(Epoch(parameters.start_utc), parameters.orbit, ())


def fix(sample: EnvironmentSample) -> GpsFix:
    """A fix without noise."""
    return GpsFix(
        True,
        2_000_000_000 * NS_PER_S + sample.now_ns,
        sample.position_earth_fixed_km,
        sample.velocity_earth_fixed_km_s,
        sample.position_km,
        sample.velocity_km_s,
    )


def test_the_star_tracker_gives_the_attitude() -> None:
    """A valid attitude is taken as it is, and is fresh."""
    estimate = update(Estimate(), Readings(stars(turned(5.0)), TURNING), 1.0)
    assert angle_between(estimate.quaternion, turned(5.0)) < 1e-9
    assert (estimate.attitude_missing_s, estimate.rate, estimate.rate_known) == (0.0, RATE, True)
    assert estimate.attitude_is_fresh(0.0)


def test_the_gyro_carries_the_attitude_on() -> None:
    """Without stars the attitude is propagated by the gyro, and its age grows."""
    estimate = update(Estimate(), Readings(stars(IDENTITY), TURNING), 1.0)
    for second in range(1, 61):
        estimate = update(estimate, Readings(BLIND, TURNING), 1.0)
        assert estimate.attitude_missing_s == second
    assert angle_between(estimate.quaternion, turned(60.0)) < 1e-6
    assert estimate.attitude_is_fresh(60.0)
    assert not estimate.attitude_is_fresh(59.0)


def test_a_changing_rate_is_averaged() -> None:
    """While the rate changes the mean of both ends carries the attitude on."""
    estimate = update(Estimate(), Readings(stars(IDENTITY), STILL), 1.0)
    estimate = update(estimate, Readings(BLIND, TURNING), 1.0)
    assert angle_between(estimate.quaternion, turned(0.5)) < 1e-9


def test_two_attitudes_tell_the_rate() -> None:
    """Without a gyro two attitudes in a row give the rate; one alone does not."""
    estimate = update(Estimate(), Readings(stars(IDENTITY), None), 1.0)
    assert not estimate.rate_known
    estimate = update(estimate, Readings(stars(turned(2.0)), GyroReading(valid=False, rates_rad_s=RATE)), 2.0)
    assert estimate.rate_known
    assert estimate.rate == pytest.approx(RATE)
    estimate = update(estimate, Readings(BLIND, None), 1.0)
    assert not estimate.rate_known
    assert angle_between(estimate.quaternion, turned(3.0)) < 1e-9


def test_an_attitude_never_given_is_never_fresh() -> None:
    """However short the search has been, an attitude that was never given is not known."""
    estimate = update(Estimate(), Readings(None, TURNING), 1.0)
    assert not estimate.attitude_is_fresh(1000.0)


@pytest.mark.parametrize("seconds", [MAX_GAP_S + 0.1, 0.0, -5.0])
def test_after_a_pause_nothing_is_known(seconds: float, environment: Environment) -> None:
    """After a long pause, or a clock that went back, only what the sensors say now is known."""
    estimate = update(Estimate(), Readings(stars(IDENTITY), STILL, None, fix(environment.at(0))), 1.0)
    estimate = update(estimate, Readings(BLIND, STILL), seconds)
    assert not estimate.attitude_is_fresh(1000.0)
    assert not estimate.orbit_is_fresh(1000.0)
    assert (estimate.attitude_missing_s, estimate.fix_missing_s) == (1.0, 1.0)


def test_the_sun_sensor() -> None:
    """The Sun is where the sensor says now, and unknown in the dark or without an answer."""
    sun = SunSensorReading(valid=True, direction=(0.0, 0.6, 0.8))
    estimate = update(Estimate(), Readings(None, None, sun), 1.0)
    assert estimate.sun_body == (0.0, 0.6, 0.8)
    for reading in (SunSensorReading(valid=False, direction=(0.0, 0.6, 0.8)), None):
        assert update(estimate, Readings(None, None, reading), 1.0).sun_body is None


def test_the_orbit_goes_on_without_fixes(environment: Environment) -> None:
    """For two minutes without a fix position, time and the Earth's rotation go on, the place to 200 m."""
    start = environment.at(0)
    estimate = update(Estimate(), Readings(fix=fix(start)), 1.0)
    angle_rad = estimate.earth_angle_rad
    assert (estimate.fix_missing_s, estimate.orbit_is_fresh(0.0)) == (0.0, True)
    invalid = GpsFix(False, 5, (0.0,) * 3, (0.0,) * 3, (0.0,) * 3, (0.0,) * 3)
    for second in range(1, 121):
        estimate = update(estimate, Readings(fix=invalid if second % 2 else None), 1.0)
    there = environment.at(120 * NS_PER_S)
    assert estimate.orbit is not None
    assert norm(subtract(estimate.orbit.position, there.position_km)) < 0.2
    assert estimate.time_tai_ns == 2_000_000_120 * NS_PER_S
    assert estimate.earth_angle_rad - angle_rad == pytest.approx(120 * EARTH_RATE_RAD_S)
    assert math.remainder(estimate.earth_angle_rad - there.gmst_rad, math.tau) == pytest.approx(0.0, abs=1e-7)
    assert estimate.orbit_is_fresh(120.0)
    assert not estimate.orbit_is_fresh(119.0)


@pytest.mark.parametrize(
    "absurd",
    [
        GpsFix(True, 5, (0.0,) * 3, (0.0,) * 3, (0.0,) * 3, (0.0,) * 3),
        GpsFix(True, 2**63, (7000.0, 0.0, 0.0), (0.0,) * 3, (7000.0, 0.0, 0.0), (0.0, 7.5, 0.0)),
    ],
)
def test_a_fix_that_cannot_be_is_ignored(absurd: GpsFix, environment: Environment) -> None:
    """A fix at the Earth's centre or beyond all time is no fix."""
    estimate = update(Estimate(), Readings(fix=fix(environment.at(0))), 1.0)
    estimate = update(estimate, Readings(fix=absurd), 1.0)
    assert estimate.fix_missing_s == 1.0
    assert estimate.orbit is not None
    assert norm(estimate.orbit.position) > 6800.0
