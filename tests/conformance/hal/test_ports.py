"""What every back end of the ports must do; the far side is in process, or behind a server in another thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from flightsw.devices.device import MAX_RETRIES
from flightsw.devices.eps import EPS_ADDRESS, Eps
from flightsw.devices.errors import CorruptReplyError, NoReplyError
from flightsw.devices.mass_memory import MassMemory
from flightsw.hal.emu import EmuLink, PortServer
from flightsw.hal.emu_ports import emu_i2c, emu_radio_frequency, emu_uart
from flightsw.hal.errors import NakError, OversizeError, PortClosedError
from flightsw.hal.ports import (
    MAX_FRAME_OCTETS,
    MAX_FRAMES_PER_RECEIVE,
    MAX_TRANSFER_OCTETS,
    I2c,
    RadioFrequencyPort,
    Uart,
)
from flightsw.hal.receive_buffer import BUFFER_OCTETS
from flightsw.hal.sim import SimI2c, SimRadioFrequency, SimUart

ADDRESS = 0x24
SILENT_ADDRESS = 0x25
NAK_ADDRESS = 0x26
ABSENT_ADDRESS = 0x27


class Echo:
    """A device that answers what ``answers`` says, or else repeats what it hears."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.answers: list[bytes] = []

    def receive(self, data: bytes) -> bytes:
        """The next scripted answer, or the octets that came."""
        self.heard.append(data)
        return self.answers.pop(0) if self.answers else data


class Silent:
    """A device that never answers."""

    def receive(self, data: bytes) -> bytes:
        """Nothing."""
        del data
        return b""


class Refusing:
    """A device that does not acknowledge."""

    def receive(self, data: bytes) -> bytes:
        """No acknowledgement."""
        raise NakError(f"device {data.hex()}")


class Antenna:
    """An antenna that hears everything and hands down what was put into it."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.frames: list[bytes] = []

    def uplink(self, octets: bytes) -> None:
        """Remember what came."""
        self.heard.append(octets)

    def downlink(self, most: int) -> list[bytes]:
        """The oldest frames, each once."""
        frames, self.frames = self.frames[:most], self.frames[most:]
        return frames


class FarSide:
    """The devices that both back ends put behind their ports."""

    def __init__(self) -> None:
        self.echo = Echo()
        self.antenna = Antenna()
        self.devices = {"echo": self.echo, "silent": Silent(), "refusing": Refusing()}
        self.antennas = {"antenna": self.antenna}
        self.addresses = {ADDRESS: "echo", SILENT_ADDRESS: "silent", NAK_ADDRESS: "refusing"}


class BackEnd(Protocol):
    """Opens ports to the far side, and lets it fail."""

    far: FarSide

    def uart(self, name: str) -> Uart:
        """A serial line to the device ``name``."""
        ...

    def i2c(self) -> I2c:
        """A bus with all devices."""
        ...

    def radio_frequency(self) -> RadioFrequencyPort:
        """A radio facing the antenna."""
        ...

    def restart(self) -> None:
        """The far side goes away and comes back."""
        ...

    def stop(self) -> None:
        """Free everything."""
        ...


class SimBackEnd:
    """Ports and devices in one process."""

    def __init__(self) -> None:
        self.far = FarSide()

    def uart(self, name: str) -> Uart:
        """A serial line to the device ``name``."""
        return SimUart(self.far.devices[name])

    def i2c(self) -> I2c:
        """A bus with all devices."""
        return SimI2c({address: self.far.devices[name] for address, name in self.far.addresses.items()})

    def radio_frequency(self) -> RadioFrequencyPort:
        """A radio facing the antenna."""
        return SimRadioFrequency(self.far.antenna)

    def restart(self) -> None:
        """The far side goes away and comes back."""
        self.far.echo.answers.clear()

    def stop(self) -> None:
        """Nothing to free."""


class ServerThread:
    """A port server that polls in a thread of its own, as the simulator's process does."""

    def __init__(self, address: str, far: FarSide) -> None:
        self._ready = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(address, far))
        self._thread.start()
        assert self._ready.wait(10)

    def _run(self, address: str, far: FarSide) -> None:
        server = PortServer(address, far.devices, far.antennas)
        self._ready.set()
        while not self._stop.is_set():
            server.poll(0.01)
        server.close()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()


