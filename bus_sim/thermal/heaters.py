"""Switchable heaters behind one power line; whoever flies the spacecraft is their thermostat."""

import msgspec

from bus_sim.errors import UnknownNameError
from bus_sim.thermal.network import HeaterParameters


class HeaterBankState(msgspec.Struct):
    """Memory of the bank.

    Attributes:
        powered: the line is closed.
        on: per heater, its own switch; all open when the power goes.
        refused: commands received without power.
    """

    on: list[bool]
    powered: bool = False
    refused: int = 0


class HeaterBank:
    """All heaters, in the order of the parameters."""

    def __init__(self, parameters: tuple[HeaterParameters, ...]) -> None:
        self.parameters = parameters
        self.names = tuple(heater.name for heater in parameters)
        self.state = HeaterBankState(on=[False] * len(parameters))

    def number(self, name: str) -> int:
        """Number of the heater ``name``.

        Raises:
            UnknownNameError: there is no such heater.
        """
        for number, known in enumerate(self.names):
            if known == name:
                return number
        raise UnknownNameError("heater", name, self.names)

    def switch(self, number: int, *, on: bool) -> bool:
        """Switch one heater; False, and counted, without power."""
        if not self.state.powered:
            self.state.refused += 1
            return False
        self.state.on[number] = on
        return True

    def demand_w(self) -> float:
        """Power of the heaters that are on [W]."""
        total = 0.0
        for heater, on in zip(self.parameters, self.state.on, strict=True):
            if on:
                total += heater.power_w
        return total

    def set_power(self, *, on: bool) -> None:
        """The line closed or opened; without power every switch falls open."""
        self.state.powered = on
        if not on:
            for number in range(len(self.state.on)):
                self.state.on[number] = False
