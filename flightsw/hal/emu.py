"""The connection between the ports of one process and the simulator in another: ZeroMQ on ``ipc://`` or loopback TCP.

The client asks, the server answers when it is polled. Each object belongs to the thread (and process) that made it.
"""

from __future__ import annotations

import fcntl
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import msgspec
import zmq

from flightsw.hal.emu_wire import (
    LinkState,
    Outcome,
    PortReply,
    PortRequest,
    RequestKind,
    ServerState,
    decode_reply,
    decode_request,
    encode,
)
from flightsw.hal.errors import (
    AddressError,
    NakError,
    OversizeError,
    PortClosedError,
    PortTimeoutError,
    UnknownPortError,
)
from flightsw.hal.ports import MAX_FRAME_OCTETS, MAX_FRAMES_PER_RECEIVE, MAX_TRANSFER_OCTETS
from flightsw.hal.sim import ByteEndpoint, RadioFrequencyEndpoint

DEFAULT_TIMEOUT_S = 1.0
"""How long a client waits for the simulator unless told otherwise."""

QUEUE_MESSAGES = 64
"""High-water mark of every socket; a client has at most one request under way."""

MAX_MESSAGE_OCTETS = 2 * MAX_FRAMES_PER_RECEIVE * MAX_FRAME_OCTETS
"""Guard against messages that no port and no server sends."""

MAX_STALE_REPLIES = 16
"""Replies to other requests that one request discards before it counts as timed out."""

MAX_REQUESTS_PER_POLL = 256
"""Requests that one ``PortServer.poll`` serves before it lets the simulator go on."""

IPC_PATH_OCTETS = 107
"""Longest path of an ``ipc://`` address (``sun_path`` of unix(7), less its final NUL)."""

_RECONNECT_MS = 5
_SEQUENCES = 2**32


