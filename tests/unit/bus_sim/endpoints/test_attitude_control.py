from __future__ import annotations

import datetime as dt
from math import nan
from typing import TYPE_CHECKING

import pytest

from bus_sim.endpoints.attitude_control import AttitudeControlEndpoint
from bus_sim.environment.epoch import Epoch
from flightsw.devices.attitude_control import AttitudeControl
from flightsw.devices.errors import CorruptReplyError, NoReplyError, RefusedError
from flightsw.devices.framing import Status
from flightsw.hal.sim import SimUart
from tlm_cmd.packets.leap_seconds import LEAP_SECONDS

if TYPE_CHECKING:
    from conftest import Bench


def test_readings_are_the_sensors_samples(bench: Bench) -> None:
    """Every reading is the model's sample, bit for bit, alone and together."""
    bench.fly(3)
    unit, state = bench.attitude_control, bench.spacecraft.sensors.state
    stars, gyro, sun = unit.star_tracker(), unit.gyro(), unit.sun_sensor()
    assert (stars.valid, stars.quaternion) == (state.quaternion_valid, state.quaternion)
    assert (gyro.valid, gyro.rates_rad_s) == (True, state.rate_rad_s)
    assert (sun.valid, sun.direction) == (state.sun_valid, state.sun_body)
    together = unit.attitude()
    assert (together.star_tracker, together.gyro, together.sun_sensor) == (stars, gyro, sun)


def test_fix_has_the_receivers_time_and_place(bench: Bench) -> None:
    """After the cold start a fix is valid, with TAI of its instant and the model's positions."""
    unit, gps = bench.attitude_control, bench.spacecraft.gps
    assert not unit.gps().valid
    bench.fly(60)
    fix, state = unit.gps(), gps.state
    assert fix.valid
    utc = bench.spacecraft.environment.epoch.utc(bench.spacecraft.now_ns)
    assert fix.time_tai_ns == LEAP_SECONDS.utc_to_tai(int(utc.timestamp()) * 1_000_000_000)
    assert fix.position_earth_fixed_km == state.position_earth_fixed_km
    assert fix.velocity_earth_fixed_km_s == state.velocity_earth_fixed_km_s
    assert (fix.position_km, fix.velocity_km_s) == (state.position_km, state.velocity_km_s)


def test_fix_keeps_the_start_s_microseconds(bench: Bench) -> None:
    """A scenario that starts between two seconds has fixes between two seconds."""
    start = dt.datetime(2026, 5, 15, 2, 41, 0, 600_001, dt.UTC)
    spacecraft = bench.spacecraft
    endpoint = AttitudeControlEndpoint(spacecraft.sensors, spacecraft.gps, spacecraft.body, Epoch(start))
    whole = LEAP_SECONDS.utc_to_tai(int(start.timestamp()) * 1_000_000_000)
    assert AttitudeControl(SimUart(endpoint)).gps().time_tai_ns == whole + 600_001_000


def test_commanded_torque_acts_on_the_body(bench: Bench) -> None:
    """A torque of the driver is the torque in force, and turns the body."""
    before = bench.spacecraft.body.state.rate_rad_s
    bench.attitude_control.command_torque(0.001, -0.002, 0.003)
    assert bench.spacecraft.body.state.torque_nm == (0.001, -0.002, 0.003)
    bench.fly(1)
    after = bench.spacecraft.body.state.rate_rad_s
    assert after[0] - before[0] == pytest.approx(0.001 / 0.28, rel=0.2)


def test_unit_answers_while_one_of_its_lines_is_closed(bench: Bench) -> None:
    """Without its own line the unit gives fixes only; without the receiver's line as well it is silent."""
    bench.fly(60)
    bench.power("attitude_control", on=False)
    assert bench.attitude_control.gps().valid
    reading = bench.attitude_control.attitude()
    assert not any(part.valid for part in (reading.star_tracker, reading.gyro, reading.sun_sensor))
    with pytest.raises(RefusedError) as error:
        bench.attitude_control.command_torque(0.0, 0.0, 0.0)
    assert error.value.status is Status.WRONG_STATE
    bench.power("gps", on=False)
    with pytest.raises(NoReplyError):
        bench.attitude_control.gps()
    bench.power("attitude_control")
    assert not bench.attitude_control.gps().valid


def test_broken_sensor_never_enters_control(bench: Bench) -> None:
    """A gyro that is no number is refused at the driver's edge, and the other sensors can still be read."""
    bench.spacecraft.sensors.state.rate_rad_s = (0.0, nan, 0.0)
    for read in (bench.attitude_control.attitude, bench.attitude_control.gyro):
        with pytest.raises(CorruptReplyError):
            read()
    bench.attitude_control.star_tracker()
    bench.attitude_control.sun_sensor()
