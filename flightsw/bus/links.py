"""The bus between processes: one ZeroMQ PULL inbox per process, one PUSH per peer, no broker.

What a link refuses is counted where it happens, and counts on: every batch says how many packets came before it, so the
receiving end sees the same loss.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import zmq

from flightsw.bus.arrivals import Arrivals
from flightsw.bus.batches import BatchError, BatchHeader, MessagePacker, unpack_header
from flightsw.bus.inbox import DropReason
from flightsw.bus.ledger import Ledger
from flightsw.bus.outgoing import HeaderTime, LinkRoute, Offered, OutgoingLink
from flightsw.bus.requests import Request
from flightsw.bus.router import Bus, Refusal
from flightsw.errors import FlightSoftwareError
from tlm_cmd.definition.dictionary import Dictionary

HIGH_WATER_MARK = 1000
"""Batches that a socket may hold; a backstop behind the inboxes' own depths."""
MAX_BATCHES_PER_DRAIN = 256
RECONNECT_MS = 2
LONGEST_IPC_PATH = 107
"""Octets of an ``ipc://`` path (``sun_path`` of unix(7), less its final NUL)."""

OnRefused = Callable[[Request, Refusal], None]


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
        heard: what this process's predecessor had heard of the others, as ``Arrivals.successor`` says.
        on_refused: told about commands that an app here had no room for.
        high_water_mark: batches that a socket may hold.

    Attributes:
        inbox: to wait on.
        arrivals: by sending process.
        foreign: messages that were no batch, or whose counts cannot be true; not of our making.

    Raises:
        AddressError: an address is too long for a socket.
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
        *,
        heard: Mapping[str, Arrivals] | None = None,
        on_refused: OnRefused = lambda _request, _refusal: None,
        high_water_mark: int = HIGH_WATER_MARK,
    ) -> None:
        addresses = {process: check_address(address(process)) for process in processes}
        self.arrivals: dict[str, Arrivals] = {peer: there.successor() for peer, there in (heard or {}).items()}
        self.foreign = 0
        self._former: dict[str, Arrivals] = {}
        self._bus = bus
        self._processes = processes
        self._on_refused = on_refused
        self._retired = Ledger()
        self._packer = MessagePacker(dictionary)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.inbox = _socket(self._context, zmq.PULL, high_water_mark)
        self.inbox.bind(addresses[name])
        self._links: dict[str, OutgoingLink] = {}
        self._routes: dict[tuple[str, int], LinkRoute] = {}
        identity = (processes.index(name), epoch)
        for peer in processes:
            if peer != name:
                socket = _socket(self._context, zmq.PUSH, high_water_mark)
                socket.connect(addresses[peer])
                self._links[peer] = OutgoingLink(peer, socket, identity, self._packer, time)

    # ---------------------------------------------------------------- sending

    def set_routes(self, routes: Mapping[str, list[int]]) -> None:
        """Connect every message that other processes want, and only those; processes not named keep what they had."""
        for (peer, message_id), route in list(self._routes.items()):
            if peer in routes and message_id not in routes[peer]:
                self._links[peer].flush()
                self._bus.disconnect(route)
                del self._routes[peer, message_id]
        for peer, message_ids in routes.items():
            for message_id in message_ids:
                if peer in self._links and (peer, message_id) not in self._routes:
                    route = self._routes[peer, message_id] = LinkRoute(message_id, self._links[peer])
                    self._bus.connect(route)

    def wait_until_connected(self, timeout_s: float) -> bool:
        """Wait for every peer to listen, at most ``timeout_s`` host seconds for each; whether all do."""
        missing = 0
        for link in self._links.values():
            missing += not link.wait_until_connected(round(timeout_s * 1000))
        return missing == 0

    def flush(self) -> None:
        """Send everything that waits in batches."""
        for link in self._links.values():
            link.flush()

    def announce(self) -> None:
        """Tell every peer how much was offered to it; without this a loss shows only with the next packet."""
        for link in self._links.values():
            link.announce()

    def offered(self) -> dict[str, Offered]:
        """What was given to each link, by receiving process."""
        return {peer: link.offered for peer, link in self._links.items()}

    # ---------------------------------------------------------------- receiving

    def drain(self) -> int:
        """Put what has arrived onto the bus, at most MAX_BATCHES_PER_DRAIN batches; returns how many packets."""
        count = 0
        for _ in range(MAX_BATCHES_PER_DRAIN):
            try:
                data = self.inbox.recv(zmq.NOBLOCK)
            except zmq.Again:
                break
            count += self._take(data)
        return count

    def ledger(self) -> Ledger:
        """Losses on the way here, which no sender has counted, and packets that could not be read."""
        account = self._retired
        for arrivals in (*self.arrivals.values(), *self._former.values()):
            account += _losses(arrivals)
        return account

    def close(self) -> None:
        """Close all sockets."""
        self.flush()
        self._context.destroy(linger=0)

    def _take(self, data: bytes) -> int:
        try:
            header = unpack_header(data)
            arrivals = self._arrivals_of(header)
        except BatchError:
            self.foreign += 1
            return 0
        unpacked = self._packer.unpack(data, header.count)
        arrivals.read(len(unpacked.messages))
        for message_id, message in unpacked.messages:
            for refusal in self._bus.deliver_local(message_id, message):
                if isinstance(message, Request):
                    self._on_refused(message, refusal)
        return len(unpacked.messages)

    def _arrivals_of(self, header: BatchHeader) -> Arrivals:
        """The account that a batch belongs to, with the batch taken into it."""
        if header.source >= len(self._processes):
            raise BatchError(f"batch of process {header.source}, there are {len(self._processes)}")
        sender = self._processes[header.source]
        arrivals, former = self.arrivals.get(sender), self._former.get(sender)
        if arrivals is None or header.epoch > arrivals.epoch:
            if former is not None:
                self._retired += _losses(former)
            if arrivals is not None:
                self._former[sender] = arrivals
            arrivals = self.arrivals[sender] = Arrivals(header.epoch)
        elif former is not None and former.epoch == header.epoch:
            arrivals = former  # the last of a dead incarnation may come behind the first of its successor
        if header.epoch != arrivals.epoch or not arrivals.take(header):
            raise BatchError(f"{sender} says {header}, and had said {arrivals}")
        return arrivals


def _losses(arrivals: Arrivals) -> Ledger:
    dropped = {DropReason.LINK_LOST: arrivals.lost_on_the_way, DropReason.MALFORMED: arrivals.malformed}
    return Ledger(
        offered=arrivals.lost_on_the_way + arrivals.malformed,
        dropped={reason: count for reason, count in dropped.items() if count},
    )


def _socket(context: zmq.Context[zmq.Socket[bytes]], kind: int, high_water_mark: int) -> zmq.Socket[bytes]:
    socket = context.socket(kind)
    socket.set(zmq.LINGER, 0)
    socket.set(zmq.SNDHWM, high_water_mark)
    socket.set(zmq.RCVHWM, high_water_mark)
    socket.set(zmq.RECONNECT_IVL, RECONNECT_MS)
    if kind == zmq.PUSH:
        socket.set(zmq.IMMEDIATE, 1)
    return socket
