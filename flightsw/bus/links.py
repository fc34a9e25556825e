"""The bus between processes: one ZeroMQ PULL inbox per process, one PUSH per peer, no broker.

What a link refuses is counted where it happens, and counts on: every batch says how many packets came before it, so the
receiving end sees the same loss.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import zmq

from flightsw.bus.batches import BatchError, BatchHeader, MessagePacker, pack_batch, unpack_header
from flightsw.bus.inbox import DropReason
from flightsw.bus.ledger import Ledger
from flightsw.bus.router import Bus
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.errors import ProtocolError

MAX_BATCH_ITEMS = 64
MAX_BATCH_OCTETS = 60_000
HIGH_WATER_MARK = 1000
"""Batches that a socket may hold; a backstop behind the inboxes' own depths."""
MAX_BATCHES_PER_DRAIN = 256
RECONNECT_MS = 2
LONGEST_IPC_PATH = 107

HeaderTime = Callable[[], tuple[int, int]]


class Route:
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
        """Add the message to the link's batch, or count why not."""
        if not self.enabled:
            return self._count_drop(DropReason.ROUTE_DISABLED)
        if not self._link.add(self, message):
            return self._count_drop(DropReason.MALFORMED)
        self.queued += 1
        return None

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

    Attributes:
        peer: name of the receiving process.
        offered: packets offered to this link since the process started, the dropped ones included.
    """

    def __init__(self, peer: str, socket: zmq.Socket[bytes], identity: tuple[int, int], packer: MessagePacker) -> None:
        self.peer = peer
        self.offered = 0
        self._socket = socket
        self._source, self._epoch = identity
        self._packer = packer
        self._items: list[bytes] = []
        self._routes: list[Route] = []
        self._octets = 0
        self.time: HeaderTime = lambda: (0, 0)

    def add(self, route: Route, message: object) -> bool:
        """Put a message into the batch, which leaves first when it is full; False when it cannot be encoded."""
        try:
            item = self._packer.pack(route.message_id, message, self.time())
        except ProtocolError:
            return False
        if len(self._items) >= MAX_BATCH_ITEMS or self._octets + len(item) > MAX_BATCH_OCTETS:
            self.flush()
        self._items.append(item)
        self._routes.append(route)
        self._octets += len(item)
        return True

    def flush(self) -> None:
        """Send the batch; when the socket has no room it is dropped and counted."""
        if not self._items:
            return
        header = BatchHeader(self._source, self._epoch, len(self._items), self.offered)
        try:
            self._socket.send(pack_batch(header, self._items), zmq.NOBLOCK)
            dropped = None
        except zmq.Again:
            dropped = DropReason.LINK_FULL
        self.offered += len(self._items)
        for route in self._routes:
            route.settle(dropped)
        self._items, self._routes, self._octets = [], [], 0


class Arrivals(msgspec.Struct):
    """What has come from one incarnation of one peer.

    Attributes:
        epoch: the incarnation.
        expected: packets it has offered so far, by its own count.
        received: packets that arrived.
        lost: packets that did not.
    """

    epoch: int
    expected: int = 0
    received: int = 0
    lost: int = 0


class BusLinks:
    """All links of one process.

    Args:
        bus: the process's bus.
        dictionary: the mission's dictionary.
        name: this process.
        processes: all processes of the vehicle, in mission order.
        epoch: which incarnation of this process.
        address: ZeroMQ address of a process's inbox.
        time: seconds and subseconds for packet headers.

    Attributes:
        arrivals: by number of the sending process.
        malformed: batches and items that could not be read.
    """

    def __init__(
        self,
        bus: Bus,
        dictionary: Dictionary,
        name: str,
        processes: tuple[str, ...],
        epoch: int,
        address: Callable[[str], str],
        time: HeaderTime,
    ) -> None:
        self.arrivals: dict[int, Arrivals] = {}
        self.malformed = 0
        self._bus = bus
        self._packer = MessagePacker(dictionary)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.inbox = _socket(self._context, zmq.PULL)
        self.inbox.bind(address(name))
        self._links: dict[str, OutgoingLink] = {}
        self._routes: dict[tuple[str, int], Route] = {}
        identity = (processes.index(name), epoch)
        for peer in processes:
            if peer != name:
                socket = _socket(self._context, zmq.PUSH)
                socket.connect(address(peer))
                link = OutgoingLink(peer, socket, identity, self._packer)
                link.time = time
                self._links[peer] = link

    def set_routes(self, routes: dict[str, list[int]]) -> None:
        """Connect every message that other processes want; known routes stay."""
        for peer, message_ids in routes.items():
            for message_id in message_ids:
                if peer in self._links and (peer, message_id) not in self._routes:
                    route = Route(message_id, self._links[peer])
                    self._routes[peer, message_id] = route
                    self._bus.connect(route)

    def flush(self) -> None:
        """Send everything that waits in batches."""
        for link in self._links.values():
            link.flush()

    def drain(self) -> int:
        """Put everything that has arrived onto the bus; returns how many packets."""
        count = 0
        for _ in range(MAX_BATCHES_PER_DRAIN):
            try:
                data = self.inbox.recv(zmq.NOBLOCK)
            except zmq.Again:
                break
            count += self._take(data)
        return count

    def ledger(self) -> Ledger:
        """Losses on the way here: offered by peers, never arrived."""
        lost = 0
        for arrivals in self.arrivals.values():
            lost += arrivals.lost
        dropped = {DropReason.LINK_LOST: lost} if lost else {}
        if self.malformed:
            dropped[DropReason.MALFORMED] = self.malformed
        return Ledger(offered=lost + self.malformed, dropped=dropped)

    def close(self) -> None:
        """Close all sockets."""
        self.flush()
        self._context.destroy(linger=0)

    def _take(self, data: bytes) -> int:
        try:
            header = unpack_header(data)
        except BatchError:
            self.malformed += 1
            return 0
        arrivals = self.arrivals.get(header.source)
        if arrivals is None or arrivals.epoch != header.epoch:
            lost_before = arrivals.lost if arrivals else 0
            arrivals = self.arrivals[header.source] = Arrivals(header.epoch, header.before, lost=lost_before)
        arrivals.lost += header.before - arrivals.expected
        arrivals.expected = header.before + header.count
        unpacked = self._packer.unpack(data)
        arrivals.received += len(unpacked.messages)
        self.malformed += header.count - len(unpacked.messages)
        for message_id, message in unpacked.messages:
            self._bus.deliver_local(message_id, message)
        return len(unpacked.messages)


def _socket(context: zmq.Context[zmq.Socket[bytes]], kind: int) -> zmq.Socket[bytes]:
    socket = context.socket(kind)
    socket.set(zmq.LINGER, 0)
    socket.set(zmq.SNDHWM, HIGH_WATER_MARK)
    socket.set(zmq.RCVHWM, HIGH_WATER_MARK)
    socket.set(zmq.RECONNECT_IVL, RECONNECT_MS)
    if kind == zmq.PUSH:
        socket.set(zmq.IMMEDIATE, 1)
    return socket
