from __future__ import annotations

import math
import random
from collections.abc import Callable

import msgspec
import pytest

from apps.attitude.messages import (
    AttitudeFound,
    AttitudeLost,
    AttitudeStatus,
    Navigation,
    PointingChanged,
    PointingMode,
    PositionFound,
    PositionLost,
    RatesDamped,
    SetPointing,
)
from bus_sim.attitude.body import RigidBody
from bus_sim.attitude.sensors import AttitudeSensors, GpsReceiver
from bus_sim.endpoints.attitude_control import AttitudeControlEndpoint
from bus_sim.environment.epoch import NS_PER_S, Epoch
from bus_sim.environment.sample import Environment
from bus_sim.parameters import SpacecraftParameters, load_parameters
from flightsw.devices.attitude_control import AttitudeControl
from flightsw.geometry.earth import Geodetic, from_geodetic, rotate_z
from flightsw.geometry.quaternion import matrix, normalized, to_body, to_inertial
from flightsw.geometry.vectors import Vector, angle, norm, scale, subtract, unit
from flightsw.hal.sim import SimUart
from flightsw.testing import Bench
from tlm_cmd.packets.verification import Stage

BORESIGHT: Vector = (0.0, 0.0, 1.0)
WINGS: Vector = (0.0, -0.37, -0.93)
SUNLIT_S, DARK_S = 1800, 100
FOUR_MINUTES = 240


class Plant:
    """A rigid body in orbit with the mission's noisy sensors, controlled by the app through the real driver.

    Attributes:
        silent: the unit answers nothing.
        noisy: the unit's answers are damaged.
    """

    def __init__(
        self, make: Callable[..., Bench], parameters: SpacecraftParameters, start_s: int = SUNLIT_S, seed: int = 1
    ) -> None:
        epoch = Epoch(parameters.start_utc)
        self.environment = Environment(epoch, parameters.orbit, ())
        self.body = RigidBody(parameters.body, random.Random(seed))
        self.body.set_power(on=True)
        self.sensors = AttitudeSensors(parameters.sensors, random.Random(seed + 1))
        self.sensors.set_power(on=True)
        sensors = msgspec.structs.replace(parameters.sensors, gps_cold_start_s=0.0)
        self.gps = GpsReceiver(sensors, random.Random(seed + 2))
        self.gps.set_power(on=True)
        self.now_ns = start_s * NS_PER_S
        self._end = AttitudeControlEndpoint(self.sensors, self.gps, self.body, epoch)
        self.silent = self.noisy = False
        self._sample()
        self.bench = make("attitude", {AttitudeControl: AttitudeControl(SimUart(self))})

    def receive(self, data: bytes) -> bytes:
        """The unit's end of its wire."""
        answer = b"" if self.silent else self._end.receive(data)
        return answer[:-1] + bytes([answer[-1] ^ 1]) if self.noisy and answer else answer

    def _sample(self) -> None:
        self.there = self.environment.at(self.now_ns)
        attitude = matrix(self.body.state.quaternion)
        self.nadir = scale(unit(self.there.position_km), -1.0)
        nadir_body = to_body(attitude, self.nadir)
        state = self.body.state
        self.sensors.sample(self.there, state.quaternion, attitude, state.rate_rad_s, nadir_body, 1.0)
        self.gps.sample(self.there, 1.0)
        self.disturbance = self.body.disturbance(nadir_body, norm(self.there.position_km))

    def fly(self, seconds: int) -> None:
        """Let the app control and the body turn."""
        for _ in range(seconds):
            self.bench.advance(1)
            self.body.step(self.disturbance, 1.0)
            self.now_ns += NS_PER_S
            self._sample()

    def find_stars(self) -> None:
        """Let time pass until the star tracker gives the attitude: a slow turn brings stars into its view."""
        for _ in range(900):
            self.fly(1)
            if self.status.valid:
                return
        pytest.fail("no stars found within a quarter of an hour")

    def point(self, mode: PointingMode, latitude: float = 0.0, longitude: float = 0.0) -> None:
        """Command the app."""
        assert self.bench.command(SetPointing(mode, latitude, longitude)).stage is Stage.COMPLETED

    def off(self, axis: Vector, direction: Vector) -> float:
        """True angle between a body axis and an inertial direction [deg]."""
        return math.degrees(angle(to_inertial(matrix(self.body.state.quaternion), axis), direction))

    def line_to(self, latitude: float, longitude: float) -> Vector:
        """True direction to a place, inertial."""
        place = from_geodetic(Geodetic(math.radians(latitude), math.radians(longitude), 0.0))
        return subtract(rotate_z(place, self.there.gmst_rad), self.there.position_km)

    @property
    def rate_deg_s(self) -> float:
        """True rate of the body."""
        return math.degrees(norm(self.body.state.rate_rad_s))

    @property
    def status(self) -> AttitudeStatus:
        """As last reported."""
        return self.bench.latest(AttitudeStatus)


