"""What stands between Yamcs and the gateway: it passes datagrams on, and may lose, repeat or change some."""

from __future__ import annotations

import random
import select
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from mission_control.namespace import Namespace

LOOK_S = 0.2
MAX_DATAGRAM_OCTETS = 4096
RECEIVE_BUFFER_OCTETS = 1 << 20

Change = Callable[[bytes], list[bytes]]


@dataclass
class Direction:
    """One way through the hop.

    Attributes:
        listens: port where datagrams come in.
        sends: port where they go to.
        seed: of what decides which are lost.
        loss: share of them that is lost.
        change: what becomes of each that is not lost.
        passed: those that came in, oldest first.
        lost: how many of them went no further.
    """

    listens: int
    sends: int
    seed: int
    loss: float = 0.0
    change: Change = lambda octets: [octets]
    passed: list[bytes] = field(default_factory=list)
    lost: int = 0

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def lose(self, loss: float) -> None:
        """Lose a share of what comes from now on; which, depends on the seed only."""
        self._chance = random.Random(self.seed)
        self.loss = loss

    def take(self, octets: bytes) -> list[bytes]:
        """What leaves for a datagram that came in."""
        self.passed.append(octets)
        if self._chance.random() < self.loss:
            self.lost += 1
            return []
        return self.change(octets)


class Hop(threading.Thread):
    """Passes datagrams in both directions until it is stopped.

    Args:
        namespace: where it is.
        directions: its ways.
    """

    def __init__(self, namespace: Namespace, *directions: Direction) -> None:
        super().__init__(daemon=True)
        self._ways: dict[socket.socket, Direction] = {}
        self._over = threading.Event()
        with namespace.entered():
            self._sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            for direction in directions:
                inlet = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                inlet.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_OCTETS)
                inlet.bind(("127.0.0.1", direction.listens))
                self._ways[inlet] = direction

    def run(self) -> None:
        """Pass on."""
        while not self._over.is_set():
            for inlet in select.select(list(self._ways), [], [], LOOK_S)[0]:
                direction = self._ways[inlet]
                for octets in direction.take(inlet.recv(MAX_DATAGRAM_OCTETS)):
                    self.inject(direction, octets)

    def inject(self, direction: Direction, octets: bytes) -> None:
        """Send something that nobody has sent."""
        self._sender.sendto(octets, ("127.0.0.1", direction.sends))

    def stop(self) -> None:
        """Pass on no more."""
        self._over.set()
        self.join()
        for inlet in (*self._ways, self._sender):
            inlet.close()
