"""Heater set points and temperature limits, and what follows from a set of temperatures. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec

from apps.thermal.messages import MAX_HEATERS, MAX_SENSORS
from tlm_cmd.definition.fields import F32, U8, Range, Unit, UpTo
from tlm_cmd.definition.message import Record

Celsius = Annotated[float, F32, Range(-100, 150), Unit("degC")]


class Heater(Record):
    """One heater's thermostat: on below ``on_below``, off above ``off_above``."""

    heater: Annotated[int, U8, Range(0, MAX_HEATERS - 1), "its number"]
    sensor: Annotated[int, U8, Range(0, MAX_SENSORS - 1), "number of the sensor that it follows"]
    on_below: Celsius
    off_above: Celsius


class SensorLimits(Record):
    """Where one sensor must stay."""

    sensor: Annotated[int, U8, Range(0, MAX_SENSORS - 1), "its number"]
    name: Annotated[str, UpTo(24), "what it measures"]
    lowest: Celsius
    highest: Celsius


class Setpoints(Record):
    """All heaters and limits."""

    heaters: Annotated[tuple[Heater, ...], UpTo(MAX_HEATERS)]
    limits: Annotated[tuple[SensorLimits, ...], UpTo(MAX_SENSORS)]


class Margin(msgspec.Struct, frozen=True):
    """The sensor nearest to a limit, and how far it is from it [K], negative outside."""

    sensor: int
    kelvin: float


def check_setpoints(setpoints: Setpoints) -> str | None:
    """What is wrong with the set points, or None."""
    heaters = [heater.heater for heater in setpoints.heaters]
    sensors = [limits.sensor for limits in setpoints.limits]
    for heater in setpoints.heaters:
        if not heater.on_below < heater.off_above:
            return f"heater {heater.heater}: on_below {heater.on_below} must be under off_above {heater.off_above}"
        if heaters.count(heater.heater) > 1:
            return f"heater {heater.heater} is there twice"
    for limits in setpoints.limits:
        if not limits.lowest < limits.highest:
            return f"sensor {limits.sensor}: lowest {limits.lowest} must be under highest {limits.highest}"
        if sensors.count(limits.sensor) > 1:
            return f"limits of sensor {limits.sensor} are there twice"
    return None


def wanted(heater: Heater, on: bool, temperature_c: float | None) -> bool:  # noqa: FBT001 - the heater's state
    """Whether a heater should be on, given whether it is; never while its temperature is not known."""
    if temperature_c is None or temperature_c > heater.off_above:
        return False
    return on or temperature_c < heater.on_below


def smallest_margin(setpoints: Setpoints, temperatures_c: Mapping[int, float]) -> Margin:
    """The sensor nearest to one of its limits; sensor 0 with 0 K when no temperature with limits is known.

    Args:
        setpoints: the limits.
        temperatures_c: what is known, by sensor.
    """
    worst: Margin | None = None
    for limits in setpoints.limits:
        temperature = temperatures_c.get(limits.sensor)
        if temperature is None:
            continue
        margin = min(temperature - limits.lowest, limits.highest - temperature)
        if worst is None or margin < worst.kelvin:
            worst = Margin(limits.sensor, margin)
    return worst or Margin(0, 0.0)
