"""A radio's two ends: the wire to the flight computer, and the antenna towards the ground."""

from __future__ import annotations

import msgspec

from bus_sim.endpoints.device_endpoint import DeviceEndpoint, Refusal
from bus_sim.equipment.receiver import Receiver
from bus_sim.equipment.transmitter import Transmitter
from flightsw.devices import radio as driver
from flightsw.devices.framing import NOTHING, Nothing, Status
from flightsw.hal.ports import MAX_FRAME_OCTETS

_NUMBERS = 2**16
_LARGEST_COUNT = _NUMBERS - 1


class RadioEndpoint(DeviceEndpoint):
    """A transmitter, and a receiver if the radio has one; silent without power."""

    def __init__(self, transmitter: Transmitter, receiver: Receiver | None) -> None:
        super().__init__(lambda: transmitter.state.powered)
        self._transmitter = transmitter
        self._receiver = receiver
        self.answer(driver.GET_STATUS, self._status)
        self.answer(driver.SWITCH_TRANSMITTER, self._switch)
        self.answer(driver.SEND_FRAME, self._send)
        self.answer(driver.FETCH_FRAMES, self._fetch)

    def _status(self, _request: Nothing) -> driver.RadioStatus:
        transmitter = self._transmitter.state
        receiver = None if self._receiver is None else self._receiver.state
        return driver.RadioStatus(
            transmitter.on,
            receiver is not None and receiver.locked,
            min(len(transmitter.queue), _LARGEST_COUNT),
            self._transmitter.room_octets(),
            self._transmitter.parameters.rate_bit_s,
            0 if receiver is None else min(len(receiver.queue), _LARGEST_COUNT),
            transmitter.sent,
            0 if receiver is None else receiver.received,
            0 if receiver is None else receiver.dropped,
        )

    def _switch(self, request: driver.SwitchTransmitter) -> Nothing:
        self._transmitter.switch(on=request.on)
        return NOTHING

    def _send(self, request: driver.Frame) -> Nothing:
        if not request.octets:
            raise Refusal(Status.OUT_OF_RANGE)
        if not self._transmitter.transmit(request.octets):
            raise Refusal(Status.FULL)
        return NOTHING

    def _fetch(self, request: driver.FetchFrames) -> driver.ReceivedFrames:
        receiver = self._receiver
        if receiver is None:
            return driver.ReceivedFrames(0, ())
        if request.acknowledged >= 0:
            arrived = (request.acknowledged - receiver.first_number()) % _NUMBERS
            if arrived <= len(receiver.state.queue):  # else the queue was lost in between, and the number means nothing
                receiver.take(arrived)
        first = receiver.first_number() % _NUMBERS
        return driver.ReceivedFrames(first, receiver.waiting(driver.MAX_FRAMES_PER_REPLY))


class AntennaState(msgspec.Struct):
    """The memory of an antenna.

    Attributes:
        unheard: transmissions to a radio without a receiver, or longer than a radio takes.
    """

    unheard: int = 0


class AntennaEndpoint:
    """A radio as the ground meets it.

    Attributes:
        state: what was lost here.
    """

    def __init__(self, transmitter: Transmitter, receiver: Receiver | None) -> None:
        self.state = AntennaState()
        self._transmitter = transmitter
        self._receiver = receiver

    def uplink(self, octets: bytes) -> None:
        """A transmission leaves the ground; what the receiver's model refuses, it counts."""
        if self._receiver is None or len(octets) > MAX_FRAME_OCTETS:
            self.state.unheard += 1
        else:
            self._receiver.uplink(octets)

    def downlink(self, most: int) -> list[bytes]:
        """Up to ``most`` frames that stations have received, oldest first, each once."""
        ground = self._transmitter.state.ground
        taken = [frame.octets for frame in ground[:most]]
        del ground[:most]
        return taken
