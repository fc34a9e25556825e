import math
import random

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from bus_sim.attitude.body import BodyParameters, RigidBody
from bus_sim.parameters import SpacecraftParameters, load_parameters
from flightsw.geometry.quaternion import angle_between, matrix, normalized, to_inertial
from flightsw.geometry.vectors import Vector, norm, unit

PARAMETERS = load_parameters().body
RATE = st.floats(-0.1, 0.1)
NOTHING = (0.0, 0.0, 0.0)


def body_of(parameters: BodyParameters = PARAMETERS, seed: int = 1) -> RigidBody:
    """A powered body with a seeded start."""
    body = RigidBody(parameters, random.Random(seed))
    body.set_power(on=True)
    return body


def momentum(body: RigidBody) -> Vector:
    """Angular momentum in inertial axes."""
    i, w = body.parameters.inertia_kg_m2, body.state.rate_rad_s
    return to_inertial(matrix(body.state.quaternion), (i[0] * w[0], i[1] * w[1], i[2] * w[2]))


def energy(body: RigidBody) -> float:
    """Kinetic energy of rotation."""
    i, w = body.parameters.inertia_kg_m2, body.state.rate_rad_s
    return 0.5 * (i[0] * w[0] ** 2 + i[1] * w[1] ** 2 + i[2] * w[2] ** 2)


@settings(max_examples=25, deadline=None)
@given(st.tuples(RATE, RATE, RATE))
def test_free_of_torque_momentum_and_energy_stay(rate: Vector) -> None:
    """Over ten minutes of tumbling both are kept to 1e-6 and the quaternion keeps its length."""
    body = body_of()
    body.state.rate_rad_s = rate
    before, before_j = momentum(body), energy(body)
    for _ in range(600):
        body.step(NOTHING, 1.0)
    assert momentum(body) == pytest.approx(before, rel=1e-6, abs=1e-9)
    assert energy(body) == pytest.approx(before_j, rel=1e-6, abs=1e-12)
    assert math.hypot(*body.state.quaternion) == pytest.approx(1.0, abs=1e-12)


def test_agrees_with_dop853_under_torque() -> None:
    """After five minutes of changing torque, at up to 20 deg/s, within 1e-5 rad of SciPy's DOP853."""
    body = body_of()
    i = np.array(PARAMETERS.inertia_kg_m2)

    def slope(_: float, y: np.ndarray, torque: np.ndarray) -> np.ndarray:
        w, x, yy, z = y[:4]
        p, q, r = y[4:]
        kinematics = 0.5 * np.array(
            [-x * p - yy * q - z * r, w * p + yy * r - z * q, w * q + z * p - x * r, w * r + x * q - yy * p]
        )
        return np.concatenate([kinematics, (torque - np.cross(y[4:], i * y[4:])) / i])

    y = np.array([*body.state.quaternion, *body.state.rate_rad_s])
    for second in range(300):
        torque = (0.003 * math.sin(second / 20.0), 0.002 * math.cos(second / 9.0), -0.004 * math.cos(second / 15.0))
        body.apply_torque(torque)
        body.step(NOTHING, 1.0)
        y = solve_ivp(slope, (0, 1), y, method="DOP853", args=(np.array(torque),), rtol=1e-9, atol=1e-12).y[:, -1]
    expected = normalized((float(y[0]), float(y[1]), float(y[2]), float(y[3])))
    assert angle_between(body.state.quaternion, expected) < 1e-5
    assert body.state.rate_rad_s == pytest.approx(y[4:], abs=1e-6)


def test_a_wild_tumble_is_still_followed() -> None:
    """At 40 deg/s momentum and energy stay to 1e-5 through ten minutes, with a bounded number of integration steps."""
    body = body_of()
    body.state.rate_rad_s = (0.5, -0.4, 0.3)
    before, before_j = momentum(body), energy(body)
    for _ in range(600):
        body.step(NOTHING, 1.0)
    assert momentum(body) == pytest.approx(before, rel=1e-5, abs=1e-7)
    assert energy(body) == pytest.approx(before_j, rel=1e-5)


