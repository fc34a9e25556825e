"""The guard to the edge, and against a plant that does its worst within the stated bounds."""

from __future__ import annotations

import math
import random
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import apps
from apps.mode_manager.messages import SpacecraftMode
from apps.payload.forecast import NANOSECONDS, Forecast
from apps.payload.guard import (
    MODES_WITH_PAYLOAD,
    Measured,
    Reserve,
    admit,
    reserve,
    spare_wh,
    strongest,
)
from apps.payload.messages import GuardReason
from apps.payload.tables import BoardTable, GuardLimits
from apps.power.messages import ShedLevel
from flightsw.services.tables.content import read_table

TABLES = Path(apps.__file__).parent / "missions/urbanwatch/tables/payload"
BOARD = read_table(BoardTable, TABLES / "board.toml")
LIMITS = read_table(GuardLimits, TABLES / "limits.toml")
MINUTE_NS = 60 * NANOSECONDS

GOOD = Measured(
    mode=SpacecraftMode.NOMINAL,
    mode_age_s=0.0,
    shed_level=ShedLevel.NONE,
    state_of_charge=0.95,
    bus_voltage=32.0,
    payload_w=0.0,
    power_age_s=0.0,
    board_c=20.0,
    sink_c=10.0,
    thermal_age_s=0.0,
)


def forecast_of(array_w: list[float], load_w: list[float], sink_c: float = 10.0) -> Forecast:
    """A forecast from time 0 in steps of a minute."""
    return Forecast(
        start_ns=0,
        orbit_ns=0,
        step_ns=MINUTE_NS,
        sunlit=tuple(power > 0.0 for power in array_w),
        array_w=tuple(array_w),
        load_w=tuple(load_w),
        sink_c=sink_c,
    )


def sunny(steps: int = 95, load_w: float = 10.0) -> Reserve:
    """The reserve of an orbit in full sun."""
    return reserve(forecast_of([60.0] * steps, [load_w] * steps), LIMITS, BOARD.idle_w)


def verdict(
    measured: Measured = GOOD, power_w: float = 15.0, *, starting: bool = False, now_s: float = 0.0
) -> GuardReason:
    """What the guard says in full sun."""
    return admit(power_w, measured, sunny(), round(now_s * NANOSECONDS), LIMITS, starting=starting)


def but(**changes: object) -> Measured:
    """The good measurements with some changed."""
    return msgspec.structs.replace(GOOD, **changes)


# ---------------------------------------------------------------- edges


def test_good_measurements_in_sunlight_are_admitted() -> None:
    """With sun, charge and a cool board every power mode is admitted."""
    assert [verdict(power_w=step.power_w) for step in BOARD.steps] == [GuardReason.ADMITTED] * 3


@pytest.mark.parametrize("mode", list(SpacecraftMode))
def test_only_three_spacecraft_modes_let_the_payload_work(mode: SpacecraftMode) -> None:
    """NOMINAL, IMAGING and DOWNLINK admit, every other mode refuses."""
    expected = GuardReason.ADMITTED if mode in MODES_WITH_PAYLOAD else GuardReason.SPACECRAFT_MODE
    assert verdict(but(mode=mode)) is expected


@pytest.mark.parametrize("level", [ShedLevel.PAYLOAD, ShedLevel.SURVIVAL])
def test_load_shedding_is_absolute(level: ShedLevel) -> None:
    """Any load shedding refuses even no power at all."""
    assert verdict(but(shed_level=level), power_w=0.0) is GuardReason.LOAD_SHEDDING


@pytest.mark.parametrize("field", ["mode_age_s", "power_age_s", "thermal_age_s"])
@pytest.mark.parametrize("age", [5.001, -0.001, math.nan, math.inf])
def test_stale_measurements_are_refused(field: str, age: float) -> None:
    """An age beyond its limit, from the future or unknown is refused."""
    assert verdict(but(**{field: age})) is GuardReason.STALE_MEASUREMENT


