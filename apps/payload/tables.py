"""The payload's tables: what the board is, what may never happen, what the sky and the jobs look like."""

from __future__ import annotations

from typing import Annotated

from apps.power.messages import LINES
from apps.thermal.messages import MAX_SENSORS
from flightsw.devices.compute_board import PowerMode
from tlm_cmd.definition.fields import F32, U8, U16, U32, Range, Unit, UpTo
from tlm_cmd.definition.message import Record

Fraction = Annotated[float, F32, Range(0, 1)]
Watts = Annotated[float, F32, Range(0, 1000), Unit("W")]
WattHours = Annotated[float, F32, Range(0, 100_000), Unit("Wh")]
Kelvins = Annotated[float, F32, Range(0, 100), Unit("K")]
Celsius = Annotated[float, F32, Range(-100, 150), Unit("degC")]
Seconds = Annotated[int, U16, Range(1, 65_535), Unit("s")]

MAX_POWER_MODES = 4
MAX_VARIANTS = 8


class PowerStep(Record):
    """One power mode of the board."""

    power_w: Annotated[int, U8, Range(1, 255), Unit("W"), "while it works"]
    speed: Annotated[float, F32, Range(0.01, 1), "work per second, 1 at full speed"]


class Variant(Record):
    """One way to run the model, dearer and better or cheaper and worse."""

    name: Annotated[str, UpTo(16), "as the model's manifest has it"]
    accuracy: Annotated[float, F32, Range(0, 1), "share of a job's value that it earns"]
    work_s: Annotated[float, F32, Range(0.001, 100_000), Unit("s"), "one image at full speed"]


class BoardTable(Record):
    """The compute board: where it hangs, what it can do and how long it may take."""

    power_line: Annotated[int, U8, Range(0, LINES - 1)]
    board_sensor: Annotated[int, U8, Range(0, MAX_SENSORS - 1), "its temperature in ThermalStatus"]
    sink_sensor: Annotated[int, U8, Range(0, MAX_SENSORS - 1), "temperature of what cools it in ThermalStatus"]
    idle_w: Watts
    boot_w: Watts
    boot_limit_s: Annotated[int, U16, Range(1, 65_535), Unit("s"), "after which a boot has failed"]
    silence_s: Annotated[int, U16, Range(1, 65_535), Unit("s"), "without a reply until the board counts as lost"]
    hang_s: Annotated[int, U16, Range(1, 65_535), Unit("s"), "without progress until a job counts as hung"]
    result_limit_s: Annotated[int, U16, Range(1, 65_535), Unit("s"), "how long a finished board waits for its result"]
    rest_s: Annotated[int, U16, Range(1, 65_535), Unit("s"), "without work until it is switched off"]
    switch_retry_s: Annotated[int, U8, Range(1, 255), Unit("s"), "until its line is switched again"]
    model_load_s: Annotated[int, U8, Range(1, 255), Unit("s"), "what loading and verifying the model takes"]
    failures_allowed: Annotated[int, U8, Range(1, 100), "failed boots and hangs in a row before the mode FAULT"]
    steps: Annotated[tuple[PowerStep, ...], UpTo(MAX_POWER_MODES), "power modes, weakest first"]
    variants: Annotated[tuple[Variant, ...], UpTo(MAX_VARIANTS), "of the model"]


