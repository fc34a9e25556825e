import pytest

from bus_sim.power.solar_array import PanelParameters, SolarArray, irradiance

PANEL = PanelParameters("wing", "front", cell_area_m2=0.1, efficiency=0.3)


def array_of(*panels: PanelParameters) -> SolarArray:
    """An array of these panels."""
    return SolarArray(panels)


def test_power_of_a_panel_facing_the_sun() -> None:
    """At 28 degC a panel gives irradiance x area x efficiency."""
    assert array_of(PANEL).illuminate(1361.0, [1.0], [28.0]) == pytest.approx(1361.0 * 0.1 * 0.3)


def test_heat_and_incidence_lower_the_power() -> None:
    """Power falls by 0.22 % per kelvin and with the cosine; from behind there is none."""
    array = array_of(PANEL)
    full = array.illuminate(1361.0, [1.0], [28.0])
    assert array.illuminate(1361.0, [1.0], [78.0]) == pytest.approx(full * (1.0 - 50.0 * 0.0022))
    assert array.illuminate(1361.0, [0.5], [28.0]) == pytest.approx(full * 0.5)
    assert array.illuminate(1361.0, [-0.5], [28.0]) == 0.0
    assert array.illuminate(1361.0, [1.0], [500.0]) == 0.0


def test_panels_add_up_and_each_keeps_its_own() -> None:
    """The sum is returned, the parts are in the state, and a lost string costs its share."""
    array = array_of(PANEL, PANEL)
    array.state.panels[1].intact_fraction = 0.5
    total = array.illuminate(1000.0, [1.0, 1.0], [28.0, 28.0])
    first, second = (panel.available_w for panel in array.state.panels)
    assert second == pytest.approx(0.5 * first)
    assert total == pytest.approx(first + second)
    array.take(0.25)
    assert [panel.taken_w for panel in array.state.panels] == pytest.approx([0.25 * first, 0.25 * second])


def test_no_light_no_power() -> None:
    """In the umbra nothing is left of the last step."""
    array = array_of(PANEL)
    array.illuminate(1361.0, [1.0], [28.0])
    assert array.illuminate(0.0, [1.0], [28.0]) == 0.0
    assert array.state.panels[0].available_w == 0.0


def test_sunlight_falls_with_the_square_of_the_distance() -> None:
    """1361 W/m2 at one astronomical unit, a quarter at two, half in half shadow."""
    assert irradiance(1.0, 1.0) == 1361.0
    assert irradiance(2.0, 1.0) == pytest.approx(1361.0 / 4.0)
    assert irradiance(1.0, 0.5) == pytest.approx(1361.0 / 2.0)