@pytest.mark.parametrize("field", ["mode_age_s", "power_age_s", "thermal_age_s"])
def test_measurements_are_fresh_up_to_their_limit(field: str) -> None:
    """An age equal to the limit is still fresh."""
    assert verdict(but(**{field: 5.0})) is GuardReason.ADMITTED


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("state_of_charge", math.nan),
        ("state_of_charge", 1.001),
        ("state_of_charge", -0.001),
        ("bus_voltage", math.nan),
        ("bus_voltage", math.inf),
        ("bus_voltage", 0.0),
        ("board_c", math.nan),
        ("board_c", -101.0),
        ("board_c", 151.0),
        ("sink_c", math.nan),
        ("sink_c", -101.0),
        ("sink_c", 151.0),
    ],
)
def test_what_cannot_be_a_measurement_is_refused(field: str, value: float) -> None:
    """NaN and values outside what a sensor can tell count as not measured."""
    assert verdict(but(**{field: value})) is GuardReason.STALE_MEASUREMENT


@pytest.mark.parametrize("power_w", [math.nan, math.inf, -0.1])
def test_a_power_that_is_none_is_refused(power_w: float) -> None:
    """A power that is not finite or below 0 is refused by name."""
    assert verdict(power_w=power_w) is GuardReason.UNKNOWN_POWER


def test_without_a_forecast_nothing_is_admitted() -> None:
    """No forecast, no power."""
    assert admit(7.0, GOOD, None, 0, LIMITS) is GuardReason.STALE_MEASUREMENT


@pytest.mark.parametrize(("now_s", "admitted"), [(-1, False), (0, True), (95 * 60 - 11, True), (95 * 60 - 10, False)])
def test_a_forecast_is_not_used_outside_its_time(now_s: float, admitted: bool) -> None:  # noqa: FBT001 - a parameter
    """Neither before its begin nor when the slot reaches behind its end."""
    limits = msgspec.structs.replace(LIMITS, forecast_stale_s=65_535)
    found = admit(15.0, GOOD, sunny(), round(now_s * NANOSECONDS), limits)
    assert (found is GuardReason.ADMITTED) is admitted


def test_a_forecast_on_an_old_orbit_is_refused() -> None:
    """The orbit below a forecast may be as old as its limit, not older."""
    at_limit = msgspec.structs.replace(sunny(), orbit_ns=-LIMITS.forecast_stale_s * NANOSECONDS)
    older = msgspec.structs.replace(at_limit, orbit_ns=at_limit.orbit_ns - 1)
    assert admit(15.0, GOOD, at_limit, 0, LIMITS) is GuardReason.ADMITTED
    assert admit(15.0, GOOD, older, 0, LIMITS) is GuardReason.STALE_MEASUREMENT


def test_the_bus_voltage_behind_the_added_current_counts() -> None:
    """25 W at the board add a current whose drop over the battery's resistance must leave the floor, exactly."""
    drawn_w = 25.0 / LIMITS.line_efficiency
    floor = LIMITS.bus_voltage_floor
    edge = (floor + math.sqrt(floor * floor + 4.0 * drawn_w * LIMITS.bus_resistance_ohm)) / 2.0
    assert verdict(but(bus_voltage=edge + 1e-6), power_w=25.0) is GuardReason.ADMITTED
    assert verdict(but(bus_voltage=edge - 1e-6), power_w=25.0) is GuardReason.BUS_VOLTAGE


def test_what_is_drawn_already_is_not_added() -> None:
    """A board that runs at 25 W adds nothing by going on; an unknown draw counts as none."""
    assert verdict(but(bus_voltage=28.1, payload_w=25.0 / LIMITS.line_efficiency), power_w=25.0) is GuardReason.ADMITTED
    assert verdict(but(bus_voltage=28.1, payload_w=math.nan), power_w=25.0) is GuardReason.BUS_VOLTAGE


