import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from bus_sim.errors import ParameterError
from bus_sim.parameters import SpacecraftParameters, load_parameters
from bus_sim.power.battery import Battery, BatteryParameters

WARM_C = 25.0


@pytest.fixture
def battery(parameters: SpacecraftParameters) -> Battery:
    """The mission's battery."""
    return Battery(parameters.battery)


def at(soc: float) -> Battery:
    """The mission's battery at a state of charge."""
    battery = Battery(load_parameters().battery)
    battery.state.soc = soc
    return battery


def test_it_is_an_80_wh_battery() -> None:
    """Between empty and full lie 80 Wh, within 2 Wh, at some 29 V."""
    full, empty = at(1.0), at(0.0)
    # The entropic term belongs to the internal energy, not to the electrical work.
    entropic_wh = 8 * 0.0001 * 298.15 * 2.69
    assert (full.stored_j() - empty.stored_j()) / 3600.0 - entropic_wh == pytest.approx(80.0, abs=2.0)
    assert 28.0 < at(0.5).open_circuit(WARM_C)[0] < 31.0


def test_cold_and_emptiness_raise_the_resistance() -> None:
    """The ohmic resistance about doubles towards 0 degC, and is highest when empty."""
    assert at(0.5).open_circuit(0.0)[1] / at(0.5).open_circuit(WARM_C)[1] == pytest.approx(
        math.exp(2000.0 * (1 / 273.15 - 1 / 298.15))
    )
    assert at(0.0).open_circuit(WARM_C)[1] > 1.5 * at(0.5).open_circuit(WARM_C)[1]


def test_open_circuit_voltage_depends_on_temperature() -> None:
    """It changes by the entropic coefficient of eight cells per kelvin."""
    warm, cold = at(0.5).open_circuit(WARM_C)[0], at(0.5).open_circuit(WARM_C - 10.0)[0]
    assert warm - cold == pytest.approx(-8 * 0.0001 * 10.0)


def test_the_terminals_give_what_is_asked(battery: Battery) -> None:
    """Voltage times current is the power, in both directions, and the current's sign tells which."""
    for power_w in (30.0, -20.0, 0.0):
        battery.step(power_w, WARM_C, 1.0)
        assert battery.state.voltage_v * battery.state.current_a == pytest.approx(power_w, abs=1e-9)
        assert math.copysign(1.0, battery.state.current_a) == math.copysign(1.0, power_w)


def test_agrees_with_an_independent_integration(parameters: SpacecraftParameters) -> None:
    """Half an hour of changing power: voltage within 2.5 mV per cell, charge within 1e-3 of SciPy's DOP853."""
    p = parameters.battery
    n, q = p.cells_in_series, p.capacity_ah * 3600.0
    battery = Battery(p)
    powers = [25.0 + 15.0 * math.sin(k / 90.0) if k % 700 < 450 else -22.0 for k in range(1800)]

    def voltage_and_current(soc: float, v1: float, v2: float, power: float) -> tuple[float, float]:
        ocv = n * float(np.interp(soc, p.soc_points, p.ocv_v))
        r0 = n * float(np.interp(soc, p.soc_points, p.r0_ohm))
        emf = ocv - v1 - v2
        current = (emf - math.sqrt(emf * emf - 4.0 * r0 * power)) / (2.0 * r0)
        return emf - current * r0, current

    def slope(_: float, y: np.ndarray, power: float) -> list[float]:
        current = voltage_and_current(*y, power)[1]
        return [
            -current * (p.coulombic_efficiency if current < 0 else 1.0) / q,
            (current * n * p.r1_ohm - y[1]) / p.tau1_s,
            (current * n * p.r2_ohm - y[2]) / p.tau2_s,
        ]

    y = np.array([p.initial_soc, 0.0, 0.0])
    for power in powers:
        battery.step(power, WARM_C, 1.0)
        y = solve_ivp(slope, (0.0, 1.0), y, method="DOP853", args=(power,), rtol=1e-6).y[:, -1]
        assert battery.state.voltage_v == pytest.approx(voltage_and_current(*y, power)[0], abs=0.02)
    assert battery.state.soc == pytest.approx(y[0], abs=1e-3)
    assert battery.state.v2_v == pytest.approx(y[2], abs=0.005)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.0, 1.0),
    st.floats(-10.0, 45.0),
    st.lists(st.floats(-1.0, 1.0), min_size=1, max_size=40),
)
def test_energy_is_neither_made_nor_lost(soc: float, temperature_c: float, shares: list[float]) -> None:
    """Whatever is drawn within the limits: terminals + heat + change of the stored energy is nothing, to rounding."""
    battery = at(soc)
    before_j = battery.stored_j()
    terminals_j = heat_j = 0.0
    for share in shares:
        charge_w, discharge_w = battery.limits_w(temperature_c, 1.0)
        assert charge_w >= 0.0
        assert discharge_w >= 0.0
        power_w = share * (discharge_w if share > 0.0 else charge_w)
        battery.step(power_w, temperature_c, 1.0)
        terminals_j += power_w
        heat_j += battery.state.heat_w
        assert 0.0 <= battery.state.soc <= 1.0
    assert before_j == pytest.approx(battery.stored_j() + terminals_j + heat_j, rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.1, 0.9), st.floats(-10.0, 45.0), st.floats(-2.0, 3.0))
