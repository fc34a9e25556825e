import math
import random
import statistics

import msgspec
import pytest

from bus_sim.attitude.sensors import AttitudeSensors, GpsReceiver
from bus_sim.environment.epoch import NS_PER_S, Epoch
from bus_sim.environment.sample import Environment, EnvironmentSample
from bus_sim.parameters import SpacecraftParameters
from flightsw.geometry.quaternion import (
    IDENTITY,
    Quaternion,
    conjugate,
    from_rotation_vector,
    matrix,
    multiply,
    to_body,
)
from flightsw.geometry.vectors import Vector, angle, cross, norm, scale, unit

STILL = (0.0, 0.0, 0.0)
AWAY = (0.0, -1.0, 0.0)


@pytest.fixture
def environment(parameters: SpacecraftParameters) -> EnvironmentSample:
    """The surroundings half an hour after the start, in sunlight."""
    sample = Environment(Epoch(parameters.start_utc), parameters.orbit, ()).at(1800 * NS_PER_S)
    assert sample.illumination == 1.0
    return sample


@pytest.fixture
def sensors(parameters: SpacecraftParameters) -> AttitudeSensors:
    """Powered attitude sensors."""
    sensors = AttitudeSensors(parameters.sensors, random.Random(1))
    sensors.set_power(on=True)
    return sensors


def look(
    sensors: AttitudeSensors,
    environment: EnvironmentSample,
    quaternion: Quaternion = IDENTITY,
    rate: Vector = STILL,
    nadir_body: Vector = AWAY,
) -> None:
    """Sample once, a second after the last time."""
    sensors.sample(environment, quaternion, matrix(quaternion), rate, nadir_body, 1.0)


def turned_so_that(environment: EnvironmentSample, sun_body: Vector) -> Quaternion:
    """An attitude in which the Sun stands in this direction."""
    here, there = environment.sun_direction, sun_body
    axis = unit(cross(there, here))
    return from_rotation_vector(scale(axis, angle(there, here)))


def test_gyro_is_rate_plus_bias_plus_noise(sensors: AttitudeSensors, environment: EnvironmentSample) -> None:
    """The mean error is the bias and its spread the noise of 0.003 deg/s."""
    errors = []
    for _ in range(2000):
        look(sensors, environment, rate=(0.01, 0.0, 0.0))
        errors.append(sensors.state.rate_rad_s[0] - 0.01 - sensors.state.bias_rad_s[0])
    assert math.degrees(statistics.stdev(errors)) == pytest.approx(0.003, rel=0.1)
    assert math.degrees(statistics.mean(errors)) == pytest.approx(0.0, abs=0.0003)


def test_gyro_bias_walks(parameters: SpacecraftParameters, environment: EnvironmentSample) -> None:
    """Over many sensors the bias has moved after 100 s by ten times its walk per root second."""
    moves = []
    for seed in range(60):
        sensors = AttitudeSensors(parameters.sensors, random.Random(seed))
        sensors.set_power(on=True)
        start = sensors.state.bias_rad_s
        for _ in range(100):
            look(sensors, environment)
        moves.extend(b - a for a, b in zip(start, sensors.state.bias_rad_s, strict=True))
    assert math.degrees(statistics.pstdev(moves)) == pytest.approx(10.0 * 2.0e-6, rel=0.25)


def test_star_tracker_noise_is_its_own_about_each_axis(
    sensors: AttitudeSensors, environment: EnvironmentSample
) -> None:
    """The error's spread about body X, Y, Z is 8, 40 and 20 arc seconds."""
    truth = turned_so_that(environment, (0.0, -0.6, -0.8))
    errors = []
    for _ in range(2000):
        look(sensors, environment, truth)
        assert sensors.state.quaternion_valid
        errors.append(multiply(conjugate(truth), sensors.state.quaternion)[1:])
    arcsec = [2.0 * math.degrees(statistics.pstdev(axis)) * 3600.0 for axis in zip(*errors, strict=True)]
    assert arcsec == pytest.approx([8.0, 40.0, 20.0], rel=0.1)


