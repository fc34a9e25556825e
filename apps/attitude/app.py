"""The attitude app: knows where the spacecraft is, and turns it to where it should point."""

from __future__ import annotations

import math

import msgspec

from apps.attitude.control import ControlGains, attitude_error, torque
from apps.attitude.messages import (
    AttitudeLost,
    AttitudeStatus,
    Navigation,
    PointingChanged,
    PointingMode,
    RatesDamped,
    SetPointing,
)
from apps.attitude.steering import BodyAxes, OrbitState, aimed_axis, target_attitude
from flightsw.app import App, Table, every, handles
from flightsw.devices.attitude_control import AttitudeControl, AttitudeReading, GpsFix
from flightsw.devices.errors import DeviceError
from flightsw.geometry.earth import Geodetic, from_geodetic, in_shadow, rotate_z, to_geodetic
from flightsw.geometry.quaternion import (
    IDENTITY,
    Quaternion,
    from_rotation_vector,
    matrix,
    multiply,
    normalized,
    to_inertial,
)
from flightsw.geometry.vectors import Vector, angle, norm

STEP_S = 1.0
MAX_FIX_AGE_S = 120
LOST_AFTER_S = 60
SEARCH_AFTER_S = 30


class AttitudeState(msgspec.Struct):
    """What the app knows and is told.

    Attributes:
        mode: what to point at.
        latitude_deg: of the target, for TARGET.
        longitude_deg: of the target, for TARGET.
        quaternion: attitude, body to inertial.
        attitude_age_s: since the star tracker last gave it.
        rate: measured body rate [rad/s].
        orbit: inertial state, None before the first fix.
        earth_angle_rad: rotation from Earth-fixed to inertial axes at that state.
        time_tai_ns: TAI of that state.
        fix_age_s: since the GPS last gave it.
        sun: inertial unit vector to the Sun, as last seen.
        errors: failed transactions.
    """

    mode: PointingMode = PointingMode.IDLE
    latitude_deg: float = 0.0
    longitude_deg: float = 0.0
    quaternion: Quaternion = IDENTITY
    attitude_age_s: int = LOST_AFTER_S
    rate: Vector = (0.0, 0.0, 0.0)
    orbit: OrbitState | None = None
    earth_angle_rad: float = 0.0
    time_tai_ns: int = 0
    fix_age_s: int = LOST_AFTER_S
    sun: Vector | None = None
    errors: int = 0
    damping: bool = False
    lost_reported: bool = False


