"""Interface of the thermal app: temperatures as measured, and what the heaters do."""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Annotated

from tlm_cmd.definition.fields import I16, U8, U16, U32, Linear, Range, Unit, UpTo
from tlm_cmd.definition.message import Command, Event, Severity, Telemetry

MAX_SENSORS = 16
MAX_HEATERS = 8


@unique
class HeaterControl(IntEnum):
    """Who decides over a heater."""

    AUTOMATIC = 0
    OFF = 1
    ON = 2


class SetHeater(Command, code=2):
    """Overrule the thermostat of one heater, or give it back."""

    heater: Annotated[int, U8, Range(0, MAX_HEATERS - 1), "number of the heater"]
    control: HeaterControl


class ThermalStatus(Telemetry, period_s=1):
    """Temperatures as measured, in the order of the sensor table."""

    temperatures: Annotated[
        tuple[Annotated[float, I16, Linear(0.01)], ...], UpTo(MAX_SENSORS), Unit("degC"), "by sensor"
    ]
    heaters_on: Annotated[int, U8, "bit n: heater n is on"]
    heaters_overruled: Annotated[int, U8, "bit n: heater n is not automatic"]
    worst_sensor: Annotated[int, U8, "the sensor nearest to a limit"]
    margin: Annotated[float, I16, Linear(0.01), Unit("K"), "its distance from the limit, negative outside"]
    errors: Annotated[int, U32, "transactions with the thermal interface that failed"]
    sensors_invalid: Annotated[int, U16, "bit n: sensor n gives no temperature; its last one is told"] = 0


class TemperatureOutOfLimits(
    Event, code=32, severity=Severity.ERROR, text="sensor {sensor} at {temperature:.1f} degC is out of limits"
):
    """A temperature left its limits."""

    sensor: Annotated[int, U8]
    temperature: Annotated[float, I16, Linear(0.01), Unit("degC")]


class TemperatureBackInLimits(Event, code=33, text="sensor {sensor} is back in limits"):
    """A temperature returned into its limits."""

    sensor: Annotated[int, U8]


class HeaterSwitched(Event, code=34, severity=Severity.DEBUG, text="heater {heater} on: {on}"):
    """A heater was switched."""

    heater: Annotated[int, U8]
    on: bool


class SensorFailed(Event, code=35, severity=Severity.ERROR, text="sensor {sensor} gives no temperature"):
    """A temperature sensor answers nonsense; heaters that follow it stay off unless the ground overrules them."""

    sensor: Annotated[int, U8]


class SensorRestored(Event, code=36, text="sensor {sensor} gives temperatures again"):
    """A temperature sensor works again."""

    sensor: Annotated[int, U8]


class ThermalInterfaceSilent(Event, code=37, severity=Severity.ERROR, text="no temperatures: {reason}"):
    """The thermal interface has not answered several times in a row; heaters stay as they are until it does."""

    reason: Annotated[str, UpTo(80)]


class ThermalInterfaceBack(Event, code=38, text="temperatures measured again after {failures} failures"):
    """The thermal interface answers again."""

    failures: Annotated[int, U32]
