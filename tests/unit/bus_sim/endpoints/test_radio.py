from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bus_sim.endpoints.radio import AntennaEndpoint
from bus_sim.equipment.transmitter import Hearer
from flightsw.devices.errors import NoReplyError, RefusedError
from flightsw.devices.framing import Status
from flightsw.devices.radio import MAX_FRAMES_PER_REPLY, SBandTransceiver, SendResult
from flightsw.hal.ports import MAX_FRAME_OCTETS, MAX_FRAMES_PER_RECEIVE
from flightsw.hal.sim import ByteEndpoint, SimUart

if TYPE_CHECKING:
    from conftest import Bench


def see_a_station(bench: Bench) -> None:
    """Hand the receiver and both transmitters a second of a pass."""
    spacecraft = bench.spacecraft
    spacecraft.sband_receiver.progress(1000.0, 1_000_000_000)
    spacecraft.sband_transmitter.progress(Hearer(0, 1000.0), spacecraft.now_ns, 1_000_000_000)
    spacecraft.xband_transmitter.progress(Hearer(0, 1000.0), spacecraft.now_ns, 1_000_000_000)


def test_frames_go_down_in_a_pass(bench: Bench) -> None:
    """Frames queued by the driver reach the ground's port once, in order, when the transmitter is on."""
    bench.power("xband")
    for radio, port in ((bench.s_band, bench.ground["s_band"]), (bench.x_band, bench.ground["x_band"])):
        assert radio.send(b"first") is SendResult.ACCEPTED
        assert radio.send(b"second") is SendResult.ACCEPTED
        assert radio.status().transmit_queued == 2
        see_a_station(bench)
        assert port.receive() == []
        radio.switch_transmitter(True)
        assert radio.status().transmitter_on
        see_a_station(bench)
        assert port.receive() == [b"first", b"second"]
        assert port.receive() == []
        status = radio.status()
        assert (status.transmit_queued, status.frames_sent) == (0, 2)
        radio.switch_transmitter(False)
        assert not radio.status().transmitter_on


def test_ground_collects_a_bounded_number(bench: Bench) -> None:
    """What one reception does not hold comes with the next one."""
    bench.s_band.switch_transmitter(True)
    frames = [bytes([number]) for number in range(MAX_FRAMES_PER_RECEIVE + 3)]
    for frame in frames:
        bench.s_band.send(frame)
    see_a_station(bench)
    assert bench.ground["s_band"].receive() == frames[:MAX_FRAMES_PER_RECEIVE]
    assert bench.ground["s_band"].receive() == frames[MAX_FRAMES_PER_RECEIVE:]


def test_full_queue_is_an_answer(bench: Bench) -> None:
    """A frame that does not fit is refused without an error, and the room left is told."""
    transmitter = bench.spacecraft.sband_transmitter
    transmitter.state.queued_octets = transmitter.parameters.queue_octets - 10
    assert bench.s_band.status().transmit_room_octets == 10
    assert bench.s_band.send(bytes(11)) is SendResult.QUEUE_FULL
    assert bench.s_band.send(bytes(10)) is SendResult.ACCEPTED
    assert transmitter.state.refused == 1


def test_empty_frames_are_refused(bench: Bench) -> None:
    """A frame without octets is a mistake."""
    with pytest.raises(RefusedError) as error:
        bench.s_band.send(b"")
    assert error.value.status is Status.OUT_OF_RANGE


def test_transmissions_come_up_in_a_pass(bench: Bench) -> None:
    """What the ground sends is fetched by the driver once, in order, in bounded portions."""
    sent = [bytes([number]) for number in range(MAX_FRAMES_PER_REPLY + 2)]
    for octets in sent:
        bench.ground["s_band"].send(octets)
    assert bench.s_band.receive() == ()
    see_a_station(bench)
    status = bench.s_band.status()
    assert status.receiver_locked
    assert (status.receive_queued, status.frames_received) == (len(sent), len(sent))
    assert bench.s_band.receive() == tuple(sent[:MAX_FRAMES_PER_REPLY])
    assert bench.s_band.receive() == tuple(sent[MAX_FRAMES_PER_REPLY:])
    assert bench.s_band.receive() == ()
    assert bench.spacecraft.sband_receiver.state.taken == len(sent)


class Lossy:
    """A wire that loses every other reply."""

    def __init__(self, endpoint: ByteEndpoint) -> None:
        self.endpoint = endpoint
        self.count = 0

    def receive(self, data: bytes) -> bytes:
        """The device's reply, or nothing."""
        reply = self.endpoint.receive(data)
        self.count += 1
        return b"" if self.count % 2 else reply


def test_lost_replies_lose_no_frames(bench: Bench) -> None:
    """Frames whose reply was lost are fetched again, and none twice."""
    driver = SBandTransceiver(SimUart(Lossy(bench.endpoints["s_band"])))
    sent = [bytes([number]) for number in range(20)]
    for octets in sent:
        bench.ground["s_band"].send(octets)
    see_a_station(bench)
    received: list[bytes] = []
    while portion := driver.receive():
        received += portion
    assert received == sent
    assert driver.counters.retries > 0


def test_new_driver_gets_what_was_not_acknowledged(bench: Bench) -> None:
    """After a restart of the flight software the frames of the last reply come again, and nothing is lost."""
    for octets in (b"one", b"two"):
        bench.ground["s_band"].send(octets)
    see_a_station(bench)
    assert bench.s_band.receive() == (b"one", b"two")
    again = SBandTransceiver(SimUart(bench.endpoints["s_band"]))
    assert again.receive() == (b"one", b"two")
    assert again.receive() == ()


def test_acknowledgement_of_a_lost_queue_means_nothing(bench: Bench) -> None:
    """A number from before a power cut takes nothing out of the queue after it."""
    for octets in (b"one", b"two", b"three"):
        bench.ground["s_band"].send(octets)
    see_a_station(bench)
    assert bench.s_band.receive() == (b"one", b"two", b"three")
    receiver = bench.spacecraft.sband_receiver
    receiver.set_power(on=False)
    receiver.set_power(on=True)
    bench.ground["s_band"].send(b"four")
    see_a_station(bench)
    bench.s_band.state.acknowledged = 1
    assert bench.s_band.receive() == (b"four",)


def test_transmitter_without_receiver_hears_nothing(bench: Bench) -> None:
    """The X-band radio has nothing to fetch, and what is sent to it is counted as unheard."""
    bench.power("xband")
    assert bench.x_band.receive() == ()
    status = bench.x_band.status()
    assert (status.receiver_locked, status.receive_queued, status.frames_received) == (False, 0, 0)
    antenna = AntennaEndpoint(bench.spacecraft.xband_transmitter, None)
    antenna.uplink(b"hello?")
    assert antenna.state.unheard == 1
    assert antenna.downlink(1) == []


def test_overlong_transmissions_are_not_heard(bench: Bench) -> None:
    """A transmission longer than a radio takes is counted and goes no further."""
    antenna = AntennaEndpoint(bench.spacecraft.sband_transmitter, bench.spacecraft.sband_receiver)
    antenna.uplink(bytes(MAX_FRAME_OCTETS + 1))
    antenna.uplink(bytes(MAX_FRAME_OCTETS))
    assert antenna.state.unheard == 1
    assert bench.spacecraft.sband_receiver.state.offered == 1


def test_radio_without_power_is_silent(bench: Bench) -> None:
    """The X-band radio does not answer while its line is open."""
    with pytest.raises(NoReplyError):
        bench.x_band.status()
    bench.power("xband")
    assert not bench.x_band.status().transmitter_on
