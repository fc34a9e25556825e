"""The sending end of a link: messages gathered into batches, and every loss counted where it happens."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec
import zmq

from flightsw.bus.batches import BatchHeader, MessagePacker, pack_batch
from flightsw.bus.inbox import DropReason
from flightsw.bus.requests import Request
from tlm_cmd.errors import ProtocolError

MAX_BATCH_ITEMS = 64
MAX_BATCH_OCTETS = 60_000
MAX_UNCONFIRMED = 1024
"""Commands that may be under way on one link; one more is refused."""

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
        if isinstance(message, Request):
            reason = self._link.send_command(message)
            self.settle(reason)
            return reason
        if not self._link.add(self, message):
            return self._count_drop(DropReason.MALFORMED)
        self.queued += 1
        return None

    def left(self, dropped: DropReason | None) -> None:
        """One waiting message has left, or was lost."""
        self.queued -= 1
        self.settle(dropped)

    def settle(self, dropped: DropReason | None) -> None:
        """Count one message as handed over, or as lost."""
        if dropped is None:
            self.delivered += 1
        else:
            self._count_drop(dropped)

    def _count_drop(self, reason: DropReason) -> DropReason:
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
        return reason


class OutgoingLink:
    """Batches for one peer.

    Commands are numbered. Each is kept until the peer has said that it was dealt with, and sent again as long as the
    peer does not; the peer takes them in order and each only once.

    Args:
        peer: name of the receiving process.
        socket: connected to its inbox.
        identity: number and incarnation of this process.
        packer: turns messages into items.
        time: seconds and subseconds for packet headers.

    Attributes:
        resent: commands sent again.
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
        self.resent = 0
        self._socket = socket
        self._source, self._epoch = identity
        self._packer = packer
        self._time = time
        self._offered = 0
        self._dropped = 0
        self._items: list[bytes] = []
        self._routes: list[LinkRoute | None] = []
        self._octets = 0
        self._commands = 0
        self._settled = 0
        self._unconfirmed: deque[tuple[int, Request]] = deque()
        self._oldest_at_announcement = 0
        self._confirmation = (0, 0)
        self._confirmation_due = False

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
        self._append(item, route)
        return True

    def send_command(self, request: Request) -> DropReason | None:
        """Send a command at once, with what waits before it; says why it could not leave."""
        if len(self._unconfirmed) >= MAX_UNCONFIRMED:
            return DropReason.LINK_FULL
        try:
            item = self._packer.pack_command(request, self._commands + 1)
        except ProtocolError:
            return DropReason.MALFORMED
        self._append(item, None)
        dropped = self.flush()
        if dropped is None:
            self._commands += 1
            self._unconfirmed.append((self._commands, request))
        return dropped

    def confirmed(self, number: int) -> None:
        """The peer has dealt with all commands up to a number."""
        while self._unconfirmed and self._unconfirmed[0][0] <= number:
            self._settled = self._unconfirmed.popleft()[0]

    def resend(self) -> None:
        """Send every command again that is not confirmed; what does not fit through now is sent with the next."""
        for number, request in self._unconfirmed:
            self._append(self._packer.pack_command(request, number), None)
            self.resent += 1
        self.flush()

    def abandon(self) -> list[Request]:
        """Forget every command that is not confirmed, for the peer will never answer; returns them."""
        requests = [request for _, request in self._unconfirmed]
        self.confirmed(self._commands)
        return requests

    def confirm(self, epoch: int, number: int) -> None:
        """Tell the peer, with what leaves next or without, that its commands up to a number have been dealt with."""
        self._confirmation_due = self._confirmation_due or self._confirmation != (epoch, number)
        self._confirmation = (epoch, number)

    def flush(self) -> DropReason | None:
        """Send the batch; when the socket has no room it is dropped and counted, and the reason returned."""
        if not self._items:
            if self._confirmation_due:
                self._send([])
            return None
        dropped = None if self._send(self._items) else DropReason.LINK_FULL
        self._offered += len(self._items)
        if dropped is not None:
            self._dropped += len(self._items)
        routes, self._items, self._routes, self._octets = self._routes, [], [], 0
        for route in routes:
            if route is not None:
                route.left(dropped)
        return dropped

    def announce(self) -> None:
        """Say how much was offered, so that a loss shows even when nothing follows it; this itself may be lost.

        Commands that have not been confirmed since the last time are sent again.
        """
        oldest = self._unconfirmed[0][0] if self._unconfirmed else 0
        if oldest and oldest == self._oldest_at_announcement:
            self.resend()
        self._oldest_at_announcement = oldest
        self.flush()
        self._send([])

    def wait_until_connected(self, timeout_ms: int) -> bool:
        """Wait until the peer listens, at most ``timeout_ms`` host milliseconds; whether it does."""
        return bool(self._socket.poll(timeout_ms, zmq.POLLOUT))

    def _append(self, item: bytes, route: LinkRoute | None) -> None:
        """Put an item into the batch, which leaves first when it is full."""
        if len(self._items) >= MAX_BATCH_ITEMS or self._octets + len(item) > MAX_BATCH_OCTETS:
            self.flush()
        self._items.append(item)
        self._routes.append(route)
        self._octets += len(item)

    def _send(self, items: list[bytes]) -> bool:
        counts = self._offered, self._dropped
        header = BatchHeader(self._source, self._epoch, len(items), *counts, *self._confirmation, self._settled)
        try:
            self._socket.send(pack_batch(header, items), zmq.NOBLOCK)
        except zmq.Again:
            return False
        self._confirmation_due = False
        return True
