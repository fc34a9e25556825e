"""The bus between processes: one ZeroMQ PULL inbox per process, one PUSH per peer, no broker.

What a link refuses is counted where it happens, and counts on: every batch says how many packets came before it, so the
receiving end sees the same loss. Commands are confirmed by the receiver and sent again until they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
import zmq

from flightsw.bus.addresses import check_address
from flightsw.bus.arrivals import Arrivals
from flightsw.bus.batches import BatchError, BatchHeader, DifferentDictionaryError, MessagePacker, Wants, unpack_header
from flightsw.bus.far import FarLinks, connect, listen
from flightsw.bus.incoming import Contact, Incoming
from flightsw.bus.ledger import Ledger
from flightsw.bus.link_counters import LinkCounters
from flightsw.bus.outbox import Outbox
from flightsw.bus.outgoing import LinkRoute, Offered, OutgoingLink
from flightsw.bus.overflow import DropReason, Loss
from flightsw.bus.requests import Passage, Request
from flightsw.bus.router import DEFAULT_MESSAGE_LIMIT, Bus
from tlm_cmd.definition.dictionary import Dictionary

HIGH_WATER_MARK = 1000
"""Batches that a socket may hold; a backstop behind the inboxes' own depths."""
MAX_BATCHES_PER_DRAIN = 256
MESSAGES_PER_PART = DEFAULT_MESSAGE_LIMIT
"""A larger batch is handed out in parts, so that one batch alone never exceeds the limit of a message."""
RECONNECT_MS = 2
OnRefused = Callable[[Request, Loss], None]
OnMet = Callable[[Passage], None]
OnSettled = Callable[[Passage], None]


