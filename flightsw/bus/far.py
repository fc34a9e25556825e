"""Links to processes on other computers: TCP, encrypted and admitted by key. Several computers share one bus."""

from __future__ import annotations

import msgspec
import zmq

from flightsw.bus.admission import ZAP_DOMAIN, Admission, Keys

HEARTBEAT_MS = 500
HEARTBEAT_TIMEOUT_MS = 2000
"""Silence after which a connection counts as broken: a computer that lost its power says no good-bye."""
RECONNECT_MAX_MS = 500


class FarPeer(msgspec.Struct, frozen=True):
    """A process on another computer.

    Attributes:
        address: ``tcp://ADDRESS:PORT`` of its inbox.
        host: its computer.
    """

    address: str
    host: str


class FarLinks(msgspec.Struct, frozen=True):
    """What one process needs to be linked with other computers.

    Attributes:
        listen: ``tcp://ADDRESS:PORT`` of its own inbox.
        peers: the processes on other computers, by name.
        keys: of this computer.
    """

    listen: str
    peers: dict[str, FarPeer]
    keys: Keys


def listen(context: zmq.Context[zmq.Socket[bytes]], inbox: zmq.Socket[bytes], far: FarLinks) -> Admission:
    """Open an inbox to other computers, those on the list of keys only.

    Options hold for what is bound behind them: the way within this computer, bound before, stays as it is.

    Raises:
        zmq.ZMQError: the address is taken or not of this computer.
    """
    admission = Admission(context, far.keys.known)
    inbox.set(zmq.CURVE_SERVER, 1)
    inbox.set(zmq.CURVE_SECRETKEY, far.keys.secret)
    inbox.set(zmq.ZAP_DOMAIN, ZAP_DOMAIN)
    _keep_watch(inbox)
    inbox.bind(far.listen)
    return admission


def connect(socket: zmq.Socket[bytes], far: FarLinks, peer: str) -> None:
    """Connect to the inbox of a process on another computer, and to nobody who does not have its key."""
    there = far.peers[peer]
    socket.set(zmq.CURVE_SERVERKEY, far.keys.known[there.host])
    socket.set(zmq.CURVE_PUBLICKEY, far.keys.public)
    socket.set(zmq.CURVE_SECRETKEY, far.keys.secret)
    socket.set(zmq.RECONNECT_IVL_MAX, RECONNECT_MAX_MS)
    _keep_watch(socket)
    socket.connect(there.address)


def _keep_watch(socket: zmq.Socket[bytes]) -> None:
    socket.set(zmq.HEARTBEAT_IVL, HEARTBEAT_MS)
    socket.set(zmq.HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS)
