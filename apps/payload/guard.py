"""Whether the board may take power in the next control slot: small, pure, and right whatever the planner wants.

Energy: the reserve is what the battery will still lose before it gains again, with the payload at rest, found by going
backwards through the forecast; every forecast value is taken at the bad end of its bound. Power is admitted only when
the charge behind the slot still covers the reserve above the floor. Heat: one slot ahead by the board's thermal
resistance and capacity; at rest it then only cools. Load shedding, spacecraft mode and what is stale are absolute.
"""

from __future__ import annotations

import math

import msgspec

from apps.mode_manager.messages import SpacecraftMode
from apps.payload.forecast import NANOSECONDS, Forecast
from apps.payload.messages import GuardReason
from apps.payload.tables import BoardTable, GuardLimits, PowerStep
from apps.power.messages import ShedLevel

MODES_WITH_PAYLOAD = (SpacecraftMode.NOMINAL, SpacecraftMode.IMAGING, SpacecraftMode.DOWNLINK)

COLDEST_C, HOTTEST_C = -100.0, 150.0
"""Outside these a temperature is no measurement."""

_SECONDS_PER_HOUR = 3600.0


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What the guard is told; an age is in seconds, NaN when nothing was ever heard.

    Attributes:
        mode: of the spacecraft.
        mode_age_s: age of ``mode``.
        shed_level: of the power system.
        state_of_charge: 0 to 1.
        bus_voltage: at the battery [V].
        payload_w: what the board's line takes now.
        power_age_s: age of the four values before.
        board_c: temperature of the board.
        sink_c: temperature of what cools it.
        thermal_age_s: age of the two values before.
    """

    mode: SpacecraftMode
    mode_age_s: float
    shed_level: ShedLevel
    state_of_charge: float
    bus_voltage: float
    payload_w: float
    power_age_s: float
    board_c: float
    sink_c: float
    thermal_age_s: float


class Reserve(msgspec.Struct, frozen=True, kw_only=True):
    """What a forecast means for the battery, at the bad end of its bounds and with the payload at rest.

    Attributes:
        start_ns: begin of the first step.
        orbit_ns: time of the orbit that the forecast stands on.
        step_ns: length of a step.
        idle_w: power of the payload at rest.
        net_w: per step, what the battery gains, negative when it loses.
        need_wh: at the begin of each step and at the end of the last, what the battery will still lose at most.
        sink_c: expected temperature of what cools the board.
    """

    start_ns: int
    orbit_ns: int
    step_ns: int
    idle_w: float
    net_w: tuple[float, ...]
    need_wh: tuple[float, ...]
    sink_c: float


def reserve(forecast: Forecast, limits: GuardLimits, idle_w: float) -> Reserve:
    """The reserve that a forecast demands, by backward recursion.

    ``need[t] = max(0, need[t + 1] - gain[t])``. Behind the forecast's end nothing is needed: it covers one orbit, and
    an orbit that the platform alone cannot sustain is for load shedding to mend.
    """
    net = tuple(
        array_w * (1.0 - limits.array_error) - load_w * (1.0 + limits.load_error) - idle_w / limits.line_efficiency
        for array_w, load_w in zip(forecast.array_w, forecast.load_w, strict=True)
    )
    step_s = forecast.step_ns / NANOSECONDS
    need = [0.0]
    for net_w in reversed(net):
        need.append(max(0.0, need[-1] - _gain_wh(net_w, step_s, limits)))
    return Reserve(
        start_ns=forecast.start_ns,
        orbit_ns=forecast.orbit_ns,
        step_ns=forecast.step_ns,
        idle_w=idle_w,
        net_w=net,
        need_wh=tuple(reversed(need)),
        sink_c=forecast.sink_c,
    )


def admit(
    power_w: float,
    measured: Measured,
    forward: Reserve | None,
    now_ns: int,
    limits: GuardLimits,
    *,
    starting: bool = False,
) -> GuardReason:
    """Whether the board may draw ``power_w`` until the next control slot.

    Args:
        power_w: at the board, at least 0.
        measured: what is known now.
        forward: the newest reserve, None when there is no forecast.
        now_ns: vehicle time.
        limits: what to protect.
        starting: work is about to begin, so the start margins apply too.

    Returns:
        ADMITTED, or the first reason against it.
    """
    standing = _standing(measured, limits)
    if standing is not GuardReason.ADMITTED:
        return standing
    if not (math.isfinite(power_w) and power_w >= 0.0):
        return GuardReason.UNKNOWN_POWER
    if forward is None or not _fresh((now_ns - forward.orbit_ns) / NANOSECONDS, limits.forecast_stale_s):
        return GuardReason.STALE_MEASUREMENT
    for reason in (
        _voltage(power_w, measured, limits),
        _energy(power_w, measured, forward, now_ns, limits, starting=starting),
        _temperature(power_w, measured, forward, limits, starting=starting),
    ):
        if reason is not GuardReason.ADMITTED:
            return reason
    return GuardReason.ADMITTED


def strongest(
    most_w: float,
    measured: Measured,
    forward: Reserve | None,
    now_ns: int,
    limits: GuardLimits,
    board: BoardTable,
    *,
    starting: bool = False,
) -> tuple[PowerStep | None, GuardReason]:
    """The strongest power mode of at most ``most_w`` that is admitted, or None and why not even the weakest is."""
    reason = GuardReason.UNKNOWN_POWER
    for step in reversed(board.steps):
        if step.power_w <= most_w:
            reason = admit(step.power_w, measured, forward, now_ns, limits, starting=starting)
            if reason is GuardReason.ADMITTED:
                return step, reason
    return None, reason


def spare_wh(measured: Measured, forward: Reserve | None, now_ns: int, limits: GuardLimits) -> float:
    """Energy that work may use up now without touching floor, margins and reserve; 0 when there is none or unknown."""
    step = None if forward is None else _step_at(forward, now_ns)
    if forward is None or step is None:
        return 0.0
    need = max(forward.need_wh[step], forward.need_wh[step + 1])
    spare = _charge_wh(measured, limits) - need - _least_wh(limits, starting=True)
    return max(spare, 0.0) if math.isfinite(spare) else 0.0


def _standing(measured: Measured, limits: GuardLimits) -> GuardReason:
    """What forbids the payload whatever power it wants."""
    if not _fresh(measured.mode_age_s, limits.mode_stale_s):
        return GuardReason.STALE_MEASUREMENT
    if measured.mode not in MODES_WITH_PAYLOAD:
        return GuardReason.SPACECRAFT_MODE
    if not _fresh(measured.power_age_s, limits.power_stale_s):
        return GuardReason.STALE_MEASUREMENT
    if measured.shed_level is not ShedLevel.NONE:
        return GuardReason.LOAD_SHEDDING
    if not (0.0 <= measured.state_of_charge <= 1.0 and 0.0 < measured.bus_voltage < math.inf):
        return GuardReason.STALE_MEASUREMENT
    return GuardReason.ADMITTED


def _voltage(power_w: float, measured: Measured, limits: GuardLimits) -> GuardReason:
    """Ohm's law over the battery: the bus sinks with the current that is added."""
    drawn_w = measured.payload_w if 0.0 <= measured.payload_w < math.inf else 0.0
    added_a = max(0.0, power_w / limits.line_efficiency - drawn_w) / measured.bus_voltage
    expected = measured.bus_voltage - added_a * limits.bus_resistance_ohm
    return GuardReason.ADMITTED if expected >= limits.bus_voltage_floor else GuardReason.BUS_VOLTAGE