def test_the_floor_is_kept_to_the_watt_hour() -> None:
    """In the dark without any load the charge behind the slot must be floor and margins, exactly."""
    dark = reserve(forecast_of([0.0], [0.0]), msgspec.structs.replace(LIMITS, slot_s=1), 0.0)
    limits = msgspec.structs.replace(LIMITS, slot_s=1, charge_error=0.0)
    lost_wh = 19.0 / limits.line_efficiency / limits.discharge_efficiency / 3600.0
    least = (limits.floor * limits.capacity_wh + limits.energy_margin_wh + lost_wh) / limits.capacity_wh
    assert admit(19.0, but(state_of_charge=least + 1e-9), dark, 0, limits) is GuardReason.ADMITTED
    assert admit(19.0, but(state_of_charge=least - 1e-9), dark, 0, limits) is GuardReason.BATTERY_FLOOR


def test_a_start_needs_more_than_going_on() -> None:
    """The start margins apply to charge and temperature only when work begins."""
    least = LIMITS.floor + LIMITS.charge_error + (LIMITS.energy_margin_wh + 0.01) / LIMITS.capacity_wh
    assert verdict(but(state_of_charge=least)) is GuardReason.ADMITTED
    assert verdict(but(state_of_charge=least), starting=True) is GuardReason.BATTERY_FLOOR
    warm = LIMITS.temperature_limit - LIMITS.temperature_margin - 0.01
    assert verdict(but(board_c=warm), power_w=7.0) is GuardReason.ADMITTED
    assert verdict(but(board_c=warm), power_w=7.0, starting=True) is GuardReason.BOARD_TEMPERATURE


def test_a_slot_over_a_step_border_takes_the_worse_step() -> None:
    """A slot that begins in sunlight and ends in eclipse is judged by the eclipse."""
    limits = msgspec.structs.replace(LIMITS, floor=0.0, energy_margin_wh=0.0, charge_error=0.0, slot_s=60)
    forward = reserve(forecast_of([60.0, 0.0, 60.0], [10.0] * 3), limits, 0.0)
    empty = but(state_of_charge=0.004)  # 0.32 Wh; a minute of eclipse takes 0.19 and 25 W another 0.46
    assert admit(0.0, empty, forward, 30 * NANOSECONDS, limits) is GuardReason.BATTERY_FLOOR
    assert admit(25.0, empty, forward, 0, limits) is GuardReason.BATTERY_FLOOR
    assert admit(0.0, empty, forward, 60 * NANOSECONDS + 1, limits) is GuardReason.ADMITTED


def test_the_reserve_is_what_the_battery_still_loses() -> None:
    """Backwards: an eclipse adds its loss, sunlight takes off its gain, and the reserve is never below 0."""
    exact = msgspec.structs.replace(
        LIMITS,
        array_error=0.0,
        load_error=0.0,
        charge_efficiency=1.0,
        discharge_efficiency=1.0,
        charge_limit_w=100.0,
    )
    found = reserve(forecast_of([0.0, 18.0, 0.0, 0.0, 60.0], [6.0, 12.0, 6.0, 6.0, 6.0]), exact, 0.0).need_wh
    assert found == pytest.approx((0.2, 0.1, 0.2, 0.1, 0.0, 0.0))


def test_bounds_are_taken_at_their_bad_end() -> None:
    """Less sun, more load, less charging and costlier discharging than forecast go into the reserve."""
    lossy = reserve(forecast_of([20.0, 0.0], [10.0, 10.0]), LIMITS, 0.0)
    assert lossy.net_w == pytest.approx((20.0 * 0.8 - 11.0, -11.0))
    assert lossy.need_wh[1] == pytest.approx(11.0 / 0.95 / 60.0)
    assert lossy.need_wh[0] == pytest.approx(11.0 / 0.95 / 60.0 - 5.0 * 0.95 / 60.0)


def test_a_board_at_rest_is_part_of_the_reserve() -> None:
    """What the idle board takes is lost in every step, losses of its line included."""
    resting = reserve(forecast_of([0.0], [10.0]), LIMITS, 1.5)
    assert resting.net_w == pytest.approx((-11.0 - 1.5 / 0.95,))
    assert resting.idle_w == 1.5


