import pytest

from bus_sim.errors import ParameterError
from bus_sim.thermal.surfaces import SurfaceParameters, Surfaces, albedo_flux, radiating_area
from flightsw.geometry.earth import EARTH_RADIUS_KM

DISTANCE_KM = EARTH_RADIUS_KM + 500.0
TOP = SurfaceParameters("top", "a", (0.0, 0.0, -2.0), area_m2=0.5, absorptivity=0.4, emissivity=0.8)
BOTTOM = SurfaceParameters("bottom", "b", (0.0, 0.0, 1.0), area_m2=0.2, absorptivity=0.3, emissivity=0.6)
NODES = {"a": 0, "b": 1}


def test_each_surface_takes_what_it_faces() -> None:
    """The upper side absorbs sunlight, the lower one albedo and the Earth's infrared, each in its node."""
    surfaces = Surfaces((TOP, BOTTOM), NODES, 500.0)
    heat_w = [1.0, 2.0]
    surfaces.absorb((0.0, 0.0, -1.0), (0.0, 0.0, 1.0), DISTANCE_KM, 1361.0, 400.0, heat_w)
    view = (EARTH_RADIUS_KM / DISTANCE_KM) ** 2
    assert heat_w[0] == pytest.approx(1.0 + 1361.0 * 0.5 * 0.4)
    assert heat_w[1] == pytest.approx(2.0 + 0.2 * view * (0.3 * 400.0 + 0.6 * 237.0), rel=1e-6)
    assert surfaces.cos_sun == pytest.approx([1.0, -1.0])


def test_night_leaves_only_infrared() -> None:
    """Without sunlight nothing but the Earth's own radiation comes in."""
    surfaces = Surfaces((TOP, BOTTOM), NODES, 500.0)
    heat_w = [0.0, 0.0]
    surfaces.absorb((0.0, 0.0, 1.0), (0.0, 0.0, 1.0), DISTANCE_KM, 0.0, 0.0, heat_w)
    assert heat_w[0] == 0.0
    assert heat_w[1] > 20.0


def test_albedo_needs_a_lit_ground() -> None:
    """Three tenths of the sunlight below come back when the Sun is in the zenith, none when it is below the horizon."""
    assert albedo_flux(1361.0, 1.0) == pytest.approx(0.3 * 1361.0)
    assert albedo_flux(1361.0, 0.5) == pytest.approx(0.15 * 1361.0)
    assert albedo_flux(1361.0, -0.1) == 0.0


def test_radiating_area_of_a_node() -> None:
    """Only a node's own surfaces count, weighted by their emissivity."""
    assert radiating_area((TOP, BOTTOM), "a") == pytest.approx(0.4)
    assert radiating_area((TOP, BOTTOM), "c") == 0.0


def test_contradictions_are_refused() -> None:
    """A name twice, or a normal without length, is no set of surfaces."""
    with pytest.raises(ParameterError, match="occurs twice"):
        Surfaces((TOP, TOP), NODES, 500.0)
    flat = SurfaceParameters("flat", "a", (0.0, 0.0, 0.0), area_m2=0.5, absorptivity=0.4, emissivity=0.8)
    with pytest.raises(ParameterError, match="has no length"):
        Surfaces((flat,), NODES, 500.0)
