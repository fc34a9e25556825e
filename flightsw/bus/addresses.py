"""Addresses that a socket can have."""

from __future__ import annotations

import os

from flightsw.errors import FlightSoftwareError

LONGEST_IPC_PATH = 107
"""Octets of an ``ipc://`` path (``sun_path`` of unix(7), less its final NUL)."""


class AddressError(FlightSoftwareError):
    """An inbox address that no socket can have; choose a shorter run folder."""

    def __init__(self, address: str, octets: int) -> None:
        super().__init__(
            f"{address}: the path has {octets} octets, at most {LONGEST_IPC_PATH} are allowed; "
            "choose a shorter run folder"
        )
        self.address, self.octets = address, octets


def check_address(address: str) -> str:
    """``address``, when a socket can have it.

    Raises:
        AddressError: an ``ipc://`` path is too long.
    """
    octets = len(os.fsencode(address.removeprefix("ipc://")))
    if address.startswith("ipc://") and octets > LONGEST_IPC_PATH:
        raise AddressError(address, octets)
    return address