class BusLinks:
    """All links of one process.

    Args:
        bus: the process's bus.
        dictionary: the mission's dictionary.
        name: this process.
        processes: all processes of the vehicle, in mission order.
        epoch: which incarnation of this process.
        address: ZeroMQ address of a process's inbox.
        outbox: keeps commands to other processes until they have been dealt with; None for one in memory only.
        far: links to processes on other computers, None when there are none.
        heard: what this process's predecessor had heard of the others.
        done: the last command of each other process that the predecessor had dealt with, by number of the process.
        on_refused: told about commands that no app here takes, and with LINK_LOST about commands sent from
            here to a process that will never answer.
        on_met: told, when a process is heard for the first time, which of its commands it knows to be dealt with.
        on_settled: told, whenever it has changed, which of its commands a process knows to be dealt with.
        high_water_mark: batches that a socket may hold.

    Attributes:
        inbox: to wait on.
        admission: decides who may connect from other computers, to wait on its socket; None when nobody may.

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
        *,
        outbox: Outbox | None = None,
        far: FarLinks | None = None,
        heard: Mapping[str, Arrivals] | None = None,
        done: Mapping[int, Passage] | None = None,
        on_refused: OnRefused = lambda _request, _refusal: None,
        on_met: OnMet = lambda _settled: None,
        on_settled: OnSettled = lambda _settled: None,
        high_water_mark: int = HIGH_WATER_MARK,
    ) -> None:
        peers_far = far.peers if far else {}
        addresses = {process: check_address(address(process)) for process in processes if process not in peers_far}
        self._counters = LinkCounters()
        self._bus = bus
        self._processes = processes
        self._outbox = outbox or Outbox(None, processes, epoch)
        self._on_refused = on_refused
        self._on_met = on_met
        self._on_settled = on_settled
        self._settled: dict[str, Passage] = {}
        self._met_before_wants: dict[str, Passage] = {}
        self._confirmed_before_wants: dict[str, Passage] = {}
        self._far_peers = tuple(peers_far)
        self._wants_unknown = dict.fromkeys(self._far_peers)
        self._incoming = Incoming(name, processes, heard or {}, done or {})
        self._packer = MessagePacker(dictionary)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.inbox = _socket(self._context, zmq.PULL, high_water_mark)
        self.inbox.bind(addresses[name])
        self.admission = listen(self._context, self.inbox, far) if far else None
        self._links: dict[str, OutgoingLink] = {}
        self._routes: dict[tuple[str, int], LinkRoute] = {}
        identity = (processes.index(name), epoch)
        for peer in processes:
            if peer != name:
                socket = _socket(self._context, zmq.PUSH, high_water_mark)
                if far and peer in far.peers:
                    connect(socket, far, peer)
                else:
                    socket.connect(addresses[peer])
                self._links[peer] = OutgoingLink(peer, socket, identity, self._packer, self._outbox)

    # ---------------------------------------------------------------- sending

    def set_routes(self, routes: Mapping[str, list[int]]) -> None:
        """Connect every message that other processes want, and only those; processes not named keep what they had.

        A process that wants nothing any more is gone for good; commands still on their way to it are refused.
        """
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
            if peer in self._links and not message_ids:
                for request in self._links[peer].abandon():
                    self._on_refused(request, Loss(peer, DropReason.LINK_LOST))

    def say_wants(self) -> None:
        """Tell the processes on other computers which messages the apps here want; those of this one are told."""
        wants = Wants(self._bus.subscribed_ids())
        for peer in self._far_peers:
            self._links[peer].say_wants(wants)

    def wait_until_connected(self, timeout_s: float) -> bool:
        """Wait for every peer on this computer to listen, at most ``timeout_s`` host seconds each; whether all do."""
        missing = 0
        for peer, link in self._links.items():
            missing += peer not in self._far_peers and not link.wait_until_connected(round(timeout_s * 1000))
        return missing == 0

    def flush(self) -> None:
        """Send everything that waits in batches."""
        for link in self._links.values():
            link.flush()

    def announce(self) -> None:
        """Tell every peer how much was offered to it, and send commands again that it has not confirmed for long."""
        for link in self._links.values():
            link.announce()

    def check(self, message_id: int, message: object) -> None:
        """See whether a message can be encoded, so that one that no link and no ground could read goes to nobody.

        Raises:
            ProtocolError: a field does not fit its definition, or it is no message.
        """
        self._packer.payload(message)

    def has_room(self) -> bool:
        """Whether every link would take another batch."""
        return all(link.has_room() for link in self._links.values())

    def offered(self) -> dict[str, Offered]:
        """What was given to each link, by receiving process."""
        return {peer: link.offered for peer, link in self._links.items()}

    # ---------------------------------------------------------------- receiving

    @property
    def arrivals(self) -> dict[str, Arrivals]:
        """What has come from the newest incarnation of each process, by its name."""
        return self._incoming.arrivals

    def drain(self) -> int:
        """Put what has arrived onto the bus, at most MAX_BATCHES_PER_DRAIN batches; returns how many messages."""
        count = 0
        for _ in range(MAX_BATCHES_PER_DRAIN):
            messages = self.take_batch()
            if messages is None:
                break
            count += messages
        return count

    def take_batch(self) -> int | None:
        """Put the next batch that has arrived onto the bus, a large one part by part with its handlers in between.

        Returns:
            How many messages it held, None when none waits.
        """
        if self.admission is not None:
            self.admission.answer()
        try:
            data = self.inbox.recv(zmq.NOBLOCK)
        except zmq.Again:
            return None
        return self._take(data)

    def taken(self) -> list[Passage]:
        """The last command put onto the bus of each process of which one was since the last ``confirm``."""
        return self._incoming.taken()

    def confirm(self) -> None:
        """All commands put onto the bus have been dealt with: tell their senders, with what leaves next."""
        for passage in self._incoming.confirm():
            sender = self._processes[passage.sender]
            if sender in self._wants_unknown:
                self._confirmed_before_wants[sender] = passage
            else:
                self._links[sender].confirm(passage.series, passage.number)

    def ledger(self) -> Ledger:
        """Losses on the way here, which no sender has counted, and packets that could not be read."""
        return self._incoming.ledger()

    def close(self) -> None:
        """Close all sockets."""
        self.flush()
        self._context.destroy(linger=0)

    def counters(self) -> LinkCounters:
        """What the links have met so far."""
        counters = self._counters
        counters.resent = sum(link.resent for link in self._links.values())
        counters.unconfirmed = sum(link.unconfirmed for link in self._links.values())
        counters.unkept = self._outbox.unkept
        if self.admission is not None:
            counters.refused_connections, counters.last_refused = self.admission.refused, self.admission.last_refused
        return msgspec.structs.replace(counters, different=dict(counters.different))

    def _take(self, data: bytes) -> int:
        """Take a batch; returns how many messages it held that could be read."""
        try:
            header = unpack_header(data, self._packer.dictionary_mark)
            contact = self._incoming.take(header)
        except DifferentDictionaryError as error:
            sender = dict(enumerate(self._processes)).get(error.source, "nobody")
            self._counters.different[sender] = self._counters.different.get(sender, 0) + 1
            return 0
        except BatchError:
            self._counters.foreign += 1
            return 0
        self._hear(header, contact)
        unpacked = self._packer.unpack(data, header)
        contact.arrivals.read(len(unpacked.messages))
        for number, (message_id, message) in enumerate(unpacked.messages, 1):
            if type(message) is Request and message.passage is not None:
                newest = self._incoming.arrivals[contact.sender]
                self._take_command(contact.sender, message_id, message, message.passage.number, newest)
            elif type(message) is Wants:
                self._take_wants(message, contact)
            else:
                self._bus.deliver_local(message_id, message)
            if number % MESSAGES_PER_PART == 0:
                self._bus.dispatch()
        return len(unpacked.messages)

    def _take_command(self, sender: str, message_id: int, request: Request, number: int, arrivals: Arrivals) -> None:
        """Put a command onto the bus if it is the next one of its sender, and its verdict has a way back."""
        if number <= arrivals.commands:
            self._counters.duplicates += 1
        elif number > arrivals.commands + 1 or sender in self._wants_unknown:
            self._counters.out_of_order += 1
        else:
            arrivals.commands = number
            for refusal in self._bus.deliver_local(message_id, request):
                self._on_refused(request, refusal)

    def _hear(self, header: BatchHeader, contact: Contact) -> None:
        """Take note of what a batch says of commands, and of a peer that has begun anew."""
        link = self._links[contact.sender]
        if contact.newest and header.confirmed_series == self._outbox.series:
            link.confirmed(header.confirmed)
        if contact.begun_anew:
            link.resend()
        if contact.settled is not None and contact.sender in self._far_peers:
            self._met_before_wants[contact.sender] = contact.settled
        elif contact.settled is not None:
            self._on_met(contact.settled)
        settled = Passage(header.source, header.series, header.settled)
        if contact.newest and self._settled.get(contact.sender) != settled:
            self._settled[contact.sender] = settled
            self._on_settled(settled)

    def _take_wants(self, wants: Wants, contact: Contact) -> None:
        """Send to a process on another computer what it asks for."""
        if contact.newest and contact.sender in self._far_peers:
            self.set_routes({contact.sender: wants.message_ids})
            if self._links[contact.sender].has_room():  # else when it is asked again: what is told now would be lost
                self._wants_unknown.pop(contact.sender, None)
                met = self._met_before_wants.pop(contact.sender, None)
                if met is not None:
                    self._on_met(met)
                confirmed = self._confirmed_before_wants.pop(contact.sender, None)
                if confirmed is not None:
                    self._links[contact.sender].confirm(confirmed.series, confirmed.number)


def _socket(context: zmq.Context[zmq.Socket[bytes]], kind: int, high_water_mark: int) -> zmq.Socket[bytes]:
    socket = context.socket(kind)
    socket.set(zmq.LINGER, 0)
    socket.set(zmq.SNDHWM, high_water_mark)
    socket.set(zmq.RCVHWM, high_water_mark)
    socket.set(zmq.RECONNECT_IVL, RECONNECT_MS)
    if kind == zmq.PUSH:
        socket.set(zmq.IMMEDIATE, 1)
    return socket
