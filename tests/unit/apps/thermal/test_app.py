from __future__ import annotations

from collections.abc import Callable

import pytest

from apps.thermal.messages import (
    HeaterControl,
    HeaterSwitched,
    SensorFailed,
    SensorRestored,
    SetHeater,
    TemperatureBackInLimits,
    TemperatureOutOfLimits,
    ThermalInterfaceBack,
    ThermalInterfaceSilent,
    ThermalStatus,
)
from flightsw.devices.errors import CorruptReplyError, NoReplyError, RefusedError
from flightsw.devices.framing import Status
from flightsw.devices.heaters import Heaters
from flightsw.devices.heaters import ThermalStatus as Measured
from flightsw.testing import Bench
from tlm_cmd.packets.verification import FailureCode, Stage

STRUCTURE, PAYLOAD_DECK, BATTERY, CAMERA_NODE = 0, 1, 2, 4
BATTERY_A, BATTERY_B, CAMERA_HEATER, DECK_HEATER = 0, 1, 2, 3
SENSORS = 11


class ThermalUnit:
    """A thermal interface with eleven sensors and four heaters, which does what the test says.

    Attributes:
        temperatures: by sensor.
        on: bit n: heater n is on.
        broken: sensors whose value cannot be.
        silent: no request is answered.
        stubborn: heaters that refuse to be switched.
        heaters: how many there are.
    """

    def __init__(self) -> None:
        self.temperatures = [15.0] * SENSORS
        self.on = 0
        self.broken: set[int] = set()
        self.silent = False
        self.stubborn: set[int] = set()
        self.heaters = 4

    def status(self) -> Measured:
        """Measure."""
        if self.silent:
            raise NoReplyError("heaters", 1)
        if self.broken:
            raise CorruptReplyError("heaters", 1, "a temperature that cannot be")
        count = len(self.temperatures)
        return Measured(count, self.heaters, self.on, (*self.temperatures, *[0.0] * (16 - count)))

    def temperature(self, sensor: int) -> float:
        """Measure one."""
        if self.silent:
            raise NoReplyError("heaters", 2)
        if sensor >= len(self.temperatures):
            raise RefusedError("heaters", 2, Status.OUT_OF_RANGE)
        if sensor in self.broken:
            raise CorruptReplyError("heaters", 2, "a temperature that cannot be")
        return self.temperatures[sensor]

    def switch(self, heater: int, on: bool) -> None:  # noqa: FBT001 - as the driver has it
        """Switch one heater."""
        if heater >= self.heaters:
            raise RefusedError("heaters", 3, Status.OUT_OF_RANGE)
        if heater in self.stubborn:
            raise RefusedError("heaters", 3, Status.WRONG_STATE)
        self.on = self.on | 1 << heater if on else self.on & ~(1 << heater)


@pytest.fixture
def unit() -> ThermalUnit:
    """A spacecraft at 15 degrees."""
    return ThermalUnit()


@pytest.fixture
def bench(bench_of: Callable[..., Bench], unit: ThermalUnit) -> Bench:
    """The app, just started."""
    return bench_of("thermal", {Heaters: unit})


def test_temperatures_are_published(bench: Bench, unit: ThermalUnit) -> None:
    """Every second the temperatures are told, with the sensor nearest to its limit."""
    unit.temperatures[BATTERY] = 43.5
    bench.advance(3)
    assert len(bench.sent(ThermalStatus)) == 3
    status = bench.latest(ThermalStatus)
    assert status.temperatures == tuple(unit.temperatures)
    assert (status.worst_sensor, status.margin) == (BATTERY, 1.5)
    assert (status.heaters_on, status.heaters_overruled, status.errors, status.sensors_invalid) == (0, 0, 0, 0)


