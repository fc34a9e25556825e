"""What the executive app asks the supervisor for: start, stop, restart, reload of an app. Each is answered, in time."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, assert_never

from flightsw.app import Ticket
from flightsw.clock import HostClock
from flightsw.mission import Mission
from flightsw.runtime import control
from flightsw.runtime.app_lives import STOPPED
from flightsw.runtime.child import Child
from flightsw.runtime.fleet import Fleet
from flightsw.runtime.keeping.keeper import Keeper
from flightsw.runtime.keeping.reload import CodeOnDisk, ReloadError, check_new_code, reload_package
from flightsw.runtime.news import NewsDesk
from flightsw.runtime.orders import Order, Orders
from flightsw.runtime.reload_trial import TRIAL_LIMIT_S, ReloadTrial
from flightsw.runtime.starting import Starting
from flightsw.runtime.supervision import AppAction, AppRequest, AppState, RequestDone

NANOSECONDS = 1_000_000_000
BY_COMMAND = "by command"


class Office(Protocol):
    """The supervisor, as far as it is asked."""

    mission: Mission
    fleet: Fleet
    host_clock: HostClock
    keeper: Keeper
    news: NewsDesk
    starting: Starting


class _Trial:
    """New code of an app that is being tried."""

    def __init__(self, request: AppRequest, trial: ReloadTrial, deadline_ns: int) -> None:
        self.request, self.trial, self.deadline_ns = request, trial, deadline_ns


class Requests:
    """Carries requests out, or hands them on as orders to the app's process.

    Args:
        office: the supervisor.
        mission_file: what new code is checked with.
        code: what the apps' code looked like when it was loaded.

    Attributes:
        orders: those that processes have not answered yet.
    """

    def __init__(self, office: Office, mission_file: Path, code: CodeOnDisk) -> None:
        self.orders = Orders()
        self._office = office
        self._mission_file = mission_file
        self._code = code
        self._trials: dict[str, _Trial] = {}
        self._limit_ns = round(office.mission.file.executive.start_within_s * NANOSECONDS)

    # ---------------------------------------------------------------- requests

    def take(self, request: AppRequest) -> None:
        """Begin to carry a request out."""
        problem = self._begin(request)
        if problem:
            self._done(request.ticket, problem)

    def _begin(self, request: AppRequest) -> str:
        """Begin with a request; returns why it cannot be carried out."""
        app = request.app
        child = self._office.fleet.of(app)
        state = child.states[app]
        if app in self._trials or self.orders.pending(app):
            return f"something else is being done with {app}"
        if child.end is not None and not child.steady:
            return f"the process of {app} is just being started"
        match request.action:
            case AppAction.START if state is AppState.RUNNING:
                return f"{app} runs already"
            case AppAction.START | AppAction.RESTART:
                self._start(child, request)
            case AppAction.STOP if state is AppState.STOPPED:
                return f"{app} is stopped already"
            case AppAction.STOP:
                self._stop(child, request)
            case AppAction.RELOAD:
                self._try(request)
            case _:
                assert_never(request.action)
        return ""

    def _start(self, child: Child, request: AppRequest) -> None:
        app = request.app
        self._office.keeper.forgive(app)
        child.absent.pop(app, None)
        if child.end is not None:
            self.order(request.action, app, BY_COMMAND, request.ticket)
            return
        child.restart_causes[app] = BY_COMMAND
        self.orders.give(request.action, app, BY_COMMAND, request.ticket, self._deadline_ns())
        self._office.starting.spawn(child)

    def _stop(self, child: Child, request: AppRequest) -> None:
        app = request.app
        child.absent[app] = STOPPED
        child.states[app] = AppState.STOPPED
        self._office.starting.boot.gate.out(app)
        if child.end is None:
            self._done(request.ticket)
        else:
            self.order(AppAction.STOP, app, BY_COMMAND, request.ticket)

    def order(self, action: AppAction, app: str, cause: str, ticket: Ticket | None = None) -> None:
        """Have the process of an app do something with it."""
        order = self.orders.give(action, app, cause, ticket, self._deadline_ns())
        self._office.fleet.tell(self._office.fleet.of(app), control.Do(order.number, action, app))

    def _deadline_ns(self) -> int:
        return self._office.host_clock.now_ns() + self._limit_ns

    # ---------------------------------------------------------------- answers

    def settle(self, app: str, order: Order | None, answer: control.AppChanged) -> None:
        """A process has done something with an app, or could not; whoever asked for it is told."""
        orders = [order] if order is not None else []
        if answer.order == 0:  # the app was started with its process, which is what these wait for
            orders += self.orders.of(app)
        for each in orders:
            self._done(each.ticket, answer.problem)

    def process_died(self, app: str, *, absent: bool) -> None:
        """The process of an app has died with orders unanswered; those for an app that is not there any more are over.

        The others are settled when the app starts with its next process.
        """
        for order in self.orders.of(app) if absent else ():
            stopped = order.action is AppAction.STOP
            self._done(order.ticket, "" if stopped else f"{app} has failed too often")

    def check(self) -> None:
        """Answer what has taken too long."""
        now_ns = self._office.host_clock.now_ns()
        for order in self.orders.overdue(now_ns):
            self._done(order.ticket, f"the process of {order.app} has not done it in time")
        for trial in tuple(self._trials.values()):
            if now_ns >= trial.deadline_ns:
                self.take_trial(trial)

    def _done(self, ticket: Ticket | None, problem: str = "") -> None:
        if ticket is not None:
            self._office.news.add(RequestDone(ticket, problem))

    def forget(self) -> None:
        """Everything is started anew: nothing that was asked for is done any more."""
        self.orders = Orders()
        self.close()

    def close(self) -> None:
        """End what is being tried."""
        for trial in tuple(self._trials.values()):
            self._end(trial)

    # ---------------------------------------------------------------- new code

    def _try(self, request: AppRequest) -> None:
        office, app = self._office, request.app
        trial = ReloadTrial(lambda: check_new_code(office.mission, self._mission_file, self._code, app))
        self._trials[app] = _Trial(request, trial, office.host_clock.now_ns() + round(TRIAL_LIMIT_S * NANOSECONDS))
        office.fleet.watch(trial.end, self._trials[app])

    def take_trial(self, what: object) -> None:
        """The verdict on new code is there, or its time is up: take the code here, and have the app's process do so."""
        if not isinstance(what, _Trial) or what.request.app not in self._trials:
            return
        request = what.request
        problem = self._end(what)
        if not problem:
            try:
                reload_package(self._office.mission, request.app)
            except ReloadError as error:
                problem = str(error)
        child = self._office.fleet.of(request.app)
        if problem:
            self._done(request.ticket, problem)
        elif child.end is None or request.app in child.absent:
            self._done(request.ticket)  # it starts with the new code when it is started
        else:
            self._office.keeper.forgive(request.app)
            self.order(AppAction.RELOAD, request.app, "new code by command", request.ticket)

    def _end(self, trial: _Trial) -> str:
        del self._trials[trial.request.app]
        self._office.fleet.unwatch(trial.trial.end)
        return trial.trial.verdict()
