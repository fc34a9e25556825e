"""The sending end of a link: messages gathered into batches, and every loss counted where it happens."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import zmq

from flightsw.bus.batches import BatchHeader, MessagePacker, pack_batch
from flightsw.bus.inbox import DropReason
from flightsw.bus.requests import Request
from tlm_cmd.errors import ProtocolError

MAX_BATCH_ITEMS = 64
MAX_BATCH_OCTETS = 60_000

HeaderTime = Callable[[], tuple[int, int]]


class Offered(msgspec.Struct, frozen=True):
    """What one incarnation of a process gave to one link.

    Attributes:
        packets: all of them, the dropped ones included.
        dropped: those that the link had no room for.
    """

    packets: int = 0
    dropped: int = 0


class LinkRoute:
    """The way of one message to one other process; a destination like any subscription."""

    __slots__ = ("_link", "delivered", "dropped", "enabled", "message_id", "owner", "queued")

    def __init__(self, message_id: int, link: OutgoingLink) -> None:
        self.message_id = message_id
        self.owner = link.peer
        self.enabled = True
        self.queued = 0
        self.delivered = 0
        self.dropped: dict[DropReason, int] = {}
        self._link = link

    def offer(self, message: object) -> DropReason | None:
        """Add the message to the link's batch, or count why not; a command leaves at once: its fate is known."""
        if not self.enabled:
            return self._count_drop(DropReason.ROUTE_DISABLED)
        if not self._link.add(self, message):
            return self._count_drop(DropReason.MALFORMED)
        self.queued += 1
        return self._link.flush() if isinstance(message, Request) else None

    def settle(self, dropped: DropReason | None) -> None:
        """One waiting message has left, or was lost."""
        self.queued -= 1
        if dropped is None:
            self.delivered += 1
        else:
            self._count_drop(dropped)

    def _count_drop(self, reason: DropReason) -> DropReason:
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
        return reason


class OutgoingLink:
    """Batches for one peer.

    Args:
        peer: name of the receiving process.
        socket: connected to its inbox.
        identity: number and incarnation of this process.
        packer: turns messages into items.
        time: seconds and subseconds for packet headers.
    """

    def __init__(
        self,
        peer: str,
        socket: zmq.Socket[bytes],
        identity: tuple[int, int],
        packer: MessagePacker,
        time: HeaderTime,
    ) -> None:
        self.peer = peer
        self._socket = socket
        self._source, self._epoch = identity
        self._packer = packer
        self._time = time
        self._offered = 0
        self._dropped = 0
        self._items: list[bytes] = []
        self._routes: list[LinkRoute] = []
        self._octets = 0

    @property
    def offered(self) -> Offered:
        """Packets that have left or were dropped; those in the batch are still to come."""
        return Offered(self._offered, self._dropped)

    def add(self, route: LinkRoute, message: object) -> bool:
        """Put a message into the batch, which leaves first when it is full; False when it cannot be encoded."""
        try:
            item = self._packer.pack(route.message_id, message, self._time())
        except ProtocolError:
            return False
        if len(self._items) >= MAX_BATCH_ITEMS or self._octets + len(item) > MAX_BATCH_OCTETS:
            self.flush()
        self._items.append(item)
        self._routes.append(route)
        self._octets += len(item)
        return True

    def flush(self) -> DropReason | None:
        """Send the batch; when the socket has no room it is dropped and counted, and the reason returned."""
        if not self._items:
            return None
        dropped = None if self._send(self._items) else DropReason.LINK_FULL
        self._offered += len(self._items)
        if dropped is not None:
            self._dropped += len(self._items)
        routes, self._items, self._routes, self._octets = self._routes, [], [], 0
        for route in routes:
            route.settle(dropped)
        return dropped

    def announce(self) -> None:
        """Say how much was offered, so that a loss shows even when nothing follows it; this itself may be lost."""
        self.flush()
        self._send([])

    def wait_until_connected(self, timeout_ms: int) -> bool:
        """Wait until the peer listens, at most ``timeout_ms`` host milliseconds; whether it does."""
        return bool(self._socket.poll(timeout_ms, zmq.POLLOUT))

    def _send(self, items: list[bytes]) -> bool:
        header = BatchHeader(self._source, self._epoch, len(items), self._offered, self._dropped)
        try:
            self._socket.send(pack_batch(header, items), zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True
