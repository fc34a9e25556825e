"""Solar panels, each with its own maximum-power-point tracker."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from bus_sim.environment.sun import SOLAR_CONSTANT_W_M2
from bus_sim.quantities import Name, PositiveFraction, SquareMetres

REFERENCE_TEMPERATURE_C = 28.0
"""Temperature at which cell efficiencies are quoted [degC]."""


class PanelParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One panel of solar cells.

    Attributes:
        name: how reports know it.
        surface: the outer surface that carries the cells; gives normal and temperature.
        cell_area_m2: area covered by cells.
        efficiency: of the cells at 28 degC, beginning of life, 0 to 1.
        temperature_coefficient_per_k: relative change of power per kelvin, negative for real cells.
    """

    name: Name
    surface: Name
    cell_area_m2: SquareMetres
    efficiency: PositiveFraction
    temperature_coefficient_per_k: Annotated[float, msgspec.Meta(gt=-0.01, le=0.0)] = -0.0022


class PanelState(msgspec.Struct):
    """Memory of one panel.

    Attributes:
        intact_fraction: strings still working, 0 to 1; faults and ageing lower it.
        available_w: electrical power at the maximum power point, before the tracker's losses.
        taken_w: the part of it that was drawn in the last step.
    """

    intact_fraction: float = 1.0
    available_w: float = 0.0
    taken_w: float = 0.0


class SolarArrayState(msgspec.Struct):
    """Memory of the array: its panels, in the order of the parameters."""

    panels: list[PanelState]


class SolarArray:
    """All panels of the spacecraft.

    Power of a panel: irradiance x illumination x cos(incidence) x area x efficiency x (1 + k (T - 28 degC)) x intact
    part.
    """

    def __init__(self, parameters: tuple[PanelParameters, ...]) -> None:
        self.parameters = parameters
        self.state = SolarArrayState(panels=[PanelState() for _ in parameters])
        self._area_efficiency = tuple(panel.cell_area_m2 * panel.efficiency for panel in parameters)

    def illuminate(
        self, irradiance_w_m2: float, cos_incidence: Sequence[float], temperatures_c: Sequence[float]
    ) -> float:
        """Find what every panel could give now, and return the sum [W].

        Args:
            irradiance_w_m2: sunlight at the spacecraft, already multiplied by the illumination.
            cos_incidence: per panel, cosine of the angle between normal and Sun; negative when lit from behind.
            temperatures_c: per panel [degC].
        """
        total = 0.0
        if irradiance_w_m2 <= 0.0:
            for state in self.state.panels:
                state.available_w = 0.0
            return total
        for state, panel, area_efficiency, cosine, temperature in zip(
            self.state.panels, self.parameters, self._area_efficiency, cos_incidence, temperatures_c, strict=True
        ):
            power = 0.0
            if cosine > 0.0:
                warmth = 1.0 + panel.temperature_coefficient_per_k * (temperature - REFERENCE_TEMPERATURE_C)
                power = irradiance_w_m2 * cosine * area_efficiency * state.intact_fraction * max(0.0, warmth)
            state.available_w = power
            total += power
        return total

    def take(self, share: float) -> None:
        """Record that ``share`` (0 to 1) of every panel's available power was drawn; the rest stays in it as heat."""
        for state in self.state.panels:
            state.taken_w = state.available_w * share


def irradiance(sun_distance_au: float, illumination: float) -> float:
    """Sunlight on a surface facing the Sun [W/m2], at a distance in astronomical units, 0 to 1 illuminated."""
    return SOLAR_CONSTANT_W_M2 * illumination / (sun_distance_au * sun_distance_au)
