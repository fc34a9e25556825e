"""Runs the handlers of one app, each a fault domain of its own, and counts them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flightsw.app import Refused
from flightsw.runtime.surroundings import Surroundings


class HandlerRuns:
    """What runs of one app, and what has run since its container was made.

    Args:
        app: the app's name.
        surroundings: the process it lives in.

    Attributes:
        handlers: messages handled, results of works included.
        activities: cyclic activities run.
        cycles: slots of the app that came round, housekeeping included; an app whose slots are due and whose count
            stands still no longer advances.
    """

    def __init__(self, app: str, surroundings: Surroundings) -> None:
        self.handlers = self.activities = self.cycles = 0
        self._app = app
        self._surroundings = surroundings
        self._monitor = surroundings.monitor
        self._in_row: dict[str, int] = {}

    def activity(self, name: str, activity: Callable[[], object]) -> Exception | None:
        """Run a cyclic activity; returns what it raised."""
        self.activities += 1
        return self._run(name, activity)

    def handler(self, name: str, handler: Callable[..., object], message: object) -> Exception | None:
        """Run a handler; returns what it raised."""
        self.handlers += 1
        return self._run(name, handler, message)

    def guard(self, name: str, step: Callable[[], object]) -> Exception | None:
        """Run a step of the app's life, such as its start; returns what it raised."""
        return self._run(name, step, counts=False)

    def _run(self, name: str, handler: Callable[..., Any], *arguments: object, counts: bool = True) -> Exception | None:
        """What ends the process within a handler must find it on the status page: so there is no ``finally`` here."""
        message = arguments[0] if arguments else None
        begun_ns = self._monitor.begin(self._app, name)
        try:
            handler(*arguments)
        except Exception as error:  # noqa: BLE001 - a fault domain: whatever an app raises stays here
            self._monitor.end(self._app, name, begun_ns, message)
            if counts and not isinstance(error, Refused):
                self._in_row[name] = self._in_row.get(name, 0) + 1
                self._surroundings.failed_in_row(self._app, name, self._in_row[name], error)
            return error
        self._monitor.end(self._app, name, begun_ns, message)
        if self._in_row:
            self._in_row.pop(name, None)
        return None
