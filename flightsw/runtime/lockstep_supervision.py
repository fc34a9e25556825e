"""Keeps the apps of a lock-step flight alive: boot, failures, requests and resets, all in virtual time."""

from __future__ import annotations

from typing import assert_never

from flightsw.app import Ticket
from flightsw.clock import Clock
from flightsw.mission import Mission
from flightsw.runtime.app_lives import GIVEN_UP
from flightsw.runtime.event_queue import APPS_PRIORITY, Action, EventQueue
from flightsw.runtime.host import Host
from flightsw.runtime.keeping.boot import Boot
from flightsw.runtime.keeping.keeper import Keeper
from flightsw.runtime.keeping.policy import Response
from flightsw.runtime.keeping.reload import CodeOnDisk, check_new_code
from flightsw.runtime.keeping.reset_record import ResetRecord, ResetSubtype
from flightsw.runtime.reload_trial import ReloadTrial
from flightsw.runtime.supervision import (
    AppAccount,
    AppAction,
    AppRequest,
    AppState,
    Booted,
    FailureIgnored,
    Notice,
    ProcessLinks,
    RequestDone,
    RestartNotice,
    VehicleAccount,
)
from flightsw.services.store import Store

SOURCE = "executive"
START_AGAIN_NS = 1_000_000_000
"""How long an app that could not start is left alone before it is tried again."""


