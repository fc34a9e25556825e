"""The thermal app: keeps every part within its limits with heaters, and says how near the limits are."""

from __future__ import annotations

from typing import assert_never

import msgspec

from apps.thermal.messages import (
    MAX_HEATERS,
    MAX_SENSORS,
    HeaterControl,
    HeaterSwitched,
    SensorFailed,
    SensorRestored,
    SetHeater,
    TemperatureBackInLimits,
    TemperatureOutOfLimits,
    ThermalInterfaceBack,
    ThermalInterfaceSilent,
    ThermalStatus,
)
from apps.thermal.thermostat import Setpoints, check_setpoints, smallest_margin, wanted
from flightsw.app import App, Refused, Table, every, handles
from flightsw.devices.errors import CorruptReplyError, DeviceError, NoReplyError, RefusedError
from flightsw.devices.framing import Status
from flightsw.devices.heaters import Heaters
from tlm_cmd.packets.verification import FailureCode

ALL_HEATERS = (1 << MAX_HEATERS) - 1
SILENT_AFTER = 3
"""Failed measurements in a row that make the thermal interface silent."""


class ThermalState(msgspec.Struct):
    """What the app remembers.

    Attributes:
        control: who decides over each heater.
        temperatures: newest of each sensor [degC].
        invalid: bit n: sensor n gave none the last time.
        heaters_on: bit n: heater n is on.
        heater_count: heaters that the spacecraft has.
        out_of_limits: bit n: sensor n was reported outside its limits.
        failures: failed measurements in a row.
        errors: failed transactions.
    """

    control: list[HeaterControl] = msgspec.field(default_factory=lambda: [HeaterControl.AUTOMATIC] * MAX_HEATERS)
    temperatures: list[float] = []
    invalid: int = 0
    heaters_on: int = 0
    heater_count: int = MAX_HEATERS
    out_of_limits: int = 0
    failures: int = 0
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
        if not self._measure():
            return
        state = self.state
        valid = {
            sensor: temperature
            for sensor, temperature in enumerate(state.temperatures)
            if not state.invalid >> sensor & 1
        }
        self._switch(valid)
        self._check_limits(valid)
        worst = smallest_margin(self.setpoints, valid)
        overruled = 0
        for heater, control in enumerate(state.control):
            overruled |= (control is not HeaterControl.AUTOMATIC) << heater
        self.send(
            ThermalStatus(
                temperatures=tuple(state.temperatures),
                heaters_on=state.heaters_on,
                heaters_overruled=overruled,
                worst_sensor=worst.sensor,
                margin=worst.kelvin,
                errors=state.errors,
                sensors_invalid=state.invalid,
            )
        )

    # ---------------------------------------------------------------- measuring

    def _measure(self) -> bool:
        """Take all temperatures; False when the interface gives none."""
        state = self.state
        try:
            status = self._interface.status()
        except DeviceError as error:
            state.errors += 1
            # A sensor that reads nonsense spoils the reply: each one alone tells which.
            if not isinstance(error, CorruptReplyError) or not self._measure_each():
                state.failures += 1
                if state.failures == SILENT_AFTER:
                    self.event(ThermalInterfaceSilent(str(error)[:80]))
                return False
        else:
            state.temperatures = list(status.temperatures_c[: status.sensor_count])
            state.heaters_on = status.heaters_on & ALL_HEATERS
            state.heater_count = status.heater_count
            self._note_invalid(0)
        if state.failures >= SILENT_AFTER:
            self.event(ThermalInterfaceBack(state.failures))
        state.failures = 0
        return True

    def _measure_each(self) -> bool:
        """Ask sensor by sensor; False when none has a temperature, or the interface falls silent."""
        state, invalid, sensor = self.state, 0, 0
        while sensor < MAX_SENSORS:
            if sensor == len(state.temperatures):
                state.temperatures.append(0.0)
            try:
                state.temperatures[sensor] = self._interface.temperature(sensor)
            except DeviceError as error:
                if isinstance(error, RefusedError) and error.status is Status.OUT_OF_RANGE:
                    break
                state.errors += 1
                if isinstance(error, NoReplyError):
                    return False
                invalid |= 1 << sensor
            sensor += 1
        del state.temperatures[sensor:]
        if invalid == (1 << sensor) - 1:
            return False
        self._note_invalid(invalid)
        return True

    def _note_invalid(self, invalid: int) -> None:
        changed, self.state.invalid = self.state.invalid ^ invalid, invalid
        if not changed:
            return
        for sensor in range(MAX_SENSORS):
            if changed >> sensor & 1:
                self.event(SensorFailed(sensor) if invalid >> sensor & 1 else SensorRestored(sensor))

    # ---------------------------------------------------------------- acting

    def _switch(self, valid: dict[int, float]) -> None:
        state = self.state
        for heater in self.setpoints.heaters:
            number = heater.heater
            if number >= state.heater_count:
                continue
            on, control = bool(state.heaters_on >> number & 1), state.control[number]
            match control:
                case HeaterControl.AUTOMATIC:
                    target = wanted(heater, on, valid.get(heater.sensor))
                case HeaterControl.ON:
                    target = True
                case HeaterControl.OFF:
                    target = False
                case _:
                    assert_never(control)
            if target is not on:
                self._switch_one(number, on=target)

    def _switch_one(self, heater: int, *, on: bool) -> None:
        try:
            self._interface.switch(heater, on)
        except DeviceError:
            self.state.errors += 1
            return
        self.state.heaters_on ^= 1 << heater
        self.event(HeaterSwitched(heater, on))

    def _check_limits(self, valid: dict[int, float]) -> None:
        for limits in self.setpoints.limits:
            bit, temperature = 1 << limits.sensor, valid.get(limits.sensor)
            if temperature is None:
                continue
            outside = not limits.lowest <= temperature <= limits.highest
            if outside and not self.state.out_of_limits & bit:
                self.state.out_of_limits |= bit
                self.event(TemperatureOutOfLimits(limits.sensor, temperature))
            elif not outside and self.state.out_of_limits & bit:
                self.state.out_of_limits &= ~bit
                self.event(TemperatureBackInLimits(limits.sensor))
