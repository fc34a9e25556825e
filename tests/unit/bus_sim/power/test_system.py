import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus_sim.parameters import load_parameters
from bus_sim.power.battery import Battery
from bus_sim.power.distribution import Distribution
from bus_sim.power.solar_array import SolarArray
from bus_sim.power.system import PowerSystem

PARAMETERS = load_parameters()
PANELS = len(PARAMETERS.panels)


class Device:
    """A load of any size."""

    def __init__(self) -> None:
        self.power_w = 0.0
        self.on = False

    def demand_w(self) -> float:
        """Its power when on."""
        return self.power_w if self.on else 0.0

    def set_power(self, *, on: bool) -> None:
        """Follow the line."""
        self.on = on


def system(soc: float) -> tuple[PowerSystem, Device]:
    """The mission's power system with one device, on the compute board's line."""
    power = PowerSystem(
        SolarArray(PARAMETERS.panels), Battery(PARAMETERS.battery), Distribution(PARAMETERS.distribution)
    )
    power.battery.state.soc = soc
    device = Device()
    power.distribution.connect("compute", device)
    power.distribution.switch(power.distribution.number("compute"), on=True)
    return power, device


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0.0, 1.0),
    st.lists(
        st.tuples(st.floats(0.0, 1400.0), st.floats(-1.0, 1.0), st.floats(0.0, 60.0), st.floats(-20.0, 40.0)),
        min_size=1,
        max_size=60,
    ),
)
def test_every_joule_is_accounted_for(soc: float, steps: list[tuple[float, float, float, float]]) -> None:
    """In = out + losses + stored to 1e-9 of the throughput, through full, empty, cold, trips and brown-outs."""
    power, device = system(soc)
    before_j, throughput_j = power.battery.stored_j(), 0.0
    for sunlight, cosine, demand_w, temperature_c in steps:
        device.power_w = demand_w
        power.step(sunlight, [cosine] * PANELS, [20.0] * PANELS, temperature_c, 1.0)
        power.guard(1.0)
        if not device.on:
            power.distribution.retrigger(power.distribution.number("compute"))
        account = power.state
        assert 0.0 <= account.generated_w <= account.available_w * (1.0 + 1e-12) + 1e-300
        assert account.lost_w >= 0.0
        throughput_j += abs(account.generated_w) + abs(account.delivered_w) + abs(power.battery.state.current_a) * 30.0
    account = power.state
    stored_j = power.battery.stored_j() - before_j
    balance_j = account.generated_j - account.delivered_j - account.lost_j - account.battery_heat_j - stored_j
    # One nanojoule per step is the rounding of the energy stored, some 3e5 J.
    assert abs(balance_j) <= 1e-9 * throughput_j + 1e-9 * len(steps)


def test_surplus_charges_and_what_is_too_much_stays_in_the_panels() -> None:
    """Half full the battery takes all there is; full it takes nothing and the array is throttled to the load."""
    half, device = system(0.5)
    device.power_w = 10.0
    half.step(1000.0, [0.5] * PANELS, [20.0] * PANELS, 20.0, 1.0)
    assert half.state.generated_w == pytest.approx(half.state.available_w)
    assert half.battery.state.current_a < 0.0
    full, device = system(1.0)
    device.power_w = 10.0
    full.step(1000.0, [0.5] * PANELS, [20.0] * PANELS, 20.0, 1.0)
    assert full.battery.state.current_a == pytest.approx(0.0)
    assert full.state.generated_w == pytest.approx((10.0 / 0.95 + 0.8) / 0.96)
    taken_w = sum(panel.taken_w for panel in full.array.state.panels)
    assert taken_w == pytest.approx(full.state.generated_w)


def test_in_the_dark_the_battery_carries_the_load() -> None:
    """Without light the terminals give the load, the converters' losses and the unit's own draw."""
    power, device = system(0.8)
    device.power_w = 25.0
    power.step(0.0, [1.0] * PANELS, [20.0] * PANELS, 20.0, 1.0)
    battery = power.battery.state
    assert battery.voltage_v * battery.current_a == pytest.approx(25.0 / 0.95 + 0.8)
    assert power.state.generated_w == 0.0


def test_an_empty_battery_browns_out_and_sunlight_brings_the_spacecraft_back() -> None:
    """At zero charge in the dark everything opens; charged again, the essential lines close by themselves."""
    power, device = system(0.0)
    device.power_w = 25.0
    power.step(0.0, [1.0] * PANELS, [20.0] * PANELS, 20.0, 1.0)
    power.guard(1.0)
    assert power.distribution.state.brownouts == 1
    assert not device.on
    assert power.state.delivered_w == 0.0
    computer = power.distribution.state.lines[power.distribution.number("onboard_computer")]
    assert not computer.closed
    for _ in range(1500):
        power.step(1361.0, [0.7] * PANELS, [20.0] * PANELS, 20.0, 1.0)
        power.guard(1.0)
    assert computer.closed
    assert not device.on
