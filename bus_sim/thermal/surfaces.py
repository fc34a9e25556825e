"""Outer surfaces of the spacecraft: where sunlight, albedo and the Earth's infrared come in.

A surface is flat, fixed in the body and belongs to a thermal node; it does not shade others. Its own radiation to
space is part of the network, because it depends on the node's temperature.
"""

import math

import msgspec

from bus_sim.directions import direction
from bus_sim.errors import ParameterError
from bus_sim.quantities import Direction, Fraction, Name, SquareMetres
from bus_sim.thermal.view_factor import HALF_INTERVALS, EarthViewTable
from flightsw.geometry.vectors import Vector

ALBEDO = 0.3
"""Mean Bond albedo of the Earth (Gilmore, "Spacecraft Thermal Control Handbook", 2002, chapter 2)."""

EARTH_INFRARED_W_M2 = 237.0
"""Mean infrared emission of the Earth at its surface [W/m2] (same source)."""


class SurfaceParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One flat outer surface.

    Attributes:
        name: unique among surfaces.
        node: thermal node it belongs to.
        normal: outward, body frame, any length.
        area_m2: radiating and absorbing area.
        absorptivity: of sunlight, 0 to 1.
        emissivity: infrared, 0 to 1.
    """

    name: Name
    node: Name
    normal: Direction
    area_m2: SquareMetres
    absorptivity: Fraction
    emissivity: Fraction


class Surfaces:
    """Incidence and absorbed power of all surfaces; has no memory beyond the last step's scratch lists."""

    def __init__(self, parameters: tuple[SurfaceParameters, ...], node_of: dict[str, int], altitude_km: float) -> None:
        self.names = tuple(surface.name for surface in parameters)
        if len(frozenset(self.names)) != len(self.names):
            raise ParameterError("thermal.surfaces", f"a name occurs twice in {self.names}")
        self.view = EarthViewTable(altitude_km)
        self.cos_sun = [0.0] * len(parameters)
        self._rows = tuple(
            (
                n,
                *direction(f"thermal.surfaces[{surface.name}].normal", surface.normal),
                node_of[surface.node],
                surface.area_m2 * surface.absorptivity,
                surface.area_m2 * surface.emissivity * EARTH_INFRARED_W_M2,
            )
            for n, surface in enumerate(parameters)
        )

    def absorb(
        self,
        sun_body: Vector,
        nadir_body: Vector,
        distance_km: float,
        sunlight_w_m2: float,
        albedo_w_m2: float,
        heat_w: list[float],
    ) -> None:
        """Add what every surface absorbs to its node's heat, and keep the cosines towards the Sun in ``cos_sun``.

        Args:
            sun_body: unit vector to the Sun, body frame.
            nadir_body: unit vector to the Earth's centre, body frame.
            distance_km: from the Earth's centre.
            sunlight_w_m2: irradiance at the spacecraft, already multiplied by the illumination.
            albedo_w_m2: sunlight reflected by the ground below, per unit of view factor.
            heat_w: per node [W], added to.
        """
        sx, sy, sz = sun_body
        nx, ny, nz = nadir_body
        scaling = self.view.scaling(distance_km)
        views = self.view.values
        cos_sun = self.cos_sun
        for n, x, y, z, node, absorbing, infrared in self._rows:
            cosine = x * sx + y * sy + z * sz
            cos_sun[n] = cosine
            # EarthViewTable.at, written out: this loop runs for every surface in every step.
            place = (x * nx + y * ny + z * nz) * HALF_INTERVALS + HALF_INTERVALS
            interval = int(place)
            view = views[interval]
            view += (views[interval + 1] - view) * (place - interval)
            absorbed = 0.0
            if view > 0.0:
                absorbed = (absorbing * albedo_w_m2 + infrared) * view * scaling
            if cosine > 0.0:
                absorbed += absorbing * sunlight_w_m2 * cosine
            heat_w[node] += absorbed


def albedo_flux(irradiance_w_m2: float, cos_zenith: float) -> float:
    """Sunlight reflected by the ground below [W/m2]: albedo x irradiance x cosine of the Sun's zenith angle there.

    ``irradiance_w_m2`` is that of the ground, which is lit wherever the Sun stands above its horizon, also while the
    spacecraft itself is in the penumbra.
    """
    return ALBEDO * irradiance_w_m2 * cos_zenith if cos_zenith > 0.0 else 0.0


def radiating_area(parameters: tuple[SurfaceParameters, ...], node: str) -> float:
    """Area x emissivity of a node towards space [m2]."""
    return math.fsum(surface.area_m2 * surface.emissivity for surface in parameters if surface.node == node)
