"""Octets that have arrived and were not read yet."""

from __future__ import annotations

import msgspec

BUFFER_OCTETS = 65_536
"""Bound of a receive buffer; above it the newest octets are lost and counted, as in a UART's FIFO."""


class ReceiveBuffer(msgspec.Struct):
    """A bounded first-in, first-out buffer of octets.

    Attributes:
        octets: what waits.
        overrun_octets: lost because the buffer was full.
    """

    octets: bytes = b""
    overrun_octets: int = 0

    def put(self, data: bytes) -> None:
        """Append ``data``; what does not fit is lost and counted."""
        octets = self.octets + data if self.octets else data
        if len(octets) > BUFFER_OCTETS:
            self.overrun_octets += len(octets) - BUFFER_OCTETS
            octets = octets[:BUFFER_OCTETS]
        self.octets = octets

    def take(self, count: int) -> bytes:
        """The oldest ``count`` octets, or all when there are fewer."""
        octets = self.octets
        self.octets = octets[count:]
        return octets[:count]
