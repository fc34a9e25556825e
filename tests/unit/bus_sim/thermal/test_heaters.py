import pytest

from bus_sim.errors import UnknownNameError
from bus_sim.parameters import SpacecraftParameters
from bus_sim.thermal.heaters import HeaterBank


@pytest.fixture
def bank(parameters: SpacecraftParameters) -> HeaterBank:
    """The mission's heaters, powered."""
    bank = HeaterBank(parameters.thermal.heaters)
    bank.set_power(on=True)
    return bank


def test_power_is_that_of_the_heaters_that_are_on(bank: HeaterBank) -> None:
    """Each switch adds its own heater."""
    assert bank.demand_w() == 0.0
    assert bank.switch(0, on=True)
    assert bank.switch(bank.number("payload_deck"), on=True)
    assert bank.demand_w() == pytest.approx(8.0)
    bank.switch(0, on=False)
    assert bank.demand_w() == pytest.approx(5.0)


def test_without_power_every_switch_falls_open(bank: HeaterBank) -> None:
    """Nothing stays on through a power cut, and commands without power are refused and counted."""
    bank.switch(0, on=True)
    bank.set_power(on=False)
    assert not bank.switch(1, on=True)
    assert bank.state.refused == 1
    bank.set_power(on=True)
    assert bank.demand_w() == 0.0


def test_an_unknown_heater_is_an_error(bank: HeaterBank) -> None:
    """The error lists the heaters there are."""
    with pytest.raises(UnknownNameError, match="no heater is named 'oven'"):
        bank.number("oven")