@pytest.fixture(scope="module")
def parameters() -> SpacecraftParameters:
    """The reference mission's spacecraft."""
    return load_parameters()


@pytest.fixture
def plant(bench_of: Callable[..., Bench], parameters: SpacecraftParameters) -> Plant:
    """A body that was tipped off and turns at 3 deg/s."""
    plant = Plant(bench_of, parameters)
    plant.body.state.rate_rad_s = scale(unit((0.5, -0.6, 0.7)), math.radians(3.0))
    return plant


@pytest.fixture
def calm(bench_of: Callable[..., Bench], parameters: SpacecraftParameters) -> Plant:
    """A body nearly at rest that the star tracker sees."""
    plant = Plant(bench_of, parameters)
    plant.body.state.rate_rad_s = (0.0, 0.0, 0.001)
    plant.body.state.quaternion = normalized((0.8, 0.1, -0.5, 0.3))
    plant.point(PointingMode.NADIR)
    plant.fly(150)
    assert plant.status.valid
    return plant


# ------------------------------------------------------------------ closed loop


def test_idle_commands_nothing(plant: Plant) -> None:
    """Until it is told to point the app only measures."""
    plant.fly(10)
    assert plant.rate_deg_s == pytest.approx(3.0, abs=0.05)
    assert (plant.status.mode, plant.status.torque, plant.status.pointing_error) == (
        PointingMode.IDLE,
        (0.0, 0.0, 0.0),
        0.0,
    )
    assert plant.status.rate_norm == pytest.approx(3.0, abs=0.05)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_detumbling(bench_of: Callable[..., Bench], parameters: SpacecraftParameters, seed: int) -> None:
    """From 3 deg/s about any axis the rates are damped within a minute, which is reported once."""
    plant = Plant(bench_of, parameters, seed=seed)
    stream = random.Random(seed)
    direction = (stream.gauss(0.0, 1.0), stream.gauss(0.0, 1.0), stream.gauss(0.0, 1.0))
    plant.body.state.rate_rad_s = scale(unit(direction), math.radians(3.0))
    plant.point(PointingMode.DETUMBLE)
    for _ in range(60):
        before = plant.rate_deg_s
        plant.fly(1)
        if plant.bench.sent(RatesDamped):
            break
    assert before < 0.2
    plant.fly(60)
    assert len(plant.bench.sent(RatesDamped)) == 1
    assert (plant.body.state.saturations, plant.status.pointing_error) == (0, 0.0)
    plant.point(PointingMode.DETUMBLE)
    plant.fly(10)
    assert len(plant.bench.sent(RatesDamped)) == 2


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("mode", [PointingMode.SUN, PointingMode.NADIR])
def test_pointing(
    bench_of: Callable[..., Bench], parameters: SpacecraftParameters, seed: int, mode: PointingMode
) -> None:
    """From any attitude the body points to 0.3 deg within four minutes of seeing stars, and stays there."""
    plant = Plant(bench_of, parameters, seed=seed)
    plant.point(PointingMode.DETUMBLE)
    plant.fly(60)
    plant.point(mode)
    plant.find_stars()
    plant.fly(FOUR_MINUTES)
    for _ in range(120):
        plant.fly(1)
        axis, wanted = (WINGS, plant.there.sun_direction) if mode is PointingMode.SUN else (BORESIGHT, plant.nadir)
        assert plant.off(axis, wanted) < 0.3
        assert plant.status.pointing_error < 0.3


