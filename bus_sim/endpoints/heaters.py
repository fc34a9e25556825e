"""The thermal interface's end of its wire: one sensor per thermal node, in the order of the nodes."""

from __future__ import annotations

from bus_sim.endpoints.device_endpoint import DeviceEndpoint, Refusal
from bus_sim.errors import ParameterError
from bus_sim.thermal.heaters import HeaterBank
from bus_sim.thermal.network import ThermalNetwork
from flightsw.devices.framing import NOTHING, Nothing, Status
from flightsw.devices.heaters import (
    GET_STATUS,
    GET_TEMPERATURE,
    MAX_HEATERS,
    MAX_SENSORS,
    SWITCH_HEATER,
    SensorSelection,
    SwitchHeater,
    Temperature,
    ThermalStatus,
)


class HeatersEndpoint(DeviceEndpoint):
    """Sensors and switches; the sensors work whether or not the heaters have power.

    Raises:
        ParameterError: more nodes or heaters than a status can report.
    """

    def __init__(self, thermal: ThermalNetwork, heaters: HeaterBank) -> None:
        super().__init__()
        for path, found, most in (
            ("thermal.nodes", len(thermal.names), MAX_SENSORS),
            ("thermal.heaters", len(heaters.names), MAX_HEATERS),
        ):
            if found > most:
                raise ParameterError(path, f"{found} entries", (f"at most {most} entries",))
        self._thermal = thermal
        self._heaters = heaters
        self._unused = (0.0,) * (MAX_SENSORS - len(thermal.names))
        self.answer(GET_STATUS, self._status)
        self.answer(GET_TEMPERATURE, self._temperature)
        self.answer(SWITCH_HEATER, self._switch)

    def _status(self, _request: Nothing) -> ThermalStatus:
        on = 0
        for number, closed in enumerate(self._heaters.state.on):
            if closed:
                on |= 1 << number
        nodes = len(self._thermal.names)
        temperatures = [self._thermal.temperature_c(node) for node in range(nodes)]
        return ThermalStatus(nodes, len(self._heaters.names), on, (*temperatures, *self._unused))

    def _temperature(self, request: SensorSelection) -> Temperature:
        if request.sensor >= len(self._thermal.names):
            raise Refusal(Status.OUT_OF_RANGE)
        return Temperature(self._thermal.temperature_c(request.sensor))

    def _switch(self, request: SwitchHeater) -> Nothing:
        if request.heater >= len(self._heaters.names):
            raise Refusal(Status.OUT_OF_RANGE)
        if not self._heaters.switch(request.heater, on=request.on):
            raise Refusal(Status.WRONG_STATE)
        return NOTHING