def test_heaters_follow_their_sensors(bench: Bench, unit: ThermalUnit) -> None:
    """A cold sensor switches its heaters on, each at its own threshold, and they stay on within the band."""
    for battery_c, heaters_on in ((4.9, 0b01), (1.9, 0b11), (5.0, 0b11), (5.1, 0b01), (8.0, 0b01), (8.1, 0b00)):
        unit.temperatures[BATTERY] = battery_c
        bench.advance(1)
        assert unit.on == bench.latest(ThermalStatus).heaters_on == heaters_on
    assert bench.sent(HeaterSwitched) == [
        HeaterSwitched(BATTERY_A, on=True),
        HeaterSwitched(BATTERY_B, on=True),
        HeaterSwitched(BATTERY_B, on=False),
        HeaterSwitched(BATTERY_A, on=False),
    ]


def test_the_ground_overrules(bench: Bench, unit: ThermalUnit) -> None:
    """A heater forced on or off stays so whatever its sensor says, across a crash, until it is automatic again."""
    assert bench.command(SetHeater(CAMERA_HEATER, HeaterControl.ON)).stage is Stage.COMPLETED
    unit.temperatures[BATTERY] = 0.0
    assert bench.command(SetHeater(BATTERY_A, HeaterControl.OFF)).stage is Stage.COMPLETED
    bench.advance(1)
    bench.restart()
    bench.advance(1)
    status = bench.latest(ThermalStatus)
    assert (unit.on, status.heaters_overruled) == (1 << CAMERA_HEATER | 1 << BATTERY_B, 0b101)
    for heater in (CAMERA_HEATER, BATTERY_A):
        assert bench.command(SetHeater(heater, HeaterControl.AUTOMATIC)).stage is Stage.COMPLETED
    bench.advance(1)
    assert (unit.on, bench.latest(ThermalStatus).heaters_overruled) == (0b11, 0)


def test_an_unknown_heater_is_refused(bench: Bench) -> None:
    """A heater that the table does not have is refused with those it has."""
    report = bench.command(SetHeater(7, HeaterControl.ON))
    assert (report.stage, report.code) == (Stage.FAILED, FailureCode.BAD_ARGUMENT)
    assert "0, 1, 2, 3" in report.reason


def test_a_heater_that_refuses_holds_up_nothing(bench: Bench, unit: ThermalUnit) -> None:
    """A heater that cannot be switched is tried again each second; the others and the report go on."""
    unit.stubborn = {BATTERY_A}
    unit.temperatures[BATTERY] = 0.0
    bench.advance(3)
    assert (unit.on, bench.latest(ThermalStatus).heaters_on) == (1 << BATTERY_B, 1 << BATTERY_B)
    assert (len(bench.sent(ThermalStatus)), bench.latest(ThermalStatus).errors) == (3, 3)
    unit.stubborn = set()
    bench.advance(1)
    assert unit.on == 0b11


def test_heaters_that_the_spacecraft_does_not_have(bench: Bench, unit: ThermalUnit) -> None:
    """Heaters of the table beyond those of the spacecraft are left alone."""
    unit.heaters = 2
    unit.temperatures = [-50.0] * SENSORS
    bench.advance(2)
    assert (unit.on, bench.latest(ThermalStatus).errors) == (0b11, 0)


def test_limits_are_watched(bench: Bench, unit: ThermalUnit) -> None:
    """Leaving the limits is an event, once, and returning is one."""
    unit.temperatures[BATTERY] = 45.1
    bench.advance(5)
    assert [(event.sensor, round(event.temperature, 2)) for event in bench.sent(TemperatureOutOfLimits)] == [
        (BATTERY, 45.1)
    ]
    assert bench.latest(ThermalStatus).margin == pytest.approx(-0.1)
    unit.temperatures[BATTERY] = 45.0
    bench.advance(5)
    assert bench.sent(TemperatureBackInLimits) == [TemperatureBackInLimits(BATTERY)]


