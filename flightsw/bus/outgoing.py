"""The sending end of a link: messages gathered into batches, and every loss counted where it happens."""

from __future__ import annotations

from collections import deque

import msgspec
import zmq

from flightsw.bus.batches import BatchHeader, MessagePacker, Wants, pack_batch
from flightsw.bus.outbox import Outbox
from flightsw.bus.overflow import DropReason
from flightsw.bus.requests import MAX_UNDER_WAY, Request
from tlm_cmd.errors import ProtocolError

MAX_BATCH_ITEMS = 256
MAX_BATCH_OCTETS = 60_000
MAX_UNCONFIRMED = 16_384
"""Commands of one link that may be accepted and not dealt with; one more is refused."""


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
        """Add the message to the link's batch, or count why not; a command is kept until it is dealt with."""
        if not self.enabled:
            return self.count_drop(DropReason.ROUTE_DISABLED)
        if isinstance(message, Request):
            reason = self._link.send_command(message)
            if reason is not None:
                return self.count_drop(reason)
            self.delivered += 1
            return None
        if not self._link.add(self, message):
            return self.count_drop(DropReason.MALFORMED)
        self.queued += 1
        return None

    def count_drop(self, reason: DropReason) -> DropReason:
        """Count one lost message."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
        return reason


class OutgoingLink:
    """What this process sends to one other.

    Commands are numbered. Each is kept, also beyond the death of this process, until the peer has said that it was
    dealt with, and sent again as long as the peer does not; the peer takes them in order and each only once.

    Args:
        peer: name of the receiving process.
        socket: connected to its inbox.
        identity: number and incarnation of this process.
        packer: turns messages into items.
        outbox: keeps the commands.

    Attributes:
        resent: commands sent again.
    """

    def __init__(
        self,
        peer: str,
        socket: zmq.Socket[bytes],
        identity: tuple[int, int],
        packer: MessagePacker,
        outbox: Outbox,
    ) -> None:
        self.peer = peer
        self.resent = 0
        self._socket = socket
        self._source, self._epoch = identity
        self._packer = packer
        self._outbox = outbox
        self._kept = outbox.kept(peer)
        self._to_send = deque(self._kept.open)
        self._offered = 0
        self._dropped = 0
        self._wants = b""
        self._items: list[bytes] = []
        self._routes: list[LinkRoute] = []
        self._octets = 0
        self._oldest_at_announcement = 0
        self._confirmation = (0, 0)
        self._confirmation_due = False

    @property
    def offered(self) -> Offered:
        """Messages that have left or were dropped; those in the batch are still to come."""
        return Offered(self._offered, self._dropped)

    @property
    def unconfirmed(self) -> int:
        """Commands that the peer has not confirmed yet."""
        return len(self._kept.open)

    def add(self, route: LinkRoute, message: object) -> bool:
        """Put a message into the batch, which leaves first when it is full; False when it cannot be encoded."""
        try:
            item = self._packer.pack(route.message_id, message)
        except ProtocolError:
            return False
        self._append(item)
        self._routes.append(route)
        return True

    def send_command(self, request: Request) -> DropReason | None:
        """Accept a command and put it into the batch; says why it was not accepted.

        Once it is accepted, it is sent until the peer has dealt with it, even if it does not get through at first.
        """
        if self.unconfirmed >= MAX_UNCONFIRMED:
            return DropReason.LINK_FULL
        number = self._kept.last + 1
        try:
            item = self._packer.pack_command(request, number)
        except ProtocolError:
            return DropReason.MALFORMED
        if not self._outbox.keep(self.peer, number, item):
            return DropReason.LINK_FULL
        self._to_send.append((number, item))
        self._transmit()
        return None

    def say_wants(self, wants: Wants) -> None:
        """Tell the peer, now and with every announcement, which messages this process wants."""
        self._wants = self._packer.pack_wants(wants)
        self._append(self._wants)

    def confirmed(self, number: int) -> None:
        """The peer has dealt with all commands up to a number."""
        if self._kept.open and self._kept.open[0][0] <= number:
            self._outbox.settle(self.peer, number)
            self._transmit()

    def resend(self) -> None:
        """Send the commands again that are not confirmed, as many as may be under way."""
        self.resent += len(self._kept.open) - len(self._to_send)
        self._to_send = deque(self._kept.open)
        self._transmit()
        self.flush()

    def abandon(self) -> list[Request]:
        """Forget every command that is not confirmed, for the peer will never answer; returns them."""
        requests = [self._packer.unpack_command(item) for _, item in self._kept.open]
        self._to_send.clear()
        self.confirmed(self._kept.last)
        return requests

    def confirm(self, series: int, number: int) -> None:
        """Tell the peer, with what leaves next or without, that its commands up to a number have been dealt with."""
        self._confirmation_due = self._confirmation_due or self._confirmation != (series, number)
        self._confirmation = (series, number)

    def flush(self) -> None:
        """Send the batch; when the socket has no room, its reports are dropped and counted, and commands sent later."""
        if not self._items:
            if self._confirmation_due:
                self._send([])
            return
        dropped = not self._send(self._items)
        self._offered += len(self._items)
        if dropped:
            self._dropped += len(self._items)
        routes, self._items, self._routes, self._octets = self._routes, [], [], 0
        for route in routes:
            route.queued -= 1
            if dropped:
                route.count_drop(DropReason.LINK_FULL)
            else:
                route.delivered += 1

    def announce(self) -> None:
        """Say how much was offered, so that a loss shows even when nothing follows it; this itself may be lost.

        Commands that have not been confirmed since the last time are sent again.
        """
        oldest = self._kept.open[0][0] if self._kept.open else 0
        if oldest and oldest == self._oldest_at_announcement:
            self.resend()
        self._oldest_at_announcement = oldest
        if self._wants:
            self._append(self._wants)
        self.flush()
        self._send([])

    def has_room(self) -> bool:
        """Whether the socket would take another batch."""
        return bool(self._socket.poll(0, zmq.POLLOUT))

    def wait_until_connected(self, timeout_ms: int) -> bool:
        """Wait until the peer listens, at most ``timeout_ms`` host milliseconds; whether it does."""
        return bool(self._socket.poll(timeout_ms, zmq.POLLOUT))

    def _transmit(self) -> None:
        """Put into the batch what may be under way."""
        to_send, last = self._to_send, self._kept.settled + MAX_UNDER_WAY
        while to_send and to_send[0][0] <= last:
            self._append(to_send.popleft()[1])

    def _append(self, item: bytes) -> None:
        """Put an item into the batch, which leaves first when it is full."""
        if len(self._items) >= MAX_BATCH_ITEMS or self._octets + len(item) > MAX_BATCH_OCTETS:
            self.flush()
        self._items.append(item)
        self._octets += len(item)

    def _send(self, items: list[bytes]) -> bool:
        header = BatchHeader(
            source=self._source,
            epoch=self._epoch,
            count=len(items),
            dictionary=self._packer.dictionary_mark,
            before=self._offered,
            dropped=self._dropped,
            series=self._outbox.series,
            settled=self._kept.settled,
            confirmed_series=self._confirmation[0],
            confirmed=self._confirmation[1],
        )
        try:
            self._socket.send(pack_batch(header, items), zmq.NOBLOCK)
        except zmq.Again:
            return False
        self._confirmation_due = False
        return True
