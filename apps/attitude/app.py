"""The attitude app: knows where the spacecraft is, and turns it to where it should point."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

import msgspec

from apps.attitude.control import ControlGains, attitude_error, check_gains, torque
from apps.attitude.estimation import Estimate, Readings, update
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
from apps.attitude.orbit import EARTH_RATE_RAD_S
from apps.attitude.steering import BodyAxes, aimed_axis, check_axes, target_attitude, turn_between
from apps.attitude.sun import sun_direction
from flightsw.app import App, Table, every, handles
from flightsw.devices.attitude_control import AttitudeControl
from flightsw.devices.errors import CorruptReplyError, DeviceError
from flightsw.geometry.earth import Geodetic, from_geodetic, in_shadow, rotate_z, to_geodetic
from flightsw.geometry.quaternion import Quaternion, matrix, to_inertial
from flightsw.geometry.vectors import Vector, angle, norm, scale

Reading = TypeVar("Reading")

STEP_S = 1.0
MAX_FIX_AGE_S = 120
LOST_AFTER_S = 60
SEARCH_AFTER_S = 30
NANOSECONDS = 1_000_000_000
MAX_U16 = 65_535
REST: Vector = (0.0, 0.0, 0.0)


class AttitudeState(msgspec.Struct):
    """What the app knows and is told.

    Attributes:
        mode: what to point at.
        latitude_deg: of the target, for TARGET.
        longitude_deg: of the target, for TARGET.
        estimate: what is known of attitude and orbit.
        measured_ns: when it was last brought up to date.
        damping: rates are to be damped, and it has not been reported that they are.
        attitude_lost: it was reported that the attitude is not known.
        position_lost: the same of the position.
        errors: failed transactions.
    """

    mode: PointingMode = PointingMode.IDLE
    latitude_deg: float = 0.0
    longitude_deg: float = 0.0
    estimate: Estimate = msgspec.field(default_factory=Estimate)
    measured_ns: int | None = None
    damping: bool = False
    attitude_lost: bool = False
    position_lost: bool = False
    errors: int = 0


class Attitude(App):
    """Estimates attitude and orbit once per second and commands the torque for the next."""

    axes = Table(BodyAxes, file="axes.toml", check=check_axes)
    gains = Table(ControlGains, file="gains.toml", check=check_gains)

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
        seconds = STEP_S if state.measured_ns is None else (self.now_ns - state.measured_ns) / NANOSECONDS
        state.measured_ns = self.now_ns
        state.estimate = update(state.estimate, self._readings(), seconds)
        self._report_losses()

    def _readings(self) -> Readings:
        unit = self._unit
        fix = self._ask(unit.gps)
        try:
            reading = unit.attitude()
        except CorruptReplyError:  # a sensor that reads nonsense spoils the reply: each one alone tells which
            self.state.errors += 1
            return Readings(self._ask(unit.star_tracker), self._ask(unit.gyro), self._ask(unit.sun_sensor), fix)
        except DeviceError:
            self.state.errors += 1
            return Readings(fix=fix)
        return Readings(reading.star_tracker, reading.gyro, reading.sun_sensor, fix)

    def _ask(self, question: Callable[[], Reading]) -> Reading | None:
        try:
            return question()
        except DeviceError:
            self.state.errors += 1
            return None

    def _report_losses(self) -> None:
        state, estimate = self.state, self.state.estimate
        lost, seconds = estimate.attitude_missing_s > LOST_AFTER_S, estimate.attitude_missing_s
        if lost is not state.attitude_lost:
            self.event(AttitudeLost(min(round(seconds), MAX_U16)) if lost else AttitudeFound())
        state.attitude_lost = lost
        lost, seconds = estimate.fix_missing_s > LOST_AFTER_S, estimate.fix_missing_s
        if lost is not state.position_lost:
            self.event(PositionLost(min(round(seconds), MAX_U16)) if lost else PositionFound())
        state.position_lost = lost

    # ---------------------------------------------------------------- steering

    def _steer(self) -> tuple[float, Vector]:
        """Angle between the aimed axis and where it should point [rad], and the torque to command [N m].

        The angle is pi when a mode aims at something and it is not known where that is.
        """
        state, estimate = self.state, self.state.estimate
        if state.mode is PointingMode.DETUMBLE:
            self._report_damping()
        aimless = state.mode in (PointingMode.IDLE, PointingMode.DETUMBLE)
        if state.mode is PointingMode.IDLE or not estimate.rate_known:
            return (0.0 if aimless else math.pi), REST
        if not estimate.attitude_is_fresh(LOST_AFTER_S):
            return self._steer_without_attitude()
        target = self._target(0.0)
        if target is None:
            return (0.0 if aimless else math.pi), torque(self.gains, REST, estimate.rate, REST)
        turn = attitude_error(target, self._target(STEP_S) or target)
        axis = aimed_axis(state.mode, self.axes)
        aim, wanted = (to_inertial(matrix(attitude), axis) for attitude in (estimate.quaternion, target))
        error = attitude_error(estimate.quaternion, target)
        return angle(aim, wanted), torque(self.gains, error, estimate.rate, scale(turn, 1.0 / STEP_S))

    def _steer_without_attitude(self) -> tuple[float, Vector]:
        """Wings to the Sun as the sun sensors see it, if they are asked for; and a slow turn until stars are seen."""
        state, estimate = self.state, self.state.estimate
        searching = estimate.attitude_missing_s > SEARCH_AFTER_S and not state.damping
        search_rate = math.radians(self.gains.search_rate) if searching else 0.0
        if state.mode is PointingMode.SUN and estimate.sun_body is not None:
            turn = turn_between(aimed_axis(state.mode, self.axes), estimate.sun_body)
            return norm(turn), torque(self.gains, turn, estimate.rate, scale(estimate.sun_body, search_rate))
        error = 0.0 if state.mode is PointingMode.DETUMBLE else math.pi
        return error, torque(self.gains, REST, estimate.rate, (search_rate, 0.0, 0.0))

    def _target(self, seconds: float) -> Quaternion | None:
        """The attitude that the mode asks for in a few seconds; None when it asks for none, or it is not known."""
        state, estimate = self.state, self.state.estimate
        if estimate.orbit is None or not estimate.orbit_is_fresh(MAX_FIX_AGE_S):
            return None
        place = from_geodetic(Geodetic(math.radians(state.latitude_deg), math.radians(state.longitude_deg), 0.0))
        target_km = rotate_z(place, estimate.earth_angle_rad + EARTH_RATE_RAD_S * seconds)
        sun = sun_direction(estimate.time_tai_ns)
        return target_attitude(state.mode, self.axes, estimate.orbit.after(seconds), sun, target_km)

    def _report_damping(self) -> None:
        state, estimate = self.state, self.state.estimate
        if state.damping and estimate.rate_known and math.degrees(norm(estimate.rate)) < self.gains.damped_rate:
            state.damping = False
            self.event(RatesDamped(self.gains.damped_rate))

    # ---------------------------------------------------------------- reporting

    def _report(self, error: float, commanded: Vector) -> None:
        state, estimate = self.state, self.state.estimate
        self.send(
            AttitudeStatus(
                mode=state.mode,
                valid=estimate.attitude_is_fresh(0.0),
                quaternion=estimate.quaternion,
                rate=estimate.rate,
                rate_norm=math.degrees(norm(estimate.rate)),
                pointing_error=math.degrees(error),
                torque=commanded,
                errors=state.errors,
                rate_valid=estimate.rate_known,
            )
        )
        if estimate.orbit is None:
            return
        place = to_geodetic(rotate_z(estimate.orbit.position, -estimate.earth_angle_rad))
        sun = sun_direction(estimate.time_tai_ns)
        self.send(
            Navigation(
                valid=estimate.orbit_is_fresh(MAX_FIX_AGE_S),
                time_tai_ns=estimate.time_tai_ns,
                position=estimate.orbit.position,
                velocity=estimate.orbit.velocity,
                latitude=math.degrees(place.latitude_rad),
                longitude=math.degrees(place.longitude_rad),
                altitude=place.altitude_km,
                sun=sun,
                sunlit=not in_shadow(estimate.orbit.position, sun),
            )
        )
