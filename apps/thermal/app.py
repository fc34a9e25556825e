"""The thermal app: keeps every part within its limits with heaters, and says how near the limits are."""

from __future__ import annotations

import msgspec

from apps.thermal.messages import (
    MAX_HEATERS,
    HeaterControl,
    HeaterSwitched,
    SetHeater,
    TemperatureBackInLimits,
    TemperatureOutOfLimits,
    ThermalStatus,
)
from apps.thermal.thermostat import Setpoints, check_setpoints, smallest_margin, wanted
from flightsw.app import App, Refused, Table, every, handles
from flightsw.devices.errors import DeviceError
from flightsw.devices.heaters import Heaters
from tlm_cmd.packets.verification import FailureCode


class ThermalState(msgspec.Struct):
    """What the app remembers.

    Attributes:
        control: who decides over each heater.
        out_of_limits: bit n: sensor n was reported outside its limits.
        errors: failed transactions.
    """

    control: list[HeaterControl] = msgspec.field(default_factory=lambda: [HeaterControl.AUTOMATIC] * MAX_HEATERS)
    out_of_limits: int = 0
    errors: int = 0


class Thermal(App):
    """Measures and switches once per second."""

    setpoints = Table(Setpoints, file="setpoints.toml", check=check_setpoints)

    state: ThermalState

    def start(self) -> None:
        """Open the thermal interface."""
        self._interface = self.device(Heaters)

    @handles(SetHeater)
    def set_heater(self, command: SetHeater) -> None:
        """Overrule a thermostat, or give the heater back to it."""
        if all(heater.heater != command.heater for heater in self.setpoints.heaters):
            known = ", ".join(str(heater.heater) for heater in self.setpoints.heaters)
            raise Refused(f"no heater {command.heater}, there are {known}", FailureCode.BAD_ARGUMENT)
        self.state.control[command.heater] = command.control

    @every(seconds=1, offset=0.2)
    def regulate(self) -> None:
        """Measure, switch, check, report."""
        try:
            status = self._interface.status()
            temperatures = status.temperatures_c[: status.sensor_count]
            heaters_on = self._switch(temperatures, status.heaters_on)
        except DeviceError:
            self.state.errors += 1
            return
        self._check_limits(temperatures)
        worst = smallest_margin(self.setpoints, temperatures)
        overruled = 0
        for heater, control in enumerate(self.state.control):
            overruled |= (control is not HeaterControl.AUTOMATIC) << heater
        self.send(
            ThermalStatus(
                temperatures=temperatures,
                heaters_on=heaters_on,
                heaters_overruled=overruled,
                worst_sensor=worst.sensor,
                margin=worst.kelvin,
                errors=self.state.errors,
            )
        )

    def _switch(self, temperatures: tuple[float, ...], heaters_on: int) -> int:
        for heater in self.setpoints.heaters:
            number = heater.heater
            on = bool(heaters_on >> number & 1)
            match self.state.control[number]:
                case HeaterControl.AUTOMATIC:
                    target = wanted(heater, on, temperatures[heater.sensor])
                case HeaterControl.ON:
                    target = True
                case HeaterControl.OFF:
                    target = False
            if target is not on:
                self._interface.switch(number, target)
                heaters_on ^= 1 << number
                self.event(HeaterSwitched(number, target))
        return heaters_on

    def _check_limits(self, temperatures: tuple[float, ...]) -> None:
        for limits in self.setpoints.limits:
            bit, temperature = 1 << limits.sensor, temperatures[limits.sensor]
            outside = not limits.lowest <= temperature <= limits.highest
            if outside and not self.state.out_of_limits & bit:
                self.state.out_of_limits |= bit
                self.event(TemperatureOutOfLimits(limits.sensor, temperature))
            elif not outside and self.state.out_of_limits & bit:
                self.state.out_of_limits &= ~bit
                self.event(TemperatureBackInLimits(limits.sensor))