class EmuBackEnd:
    """Ports here, devices behind a server."""

    def __init__(self, address: str) -> None:
        self.far = FarSide()
        self._address = address
        self._server = ServerThread(address, self.far)
        self.link = EmuLink(address, timeout_s=10.0)

    def uart(self, name: str) -> Uart:
        """A serial line to the device ``name``."""
        return emu_uart(self.link, name)

    def i2c(self) -> I2c:
        """A bus with all devices."""
        return emu_i2c(self.link, self.far.addresses)

    def radio_frequency(self) -> RadioFrequencyPort:
        """A radio facing the antenna."""
        return emu_radio_frequency(self.link, "antenna")

    def restart(self) -> None:
        """The far side goes away and comes back."""
        self._server.stop()
        self.far.echo.answers.clear()
        self._server = ServerThread(self._address, self.far)

    def stop(self) -> None:
        """Free link and server."""
        self.link.close()
        self._server.stop()


@pytest.fixture(params=["sim", "emu"])
def back_end(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BackEnd]:
    """Each back end in turn."""
    chosen: BackEnd = SimBackEnd() if request.param == "sim" else EmuBackEnd(f"ipc://{tmp_path}/ports")
    yield chosen
    chosen.stop()


def test_uart_carries_octets_both_ways(back_end: BackEnd) -> None:
    """What is written reaches the device, what it answers is read, in any portions."""
    port = back_end.uart("echo")
    port.write(b"hello")
    assert back_end.far.echo.heard == [b"hello"]
    assert port.read(2, 0.1) == b"he"
    assert port.read(3, 0.1) == b"llo"


def test_uart_answers_queue_up(back_end: BackEnd) -> None:
    """Answers to several writes are read as one stream, in order."""
    port = back_end.uart("echo")
    port.write(b"one")
    port.write(b"two")
    assert port.read(6, 0.1) == b"onetwo"


def test_uart_reads_fewer_on_time_out(back_end: BackEnd) -> None:
    """A read that asks for more than has come returns what has come."""
    port = back_end.uart("echo")
    port.write(b"abc")
    assert port.read(10, 0.0) == b"abc"
    assert port.read(10, 0.0) == b""


def test_uart_silent_device_reads_nothing(back_end: BackEnd) -> None:
    """A silent device shows when reading, not when writing."""
    port = back_end.uart("silent")
    port.write(b"anybody?")
    assert port.read(1, 0.0) == b""