def _energy(
    power_w: float, measured: Measured, forward: Reserve, now_ns: int, limits: GuardLimits, *, starting: bool
) -> GuardReason:
    first, last = _step_at(forward, now_ns), _step_at(forward, now_ns + limits.slot_s * NANOSECONDS)
    if first is None or last is None:
        return GuardReason.STALE_MEASUREMENT
    net_w = min(forward.net_w[first : last + 1])
    # Resting power is in net_w already.
    added_w = (power_w - forward.idle_w) / limits.line_efficiency
    behind = _charge_wh(measured, limits) + _gain_wh(net_w - added_w, limits.slot_s, limits)
    need = max(forward.need_wh[last], forward.need_wh[last + 1])
    enough = behind - need >= _least_wh(limits, starting=starting)
    return GuardReason.ADMITTED if enough else GuardReason.BATTERY_FLOOR


def _temperature(
    power_w: float, measured: Measured, forward: Reserve, limits: GuardLimits, *, starting: bool
) -> GuardReason:
    board, sink = measured.board_c, measured.sink_c
    known = COLDEST_C <= board <= HOTTEST_C and COLDEST_C <= sink <= HOTTEST_C
    if not (known and _fresh(measured.thermal_age_s, limits.thermal_stale_s)):
        return GuardReason.STALE_MEASUREMENT
    resistance = limits.thermal_resistance
    share = -math.expm1(-limits.slot_s / (resistance * limits.heat_capacity))
    behind = board + share * (sink + limits.sink_margin + resistance * power_w - board)
    at_rest = max(sink, forward.sink_c) + limits.sink_margin + resistance * forward.idle_w
    highest = limits.temperature_limit - limits.temperature_margin - (limits.start_temperature if starting else 0.0)
    return GuardReason.ADMITTED if max(board, behind, at_rest) <= highest else GuardReason.BOARD_TEMPERATURE


def _fresh(age_s: float, stale_s: float) -> bool:
    """NaN and an age from the future are not fresh."""
    return 0.0 <= age_s <= stale_s


def _step_at(forward: Reserve, time_ns: int) -> int | None:
    step = (time_ns - forward.start_ns) // forward.step_ns
    return step if 0 <= step < len(forward.net_w) else None


def _charge_wh(measured: Measured, limits: GuardLimits) -> float:
    return (measured.state_of_charge - limits.charge_error) * limits.capacity_wh


def _least_wh(limits: GuardLimits, *, starting: bool) -> float:
    """The charge that must remain."""
    margin = limits.energy_margin_wh + (limits.start_energy_wh if starting else 0.0)
    return limits.floor * limits.capacity_wh + margin


def _gain_wh(net_w: float, seconds: float, limits: GuardLimits) -> float:
    """What the battery gains from a surplus, or loses to a deficit."""
    if net_w >= 0.0:
        return min(net_w, limits.charge_limit_w) * limits.charge_efficiency * seconds / _SECONDS_PER_HOUR
    return net_w / limits.discharge_efficiency * seconds / _SECONDS_PER_HOUR
