"""How a reply is fetched from each kind of port, which differ in who knows its length."""

from __future__ import annotations

from typing import Protocol

from flightsw.devices.framing import REPLY_HEADER_OCTETS, REPLY_OVERHEAD, payload_length
from flightsw.hal.ports import MAX_TRANSFER_OCTETS, I2c, Uart
from tlm_cmd.packets.crc import CRC_OCTETS

REPLY_TIMEOUT_S = 0.2
"""How long a device on a serial line may take to answer."""


class Wire(Protocol):
    """Carries requests and replies to and from one device."""

    def send(self, request: bytes) -> None:
        """Send a whole request."""
        ...

    def receive(self, most_octets: int) -> bytes:
        """What the device answers, at most a reply with ``most_octets`` of payload; empty when it stays silent."""
        ...

    def flush(self) -> None:
        """Forget what has arrived and was not fetched."""
        ...


class UartWire:
    """A device alone on a serial line: the header says how much follows."""

    def __init__(self, port: Uart, timeout_s: float = REPLY_TIMEOUT_S) -> None:
        self._port = port
        self._timeout_s = timeout_s

    def send(self, request: bytes) -> None:
        """Send a whole request."""
        self._port.write(request)

    def receive(self, most_octets: int) -> bytes:
        """The header, then as much as it announces unless that cannot be."""
        header = self._port.read(REPLY_HEADER_OCTETS, self._timeout_s)
        if len(header) < REPLY_HEADER_OCTETS:
            return header
        length = payload_length(header)
        if length > most_octets:
            return header
        return header + self._port.read(length + CRC_OCTETS, self._timeout_s)

    def flush(self) -> None:
        """Read away what has arrived."""
        self._port.read(MAX_TRANSFER_OCTETS, 0.0)


class I2cWire:
    """A device at an address: the longest reply is read, the header says how much of it counts."""

    def __init__(self, port: I2c, address: int) -> None:
        self._port = port
        self._address = address

    def send(self, request: bytes) -> None:
        """Send a whole request."""
        self._port.write(self._address, request)

    def receive(self, most_octets: int) -> bytes:
        """The reply without what the device does not drive."""
        data = self._port.read(self._address, REPLY_OVERHEAD + most_octets)
        return data[: REPLY_OVERHEAD + payload_length(data)]

    def flush(self) -> None:
        """Nothing waits in the master of a bus."""
