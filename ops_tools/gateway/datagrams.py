"""UDP: one frame a datagram, as most mission control systems take and give them."""

from __future__ import annotations

import socket

import msgspec

from flightsw.hal.ports import MAX_FRAME_OCTETS
from ops_tools.gateway.address import Address, resolve
from ops_tools.gateway.errors import GatewayError

MAX_DATAGRAMS_PER_TURN = 256
"""Datagrams taken at once; the operating system keeps the others until the next turn, as long as it has room."""


class DatagramOutletCounters(msgspec.Struct):
    """What became of each unit: ``offered = sent + refused``."""

    offered: int = 0
    sent: int = 0
    octets: int = 0
    refused: int = 0
    """Units that the operating system did not take: no room, or no way there."""


class DatagramOutlet:
    """Sends each unit as one datagram, to whoever may listen there.

    Attributes:
        address: where to.
        counters: what was sent.

    Raises:
        GatewayError: nobody knows the host.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self.counters = DatagramOutletCounters()
        where = resolve(address, socket.SOCK_DGRAM)
        self._where = where.address
        self._socket = socket.socket(where.family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def offer(self, unit: bytes) -> None:
        """Send one unit; a refusal is counted."""
        self.counters.offered += 1
        try:
            self._socket.sendto(unit, self._where)
        except OSError:
            self.counters.refused += 1
            return
        self.counters.sent += 1
        self.counters.octets += len(unit)

    def close(self) -> None:
        """Send no more; closing twice is harmless."""
        self._socket.close()


class DatagramInletCounters(msgspec.Struct):
    """What became of each datagram: ``datagrams = taken + empty + oversize``."""

    datagrams: int = 0
    taken: int = 0
    octets: int = 0
    empty: int = 0
    oversize: int = 0
    """Datagrams longer than anything that a radio takes."""
    turns_cut_short: int = 0
    """Turns that ended with as many datagrams as one turn takes; more may have waited."""
    errors: int = 0
    """Times the operating system could not give what had come."""


class DatagramInlet:
    """Takes datagrams, each of which is one unit.

    Attributes:
        address: where it listens.
        counters: what was taken.

    Raises:
        GatewayError: it cannot listen there.
    """

    def __init__(self, address: Address) -> None:
        self.counters = DatagramInletCounters()
        where = resolve(address, socket.SOCK_DGRAM)
        self._socket = socket.socket(where.family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        try:
            self._socket.bind(where.address)
        except OSError as error:
            self._socket.close()
            raise GatewayError(f"cannot take frames at {address}: {error.strerror}") from error
        self.address = Address(address.host, self._socket.getsockname()[1])

    def take(self) -> list[bytes]:
        """The units that have come since the last turn, oldest first."""
        units: list[bytes] = []
        for _ in range(MAX_DATAGRAMS_PER_TURN):
            try:
                unit = self._socket.recv(MAX_FRAME_OCTETS + 1)
            except BlockingIOError:
                break
            except OSError:
                self.counters.errors += 1
                break
            self._judge(unit, units)
        else:
            self.counters.turns_cut_short += 1
        return units

    def _judge(self, unit: bytes, units: list[bytes]) -> None:
        counters = self.counters
        counters.datagrams += 1
        if not unit:
            counters.empty += 1
        elif len(unit) > MAX_FRAME_OCTETS:
            counters.oversize += 1
        else:
            counters.taken += 1
            counters.octets += len(unit)
            units.append(unit)

    def close(self) -> None:
        """Listen no more; closing twice is harmless."""
        self._socket.close()
