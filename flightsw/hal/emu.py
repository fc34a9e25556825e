"""Ports to a simulator in another process, over ZeroMQ on ``ipc://`` or loopback ``tcp://``.

One round trip per device transaction: writing brings back whatever the device answered at once, reading is served from
what has come. Each object belongs to the thread (and process) that made it.
"""

from __future__ import annotations

import fcntl
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import msgspec
import zmq

from flightsw.hal.emu_wire import Outcome, PortReply, PortRequest, RequestKind, decode_reply, decode_request, encode
from flightsw.hal.errors import AddressError, NakError, OversizeError, PortClosedError, PortTimeoutError, UnknownPortError
from flightsw.hal.ports import MAX_FRAMES_PER_RECEIVE, MAX_TRANSFER_OCTETS
from flightsw.hal.receive_buffer import ReceiveBuffer
from flightsw.hal.sim import ByteEndpoint, RadioFrequencyEndpoint

DEFAULT_TIMEOUT_S = 1.0
"""How long a client waits for the simulator unless told otherwise."""

QUEUE_MESSAGES = 64
"""High-water mark of every socket; a client has at most one request under way."""

MAX_MESSAGE_OCTETS = MAX_FRAMES_PER_RECEIVE * MAX_TRANSFER_OCTETS + 4096
"""Guard against messages that no port and no server sends."""

MAX_STALE_REPLIES = 16
"""Replies to other requests that one request discards before it counts as timed out."""

MAX_REQUESTS_PER_POLL = 256
"""Requests that one ``PortServer.poll`` serves before it lets the simulator go on."""

IPC_PATH_OCTETS = 107
"""Longest path of an ``ipc://`` address (``sun_path`` of unix(7), less its final NUL)."""

_RECONNECT_MS = 5
_SEQUENCES = 2**32


class LinkState(msgspec.Struct):
    """How a client's link to the simulator is doing.

    Attributes:
        sequence: of the last request.
        requests: sent to the simulator.
        timeouts: requests without a reply in time.
        stale: replies discarded because they belong to another request, or to none.
    """

    sequence: int = 0
    requests: int = 0
    timeouts: int = 0
    stale: int = 0


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


class EmuUart:
    """A serial line to one device of a simulator in another process.

    Attributes:
        state: what has arrived and was not read yet.
    """

    def __init__(self, link: EmuLink, name: str) -> None:
        self.name = name
        self.state = ReceiveBuffer()
        self._link: EmuLink | None = link

    def write(self, data: bytes) -> None:
        """Send octets to the device and fetch its answer."""
        if self._link is None:
            raise PortClosedError(self.name)
        for answer in self._link.call(RequestKind.TRANSFER, self.name, data):
            self.state.put(answer)

    def read(self, count: int, timeout_s: float) -> bytes:  # noqa: ARG002 - the answer came with the write, or never
        """The next ``count`` octets, fewer when the device said less."""
        if self._link is None:
            raise PortClosedError(self.name)
        return self.state.take(count)

    def close(self) -> None:
        """Let go of the line; the link stays open for other ports."""
        self._link = None