class EmuLink:
    """A client's connection to the simulator; the ports of one thread share it.

    After a time-out the socket is replaced, so that neither the unanswered request nor its late reply can follow.

    Attributes:
        state: sequence and counters.
    """

    def __init__(self, address: str, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        self.address = address
        self.timeout_s = timeout_s
        self.state = LinkState()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket: zmq.Socket[bytes] | None = self._connected()

    def call(self, kind: RequestKind, port: str, data: bytes = b"") -> list[bytes]:
        """One round trip to the simulator.

        Raises:
            NakError: the device did not acknowledge.
            UnknownPortError: the simulator has no such port.
            PortTimeoutError: no reply in time; the next call starts afresh.
            PortClosedError: the link was closed.
            OversizeError: too much data for one transfer.
        """
        if self._socket is None:
            raise PortClosedError(port)
        if len(data) > MAX_TRANSFER_OCTETS:
            raise OversizeError(port, len(data), MAX_TRANSFER_OCTETS)
        state = self.state
        state.sequence = (state.sequence + 1) % _SEQUENCES
        state.requests += 1
        self._socket.send(encode(PortRequest(state.sequence, kind, port, data)), zmq.NOBLOCK)
        reply = self._reply(self._socket)
        if reply is None:
            state.timeouts += 1
            self._socket.close()
            self._socket = self._connected()
            raise PortTimeoutError(port, self.timeout_s)
        if reply.outcome is Outcome.NAK:
            raise NakError(f"port {port!r}")
        if reply.outcome is Outcome.UNKNOWN_PORT:
            raise UnknownPortError(port)
        return reply.data

    def close(self) -> None:
        """Disconnect; closing twice is harmless."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            self._context.term()

    def _reply(self, socket: zmq.Socket[bytes]) -> PortReply | None:
        for _ in range(1 + MAX_STALE_REPLIES):
            if not socket.poll(round(self.timeout_s * 1000)):
                return None
            try:
                reply = decode_reply(socket.recv())
            except msgspec.DecodeError:
                self.state.stale += 1
                continue
            if reply.sequence == self.state.sequence:
                return reply
            self.state.stale += 1
        return None

    def _connected(self) -> zmq.Socket[bytes]:
        socket = _socket(self._context, zmq.DEALER)
        socket.connect(self.address)
        return socket


class PortServer:
    """The simulator's side: answers requests whenever it is polled, and never on its own.

    Attributes:
        address: where it listens; for ``tcp://127.0.0.1:*`` the port that was found.
        state: counters.
    """

    def __init__(
        self,
        address: str,
        devices: Mapping[str, ByteEndpoint],
        antennas: Mapping[str, RadioFrequencyEndpoint],
    ) -> None:
        self.state = ServerState()
        self._devices = devices
        self._antennas = antennas
        self._lock = _lock(address)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket: zmq.Socket[bytes] | None = _socket(self._context, zmq.ROUTER)
        try:
            self._socket.bind(address)
        except zmq.ZMQError as error:
            self.close()
            raise AddressError(address, f"cannot listen: {error}") from error
        self.address = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def poll(self, timeout_s: float) -> int:
        """Serve what has arrived, at most ``MAX_REQUESTS_PER_POLL``; wait ``timeout_s`` for the first.

        Returns:
            How many requests were served.

        Raises:
            PortClosedError: the server was closed.
        """
        if self._socket is None:
            raise PortClosedError(self.address)
        served = 0
        wait_ms = math.ceil(timeout_s * 1000)
        while served < MAX_REQUESTS_PER_POLL and self._socket.poll(wait_ms):
            self._serve(self._socket, self._socket.recv_multipart())
            served += 1
            wait_ms = 0
        return served

    def close(self) -> None:
        """Stop listening; closing twice is harmless."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            self._context.term()
            if self._lock is not None:
                self._lock.close()

    def _serve(self, socket: zmq.Socket[bytes], message: list[bytes]) -> None:
        client, *parts = message
        try:
            request = decode_request(b"".join(parts))
        except msgspec.DecodeError:
            self.state.malformed += 1
            return
        self.state.requests += 1
        try:
            reply = PortReply(request.sequence, Outcome.DONE, self._done(request))
        except NakError:
            self.state.naks += 1
            reply = PortReply(request.sequence, Outcome.NAK)
        except UnknownPortError:
            self.state.unknown_ports += 1
            reply = PortReply(request.sequence, Outcome.UNKNOWN_PORT)
        try:
            socket.send_multipart((client, encode(reply)), zmq.NOBLOCK)
        except zmq.ZMQError:  # EHOSTUNREACH: the client has gone; EAGAIN: it does not read
            self.state.undeliverable += 1

    def _done(self, request: PortRequest) -> list[bytes]:
        device, antenna = self._devices.get(request.port), self._antennas.get(request.port)
        if request.kind is RequestKind.TRANSFER and device is not None:
            answer = device.receive(request.data)
            return [answer] if answer else []
        if request.kind is RequestKind.UPLINK and antenna is not None:
            antenna.uplink(request.data)
            return []
        if request.kind is RequestKind.DOWNLINK and antenna is not None:
            return antenna.downlink(MAX_FRAMES_PER_RECEIVE)
        raise UnknownPortError(request.port)


def _socket(context: zmq.Context[zmq.Socket[bytes]], kind: int) -> zmq.Socket[bytes]:
    """A socket with every option set before it is bound or connected."""
    socket = context.socket(kind)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.SNDHWM, QUEUE_MESSAGES)
    socket.setsockopt(zmq.RCVHWM, QUEUE_MESSAGES)
    socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_OCTETS)
    socket.setsockopt(zmq.RECONNECT_IVL, _RECONNECT_MS)
    if kind == zmq.ROUTER:
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
    return socket


def _lock(address: str) -> IO[bytes] | None:
    """Hold the path of an ``ipc://`` address: a second bind would succeed and steal it. Freed when the process ends."""
    if address.startswith("tcp://127.0.0.1:"):
        return None
    if not address.startswith("ipc://"):
        raise AddressError(address, "allowed are ipc://PATH and tcp://127.0.0.1:PORT")
    path = address.removeprefix("ipc://")
    if len(os.fsencode(path)) > IPC_PATH_OCTETS:
        raise AddressError(address, f"the path has {len(os.fsencode(path))} octets, allowed are {IPC_PATH_OCTETS}")
    file = Path(f"{path}.lock").open("wb")  # noqa: SIM115 - held for the server's life
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise AddressError(address, "another server listens there") from error
    return file
