from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flightsw.devices import eps
from flightsw.devices.errors import NoReplyError
from flightsw.devices.framing import NOTHING, Operation
from tlm_cmd.errors import ProtocolError

MakeResponder = Callable[[dict[Operation[Any, Any], object]], Any]


def test_eps_methods(responder: MakeResponder) -> None:
    """Each method asks for what its name says, and the bits of a status are read by line."""
    status = eps.EpsStatus(
        battery_voltage_v=30.0,
        battery_current_a=0.0,
        state_of_charge=0.5,
        battery_temperature_c=20.0,
        array_power_w=0.0,
        load_power_w=0.0,
        line_count=3,
        lines_on=0b101,
        lines_tripped=0b010,
        brownouts=0,
        line_currents_a=(0.0,) * eps.MAX_LINES,
    )
    probe = responder({eps.GET_STATUS: status, eps.SWITCH_LINE: NOTHING, eps.RETRIGGER: NOTHING})
    driver = eps.Eps(probe.i2c())
    assert driver.status() == status
    assert [status.is_on(line) for line in range(3)] == [True, False, True]
    assert [status.is_tripped(line) for line in range(3)] == [False, True, False]
    driver.switch(2, True)
    driver.retrigger(1)
    assert probe.requests[1:] == [eps.SwitchLine(2, on=True), eps.LineSelection(1)]


def test_driver_uses_its_own_address(responder: MakeResponder) -> None:
    """The driver talks to its device's address unless the mission says otherwise."""
    written: list[int] = []
    port = responder({}).i2c()
    port.write = lambda to, _data: written.append(to)
    for device in (eps.Eps(port), eps.Eps(port, 0x55)):
        with pytest.raises(NoReplyError):
            device.switch(0, True)
    assert written == [eps.EPS_ADDRESS] * 3 + [0x55] * 3


@pytest.mark.parametrize("number", [16, -1, 300])
def test_impossible_numbers_are_not_asked_for(responder: MakeResponder, number: int) -> None:
    """A number that no device of this kind has is refused before anything is sent."""
    probe = responder({})
    with pytest.raises(ProtocolError):
        eps.Eps(probe.i2c()).switch(number, True)
    assert probe.raw == []
