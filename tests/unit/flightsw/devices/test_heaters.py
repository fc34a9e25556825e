from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flightsw.devices import heaters
from flightsw.devices.errors import NoReplyError
from flightsw.devices.framing import NOTHING, Operation
from tlm_cmd.errors import ProtocolError

MakeResponder = Callable[[dict[Operation[Any, Any], object]], Any]


def test_heaters_methods(responder: MakeResponder) -> None:
    """Each method asks for what its name says, and the bits of a status are read by heater."""
    status = heaters.ThermalStatus(2, 3, 0b100, (0.0,) * heaters.MAX_SENSORS)
    probe = responder(
        {
            heaters.GET_STATUS: status,
            heaters.GET_TEMPERATURE: heaters.Temperature(12.5),
            heaters.SWITCH_HEATER: NOTHING,
        }
    )
    driver = heaters.Heaters(probe.i2c())
    assert driver.status() == status
    assert [status.is_on(heater) for heater in range(3)] == [False, False, True]
    assert driver.temperature(1) == 12.5
    driver.switch(2, False)
    assert probe.requests[1:] == [heaters.SensorSelection(1), heaters.SwitchHeater(2, on=False)]


def test_driver_uses_its_own_address(responder: MakeResponder) -> None:
    """The driver talks to its device's address unless the mission says otherwise."""
    written: list[int] = []
    port = responder({}).i2c()
    port.write = lambda to, _data: written.append(to)
    for device in (heaters.Heaters(port), heaters.Heaters(port, 0x55)):
        with pytest.raises(NoReplyError):
            device.switch(0, True)
    assert written == [heaters.HEATERS_ADDRESS] * 3 + [0x55] * 3


@pytest.mark.parametrize("number", [16, -1, 300])
def test_impossible_numbers_are_not_asked_for(responder: MakeResponder, number: int) -> None:
    """A number that no device of this kind has is refused before anything is sent."""
    probe = responder({})
    with pytest.raises(ProtocolError):
        heaters.Heaters(probe.i2c()).switch(number, True)
    assert probe.raw == []