def test_charging_counts_up_to_what_the_battery_takes() -> None:
    """A surplus beyond the charge limit is lost."""
    plenty = reserve(forecast_of([500.0, 0.0], [0.0, 60.0]), LIMITS, 0.0)
    assert plenty.need_wh[1] - plenty.need_wh[0] == pytest.approx(LIMITS.charge_limit_w * 0.95 / 60.0)


def test_the_temperature_behind_the_slot_counts() -> None:
    """A board just under the limit may not take a power that would lift it over the limit within the slot."""
    highest = LIMITS.temperature_limit - LIMITS.temperature_margin
    share = -math.expm1(-LIMITS.slot_s / (LIMITS.thermal_resistance * LIMITS.heat_capacity))
    target = 30.0 + LIMITS.sink_margin + LIMITS.thermal_resistance * 25.0
    edge = (highest - share * target) / (1.0 - share)
    assert edge < highest
    assert verdict(but(sink_c=30.0, board_c=edge - 1e-6), power_w=25.0) is GuardReason.ADMITTED
    assert verdict(but(sink_c=30.0, board_c=edge + 1e-6), power_w=25.0) is GuardReason.BOARD_TEMPERATURE


def test_a_board_over_the_limit_may_not_work_even_when_it_would_cool() -> None:
    """Cooling under the limit within the slot is no reason to begin over it."""
    assert verdict(but(board_c=72.1, sink_c=-95.0), power_w=7.0) is GuardReason.BOARD_TEMPERATURE


def test_a_sink_that_would_heat_a_resting_board_forbids_work() -> None:
    """When rest does not cool, nothing is admitted; the expected sink counts as well as the measured one."""
    assert verdict(but(sink_c=70.0)) is GuardReason.BOARD_TEMPERATURE
    hot = reserve(forecast_of([60.0] * 5, [10.0] * 5, sink_c=70.0), LIMITS, BOARD.idle_w)
    assert admit(7.0, GOOD, hot, 0, LIMITS) is GuardReason.BOARD_TEMPERATURE


def test_the_strongest_admitted_mode_is_found_from_above() -> None:
    """A warm board gets a weaker mode, a hot one none, and a limit on the power is kept."""
    forward = sunny()
    assert strongest(math.inf, GOOD, forward, 0, LIMITS, BOARD)[0] == BOARD.steps[2]
    assert strongest(15.0, GOOD, forward, 0, LIMITS, BOARD)[0] == BOARD.steps[1]
    warm = but(board_c=71.7, sink_c=40.0)
    assert strongest(math.inf, warm, forward, 0, LIMITS, BOARD)[0] == BOARD.steps[1]
    assert strongest(math.inf, but(board_c=80.0), forward, 0, LIMITS, BOARD) == (None, GuardReason.BOARD_TEMPERATURE)
    assert strongest(6.0, GOOD, forward, 0, LIMITS, BOARD) == (None, GuardReason.UNKNOWN_POWER)


@given(
    stronger=st.floats(0, 30),
    weaker=st.floats(0, 30),
    charge=st.floats(0.7, 0.8),
    voltage=st.floats(27.5, 29.5),
    board_c=st.floats(55, 73),
    sink_c=st.floats(20, 70),
)
def test_less_power_is_never_refused_where_more_is_admitted(
    stronger: float, weaker: float, charge: float, voltage: float, board_c: float, sink_c: float
) -> None:
    """The guard is monotonic: an admission covers every smaller power."""
    measured = but(state_of_charge=charge, bus_voltage=voltage, board_c=board_c, sink_c=sink_c)
    dark = reserve(forecast_of([0.0] * 20, [10.0] * 20), LIMITS, BOARD.idle_w)
    if admit(stronger, measured, dark, 0, LIMITS) is GuardReason.ADMITTED:
        assert admit(min(weaker, stronger), measured, dark, 0, LIMITS) is GuardReason.ADMITTED


