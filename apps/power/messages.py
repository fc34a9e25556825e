"""Interface of the power app: what is generated, stored and used, and who has to wait."""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Annotated

from tlm_cmd.definition.fields import I16, U8, U16, U32, Length, Limits, Linear, Range, Unit, UpTo
from tlm_cmd.definition.message import Command, Event, Severity, Telemetry

LINES = 12
"""Power lines that the messages can tell of; the spacecraft may have fewer."""


@unique
class ShedLevel(IntEnum):
    """How much is switched off to save the battery."""

    NONE = 0
    PAYLOAD = 1
    SURVIVAL = 2


class SwitchLine(Command, code=2, hazardous=True):
    """Switch one power line; the wrong one ends the mission."""

    line: Annotated[int, U8, Range(0, LINES - 1), "number of the power line"]
    on: bool


class RetriggerLine(Command, code=3):
    """Close a line whose limiter has tripped, and allow it all its retries again."""

    line: Annotated[int, U8, Range(0, LINES - 1), "number of the power line"]


class PowerStatus(Telemetry, period_s=1):
    """The power system as measured."""

    battery_voltage: Annotated[float, U16, Linear(0.001), Unit("V"), Limits(yellow=(26.0, 33.4), red=(24.5, 33.8))]
    battery_current: Annotated[float, I16, Linear(0.001), Unit("A"), "positive when charging"]
    state_of_charge: Annotated[float, U16, Linear(0.0001), Unit("1"), Limits(yellow=(0.72, 1.0), red=(0.70, 1.0))]
    battery_temperature: Annotated[float, I16, Linear(0.01), Unit("degC"), Limits(yellow=(0, 40), red=(-5, 50))]
    array_power: Annotated[float, U16, Linear(0.01), Unit("W"), "drawn from the solar array"]
    load_power: Annotated[float, U16, Linear(0.01), Unit("W"), "delivered to the lines"]
    lines_on: Annotated[int, U16, "bit n: line n is on"]
    lines_tripped: Annotated[int, U16, "bit n: the limiter of line n has opened"]
    line_currents: Annotated[tuple[Annotated[float, U16, Linear(0.001)], ...], Length(LINES), Unit("A"), "by line"]
    shed_level: ShedLevel
    eps_errors: Annotated[int, U32, "transactions with the power system that failed"]


class LoadShed(
    Event, code=32, severity=Severity.ERROR, text="loads shed: {level}, state of charge {state_of_charge:.3f}"
):
    """The battery is low, so loads were switched off."""

    level: ShedLevel
    state_of_charge: Annotated[float, U16, Linear(0.0001)]


class LineTripped(Event, code=33, severity=Severity.ERROR, text="line {line} tripped"):
    """A current limiter has opened."""

    line: Annotated[int, U8]


class LineRestored(Event, code=34, text="line {line} closed again"):
    """A line that had tripped, or that the power system had opened, was closed again by a retry or by command."""

    line: Annotated[int, U8]


class LineSwitched(Event, code=35, text="line {line} on: {on}"):
    """A line was switched by command."""

    line: Annotated[int, U8]
    on: bool


class LineGivenUp(Event, code=36, severity=Severity.ERROR, text="line {line} stays off after {retries} retries"):
    """A line has tripped too often; it is closed again by command only."""

    line: Annotated[int, U8]
    retries: Annotated[int, U8]


class LoadsRestored(Event, code=37, text="loads back, shedding now {level}, state of charge {state_of_charge:.3f}"):
    """The battery has recovered, so the normal lines are switched on again."""

    level: ShedLevel
    state_of_charge: Annotated[float, U16, Linear(0.0001)]


class PowerSystemSilent(Event, code=38, severity=Severity.ERROR, text="no measurements of the power system: {reason}"):
    """The power system has not answered several times in a row; nothing is shed until it does."""

    reason: Annotated[str, UpTo(80)]


class PowerSystemBack(Event, code=39, text="power system measured again after {failures} failures"):
    """The power system answers again."""

    failures: Annotated[int, U32]


class LineOpened(Event, code=40, severity=Severity.ERROR, text="line {line} was opened by the power system"):
    """A line is off that nobody switched off, as after a low bus voltage; it is closed again a minute later."""

    line: Annotated[int, U8]
