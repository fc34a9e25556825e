"""What the supervisor and the processes it started tell each other, over one socket pair per process."""

from __future__ import annotations

import socket

import msgspec

from flightsw.bus.arrivals import Arrivals
from flightsw.bus.ledger import Ledger
from flightsw.bus.outgoing import Offered
from flightsw.errors import FlightSoftwareError
from flightsw.runtime.supervision import RestartNotice, VehicleAccount

MAX_MESSAGE_OCTETS = 1 << 16
"""Longest message; a table of routes with some 20,000 message ids fits."""


class Prepared(msgspec.Struct, frozen=True, tag=True):
    """Process: its apps are subscribed to these messages and wait to be started."""

    message_ids: list[int]


class Operational(msgspec.Struct, frozen=True, tag=True):
    """Process: its apps have started."""

    apps: int


class Heartbeat(msgspec.Struct, frozen=True, tag=True):
    """Process: it is alive, and this is its account.

    Attributes:
        apps: apps running.
        ledger: of its bus, with losses on the way to it.
        slots_skipped: slots that were too late to run.
        offered: what it gave to each link, by receiving process.
        arrivals: what came to it, by sending process.
    """

    apps: int
    ledger: Ledger
    slots_skipped: int
    offered: dict[str, Offered]
    arrivals: dict[str, Arrivals]


class RestartRequest(msgspec.Struct, frozen=True, tag=True):
    """Process: its executive wants an app restarted."""

    app: str
    cause: str


class AppRestartDone(msgspec.Struct, frozen=True, tag=True):
    """Process: one app was restarted within it; the process is now subscribed to these messages."""

    app: str
    cause: str
    message_ids: list[int]


class Routes(msgspec.Struct, frozen=True, tag=True):
    """Supervisor: which process wants which messages."""

    message_ids: dict[str, list[int]]


class Start(msgspec.Struct, frozen=True, tag=True):
    """Supervisor: all processes are prepared; start the apps."""


class RestartApp(msgspec.Struct, frozen=True, tag=True):
    """Supervisor: restart one app of this process."""

    app: str
    cause: str


class Notice(msgspec.Struct, frozen=True, tag=True):
    """Supervisor: for the executive app."""

    notice: RestartNotice


class Account(msgspec.Struct, frozen=True, tag=True):
    """Supervisor: for the executive app."""

    account: VehicleAccount


class Rest(msgspec.Struct, frozen=True, tag=True):
    """Supervisor: run no more activities, only what messages ask for, and tell every change of your account at once."""


class Stop(msgspec.Struct, frozen=True, tag=True):
    """Supervisor: end in good order."""


FromProcess = Prepared | Operational | Heartbeat | RestartRequest | AppRestartDone
FromSupervisor = Routes | Start | RestartApp | Notice | Account | Rest | Stop

_from_process = msgspec.msgpack.Decoder(FromProcess)
_from_supervisor = msgspec.msgpack.Decoder(FromSupervisor)


def pair() -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection that keeps message boundaries."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    theirs.setblocking(False)
    return ours, theirs


def send(end: socket.socket, message: FromProcess | FromSupervisor) -> bool:
    """Send a message; False when the other end is gone or has stopped reading.

    Raises:
        FlightSoftwareError: the message is longer than ``MAX_MESSAGE_OCTETS``.
    """
    data = msgspec.msgpack.encode(message)
    if len(data) > MAX_MESSAGE_OCTETS:
        raise FlightSoftwareError(
            f"{type(message).__name__} of {len(data)} octets, at most {MAX_MESSAGE_OCTETS} are allowed"
        )
    try:
        end.send(data)
    except (BlockingIOError, BrokenPipeError, ConnectionResetError):
        return False
    return True


def receive_from_process(end: socket.socket) -> FromProcess | None:
    """The next message of a process; None when there is none.

    Raises:
        EOFError: the process has closed its end.
    """
    data = _receive(end)
    return None if data is None else _from_process.decode(data)


def receive_from_supervisor(end: socket.socket) -> FromSupervisor | None:
    """The next message of the supervisor; None when there is none.

    Raises:
        EOFError: the supervisor has closed its end.
    """
    data = _receive(end)
    return None if data is None else _from_supervisor.decode(data)


def _receive(end: socket.socket) -> bytes | None:
    try:
        data = end.recv(MAX_MESSAGE_OCTETS)
    except BlockingIOError:
        return None
    except ConnectionResetError:
        data = b""
    if not data:
        raise EOFError
    return data
