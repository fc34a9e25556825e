"""Ports to simulated devices in the same process: lock-step, no threads, no wall-clock time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from flightsw.hal.errors import MemoryFullError, NakError, OversizeError, PortClosedError
from flightsw.hal.nvm import DEFAULT_CAPACITY_OCTETS, check_blob_name
from flightsw.hal.ports import MAX_FRAME_OCTETS, MAX_FRAMES_PER_RECEIVE, MAX_TRANSFER_OCTETS
from flightsw.hal.receive_buffer import ReceiveBuffer


class ByteEndpoint(Protocol):
    """The far end of a device's wire."""

    def receive(self, data: bytes) -> bytes:
        """Octets that the device answers at once, empty when it stays silent.

        Raises:
            NakError: the device does not acknowledge (I2C).
        """
        ...


class RadioFrequencyEndpoint(Protocol):
    """The spacecraft's antenna as the ground's radio sees it."""

    def uplink(self, octets: bytes) -> None:
        """A transmission leaves the ground; whether it arrives is a matter of the link."""
        ...

    def downlink(self, most: int) -> list[bytes]:
        """Up to ``most`` frames that have reached the ground, oldest first; each is handed out once."""
        ...


class SimUart:
    """A serial line to one simulated device. A read never waits: the device has answered by then, or will not.

    Attributes:
        state: what has arrived and was not read yet.
    """

    def __init__(self, endpoint: ByteEndpoint, name: str = "uart") -> None:
        self.name = name
        self.state = ReceiveBuffer()
        self._endpoint: ByteEndpoint | None = endpoint

    def write(self, data: bytes) -> None:
        """Hand ``data`` to the device and keep its answer for reading."""
        if self._endpoint is None:
            raise PortClosedError(self.name)
        if len(data) > MAX_TRANSFER_OCTETS:
            raise OversizeError(self.name, len(data), MAX_TRANSFER_OCTETS)
        self.state.put(self._endpoint.receive(data))

    def read(self, count: int, timeout_s: float) -> bytes:
        """The next ``count`` octets, fewer when the device said less."""
        if self._endpoint is None:
            raise PortClosedError(self.name)
        return self.state.take(count)

    def close(self) -> None:
        """Let go of the device."""
        self._endpoint = None


class I2cState(msgspec.Struct):
    """What the devices of a bus have ready to be read.

    Attributes:
        answers: by address; the next write to that address replaces it.
    """

    answers: dict[int, bytes] = {}


class SimI2c:
    """An I2C bus with simulated devices.

    Attributes:
        state: answers that were not read yet.
    """

    def __init__(self, endpoints: Mapping[int, ByteEndpoint], name: str = "i2c") -> None:
        self.name = name
        self.state = I2cState()
        self._endpoints: Mapping[int, ByteEndpoint] | None = endpoints

    def write(self, address: int, data: bytes) -> None:
        """Hand ``data`` to the device at ``address`` and keep its answer for reading."""
        if self._endpoints is None:
            raise PortClosedError(self.name)
        if len(data) > MAX_TRANSFER_OCTETS:
            raise OversizeError(self.name, len(data), MAX_TRANSFER_OCTETS)
        endpoint = self._endpoints.get(address)
        if endpoint is None:
            raise NakError(f"{self.name} address 0x{address:02x}")
        self.state.answers[address] = endpoint.receive(data)

    def read(self, address: int, count: int) -> bytes:
        """Exactly ``count`` octets of the device's answer, filled up with 0xFF."""
        if self._endpoints is None:
            raise PortClosedError(self.name)
        answer = self.state.answers.pop(address, b"")
        if not answer:
            raise NakError(f"{self.name} address 0x{address:02x}")
        return answer if len(answer) == count else answer[:count].ljust(count, b"\xff")

    def close(self) -> None:
        """Let go of the devices."""
        self._endpoints = None


class SimRadioFrequency:
    """A ground station's radio that meets the simulated spacecraft's antenna directly."""

    def __init__(self, endpoint: RadioFrequencyEndpoint, name: str = "radio_frequency") -> None:
        self.name = name
        self._endpoint: RadioFrequencyEndpoint | None = endpoint

    def send(self, octets: bytes) -> None:
        """Radiate one uplink transmission."""
        if self._endpoint is None:
            raise PortClosedError(self.name)
        if len(octets) > MAX_FRAME_OCTETS:
            raise OversizeError(self.name, len(octets), MAX_FRAME_OCTETS)
        self._endpoint.uplink(octets)

    def receive(self) -> list[bytes]:
        """What has come down since the last call."""
        if self._endpoint is None:
            raise PortClosedError(self.name)
        return self._endpoint.downlink(MAX_FRAMES_PER_RECEIVE)

    def close(self) -> None:
        """Let go of the spacecraft."""
        self._endpoint = None


class SimWatchdog:
    """A watchdog that only counts; whoever simulates the processor looks at the count.

    Attributes:
        strokes: how often it was stroked.
    """

    def __init__(self) -> None:
        self.strokes = 0

    def stroke(self) -> None:
        """Count one stroke."""
        self.strokes += 1


class MemoryState(msgspec.Struct):
    """The content of a simulated non-volatile memory.

    Attributes:
        blobs: data by name.
    """

    blobs: dict[str, bytes] = {}


class MemoryNvm:
    """Non-volatile memory of a simulated processor: it outlives the apps as long as this object lives.

    Attributes:
        capacity_octets: most octets of all blobs together.
        state: the content.
    """

    def __init__(self, capacity_octets: int = DEFAULT_CAPACITY_OCTETS) -> None:
        self.capacity_octets = capacity_octets
        self.state = MemoryState()

    @property
    def used_octets(self) -> int:
        """Octets of all blobs together."""
        return sum(len(data) for data in self.state.blobs.values())

    def read(self, name: str) -> bytes | None:
        """The blob, or None."""
        return self.state.blobs.get(check_blob_name(name))

    def write(self, name: str, data: bytes) -> None:
        """Store a blob."""
        old = len(self.state.blobs.get(check_blob_name(name), b""))
        free = self.capacity_octets - self.used_octets + old
        if len(data) > free:
            raise MemoryFullError(name, len(data), free)
        self.state.blobs[name] = bytes(data)

    def delete(self, name: str) -> None:
        """Forget a blob."""
        self.state.blobs.pop(check_blob_name(name), None)

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self.state.blobs)
