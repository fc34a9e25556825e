"""The apps of one process: made, started, stopped, replaced; who is not there is stood in for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from flightsw.bus.requests import Request
from flightsw.bus.router import Bus
from flightsw.mission import Mission, MissionError
from flightsw.runtime.absent import AbsentApp
from flightsw.runtime.container import AppContainer
from flightsw.runtime.keeping.reload import ReloadError, reload_package
from flightsw.runtime.supervision import AppFigures, WorkerFigures
from flightsw.runtime.surroundings import Surroundings
from tlm_cmd.definition.dictionary import COMMAND_MESSAGE_ID

STOPPED = "is stopped by command"
GIVEN_UP = "has failed too often and was given up"
LOAD = "load"
"""What the status page says while an app's container is made."""


class Place(Surroundings, Protocol):
    """The process that the apps live in."""

    mission: Mission
    bus: Bus

    def forget_works(self, app: str) -> None:
        """End the workers of an app."""
        ...

    def workers(self, app: str) -> tuple[WorkerFigures, ...]:
        """The workers of an app."""
        ...


class AppLives:
    """Every app that belongs to one process, there or not.

    Args:
        place: the process.

    Attributes:
        containers: of the apps that are there, in mission order.
        absent: stand-ins of the others.
    """

    def __init__(self, place: Place) -> None:
        self.containers: dict[str, AppContainer] = {}
        self.absent: dict[str, AbsentApp] = {}
        self._place = place
        self._order = list(place.mission.file.apps)
        self._waiting: dict[str, list[Request]] = {}

    def present(self) -> dict[str, AppContainer | AbsentApp]:
        """The apps that are there, and behind them the stand-ins of those that are not."""
        return {**self.containers, **self.absent}

    # ---------------------------------------------------------------- into being

    def make(self, app: str) -> AppContainer:
        """Create an app's container and subscribe it; it is not started.

        Raises:
            FlightSoftwareError, and whatever the app's own code raises: it cannot be made, and is not there.
        """
        place, entry = self._place, self._place.mission.file.apps[app]
        begun_ns = place.monitor.begin(app, LOAD)
        try:
            container = AppContainer(app, place.mission.app_class(app), place, entry.inboxes, entry.events)
            container.prepare()
        except Exception:
            if app in place.bus.owners():
                place.bus.close_mailbox(app)
            raise
        place.monitor.end(app, LOAD, begun_ns)
        self.containers[app] = container
        self._sort()
        return container

    def start(self, app: str) -> str:
        """Start an app that was made; returns why it could not, empty when it could."""
        container = self.containers[app]
        self._hand_on(app, container)
        container.start()
        return "" if container.running else container.condition

    def revive(self, app: str) -> str:
        """Replace an app, there or not, by a fresh one that starts from its checkpoint; returns why it could not."""
        self.remove(app)
        try:
            self.make(app)
        except Exception as error:  # noqa: BLE001 - a fault domain: what an app does when it is made
            self.leave_out(app, f"could not be made: {type(error).__name__}: {error}")
            return self.absent[app].reason
        return self.start(app)

    def reload(self, app: str) -> str:
        """Take new code of an app's package from disk and revive the app with it.

        Returns:
            Why it could not be done, empty when it was; as long as the package is not there anew, the old app goes on.
        """
        try:
            reload_package(self._place.mission, app)
        except ReloadError as error:
            return str(error)
        container = self.containers.get(app)
        if container is not None:
            container.checkpoint()
        return self.revive(app)

    # ---------------------------------------------------------------- and out of it

    def remove(self, app: str) -> None:
        """Take an app, or its stand-in, off the bus.

        Raises:
            MissionError: it does not belong here.
        """
        absent = self.absent.pop(app, None)
        if absent is not None:
            self._waiting.setdefault(app, []).extend(absent.close())
        elif app in self.containers:
            self._waiting.setdefault(app, []).extend(self.containers.pop(app).stop())
        elif app not in self._order:
            raise MissionError(f"no app {app!r} here, there is {', '.join(self.containers) or 'none'}")
        self._place.forget_works(app)

    def stop(self, app: str, reason: str = STOPPED) -> None:
        """Stop an app in good order: its memory is stored, and its commands are rejected from now on."""
        container = self.containers.get(app)
        if container is not None:
            container.checkpoint()
        self.leave_out(app, reason)

    def leave_out(self, app: str, reason: str) -> None:
        """Put a stand-in in the place of an app."""
        self.remove(app)
        self.absent[app] = AbsentApp(app, self._place, self._place.mission.file.apps[app].inboxes, reason)
        self._hand_on(app, self.absent[app])

    def end_all(self) -> None:
        """Take everything off the bus; the memory of every app that runs is stored first."""
        for app in [*self.containers, *self.absent]:
            container = self.containers.get(app)
            if container is not None:
                container.checkpoint()
            self.remove(app)

    def forget_waiting(self) -> None:
        """Forget the commands that waited for apps which were taken off the bus; nobody answers for them any more."""
        self._waiting.clear()

    def _hand_on(self, app: str, successor: AppContainer | AbsentApp) -> None:
        """Give the commands that waited for an app, in order, to whoever has taken its place."""
        for request in self._waiting.pop(app, []):
            for refusal in self._place.bus.deliver_local(COMMAND_MESSAGE_ID | request.id.apid, request):
                successor.not_taken(request, refusal.reason)

    # ---------------------------------------------------------------- looking at them

    def figures(self, app: str) -> AppFigures:
        """How an app is doing."""
        container = self.containers.get(app)
        if container is None:
            return AppFigures()
        inboxes, runs = container.mailbox.inboxes, container.runs
        return AppFigures(
            running=container.running,
            handlers=runs.handlers,
            activities=runs.activities,
            cycles=runs.cycles,
            queued=tuple(len(inbox.queue) for inbox in inboxes),
            high_water=tuple(inbox.high_water for inbox in inboxes),
            restarts=container.state.restarts,
            workers=self._place.workers(app),
        )

    def running(self) -> Iterable[AppContainer]:
        """The apps that run."""
        return (container for container in self.containers.values() if container.running)

    def _sort(self) -> None:
        self.containers = {name: self.containers[name] for name in sorted(self.containers, key=self._order.index)}
