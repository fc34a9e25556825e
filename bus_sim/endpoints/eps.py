"""The electrical power system's end of its wire."""

from __future__ import annotations

from bus_sim.endpoints.device_endpoint import DeviceEndpoint, Refusal
from bus_sim.errors import ParameterError
from bus_sim.power.system import PowerSystem
from bus_sim.thermal.network import ThermalNetwork
from flightsw.devices.eps import (
    GET_STATUS,
    MAX_LINES,
    RETRIGGER,
    SWITCH_LINE,
    EpsStatus,
    LineSelection,
    SwitchLine,
)
from flightsw.devices.framing import NOTHING, Nothing, Status


class EpsEndpoint(DeviceEndpoint):
    """Battery, array and distribution as the flight computer sees them; always powered.

    Raises:
        ParameterError: more lines than a status can report.
    """

    def __init__(self, power: PowerSystem, thermal: ThermalNetwork) -> None:
        super().__init__()
        names = power.distribution.line_names
        if len(names) > MAX_LINES:
            raise ParameterError("distribution.lines", f"{len(names)} lines", (f"at most {MAX_LINES} lines",))
        self._power = power
        self._thermal = thermal
        self._battery_node = thermal.number(power.battery.parameters.node)
        self._line_count = len(names)
        self._unused = (0.0,) * (MAX_LINES - len(names))
        self.answer(GET_STATUS, self._status)
        self.answer(SWITCH_LINE, self._switch)
        self.answer(RETRIGGER, self._retrigger)

    def _status(self, _request: Nothing) -> EpsStatus:
        account, distribution = self._power.state, self._power.distribution.state
        battery = self._power.battery.state
        on = tripped = 0
        bit = 1
        currents = []
        for line in distribution.lines:
            if line.closed:
                on |= bit
            elif line.latched_off:
                tripped |= bit
            currents.append(line.current_a)
            bit <<= 1
        return EpsStatus(
            battery.voltage_v,
            -battery.current_a,
            battery.soc,
            self._thermal.temperature_c(self._battery_node),
            account.generated_w,
            account.delivered_w,
            self._line_count,
            on,
            tripped,
            distribution.brownouts,
            (*currents, *self._unused),
        )

    def _switch(self, request: SwitchLine) -> Nothing:
        self._check(request.line)
        if not self._power.distribution.switch(request.line, on=request.on):
            raise Refusal(Status.WRONG_STATE)
        return NOTHING

    def _retrigger(self, request: LineSelection) -> Nothing:
        self._check(request.line)
        self._power.distribution.retrigger(request.line)
        return NOTHING

    def _check(self, line: int) -> None:
        if line >= self._line_count:
            raise Refusal(Status.OUT_OF_RANGE)
