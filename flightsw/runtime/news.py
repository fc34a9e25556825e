"""What the supervisor tells the executive app: notices, and twice a second the figures of the vehicle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from flightsw.clock import HostClock
from flightsw.mission_file import AppEntry
from flightsw.runtime import control
from flightsw.runtime.child import Child
from flightsw.runtime.fleet import Fleet
from flightsw.runtime.keeping.boot import Boot
from flightsw.runtime.keeping.keeper import Keeper
from flightsw.runtime.supervision import AppAccount, AppFigures, AppState, Notice, ProcessLinks, VehicleAccount

EXECUTIVE_PACKAGE = "flightsw.core.executive"
ACCOUNT_EVERY_NS = 500_000_000
MAX_NOTICES = 256
"""Notices that wait for the executive app to run; of more, the oldest are dropped."""


class Newsroom(Protocol):
    """The supervisor, as far as it is told of."""

    apps: dict[str, AppEntry]
    fleet: Fleet
    clock: HostClock
    host_clock: HostClock
    keeper: Keeper

    @property
    def boot(self) -> Boot:
        """The present boot."""
        ...

    @property
    def restarts(self) -> int:
        """Apps restarted since the start."""
        ...


class NewsDesk:
    """Keeps notices until the executive app runs.

    Args:
        room: what is told of.
        on_notice: told every notice as well.

    Attributes:
        lost: notices dropped because the executive app did not run for too long.
    """

    def __init__(self, room: Newsroom, on_notice: Callable[[Notice], None]) -> None:
        self.lost = 0
        self._room = room
        self._on_notice = on_notice
        self._notices: list[Notice] = []
        self._next_account_ns = 0
        apps = room.apps
        self._executive = next((app for app, entry in apps.items() if entry.package == EXECUTIVE_PACKAGE), "")

    def add(self, notice: Notice) -> None:
        """Something has happened."""
        self._on_notice(notice)
        if self._executive:
            self._notices.append(notice)
            excess = max(0, len(self._notices) - MAX_NOTICES)
            del self._notices[:excess]
            self.lost += excess

    def forget(self) -> None:
        """Drop what the executive app was not told: it is reset as well."""
        self._notices.clear()

    def account_due(self) -> None:
        """The figures have changed in a way that should be known at once."""
        self._next_account_ns = 0

    def tell(self) -> None:
        """Tell the executive app what there is to tell, if it runs."""
        room = self._room
        if not self._executive:
            return
        child = room.fleet.of(self._executive)
        if child.states[self._executive] is not AppState.RUNNING:
            return
        if self._notices and room.fleet.tell(child, control.News(self._notices)):
            self._notices = []
        now_ns = room.host_clock.now_ns()
        if now_ns >= self._next_account_ns:
            self._next_account_ns = now_ns + ACCOUNT_EVERY_NS
            room.fleet.tell(child, control.Account(self.account(), room.keeper.record))

    def account(self) -> VehicleAccount:
        """Figures over all processes, as of their newest heartbeats."""
        room = self._room
        running = processes = skipped = overrun = 0
        for child in room.fleet:
            processes += child.pid != 0
            running += sum(state is AppState.RUNNING for state in child.states.values())
            skipped += child.slots_skipped + child.retired_slots_skipped
            overrun += child.slots_overrun + child.retired_slots_overrun
        return VehicleAccount(
            running,
            processes,
            room.restarts,
            room.fleet.ledger(),
            skipped,
            slots_overrun=overrun,
            boot_state=room.boot.state,
            at_ns=room.clock.now_ns(),
            each=tuple(self._account(app, room.fleet.of(app)) for app in room.apps),
            links={child.name: ProcessLinks(room.fleet.links_of(child), child.link_counters) for child in room.fleet},
        )

    def _account(self, app: str, child: Child) -> AppAccount:
        room = self._room
        return AppAccount(
            app=app,
            state=child.states[app],
            process=child.name,
            pid=child.pid,
            failures=room.keeper.recent_failures(app, room.host_clock.now_ns()),
            figures=child.figures.get(app, AppFigures()),
            heard_ns=child.heartbeat_ns,
            advanced_ns=child.advanced_ns.get(app, 0),
        )