def test_a_torque_about_one_axis_turns_about_it() -> None:
    """From rest, T about X for 1 s gives T / I of rate and half of that of angle."""
    body = body_of()
    body.state.quaternion, body.state.rate_rad_s = (1.0, 0.0, 0.0, 0.0), NOTHING
    body.apply_torque((0.005, 0.0, 0.0))
    body.step(NOTHING, 1.0)
    assert body.state.rate_rad_s == pytest.approx((0.005 / 0.28, 0.0, 0.0))
    assert 2.0 * body.state.quaternion[1] == pytest.approx(0.5 * 0.005 / 0.28, rel=1e-4)


def test_torque_is_limited_on_each_axis() -> None:
    """Beyond 5 mNm an axis gives 5 mNm, and that is counted."""
    body = body_of()
    assert body.apply_torque((0.1, -0.1, 0.001))
    assert body.state.torque_nm == (0.005, -0.005, 0.001)
    assert body.apply_torque((0.005, 0.0, 0.0))
    assert body.state.saturations == 1


def test_a_torque_ends_when_nobody_repeats_it() -> None:
    """The command acts for its second and costs power in it; the next second there is none."""
    body = body_of()
    body.state.rate_rad_s = NOTHING
    body.apply_torque((0.0, 0.004, 0.0))
    assert body.demand_w() == pytest.approx(2.0 + 200.0 * 0.004)
    body.step(NOTHING, 1.0)
    rate = body.state.rate_rad_s
    body.step(NOTHING, 1.0)
    assert body.state.rate_rad_s == pytest.approx(rate)
    assert body.demand_w() == 2.0


def test_a_longer_hold_lasts_longer() -> None:
    """The time a command acts is a parameter."""
    body = body_of(msgspec.structs.replace(PARAMETERS, torque_hold_s=2.0))
    body.apply_torque((0.001, 0.0, 0.0))
    body.step(NOTHING, 1.0)
    assert body.state.torque_nm == (0.001, 0.0, 0.0)
    body.step(NOTHING, 1.0)
    assert body.state.torque_nm == NOTHING


@pytest.mark.parametrize("torque", [(math.nan, 0.0, 0.0), (0.0, math.inf, 0.0)])
def test_what_is_no_number_is_refused(torque: Vector) -> None:
    """A command that is not finite changes nothing and is counted."""
    body = body_of()
    assert not body.apply_torque(torque)
    assert (body.state.torque_nm, body.state.refused) == (NOTHING, 1)


def test_no_torque_without_power() -> None:
    """Losing power ends the torque; commands are refused until it is back."""
    body = body_of()
    body.apply_torque((0.001, 0.0, 0.0))
    body.set_power(on=False)
    assert (body.state.torque_nm, body.demand_w()) == (NOTHING, 0.0)
    assert not body.apply_torque((0.001, 0.0, 0.0))
    assert body.state.refused == 1


def test_gravity_gradient_vanishes_along_the_axes_and_restores_beside_them() -> None:
    """Along a principal axis only the residual is left; tilted about Y, the torque is 3 mu / r^3 (Ix - Iz) nz nx."""
    body, residual = body_of(), PARAMETERS.residual_torque_nm
    assert body.disturbance((0.0, 0.0, 1.0), 6878.0) == pytest.approx(residual)
    x, _, z = nadir = unit((0.2, 0.0, 1.0))
    expected = 3.0 * 398600.4418 / 6878.0**3 * (0.28 - 0.24) * z * x
    torque = body.disturbance(nadir, 6878.0)
    assert torque[1] - residual[1] == pytest.approx(expected)
    assert (torque[0], torque[2]) == pytest.approx((residual[0], residual[2]))


def test_every_seed_has_its_own_tip_off(parameters: SpacecraftParameters) -> None:
    """Rates lie within the tip-off's bound and differ between seeds."""
    bodies = [body_of(parameters.body, seed) for seed in range(20)]
    assert all(abs(w) <= math.radians(3.0) for body in bodies for w in body.state.rate_rad_s)
    assert len({body.state.rate_rad_s for body in bodies}) == 20
    assert max(norm(body.state.rate_rad_s) for body in bodies) > math.radians(2.0)
