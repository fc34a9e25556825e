"""What a driver reports when its device does not do what was asked."""

from __future__ import annotations

from flightsw.devices.framing import Status
from flightsw.errors import FlightSoftwareError


class DeviceError(FlightSoftwareError):
    """A device did not do what was asked; the base of all errors of this package."""

    def __init__(self, device: str, opcode: int, problem: str) -> None:
        super().__init__(f"{device}: request 0x{opcode:02x} {problem}")
        self.device, self.opcode = device, opcode


class NoReplyError(DeviceError):
    """The device stayed silent; whether it did what was asked is unknown."""

    def __init__(self, device: str, opcode: int) -> None:
        super().__init__(device, opcode, "was not answered")


class CorruptReplyError(DeviceError):
    """The reply cannot be trusted: damaged on the wire, or with values that cannot be."""

    def __init__(self, device: str, opcode: int, problem: str) -> None:
        super().__init__(device, opcode, f"was answered with a corrupt reply: {problem}")
        self.problem = problem


class RefusedError(DeviceError):
    """The device understood and refused; ``status`` says why."""

    def __init__(self, device: str, opcode: int, status: Status) -> None:
        super().__init__(device, opcode, f"was refused: {status.name}")
        self.status = status
