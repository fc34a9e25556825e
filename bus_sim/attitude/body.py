"""The spacecraft as a rigid body: where it points, how it turns, and the torques on it.

Body axes: +X along the flight direction, +Y against the orbit's angular momentum, +Z to the Earth when pointing to
nadir; the camera looks along +Z. The inertia tensor is diagonal in these axes. Wheels are represented by the torque
they can give, not by the momentum they store.
"""

import math
import random
from typing import Annotated

import msgspec

from bus_sim.quantities import (
    DisturbanceTorque,
    KilogramSquareMetres,
    PositiveSeconds,
    TorqueLimit,
    Watts,
    WattsPerNewtonMetre,
)
from flightsw.geometry.quaternion import IDENTITY, Quaternion, normalized
from flightsw.geometry.vectors import Vector

EARTH_GM_KM3_S2 = 398_600.4418
"""WGS-84 gravitational parameter [km3/s2]."""


class BodyParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body and its torquers.

    Attributes:
        inertia_kg_m2: principal moments about X, Y, Z.
        torque_limit_nm: largest torque about each axis, either sense.
        torque_hold_s: a commanded torque acts this long unless commanded anew, so a silent computer spins nothing up.
        largest_turn_rad: an integration step turns the body by at most about this.
        most_substeps: bound of the integration steps per simulation step, reached only in a wild tumble.
        residual_torque_nm: constant disturbance in body axes (drag, residual dipole).
        tip_off_deg_s: each axis starts with a rate drawn evenly between minus and plus this.
        drive_idle_w: power of the torquers at zero torque.
        drive_w_per_nm: additional power per newton metre on each axis.
    """

    inertia_kg_m2: tuple[KilogramSquareMetres, KilogramSquareMetres, KilogramSquareMetres]
    torque_limit_nm: TorqueLimit
    torque_hold_s: PositiveSeconds
    largest_turn_rad: Annotated[float, msgspec.Meta(ge=0.001, le=0.5)]
    most_substeps: Annotated[int, msgspec.Meta(ge=1, le=100)]
    residual_torque_nm: tuple[DisturbanceTorque, DisturbanceTorque, DisturbanceTorque]
    tip_off_deg_s: Annotated[float, msgspec.Meta(ge=0.0, le=30.0)]
    drive_idle_w: Watts
    drive_w_per_nm: WattsPerNewtonMetre


class BodyState(msgspec.Struct):
    """Memory of the body.

    Attributes:
        quaternion: attitude, body to inertial, scalar first.
        rate_rad_s: angular velocity in body axes.
        torque_nm: commanded torque in force, after limiting.
        hold_s: how long it still acts.
        powered: the torquers have power.
        saturations: commands that had to be limited.
        refused: commands without power or not finite.
    """

    quaternion: Quaternion = IDENTITY
    rate_rad_s: Vector = (0.0, 0.0, 0.0)
    torque_nm: Vector = (0.0, 0.0, 0.0)
    hold_s: float = 0.0
    powered: bool = False
    saturations: int = 0
    refused: int = 0


class RigidBody:
    """Attitude motion by fourth-order Runge-Kutta; a commanded torque is constant through a step."""

    def __init__(self, parameters: BodyParameters, stream: random.Random) -> None:
        self.parameters = parameters
        self._torque_to_rate = 1.0 / min(parameters.inertia_kg_m2)
        bound = math.radians(parameters.tip_off_deg_s)
        rate = (stream.uniform(-bound, bound), stream.uniform(-bound, bound), stream.uniform(-bound, bound))
        attitude = (stream.gauss(0.0, 1.0), stream.gauss(0.0, 1.0), stream.gauss(0.0, 1.0), stream.gauss(0.0, 1.0))
        self.state = BodyState(quaternion=normalized(attitude), rate_rad_s=rate)

    def apply_torque(self, body_torque_nm: Vector) -> bool:
        """Command a torque in body axes [N m] from now on; False, and counted, without power or if it is not finite.

        Each axis is limited on its own; a limited command is counted.
        """
        state, limit = self.state, self.parameters.torque_limit_nm
        tx, ty, tz = body_torque_nm
        if not state.powered or not math.isfinite(tx + ty + tz):
            state.refused += 1
            return False
        limited = (
            max(-limit, min(limit, tx)),
            max(-limit, min(limit, ty)),
            max(-limit, min(limit, tz)),
        )
        if limited != (tx, ty, tz):
            state.saturations += 1
        state.torque_nm = limited
        state.hold_s = self.parameters.torque_hold_s
        return True

    def demand_w(self) -> float:
        """Power of the torquers [W]."""
        if not self.state.powered:
            return 0.0
        tx, ty, tz = self.state.torque_nm
        return self.parameters.drive_idle_w + self.parameters.drive_w_per_nm * (abs(tx) + abs(ty) + abs(tz))

    def set_power(self, *, on: bool) -> None:
        """The line closed or opened; without power there is no torque."""
        self.state.powered = on
        if not on:
            self.state.torque_nm = (0.0, 0.0, 0.0)
            self.state.hold_s = 0.0

    def disturbance(self, nadir_body: Vector, distance_km: float) -> Vector:
        """Torque of the gravity gradient and the constant residual [N m].

        ``nadir_body`` is the unit vector to the Earth's centre in body axes. Source: Wertz, "Spacecraft Attitude
        Determination and Control" (1978), section 17.2: 3 mu / r^3 (n x I n).
        """
        ix, iy, iz = self.parameters.inertia_kg_m2
        x, y, z = nadir_body
        k = 3.0 * EARTH_GM_KM3_S2 / (distance_km * distance_km * distance_km)
        rx, ry, rz = self.parameters.residual_torque_nm
        return (rx + k * (iz - iy) * y * z, ry + k * (ix - iz) * z * x, rz + k * (iy - ix) * x * y)

    def step(self, disturbance_nm: Vector, step_s: float) -> None:
        """Turn for ``step_s`` under the commanded torque and a disturbance [N m], both constant in body axes."""
        state, parameters = self.state, self.parameters
        tx, ty, tz = state.torque_nm
        dx, dy, dz = disturbance_nm
        if state.hold_s > 0.0:
            state.hold_s -= step_s
            if state.hold_s <= 0.0:
                state.torque_nm = (0.0, 0.0, 0.0)
        q, rate = state.quaternion, state.rate_rad_s
        torque = (tx + dx, ty + dy, tz + dz)
        substeps = self._substeps(rate, torque, step_s)
        substep_s = step_s / substeps
        for _ in range(substeps):
            q, rate = runge_kutta(q, rate, torque, parameters.inertia_kg_m2, substep_s)
        state.quaternion, state.rate_rad_s = normalized(q), rate

    def _substeps(self, rate: Vector, torque: Vector, step_s: float) -> int:
        parameters = self.parameters
        gain = abs(torque[0]) + abs(torque[1]) + abs(torque[2])
        turn = (abs(rate[0]) + abs(rate[1]) + abs(rate[2]) + gain * self._torque_to_rate * step_s) * step_s
        return 1 + int(min(turn / parameters.largest_turn_rad, parameters.most_substeps - 1))


def runge_kutta(
    quaternion: Quaternion, rate_rad_s: Vector, torque_nm: Vector, inertia_kg_m2: Vector, h: float
) -> tuple[Quaternion, Vector]:
    """One fourth-order step of ``h`` seconds of Euler's equations and the quaternion's kinematics.

    q' = q (0, w) / 2 and I w' = T - w x I w, with a diagonal inertia. The quaternion is not renormalised. Written out
    in scalars because it is the most expensive computation of a simulation step.
    """
    # The body's rate is halved throughout (p, q, r are w/2), which saves the factor in the kinematics.
    ix, iy, iz = inertia_kg_m2
    ax, ay, az = 0.5 * torque_nm[0] / ix, 0.5 * torque_nm[1] / iy, 0.5 * torque_nm[2] / iz
    bx, by, bz = 2.0 * (iy - iz) / ix, 2.0 * (iz - ix) / iy, 2.0 * (ix - iy) / iz
    half = 0.5 * h
    w0, x0, y0, z0 = quaternion
    p0, q0, r0 = 0.5 * rate_rad_s[0], 0.5 * rate_rad_s[1], 0.5 * rate_rad_s[2]

    dw1 = -x0 * p0 - y0 * q0 - z0 * r0
    dx1 = w0 * p0 + y0 * r0 - z0 * q0
    dy1 = w0 * q0 + z0 * p0 - x0 * r0
    dz1 = w0 * r0 + x0 * q0 - y0 * p0
    dp1 = ax + bx * q0 * r0
    dq1 = ay + by * r0 * p0
    dr1 = az + bz * p0 * q0

    w, x, y, z = w0 + half * dw1, x0 + half * dx1, y0 + half * dy1, z0 + half * dz1
    p, q, r = p0 + half * dp1, q0 + half * dq1, r0 + half * dr1
    dw2 = -x * p - y * q - z * r
    dx2 = w * p + y * r - z * q
    dy2 = w * q + z * p - x * r
    dz2 = w * r + x * q - y * p
    dp2 = ax + bx * q * r
    dq2 = ay + by * r * p
    dr2 = az + bz * p * q

    w, x, y, z = w0 + half * dw2, x0 + half * dx2, y0 + half * dy2, z0 + half * dz2
    p, q, r = p0 + half * dp2, q0 + half * dq2, r0 + half * dr2
    dw3 = -x * p - y * q - z * r
    dx3 = w * p + y * r - z * q
    dy3 = w * q + z * p - x * r
    dz3 = w * r + x * q - y * p
    dp3 = ax + bx * q * r
    dq3 = ay + by * r * p
    dr3 = az + bz * p * q

    w, x, y, z = w0 + h * dw3, x0 + h * dx3, y0 + h * dy3, z0 + h * dz3
    p, q, r = p0 + h * dp3, q0 + h * dq3, r0 + h * dr3
    sixth, third = h / 6.0, h / 3.0
    return (
        w0 + sixth * (dw1 - x * p - y * q - z * r) + third * (dw2 + dw3),
        x0 + sixth * (dx1 + w * p + y * r - z * q) + third * (dx2 + dx3),
        y0 + sixth * (dy1 + w * q + z * p - x * r) + third * (dy2 + dy3),
        z0 + sixth * (dz1 + w * r + x * q - y * p) + third * (dz2 + dz3),
    ), (
        2.0 * (p0 + sixth * (dp1 + ax + bx * q * r) + third * (dp2 + dp3)),
        2.0 * (q0 + sixth * (dq1 + ay + by * r * p) + third * (dq2 + dq3)),
        2.0 * (r0 + sixth * (dr1 + az + bz * p * q) + third * (dr2 + dr3)),
    )
