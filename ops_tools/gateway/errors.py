"""What the gateway refuses."""

from __future__ import annotations

from flightsw.errors import FlightSoftwareError
from flightsw.hal.errors import PortError


class GatewayError(FlightSoftwareError):
    """A gateway that cannot be opened as it was asked for."""


class CommandedElsewhereError(PortError):
    """A frame that this ground may not send, because another one commands the spacecraft.

    Two that send on one virtual channel would each see frames acknowledged that they have not sent (CCSDS 232.1-B-2).
    """

    def __init__(self) -> None:
        super().__init__("this ground only listens: the spacecraft is commanded through the gateway")
