"""The ports: what a driver may ask of the hardware, and nothing more.

A port has one owner and is used from one thread. Each back end (in process, to a simulator in another process, real
hardware) offers the same classes; one conformance suite holds them to what stands here.
"""

from __future__ import annotations

from typing import Protocol

MAX_TRANSFER_OCTETS = 40_960
"""Most octets in one write: the largest device request or reply, 32 KiB of data and what stands around it."""

MAX_FRAME_OCTETS = 4096
"""Largest transmission over a radio: one frame, coding and markers included, or one CLTU."""

MAX_FRAMES_PER_RECEIVE = 64
"""Most frames that one ``RadioFrequencyPort.receive`` returns; the rest comes with the next call."""


class Uart(Protocol):
    """An asynchronous serial line to one device."""

    def write(self, data: bytes) -> None:
        """Send octets.

        Raises:
            PortTimeoutError: the line itself does not work; a silent device shows when reading.
            PortClosedError: the port was closed.
            OversizeError: more than ``MAX_TRANSFER_OCTETS``.
        """
        ...

    def read(self, count: int, timeout_s: float) -> bytes:
        """The next ``count`` octets, fewer when ``timeout_s`` passes first; 0 takes only what has arrived.

        Raises:
            PortClosedError: the port was closed.
        """
        ...

    def close(self) -> None:
        """Give the line back; closing twice is harmless."""
        ...


class I2c(Protocol):
    """The master of an I2C bus (NXP UM10204) with devices at 7-bit addresses."""

    def write(self, address: int, data: bytes) -> None:
        """Send octets to one device.

        Raises:
            NakError: no device acknowledges at ``address``.
            PortTimeoutError: the bus itself does not work.
            PortClosedError: the port was closed.
            OversizeError: more than ``MAX_TRANSFER_OCTETS``.
        """
        ...

    def read(self, address: int, count: int) -> bytes:
        """Exactly ``count`` octets from one device; what it does not drive reads as 0xFF.

        Raises:
            NakError: no device acknowledges at ``address``, or it has nothing to say.
            PortClosedError: the port was closed.
        """
        ...

    def close(self) -> None:
        """Give the bus back; closing twice is harmless."""
        ...


class NonVolatileMemory(Protocol):
    """Named blobs that survive a loss of power. A write happens whole or not at all.

    Names are 1 to 64 of ``a-z A-Z 0-9 . _ -`` without a leading dot.
    """

    @property
    def capacity_octets(self) -> int:
        """Most octets of all blobs together."""
        ...

    @property
    def used_octets(self) -> int:
        """Octets of all blobs together."""
        ...

    def read(self, name: str) -> bytes | None:
        """The blob, or None when there is none.

        Raises:
            BlobNameError: the name is not allowed.
            MemoryFailedError: it is there and cannot be read.
        """
        ...

    def write(self, name: str, data: bytes) -> None:
        """Store a blob, replacing an older one of the same name.

        Raises:
            BlobNameError: the name is not allowed.
            MemoryFullError: it does not fit; the older one stays.
            MemoryFailedError: what lies under the memory refuses, full or read-only; the older one stays.
        """
        ...

    def delete(self, name: str) -> None:
        """Forget a blob; deleting what is not there is harmless.

        Raises:
            BlobNameError: the name is not allowed.
            MemoryFailedError: what lies under the memory refuses; the blob stays.
        """
        ...

    def names(self) -> list[str]:
        """All names, sorted."""
        ...


class Watchdog(Protocol):
    """A timer that resets the processor unless it is stroked."""

    def stroke(self) -> None:
        """Start the timer afresh."""
        ...


class RadioFrequencyPort(Protocol):
    """The antenna of a ground station: whole frames up, whole frames down, and no promise that they arrive."""

    def send(self, octets: bytes) -> None:
        """Radiate one uplink transmission.

        Raises:
            PortTimeoutError: the radio does not answer.
            PortClosedError: the port was closed.
            OversizeError: more than ``MAX_FRAME_OCTETS``.
        """
        ...

    def receive(self) -> list[bytes]:
        """What has come down since the last call, oldest first, at most ``MAX_FRAMES_PER_RECEIVE``.

        Raises:
            PortTimeoutError: the radio does not answer.
            PortClosedError: the port was closed.
        """
        ...

    def close(self) -> None:
        """Give the radio back; closing twice is harmless."""
        ...
