"""TCP: everything that comes down as one stream, and the units that clients send up, cut from theirs."""

from __future__ import annotations

import socket

import msgspec

from ops_tools.gateway.address import Address, resolve
from ops_tools.gateway.errors import GatewayError
from ops_tools.gateway.frame_form import FrameForm

MAX_CLIENTS = 8
"""Clients connected at one time; one more is sent away."""
MAX_WAITING_OCTETS = 1_048_576
"""What may wait for a client that reads slowly; units that find no room are dropped, and counted."""
MAX_READ_OCTETS = 65_536
"""What is read from one client in one turn; the rest waits in the operating system."""


class StreamCounters(msgspec.Struct):
    """What became of each unit and each client.

    Counted per client: ``offered = queued + dropped``. ``clients = connected + closed``, where ``connected`` is how
    many there are now.
    """

    clients: int = 0
    refused_clients: int = 0
    closed: int = 0
    """Clients that have gone, or were put out because of what they sent."""
    offered: int = 0
    queued: int = 0
    dropped: int = 0
    """Units that a client was too slow for."""
    octets_sent: int = 0
    octets_read: int = 0
    taken: int = 0
    """Units that clients have sent."""
    streams_out_of_step: int = 0
    """Clients put out, because where the next unit starts in what they send was not known any more."""


class _Client:
    """One connection: what waits to be sent, and what came of the next unit."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.waiting = bytearray()
        self.partial = b""


class StreamServer:
    """Listens for clients; each gets all units as a stream, and may send units.

    Attributes:
        address: where it listens.
        counters: what went through.

    Raises:
        GatewayError: it cannot listen there.
    """

    def __init__(self, address: Address, form: FrameForm) -> None:
        self.counters = StreamCounters()
        self._form = form
        self._clients: list[_Client] = []
        where = resolve(address, socket.SOCK_STREAM)
        self._socket = socket.socket(where.family, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.setblocking(False)
        try:
            self._socket.bind(where.address)
            self._socket.listen(MAX_CLIENTS)
        except OSError as error:
            self._socket.close()
            raise GatewayError(f"cannot listen at {address}: {error.strerror}") from error
        self.address = Address(address.host, self._socket.getsockname()[1])

    @property
    def connected(self) -> int:
        """Clients connected now."""
        return len(self._clients)

    def offer(self, unit: bytes) -> None:
        """Send one unit to all clients; it leaves at once if they take it, else with the next turns."""
        for client in tuple(self._clients):
            self.counters.offered += 1
            if len(client.waiting) + len(unit) > MAX_WAITING_OCTETS:
                self.counters.dropped += 1
                continue
            self.counters.queued += 1
            client.waiting += unit
            self._flush(client)

    def take(self) -> list[bytes]:
        """Meet new clients, send what waits, and return the units that have come whole, client by client."""
        self._accept()
        units: list[bytes] = []
        for client in tuple(self._clients):
            if self._flush(client):
                units += self._read(client)
        self.counters.taken += len(units)
        return units

    def close(self) -> None:
        """Part from all clients and listen no more; closing twice is harmless."""
        for client in tuple(self._clients):
            self._part(client)
        self._socket.close()

    def _accept(self) -> None:
        for _ in range(MAX_CLIENTS):
            try:
                connection, _ = self._socket.accept()
            except OSError:  # nobody waits, or whoever did has gone again
                return
            if len(self._clients) >= MAX_CLIENTS:
                connection.close()
                self.counters.refused_clients += 1
                continue
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.counters.clients += 1
            self._clients.append(_Client(connection))

    def _flush(self, client: _Client) -> bool:
        """Send what waits for a client, as far as it takes it; return whether it is still there."""
        if not client.waiting:
            return True
        try:
            sent = client.connection.send(client.waiting)
        except BlockingIOError:
            return True
        except OSError:
            self._part(client)
            return False
        del client.waiting[:sent]
        self.counters.octets_sent += sent
        return True

    def _read(self, client: _Client) -> list[bytes]:
        try:
            octets = client.connection.recv(MAX_READ_OCTETS)
        except BlockingIOError:
            return []
        except OSError:
            octets = b""
        if not octets:
            self._part(client)
            return []
        self.counters.octets_read += len(octets)
        units, rest = self._form.cut(client.partial + octets)
        if rest is None:
            self.counters.streams_out_of_step += 1
            self._part(client)
        else:
            client.partial = rest
        return units

    def _part(self, client: _Client) -> None:
        client.connection.close()
        self._clients.remove(client)
        self.counters.closed += 1
