"""Thermal network: nodes with heat capacity, conductances between them, radiation to space.

Integrated by explicit Euler. It is free of oscillation only while the step is shorter than min(C / sum G), G
including the linearised radiation 4 e s A T^3; half of that is the longest step accepted, at the hottest temperature
the network is built for.
"""

from typing import Annotated

import msgspec

from bus_sim.errors import ParameterError, StepTooLongError, UnknownNameError
from bus_sim.quantities import JoulesPerKelvin, Name, PositiveWatts, WattsPerKelvin
from bus_sim.thermal.surfaces import SurfaceParameters, radiating_area

STEFAN_BOLTZMANN_W_M2_K4 = 5.670374419e-8
ZERO_CELSIUS_K = 273.15
HOTTEST_K = 400.0
"""Temperature at which radiation is linearised for the step check [K]; no node of a living spacecraft is hotter."""

COLDEST_K = 20.0
"""Below this temperature the model means nothing [K]: nothing near the Earth gets as cold by itself."""
BEYOND_K = HOTTEST_K * 2.0 ** (1.0 / 3.0)
"""Above this temperature the integration may oscillate [K]: linearised radiation has doubled, and with it the step."""


class NodeParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One node.

    Attributes:
        name: how commands and reports know it.
        heat_capacity_j_k: joule per kelvin.
        initial_c: temperature at scenario start [degC].
    """

    name: Name
    heat_capacity_j_k: JoulesPerKelvin
    initial_c: Annotated[float, msgspec.Meta(gt=-150.0, lt=120.0)] = 20.0


class CouplingParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A conductance between two nodes [W/K]."""

    a: Name
    b: Name
    conductance_w_k: WattsPerKelvin


class HeaterParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A heater: its name, the node it warms and its power when on [W]."""

    name: Name
    node: Name
    power_w: PositiveWatts


class ThermalParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole thermal model.

    Attributes:
        nodes: their order is their number.
        couplings: conductances between nodes.
        surfaces: outer surfaces.
        heaters: their order is their number.
    """

    nodes: tuple[NodeParameters, ...]
    couplings: tuple[CouplingParameters, ...]
    surfaces: tuple[SurfaceParameters, ...]
    heaters: tuple[HeaterParameters, ...]


class ThermalState(msgspec.Struct):
    """Memory of the network.

    Attributes:
        temperatures_k: per node.
        radiation_factor: per node, 1 as built; faults lower it (a degraded radiator).
    """

    temperatures_k: list[float]
    radiation_factor: list[float]


class ThermalNetwork:
    """All nodes of the spacecraft.

    Raises:
        ParameterError: a coupling or a surface names a node that does not exist, or a node occurs twice.
        StepTooLongError: ``step_s`` is too long for the fastest node.
    """

    def __init__(self, parameters: ThermalParameters, step_s: float) -> None:
        self.parameters = parameters
        self.names = tuple(node.name for node in parameters.nodes)
        self.numbers = {name: number for number, name in enumerate(self.names)}
        if len(self.numbers) != len(self.names):
            raise ParameterError("thermal.nodes", f"a name occurs twice in {self.names}")
        for kind in ("surfaces", "heaters"):
            for entry in getattr(parameters, kind):
                self._known(f"thermal.{kind}[{entry.name}].node", entry.node)
        self._couplings = tuple(
            (self._known("thermal.couplings.a", c.a), self._known("thermal.couplings.b", c.b), c.conductance_w_k)
            for c in parameters.couplings
        )
        self._radiation_w_k4 = tuple(
            STEFAN_BOLTZMANN_W_M2_K4 * radiating_area(parameters.surfaces, name) for name in self.names
        )
        self._radiating = tuple((n, k) for n, k in enumerate(self._radiation_w_k4) if k > 0.0)
        self._inverse_capacity = tuple(1.0 / node.heat_capacity_j_k for node in parameters.nodes)
        limit_s, node = self.longest_step()
        if step_s > limit_s:
            raise StepTooLongError(node, step_s, limit_s)
        self.state = ThermalState(
            temperatures_k=[node.initial_c + ZERO_CELSIUS_K for node in parameters.nodes],
            radiation_factor=[1.0] * len(self.names),
        )

    def _known(self, path: str, name: str) -> int:
        if name not in self.numbers:
            raise ParameterError(path, f"no node is named {name!r}", self.names)
        return self.numbers[name]

    def number(self, name: str) -> int:
        """Number of the node ``name``.

        Raises:
            UnknownNameError: there is no such node.
        """
        try:
            return self.numbers[name]
        except KeyError:
            raise UnknownNameError("node", name, self.names) from None

    def longest_step(self) -> tuple[float, str]:
        """Longest step accepted [s], and the node that sets it."""
        conductance = [4.0 * k * HOTTEST_K * HOTTEST_K * HOTTEST_K for k in self._radiation_w_k4]
        for a, b, g in self._couplings:
            conductance[a] += g
            conductance[b] += g
        shortest, setter = float("inf"), ""
        for node, g in zip(self.parameters.nodes, conductance, strict=True):
            if g > 0.0 and 0.5 * node.heat_capacity_j_k / g < shortest:
                shortest, setter = 0.5 * node.heat_capacity_j_k / g, node.name
        return shortest, setter

    def temperature_c(self, number: int) -> float:
        """Temperature of a node by number [degC]."""
        return self.state.temperatures_k[number] - ZERO_CELSIUS_K

    def flows(self, temperatures_k: list[float], heat_w: list[float]) -> list[float]:
        """Net heat into every node [W] at given temperatures [K] with given heat from elsewhere [W]."""
        net = heat_w[:]
        for a, b, g in self._couplings:
            flow = g * (temperatures_k[a] - temperatures_k[b])
            net[a] -= flow
            net[b] += flow
        factors = self.state.radiation_factor
        for number, k in self._radiating:
            square = temperatures_k[number] * temperatures_k[number]
            net[number] -= k * factors[number] * square * square
        return net

    def step(self, heat_w: list[float], step_s: float) -> None:
        """Advance by ``step_s`` with the heat of devices and surroundings held constant [W per node]."""
        temperatures = self.state.temperatures_k
        net = self.flows(temperatures, heat_w)
        for number, inverse_capacity in enumerate(self._inverse_capacity):
            temperatures[number] += step_s * net[number] * inverse_capacity
