"""Lithium-ion battery: two-branch equivalent circuit with energy kept exactly.

Terminal voltage V = OCV(SoC, T) - I R0(SoC, T) - v1 - v2, current I positive when discharging; v1 and v2 are the
voltages of two resistor-capacitor branches (Hu, Li, Peng, J. Power Sources 198 (2012) 359). The cells are balanced:
the pack is ``cells_in_series`` equal cells.

Energy. With an open-circuit voltage linear in temperature, OCV = E(SoC) + k (T - T_ref), the cell's internal energy
U = Q * integral of (E - k T_ref) dSoC does not depend on temperature, and the reversible (entropic) heat is -I k T
(Bernardi, Pawlikowski, Newman, J. Electrochem. Soc. 132 (1985) 5). What leaves the terminals and does not come out of
U or of the branches' capacitors must be heat, so heat is the difference: first law, to rounding.
"""

import math
from bisect import bisect_right
from itertools import pairwise
from typing import Annotated

import msgspec

from bus_sim.errors import ParameterError
from bus_sim.quantities import (
    ActivationKelvins,
    AmpereHours,
    Amperes,
    CellVolts,
    Celsius,
    Fraction,
    Name,
    Ohms,
    PositiveFraction,
    PositiveSeconds,
    VoltsPerKelvin,
)

ZERO_CELSIUS_K = 273.15
REFERENCE_K = 298.15
_SECONDS_PER_HOUR = 3600.0
_FULL, _EMPTY = 1.0, 0.0


class BatteryParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A battery of equal cells in series; all electrical values are per cell.

    Attributes:
        node: thermal node it heats.
        cells_in_series: number of cells.
        capacity_ah: charge between empty and full.
        soc_points: rising grid of states of charge, from 0 to 1.
        ocv_v: open-circuit voltage at 25 degC on that grid, rising.
        r0_ohm: ohmic resistance at 25 degC on that grid.
        r0_activation_k: R0 grows as exp(r0_activation_k (1/T - 1/298.15 K)).
        entropy_v_per_k: change of the open-circuit voltage per kelvin.
        r1_ohm: resistance of the fast branch.
        tau1_s: its time constant.
        r2_ohm: resistance of the slow branch.
        tau2_s: its time constant.
        coulombic_efficiency: part of the charging current that is stored.
        charge_voltage_v: the charger holds the cell at or below this voltage.
        charge_current_a: largest charging current.
        lowest_charge_c: below this temperature the charger refuses to charge [degC].
        initial_soc: state of charge at scenario start.
    """

    node: Name
    cells_in_series: Annotated[int, msgspec.Meta(ge=1, le=100)]
    capacity_ah: AmpereHours
    soc_points: tuple[Fraction, ...]
    ocv_v: tuple[CellVolts, ...]
    r0_ohm: tuple[Ohms, ...]
    r0_activation_k: ActivationKelvins
    entropy_v_per_k: VoltsPerKelvin
    r1_ohm: Ohms
    tau1_s: PositiveSeconds
    r2_ohm: Ohms
    tau2_s: PositiveSeconds
    coulombic_efficiency: PositiveFraction
    charge_voltage_v: CellVolts
    charge_current_a: Amperes
    lowest_charge_c: Celsius
    initial_soc: Fraction


class BatteryState(msgspec.Struct):
    """Memory of the battery; voltages and currents are the pack's.

    Attributes:
        soc: state of charge, 0 to 1.
        v1_v: voltage of the fast branch.
        v2_v: voltage of the slow branch.
        voltage_v: terminal voltage in the last step.
        current_a: terminal current in the last step, positive when discharging.
        heat_w: heat made in the last step; slightly negative where the entropic part outweighs the losses.
        discharged_ah: charge taken out since the start.
        capacity_factor: capacity left, 0 to 1; ageing and faults lower it.
    """

    soc: float
    v1_v: float = 0.0
    v2_v: float = 0.0
    voltage_v: float = 0.0
    current_a: float = 0.0
    heat_w: float = 0.0
    discharged_ah: float = 0.0
    capacity_factor: float = 1.0


def _check_tables(parameters: BatteryParameters) -> None:
    soc, ocv = parameters.soc_points, parameters.ocv_v
    if len(soc) < 2 or soc[0] != _EMPTY or soc[-1] != _FULL or any(b <= a for a, b in pairwise(soc)):
        raise ParameterError("battery.soc_points", f"{soc} is not a rising grid", ("from 0.0 to 1.0, rising",))
    for name, table in (("ocv_v", ocv), ("r0_ohm", parameters.r0_ohm)):
        if len(table) != len(soc):
            raise ParameterError(f"battery.{name}", f"{len(table)} values", (f"{len(soc)} values",))
        if min(table) <= 0.0:
            raise ParameterError(f"battery.{name}", f"contains {min(table)}", ("values > 0",))
    if any(b <= a for a, b in pairwise(ocv)):
        raise ParameterError("battery.ocv_v", "does not rise with the state of charge")


class Battery:
    """The pack; ``step`` is given the power at its terminals and keeps the books."""

    def __init__(self, parameters: BatteryParameters) -> None:
        _check_tables(parameters)
        self.parameters = parameters
        n = parameters.cells_in_series
        self._soc = parameters.soc_points
        self._last_segment = len(self._soc) - 2
        self._ocv = tuple(n * value for value in parameters.ocv_v)
        self._r0 = tuple(n * value for value in parameters.r0_ohm)
        widths = [b - a for a, b in pairwise(self._soc)]
        self._ocv_slope = tuple((b - a) / w for a, b, w in zip(self._ocv, self._ocv[1:], widths, strict=False))
        self._r0_slope = tuple((b - a) / w for a, b, w in zip(self._r0, self._r0[1:], widths, strict=False))
        energy, energies = 0.0, [0.0]
        for a, b, width in zip(self._ocv, self._ocv[1:], widths, strict=False):
            energy += 0.5 * (a + b) * width
            energies.append(energy)
        self._ocv_integral = tuple(energies)
        self._entropy_v_per_k = n * parameters.entropy_v_per_k
        self._r1, self._r2 = n * parameters.r1_ohm, n * parameters.r2_ohm
        self._c1, self._c2 = parameters.tau1_s / self._r1, parameters.tau2_s / self._r2
        self._charge_voltage_v = n * parameters.charge_voltage_v
        self._decay_step_s = self._decay_1 = self._decay_2 = 0.0
        self.state = BatteryState(soc=parameters.initial_soc)
        self.state.voltage_v = self.open_circuit(25.0)[0]

    @property
    def charge_as(self) -> float:
        """Charge between empty and full, as it is now [A s]."""
        return self.parameters.capacity_ah * self.state.capacity_factor * _SECONDS_PER_HOUR

    def open_circuit(self, temperature_c: float) -> tuple[float, float]:
        """Open-circuit voltage [V] and ohmic resistance [ohm] of the pack at a temperature [degC]."""
        soc = self.state.soc
        segment = min(bisect_right(self._soc, soc) - 1, self._last_segment)
        x = soc - self._soc[segment]
        kelvin = temperature_c + ZERO_CELSIUS_K
        ocv = self._ocv[segment] + self._ocv_slope[segment] * x + self._entropy_v_per_k * (kelvin - REFERENCE_K)
        r0 = self._r0[segment] + self._r0_slope[segment] * x
        return ocv, r0 * math.exp(self.parameters.r0_activation_k * (1.0 / kelvin - 1.0 / REFERENCE_K))

    def stored_j(self) -> float:
        """Energy in the cells and in the branches' capacitors [J], a function of the state alone."""
        state = self.state
        soc = state.soc
        segment = min(bisect_right(self._soc, soc) - 1, self._last_segment)
        x = soc - self._soc[segment]
        integral = self._ocv_integral[segment] + (self._ocv[segment] + 0.5 * self._ocv_slope[segment] * x) * x
        integral -= self._entropy_v_per_k * REFERENCE_K * soc
        branches = 0.5 * (self._c1 * state.v1_v * state.v1_v + self._c2 * state.v2_v * state.v2_v)
        return self.charge_as * integral + branches

    def limits_w(self, temperature_c: float, step_s: float) -> tuple[float, float]:
        """Largest charging power (as a positive number) and largest discharging power for the next step [W].

        Charging is limited by the charge voltage, the charge current, the room left and the cold; discharging by the
        charge left and by the most a source of this voltage and resistance can give.
        """
        state, parameters = self.state, self.parameters
        ocv, r0 = self.open_circuit(temperature_c)
        emf = ocv - state.v1_v - state.v2_v
        charge_as = self.charge_as
        charge_a = 0.0
        if temperature_c >= parameters.lowest_charge_c:
            room_a = (1.0 - state.soc) * charge_as / (parameters.coulombic_efficiency * step_s)
            charge_a = max(0.0, min((self._charge_voltage_v - emf) / r0, parameters.charge_current_a, room_a))
        discharge_a = max(0.0, min(state.soc * charge_as / step_s, 0.5 * emf / r0))
        return max(0.0, (emf + charge_a * r0) * charge_a), (emf - discharge_a * r0) * discharge_a

    def step(self, power_w: float, temperature_c: float, step_s: float) -> None:
        """Give (positive) or take (negative) ``power_w`` at the terminals for ``step_s``.

        The power must lie within `limits_w` of the same moment. Current is constant through the step; the branches
        follow their exact exponentials.
        """
        state = self.state
        if step_s != self._decay_step_s:
            self._decay_step_s = step_s
            self._decay_1 = math.exp(-step_s / self.parameters.tau1_s)
            self._decay_2 = math.exp(-step_s / self.parameters.tau2_s)
        before_j = self.stored_j()
        ocv, r0 = self.open_circuit(temperature_c)
        emf = ocv - state.v1_v - state.v2_v
        # The root of (emf - I r0) I = P that tends to P / emf, in the form without cancellation.
        root = math.sqrt(max(0.0, emf * emf - 4.0 * r0 * power_w))
        current = 2.0 * power_w / (emf + root) if power_w else 0.0
        moved_as = current * step_s
        if current < 0.0:
            moved_as *= self.parameters.coulombic_efficiency
        else:
            state.discharged_ah += moved_as / _SECONDS_PER_HOUR
        state.soc = max(0.0, min(1.0, state.soc - moved_as / self.charge_as))
        final_1, final_2 = current * self._r1, current * self._r2
        state.v1_v = final_1 + (state.v1_v - final_1) * self._decay_1
        state.v2_v = final_2 + (state.v2_v - final_2) * self._decay_2
        state.current_a = current
        state.voltage_v = emf - current * r0
        state.heat_w = (before_j - self.stored_j()) / step_s - power_w
