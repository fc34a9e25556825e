"""Finds processes that have died or hang and apps that fail, and does about it what their policy says."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, assert_never

from flightsw.clock import HostClock
from flightsw.mission import Mission
from flightsw.runtime.app_lives import GIVEN_UP
from flightsw.runtime.child import Child
from flightsw.runtime.fleet import Fleet
from flightsw.runtime.keeping.keeper import Decision, Keeper
from flightsw.runtime.keeping.policy import Response
from flightsw.runtime.keeping.reset_record import ResetSubtype
from flightsw.runtime.keeping.status_page import read_page
from flightsw.runtime.news import NewsDesk
from flightsw.runtime.requests import Requests
from flightsw.runtime.run_folder import status_page
from flightsw.runtime.starting import Starting
from flightsw.runtime.supervision import AppAction, AppState, FailureIgnored, RestartNotice

NANOSECONDS = 1_000_000_000
ADVANCED_PERIODS = 3
"""Housekeeping periods, with a slot of every app in each, after which an app that ran none no longer advances."""


class Workshop(Protocol):
    """The supervisor, as far as it is mended with."""

    mission: Mission
    fleet: Fleet
    clock: HostClock
    host_clock: HostClock
    keeper: Keeper
    news: NewsDesk
    starting: Starting
    requests: Requests

    @property
    def resting(self) -> bool:
        """Whether apps were told to begin nothing more."""
        ...

    def reset(self, subtype: ResetSubtype, app: str, reason: str) -> None:
        """Have the processor reset."""
        ...


class Repair:
    """Mends one flight.

    Args:
        shop: the supervisor.
        run_folder: where processes show what they do.
    """

    def __init__(self, shop: Workshop, run_folder: Path) -> None:
        self._shop = shop
        self._run_folder = run_folder
        self._again: dict[str, tuple[int, str]] = {}
        limits = shop.mission.file.executive
        self._hang_after_ns = round(limits.hang_after_s * NANOSECONDS)
        self._start_within_ns = round(limits.start_within_s * NANOSECONDS)
        housekeeping_ns = shop.mission.file.time.housekeeping_s * NANOSECONDS
        self._stalled_after_ns = ADVANCED_PERIODS * housekeeping_ns + round(self._hang_after_ns * shop.clock.speed)

    def check(self) -> None:
        """End what hangs, restart what no longer advances, and try again what could not start."""
        shop = self._shop
        now_ns = shop.host_clock.now_ns()
        for child in shop.fleet:
            starting = not child.started or bool(child.starting)
            limit_ns = self._start_within_ns if starting else self._hang_after_ns
            if child.pid and now_ns - child.heard_ns > limit_ns:
                self.died(child, "did not start in time" if starting else "no heartbeat")
            elif child.steady and not shop.resting:
                self._find_stalled(child)
        for app, (due_ns, problem) in tuple(self._again.items()):
            if now_ns >= due_ns:
                del self._again[app]
                self.failed(app, problem)

    def _find_stalled(self, child: Child) -> None:
        shop = self._shop
        for app, state in child.states.items():
            stood_ns = shop.clock.now_ns() - child.advanced_ns.get(app, 0)
            if (
                state is AppState.RUNNING
                and stood_ns > self._stalled_after_ns
                and not shop.requests.orders.pending(app)
            ):
                child.advanced_ns[app] = shop.clock.now_ns()
                self.failed(app, f"its slots are due, but it has run nothing for {stood_ns / NANOSECONDS:.0f} s")

    def start_failed(self, app: str, problem: str, again_ns: int) -> None:
        """An app could not start; its policy says what follows, at a host time when it may be another matter."""
        self._again[app] = again_ns, problem

    def forget(self) -> None:
        """Forget what was to be tried again: everything is started anew."""
        self._again.clear()

    # ---------------------------------------------------------------- an app of a process that lives

    def failed(self, app: str, cause: str) -> None:
        """An app has failed; its process lives."""
        shop = self._shop
        child = shop.fleet.of(app)
        if app in child.absent or not child.steady:
            return
        decision = self._decide((app,), cause)
        match decision.response:
            case Response.NOTHING:
                shop.news.add(FailureIgnored(app, cause))
            case Response.RESTART_APP:
                shop.requests.order(AppAction.RESTART, app, cause)
            case Response.RESTART_GROUP:
                for member in child.apps:
                    if member == app or child.states[member] is AppState.RUNNING:
                        shop.requests.order(AppAction.RESTART, member, cause)
            case Response.GIVE_UP:
                self._give_up(child, app, cause)
            case Response.PROCESSOR_RESET:
                shop.reset(ResetSubtype.ESCALATION, app, cause)
            case _:
                assert_never(decision.response)

    # ---------------------------------------------------------------- a process that has died

    def died(self, child: Child, cause: str = "") -> None:
        """Settle the account of a process that has ended or must, and start its successor unless its policy forbids it.

        Args:
            child: the process.
            cause: why it must end; empty when it has.
        """
        shop = self._shop
        ended = shop.fleet.bury(child)
        cause = cause or f"process ended, {ended}"
        culprit = read_page(status_page(self._run_folder, child.name))
        suspects = tuple(app for app in child.apps if app not in child.absent)
        if culprit is not None and culprit[0] in suspects:
            cause = f"{cause}, while {culprit[0]} ran {culprit[1]}"
            suspects = (culprit[0],)
        decision = self._decide(suspects, cause)
        if decision.response is Response.PROCESSOR_RESET:
            shop.reset(ResetSubtype.ESCALATION, suspects[0] if len(suspects) == 1 else "", cause)
            return
        for app in decision.given_up:
            self._give_up(child, app, cause)
        for app in decision.ignored:
            shop.starting.leave_out(child, app, "has failed, and is left so")
            shop.news.add(FailureIgnored(app, cause))
        for app in child.apps:
            shop.requests.process_died(app, absent=app in child.absent)
            if app not in child.absent:
                child.restart_causes[app] = cause
        if child.wanted:
            shop.starting.spawn(child)
        else:
            shop.fleet.route(child, [])

    def _decide(self, apps: tuple[str, ...], cause: str) -> Decision:
        shop = self._shop
        return shop.keeper.failed(apps, cause, shop.host_clock.now_ns(), shop.clock.now_ns())

    def _give_up(self, child: Child, app: str, cause: str) -> None:
        self._shop.starting.leave_out(child, app, GIVEN_UP)
        self._shop.news.add(RestartNotice(app, cause, exhausted=True))
