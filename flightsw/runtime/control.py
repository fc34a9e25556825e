"""What the supervisor and the processes it started tell each other, over one socket pair per process."""

from __future__ import annotations

import socket

import msgspec

from flightsw.app import Ticket
from flightsw.bus.arrivals import Arrivals
from flightsw.bus.ledger import Ledger
from flightsw.bus.link_counters import LinkCounters
from flightsw.bus.outgoing import Offered
from flightsw.errors import FlightSoftwareError
from flightsw.runtime.keeping.reset_record import ResetRecord
from flightsw.runtime.supervision import AppAction, AppFigures, AppRequest, Notice, VehicleAccount

MAX_MESSAGE_OCTETS = 1 << 16
"""Longest message; a table of routes with some 20,000 message ids fits."""


# -------------------------------------------------------------------- what a process says


class Prepared(msgspec.Struct, frozen=True, tag=True):
    """Its apps are subscribed to these messages and wait to be started."""

    message_ids: list[int]


class AppChanged(msgspec.Struct, frozen=True, tag=True):
    """An app was started, stopped or replaced, or could not be.

    Attributes:
        app: its name.
        running: whether it runs now.
        problem: why what was ordered could not be done, empty when it was.
        order: number of the order, 0 for a start that ``Start`` has asked for.
        message_ids: what the process is subscribed to now.
    """

    app: str
    running: bool
    problem: str
    order: int
    message_ids: list[int]


class AppFailing(msgspec.Struct, frozen=True, tag=True):
    """Handlers of an app fail again and again."""

    app: str
    cause: str


class Heartbeat(msgspec.Struct, frozen=True, tag=True):
    """It is alive, and this is its account.

    Attributes:
        apps: how each app is doing.
        ledger: of its bus, with losses on the way to it.
        slots_skipped: slots that were too late to run.
        slots_overrun: times a slot was found late.
        offered: what it gave to each link, by receiving process.
        arrivals: what came to it, by sending process.
        link_counters: what its links have met.
    """

    apps: dict[str, AppFigures]
    ledger: Ledger
    slots_skipped: int
    slots_overrun: int
    offered: dict[str, Offered]
    arrivals: dict[str, Arrivals]
    link_counters: LinkCounters


class Wanted(msgspec.Struct, frozen=True, tag=True):
    """Its executive app wants something done with an app."""

    request: AppRequest


class ResetWanted(msgspec.Struct, frozen=True, tag=True):
    """Its executive app wants the processor reset; ``ticket`` is the command that asked for it."""

    ticket: Ticket
    power_on: bool


class ClearLog(msgspec.Struct, frozen=True, tag=True):
    """Its executive app wants the exception and reset log emptied."""


class ForgetResets(msgspec.Struct, frozen=True, tag=True):
    """Its executive app wants processor resets counted anew."""


# -------------------------------------------------------------------- what the supervisor says


class Routes(msgspec.Struct, frozen=True, tag=True):
    """Which process wants which messages."""

    message_ids: dict[str, list[int]]


class Start(msgspec.Struct, frozen=True, tag=True):
    """Start some apps, in this order; ``AppChanged`` is the answer for each. Nothing is delivered before ``Open``."""

    apps: list[str]


class Open(msgspec.Struct, frozen=True, tag=True):
    """Every app of the process that can start at once has started: begin to deliver messages and to run slots.

    Attributes:
        waiting: why others do not run yet, by app.
    """

    waiting: dict[str, str]


class Do(msgspec.Struct, frozen=True, tag=True):
    """Do something with one app; ``AppChanged`` is the answer."""

    order: int
    action: AppAction
    app: str


class LeaveOut(msgspec.Struct, frozen=True, tag=True):
    """Put a stand-in in the place of an app, for this reason; ``AppChanged`` is the answer."""

    app: str
    reason: str


class News(msgspec.Struct, frozen=True, tag=True):
    """For the executive app: what has happened."""

    notices: list[Notice]


class Account(msgspec.Struct, frozen=True, tag=True):
    """For the executive app: the figures of the vehicle, and the exception and reset log."""

    account: VehicleAccount
    record: ResetRecord


class Rest(msgspec.Struct, frozen=True, tag=True):
    """Run no more activities, only what messages ask for, and tell every change of your account at once."""


class Stop(msgspec.Struct, frozen=True, tag=True):
    """End in good order."""


FromProcess = Prepared | AppChanged | AppFailing | Heartbeat | Wanted | ResetWanted | ClearLog | ForgetResets
FromSupervisor = Routes | Start | Open | Do | LeaveOut | News | Account | Rest | Stop

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
