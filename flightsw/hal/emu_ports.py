"""Ports to simulated devices in another process.

The same port objects as in process, facing devices that answer over a link: writing takes one round trip and brings
back whatever the device answered at once, reading is served from what has come.
"""

from __future__ import annotations

from collections.abc import Mapping

from flightsw.hal.emu import EmuLink
from flightsw.hal.emu_wire import RequestKind
from flightsw.hal.sim import SimI2c, SimRadioFrequency, SimUart


class RemoteEndpoint:
    """A device of a simulator in another process, as if it were here."""

    def __init__(self, link: EmuLink, port: str) -> None:
        self._link = link
        self._port = port

    def receive(self, data: bytes) -> bytes:
        """Octets that the device answers at once."""
        return b"".join(self._link.call(RequestKind.TRANSFER, self._port, data))


class RemoteRadioFrequencyEndpoint:
    """The antenna of a spacecraft simulated in another process, as if it were here."""

    def __init__(self, link: EmuLink, port: str) -> None:
        self._link = link
        self._port = port

    def uplink(self, octets: bytes) -> None:
        """A transmission leaves the ground."""
        self._link.call(RequestKind.UPLINK, self._port, octets)

    def downlink(self, most: int) -> list[bytes]:
        """Frames that have reached the ground; a reply that is lost takes its frames along."""
        return self._link.call(RequestKind.DOWNLINK, self._port)


def emu_uart(link: EmuLink, port: str) -> SimUart:
    """A serial line to the device that the simulator calls ``port``."""
    return SimUart(RemoteEndpoint(link, port), port)


def emu_i2c(link: EmuLink, ports: Mapping[int, str], name: str = "i2c") -> SimI2c:
    """An I2C bus with the simulator's devices ``ports`` (names by address)."""
    return SimI2c({address: RemoteEndpoint(link, port) for address, port in ports.items()}, name)


def emu_radio_frequency(link: EmuLink, port: str) -> SimRadioFrequency:
    """The ground's radio, facing the antenna that the simulator calls ``port``."""
    return SimRadioFrequency(RemoteRadioFrequencyEndpoint(link, port), port)
