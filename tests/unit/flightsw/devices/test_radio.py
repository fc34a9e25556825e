from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flightsw.devices import radio
from flightsw.devices.errors import NoReplyError, RefusedError
from flightsw.devices.framing import NOTHING, Operation, Status
from flightsw.hal.ports import MAX_FRAME_OCTETS
from tlm_cmd.errors import ProtocolError

MakeResponder = Callable[[dict[Operation[Any, Any], object]], Any]


def test_radio_names(responder: MakeResponder) -> None:
    """Errors tell the two radios apart."""
    port = responder({}).uart()
    assert radio.SBandTransceiver(port).name == "s_band"
    assert radio.XBandTransmitter(port).name == "x_band"
    assert radio.Radio(port).name == "radio"


def test_radio_sends(responder: MakeResponder) -> None:
    """A frame is queued once; a full queue is an answer, every other refusal an error."""
    probe = responder({radio.SEND_FRAME: NOTHING, radio.SWITCH_TRANSMITTER: NOTHING})
    driver = radio.XBandTransmitter(probe.uart())
    driver.switch_transmitter(True)
    assert driver.send(b"frame") is radio.SendResult.ACCEPTED
    assert probe.requests == [radio.SwitchTransmitter(on=True), radio.Frame(b"frame")]
    probe.answers = responder({radio.SEND_FRAME: Status.FULL}).answers
    assert driver.send(b"frame") is radio.SendResult.QUEUE_FULL
    probe.answers = responder({radio.SEND_FRAME: Status.OUT_OF_RANGE}).answers
    with pytest.raises(RefusedError):
        driver.send(b"")
    with pytest.raises(ProtocolError):
        driver.send(bytes(MAX_FRAME_OCTETS + 1))


def test_sending_is_not_repeated(responder: MakeResponder) -> None:
    """A frame whose acceptance was lost is not offered again, so that it cannot be sent twice."""
    probe = responder({radio.SEND_FRAME: NOTHING})
    probe.spoil = lambda _reply: None
    with pytest.raises(NoReplyError):
        radio.XBandTransmitter(probe.uart()).send(b"frame")
    assert len(probe.requests) == 1


class Queue:
    """A receiver's queue that hands out two frames at a time and forgets what is acknowledged."""

    def __init__(self, frames: list[bytes], first: int) -> None:
        self.frames = frames
        self.first = first

    def fetch(self, request: radio.FetchFrames) -> radio.ReceivedFrames:
        """The oldest frames that were not acknowledged."""
        if request.acknowledged >= 0:
            arrived = (request.acknowledged - self.first) % 65_536
            del self.frames[:arrived]
            self.first = request.acknowledged
        return radio.ReceivedFrames(self.first, tuple(self.frames[:2]))


def test_radio_receives_each_frame_once(responder: MakeResponder) -> None:
    """Frames come in order and once, also when a reply is lost, and across the wrap of their numbers."""
    frames = [bytes([number]) for number in range(5)]
    probe = responder({radio.FETCH_FRAMES: Queue(list(frames), 65_534).fetch})
    driver = radio.SBandTransceiver(probe.uart())
    assert driver.receive() == (frames[0], frames[1])
    lost: list[bytes] = []

    def lose_one(reply: bytes) -> bytes | None:
        lost.append(reply)
        return None if len(lost) == 1 else reply

    probe.spoil = lose_one
    assert driver.receive() == (frames[2], frames[3])
    probe.spoil = lambda reply: reply
    assert driver.receive() == (frames[4],)
    assert driver.receive() == ()
    assert driver.state.acknowledged == (65_534 + 5) % 65_536
    assert driver.counters.retries == 1
