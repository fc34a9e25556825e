"""What the payload makes of what it has heard: the guard's measurements, the forecast's samples, the power it takes.

Pure. Where two sources tell the same, the worse one is believed; what nobody tells is NaN, which the guard refuses.
"""

from __future__ import annotations

import math

from apps.mode_manager.messages import SpacecraftMode
from apps.payload.forecast import NANOSECONDS, Sample
from apps.payload.guard import Measured
from apps.payload.state import NEVER_NS, Heard
from apps.payload.tables import BoardTable, GuardLimits
from apps.power.messages import ShedLevel


def age_s(now_ns: int, at_ns: int) -> float:
    """Seconds since something came; NaN when it never did."""
    return math.nan if at_ns == NEVER_NS else (now_ns - at_ns) / NANOSECONDS


def measured(heard: Heard, now_ns: int, board: BoardTable, limits: GuardLimits) -> Measured:
    """What the guard is to judge by."""
    power, mode = heard.power, heard.mode
    return Measured(
        mode=SpacecraftMode.BOOT if mode is None else mode.mode,
        mode_age_s=age_s(now_ns, heard.mode_ns),
        shed_level=ShedLevel.SURVIVAL if power is None else power.shed_level,
        state_of_charge=math.nan if power is None else power.state_of_charge,
        bus_voltage=math.nan if power is None else power.battery_voltage,
        payload_w=payload_w(heard, board),
        power_age_s=age_s(now_ns, heard.power_ns),
        board_c=board_c(heard, now_ns, board, limits),
        sink_c=_sensor_c(heard, board.sink_sensor),
        thermal_age_s=age_s(now_ns, heard.thermal_ns),
    )


def line_is_on(heard: Heard, board: BoardTable) -> bool | None:
    """Whether the board's line is on as measured; None when that was never told."""
    return None if heard.power is None else bool(heard.power.lines_on >> board.power_line & 1)


def payload_w(heard: Heard, board: BoardTable) -> float:
    """Power that the board's line takes; 0 when that was never told."""
    power = heard.power
    return 0.0 if power is None else power.line_currents[board.power_line] * power.battery_voltage


def board_c(heard: Heard, now_ns: int, board: BoardTable, limits: GuardLimits) -> float:
    """Temperature of the board by its own sensor or the spacecraft's, whichever is hotter."""
    outside = _sensor_c(heard, board.board_sensor)
    told, age = heard.board, age_s(now_ns, heard.board_ns)
    if told is None or not 0.0 <= age <= limits.thermal_stale_s:
        return outside
    return max(told.temperature_c, outside)  # a NaN outside is never the larger one


def sample(heard: Heard, now_ns: int, board: BoardTable, limits: GuardLimits) -> Sample | None:
    """What the averages can learn now; None when a part of it is stale."""
    power, orbit = heard.power, heard.orbit
    if power is None or orbit is None:
        return None
    power_age, orbit_age = age_s(now_ns, heard.power_ns), age_s(now_ns, orbit.at_ns)
    if not (power_age <= limits.power_stale_s and orbit_age <= limits.power_stale_s):
        return None
    charging_w = power.battery_voltage * power.battery_current
    thermal_age = age_s(now_ns, heard.thermal_ns)
    return Sample(
        sunlit=heard.sunlit,
        array_w=power.array_power,
        platform_w=power.array_power - charging_w - payload_w(heard, board) / limits.line_efficiency,
        sink_c=_sensor_c(heard, board.sink_sensor) if thermal_age <= limits.thermal_stale_s else math.nan,
        state_of_charge=power.state_of_charge,
    )


def _sensor_c(heard: Heard, sensor: int) -> float:
    temperatures = () if heard.thermal is None else heard.thermal.temperatures
    return temperatures[sensor] if sensor < len(temperatures) else math.nan