def test_a_broken_sensor_spoils_only_itself(bench: Bench, unit: ThermalUnit) -> None:
    """With one sensor broken its heaters go off, its last value is told as invalid, and all others are regulated."""
    unit.temperatures[BATTERY] = 3.0
    bench.advance(1)
    assert unit.on == 1 << BATTERY_A
    unit.broken = {BATTERY}
    unit.temperatures[PAYLOAD_DECK] = -9.0
    unit.temperatures[STRUCTURE] = 61.0
    bench.advance(3)
    status = bench.latest(ThermalStatus)
    assert unit.on == status.heaters_on == 1 << DECK_HEATER
    assert (status.temperatures[BATTERY], status.sensors_invalid) == (3.0, 1 << BATTERY)
    assert (status.worst_sensor, len(status.temperatures)) == (STRUCTURE, SENSORS)
    assert bench.sent(TemperatureOutOfLimits) == [TemperatureOutOfLimits(STRUCTURE, 61.0)]
    assert bench.sent(SensorFailed) == [SensorFailed(BATTERY)]
    unit.broken = set()
    bench.advance(1)
    assert bench.sent(SensorRestored) == [SensorRestored(BATTERY)]
    assert unit.on == 1 << DECK_HEATER | 1 << BATTERY_A


def test_the_ground_can_heat_without_a_sensor(bench: Bench, unit: ThermalUnit) -> None:
    """A heater whose sensor is broken can still be switched on by command."""
    unit.broken = {BATTERY}
    bench.advance(1)
    bench.command(SetHeater(BATTERY_A, HeaterControl.ON))
    bench.advance(2)
    assert unit.on == 1 << BATTERY_A


def test_a_sensor_broken_from_the_start(bench: Bench, unit: ThermalUnit) -> None:
    """A sensor that never gave a temperature is told as 0 and invalid; the others are found one by one."""
    unit.broken = {BATTERY}
    bench.advance(1)
    status = bench.latest(ThermalStatus)
    assert (len(status.temperatures), status.temperatures[BATTERY]) == (SENSORS, 0.0)
    assert (status.sensors_invalid, status.errors) == (1 << BATTERY, 2)


def test_as_many_sensors_as_can_be(bench: Bench, unit: ThermalUnit) -> None:
    """Sixteen sensors are asked one by one when the last of them is broken."""
    unit.temperatures = [15.0] * 16
    unit.broken = {15}
    bench.advance(1)
    status = bench.latest(ThermalStatus)
    assert (len(status.temperatures), status.sensors_invalid) == (16, 1 << 15)


def test_no_sensor_works(bench: Bench, unit: ThermalUnit) -> None:
    """When no sensor gives a temperature nothing is told and nothing is switched."""
    unit.broken = set(range(SENSORS))
    bench.advance(3)
    assert (bench.sent(ThermalStatus), unit.on) == ([], 0)
    assert len(bench.sent(ThermalInterfaceSilent)) == 1


def test_a_silent_interface(bench: Bench, unit: ThermalUnit) -> None:
    """Silence is counted, reported once after three seconds, and its end too; heaters stay as they are."""
    unit.temperatures[BATTERY] = 3.0
    bench.advance(1)
    unit.silent = True
    bench.advance(2)
    assert bench.sent(ThermalInterfaceSilent) == []
    bench.advance(10)
    assert (len(bench.sent(ThermalInterfaceSilent)), len(bench.sent(ThermalStatus)), unit.on) == (1, 1, 1)
    unit.silent = False
    bench.advance(1)
    assert bench.sent(ThermalInterfaceBack) == [ThermalInterfaceBack(12)]
    assert bench.latest(ThermalStatus).errors == 12


def test_silence_amid_single_readings(bench: Bench, unit: ThermalUnit, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interface that falls silent while sensors are asked one by one is not asked for the rest."""
    unit.broken = {STRUCTURE}
    asked: list[int] = []

    def fall_silent(sensor: int) -> float:
        asked.append(sensor)
        raise NoReplyError("heaters", 2)

    monkeypatch.setattr(unit, "temperature", fall_silent)
    bench.advance(1)
    assert (asked, bench.sent(ThermalStatus)) == ([0], [])
