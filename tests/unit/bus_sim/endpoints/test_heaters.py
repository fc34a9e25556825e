from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

import msgspec
import pytest

from bus_sim.endpoints.heaters import HeatersEndpoint
from bus_sim.errors import ParameterError
from bus_sim.parameters import SpacecraftParameters
from bus_sim.thermal.heaters import HeaterBank
from flightsw.devices.errors import CorruptReplyError, RefusedError
from flightsw.devices.framing import Status
from flightsw.devices.heaters import MAX_HEATERS, MAX_SENSORS

if TYPE_CHECKING:
    from conftest import Bench


def test_temperatures_are_the_nodes(bench: Bench) -> None:
    """Each sensor reads its node, all at once or one by one."""
    bench.fly(10)
    truth = bench.spacecraft.truth().node_temperatures_c
    status = bench.heaters.status()
    assert status.sensor_count == len(truth)
    assert status.temperatures_c[: len(truth)] == pytest.approx(truth, rel=1e-5)
    assert status.temperatures_c[len(truth) :] == (0.0,) * (MAX_SENSORS - len(truth))
    for sensor, temperature_c in enumerate(truth):
        assert bench.heaters.temperature(sensor) == pytest.approx(temperature_c, rel=1e-5)


def test_switching_a_heater_heats(bench: Bench) -> None:
    """A heater switched by the driver is on in the model, is told as on, and draws power."""
    bench.power("heaters")
    bench.heaters.switch(1, True)
    assert bench.spacecraft.heaters.state.on[1]
    status = bench.heaters.status()
    assert status.heater_count == len(bench.spacecraft.heaters.names)
    assert [status.is_on(heater) for heater in range(status.heater_count)] == [False, True, False, False]
    bench.fly(1)
    assert bench.eps.status().line_currents_a[bench.line("heaters")] > 0.0
    bench.heaters.switch(1, False)
    assert bench.heaters.status().heaters_on == 0


def test_heaters_without_power_refuse(bench: Bench) -> None:
    """Without their line heaters cannot be switched, while the sensors go on."""
    with pytest.raises(RefusedError) as error:
        bench.heaters.switch(0, True)
    assert error.value.status is Status.WRONG_STATE
    assert bench.heaters.status().heaters_on == 0


def test_what_is_not_there_is_refused(bench: Bench) -> None:
    """Sensors and heaters above the last one are out of range."""
    bench.power("heaters")
    status = bench.heaters.status()
    for call in (
        lambda: bench.heaters.temperature(status.sensor_count),
        lambda: bench.heaters.switch(status.heater_count, True),
    ):
        with pytest.raises(RefusedError) as error:
            call()
        assert error.value.status is Status.OUT_OF_RANGE


def test_broken_sensor_is_found(bench: Bench) -> None:
    """One sensor that is no number spoils the status, but not the other sensors, so that it can be told."""
    bench.spacecraft.thermal.state.temperatures_k[3] = nan
    with pytest.raises(CorruptReplyError):
        bench.heaters.status()
    with pytest.raises(CorruptReplyError):
        bench.heaters.temperature(3)
    assert bench.heaters.temperature(4) > -100.0


def test_more_than_a_status_holds_is_refused(bench: Bench, mission: SpacecraftParameters) -> None:
    """A mission with too many heaters is refused when it is wired, not when it flies."""
    heater = mission.thermal.heaters[0]
    many = tuple(msgspec.structs.replace(heater, name=f"heater_{number}") for number in range(MAX_HEATERS + 1))
    with pytest.raises(ParameterError, match="17 entries"):
        HeatersEndpoint(bench.spacecraft.thermal, HeaterBank(many))