def test_pointing_in_the_dark(bench_of: Callable[..., Bench], parameters: SpacecraftParameters) -> None:
    """A spacecraft that starts in eclipse knows where the Sun is, and waits for it with its wings."""
    plant = Plant(bench_of, parameters, DARK_S)
    plant.body.state.rate_rad_s = (0.0, 0.0, 0.0)
    assert plant.there.illumination == 0.0
    plant.point(PointingMode.SUN)
    plant.find_stars()
    assert not plant.bench.latest(Navigation).sunlit
    plant.fly(FOUR_MINUTES)
    assert plant.off(WINGS, plant.there.sun_direction) < 0.3


@pytest.mark.parametrize("aside_deg", [0.0, 2.5, -2.5])
def test_following_a_target(calm: Plant, aside_deg: float) -> None:
    """A place on the ground is followed to 0.3 deg while the spacecraft passes it, overhead or to the side."""
    overhead = calm.environment.at(calm.now_ns + 150 * NS_PER_S)
    latitude, longitude = math.degrees(overhead.latitude_rad), math.degrees(overhead.longitude_rad) + aside_deg
    calm.point(PointingMode.TARGET, latitude, longitude)
    calm.fly(120)
    errors = []
    for _ in range(60):
        calm.fly(1)
        errors.append(calm.off(BORESIGHT, calm.line_to(latitude, longitude)))
    assert max(errors) < 0.3
    assert calm.status.pointing_error < 0.3


def test_pointing_errors_are_honest(calm: Plant) -> None:
    """What is reported as pointing error is the true angle of the aimed axis, also while the body turns."""
    calm.point(PointingMode.SUN)
    calm.fly(1)
    for _ in range(60):
        before = calm.off(WINGS, calm.there.sun_direction)
        calm.fly(1)
        assert calm.status.pointing_error == pytest.approx(before, abs=0.1)


def test_changes_are_reported(calm: Plant) -> None:
    """A new mode is an event, the same one again is none."""
    calm.point(PointingMode.SUN)
    calm.point(PointingMode.SUN)
    assert [event.mode for event in calm.bench.sent(PointingChanged)] == [PointingMode.NADIR, PointingMode.SUN]


# ------------------------------------------------------------------ navigation


def test_navigation(calm: Plant) -> None:
    """Place, time, Sun and light are published as they are, within the receiver's noise."""
    before = calm.there
    calm.fly(1)
    found = calm.bench.latest(Navigation)
    assert found.valid
    assert norm(subtract((found.position[0], found.position[1], found.position[2]), before.position_km)) < 0.05
    assert (found.latitude, found.longitude) == pytest.approx(
        (math.degrees(before.latitude_rad), math.degrees(before.longitude_rad)), abs=1e-3
    )
    assert found.altitude == pytest.approx(before.altitude_km, abs=0.05)
    assert math.degrees(angle((found.sun[0], found.sun[1], found.sun[2]), before.sun_direction)) < 0.02
    assert found.sunlit
    assert found.time_tai_ns % NS_PER_S == 0


def test_no_fix_yet(bench_of: Callable[..., Bench], parameters: SpacecraftParameters) -> None:
    """Before the first fix there is no orbit to publish and no aim, but rates are damped."""
    plant = Plant(bench_of, parameters)
    plant.gps.set_power(on=False)
    plant.body.state.rate_rad_s = (0.0, 0.02, 0.0)
    plant.point(PointingMode.NADIR)
    plant.fly(30)
    assert plant.bench.sent(Navigation) == []
    assert plant.rate_deg_s < 0.05
    assert plant.status.pointing_error == 180.0