class GuardLimits(Record):
    """What the guard protects, and how far it trusts what it is told.

    A margin covers what no bound describes; a bound (``_error``) is how wrong a value may be. ``start_`` margins apply
    besides when work is about to begin, so that it is not cut off the next second.
    """

    slot_s: Annotated[int, U8, Range(1, 120), Unit("s"), "how far an admission reaches, at least a control period"]
    capacity_wh: Annotated[float, F32, Range(1, 100_000), Unit("Wh"), "of the battery, between empty and full"]
    floor: Annotated[float, F32, Range(0, 1), "state of charge that may never be undercut"]
    energy_margin_wh: WattHours
    start_energy_wh: WattHours
    charge_error: Annotated[float, F32, Range(0, 0.5), "of the state of charge, absolute"]
    array_error: Annotated[float, F32, Range(0, 1), "of the expected array power, relative"]
    load_error: Annotated[float, F32, Range(0, 1), "of the expected load, relative"]
    charge_limit_w: Annotated[float, F32, Range(0, 10_000), Unit("W"), "most that the battery takes"]
    charge_efficiency: Annotated[float, F32, Range(0.5, 1), "what arrives of what is charged"]
    discharge_efficiency: Annotated[float, F32, Range(0.5, 1), "what arrives of what is discharged"]
    line_efficiency: Annotated[float, F32, Range(0.5, 1), "what arrives at the board of what its line takes"]
    bus_voltage_floor: Annotated[float, F32, Range(0, 200), Unit("V")]
    bus_resistance_ohm: Annotated[float, F32, Range(0, 100), "of the battery, slow branches included"]
    temperature_limit: Celsius
    temperature_margin: Kelvins
    start_temperature: Kelvins
    sink_margin: Annotated[float, F32, Range(0, 100), Unit("K"), "what the sink may be hotter than measured"]
    thermal_resistance: Annotated[float, F32, Range(0.01, 100), Unit("K/W"), "board to sink, at most"]
    heat_capacity: Annotated[float, F32, Range(1, 100_000), Unit("J/K"), "of the board, at least"]
    power_stale_s: Seconds
    thermal_stale_s: Seconds
    mode_stale_s: Seconds
    forecast_stale_s: Annotated[int, U16, Range(1, 65_535), Unit("s"), "age of the orbit that a forecast stands on"]


class ForecastRules(Record):
    """How sun, load and heat are expected before they are measured, and how fast measurements change that."""

    array_w: Annotated[float, F32, Range(0, 10_000), Unit("W"), "in sunlight, before any is measured"]
    sunlit_load_w: Annotated[float, F32, Range(0, 10_000), Unit("W"), "without the payload, in sunlight, likewise"]
    eclipse_load_w: Annotated[float, F32, Range(0, 10_000), Unit("W"), "without the payload, in eclipse, likewise"]
    sink_c: Annotated[float, F32, Range(-100, 100), Unit("degC"), "likewise"]
    average_s: Annotated[int, U16, Range(1, 65_535), Unit("s"), "time constant of the averages"]
    trust_below: Annotated[float, F32, Range(0, 1), "state of charge above which the array is not used fully"]
    step_s: Annotated[int, U8, Range(10, 240), Unit("s"), "of a forecast"]
    renew_s: Annotated[int, U16, Range(1, 3600), Unit("s"), "how often it is made anew"]


class JobRules(Record):
    """What becomes of images."""

    cloudy_above: Annotated[float, F32, Range(0, 1), "cloud fraction above which an image is discarded"]
    image_deadline_s: Annotated[int, U32, Range(60, 604_800), Unit("s"), "of an image, from when it was taken"]
    attempts: Annotated[int, U8, Range(1, 10), "starts of a job before it has failed; cut-offs do not count"]
    largest_image_octets: Annotated[int, U32, Range(1, 33_554_432)]


def check_board(board: BoardTable) -> str | None:
    """What is wrong with a board table, or None."""
    powers = [step.power_w for step in board.steps]
    speeds = [step.speed for step in board.steps]
    names = [variant.name for variant in board.variants]
    if not powers or not names:
        return "at least one power step and one variant are needed"
    if powers != sorted(set(powers)) or speeds != sorted(set(speeds)):
        return "power steps must rise in power and in speed"
    if any(power not in tuple(PowerMode) for power in powers):
        return f"the board has power modes of {', '.join(str(int(mode)) for mode in PowerMode)} W only"
    if len(set(names)) != len(names):
        return f"variants repeat a name: {', '.join(names)}"
    return None


def check_limits(limits: GuardLimits) -> str | None:
    """What is wrong with a guard's limits, or None."""
    if limits.floor * limits.capacity_wh + limits.energy_margin_wh + limits.start_energy_wh >= limits.capacity_wh:
        return "floor and energy margins leave nothing of the battery"
    return None
