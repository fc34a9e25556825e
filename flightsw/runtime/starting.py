"""Brings apps up: at boot all in the order of their needs, later on those whose process has begun anew."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from flightsw.clock import HostClock
from flightsw.mission import Mission
from flightsw.mission_file import AppEntry
from flightsw.runtime import control
from flightsw.runtime.child import Child
from flightsw.runtime.far_ways import FarWays
from flightsw.runtime.fleet import Fleet
from flightsw.runtime.keeping.boot import Boot
from flightsw.runtime.keeping.keeper import Keeper
from flightsw.runtime.keeping.start_gate import Admission
from flightsw.runtime.news import NewsDesk
from flightsw.runtime.process import ProcessSettings
from flightsw.runtime.supervision import AppState, Booted, RestartNotice

if TYPE_CHECKING:
    from flightsw.runtime.repair import Repair
    from flightsw.runtime.requests import Requests

NANOSECONDS = 1_000_000_000
START_AGAIN_NS = 1 * NANOSECONDS
"""Host time that an app which could not start is left alone before it is tried again."""


class Yard(Protocol):
    """The supervisor, as far as apps are brought up with it."""

    mission: Mission
    apps: dict[str, AppEntry]
    fleet: Fleet
    clock: HostClock
    host_clock: HostClock
    keeper: Keeper
    news: NewsDesk
    requests: Requests
    repair: Repair


class Starting:
    """Brings the apps of one flight up.

    Args:
        yard: the supervisor.
        run_folder: where sockets, checkpoints and logs are.
        devices: ZeroMQ address of the simulated devices.
        far_ways: how processes reach those on other computers.
        trace_all: whether all handlers are measured.

    Attributes:
        boot: the present one.
        restarts: apps restarted since the start of the flight.
    """

    def __init__(self, yard: Yard, run_folder: Path, devices: str, far_ways: FarWays, *, trace_all: bool) -> None:
        self.boot = Boot(yard.apps)
        self.restarts = 0
        self._yard = yard
        self._run_folder = run_folder
        self._devices = devices
        self._far_ways = far_ways
        self._trace_all = trace_all
        self._all_prepared = False

    def begin(self) -> None:
        """Start all processes, each as soon as its apps are imported, so that one comes up while the next is loaded."""
        record = self._yard.keeper.record
        self.boot = Boot(self._yard.apps)
        self._all_prepared = False
        self._yard.news.add(Booted(record.log[-1], record.boots, record.safe_mode))
        for child in self._yard.fleet:
            child.absent = {}
            child.restart_causes = {}
            for app in child.apps:
                self._yard.mission.app_class(app)
            gc.freeze()
            self.spawn(child)
            child.states = dict.fromkeys(child.apps, AppState.WAITING)
        for reached in self.boot.reached(self._yard.clock.now_ns()):
            self._yard.news.add(reached)

    def prepared(self, child: Child, message_ids: list[int]) -> None:
        """The apps of a process are made and subscribed."""
        child.prepared = True
        self._yard.fleet.routes[child.name] = message_ids
        for app in child.apps:
            if app not in child.absent:
                self.boot.gate.wait(app, self._yard.host_clock.now_ns())
        if self._all_prepared:
            self._yard.fleet.tell_all(control.Routes(self._yard.fleet.routes))
        self.admit()

    def changed(self, child: Child, message: control.AppChanged) -> None:
        """An app was started, stopped or replaced, or could not be."""
        app = message.app
        child.starting.pop(app, None)
        self._yard.fleet.route(child, message.message_ids)
        order = self._yard.requests.orders.answered(message.order)
        if message.running:
            self._runs(child, app, order.cause if order is not None and not message.problem else "")
        elif app not in child.absent:
            child.states[app] = AppState.FAILED
            self.boot.gate.out(app)
            self._yard.repair.start_failed(app, message.problem, self._yard.host_clock.now_ns() + START_AGAIN_NS)
        self._yard.requests.settle(app, order, message)
        self._yard.news.account_due()
        self.admit()

    def _runs(self, child: Child, app: str, cause: str) -> None:
        child.states[app] = AppState.RUNNING
        child.advanced_ns[app] = self._yard.clock.now_ns()
        self.boot.gate.up(app)
        cause = child.restart_causes.pop(app, "") or cause
        if cause:
            self.restarts += 1
            self._yard.news.add(RestartNotice(app, cause))

    # ---------------------------------------------------------------- starting

    def spawn(self, child: Child) -> None:
        """Begin a new incarnation of a process."""
        for app in child.apps:
            if app not in child.absent:
                child.states[app] = AppState.RESTARTING if child.epoch else AppState.WAITING
        self._yard.fleet.spawn(
            ProcessSettings(
                mission=self._yard.mission,
                name=child.name,
                epoch=child.epoch + 1,
                origin_ns=self._yard.clock.origin_ns,
                speed=self._yard.clock.speed,
                run_folder=self._run_folder,
                devices=self._devices,
                heard=child.heard(),
                absent=child.absent,
                trace_all=self._trace_all,
                far=self._far_ways.of(child.name),
            )
        )

    def admit(self) -> None:
        """Start the apps whose waiting is over; at first no app is started before all processes are prepared."""
        if not self._all_prepared:
            if not all(child.prepared or not child.wanted for child in self._yard.fleet):
                return
            self._all_prepared = True
            self._yard.fleet.tell_all(control.Routes(self._yard.fleet.routes))
        admissions = self.boot.gate.admit(self._yard.host_clock.now_ns())
        for child in self._yard.fleet:
            self._start(child, [each for each in admissions if each.app in child.apps])
        for child in self._yard.fleet:
            self._open(child)
        for reached in self.boot.reached(self._yard.clock.now_ns()):
            self._yard.news.add(reached)

    def _start(self, child: Child, admissions: list[Admission]) -> None:
        for admission in admissions:
            for missed in self.boot.missed(admission):
                self._yard.news.add(missed)
            if not admission.starts:
                self.leave_out(child, admission.app, self.boot.stays_out(admission))
        apps = [admission.app for admission in admissions if admission.starts]
        if apps:
            child.starting |= dict.fromkeys(apps)
            self._yard.fleet.tell(child, control.Start(apps))

    def _open(self, child: Child) -> None:
        """Let a process begin, unless an app of it waits for one that is just being started."""
        waiting = {app: self.boot.waits_for(app) for app in child.apps if self.boot.gate.waiting(app)}
        if child.prepared and not child.started and not child.starting and not (waiting and self.boot.gate.busy):
            child.started = True
            self._yard.fleet.tell(child, control.Open(waiting))

    def leave_out(self, child: Child, app: str, reason: str) -> None:
        """Let an app not run any more, and its process, if there is one, reject its commands with the reason."""
        child.absent[app] = reason
        child.states[app] = AppState.FAILED
        child.restart_causes.pop(app, None)
        self.boot.gate.out(app)
        self._yard.fleet.tell(child, control.LeaveOut(app, reason))
