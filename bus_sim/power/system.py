"""Array, battery and distribution on one unregulated bus, and the account of every joule.

The account closes by construction of the parts, and tests hold it to 1e-9 of the throughput:
generated = delivered + lost + battery heat + change of the stored energy.
"""

from collections.abc import Sequence

import msgspec

from bus_sim.power.battery import Battery
from bus_sim.power.distribution import Distribution
from bus_sim.power.solar_array import SolarArray


class PowerAccount(msgspec.Struct):
    """What flowed in the last step [W], and since the start [J].

    Attributes:
        available_w: what the array could have given, at the panels' maximum power points.
        generated_w: what was drawn from the array.
        delivered_w: what the devices received.
        lost_w: trackers, converters and the distribution unit itself.
        generated_j: sum of ``generated_w``.
        delivered_j: sum of ``delivered_w``.
        lost_j: sum of ``lost_w``.
        battery_heat_j: heat made in the battery.
    """

    available_w: float = 0.0
    generated_w: float = 0.0
    delivered_w: float = 0.0
    lost_w: float = 0.0
    generated_j: float = 0.0
    delivered_j: float = 0.0
    lost_j: float = 0.0
    battery_heat_j: float = 0.0


class PowerSystem:
    """One step of the electrical bus."""

    def __init__(self, array: SolarArray, battery: Battery, distribution: Distribution) -> None:
        self.array = array
        self.battery = battery
        self.distribution = distribution
        self.state = PowerAccount()

    def step(
        self,
        irradiance_w_m2: float,
        cos_incidence: Sequence[float],
        panel_temperatures_c: Sequence[float],
        battery_temperature_c: float,
        step_s: float,
    ) -> None:
        """Balance the bus for ``step_s``: the battery takes or gives what is left; a full one leaves it in the panels.

        Args:
            irradiance_w_m2: sunlight, already multiplied by the illumination.
            cos_incidence: per panel, cosine of the angle between normal and Sun.
            panel_temperatures_c: per panel [degC].
            battery_temperature_c: [degC].
            step_s: length of the step [s].
        """
        battery, distribution = self.battery, self.distribution
        parameters = distribution.parameters
        available = self.array.illuminate(irradiance_w_m2, cos_incidence, panel_temperatures_c)
        usable = available * parameters.mppt_efficiency
        delivered = distribution.draw(battery.state.voltage_v, step_s)
        needed = delivered / parameters.efficiency + parameters.quiescent_w
        charge_limit, discharge_limit = battery.limits_w(battery_temperature_c, step_s)
        if needed - usable > discharge_limit:
            distribution.interrupt()
            delivered = needed = 0.0
        taken = min(usable, needed + charge_limit)
        from_battery = needed - taken
        generated = taken / parameters.mppt_efficiency
        self.array.take(generated / available if available > 0.0 else 0.0)
        battery.step(from_battery, battery_temperature_c, step_s)
        account = self.state
        account.available_w, account.generated_w, account.delivered_w = available, generated, delivered
        account.lost_w = (generated - taken) + (needed - delivered)
        account.generated_j += generated * step_s
        account.delivered_j += delivered * step_s
        account.lost_j += account.lost_w * step_s
        account.battery_heat_j += battery.state.heat_w * step_s

    def guard(self, step_s: float) -> None:
        """Let the under-voltage tiers and the retriggerable limiters act on the voltage the step ended with."""
        self.distribution.guard(self.battery.state.voltage_v, step_s)