def test_spare_energy_is_what_is_above_reserve_floor_and_margins() -> None:
    """It shrinks with the reserve, is never negative and 0 when anything is unknown."""
    dark = reserve(forecast_of([0.0] * 2, [30.0] * 2), LIMITS, 0.0)
    full = spare_wh(GOOD, sunny(), 0, LIMITS)
    margins = LIMITS.energy_margin_wh + LIMITS.start_energy_wh
    assert full == pytest.approx((0.95 - 0.01 - 0.70) * 80.0 - margins)
    assert spare_wh(GOOD, dark, 0, LIMITS) == pytest.approx(full - dark.need_wh[0])
    assert spare_wh(but(state_of_charge=0.5), sunny(), 0, LIMITS) == 0.0
    assert spare_wh(but(state_of_charge=math.nan), sunny(), 0, LIMITS) == 0.0
    assert spare_wh(GOOD, None, 0, LIMITS) == 0.0
    assert spare_wh(GOOD, sunny(), 96 * MINUTE_NS, LIMITS) == 0.0


# ---------------------------------------------------------------- the plant


class Plant:
    """Battery and board, at the bad end of what the guard's table allows, flown by a reckless planner.

    Sun, load and heat of every minute are the forecast's times an error within its bound; charge, temperature and ages
    are measured with errors within theirs; now and then a measurement is missing.
    """

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        draw = self.chance.uniform
        self.eclipse = self.chance.randint(0, 40)
        self.phase = self.chance.randint(0, 94)
        self.load_w = draw(5.0, 16.0)
        self.array_w = self._sustaining() * draw(1.0, 2.0)
        self.bias = self.chance.choice((None, -1.0, 1.0))
        self.sink_c = draw(-10.0, 45.0)
        self.board_c = draw(self.sink_c, 60.0)
        self.resistance = LIMITS.thermal_resistance * draw(0.8, 1.0)
        self.capacity = LIMITS.heat_capacity * draw(1.0, 1.3)
        self.forward = self._reserve(0)
        margin = (LIMITS.energy_margin_wh + self.forward.need_wh[0]) / LIMITS.capacity_wh
        self.charge_wh = min(1.0, LIMITS.floor + margin + draw(0.0, 0.2)) * LIMITS.capacity_wh
        self.worked_s = 0
        self.breaches: list[str] = []

    def _sustaining(self) -> float:
        """The array power with which the platform alone gets through an orbit at the bad end of all bounds."""
        drain_w = self.load_w * (1.0 + LIMITS.load_error) + BOARD.idle_w / LIMITS.line_efficiency
        dark = self.eclipse / (95 - self.eclipse)
        needed = drain_w + drain_w * dark / LIMITS.discharge_efficiency / LIMITS.charge_efficiency
        return needed / (1.0 - LIMITS.array_error)

    def _sun_w(self, minute: int) -> float:
        return 0.0 if (minute + self.phase) % 95 < self.eclipse else self.array_w

    def _reserve(self, minute: int) -> Reserve:
        steps = range(minute, minute + 95)
        forecast = forecast_of([self._sun_w(step) for step in steps], [self.load_w] * 95, self.sink_c)
        found = reserve(forecast, LIMITS, BOARD.idle_w)
        return msgspec.structs.replace(found, start_ns=minute * MINUTE_NS, orbit_ns=minute * MINUTE_NS)

    def fly(self, minutes: int, *, guarded: bool) -> None:
        """Let time pass; the planner wants anything, mostly everything."""
        for minute in range(minutes):
            if guarded:
                self.forward = self._reserve(minute)
            shed = ShedLevel.PAYLOAD if self.chance.random() < 0.05 else ShedLevel.NONE
            mode = self.chance.choice(tuple(SpacecraftMode)) if self.chance.random() < 0.05 else SpacecraftMode.NOMINAL
            sign = self.chance.uniform(-1.0, 1.0) if self.bias is None else self.bias
            sun_w = self._sun_w(minute) * (1.0 + sign * LIMITS.array_error)
            load_w = self.load_w * (1.0 - sign * LIMITS.load_error)
            for slot in range(60 // LIMITS.slot_s):
                now_ns = minute * MINUTE_NS + slot * LIMITS.slot_s * NANOSECONDS
                power_w = self.chance.choice((0.0, 7.0, 15.0, 25.0, 25.0, 25.0, 25.0))
                measured, blind = self._measure(shed, mode)
                if guarded and power_w:
                    step, _ = strongest(power_w, measured, self.forward, now_ns, LIMITS, BOARD)
                    power_w = 0.0 if step is None else step.power_w
                self._pass(power_w, sun_w, load_w)
                self._judge(power_w, shed, mode, blind=blind)

    def _measure(self, shed: ShedLevel, mode: SpacecraftMode) -> tuple[Measured, bool]:
        """What the sensors tell, and whether they tell too little."""
        error = self.chance.uniform(-LIMITS.charge_error, LIMITS.charge_error)
        charge = max(0.0, min(1.0, self.charge_wh / LIMITS.capacity_wh + error))
        board_c = self.board_c + self.chance.uniform(-1.0, 1.0)
        told = but(mode=mode, shed_level=shed, state_of_charge=charge, board_c=board_c, sink_c=self.sink_c)
        if self.chance.random() >= 0.1:
            return told, False
        field = self.chance.choice(
            ("state_of_charge", "board_c", "sink_c", "bus_voltage", "mode_age_s", "power_age_s", "thermal_age_s")
        )
        value = self.chance.choice((math.nan, math.inf, -1000.0))
        return msgspec.structs.replace(told, **{field: value}), True

    def _pass(self, power_w: float, sun_w: float, load_w: float) -> None:
        """One control slot of battery and heat."""
        board_w = power_w or BOARD.idle_w
        net_w = sun_w - load_w - board_w / LIMITS.line_efficiency
        factor = LIMITS.charge_efficiency if net_w > 0.0 else 1.0 / LIMITS.discharge_efficiency
        net_w = min(net_w, LIMITS.charge_limit_w)
        self.charge_wh = min(LIMITS.capacity_wh, self.charge_wh + net_w * factor * LIMITS.slot_s / 3600.0)
        for _ in range(LIMITS.slot_s):
            flow_w = board_w - (self.board_c - self.sink_c) / self.resistance
            self.board_c += flow_w / self.capacity
        self.worked_s += LIMITS.slot_s if power_w else 0

    def _judge(self, power_w: float, shed: ShedLevel, mode: SpacecraftMode, *, blind: bool) -> None:
        if self.charge_wh < LIMITS.floor * LIMITS.capacity_wh:
            self.breaches.append("battery floor")
        if self.board_c > LIMITS.temperature_limit:
            self.breaches.append("temperature")
        if power_w and (shed is not ShedLevel.NONE or mode not in MODES_WITH_PAYLOAD):
            self.breaches.append("shed")
        if power_w and blind:
            self.breaches.append("blind")


@pytest.mark.untraced
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_no_plan_breaks_a_limit_through_the_guard(seed: int) -> None:
    """Whatever is planned, measured or forecast within the bounds, no limit is broken for two orbits."""
    plant = Plant(seed)
    plant.fly(190, guarded=True)
    assert plant.breaches == []


def test_the_guard_still_lets_work_be_done() -> None:
    """Over many plants the guarded payload works a good part of the time: safety is not bought by standstill."""
    plants = [Plant(seed) for seed in range(20)]
    for plant in plants:
        plant.fly(95, guarded=True)
    assert sum(plant.worked_s for plant in plants) > 0.2 * 20 * 95 * 60


def test_without_the_guard_limits_are_broken() -> None:
    """The same plants and plans without the guard break every kind of limit: the guard is the reason."""
    breaches: set[str] = set()
    for seed in range(20):
        plant = Plant(seed)
        plant.fly(190, guarded=False)
        breaches.update(plant.breaches)
    assert breaches == {"battery floor", "temperature", "shed", "blind"}