def test_star_tracker_is_blind_when_it_should_be(sensors: AttitudeSensors, environment: EnvironmentSample) -> None:
    """A fast turn, the Sun near the boresight or the Earth in view blind it; it keeps its last value."""
    good = turned_so_that(environment, (0.0, -0.6, -0.8))
    axis = unit((0.0, 0.866, -0.5))
    look(sensors, environment, good)
    last = sensors.state.quaternion
    look(sensors, environment, good, rate=(math.radians(2.1), 0.0, 0.0))
    assert not sensors.state.quaternion_valid
    look(sensors, environment, turned_so_that(environment, unit((0.3, 0.866, -0.5))))
    assert not sensors.state.quaternion_valid
    look(sensors, environment, good, nadir_body=unit((1.0, *axis[1:])))
    assert not sensors.state.quaternion_valid
    assert sensors.state.quaternion == last
    look(sensors, environment, good)
    assert sensors.state.quaternion_valid


def test_in_eclipse_the_sun_blinds_nothing_and_shows_nothing(
    sensors: AttitudeSensors, environment: EnvironmentSample
) -> None:
    """Behind the Earth the star tracker may look where the Sun is, and the sun sensors see nothing."""
    dark = msgspec.structs.replace(environment, illumination=0.0)
    look(sensors, dark, turned_so_that(environment, unit((0.0, 0.866, -0.5))))
    assert sensors.state.quaternion_valid
    assert not sensors.state.sun_valid


def test_sun_sensors_are_good_to_some_degrees(sensors: AttitudeSensors, environment: EnvironmentSample) -> None:
    """The measured direction is a unit vector within five standard deviations of the Sun."""
    truth = turned_so_that(environment, (0.0, -0.6, -0.8))
    for _ in range(200):
        look(sensors, environment, truth)
        assert sensors.state.sun_valid
        assert norm(sensors.state.sun_body) == pytest.approx(1.0)
        expected = to_body(matrix(truth), environment.sun_direction)
        assert math.degrees(angle(sensors.state.sun_body, expected)) < 5.0


def test_without_power_nothing_is_valid(sensors: AttitudeSensors, environment: EnvironmentSample) -> None:
    """A power cut takes the validity at once, and a sample without power changes nothing."""
    look(sensors, environment, turned_so_that(environment, (0.0, -0.6, -0.8)))
    assert sensors.demand_w() == 1.5
    sensors.set_power(on=False)
    before = msgspec.structs.replace(sensors.state)
    look(sensors, environment)
    assert sensors.state == before
    state = sensors.state
    assert [state.rate_valid, state.quaternion_valid, state.sun_valid] == [False] * 3
    assert sensors.demand_w() == 0.0


def test_gps_needs_its_cold_start(parameters: SpacecraftParameters, environment: EnvironmentSample) -> None:
    """The first fix comes 40 s after power-on; another power cut starts the search anew."""
    gps = GpsReceiver(parameters.sensors, random.Random(1))
    gps.sample(environment, 1.0)
    assert not gps.state.valid
    for _ in range(2):
        gps.set_power(on=True)
        gps.set_power(on=True)
        valid = []
        for _ in range(41):
            gps.sample(environment, 1.0)
            valid.append(gps.state.valid)
        assert valid == [False] * 39 + [True, True]
        assert gps.demand_w() == 1.0
        gps.set_power(on=False)
        assert not gps.state.valid
        assert gps.demand_w() == 0.0


def test_gps_noise_and_its_two_frames(parameters: SpacecraftParameters, environment: EnvironmentSample) -> None:
    """Errors spread by 5 m and 0.05 m/s per component, and the inertial fix is the Earth-fixed one, turned."""
    gps = GpsReceiver(parameters.sensors, random.Random(1))
    gps.set_power(on=True)
    position_m, velocity_m_s = [], []
    for _ in range(1500):
        gps.sample(environment, 1.0)
        if gps.state.valid:
            state = gps.state
            assert state.time_ns == environment.now_ns
            position_m.append(1000.0 * (state.position_earth_fixed_km[0] - environment.position_earth_fixed_km[0]))
            velocity_m_s.append(1000.0 * (state.velocity_km_s[2] - environment.velocity_km_s[2]))
            assert norm(state.position_km) == pytest.approx(norm(state.position_earth_fixed_km))
    assert statistics.pstdev(position_m) == pytest.approx(5.0, rel=0.1)
    assert statistics.pstdev(velocity_m_s) == pytest.approx(0.05, rel=0.1)
    assert gps.state.position_km == pytest.approx(environment.position_km, abs=0.05)