def test_fixes_stop(calm: Plant) -> None:
    """Without fixes the orbit is carried on for two minutes; then navigation is invalid and pointing gives way."""
    calm.gps.set_power(on=False)
    calm.fly(61)
    assert [event.seconds for event in calm.bench.sent(PositionLost)] == [61]
    calm.fly(58)
    there = calm.there
    calm.fly(1)
    found = calm.bench.latest(Navigation)
    assert found.valid
    assert norm(subtract((found.position[0], found.position[1], found.position[2]), there.position_km)) < 0.3
    assert found.longitude == pytest.approx(math.degrees(there.longitude_rad), abs=0.01)
    assert calm.off(BORESIGHT, calm.nadir) < 0.3
    calm.fly(1)
    assert not calm.bench.latest(Navigation).valid
    assert calm.status.pointing_error == 180.0
    calm.gps.set_power(on=True)
    calm.fly(60)
    assert calm.bench.latest(Navigation).valid
    assert calm.off(BORESIGHT, calm.nadir) < 0.3
    assert len(calm.bench.sent(PositionLost)) == len(calm.bench.sent(PositionFound)) == 1


# ------------------------------------------------------------------ sensors that fail


def blind(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The star tracker sees no stars any more."""
    monkeypatch.setattr(plant.sensors, "_sees_stars", lambda *_: False)


def test_without_stars_at_first_the_gyro_suffices(calm: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a minute the gyro carries the attitude on, and pointing goes on by it."""
    blind(calm, monkeypatch)
    calm.fly(60)
    assert not calm.status.valid
    assert calm.off(BORESIGHT, calm.nadir) < 0.5
    assert calm.status.pointing_error < 0.3


def test_without_stars_rates_are_damped(
    bench_of: Callable[..., Bench], parameters: SpacecraftParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A spacecraft that never saw a star does not aim; it damps its rates, then turns slowly to find some."""
    plant = Plant(bench_of, parameters)
    blind(plant, monkeypatch)
    plant.body.state.rate_rad_s = (0.03, -0.03, 0.02)
    plant.point(PointingMode.NADIR)
    plant.fly(30)
    assert plant.rate_deg_s < 0.1
    assert plant.status.pointing_error == 180.0
    plant.fly(60)
    assert plant.rate_deg_s == pytest.approx(0.6, abs=0.05)
    assert [event.seconds for event in plant.bench.sent(AttitudeLost)] == [61]
    monkeypatch.undo()
    plant.find_stars()
    plant.fly(FOUR_MINUTES)
    assert len(plant.bench.sent(AttitudeLost)) == len(plant.bench.sent(AttitudeFound)) == 1
    assert plant.off(BORESIGHT, plant.nadir) < 0.3


def test_detumbling_without_stars(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """While rates are to be damped nothing is searched for; only then the slow turn begins."""
    blind(plant, monkeypatch)
    plant.point(PointingMode.DETUMBLE)
    plant.bench.app.state.estimate.attitude_missing_s = 1000.0
    for _ in range(60):
        before = plant.rate_deg_s
        plant.fly(1)
        if plant.bench.sent(RatesDamped):
            break
    assert before < 0.2
    plant.fly(30)
    assert plant.rate_deg_s == pytest.approx(0.6, abs=0.05)


def test_without_stars_the_wings_still_find_the_sun(
    bench_of: Callable[..., Bench], parameters: SpacecraftParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told to face the Sun without an attitude the wings follow the sun sensors, turning about the Sun to see stars."""
    plant = Plant(bench_of, parameters)
    blind(plant, monkeypatch)
    plant.point(PointingMode.SUN)
    plant.fly(FOUR_MINUTES)
    for _ in range(20):
        plant.fly(1)
        assert plant.off(WINGS, plant.there.sun_direction) < 5.0
    assert plant.rate_deg_s == pytest.approx(0.6, abs=0.1)
    assert plant.status.pointing_error < 10.0
    assert not plant.status.valid


def test_without_gyro_the_stars_suffice(calm: Plant) -> None:
    """A gyro that reads nonsense spoils only itself: the star tracker gives the rates as well."""
    before = calm.status.errors
    for _ in range(120):
        calm.sensors.state.rate_rad_s = (math.nan, 0.0, 0.0)
        calm.fly(1)
    assert calm.status.rate_valid
    assert calm.off(BORESIGHT, calm.nadir) < 0.3
    assert calm.status.errors == before + 240


def test_without_any_rate_nothing_is_commanded(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """When no sensor gives a rate the wheels are left alone: an old rate would spin the body up."""
    blind(plant, monkeypatch)
    plant.point(PointingMode.DETUMBLE)
    plant.fly(3)
    before = plant.rate_deg_s
    for _ in range(60):
        plant.sensors.state.rate_valid = False
        plant.fly(1)
    assert plant.rate_deg_s < before + 0.1
    assert (plant.status.rate_valid, plant.status.torque) == (False, (0.0, 0.0, 0.0))
    assert plant.bench.sent(RatesDamped) == []
    plant.point(PointingMode.NADIR)
    plant.sensors.state.rate_valid = False
    plant.fly(1)
    assert plant.status.pointing_error == 180.0


@pytest.mark.parametrize("broken", ["sensors", "sun"])
def test_other_sensors_that_read_nonsense(calm: Plant, broken: str) -> None:
    """A star tracker or sun sensor that reads nonsense is taken as blind, and the gyro carries on."""
    for _ in range(30):
        if broken == "sun":
            calm.sensors.state.sun_body = (5.0, 0.0, 0.0)
        else:
            calm.sensors.state.quaternion = (math.nan, 0.0, 0.0, 0.0)
        calm.fly(1)
    assert calm.status.valid is (broken == "sun")
    assert calm.off(BORESIGHT, calm.nadir) < 0.4


def test_a_silent_unit(calm: Plant) -> None:
    """A unit that does not answer is counted; attitude and orbit are carried on, and all is well when it is back."""
    calm.silent = True
    there = calm.there
    calm.fly(5)
    status, found = calm.status, calm.bench.latest(Navigation)
    assert (status.errors, status.valid, status.rate_valid) == (15, False, False)
    assert found.valid
    assert norm(subtract((found.position[0], found.position[1], found.position[2]), there.position_km)) > 25.0
    calm.silent = False
    calm.fly(60)
    assert (calm.status.errors, calm.status.valid) == (15, True)
    assert calm.off(BORESIGHT, calm.nadir) < 0.3


def test_a_noisy_line(calm: Plant) -> None:
    """When no reply can be trusted each sensor is asked alone, in vain; everything is counted and survived."""
    calm.noisy = True
    calm.fly(3)
    assert calm.status.errors == 3 * 6
    calm.noisy = False
    calm.fly(10)
    assert calm.status.valid


# ------------------------------------------------------------------ crashes


def test_a_crash(calm: Plant) -> None:
    """After a crash of a second the app goes on pointing as before, without events of loss."""
    calm.bench.container.checkpoint()
    calm.bench.restart()
    calm.fly(10)
    assert (calm.status.mode, calm.status.valid) == (PointingMode.NADIR, True)
    assert calm.off(BORESIGHT, calm.nadir) < 0.3
    assert calm.bench.sent(AttitudeLost) == []


def test_a_long_pause(calm: Plant) -> None:
    """What was known before a pause of a minute is not taken for what is; without a fix there is no orbit."""
    calm.bench.container.checkpoint()
    calm.bench.clock.advance_to(calm.bench.now_ns() + 60 * NS_PER_S)
    calm.bench.schedule.begin(calm.bench.now_ns())
    calm.bench.restart()
    calm.gps.set_power(on=False)
    before = len(calm.bench.sent(Navigation))
    calm.fly(2)
    assert len(calm.bench.sent(Navigation)) == before
    assert calm.status.pointing_error == 180.0
