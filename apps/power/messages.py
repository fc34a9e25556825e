"""Interface of the power app: what is generated, stored and used, and who has to wait."""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Annotated

from tlm_cmd.definition.fields import I16, U8, U16, U32, Length, Limits, Linear, Range, Unit
from tlm_cmd.definition.message import Command, Event, Severity, Telemetry

LINES = 12


@unique
class ShedLevel(IntEnum):
    """How much is switched off to save the battery."""

    NONE = 0
    PAYLOAD = 1
    SURVIVAL = 2


class SwitchLine(Command, code=2, hazardous=True):
    """Switch one power line; the wrong one ends the mission."""

    line: Annotated[int, U8, Range(0, LINES - 1)]
    on: bool


class RetriggerLine(Command, code=3):
    """Close the limiter of a line that has tripped."""

    line: Annotated[int, U8, Range(0, LINES - 1)]


class PowerStatus(Telemetry, period_s=1):
    """The power system as measured."""

    battery_voltage: Annotated[float, U16, Linear(0.001), Unit("V"), Limits(yellow=(26.0, 33.4), red=(24.5, 33.8))]
    battery_current: Annotated[float, I16, Linear(0.001), Unit("A"), "positive when charging"]
    state_of_charge: Annotated[float, U16, Linear(0.0001), Unit("1"), Limits(yellow=(0.72, 1.0), red=(0.70, 1.0))]
    battery_temperature: Annotated[float, I16, Linear(0.01), Unit("degC"), Limits(yellow=(0, 40), red=(-5, 50))]
    array_power: Annotated[float, U16, Linear(0.01), Unit("W")]
    load_power: Annotated[float, U16, Linear(0.01), Unit("W")]
    lines_on: Annotated[int, U16, "bit n: line n is on"]
    lines_tripped: Annotated[int, U16, "bit n: the limiter of line n has opened"]
    line_currents: Annotated[tuple[Annotated[float, U16, Linear(0.001)], ...], Length(LINES), "in A"]
    shed_level: ShedLevel
    eps_errors: Annotated[int, U32, "transactions with the power system that failed"]


class LoadShed(
    Event, code=32, severity=Severity.ERROR, text="load shedding {level}, state of charge {state_of_charge:.3f}"
):
    """The battery is low, so loads were switched off; or it has recovered."""

    level: ShedLevel
    state_of_charge: Annotated[float, U16, Linear(0.0001)]


class LineTripped(Event, code=33, severity=Severity.ERROR, text="line {line} tripped"):
    """A current limiter has opened."""

    line: Annotated[int, U8]


class LineRestored(Event, code=34, text="line {line} closed again"):
    """A tripped line was closed again."""

    line: Annotated[int, U8]


class LineSwitched(Event, code=35, text="line {line} on: {on}"):
    """A line was switched by command."""

    line: Annotated[int, U8]
    on: bool
