"""Images and products in the mass memory, as whole files."""

from __future__ import annotations

from apps.payload.errors import PayloadError
from flightsw.devices.errors import RefusedError
from flightsw.devices.framing import Status
from flightsw.devices.mass_memory import MAX_CHUNK_OCTETS, MassMemory

FIRST_PRODUCT_FILE = 0x8000_0000
"""Products are numbered from here on, so that they never meet the camera's images, which count from 1."""


class UnreadableImageError(PayloadError):
    """An image that will never be read: it is gone, damaged or too large."""

    def __init__(self, file: int, reason: str) -> None:
        super().__init__(f"image file {file}: {reason}")
        self.file, self.reason = file, reason


class ImageStore:
    """Whole files over a driver that takes them in chunks."""

    def __init__(self, memory: MassMemory) -> None:
        self._memory = memory

    def read(self, file: int, most_octets: int) -> bytes:
        """An image.

        Raises:
            UnreadableImageError: there is no such image, it is damaged, or larger than ``most_octets``.
            DeviceError: the memory cannot be reached now.
        """
        try:
            octets = self._memory.size(file)
            if octets > most_octets:
                raise UnreadableImageError(file, f"{octets} octets, at most {most_octets} are allowed")
            chunks = [
                self._memory.read(file, offset, min(MAX_CHUNK_OCTETS, octets - offset))
                for offset in range(0, octets, MAX_CHUNK_OCTETS)
            ]
        except RefusedError as error:
            if error.status in (Status.NOT_FOUND, Status.FAULT, Status.OUT_OF_RANGE):
                raise UnreadableImageError(file, error.status.name) from error
            raise
        return b"".join(chunks)

    def write(self, file: int, data: bytes) -> None:
        """Store a product.

        Raises:
            DeviceError: the memory is full or cannot be reached now.
        """
        for offset in range(0, len(data), MAX_CHUNK_OCTETS):
            self._memory.write(file, offset, data[offset : offset + MAX_CHUNK_OCTETS])

    def delete(self, file: int) -> None:
        """Delete a file; one that is not there is no error.

        Raises:
            DeviceError: the memory cannot be reached now.
        """
        try:
            self._memory.delete(file)
        except RefusedError as error:
            if error.status is not Status.NOT_FOUND:
                raise
