"""What a port reports when the wire, the far side or the memory does not do what was asked."""

from __future__ import annotations

import errno
import os

from flightsw.errors import FlightSoftwareError


class PortError(FlightSoftwareError):
    """A port could not do what was asked; the base of all errors of this package."""


class PortTimeoutError(PortError):
    """The far side did not answer in time; the port stays usable."""

    def __init__(self, port: str, timeout_s: float) -> None:
        super().__init__(f"port {port!r}: no answer within {timeout_s} s")
        self.port, self.timeout_s = port, timeout_s


class NakError(PortError):
    """The device did not acknowledge: it is absent, unpowered, or has nothing to say."""

    def __init__(self, device: str) -> None:
        super().__init__(f"{device} does not acknowledge")
        self.device = device


class PortClosedError(PortError):
    """The port was closed; open another one."""

    def __init__(self, port: str) -> None:
        super().__init__(f"port {port!r} is closed")
        self.port = port


class UnknownPortError(PortError):
    """The simulator has no port of this name; compare the wiring of both sides."""

    def __init__(self, port: str) -> None:
        super().__init__(f"the simulator has no port {port!r} of this kind")
        self.port = port


class OversizeError(PortError):
    """More octets than one transfer may carry."""

    def __init__(self, port: str, found: int, most: int) -> None:
        super().__init__(f"port {port!r}: {found} octets in one transfer, allowed are {most}")
        self.port, self.found, self.most = port, found, most


class AddressError(PortError):
    """An address that a server cannot listen on."""

    def __init__(self, address: str, problem: str) -> None:
        super().__init__(f"{address}: {problem}")
        self.address, self.problem = address, problem


class MemoryFullError(PortError):
    """A blob does not fit the non-volatile memory; delete something or store less."""

    def __init__(self, name: str, needed: int, free: int) -> None:
        super().__init__(f"blob {name!r} needs {needed} octets, {free} are free")
        self.name, self.needed, self.free = name, needed, free


class MemoryFailedError(PortError):
    """The file system under the non-volatile memory refuses: full, read-only or broken; what was stored stays."""

    def __init__(self, name: str, action: str, error: OSError) -> None:
        self.name, self.cause = name, describe_cause(error)
        super().__init__(f"blob {name!r} cannot be {action}: {self.cause}")


class BlobNameError(PortError):
    """A blob name that could not be stored everywhere."""

    def __init__(self, name: str) -> None:
        super().__init__(f"blob name {name!r}: allowed are 1 to 64 of a-z A-Z 0-9 . _ - and no leading dot")
        self.name = name


def describe_cause(error: OSError) -> str:
    """What the operating system says, with the name of its code: ``No space left on device (ENOSPC)``."""
    if error.errno is None:
        return str(error)
    return f"{os.strerror(error.errno)} ({errno.errorcode.get(error.errno, error.errno)})"
