"""What keeps the apps alive, as the executive app sees it: the same for lock-step and for processes."""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Protocol

import msgspec

from flightsw.app import Ticket
from flightsw.bus.ledger import Ledger
from flightsw.bus.link_counters import LinkCounters
from flightsw.runtime.keeping.reset_record import ResetEntry, ResetRecord
from flightsw.runtime.keeping.start_gate import BootState


@unique
class AppAction(IntEnum):
    """What can be asked for an app."""

    START = 0
    STOP = 1
    RESTART = 2
    RELOAD = 3


@unique
class AppState(IntEnum):
    """How an app is.

    WAITING for what it needs; RUNNING; STOPPED by command; FAILED: it could not start, stayed out, or was given up;
    RESTARTING: its process has ended and another begins.
    """

    WAITING = 0
    RUNNING = 1
    STOPPED = 2
    FAILED = 3
    RESTARTING = 4


class AppRequest(msgspec.Struct, frozen=True):
    """Something that the executive app wants done with an app.

    Attributes:
        ticket: the command that asked for it; ``RequestDone`` brings it back.
        action: what.
        app: its name in the mission.
    """

    ticket: Ticket
    action: AppAction
    app: str


# -------------------------------------------------------------------- what is told to the executive app


class RequestDone(msgspec.Struct, frozen=True, tag=True):
    """A request was carried out, or not.

    Attributes:
        ticket: of the request.
        reason: why it was not carried out, empty when it was.
    """

    ticket: Ticket
    reason: str = ""


class RestartNotice(msgspec.Struct, frozen=True, tag=True):
    """An app was restarted, or given up.

    Attributes:
        app: its name in the mission.
        cause: why, for people.
        exhausted: it failed too often and stays stopped.
    """

    app: str
    cause: str
    exhausted: bool = False


class FailureIgnored(msgspec.Struct, frozen=True, tag=True):
    """An app has failed, and its policy is to leave it at that."""

    app: str
    cause: str


class NeedMissing(msgspec.Struct, frozen=True, tag=True):
    """An app has waited in vain for one that it needs; it was started all the same, or stays out."""

    app: str
    need: str
    started: bool


class BootStateReached(msgspec.Struct, frozen=True, tag=True):
    """The vehicle's start has come to a state; ``at_ns`` is vehicle time."""

    state: BootState
    at_ns: int


class Booted(msgspec.Struct, frozen=True, tag=True):
    """The flight software has started.

    Attributes:
        entry: the log's entry of it.
        boots: starts since power-on.
        safe_mode: the vehicle is to be in safe mode.
    """

    entry: ResetEntry
    boots: int
    safe_mode: bool


Notice = RequestDone | RestartNotice | FailureIgnored | NeedMissing | BootStateReached | Booted


# -------------------------------------------------------------------- what can be asked at any time


class WorkerFigures(msgspec.Struct, frozen=True):
    """One worker process of an app; ``pid`` is 0 when it does not run, and in lock-step."""

    work: str
    pid: int
    waiting: int
    restarts: int


class AppFigures(msgspec.Struct, frozen=True):
    """What the process of an app knows of it.

    Attributes:
        running: whether it runs.
        handlers: messages handled since its container was made.
        activities: activities run since then.
        cycles: slots of it that came round since then, housekeeping included.
        queued: messages that wait, by quality class.
        high_water: most that ever waited.
        restarts: starts after the first, by its own memory.
        workers: its worker processes.
    """

    running: bool = False
    handlers: int = 0
    activities: int = 0
    cycles: int = 0
    queued: tuple[int, ...] = (0, 0, 0)
    high_water: tuple[int, ...] = (0, 0, 0)
    restarts: int = 0
    workers: tuple[WorkerFigures, ...] = ()


class AppAccount(msgspec.Struct, frozen=True):
    """One app as its keeper sees it.

    Attributes:
        app: its name in the mission.
        state: how it is.
        process: in which it lives.
        pid: of that process, 0 when it does not run, and in lock-step.
        failures: within the window of its policy.
        figures: of its process.
        heard_ns: vehicle time of the newest heartbeat of its process.
        advanced_ns: vehicle time at which it was last seen to have run a slot or handled a message.
    """

    app: str
    state: AppState
    process: str
    pid: int = 0
    failures: int = 0
    figures: AppFigures = AppFigures()
    heard_ns: int = 0
    advanced_ns: int = 0


class LinkAccount(msgspec.Struct, frozen=True):
    """What became of the packets that one process gave to another.

    Attributes:
        offered: packets that the sender's present incarnation gave to the link, the dropped ones included.
        received: packets that arrived.
        malformed: packets that arrived and could not be read.
        lost: packets that did not arrive, those that the sender dropped included.
    """

    offered: int = 0
    received: int = 0
    malformed: int = 0
    lost: int = 0

    @property
    def closed(self) -> bool:
        """Whether nothing is under way and everything is accounted for."""
        return self.offered == self.received + self.malformed + self.lost


class ProcessLinks(msgspec.Struct, frozen=True):
    """The links of one process.

    Attributes:
        to: what became of what it gave to each other process.
        counters: what its links have met.
    """

    to: dict[str, LinkAccount]
    counters: LinkCounters


class VehicleAccount(msgspec.Struct, frozen=True):
    """Figures over all processes.

    Attributes:
        apps: apps running.
        processes: operating-system processes of apps.
        restarts: apps restarted since boot.
        ledger: the bus's ledger over all processes.
        slots_skipped: slots that were too late to run.
        slots_overrun: times a slot was found late.
        boot_state: how far the vehicle's start has come.
        at_ns: vehicle time of these figures.
        each: every app of the mission, in its order.
        links: by process; none in lock-step.
    """

    apps: int
    processes: int
    restarts: int
    ledger: Ledger
    slots_skipped: int
    slots_overrun: int = 0
    boot_state: BootState = BootState.OPERATIONAL
    at_ns: int = 0
    each: tuple[AppAccount, ...] = ()
    links: dict[str, ProcessLinks] = {}


class Supervision(Protocol):
    """The keeper of processes and apps.

    Attributes:
        pace: vehicle seconds per host second, 1 in lock-step; what takes host time takes so much longer for the apps.
    """

    @property
    def pace(self) -> float:
        """Vehicle seconds per host second."""
        ...

    def request(self, request: AppRequest) -> None:
        """Have something done with an app as soon as no handler runs; a ``RequestDone`` follows."""
        ...

    def request_reset(self, ticket: Ticket, *, power_on: bool) -> None:
        """Have the processor reset; a ``RequestDone`` follows behind the reset."""
        ...

    def take_notices(self) -> list[Notice]:
        """What has happened since the last call, oldest first."""
        ...

    def account(self) -> VehicleAccount:
        """The latest figures."""
        ...

    def process_links(self) -> dict[str, ProcessLinks]:
        """The latest figures of the links of each process; none in lock-step."""
        ...

    def record(self) -> ResetRecord:
        """The exception and reset log, and what goes with it."""
        ...

    def clear_log(self) -> None:
        """Empty the exception and reset log."""
        ...

    def forget_resets(self) -> None:
        """Count processor resets anew, and ask for safe mode no longer."""
        ...