def test_irreversible_heat_is_never_negative(soc: float, temperature_c: float, current_a: float) -> None:
    """After the entropic part is taken out, current makes heat: about I squared R from rest."""
    battery = at(soc)
    ocv, r0 = battery.open_circuit(temperature_c)
    battery.step((ocv - current_a * r0) * current_a, temperature_c, 1.0)
    # Bernardi's reversible heat: - I T dOCV/dT.
    reversible_w = battery.state.current_a * 8 * 0.0001 * (temperature_c + 273.15)
    lost_charge_w = 0.002 * abs(min(0.0, current_a)) * 34.0
    irreversible_w = battery.state.heat_w - reversible_w
    assert irreversible_w >= -1e-6
    assert irreversible_w == pytest.approx(current_a**2 * r0, rel=0.1, abs=2e-3 + lost_charge_w)


def test_a_full_battery_takes_nothing_and_an_empty_one_gives_nothing() -> None:
    """The limits close where there is no room and no charge."""
    assert at(1.0).limits_w(WARM_C, 1.0)[0] == 0.0
    assert at(0.0).limits_w(WARM_C, 1.0)[1] == 0.0


def test_the_charger_holds_current_and_voltage() -> None:
    """In the middle the current is limited to 2 A, near the top the voltage to 4.16 V per cell."""
    half = at(0.5)
    half.step(-half.limits_w(WARM_C, 1.0)[0], WARM_C, 1.0)
    assert half.state.current_a == pytest.approx(-2.0)
    high = at(0.97)
    high.step(-high.limits_w(WARM_C, 1.0)[0], WARM_C, 1.0)
    assert high.state.voltage_v == pytest.approx(8 * 4.16)
    assert -2.0 < high.state.current_a < 0.0


def test_no_charging_below_freezing() -> None:
    """Lithium plating is prevented: below 0 degC the charger refuses, discharge stays possible."""
    charge_w, discharge_w = at(0.5).limits_w(-0.1, 1.0)
    assert charge_w == 0.0
    assert discharge_w > 100.0


def test_charge_is_lost_to_side_reactions() -> None:
    """A coulomb put in is 0.998 coulomb in store; taken out, it is a coulomb and counted."""
    battery = at(0.5)
    battery.step(-30.0, WARM_C, 1.0)
    moved = battery.state.current_a / battery.charge_as
    assert battery.state.soc - 0.5 == pytest.approx(-0.998 * moved)
    assert battery.state.discharged_ah == 0.0
    battery.step(30.0, WARM_C, 1.0)
    assert battery.state.discharged_ah == pytest.approx(battery.state.current_a / 3600.0)


def test_a_faded_battery_holds_less(battery: Battery) -> None:
    """Half the capacity is half the charge."""
    whole_as = battery.charge_as
    battery.state.capacity_factor = 0.5
    assert battery.charge_as == pytest.approx(0.5 * whole_as)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"soc_points": (0.0, 0.5, 0.5, 1.0)}, "battery.soc_points"),
        ({"soc_points": (0.0, 0.9)}, "battery.soc_points"),
        ({"soc_points": (0.0, 1.0)}, "battery.ocv_v"),
        ({"soc_points": (0.0, 1.0), "ocv_v": (3.0, 4.0)}, "battery.r0_ohm"),
        ({"soc_points": (0.0, 1.0), "ocv_v": (0.0, 4.0), "r0_ohm": (0.1, 0.1)}, "battery.ocv_v"),
        ({"soc_points": (0.0, 1.0), "ocv_v": (4.0, 3.0), "r0_ohm": (0.1, 0.1)}, "battery.ocv_v"),
    ],
)
def test_bad_tables_are_refused(parameters: SpacecraftParameters, changes: dict[str, object], path: str) -> None:
    """Grids must rise from 0 to 1, tables must fit them, be positive and, for the voltage, rise."""
    bad: BatteryParameters = msgspec.structs.replace(parameters.battery, **changes)
    with pytest.raises(ParameterError) as caught:
        Battery(bad)
    assert caught.value.path == path