def test_uart_carries_the_largest_transfer_and_no_more(back_end: BackEnd) -> None:
    """The bound of a transfer is exact."""
    port = back_end.uart("echo")
    data = bytes(range(256)) * (MAX_TRANSFER_OCTETS // 256)
    port.write(data)
    assert port.read(MAX_TRANSFER_OCTETS, 0.1) == data
    with pytest.raises(OversizeError) as refused:
        port.write(data + b"x")
    assert (refused.value.found, refused.value.most) == (MAX_TRANSFER_OCTETS + 1, MAX_TRANSFER_OCTETS)


def test_uart_buffer_is_bounded_and_counts(back_end: BackEnd) -> None:
    """An unread stream keeps its oldest octets up to the bound and counts the others as overrun."""
    port = back_end.uart("echo")
    for _ in range(2):
        port.write(bytes(MAX_TRANSFER_OCTETS))
    assert isinstance(port, SimUart)
    assert port.state.overrun_octets == 2 * MAX_TRANSFER_OCTETS - BUFFER_OCTETS
    assert len(port.read(2 * MAX_TRANSFER_OCTETS, 0.0)) == BUFFER_OCTETS


def test_uart_carries_empty_writes(back_end: BackEnd) -> None:
    """An empty write is a transfer as well."""
    port = back_end.uart("echo")
    port.write(b"")
    assert back_end.far.echo.heard == [b""]


def test_closed_uart_refuses(back_end: BackEnd) -> None:
    """A closed port refuses everything but closing."""
    port = back_end.uart("echo")
    port.close()
    port.close()
    with pytest.raises(PortClosedError):
        port.write(b"x")
    with pytest.raises(PortClosedError):
        port.read(1, 0.0)


def test_ports_close_apart(back_end: BackEnd) -> None:
    """Closing one port leaves the others open."""
    first, second = back_end.uart("echo"), back_end.uart("echo")
    first.close()
    second.write(b"still here")
    assert second.read(10, 0.1) == b"still here"


def test_i2c_carries_octets_both_ways(back_end: BackEnd) -> None:
    """What is written to an address is answered from there."""
    port = back_end.i2c()
    port.write(ADDRESS, b"abcd")
    assert port.read(ADDRESS, 4) == b"abcd"


def test_i2c_read_longer_than_the_answer_is_filled(back_end: BackEnd) -> None:
    """What the device does not drive reads as 0xFF; what was not read of an answer is gone."""
    port = back_end.i2c()
    port.write(ADDRESS, b"ab")
    assert port.read(ADDRESS, 4) == b"ab\xff\xff"
    port.write(ADDRESS, b"abcd")
    assert port.read(ADDRESS, 2) == b"ab"
    with pytest.raises(NakError):
        port.read(ADDRESS, 2)


def test_i2c_absent_device_does_not_acknowledge(back_end: BackEnd) -> None:
    """An address without a device, and a device that refuses, raise at once."""
    port = back_end.i2c()
    for address in (ABSENT_ADDRESS, NAK_ADDRESS):
        with pytest.raises(NakError):
            port.write(address, b"x")
    with pytest.raises(NakError):
        port.read(ABSENT_ADDRESS, 1)


def test_i2c_device_with_nothing_to_say_does_not_acknowledge(back_end: BackEnd) -> None:
    """Reading before anything was answered raises."""
    port = back_end.i2c()
    port.write(SILENT_ADDRESS, b"x")
    with pytest.raises(NakError):
        port.read(SILENT_ADDRESS, 1)


def test_i2c_bounds_transfers(back_end: BackEnd) -> None:
    """More than one transfer may carry is refused."""
    port = back_end.i2c()
    with pytest.raises(OversizeError):
        port.write(ADDRESS, bytes(MAX_TRANSFER_OCTETS + 1))


def test_closed_i2c_refuses(back_end: BackEnd) -> None:
    """A closed bus refuses everything but closing."""
    port = back_end.i2c()
    port.close()
    port.close()
    with pytest.raises(PortClosedError):
        port.write(ADDRESS, b"x")
    with pytest.raises(PortClosedError):
        port.read(ADDRESS, 1)


def test_radio_frequency_sends_whole_transmissions(back_end: BackEnd) -> None:
    """Each transmission reaches the antenna as it was sent."""
    port = back_end.radio_frequency()
    port.send(b"one")
    port.send(b"")
    port.send(bytes(MAX_FRAME_OCTETS))
    with pytest.raises(OversizeError):
        port.send(bytes(MAX_FRAME_OCTETS + 1))
    assert back_end.far.antenna.heard == [b"one", b"", bytes(MAX_FRAME_OCTETS)]


def test_radio_frequency_receives_each_frame_once(back_end: BackEnd) -> None:
    """Frames come down in order, bounded per call, each once."""
    frames = [number.to_bytes(2, "big") for number in range(MAX_FRAMES_PER_RECEIVE + 2)]
    back_end.far.antenna.frames = list(frames)
    port = back_end.radio_frequency()
    assert port.receive() == frames[:MAX_FRAMES_PER_RECEIVE]
    assert port.receive() == frames[MAX_FRAMES_PER_RECEIVE:]
    assert port.receive() == []


def test_closed_radio_frequency_refuses(back_end: BackEnd) -> None:
    """A closed radio refuses everything but closing."""
    port = back_end.radio_frequency()
    port.close()
    port.close()
    with pytest.raises(PortClosedError):
        port.send(b"x")
    with pytest.raises(PortClosedError):
        port.receive()


def test_driver_sees_corrupt_replies(back_end: BackEnd) -> None:
    """A driver on the port refuses replies that no device of its kind gives, after bounded retries."""
    back_end.far.echo.answers = [b"\xa5" * 20] * (1 + MAX_RETRIES)
    memory = MassMemory(back_end.uart("echo"))
    with pytest.raises(CorruptReplyError):
        memory.status()
    assert memory.counters.corrupt == 1 + MAX_RETRIES
    assert len(back_end.far.echo.heard) == 1 + MAX_RETRIES


def test_driver_sees_silence(back_end: BackEnd) -> None:
    """A driver reports no reply on either kind of port, and for a missing acknowledgement."""
    with pytest.raises(NoReplyError):
        MassMemory(back_end.uart("silent")).status()
    for address in (SILENT_ADDRESS, NAK_ADDRESS, ABSENT_ADDRESS):
        eps = Eps(back_end.i2c(), address)
        with pytest.raises(NoReplyError):
            eps.status()
        assert eps.counters.timeouts == 1 + MAX_RETRIES
    assert EPS_ADDRESS == ADDRESS


def test_far_side_restarts(back_end: BackEnd) -> None:
    """Open ports go on working after the far side went away and came back."""
    uart, i2c, radio = back_end.uart("echo"), back_end.i2c(), back_end.radio_frequency()
    uart.write(b"before")
    assert uart.read(6, 0.1) == b"before"
    back_end.restart()
    uart.write(b"after")
    assert uart.read(5, 0.1) == b"after"
    i2c.write(ADDRESS, b"after")
    assert i2c.read(ADDRESS, 5) == b"after"
    radio.send(b"after")
    assert back_end.far.antenna.heard == [b"after"]
