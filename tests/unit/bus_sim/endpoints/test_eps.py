from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from bus_sim.endpoints.eps import EpsEndpoint
from bus_sim.errors import ParameterError
from bus_sim.parameters import SpacecraftParameters
from bus_sim.power.distribution import Distribution
from bus_sim.power.system import PowerSystem
from flightsw.devices.eps import MAX_LINES
from flightsw.devices.errors import RefusedError
from flightsw.devices.framing import Status

if TYPE_CHECKING:
    from conftest import Bench


def test_status_is_what_the_models_say(bench: Bench) -> None:
    """Every value of the status is the model's, at the precision of the wire."""
    bench.fly(30)
    status, truth = bench.eps.status(), bench.spacecraft.truth()
    assert status.battery_voltage_v == pytest.approx(truth.battery_voltage_v, rel=1e-6)
    assert status.battery_current_a == pytest.approx(-truth.battery_current_a, rel=1e-6)
    assert status.state_of_charge == pytest.approx(truth.battery_soc, rel=1e-6)
    assert status.array_power_w == pytest.approx(truth.array_power_w, rel=1e-6)
    assert status.load_power_w == pytest.approx(truth.load_power_w, rel=1e-6)
    battery = bench.spacecraft.thermal.number("battery")
    assert status.battery_temperature_c == pytest.approx(truth.node_temperatures_c[battery], rel=1e-6)
    lines = bench.spacecraft.distribution.state.lines
    assert status.line_count == len(lines)
    assert [status.is_on(number) for number in range(len(lines))] == [line.closed for line in lines]
    assert status.line_currents_a[: len(lines)] == pytest.approx([line.current_a for line in lines], rel=1e-6)
    assert status.line_currents_a[len(lines) :] == (0.0,) * (MAX_LINES - len(lines))
    assert (status.lines_tripped, status.brownouts) == (0, 0)


def test_current_is_positive_when_charging(bench: Bench) -> None:
    """The wire's sign is the telemetry's: charging is positive, in the dark it is negative."""
    bench.fly(5)
    assert bench.spacecraft.surroundings.illumination == 0.0
    assert bench.eps.status().battery_current_a < 0.0


def test_switching_a_line_switches_the_device(bench: Bench) -> None:
    """A line closed by the driver powers its device, and draws a current in the next step; opened, it does not."""
    camera = bench.line("camera")
    assert not bench.eps.status().is_on(camera)
    bench.eps.switch(camera, True)
    assert bench.spacecraft.distribution.state.lines[camera].closed
    bench.fly(1)
    status = bench.eps.status()
    assert status.is_on(camera)
    assert status.line_currents_a[camera] > 0.0
    bench.eps.switch(camera, False)
    bench.fly(1)
    status = bench.eps.status()
    assert not status.is_on(camera)
    assert status.line_currents_a[camera] == 0.0


def test_tripped_line_must_be_retriggered(bench: Bench) -> None:
    """A tripped limiter is told, refuses to be switched on, and closes when retriggered."""
    camera = bench.line("camera")
    line = bench.spacecraft.distribution.state.lines[camera]
    line.latched_off = True
    assert bench.eps.status().is_tripped(camera)
    with pytest.raises(RefusedError) as error:
        bench.eps.switch(camera, True)
    assert error.value.status is Status.WRONG_STATE
    bench.eps.retrigger(camera)
    status = bench.eps.status()
    assert status.is_on(camera)
    assert not status.is_tripped(camera)
    assert line.retriggers == 1


def test_lines_that_are_not_there_are_refused(bench: Bench) -> None:
    """Numbers above the last line are out of range, for both commands."""
    lines = len(bench.spacecraft.distribution.line_names)
    for call in (lambda: bench.eps.switch(lines, True), lambda: bench.eps.retrigger(lines)):
        with pytest.raises(RefusedError) as error:
            call()
        assert error.value.status is Status.OUT_OF_RANGE


def test_more_lines_than_a_status_holds_are_refused(bench: Bench, mission: SpacecraftParameters) -> None:
    """A mission with too many lines is refused when it is wired, not when it flies."""
    line = mission.distribution.lines[0]
    many = tuple(msgspec.structs.replace(line, name=f"line_{number}") for number in range(MAX_LINES + 1))
    distribution = Distribution(msgspec.structs.replace(mission.distribution, lines=many, tiers=()))
    spacecraft = bench.spacecraft
    with pytest.raises(ParameterError, match="17 lines"):
        EpsEndpoint(PowerSystem(spacecraft.array, spacecraft.battery, distribution), spacecraft.thermal)