class Attitude(App):
    """Estimates attitude and orbit once per second and commands the torque for the next."""

    axes = Table(BodyAxes, file="axes.toml")
    gains = Table(ControlGains, file="gains.toml")

    state: AttitudeState

    def start(self) -> None:
        """Open the attitude unit."""
        self._unit = self.device(AttitudeControl)

    @handles(SetPointing)
    def set_pointing(self, command: SetPointing) -> None:
        """Point at something else."""
        state = self.state
        changed = command.mode is not state.mode
        state.mode, state.latitude_deg, state.longitude_deg = command.mode, command.latitude, command.longitude
        state.damping = command.mode is PointingMode.DETUMBLE
        if changed:
            self.event(PointingChanged(command.mode))

    @every(seconds=STEP_S)
    def control(self) -> None:
        """Measure, decide, act."""
        self._measure()
        error, commanded = self._steer()
        try:
            self._unit.command_torque(*commanded)
        except DeviceError:
            self.state.errors += 1
        self._report(error, commanded)

    # ---------------------------------------------------------------- measuring

    def _measure(self) -> None:
        state = self.state
        state.attitude_age_s = min(state.attitude_age_s + 1, 65_535)
        state.fix_age_s = min(state.fix_age_s + 1, 65_535)
        try:
            self._take_attitude(self._unit.attitude())
            self._take_fix(self._unit.gps())
        except DeviceError:
            state.errors += 1
        self._report_loss()

    def _take_attitude(self, reading: AttitudeReading) -> None:
        state = self.state
        if reading.gyro.valid:
            x, y, z = reading.gyro.rates_rad_s
            state.rate = (x, y, z)
        if reading.star_tracker.valid:
            qw, qx, qy, qz = reading.star_tracker.quaternion
            state.quaternion = normalized((qw, qx, qy, qz))
            state.attitude_age_s = 0
        else:
            turned = from_rotation_vector((state.rate[0] * STEP_S, state.rate[1] * STEP_S, state.rate[2] * STEP_S))
            state.quaternion = normalized(multiply(state.quaternion, turned))
        if reading.sun_sensor.valid and state.attitude_age_s == 0:
            sx, sy, sz = reading.sun_sensor.direction
            state.sun = to_inertial(matrix(state.quaternion), (sx, sy, sz))

    def _take_fix(self, fix: GpsFix) -> None:
        state = self.state
        if not fix.valid:
            if state.orbit is not None and state.fix_age_s <= MAX_FIX_AGE_S:
                state.orbit = state.orbit.after(STEP_S)
                state.time_tai_ns += round(STEP_S * 1e9)
            return
        px, py, pz = fix.position_km
        vx, vy, vz = fix.velocity_km_s
        ex, ey, _ = fix.position_earth_fixed_km
        state.orbit = OrbitState((px, py, pz), (vx, vy, vz))
        state.earth_angle_rad = math.atan2(py, px) - math.atan2(ey, ex)
        state.time_tai_ns = fix.time_tai_ns
        state.fix_age_s = 0

    def _report_loss(self) -> None:
        state = self.state
        worst = max(state.attitude_age_s, state.fix_age_s)
        if worst > LOST_AFTER_S and not state.lost_reported:
            self.event(AttitudeLost(worst))
        state.lost_reported = worst > LOST_AFTER_S

    # ---------------------------------------------------------------- steering

    def _steer(self) -> tuple[float, Vector]:
        """Angle between the aimed axis and where it should point [rad], and the torque to command [N m]."""
        state = self.state
        if state.mode is PointingMode.IDLE:
            return 0.0, (0.0, 0.0, 0.0)
        target = self._target(0.0)
        if target is None or state.attitude_age_s > LOST_AFTER_S:
            self._report_damping()
            return 0.0, torque(self.gains, (0.0, 0.0, 0.0), state.rate, self._search_rate())
        error = attitude_error(state.quaternion, target)
        later = self._target(STEP_S) or target
        rx, ry, rz = attitude_error(target, later)
        target_rate = (rx / STEP_S, ry / STEP_S, rz / STEP_S)
        axis = aimed_axis(state.mode, self.axes)
        aim = to_inertial(matrix(state.quaternion), axis)
        wanted = to_inertial(matrix(target), axis)
        return angle(aim, wanted), torque(self.gains, error, state.rate, target_rate)

    def _search_rate(self) -> Vector:
        """Rate to keep while the attitude is not known: rest at first, then a slow turn until stars are seen."""
        state = self.state
        if state.attitude_age_s <= SEARCH_AFTER_S or state.damping:
            return (0.0, 0.0, 0.0)
        return (math.radians(self.gains.search_rate), 0.0, 0.0)

    def _target(self, seconds: float) -> Quaternion | None:
        state = self.state
        if state.orbit is None or state.sun is None or state.fix_age_s > MAX_FIX_AGE_S:
            return None
        place = Geodetic(math.radians(state.latitude_deg), math.radians(state.longitude_deg), 0.0)
        target_km = rotate_z(from_geodetic(place), state.earth_angle_rad)
        return target_attitude(state.mode, self.axes, state.orbit.after(seconds), state.sun, target_km)

    def _report_damping(self) -> None:
        state = self.state
        if state.damping and math.degrees(norm(state.rate)) < self.gains.damped_rate:
            state.damping = False
            self.event(RatesDamped(self.gains.damped_rate))

    # ---------------------------------------------------------------- reporting

    def _report(self, error: float, commanded: Vector) -> None:
        state = self.state
        self.send(
            AttitudeStatus(
                mode=state.mode,
                valid=state.attitude_age_s == 0,
                quaternion=state.quaternion,
                rate=state.rate,
                rate_norm=math.degrees(norm(state.rate)),
                pointing_error=math.degrees(error),
                torque=commanded,
                errors=state.errors,
            )
        )
        if state.orbit is None:
            return
        place = to_geodetic(rotate_z(state.orbit.position, -state.earth_angle_rad))
        sun = state.sun
        self.send(
            Navigation(
                valid=state.fix_age_s <= MAX_FIX_AGE_S,
                time_tai_ns=state.time_tai_ns,
                position=state.orbit.position,
                velocity=state.orbit.velocity,
                latitude=math.degrees(place.latitude_rad),
                longitude=math.degrees(place.longitude_rad),
                altitude=place.altitude_km,
                sun=sun or (0.0, 0.0, 0.0),
                sunlit=sun is not None and not in_shadow(state.orbit.position, sun),
            )
        )