class LockstepSupervision:
    """The keeper of one lock-step flight's apps; implements ``Supervision``.

    Args:
        mission: what is flown.
        clock: virtual time.
        queue: where what is asked for is scheduled, so that nothing happens within a handler.
        store: of the whole vehicle.

    Attributes:
        host: the apps; set before ``begin``.
        restarts: apps restarted since the start.
        pace: 1; nothing takes host time.
    """

    host: Host

    def __init__(self, mission: Mission, clock: Clock, queue: EventQueue, store: Store) -> None:
        self.restarts = 0
        self.pace = 1.0
        self._mission = mission
        self._clock = clock
        self._queue = queue
        self._store = store
        self._keeper = Keeper(mission.file.apps, mission.file.executive, store)
        self._boot = Boot(mission.file.apps)
        self._states: dict[str, AppState] = {}
        self._notices: list[Notice] = []
        self._code: CodeOnDisk | None = None

    # ---------------------------------------------------------------- boot and resets

    def begin(self) -> None:
        """Boot for the first time.

        Raises:
            FlightSoftwareError, and whatever an app raises when it is made.
        """
        self.host.on_failing = lambda app, cause: self._later(app, lambda: self._failed(app, cause))
        self._keeper.booted(ResetSubtype.POWER_CYCLE, "", self._clock.now_ns())
        self._begin_boot()
        for app in self._mission.file.apps:
            self.host.add(app)
            self._wait(app)
        self._code = CodeOnDisk(self._mission)
        self._admit()
        self.host.bus.dispatch()

    def reset(self, subtype: ResetSubtype, app: str, reason: str, ticket: Ticket | None = None) -> None:
        """Reset the processor, not within a handler."""
        self._end_apps()
        self._keeper.reset(subtype, app, reason, self._clock.now_ns())
        self._boot_again(ticket)

    def power_on_reset(self, reason: str, ticket: Ticket | None = None) -> None:
        """Begin as when power comes on, not within a handler."""
        self._end_apps()
        self.host.lives.forget_waiting()
        for name in self._store.names():
            self._store.delete(name)
        self.host.retained.clear()
        self.host.begin_time()
        self._keeper.power_on_reset(reason, self._clock.now_ns())
        self._boot_again(ticket)

    def _end_apps(self) -> None:
        self.host.lives.end_all()
        self.host.forget_devices()
        self._notices.clear()

    def _boot_again(self, ticket: Ticket | None) -> None:
        self._begin_boot()
        if ticket is not None:
            self._notices.append(RequestDone(ticket))
        for app in self._mission.file.apps:
            self._make(app)
        self._admit()
        self.host.bus.dispatch()

    def _begin_boot(self) -> None:
        record = self._keeper.record
        self._boot = Boot(self._mission.file.apps)
        self._states = dict.fromkeys(self._mission.file.apps, AppState.WAITING)
        self._notices.append(Booted(record.log[-1], record.boots, record.safe_mode))
        self._notices += self._boot.reached(self._clock.now_ns())

    def _make(self, app: str) -> None:
        """Make an app behind the first boot: one that cannot be made has failed, and the others go on."""
        try:
            self.host.add(app)
        except Exception as error:  # noqa: BLE001 - a fault domain
            cause = f"could not be made: {type(error).__name__}: {error}"
            self.host.lives.leave_out(app, cause)
            self._boot.gate.out(app)
            self._states[app] = AppState.FAILED
            self._later(app, lambda: self._failed(app, cause))
        else:
            self._wait(app)

    def _wait(self, app: str) -> None:
        self._boot.gate.wait(app, self._clock.now_ns())
        self.host.containers[app].condition = self._boot.waits_for(app)

    def _admit(self) -> None:
        """Start what may start now, until nothing more may; what still waits is looked at again when its time is up."""
        boot, now_ns = self._boot, self._clock.now_ns()
        while admissions := boot.gate.admit(now_ns):
            for admission in admissions:
                self._notices += boot.missed(admission)
                if admission.starts:
                    self._settle(admission.app, self.host.lives.start(admission.app))
                else:
                    self._states[admission.app] = AppState.FAILED
                    self.host.lives.leave_out(admission.app, boot.stays_out(admission))
            self._notices += boot.reached(now_ns)
        deadline_ns = boot.gate.next_deadline_ns()
        if deadline_ns is not None:
            self._queue.add(deadline_ns, APPS_PRIORITY, SOURCE, lambda: self._admit_if(boot))

    def _admit_if(self, boot: Boot) -> None:
        if self._boot is boot:
            self._admit()
            self.host.bus.dispatch()

    def _settle(self, app: str, cause: str) -> None:
        """An app has started, or could not: then its policy says what follows, after a moment."""
        if not cause:
            self._boot.gate.up(app)
            self._states[app] = AppState.RUNNING
            return
        self._boot.gate.out(app)
        self._states[app] = AppState.FAILED
        boot = self._boot

        def follow() -> None:
            if self._boot is boot and self._states[app] is AppState.FAILED:
                self._failed(app, cause)

        self._queue.add(self._clock.now_ns() + START_AGAIN_NS, APPS_PRIORITY, app, follow)

    # ---------------------------------------------------------------- failures

    def crashed(self, app: str, cause: str) -> None:
        """An app has died, not within a handler."""
        self._failed(app, cause)

    def _failed(self, app: str, cause: str) -> None:
        now_ns = self._clock.now_ns()
        decision = self._keeper.failed((app,), cause, now_ns, now_ns)
        self._keeper.save_notes()
        match decision.response:
            case Response.NOTHING:
                self._notices.append(FailureIgnored(app, cause))
            case Response.RESTART_APP:
                self._restart(app, cause)
            case Response.RESTART_GROUP:
                process = self._mission.file.apps[app].process
                for member in self._mission.processes()[process]:
                    if self._states[member] is AppState.RUNNING or member == app:
                        self._restart(member, cause)
            case Response.GIVE_UP:
                self._states[app] = AppState.FAILED
                self.host.lives.leave_out(app, GIVEN_UP)
                self._notices.append(RestartNotice(app, cause, exhausted=True))
            case Response.PROCESSOR_RESET:
                self.reset(ResetSubtype.ESCALATION, app, cause)
            case _:
                assert_never(decision.response)

    def _restart(self, app: str, cause: str) -> str:
        self.restarts += 1
        problem = self.host.lives.revive(app)
        self._notices.append(RestartNotice(app, cause))
        self._settle(app, problem)
        self._notices += self._boot.reached(self._clock.now_ns())
        self._admit()
        self.host.bus.dispatch()
        return problem

    # ---------------------------------------------------------------- what the executive app asks for

    def request(self, request: AppRequest) -> None:
        """Have something done with an app as soon as no handler runs."""
        self._later(request.app, lambda: self._notices.append(RequestDone(request.ticket, self._carry_out(request))))

    def request_reset(self, ticket: Ticket, *, power_on: bool) -> None:
        """Have the processor reset as soon as no handler runs."""
        if power_on:
            self._later(SOURCE, lambda: self.power_on_reset("by command", ticket))
        else:
            self._later(SOURCE, lambda: self.reset(ResetSubtype.COMMAND, "", "by command", ticket))

    def _carry_out(self, request: AppRequest) -> str:
        """Do what was asked for; returns why it could not be done."""
        app = request.app
        match request.action:
            case AppAction.START if self._states[app] is AppState.RUNNING:
                return f"{app} runs already"
            case AppAction.STOP if self._states[app] is AppState.STOPPED:
                return f"{app} is stopped already"
            case AppAction.STOP:
                self.host.lives.stop(app)
                self._boot.gate.out(app)
                self._states[app] = AppState.STOPPED
                self._admit()
                return ""
            case AppAction.RELOAD:
                return self._reload(app)
            case AppAction.START | AppAction.RESTART:
                self._keeper.forgive(app)
                return self._restart(app, "by command")
            case _:
                assert_never(request.action)

    def _reload(self, app: str) -> str:
        code, mission = self._code, self._mission
        if code is None:
            return "the flight has not begun"
        reason = ReloadTrial(lambda: check_new_code(mission, mission.path, code, app)).wait()
        if reason:
            return reason
        self.restarts += 1
        self._keeper.forgive(app)
        problem = self.host.lives.reload(app)
        if app in self.host.containers:
            self._notices.append(RestartNotice(app, "new code by command"))
            self._settle(app, "" if self.host.containers[app].running else problem)
        self.host.bus.dispatch()
        return problem

    def _later(self, app: str, action: Action) -> None:
        self._queue.add(self._clock.now_ns(), APPS_PRIORITY, app, action)

    # ---------------------------------------------------------------- what the executive app sees

    def take_notices(self) -> list[Notice]:
        """What has happened since the last call."""
        notices, self._notices = self._notices, []
        return notices

    def started(self) -> tuple[str, ...]:
        """Apps that have come up since the boot, in that order."""
        return self._boot.gate.started

    def record(self) -> ResetRecord:
        """The exception and reset log, and what goes with it."""
        return self._keeper.record

    def clear_log(self) -> None:
        """Empty the log."""
        self._keeper.clear_log()

    def forget_resets(self) -> None:
        """Count processor resets anew."""
        self._keeper.forget_resets()

    def account(self) -> VehicleAccount:
        """Figures over all apps; virtual time skips no slot."""
        running = sum(1 for _ in self.host.lives.running())
        return VehicleAccount(
            running,
            1,
            self.restarts,
            self.host.bus.ledger(),
            0,
            boot_state=self._boot.state,
            at_ns=self._clock.now_ns(),
            each=tuple(self._account(app) for app in self._mission.file.apps),
        )

    def process_links(self) -> dict[str, ProcessLinks]:
        """None: all apps share one bus."""
        return {}

    def _account(self, app: str) -> AppAccount:
        now_ns = self._clock.now_ns()
        return AppAccount(
            app=app,
            state=self._states[app],
            process=self._mission.file.apps[app].process,
            failures=self._keeper.recent_failures(app, now_ns),
            figures=self.host.lives.figures(app),
            heard_ns=now_ns,
            advanced_ns=now_ns,
        )
