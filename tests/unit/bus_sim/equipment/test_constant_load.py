from bus_sim.equipment.constant_load import ConstantLoad


def test_it_draws_its_power_when_it_has_power() -> None:
    """All or nothing."""
    load = ConstantLoad(3.5)
    assert load.demand_w() == 0.0
    load.set_power(on=True)
    assert load.demand_w() == 3.5
    load.set_power(on=False)
    assert load.demand_w() == 0.0
